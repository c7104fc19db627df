import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RouteRule, SubtaskConfig } from '../../../src/config/types.js';
import { dumpDirectory, runDump } from '../../../src/dump/run.js';
import { setFaults } from '../../../src/fault/fault.js';
import { runLoad } from '../../../src/load/run.js';
import { connectTo, dropAtEnd, testServers, uniqueName } from '../../support/servers.js';
import { copy, dataDirectory, fillNumbers, runAll, subtask, unitContext } from '../dump/support.js';

/** Rows of each shard. */
const ROWS = 3_000;

let prefix = '';
let target = '';
let dataDir = '';
let up: Connection;
let down: Connection;

beforeEach(async () => {
  prefix = uniqueName('P_rt');
  target = `${prefix}_all`;
  dataDir = await dataDirectory();
  down = await connectTo(testServers().mysqlDown);
});

afterEach(() => setFaults(undefined));

/** A subtask of the databases `prefix_1` and `prefix_2`, with the routes of the manual's example made for them. */
function merging(flavor: 'mysql' | 'mariadb', changes: Partial<SubtaskConfig> = {}): SubtaskConfig {
  const { mysqlUp, mariadbUp, mysqlDown } = testServers();
  const server = flavor === 'mysql' ? mysqlUp : mariadbUp;
  dropAtEnd(mysqlDown, target);
  return subtask(server, mysqlDown, [`${prefix}_1`, `${prefix}_2`], {
    caseSensitive: false,
    routes: [tableRule(), schemaRule()],
    ...changes,
  });
}

function tableRule(): RouteRule {
  return { name: 'tables', schemaPattern: `${prefix}_?`, tablePattern: 't_*', targetSchema: target, targetTable: 'T' };
}

function schemaRule(): RouteRule {
  return { name: 'schemas', schemaPattern: `${prefix}_*`, targetSchema: target };
}

/** Four shards in two databases, each with ids of its own, one of them with another case; and tables beside them. */
async function makeShards(flavor: 'mysql' | 'mariadb', columns = 'id INT PRIMARY KEY, v VARCHAR(40)'): Promise<void> {
  const { mysqlUp, mariadbUp } = testServers();
  const server = flavor === 'mysql' ? mysqlUp : mariadbUp;
  up = await connectTo(server);
  let shard = 0;
  for (const schema of [`${prefix}_1`, `${prefix}_2`]) {
    dropAtEnd(server, schema);
    await up.query(`CREATE DATABASE \`${schema}\``);
    await up.query(`USE \`${schema}\``);
    for (const table of ['t_1', 'T_2']) {
      await up.query(`CREATE TABLE ${table} (${columns})`);
      await fillNumbers(up, table, ROWS, { id: `n + ${shard++ * ROWS}`, v: "CONCAT('T_1 `t_1` ', n)" });
    }
  }
}

async function rowsOf(connection: Connection, sql: string): Promise<RowDataPacket[]> {
  return (await connection.query<RowDataPacket[]>(sql))[0];
}

/** Fingerprint of all rows of a query. */
async function digest(connection: Connection, ...tables: string[]): Promise<unknown> {
  const all = tables.map((table) => `SELECT * FROM ${table}`).join(' UNION ALL ');
  const [row] = await rowsOf(connection, `SELECT COUNT(*) AS n, SUM(CRC32(CONCAT(id, '|', v))) AS c FROM (${all}) x`);
  return { n: Number(row?.['n']), c: String(row?.['c']) };
}

async function expectMerged(): Promise<void> {
  const shards = [1, 2].flatMap((n) => [`\`${prefix}_${n}\`.t_1`, `\`${prefix}_${n}\`.T_2`]);
  const wanted = await digest(up, ...shards);
  expect(wanted).toMatchObject({ n: 4 * ROWS });
  expect(await digest(down, `\`${target}\`.T`)).toEqual(wanted);
}

describe.each(['mysql', 'mariadb'] as const)('shards of %s', (flavor) => {
  test('RT-01, RT-02, RT-03, RT-04: go into one table, other tables into one database, references follow', async () => {
    await makeShards(flavor);
    await runAll(up, [
      `CREATE TABLE \`${prefix}_1\`.\`par\`\`ent\` (id INT PRIMARY KEY, v TEXT)`,
      `CREATE TABLE \`${prefix}_1\`.child (id INT PRIMARY KEY, v INT, CONSTRAINT \`to\` FOREIGN KEY (v) REFERENCES \`par\`\`ent\` (id))`,
      `CREATE TABLE \`${prefix}_2\`.other (id INT PRIMARY KEY, v INT, FOREIGN KEY (v) REFERENCES t_1 (id), CHECK (v > 0))`,
      `INSERT INTO \`${prefix}_1\`.\`par\`\`ent\` VALUES (1, 'p')`,
      `INSERT INTO \`${prefix}_1\`.child VALUES (7, 1)`,
      `INSERT INTO \`${prefix}_2\`.other VALUES (9, ${2 * ROWS + 1})`,
    ]);
    const config = merging(flavor);
    config.dump.rows = 1_000;
    await copy(config, dataDir);
    await expectMerged();
    const tables = await rowsOf(down, `SHOW TABLES FROM \`${target}\``);
    expect(tables.map((row) => String(Object.values(row)[0]))).toEqual(['T', 'child', 'other', 'par`ent']);
    expect(await rowsOf(down, `SELECT * FROM \`${target}\`.child`)).toEqual([{ id: 7, v: 1 }]);
    const references = await rowsOf(
      down,
      `SELECT UNIQUE_CONSTRAINT_SCHEMA AS s, REFERENCED_TABLE_NAME AS t FROM information_schema.REFERENTIAL_CONSTRAINTS
       WHERE CONSTRAINT_SCHEMA = '${target}' ORDER BY BINARY t`,
    );
    expect(references).toEqual([
      { s: target, t: 'T' },
      { s: target, t: 'par`ent' },
    ]);
    expect(await rowsOf(down, `SHOW DATABASES LIKE '${prefix}\\__'`)).toEqual([]);
  });
});

test('big shards get their ordinary keys once all of them are loaded', async () => {
  await makeShards('mysql', 'id INT PRIMARY KEY, v VARCHAR(9000), KEY k (v(20))');
  for (const schema of [`${prefix}_1`, `${prefix}_2`]) {
    await up.query(`UPDATE \`${schema}\`.t_1 SET v = REPEAT('x', 4000)`);
  }
  await copy(merging('mysql'), dataDir);
  await expectMerged();
  const [create] = await rowsOf(down, `SHOW CREATE TABLE \`${target}\`.T`);
  expect(create?.['Create Table']).toContain('KEY `k` (`v`(20))');
});

test('RT-06, RT-07: without a route for databases the target database has to be there', async () => {
  await makeShards('mysql');
  const config = merging('mysql', { routes: [tableRule()] });
  await expect(copy(config, dataDir)).rejects.toMatchObject({
    code: 10006,
    scope: 'downstream',
    rawCause: `schema ${target} doesn't exist`,
    workaround: expect.stringContaining('table-pattern'),
  });
  await down.query(`CREATE DATABASE \`${target}\``);
  expect(await runLoad(config, unitContext(), { dataDir })).toEqual({ finished: true });
  await expectMerged();
});

test('a database of MySQL goes to another name on MariaDB, without what only MySQL knows of databases', async () => {
  const { mysqlUp, mariadbUp } = testServers();
  const source = await connectTo(mysqlUp);
  const schema = `${prefix}_1`;
  dropAtEnd(mysqlUp, schema);
  dropAtEnd(mariadbUp, target);
  await runAll(source, [
    `CREATE DATABASE \`${schema}\` COLLATE utf8mb4_general_ci`,
    `CREATE TABLE \`${schema}\`.t (id INT PRIMARY KEY)`,
    `INSERT INTO \`${schema}\`.t VALUES (1), (2)`,
  ]);
  await copy(subtask(mysqlUp, mariadbUp, [schema], { routes: [schemaRule()] }), dataDir);
  const below = await connectTo(mariadbUp);
  expect(await rowsOf(below, `SELECT id FROM \`${target}\`.t ORDER BY id`)).toEqual([{ id: 1 }, { id: 2 }]);
});

test('a table that two routes claim stops the load before anything is written', async () => {
  await makeShards('mysql');
  const config = merging('mysql');
  expect(await runDump(config, unitContext(), { dataDir })).toMatchObject({ finished: true });
  config.routes?.push({ name: 'second', schemaPattern: '*', tablePattern: 't_2', targetSchema: 'x' });
  await expect(runLoad(config, unitContext(), { dataDir })).rejects.toMatchObject({
    code: 34010,
    rawCause: expect.stringMatching(/tables and second/),
  });
  expect(await rowsOf(down, `SHOW DATABASES LIKE '${prefix}%'`)).toEqual([]);
});

test('S6: the downstream may have more columns, in another order, and other keys', async () => {
  await makeShards('mysql');
  await down.query(`CREATE DATABASE \`${target}\``);
  await down.query(
    `CREATE TABLE \`${target}\`.T (extra INT DEFAULT 5, v VARCHAR(60), id BIGINT, auto BIGINT AUTO_INCREMENT PRIMARY KEY,
     len INT GENERATED ALWAYS AS (LENGTH(v)) STORED, UNIQUE KEY (id))`,
  );
  await copy(merging('mysql'), dataDir);
  await expectMerged();
  expect(await rowsOf(down, `SELECT COUNT(*) AS n FROM \`${target}\`.T WHERE extra = 5 AND len > 8`)).toEqual([
    { n: String(4 * ROWS) },
  ]);
});

test('LOD-13: files of other tools are routed, whatever quotes their names, and without lists of columns', async () => {
  await makeShards('mysql');
  const config = merging('mysql');
  await runDump(config, unitContext(), { dataDir });
  const dir = dumpDirectory(config, dataDir);
  const heads = [
    'INSERT INTO "$1" VALUES',
    '/* a ; comment */ INSERT IGNORE INTO $1 (`id`, v) VALUES',
    '-- x\ninsert into `$1`values',
  ];
  const files = (await readdir(dir)).filter((name) => /\.\d+\.sql$/.test(name));
  for (const [index, name] of files.entries()) {
    const text = await readFile(join(dir, name), 'utf8');
    const changed = text.replaceAll(/^INSERT INTO `(\w+)` \(`id`, `v`\) VALUES$/gm, heads[index % heads.length] ?? '');
    expect(changed).not.toBe(text);
    await writeFile(join(dir, name), changed);
  }
  expect(files.length).toBeGreaterThanOrEqual(4);
  await down.query(`CREATE DATABASE \`${target}\``);
  await down.query(`CREATE TABLE \`${target}\`.T (more INT, v VARCHAR(40), id INT PRIMARY KEY)`);
  expect(await runLoad(config, unitContext(), { dataDir })).toEqual({ finished: true });
  await expectMerged();
});

test('column mapping keeps the ids of shards apart', async () => {
  up = await connectTo(testServers().mysqlUp);
  for (const n of [1, 2]) {
    dropAtEnd(testServers().mysqlUp, `${prefix}_${n}`);
    await runAll(up, [
      `CREATE DATABASE \`${prefix}_${n}\``,
      `CREATE TABLE \`${prefix}_${n}\`.t_1 (v TEXT, id BIGINT PRIMARY KEY)`,
      `INSERT INTO \`${prefix}_${n}\`.t_1 VALUES ('), (', 1), ('it''s \\\\', 2), (NULL, 3), ('(', 4)`,
    ]);
  }
  const config = merging('mysql', {
    columnMappings: [
      {
        name: 'ids',
        schemaPattern: `${prefix}_?`,
        tablePattern: 't_*',
        sourceColumn: 'id',
        targetColumn: 'id',
        expression: 'partition id',
        arguments: ['1', prefix, 't', '_'],
      },
    ],
  });
  await copy(config, dataDir);
  const base = (schema: bigint): bigint => (1n << 59n) | (schema << 52n) | (1n << 44n);
  const rows = await rowsOf(down, `SELECT CAST(id AS CHAR) AS id, v FROM \`${target}\`.T ORDER BY T.id`);
  const values = ['), (', "it's \\", null, '('];
  expect(rows).toEqual(
    [1n, 2n].flatMap((schema) => values.map((v, index) => ({ id: String(base(schema) + BigInt(index + 1)), v }))),
  );
});

test('LOD-13: routes apply whatever sql_mode the source asks for', async () => {
  await makeShards('mysql');
  const config = merging('mysql');
  config.from.session = { sql_mode: 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES' };
  await copy(config, dataDir);
  await expectMerged();
});

describe('an interrupted load of merged shards', () => {
  async function interrupted(): Promise<SubtaskConfig> {
    await makeShards('mysql', 'id INT, v VARCHAR(40)');
    const config = merging('mysql');
    config.dump.rows = 500;
    config.dump.statementSize = 5_000;
    config.load.poolSize = 3;
    await runDump(config, unitContext(), { dataDir });
    setFaults('load.before-commit=fail@25');
    await expect(runLoad(config, unitContext(), { dataDir })).rejects.toThrow();
    setFaults(undefined);
    const [count] = await rowsOf(down, `SELECT COUNT(*) AS n FROM \`${target}\`.T`);
    expect(Number(count?.['n'])).toBeGreaterThan(0);
    return config;
  }

  test('goes on without losing or doubling a row', async () => {
    const config = await interrupted();
    expect(await runLoad(config, unitContext(), { dataDir })).toEqual({ finished: true });
    await expectMerged();
  });

  test('begins anew with a new dump', async () => {
    const config = await interrupted();
    await up.query(`DELETE FROM \`${prefix}_1\`.t_1 WHERE id <= 10`);
    await up.query(`INSERT INTO \`${prefix}_1\`.t_1 SELECT -id, 'new' FROM \`${prefix}_1\`.T_2 ORDER BY id LIMIT 10`);
    await copy(config, dataDir);
    await expectMerged();
  });

  test.each([
    ['source', { sourceId: 'source-2' }],
    ['task', { task: 'another`_task' }],
  ])('does not begin anew where another %s has put rows into the table as well', async (_what, change) => {
    const config = await interrupted();
    const second: SubtaskConfig = { ...config, ...change, blockAllowList: { doDbs: [`${prefix}_2`] } };
    await copy(second, await dataDirectory());
    // A dump of the same place would be gone on with.
    await up.query(`DELETE FROM \`${prefix}_1\`.t_1 WHERE id <= 10`);
    const before = await digest(down, `\`${target}\`.T`);
    await expect(copy(config, dataDir)).rejects.toMatchObject({
      code: 34018,
      rawCause: expect.stringContaining(`\`${target}\`.\`T\` is filled by another source or task`),
    });
    expect(await digest(down, `\`${target}\`.T`)).toEqual(before);
  });

  test('does not go on into other tables', async () => {
    const config = await interrupted();
    const [rule] = config.routes ?? [];
    config.routes = [{ ...tableRule(), ...rule, targetTable: 'elsewhere' }, schemaRule()];
    await expect(runLoad(config, unitContext(), { dataDir })).rejects.toMatchObject({
      code: 34018,
      rawCause: expect.stringContaining(`went into \`${target}\`.\`T\``),
    });
  });
});

test('a refused row names the statement and the file, not the values', async () => {
  await makeShards('mysql');
  await down.query(`CREATE DATABASE \`${target}\``);
  await down.query(`CREATE TABLE \`${target}\`.T (id INT PRIMARY KEY, v VARCHAR(40), CHECK (id < 4000))`);
  await expect(copy(merging('mysql'), dataDir)).rejects.toMatchObject({
    code: 10006,
    message: expect.stringMatching(
      /^execute statement failed: INSERT INTO `\w+`\.`T` \(`id`, `v`\) VALUES\.\.\. \(file P_rt_\w+\.[tT]_\d\.\d+\.sql\)$/,
    ),
    rawCause: expect.stringMatching(/^Error 3819: /),
  });
});

test('rows of merged tables with one key are told apart from rows that were there before', async () => {
  await makeShards('mysql');
  await up.query(`INSERT INTO \`${prefix}_2\`.T_2 VALUES (1, 'of another shard')`);
  await expect(copy(merging('mysql'), dataDir)).rejects.toMatchObject({
    code: 10006,
    rawCause: expect.stringContaining('Error 1062: Duplicate entry'),
    workaround: expect.stringContaining('`routes` merge'),
  });
});
