/** What routes, filters, expressions and column mappings of a task do to replication; each test fails without its rule. */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { describe, expect, test } from 'vitest';
import type { EventFilterRule, RouteRule, SubtaskConfig } from '../../../src/config/types.js';
import { quoteIdent } from '../../../src/mysql/quote.js';
import { connectTo, dropAtEnd, startPrivateServer, testServers, uniqueName } from '../../support/servers.js';
import { makeFixture, position, RunningUnit, type Fixture } from './harness.js';

/** Replicates what the upstream has and ends. @returns lines of the log */
async function sync({ config, up }: Pick<Fixture, 'config' | 'up'>): Promise<string[]> {
  const unit = new RunningUnit(config, undefined, 'info');
  try {
    await unit.synced(up);
  } finally {
    await unit.stop().catch(() => undefined);
  }
  return unit.log;
}

async function query(connection: Connection, sql: string): Promise<RowDataPacket[]> {
  const [rows] = await connection.query<RowDataPacket[]>(sql);
  return rows;
}

/** Rows as arrays of their values. */
async function values(connection: Connection, sql: string): Promise<unknown[][]> {
  return (await query(connection, sql)).map((row) => Object.values(row) as unknown[]);
}

function withConfig(fixture: Fixture, more: Partial<SubtaskConfig>): Fixture {
  return { ...fixture, config: { ...fixture.config, ...more } };
}

function downstreamDatabase(): string {
  const name = uniqueName('o_to');
  dropAtEnd(testServers().mysqlDown, name);
  return name;
}

function filter(more: Partial<EventFilterRule>): EventFilterRule {
  return {
    name: 'r',
    schemaPattern: '*',
    events: [],
    sqlPattern: [],
    action: 'Ignore',
    caseSensitive: false,
    ...more,
  };
}

describe('routes', () => {
  const merge = (target: string): RouteRule[] => [
    { name: 'tables', schemaPattern: 'e_sync*', tablePattern: 't_*', targetSchema: target, targetTable: 't' },
    { name: 'schemas', schemaPattern: 'e_sync*', targetSchema: target },
  ];

  test('several tables become one: rows, DDL, renames and copies among them', async () => {
    const target = downstreamDatabase();
    const fixture = await makeFixture('mysqlUp', { routes: merge(target) });
    const { up, down } = fixture;
    for (const n of [1, 2]) await up.query(`CREATE TABLE t_${n} (id INT PRIMARY KEY, v INT)`);
    await up.query('CREATE TABLE other (id INT PRIMARY KEY)');
    await up.query('INSERT INTO t_1 VALUES (1, 10), (2, 20)');
    await up.query('INSERT INTO t_2 VALUES (101, 10), (102, 20)');
    await up.query('INSERT INTO other VALUES (7)');
    await sync(fixture);
    // The same column of every table, in turn.
    await up.query('ALTER TABLE t_1 ADD c INT DEFAULT 5');
    await up.query('ALTER TABLE t_2 ADD c INT DEFAULT 5');
    await up.query('RENAME TABLE t_2 TO t_9');
    await up.query('CREATE TABLE t_3 LIKE t_1');
    await up.query('INSERT INTO t_3 VALUES (201, 1, 2)');
    // A row moves from one table to another.
    for (let i = 0; i < 40; i++) {
      const [from, to] = i % 2 === 0 ? ['t_1', 't_9'] : ['t_9', 't_1'];
      await up.query(`INSERT INTO t_3 VALUES (${300 + i}, 0, 0)`);
      await up.query(`DELETE FROM ${from} WHERE id = 1`);
      await up.query(`INSERT INTO ${to} VALUES (1, ${i}, ${i})`);
    }
    await sync(fixture);
    expect(await values(down, `SELECT id, v, c FROM \`${target}\`.t WHERE id < 300 ORDER BY id`)).toEqual([
      [1, 39, 39],
      [2, 20, 5],
      [101, 10, 5],
      [102, 20, 5],
      [201, 1, 2],
    ]);
    expect(await values(down, `SELECT id FROM \`${target}\`.other`)).toEqual([[7]]);
    const tables = await values(down, `SHOW TABLES FROM \`${target}\``);
    expect(tables.flat()).toEqual(['other', 't']);
  });

  test('a task that starts late: the merged table shows what some of its tables have had, the upstream what is to come', async () => {
    const target = downstreamDatabase();
    const fixture = await makeFixture('mysqlUp', { routes: merge(target) });
    const { up, down } = fixture;
    await down.query(`CREATE DATABASE ${quoteIdent(target)}`);
    await down.query(`CREATE TABLE \`${target}\`.t (v INT, id INT PRIMARY KEY, c INT DEFAULT 5, shard INT DEFAULT 1)`);
    for (const n of [1, 2]) await up.query(`CREATE TABLE t_${n} (id INT PRIMARY KEY, v INT)`);
    const meta = await position(up);
    for (const n of [1, 2]) await up.query(`ALTER TABLE t_${n} ADD c INT DEFAULT 5`);
    await up.query('CREATE TABLE IF NOT EXISTS t_1 (id INT PRIMARY KEY)');
    await up.query('CREATE TABLE IF NOT EXISTS t_3 (v INT, id INT PRIMARY KEY)');
    await up.query('CREATE TABLE IF NOT EXISTS t_4 LIKE t_3');
    await up.query('INSERT INTO t_1 VALUES (1, 10, 100)');
    await up.query('INSERT INTO t_2 VALUES (2, 20, 200)');
    await up.query('INSERT INTO t_3 VALUES (30, 3)');
    await up.query('INSERT INTO t_4 VALUES (40, 4)');
    await sync(withConfig(fixture, { meta }));
    expect(await values(down, `SELECT id, v, c, shard FROM \`${target}\`.t ORDER BY id`)).toEqual([
      [1, 10, 100, 1],
      [2, 20, 200, 1],
      [3, 30, 5, 1],
      [4, 40, 5, 1],
    ]);
  });

  test('tables of other columns and keys are written by name and found by the downstream key', async () => {
    const target = downstreamDatabase();
    const fixture = await makeFixture('mysqlUp', { routes: merge(target).slice(0, 1) });
    const { up, down } = fixture;
    await down.query(`CREATE DATABASE ${quoteIdent(target)}`);
    await down.query(
      `CREATE TABLE \`${target}\`.t (extra INT DEFAULT 9, v VARCHAR(20), id BIGINT NOT NULL, k INT, ` +
        'PRIMARY KEY (k), KEY (v))',
    );
    await up.query('CREATE TABLE t_1 (id INT PRIMARY KEY, v VARCHAR(10), k INT NOT NULL)');
    await up.query('CREATE TABLE t_2 (k INT NOT NULL, v VARCHAR(20), id BIGINT PRIMARY KEY)');
    await up.query("INSERT INTO t_1 (id, v, k) VALUES (1, 'a', 11), (2, 'b', 12)");
    await up.query("INSERT INTO t_2 (id, v, k) VALUES (1, 'c', 21), (2, 'd', 22)");
    await up.query("UPDATE t_1 SET v = 'A' WHERE id = 1");
    await up.query("UPDATE t_2 SET v = 'C', id = 9 WHERE id = 1");
    await up.query('DELETE FROM t_2 WHERE id = 2');
    await sync(fixture);
    expect(await values(down, `SELECT extra, v, CAST(id AS CHAR), k FROM \`${target}\`.t ORDER BY k`)).toEqual([
      [9, 'A', '1', 11],
      [9, 'b', '2', 12],
      [9, 'C', '9', 21],
    ]);
  });

  test('a table keeps the default collation that it has upstream', async () => {
    const target = downstreamDatabase();
    const fixture = await makeFixture('mysqlUp', { routes: merge(target) });
    const { up, down, database } = fixture;
    await down.query(`CREATE DATABASE \`${target}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
    await up.query(`ALTER DATABASE \`${database}\` CHARACTER SET latin1 COLLATE latin1_german1_ci`);
    await up.query('CREATE TABLE plain (a VARCHAR(10) PRIMARY KEY)');
    await up.query('CREATE TABLE parted (id INT PRIMARY KEY, a VARCHAR(10)) PARTITION BY HASH (id) PARTITIONS 2');
    await up.query('CREATE TABLE told (a VARCHAR(10) PRIMARY KEY) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_unicode_ci');
    await up.query('CREATE TABLE half (a VARCHAR(10) PRIMARY KEY) DEFAULT CHARSET utf8mb4');
    const second = uniqueName('o_second');
    dropAtEnd(testServers().mysqlUp, second);
    dropAtEnd(testServers().mysqlDown, second);
    await up.query('SET SESSION collation_server = utf8mb3_unicode_ci');
    await up.query(`CREATE DATABASE ${second}`);
    await sync(withConfig(fixture, { blockAllowList: { doDbs: [database, second] } }));
    const [made] = await query(down, `SHOW CREATE DATABASE ${second}`);
    expect(made?.['Create Database']).toContain('COLLATE utf8mb3_unicode_ci');
    const sql = (schema: string): string =>
      'SELECT TABLE_NAME AS t, COLLATION_NAME AS c FROM information_schema.COLUMNS ' +
      `WHERE TABLE_SCHEMA = '${schema}' AND COLUMN_NAME = 'a' ORDER BY 1`;
    expect(await values(down, sql(target))).toEqual(await values(up, sql(database)));
  });
});

test('an upstream that stores names in lower case: statements are about the tables of its rows', async () => {
  const args = ['--lower-case-table-names=1', '--log-bin=binlog', '--binlog-format=ROW', '--server-id=77'];
  const server = await startPrivateServer({ flavor: 'mariadb', args });
  const up = await connectTo(server);
  const target = downstreamDatabase();
  const { host, port, user, password } = server;
  const { config, down } = await makeFixture('mariadbUp', {
    from: { host, port, user, password },
    meta: await position(up),
    onlineDdl: { shadowTableRules: ['^_(.+)_gho$'], trashTableRules: ['^_(.+)_del$'] },
    routes: [{ name: 'r', schemaPattern: 'o_case', targetSchema: target }],
    filters: [filter({ schemaPattern: 'o_case', tablePattern: 'kept', events: ['drop table'], caseSensitive: true })],
    blockAllowList: { doDbs: ['o_case'] },
  });
  await up.query('CREATE DATABASE O_Case');
  await up.query('CREATE TABLE O_CASE.T (Id INT PRIMARY KEY)');
  await up.query('CREATE TABLE O_CASE.Kept (Id INT PRIMARY KEY)');
  await up.query('CREATE TABLE O_CASE._T_GHO LIKE O_CASE.T');
  await up.query('ALTER TABLE O_CASE._T_gho ADD c INT');
  await up.query('RENAME TABLE O_CASE.T TO O_CASE._T_DEL, O_CASE._T_GHO TO O_CASE.T');
  await up.query('INSERT INTO O_CASE.T VALUES (1, 2)');
  await up.query('DROP TABLE O_CASE.Kept');
  await sync({ config, up });
  expect(await values(down, `SELECT * FROM \`${target}\`.t`)).toEqual([[1, 2]]);
  expect((await values(down, `SHOW TABLES FROM \`${target}\``)).flat()).toEqual(['kept', 't']);
});

describe('the binlog event filter', () => {
  test('drops rows of a kind and statements, and follows the structures', async () => {
    const filters = [
      filter({ tablePattern: 'kept', events: ['delete', 'truncate table', 'drop table'] }),
      filter({ sqlPattern: ['^ALTER\\s+TABLE[\\s\\S]*DROP\\s+COLUMN'] }),
    ];
    const fixture = await makeFixture('mysqlUp', { filters });
    const { up, down, database } = fixture;
    await up.query('CREATE TABLE kept (id INT PRIMARY KEY, a INT, b INT)');
    await up.query('CREATE TABLE free (id INT PRIMARY KEY)');
    await up.query('INSERT INTO kept VALUES (1, 1, 1), (2, 2, 2)');
    await up.query('INSERT INTO free VALUES (1), (2)');
    await up.query('DELETE FROM kept WHERE id = 1');
    await up.query('DELETE FROM free WHERE id = 1');
    await up.query('ALTER TABLE kept DROP COLUMN a');
    await sync(fixture);
    // Behind a restart too, rows have the columns of behind the dropped statement.
    await up.query('INSERT INTO kept VALUES (3, 33)');
    await up.query('UPDATE kept SET b = 22 WHERE id = 2');
    await sync(fixture);
    await up.query('TRUNCATE TABLE kept');
    await up.query('INSERT INTO kept VALUES (4, 44)');
    await up.query('DROP TABLE kept, free');
    await sync(fixture);
    await down.query(`USE \`${database}\``);
    expect(await values(down, 'SELECT * FROM kept ORDER BY id')).toEqual([
      [1, 1, 1],
      [2, 2, 22],
      [3, null, 33],
      [4, null, 44],
    ]);
    expect((await values(down, 'SHOW TABLES')).flat()).toEqual(['kept']);
  });

  test('SCH-02: a column whose ADD was dropped is an error that names it, until the downstream has it', async () => {
    const fixture = await makeFixture('mysqlUp', { filters: [filter({ events: ['alter table'] })] });
    const { up, down, database } = fixture;
    await up.query('CREATE TABLE t (id INT PRIMARY KEY, a INT)');
    await up.query('ALTER TABLE t ADD COLUMN between_them INT FIRST');
    await up.query('INSERT INTO t VALUES (5, 1, 2)');
    const rawCause = expect.stringContaining('between_them') as string;
    await expect(sync(fixture)).rejects.toMatchObject({ rawCause });
    await down.query(`ALTER TABLE \`${database}\`.t ADD COLUMN between_them INT`);
    await sync(fixture);
    expect(await values(down, `SELECT id, a, between_them FROM \`${database}\`.t`)).toEqual([[1, 2, 5]]);
  });
});

describe('the block-allow list', () => {
  test('a table that is left out and comes back has the structure that it got meanwhile', async () => {
    const all = await makeFixture('mysqlUp');
    const { up, down, database } = all;
    const without = withConfig(all, {
      blockAllowList: { doDbs: [database], ignoreTables: [{ dbName: database, tblName: 'x' }] },
    });
    await up.query('CREATE TABLE x (id INT PRIMARY KEY, a INT)');
    await up.query('INSERT INTO x VALUES (1, 1)');
    await sync(all);
    await up.query('ALTER TABLE x ADD COLUMN front INT FIRST, DROP COLUMN a');
    await up.query('INSERT INTO x VALUES (0, 2)');
    await sync(without);
    await down.query(`ALTER TABLE \`${database}\`.x ADD COLUMN front INT`);
    await up.query('INSERT INTO x VALUES (33, 3)');
    await sync(all);
    expect(await values(down, `SELECT id, front FROM \`${database}\`.x ORDER BY id`)).toEqual([
      [1, null],
      [3, 33],
    ]);
  });

  test('a copy of a filtered table is made in full', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, down, database } = fixture;
    const blockAllowList = { doDbs: [database], ignoreTables: [{ dbName: database, tblName: 'hidden' }] };
    await up.query("CREATE TABLE hidden (id INT AUTO_INCREMENT PRIMARY KEY, e ENUM('a','b') NOT NULL, KEY k (e))");
    await up.query('CREATE TABLE seen LIKE hidden');
    await up.query("INSERT INTO seen (e) VALUES ('b')");
    await sync(withConfig(fixture, { blockAllowList }));
    await down.query(`USE \`${database}\``);
    expect(await values(down, 'SELECT id, e FROM seen')).toEqual([[1, 'b']]);
    const [created] = await query(down, 'SHOW CREATE TABLE seen');
    expect(created?.['Create Table']).toContain('KEY `k` (`e`)');
    expect((await values(down, 'SHOW TABLES')).flat()).toEqual(['seen']);
  });
});

describe('rows', () => {
  test('EX-01, EX-03: the expression filter decides for each row', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, down, database } = fixture;
    const rule = { name: 'even_c', schema: database, table: 'tbl', insertValueExpr: 'c % 2 = 0' };
    const pair = {
      name: 'adult',
      schema: database,
      table: 'tbl',
      updateOldValueExpr: 'c < 18',
      updateNewValueExpr: 'c >= 18',
    };
    await up.query('CREATE TABLE tbl (id INT PRIMARY KEY, c INT)');
    await up.query('INSERT INTO tbl (id, c) VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, NULL), (6, 17)');
    await up.query('UPDATE tbl SET c = 2 WHERE id = 1');
    await up.query('UPDATE tbl SET c = 18 WHERE id = 6');
    await sync(withConfig(fixture, { expressionFilters: [rule, pair] }));
    expect(await values(down, `SELECT id, c FROM \`${database}\`.tbl ORDER BY id`)).toEqual([
      [1, 2],
      [3, 3],
      [5, null],
      [6, 17],
    ]);
  });

  test('an expression that a server has to evaluate', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, down, database } = fixture;
    const insertValueExpr = "SOUNDEX(c) = SOUNDEX('Robert')";
    const rule = { name: 'r', schema: database, table: 'tbl', insertValueExpr };
    await up.query('CREATE TABLE tbl (id INT PRIMARY KEY, c VARCHAR(20))');
    await up.query("INSERT INTO tbl VALUES (1, 'Rupert'), (2, 'Paul'), (3, NULL)");
    await sync(withConfig(fixture, { expressionFilters: [rule] }));
    expect(await values(down, `SELECT id FROM \`${database}\`.tbl ORDER BY id`)).toEqual([[2], [3]]);
  });

  test('column mapping makes keys of many tables unique in one', async () => {
    const target = downstreamDatabase();
    const routes = [
      { name: 'r', schemaPattern: 'e_sync*', tablePattern: 't_*', targetSchema: target, targetTable: 't' },
    ];
    const columnMappings = [
      {
        name: 'm',
        schemaPattern: 'e_sync*',
        tablePattern: 't_*',
        sourceColumn: 'id',
        targetColumn: 'id',
        expression: 'partition id' as const,
        arguments: ['1', '', 't', '_'],
      },
    ];
    const fixture = await makeFixture('mysqlUp', { routes, columnMappings });
    const { up, down } = fixture;
    await down.query(`CREATE DATABASE ${quoteIdent(target)}`);
    for (const n of [1, 2]) {
      await up.query(`CREATE TABLE t_${n} (id BIGINT PRIMARY KEY, v INT)`);
      await up.query(`INSERT INTO t_${n} VALUES (1, ${n}), (2, ${n})`);
      await up.query(`UPDATE t_${n} SET v = v * 10 WHERE id = 1`);
      await up.query(`DELETE FROM t_${n} WHERE id = 2`);
    }
    await sync(fixture);
    const key = (n: bigint): string => String((1n << 59n) | (n << 51n) | 1n);
    expect(await values(down, `SELECT CAST(id AS CHAR), v FROM \`${target}\`.t ORDER BY id`)).toEqual([
      [key(1n), 10],
      [key(2n), 20],
    ]);
  });

  test('filtered rows are counted and are no gap: a restart goes on behind them', async () => {
    const fixture = await makeFixture('mysqlUp', { filters: [filter({ tablePattern: 't', events: ['insert'] })] });
    const { up, down, database } = fixture;
    await up.query('CREATE TABLE t (id INT PRIMARY KEY)');
    await up.query('INSERT INTO t VALUES (1), (2)');
    const lines = await sync(fixture);
    expect(lines.find((line) => line.includes('replication ends'))).toContain('[filteredRows=2]');
    await up.query('INSERT INTO t VALUES (3)');
    await sync(withConfig(fixture, { filters: [] }));
    expect(await values(down, `SELECT id FROM \`${database}\`.t`)).toEqual([[3]]);
  });
});
