import { beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from 'mysql2/promise';
import { introspectTable, introspectTables, listTables, loadDatabaseDefaults } from '../../../src/schema/introspect.js';
import { loadServerProfile, type ServerProfile } from '../../../src/schema/server-profile.js';
import { showCreateTable } from '../../../src/schema/show-create.js';
import { connectTo, createDatabase, testServers } from '../../support/servers.js';

interface Side {
  connection: Connection;
  profile: ServerProfile;
  schema: string;
}

const sides = {} as Record<'mysql' | 'mariadb', Side>;

beforeAll(async () => {
  for (const flavor of ['mysql', 'mariadb'] as const) {
    const server = flavor === 'mysql' ? testServers().mysqlUp : testServers().mariadbUp;
    const schema = await createDatabase(server, 'c_cross');
    const connection = await connectTo(server, schema);
    sides[flavor] = { connection, schema, profile: await loadServerProfile(connection) };
  }
});

test('the profile of a server', () => {
  expect(sides.mysql.profile).toMatchObject({
    flavor: 'mysql',
    charset: 'utf8mb4',
    collation: 'utf8mb4_0900_ai_ci',
    explicitDefaultsForTimestamp: true,
    lowerCaseTableNames: 0,
    defaultCollations: { utf8mb4: 'utf8mb4_0900_ai_ci' },
  });
  expect(sides.mysql.profile.versionNumber).toBeGreaterThanOrEqual(80000);
  expect(sides.mysql.profile.sqlMode).toContain('STRICT_TRANS_TABLES');
  expect(sides.mariadb.profile).toMatchObject({ flavor: 'mariadb', charset: 'utf8mb4', lowerCaseTableNames: 0 });
  expect(sides.mariadb.profile.versionNumber).toBeGreaterThanOrEqual(100500);
});

describe('a table printed for the other flavor can be made there', () => {
  const tables: [from: 'mysql' | 'mariadb', name: string, body: string][] = [
    [
      'mysql',
      'numbers',
      "(a INT UNSIGNED ZEROFILL DEFAULT 5, b DECIMAL(9,2) DEFAULT 1, c BIT(5) DEFAULT b'101', d TINYINT(1), e YEAR)",
    ],
    [
      'mysql',
      'texts',
      "(a VARCHAR(9) DEFAULT 'it''s', b TEXT, c ENUM('x','y') NOT NULL DEFAULT 'y', d BINARY(3) DEFAULT 'a', e JSON)",
    ],
    [
      'mysql',
      'times',
      '(a DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), b TIMESTAMP NULL, c TIME(2))',
    ],
    [
      'mysql',
      'keys',
      '(a INT PRIMARY KEY, b INT, c VARCHAR(9), UNIQUE (b), KEY (c(3) DESC), KEY ((a + b)), KEY hidden (b) INVISIBLE)',
    ],
    ['mysql', 'computed', '(a INT, b INT AS (a + 1) STORED, c INT AS (a * 2) VIRTUAL, d INT INVISIBLE, CHECK (a > 0))'],
    ['mysql', 'places', '(a POINT NOT NULL SRID 4326, b GEOMETRYCOLLECTION)'],
    [
      'mariadb',
      'types',
      "(a UUID, b INET4, c INET6, d JSON, e TEXT DEFAULT 'x', f BLOB DEFAULT 'y', g VARCHAR(20) COMPRESSED)",
    ],
    [
      'mariadb',
      'defaults',
      "(a INT DEFAULT (1 + 2), b VARCHAR(40) DEFAULT UUID(), c VARBINARY(4) DEFAULT x'00ff', d INT CHECK (d > 1))",
    ],
    ['mariadb', 'hidden', '(a INT INVISIBLE, b INT NOT NULL, KEY (b) IGNORED, UNIQUE (a, b DESC))'],
    [
      'mariadb',
      'versions',
      '(a INT, s TIMESTAMP(6) GENERATED ALWAYS AS ROW START, e TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING',
    ],
    [
      'mariadb',
      'collations',
      '(a VARCHAR(9) COLLATE utf8mb4_nopad_bin, b CHAR(3) CHARACTER SET latin1) COLLATE utf8mb4_unicode_520_ci',
    ],
  ];

  test.each(tables)('from %s: %s', async (from, name, body) => {
    const source = sides[from];
    const target = sides[from === 'mysql' ? 'mariadb' : 'mysql'];
    await source.connection.query(`CREATE TABLE \`${name}\` ${body}`);
    const table = await introspectTable(source.connection, source.profile, source.schema, name);
    expect(table).toBeDefined();
    if (table === undefined) return;
    await target.connection.query(showCreateTable(table, { dialect: target.profile.flavor }));
    const made = await introspectTable(target.connection, target.profile, target.schema, name);
    expect(made?.columns.map((column) => column.name)).toEqual(table.columns.map((column) => column.name));
    expect(made?.columns.map((column) => column.nullable)).toEqual(table.columns.map((column) => column.nullable));
    const plain = table.indexes.filter((index) => index.parts.every((part) => part.expression === undefined));
    expect(made?.indexes.map((index) => index.name).sort()).toEqual(plain.map((index) => index.name).sort());
  });
});

test.each(['mysql', 'mariadb'] as const)('all tables of a database, some, and none: %s', async (flavor) => {
  const { connection, profile } = sides[flavor];
  const schema = await createDatabase(flavor === 'mysql' ? testServers().mysqlUp : testServers().mariadbUp, 'c_all');
  await connection.query(`CREATE VIEW \`${schema}\`.a_view AS SELECT 1 AS one`);
  for (const name of ['b', 'a', 'c`d']) await connection.query('CREATE TABLE ??.?? (x INT)', [schema, name]);
  expect(await listTables(connection, schema)).toEqual(['a', 'b', 'c`d']);
  const names = async (wanted?: string[]): Promise<string[]> => {
    const result: string[] = [];
    for await (const table of introspectTables(connection, profile, schema, wanted)) result.push(table.name);
    return result.sort();
  };
  expect(await names()).toEqual(['a', 'b', 'c`d']);
  expect(await names(['c`d', 'a_view', 'nothing'])).toEqual(['c`d']);
  expect(await names([])).toEqual([]);
  expect(await introspectTable(connection, profile, schema, 'nothing')).toBeUndefined();
});

test.each(['mysql', 'mariadb'] as const)('defaults of a database: %s', async (flavor) => {
  const { connection, schema } = sides[flavor];
  await connection.query(`ALTER DATABASE \`${schema}\` COLLATE latin1_bin`);
  expect(await loadDatabaseDefaults(connection, schema)).toEqual({ charset: 'latin1', collation: 'latin1_bin' });
  await connection.query(`ALTER DATABASE \`${schema}\` CHARACTER SET utf8`);
  expect(await loadDatabaseDefaults(connection, schema)).toEqual({
    charset: 'utf8mb3',
    collation: 'utf8mb3_general_ci',
  });
  expect(await loadDatabaseDefaults(connection, 'c_no_such_database')).toBeUndefined();
});
