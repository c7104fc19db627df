import { beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from 'mysql2/promise';
import { runCheck } from '../../../src/check/run.js';
import type { SourceConfig, SubtaskConfig } from '../../../src/config/types.js';
import { connectTo, createDatabase, dropAtEnd, testServers, uniqueName } from '../../support/servers.js';
import { byName, findingsOf, sourceOf, subtaskOf, type Findings } from './support.js';

const { mysqlUp, mariadbUp, mysqlDown } = testServers();
let prefix = '';
let up: Connection;
let source: SourceConfig;

beforeAll(async () => {
  prefix = uniqueName('p_chk');
  up = await connectTo(mysqlUp);
  source = await sourceOf(mysqlUp);
  for (const schema of [`${prefix}_1`, `${prefix}_1_bak`]) {
    dropAtEnd(mysqlUp, schema);
    await up.query(`CREATE DATABASE \`${schema}\` CHARSET utf8mb4`);
    for (const table of ['t_1', 't_1_bak', 'other', '_t_1_gho', '_t_1_ghc']) {
      await up.query(`CREATE TABLE \`${schema}\`.${table} (id INT PRIMARY KEY, v TEXT)`);
    }
  }
});

/** A task on the databases of this file, with these rules of `routes`. */
function routed(routes: Record<string, Record<string, string>>, top: Record<string, unknown> = {}): SubtaskConfig {
  return subtaskOf(source, mysqlDown, [`${prefix}*`], {
    top: { routes, ...top },
    instance: { 'route-rules': Object.keys(routes) },
  });
}

describe('routes', () => {
  it('RT-09, S4-E3: tables that two rules claim are all named, before anything is started', async () => {
    const findings = await findingsOf(
      routed({
        'rule-0': { 'schema-pattern': `${prefix}_*`, 'target-schema': `${prefix}_all` },
        'rule-1': {
          'schema-pattern': `${prefix}_*`,
          'table-pattern': 't_*',
          'target-schema': `${prefix}_all`,
          'target-table': 't',
        },
        'rule-2': {
          'schema-pattern': `${prefix}_1_bak`,
          'table-pattern': 't_1*',
          'target-schema': `${prefix}_all`,
          'target-table': 't_bak',
        },
      }),
    );
    expect(findings['table routes']).toEqual([
      `fail: \`${prefix}_1_bak\`.\`t_1\` matches more than one rule of \`routes\`: rule-1 and rule-2`,
      `fail: \`${prefix}_1_bak\`.\`t_1_bak\` matches more than one rule of \`routes\`: rule-1 and rule-2`,
    ]);
  });

  it('S4-E4: a target schema that neither is there nor will be made is named', async () => {
    const tables = {
      'schema-pattern': `${prefix}_*`,
      'table-pattern': '*',
      'target-schema': `${prefix}_all`,
      'target-table': 't',
    };
    const schemas = { 'schema-pattern': `${prefix}_*`, 'target-schema': `${prefix}_all` };
    const missing = `schema ${prefix}_all doesn't exist in the downstream, and nothing makes it`;
    expect((await findingsOf(routed({ tables })))['target schemas']).toEqual([`fail: ${missing}`]);
    expect((await findingsOf(routed({ tables, schemas })))['target schemas']).toBeUndefined();
    const config: SubtaskConfig = { ...routed({ tables, schemas }), taskMode: 'incremental' };
    expect((await findingsOf(config))['target schemas']).toEqual([`warn: ${missing}`]);
    const down = await connectTo(mysqlDown);
    dropAtEnd(mysqlDown, `${prefix}_all`);
    await down.query(`CREATE DATABASE \`${prefix}_all\``);
    expect((await findingsOf(routed({ tables })))['target schemas']).toBeUndefined();
  });

  it('what is said about targets is said about the tables routed to', async () => {
    const target = await createDatabase(mysqlDown, 'p_chk_rows');
    const down = await connectTo(mysqlDown, target);
    await down.query('CREATE TABLE t (id INT PRIMARY KEY, v TEXT)');
    await down.query("INSERT INTO t VALUES (1, 'x')");
    const findings = await findingsOf(
      routed({
        all: { 'schema-pattern': `${prefix}_*`, 'table-pattern': 't_*', 'target-schema': target, 'target-table': 't' },
      }),
    );
    expect(findings['target tables']).toEqual([
      `warn: table \`${target}\`.\`t\` holds rows downstream already: the full copy stops at a key that is there`,
    ]);
  });
});

describe('tables made beforehand', () => {
  it('S6: may have more columns; rows that cannot fit are told of', async () => {
    const down = await connectTo(mysqlDown);
    dropAtEnd(mysqlDown, `${prefix}_1`);
    await down.query(`CREATE DATABASE \`${prefix}_1\``);
    await down.query(
      `CREATE TABLE \`${prefix}_1\`.t_1 (auto INT AUTO_INCREMENT PRIMARY KEY, v TEXT, id INT NOT NULL, extra INT NOT NULL DEFAULT 1,
       at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, len INT AS (LENGTH(v)) STORED)`,
    );
    await down.query(`CREATE TABLE \`${prefix}_1\`.other (id INT PRIMARY KEY, tenant INT NOT NULL)`);
    expect((await findingsOf(routed({})))['target table structures']).toEqual([
      `warn: table \`${prefix}_1\`.\`other\` downstream has no column \`v\`, which \`${prefix}_1\`.\`other\` has`,
      `warn: table \`${prefix}_1\`.\`other\` downstream needs a value for column \`tenant\`, which \`${prefix}_1\`.\`other\` does not have`,
    ]);
  });
});

describe('online DDL', () => {
  it('a change under way is told of; its tables are no tables of the task', async () => {
    const all = { all: { 'schema-pattern': `${prefix}_*`, 'target-schema': `${prefix}_x` } };
    const findings = await findingsOf(routed(all, { 'online-ddl': true }));
    expect(findings['online ddl']).toEqual([
      `warn: table \`${prefix}_1\`.\`_t_1_gho\` looks like an online DDL under way`,
      `warn: table \`${prefix}_1_bak\`.\`_t_1_gho\` looks like an online DDL under way`,
    ]);
    const without = await findingsOf(routed(all, { 'online-ddl': false }));
    expect(without['online ddl']).toBeUndefined();
    const merged = (tables: Findings): string[] => Object.keys(tables).filter((name) => name.startsWith('sharding'));
    expect(merged(findings)).toEqual([]);
  });
});

describe('sharding tables', () => {
  const COLUMNS = 'id BIGINT AUTO_INCREMENT PRIMARY KEY, uid BIGINT, name VARCHAR(20), UNIQUE KEY u (uid)';
  let schema = '';
  let other: Connection;
  let second: SourceConfig;

  beforeAll(async () => {
    schema = await createDatabase(mysqlUp, 'p_chk_shard');
    other = await connectTo(mariadbUp);
    second = await sourceOf(mariadbUp, { 'source-id': 'src-2' });
    dropAtEnd(mariadbUp, schema);
    await other.query(`CREATE DATABASE \`${schema}\``);
    for (const db of [up, other]) {
      await db.query(`CREATE TABLE \`${schema}\`.information (${COLUMNS})`);
      await db.query(`CREATE TABLE \`${schema}\`.sale_01 (sid INT(11) PRIMARY KEY, pid TINYINT UNSIGNED, KEY (pid))`);
      await db.query(`CREATE TABLE \`${schema}\`.sale_02 LIKE \`${schema}\`.sale_01`);
    }
  });

  function configs(top: Record<string, unknown> = {}): SubtaskConfig[] {
    const routes = {
      sales: { 'schema-pattern': schema, 'table-pattern': 'sale_*', 'target-schema': schema, 'target-table': 'sale' },
    };
    const first = subtaskOf(source, mysqlDown, [schema], {
      top: { routes, ...top },
      instance: { 'route-rules': ['sales'] },
    });
    return [first, { ...first, sourceId: 'src-2', flavor: second.flavor, from: second.from }];
  }

  async function sharding(top: Record<string, unknown> = {}): Promise<Findings> {
    const findings = byName(await runCheck(configs(top)));
    return Object.fromEntries(Object.entries(findings).filter(([name]) => name.startsWith('sharding')));
  }

  it('P1, P2, P5: keys drawn by AUTO_INCREMENT clash, unless the item is left out', async () => {
    const name = `sharding table \`${schema}\`.\`information\` consistency checking`;
    const clash = (id: string) =>
      `fail: instance ${id} table \`${schema}\`.\`information\` of sharding \`${schema}\`.\`information\` have auto-increment key id, whose values clash with those of the other shards`;
    expect(await sharding()).toEqual({ [name]: [clash('src'), clash('src-2')] });
    for (const item of ['auto_increment_ID', 'schema_of_shard_tables', 'all']) {
      expect(await sharding({ 'ignore-checking-items': [item] })).toEqual({});
    }
  });

  it('P4: a shard with another structure is found, on whichever source', async () => {
    await other.query(`ALTER TABLE \`${schema}\`.sale_02 ADD COLUMN extra INT`);
    const report = await runCheck(configs({ 'ignore-checking-items': ['auto_increment_ID'] }));
    const found = report.results.find((result) => result.name.startsWith('sharding') && result.state !== 'success');
    expect(found).toMatchObject({
      name: `sharding table \`${schema}\`.\`sale\` consistency checking`,
      desc: 'check consistency of sharding table structures',
      state: 'fail',
      instruction: 'please set same table structure for sharding tables',
      errors: [
        {
          severity: 'fail',
          short_error: 'column length mismatch (self: 3 vs other: 2)',
          self: expect.stringMatching(/^instance src-2 table `\w+`\.`sale_02` columns sid int, pid tinyint/),
          other: expect.stringMatching(/^instance src table `\w+`\.`sale_01` columns sid int, pid tinyint/),
        },
      ],
    });
    expect(report.summary.passed).toBe(false);
    await other.query(`ALTER TABLE \`${schema}\`.sale_02 DROP COLUMN extra`);
    expect(await sharding({ 'ignore-checking-items': ['auto_increment_ID'] })).toEqual({});
  });
});
