import type { Connection, RowDataPacket } from 'mysql2/promise';
import { describe, expect, test } from 'vitest';
import { runDump } from '../../../src/dump/run.js';
import { runLoad } from '../../../src/load/run.js';
import { connectTo, createDatabase, dropAtEnd, testServers } from '../../support/servers.js';
import { dataDirectory, subtask, unitContext } from '../dump/support.js';
import { makeFixture, replicate, type Fixture } from './harness.js';

async function run(connection: Connection, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await connection.query(statement);
}

async function columnTypes(down: Connection, database: string, table: string): Promise<Record<string, string>> {
  const [rows] = await down.query<RowDataPacket[]>(
    `SELECT COLUMN_NAME AS name, CONCAT_WS(' ', COLUMN_TYPE, COLLATION_NAME, NULLIF(IS_NULLABLE, 'YES')) AS type
     FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?`,
    [database, table],
  );
  return Object.fromEntries(rows.map((row) => [String(row['name']), String(row['type'])]));
}

async function tableNames({ down, database }: Fixture): Promise<string[]> {
  const [rows] = await down.query<RowDataPacket[]>('SHOW TABLES FROM ??', [database]);
  return rows.map((row) => String(Object.values(row)[0])).sort();
}

const TYPES = {
  id: 'char(36) ascii_bin NO',
  six: 'varchar(39) ascii_bin',
  four: 'varchar(15) ascii_bin',
  packed: 'varchar(200) utf8mb4_general_ci',
};

const CREATE_TYPES =
  "CREATE TABLE types (id UUID NOT NULL DEFAULT uuid() PRIMARY KEY, six INET6 DEFAULT '::1', four INET4, packed VARCHAR(200) COMPRESSED, " +
  'd DATE DEFAULT curdate(), t TEXT DEFAULT "x", KEY k (d) IGNORED)';
const FILL_TYPES = [
  "INSERT INTO types (id, six, four, packed) VALUES ('123e4567-e89b-12d3-a456-426655440000', '2001:db8::ff00:42:8329', '192.0.2.33', REPEAT('p', 150))",
  "INSERT INTO types (six, four) VALUES ('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', NULL), ('::ffff:192.0.2.1', '255.255.255.255')",
];

/** A table that keeps its history, with a past. */
const VERSIONED = [
  'CREATE TABLE kept (id INT PRIMARY KEY, a INT, b INT WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING',
  'INSERT INTO kept VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3)',
  'UPDATE kept SET a = 9 WHERE id = 1',
  'UPDATE kept SET b = 9 WHERE id = 3',
  'DELETE FROM kept WHERE id = 2',
];

test.each(['mysqlUp', 'mariadbUp'] as const)(
  '%s: a new column has the time of the statement to the microsecond',
  async (upstream) => {
    const fixture = await makeFixture(upstream);
    await run(fixture.up, [
      'CREATE TABLE t (id INT PRIMARY KEY)',
      'INSERT INTO t VALUES (1), (2)',
      'ALTER TABLE t ADD COLUMN at DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6), ADD COLUMN s TIMESTAMP(3) DEFAULT NOW(3)',
      'ALTER TABLE t ADD COLUMN seconds DATETIME DEFAULT CURRENT_TIMESTAMP',
    ]);
    await replicate(fixture);
  },
);

describe("MariaDB's own, on MySQL", () => {
  test('types, in DDL and rows', async () => {
    const fixture = await makeFixture('mariadbUp');
    await run(fixture.up, [
      CREATE_TYPES,
      ...FILL_TYPES,
      "UPDATE types SET packed = 'less' WHERE four = '192.0.2.33'",
      'ALTER TABLE types ADD more UUID, ADD UNIQUE (more)',
      'UPDATE types SET more = uuid()',
      'DELETE FROM types WHERE six = "::ffff:192.0.2.1"',
      'CREATE TABLE copied AS SELECT * FROM types',
      'ALTER TABLE types ADD COLUMN IF NOT EXISTS more UUID',
      'ALTER TABLE types ADD COLUMN IF NOT EXISTS extra INT, DROP COLUMN IF EXISTS nothing',
      'ALTER TABLE IF EXISTS nothing ADD extra INT',
      'DROP INDEX IF EXISTS nothing ON types',
      'UPDATE types SET extra = 5',
    ]);
    await replicate(fixture);
    const { down, database } = fixture;
    expect(await columnTypes(down, database, 'types')).toMatchObject({ ...TYPES, more: 'char(36) ascii_bin' });
  });

  test('types, in a dump', async () => {
    const { mariadbUp, mysqlDown } = testServers();
    const database = await createDatabase(mariadbUp, 'e_dump');
    dropAtEnd(mysqlDown, database);
    const up = await connectTo(mariadbUp, database);
    await run(up, [CREATE_TYPES, ...FILL_TYPES, ...VERSIONED]);
    const config = { ...subtask(mariadbUp, mysqlDown, [database]), flavor: 'mariadb' as const };
    const dataDir = await dataDirectory();
    expect(await runDump(config, unitContext(), { dataDir })).toMatchObject({ finished: true });
    expect(await runLoad(config, unitContext(), { dataDir })).toEqual({ finished: true });
    const down = await connectTo(mysqlDown, database);
    const select = 'SELECT CONCAT(id) AS id, CONCAT(six) AS six, CONCAT(four) AS four, packed FROM types ORDER BY 1';
    const [[expected], [got]] = [await up.query(select), await down.query(select)];
    expect(got).toEqual(expected);
    expect(await columnTypes(down, database, 'types')).toMatchObject(TYPES);
    const [kept] = await down.query('SELECT CONCAT_WS(",", id, a, b) AS kept FROM kept ORDER BY id');
    expect(kept).toEqual([{ kept: '1,9,1' }, { kept: '3,3,9' }]);
  });

  test('tables that keep their history arrive as they are at present', async () => {
    const fixture = await makeFixture('mariadbUp');
    await run(fixture.up, [
      ...VERSIONED,
      'REPLACE INTO kept VALUES (1, 7, 7)',
      'INSERT INTO kept VALUES (3, 1, 1) ON DUPLICATE KEY UPDATE a = 10',
      'DELETE HISTORY FROM kept',
      'SET SESSION system_versioning_alter_history = KEEP',
      'ALTER TABLE kept ADD c INT AFTER a',
      'UPDATE kept SET c = id',
      'ALTER TABLE kept DROP SYSTEM VERSIONING',
      'CREATE TABLE later (id INT PRIMARY KEY, a INT)',
      'INSERT INTO later VALUES (1, 1), (2, 2)',
      'ALTER TABLE later ADD d INT, ADD SYSTEM VERSIONING',
      'DELETE FROM later WHERE id = 1',
      'UPDATE later SET d = 5',
      'ALTER TABLE later DROP SYSTEM VERSIONING',
      'INSERT INTO later VALUES (1, 3, 4)',
    ]);
    await replicate(fixture);
    expect(await columnTypes(fixture.down, fixture.database, 'later')).toEqual({ id: 'int NO', a: 'int', d: 'int' });
  });

  test('renamed sequences and views are none of the downstream', async () => {
    const fixture = await makeFixture('mariadbUp');
    await run(fixture.up, [
      'CREATE SEQUENCE s',
      'CREATE TABLE t (id INT PRIMARY KEY)',
      'RENAME TABLE s TO s2, t TO u',
      'INSERT INTO u VALUES (1)',
      'DROP SEQUENCE s2',
    ]);
    await replicate(fixture);
    expect(await tableNames(fixture)).toEqual(['u']);
  });
});

describe.each(['mysqlUp', 'mariadbUp'] as const)('%s', (upstream) => {
  test('views are renamed upstream alone', async () => {
    const fixture = await makeFixture(upstream);
    await run(fixture.up, [
      'CREATE TABLE t (id INT PRIMARY KEY)',
      'CREATE VIEW v AS SELECT 1',
      'RENAME TABLE v TO w',
      'RENAME TABLE w TO x, t TO u',
      'INSERT INTO u VALUES (1)',
      'DROP VIEW x',
    ]);
    await replicate(fixture);
    expect(await tableNames(fixture)).toEqual(['u']);
  });

  test("times mean what the session's setting made of them", async () => {
    const fixture = await makeFixture(upstream);
    await run(fixture.up, [
      "SET SESSION sql_mode = '', explicit_defaults_for_timestamp = OFF",
      'CREATE TABLE implicit (id INT PRIMARY KEY, a TIMESTAMP, b TIMESTAMP NULL)',
      'SET SESSION explicit_defaults_for_timestamp = ON',
      'CREATE TABLE explicit (id INT PRIMARY KEY, a TIMESTAMP, b TIMESTAMP NOT NULL)',
      "INSERT INTO explicit VALUES (1, NULL, '2020-01-02 03:04:05')",
      'SET SESSION explicit_defaults_for_timestamp = OFF',
      'ALTER TABLE implicit ADD c TIMESTAMP',
      'INSERT INTO implicit (id) VALUES (1)',
    ]);
    await replicate(fixture);
    const { down, database } = fixture;
    const of = (table: string): Promise<Record<string, string>> => columnTypes(down, database, table);
    expect(await of('implicit')).toEqual({ id: 'int NO', a: 'timestamp NO', b: 'timestamp', c: 'timestamp NO' });
    expect(await of('explicit')).toEqual({ id: 'int NO', a: 'timestamp', b: 'timestamp NO' });
  });

  test('CREATE TABLE ... SELECT is a table and its rows', async () => {
    const fixture = await makeFixture(upstream);
    await run(fixture.up, [
      'CREATE TABLE source (id INT PRIMARY KEY, v VARCHAR(9))',
      "INSERT INTO source VALUES (1, 'a'), (2, 'b')",
      'CREATE TABLE made AS SELECT id, v, id * 2 AS twice FROM source',
      'CREATE TABLE mixed (n INT AUTO_INCREMENT PRIMARY KEY, KEY (v)) SELECT v FROM source',
      'CREATE TABLE IF NOT EXISTS made SELECT 1 AS other',
      'ALTER TABLE made ADD PRIMARY KEY (id)',
      'UPDATE made SET v = "c" WHERE id = 2',
      'CREATE TABLE none AS SELECT * FROM source WHERE FALSE',
    ]);
    await replicate(fixture);
  });
});
