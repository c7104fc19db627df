import type { Connection } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { runLoad } from '../../../src/load/run.js';
import { compareDatabases, formatComparison } from '../../support/compare.js';
import { connectTo, createDatabase, startPrivateServer, testServers } from '../../support/servers.js';
import { copy, dataDirectory, runAll, subtask, unitContext } from './support.js';
import { commonTables, mariadbTables, mysqlTables } from './type-tables.js';

/** The server's own sum over a table's stored bytes. */
async function checksum(connection: Connection, table: string): Promise<unknown> {
  const [rows] = await connection.query(`CHECKSUM TABLE ${table}`);
  return (rows as { Checksum: unknown }[])[0]?.Checksum;
}

test.each(['mysql', 'mariadb'] as const)('every type of %s arrives as the very same bytes', async (flavor) => {
  const server = flavor === 'mysql' ? testServers().mysqlUp : testServers().mariadbUp;
  const target = flavor === 'mysql' ? testServers().mysqlDown : await startPrivateServer({ flavor: 'mariadb' });
  const database = await createDatabase(server, 'f_types');
  const [up, down] = [await connectTo(server, database), await connectTo(target)];
  await up.query("SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'");
  const tables = { ...commonTables, ...(flavor === 'mysql' ? mysqlTables : mariadbTables) };
  for (const statements of Object.values(tables)) await runAll(up, statements);
  const config = subtask(server, target, [database]);
  await copy(config, await dataDirectory());
  const comparison = await compareDatabases(up, down, [database]);
  expect(formatComparison(comparison)).toMatch(/: equal$/);
  expect(comparison.tables).toBe(Object.keys(tables).length);
  for (const table of Object.keys(tables)) {
    const name = `\`${database}\`.\`${table}\``;
    expect(await checksum(down, name), table).toBe(await checksum(up, name));
  }
});

test('common types travel from MariaDB to MySQL', async () => {
  const { mariadbUp, mysqlDown } = testServers();
  const database = await createDatabase(mariadbUp, 'f_types');
  const [up, down] = [await connectTo(mariadbUp, database), await connectTo(mysqlDown)];
  await up.query("SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'");
  for (const statements of Object.values(commonTables)) await runAll(up, statements);
  await copy(subtask(mariadbUp, mysqlDown, [database]), await dataDirectory());
  expect(formatComparison(await compareDatabases(up, down, [database]))).toMatch(/: equal$/);
});

test("MariaDB's own types become others; a structure that the downstream does not know is refused with file and statement", async () => {
  const { mariadbUp, mysqlDown } = testServers();
  const database = await createDatabase(mariadbUp, 'f_types');
  const [up, down] = [await connectTo(mariadbUp, database), await connectTo(mysqlDown)];
  await runAll(up, [
    'CREATE TABLE a (id UUID PRIMARY KEY, i INET6)',
    "INSERT INTO a VALUES ('123e4567-e89b-12d3-a456-426655440000', '::1')",
    'CREATE TABLE u (id INT PRIMARY KEY, s DATE NOT NULL, e DATE NOT NULL, PERIOD FOR valid (s, e))',
    "INSERT INTO u VALUES (1, '2020-01-01', '2021-01-01')",
  ]);
  const config = subtask(mariadbUp, mysqlDown, [database]);
  const dataDir = await dataDirectory();
  await expect(copy(config, dataDir)).rejects.toMatchObject({
    code: 10006,
    scope: 'downstream',
    message: expect.stringMatching(/CREATE TABLE [^]*`u`[^]*f_types_\w+\.u-schema\.sql/),
    workaround: expect.stringContaining('create the table'),
  });
  await down.query(`CREATE TABLE \`${database}\`.u (id INT PRIMARY KEY, s DATE, e DATE)`);
  expect(await runLoad(config, unitContext(), { dataDir })).toEqual({ finished: true });
  const [rows] = await down.query(`SELECT id, CAST(s AS CHAR) AS s FROM \`${database}\`.u`);
  expect(rows).toEqual([{ id: 1, s: '2020-01-01' }]);
  const [converted] = await down.query(`SELECT * FROM \`${database}\`.a`);
  expect(converted).toEqual([{ id: '123e4567-e89b-12d3-a456-426655440000', i: '::1' }]);
});
