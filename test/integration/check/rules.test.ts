/** Rules that name columns or tables, against the tables that there are: what would end a task later is found before. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from 'mysql2/promise';
import type { SourceConfig, SubtaskConfig } from '../../../src/config/types.js';
import { connectTo, createDatabase, dropAtEnd, testServers, uniqueName } from '../../support/servers.js';
import { findingsOf, sourceOf, subtaskOf } from './support.js';

const { mysqlDown } = testServers();

describe.each(['mysqlUp', 'mariadbUp'] as const)('%s', (name) => {
  const server = testServers()[name];
  let db: Connection;
  let schema: string;
  let source: SourceConfig;

  beforeAll(async () => {
    db = await connectTo(server);
    schema = await createDatabase(server, 's_rules');
    source = await sourceOf(server);
    await db.query(`CREATE TABLE \`${schema}\`.t (id INT PRIMARY KEY, c VARCHAR(20), d DATE, KEY (d))
      CHARSET utf8mb4 COLLATE utf8mb4_general_ci`);
  });

  const found = async (config: SubtaskConfig, check: string): Promise<string[] | undefined> =>
    (await findingsOf(config))[check];

  it('S4 row 5: keys that NULL gets around are told of, by the table downstream where there is one', async () => {
    const database = await createDatabase(server, 's_null');
    await db.query(
      `CREATE TABLE \`${database}\`.open (uid INT, v INT, UNIQUE KEY (uid)) CHARSET utf8mb4 COLLATE utf8mb4_general_ci`,
    );
    await db.query(
      `CREATE TABLE \`${database}\`.closed (id INT PRIMARY KEY, uid INT) CHARSET utf8mb4 COLLATE utf8mb4_general_ci`,
    );
    const told = (table: string): string =>
      `warn: table ${table} has no primary/unique key of NOT NULL columns: rows with NULL in their keys are looked for in the whole table, and where safe mode replays them they are there twice`;
    expect(await findingsOf(subtaskOf(source, mysqlDown, [database]))).toEqual({
      'table structure compatibility check': [told(`\`${database}\`.\`open\``)],
    });
    const down = await connectTo(mysqlDown);
    dropAtEnd(mysqlDown, database);
    await down.query(`CREATE DATABASE \`${database}\``);
    await down.query(`CREATE TABLE \`${database}\`.open (uid INT PRIMARY KEY, v INT)`);
    await down.query(`CREATE TABLE \`${database}\`.closed (id INT, uid INT, UNIQUE KEY (uid), KEY (id))`);
    expect(await findingsOf(subtaskOf(source, mysqlDown, [database]))).toEqual({
      'target table keys': [told(`\`${database}\`.\`closed\` downstream`)],
    });
    await down.query(`ALTER TABLE \`${database}\`.closed DROP KEY uid`);
    expect(await found(subtaskOf(source, mysqlDown, [database]), 'target table keys')).toEqual([
      `warn: table \`${database}\`.\`closed\` downstream primary/unique key does not exist`,
    ]);
  });

  describe('expression-filter', () => {
    const filtered = (rule: Record<string, string>, more: Record<string, unknown> = {}): SubtaskConfig =>
      subtaskOf(source, mysqlDown, [schema], {
        top: { 'expression-filter': { odd: { schema, table: 't', ...rule } }, ...more },
        instance: { 'expression-filters': ['odd'] },
      });
    const findings = (rule: Record<string, string>): Promise<string[] | undefined> =>
      found(filtered(rule), 'expression filters');

    it.each<Record<string, string>>([
      { 'insert-value-expr': "id % 2 = 0 AND c LIKE 'a%'" },
      { 'update-old-value-expr': 'ID = 1', 'update-new-value-expr': "t.c <=> NULL OR d < '2020-01-01'" },
      { 'delete-value-expr': "SQRT(id) > 3 AND SOUNDEX(c) = 'A100' AND JSON_VALID(c)" },
    ])('takes %j', async (rule) => {
      expect(await findings(rule)).toBeUndefined();
    });

    it('names columns that the table does not have, in each expression of a rule', async () => {
      const of = (text: string, column: string): string =>
        `fail: expression-filter name(odd) SQL(${text}) has wrong grammar: unknown column ${column} in table ${schema}.t (20041, table \`${schema}\`.\`t\`)`;
      expect(await findings({ 'insert-value-expr': 'nope = 1' })).toEqual([of('nope = 1', 'nope')]);
      expect(await findings({ 'update-old-value-expr': 'a = 1', 'update-new-value-expr': 'other.id = 2' })).toEqual([
        of('a = 1', 'a'),
        of('other.id = 2', 'other.id'),
      ]);
    });

    it('names what no server can evaluate over the columns', async () => {
      const [unknown] = (await findings({ 'insert-value-expr': 'no_such_function(id) = 1' })) ?? [];
      expect(unknown).toMatch(
        /^fail: .*no_such_function.* calls a function that the server does not have .*\(20041, table/,
      );
      const [count] = (await findings({ 'delete-value-expr': 'SOUNDEX(c, d) = 1' })) ?? [];
      expect(count).toMatch(/^fail: .*Incorrect parameter count.*SOUNDEX.* \(20041/i);
      const [value] = (await findings({ 'insert-value-expr': "d = 'no date'" })) ?? [];
      expect(value).toMatch(/^fail: .*Incorrect DATE value: 'no date' \(20041/);
    });

    it('is left out with table_schema, and where nothing is replicated', async () => {
      const wrong = { 'insert-value-expr': 'nope = 1' };
      expect(await found(filtered(wrong, { 'ignore-checking-items': ['table_schema'] }), 'expression filters')).toBe(
        undefined,
      );
      expect(await found({ ...filtered(wrong), taskMode: 'full' }, 'expression filters')).toBeUndefined();
      expect(await found({ ...filtered(wrong), taskMode: 'incremental' }, 'expression filters')).toHaveLength(1);
    });

    it('warns of a table that there is not, or that the task leaves out', async () => {
      expect(await findings({ table: 'tt', 'insert-value-expr': 'nope = 1' })).toEqual([
        `warn: expression-filter odd is for table \`${schema}\`.\`tt\`, which the upstream does not have or the task does not select`,
      ]);
      expect(await findings({ table: 'T', 'insert-value-expr': 'nope = 1' })).toHaveLength(1);
      const otherCase = filtered({ table: 'T', 'insert-value-expr': 'id = 1' });
      expect(await found(otherCase, 'expression filters')).toBeUndefined();
      expect(await found({ ...otherCase, caseSensitive: true }, 'expression filters')).toHaveLength(1);
    });
  });

  describe('column-mappings', () => {
    const mapped = (rule: Record<string, unknown>, tables = 'm_*'): SubtaskConfig =>
      subtaskOf(source, mysqlDown, [schema], {
        top: {
          'column-mappings': {
            unique: {
              'schema-pattern': schema,
              'table-pattern': tables,
              expression: 'partition id',
              'source-column': 'id',
              'target-column': 'id',
              arguments: ['1', '', 'm', '_'],
              ...rule,
            },
          },
        },
        instance: { 'column-mapping-rules': ['unique'] },
      });
    const findings = (rule: Record<string, unknown>, tables?: string): Promise<string[] | undefined> =>
      found(mapped(rule, tables), 'column mappings');
    const lead = (table: string): string => `fail: column-mappings unique, table \`${schema}\`.\`${table}\`:`;

    beforeAll(async () => {
      await db.query(`CREATE TABLE \`${schema}\`.m_1 (id BIGINT PRIMARY KEY, small INT UNSIGNED, txt VARCHAR(30),
        short CHAR(5), f DOUBLE, at DATETIME, e DECIMAL(20,0), frac DECIMAL(20,2))`);
    });

    it('take columns that fit', async () => {
      for (const [from, to] of [
        ['id', 'id'],
        ['small', 'id'],
        ['txt', 'txt'],
        ['e', 'e'],
        ['ID', 'txt'],
      ]) {
        expect(await findings({ 'source-column': from, 'target-column': to }), `${from} ${to}`).toBeUndefined();
      }
      // The numbers stay as they are.
      expect(await findings({ 'target-column': 'small', arguments: ['', '', '', ''] })).toBeUndefined();
    });

    it('need columns that are there', async () => {
      expect(await findings({ 'source-column': 'nope' })).toEqual([`${lead('m_1')} column nope not found (36033)`]);
      expect(await findings({ 'target-column': 'nope' })).toEqual([`${lead('m_1')} column nope not found (36033)`]);
    });

    it('need whole numbers or text', async () => {
      for (const [column, type] of [
        ['f', 'double'],
        ['at', 'datetime'],
        ['frac', 'decimal(20,2)'],
      ]) {
        expect(await findings({ 'source-column': column })).toEqual([
          `${lead('m_1')} column \`${column}\` is ${type}, but \`partition id\` takes whole numbers, or text that is one`,
        ]);
      }
    });

    it('need columns that hold the numbers, upstream or as they are downstream', async () => {
      const base = (1n << 59n) | (1n << 51n);
      expect(await findings({ 'target-column': 'small' })).toEqual([
        `${lead('m_1')} column \`small\` is int unsigned, which holds 4294967295 at most; the rule makes numbers from ${base} on`,
      ]);
      expect(await findings({ 'target-column': 'short' })).toEqual([
        `${lead('m_1')} column \`short\` is char(5), which holds 99999 at most; the rule makes numbers from ${base} on`,
      ]);
      expect(await findings({ 'target-column': 'f' })).toEqual([
        `${lead('m_1')} column \`f\` is double, which holds no such numbers; the rule makes numbers from ${base} on`,
      ]);
      const down = await connectTo(mysqlDown);
      dropAtEnd(mysqlDown, schema);
      await down.query(`CREATE DATABASE \`${schema}\``);
      await down.query(`CREATE TABLE \`${schema}\`.m_1 (id INT PRIMARY KEY)`);
      expect(await findings({})).toEqual([
        `${lead('m_1')} column \`id\` is int in table \`${schema}\`.\`m_1\` downstream, which holds 2147483647 at most; the rule makes numbers from ${base} on`,
      ]);
      await down.query(`DROP DATABASE \`${schema}\``);
    });

    it('need names that end in numbers', async () => {
      expect(await findings({ arguments: ['1', '', 'n', '_'] })).toEqual([
        `${lead('m_1')} the name m_1 is not n_ and a number from 0 to 255 (36033)`,
      ]);
    });

    it('name the tables that several rules are for', async () => {
      const config = mapped({});
      const [rule] = config.columnMappings ?? [];
      const twice = { ...config, columnMappings: [rule, { ...rule, name: 'again', tablePattern: 'm_1*' }] };
      expect(await found(twice as SubtaskConfig, 'column mappings')).toEqual([
        `fail: table \`${schema}\`.\`m_1\`: rules unique, again all match the table: it may have one (36033)`,
      ]);
    });

    it('need numbers that leave room, where an index tells them', async () => {
      await db.query(`CREATE TABLE \`${schema}\`.big_1 (id BIGINT PRIMARY KEY, v BIGINT)`);
      await db.query(`INSERT INTO \`${schema}\`.big_1 VALUES (17592186044415, -1)`);
      const rule = { arguments: ['1', '', 'big', '_'] };
      expect(await findings(rule, 'big_*')).toBeUndefined();
      // Nobody reads a whole table for it.
      expect(await findings({ ...rule, 'source-column': 'v' }, 'big_*')).toBeUndefined();
      await db.query(`INSERT INTO \`${schema}\`.big_1 VALUES (17592186044416, 0)`);
      const text = `column-mappings unique, table \`${schema}\`.\`big_1\`: column \`id\` holds 17592186044416, but \`partition id\` takes numbers from 0 to 17592186044415 (36033)`;
      expect(await findings(rule, 'big_*')).toEqual([`fail: ${text}`]);
      const changes: SubtaskConfig = { ...mapped(rule, 'big_*'), taskMode: 'incremental' };
      expect(await found(changes, 'column mappings')).toEqual([`warn: ${text}`]);
      await db.query(`DELETE FROM \`${schema}\`.big_1 WHERE id = 17592186044416`);
      await db.query(`INSERT INTO \`${schema}\`.big_1 VALUES (-5, 0)`);
      expect((await findings(rule, 'big_*'))?.[0]).toContain('holds -5,');
    });
  });

  describe('the arguments of the dump', () => {
    let [one, two] = ['', ''];
    const dumped = (mydumper: Record<string, unknown>, databases = [one], top = {}): SubtaskConfig =>
      subtaskOf(source, mysqlDown, databases, { instance: { mydumper }, top });

    beforeAll(async () => {
      const prefix = uniqueName('s_dump');
      [one, two] = [`${prefix}_1`, `${prefix}_2`];
      for (const database of [one, two]) {
        dropAtEnd(server, database);
        await db.query(`CREATE DATABASE \`${database}\` CHARSET utf8mb4 COLLATE utf8mb4_general_ci`);
        await db.query(`CREATE TABLE \`${database}\`.a (id INT PRIMARY KEY, v INT)`);
        await db.query(`CREATE TABLE \`${database}\`.nokey (id INT)`);
      }
    });

    it('decide which tables are looked at', async () => {
      // Beyond the block-allow list, and in place of it.
      const config: SubtaskConfig = { ...dumped({ 'extra-args': `-T ${two}.nokey` }), taskMode: 'full' };
      expect(await findingsOf(config)).toEqual({
        'table structure compatibility check': [`warn: table \`${two}\`.\`nokey\` primary/unique key does not exist`],
      });
      const other: SubtaskConfig = { ...dumped({ 'extra-args': `--filter ${one}.a` }), taskMode: 'full' };
      expect(await findingsOf(other)).toEqual({});
      // Rows downstream of a table that is not copied are nobody's concern.
      const target = await createDatabase(mysqlDown, 's_dump_t');
      const down = await connectTo(mysqlDown, target);
      await down.query('CREATE TABLE a (id INT PRIMARY KEY, v INT)');
      await down.query('INSERT INTO a VALUES (1, 1)');
      const routes = { r: { 'schema-pattern': one, 'target-schema': target } };
      const filled = async (args: string): Promise<string[] | undefined> => {
        const routed = subtaskOf(source, mysqlDown, [one], {
          top: { routes, 'task-mode': 'full' },
          instance: { 'route-rules': ['r'], mydumper: { 'extra-args': args } },
        });
        return found(routed, 'target tables');
      };
      expect(await filled(`-T ${one}.a`)).toHaveLength(1);
      expect(await filled(`-T ${one}.nokey`)).toBeUndefined();
    });

    it('make no database that holds no table of theirs', async () => {
      const routes = {
        r: { 'schema-pattern': one, 'table-pattern': 'a', 'target-schema': 's_nowhere', 'target-table': 'a' },
      };
      const config = (args: string): SubtaskConfig =>
        subtaskOf(source, mysqlDown, [one], {
          top: { routes },
          instance: { 'route-rules': ['r'], mydumper: { 'extra-args': args } },
        });
      expect(await found(config(`-f ${one}.a`), 'target schemas')).toEqual([
        "fail: schema s_nowhere doesn't exist in the downstream, and nothing makes it",
      ]);
    });

    it('name what is copied or replicated by halves, and what there is not', async () => {
      expect(await found(dumped({ 'extra-args': `-T ${two}.a,${one}.gone` }), 'dump selection')).toEqual([
        `warn: --tables-list names \`${one}\`.\`gone\`, which the upstream does not have`,
        `warn: table \`${one}\`.\`a\` is replicated, but it is not copied and does not exist downstream`,
        `warn: table \`${one}\`.\`nokey\` is replicated, but it is not copied and does not exist downstream`,
        `warn: table \`${two}\`.\`a\` is copied, but its changes are not replicated`,
      ]);
      expect(await found(dumped({ 'extra-args': `-B s_none,${one}` }), 'dump selection')).toEqual([
        'fail: --database names s_none, which the upstream does not have (32001)',
      ]);
      expect(await found(dumped({ 'extra-args': '-f none.x' }), 'dump selection')).toContain(
        'warn: `extra-args` of the dump select no table: nothing is copied',
      );
    });

    it.each<[string, Record<string, string>]>([
      ['where', { where: 'id > 5 AND v < 3' }],
      ['extra-args', { 'extra-args': '--where "id > 5 AND v < 3"' }],
    ])('have a condition (%s) that every table takes', async (_key, mydumper) => {
      const findings = await found(dumped(mydumper), 'dump condition');
      expect(findings).toHaveLength(1);
      expect(findings?.[0]).toMatch(
        new RegExp(
          `^fail: \`where\` of the dump cannot be used on table \`${one}\`\\.\`nokey\`: Error 1054: Unknown column 'v' in `,
        ),
      );
      const text = mydumper['extra-args'] ?? '';
      const only = { ...mydumper, 'extra-args': `${text} -T ${one}.a` };
      expect(await found(dumped(only), 'dump condition')).toBeUndefined();
    });

    it('have a condition that is one', async () => {
      const [finding] = (await found(dumped({ where: 'id >' }), 'dump condition')) ?? [];
      expect(finding).toContain('Error 1064');
    });
  });
});
