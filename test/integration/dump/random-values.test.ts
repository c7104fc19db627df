import type { Connection } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { compareDatabases, formatComparison } from '../../support/compare.js';
import {
  connectTo,
  createDatabase,
  startPrivateServer,
  testServers,
  type ServerAddress,
} from '../../support/servers.js';
import { Random } from '../schema/random.js';
import { makeFixture, replicate, type UpstreamName } from '../sync/harness.js';
import { randomTable, type RandomTable } from './random-values.js';
import { copy, dataDirectory, subtask } from './support.js';

const SEED = Number(process.env['DM_TEST_SEED'] ?? 7);
const TABLES = Number(process.env['DM_TEST_TABLES'] ?? 4);

const SESSION = "SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'";

/** What the server refuses as a value of the type is no value of it. */
async function fill(up: Connection, tables: readonly RandomTable[]): Promise<void> {
  for (const { create, rows } of tables) {
    await up.query(create);
    for (const row of rows) await up.query(row).catch(() => undefined);
  }
}

async function checksums(connection: Connection, database: string, tables: readonly RandomTable[]): Promise<unknown[]> {
  const sums: unknown[] = [];
  for (const { name } of tables) {
    const [rows] = await connection.query(`CHECKSUM TABLE \`${database}\`.${name}`);
    sums.push([name, (rows as { Checksum: unknown }[])[0]?.Checksum]);
  }
  return sums;
}

function tablesOf(flavor: 'mysql' | 'mariadb', common: boolean): RandomTable[] {
  const random = new Random(SEED);
  return Array.from({ length: TABLES }, (_, at) => randomTable(random, `t${at}`, flavor, { common }));
}

test.each([
  ['mysqlUp', 'mysql'],
  ['mariadbUp', 'mysql'],
  ['mariadbUp', 'mariadb'],
] as const)(`random values (seed ${SEED}) are copied from %s to %s`, async (upName, downFlavor) => {
  const server: ServerAddress = testServers()[upName];
  const down = downFlavor === 'mysql' ? testServers().mysqlDown : await startPrivateServer({ flavor: 'mariadb' });
  const same = server.flavor === downFlavor;
  const tables = tablesOf(server.flavor, !same);
  const database = await createDatabase(server, 'j_values');
  const [above, below] = [await connectTo(server, database), await connectTo(down)];
  await above.query(SESSION);
  await fill(above, tables);
  await copy(subtask(server, down, [database]), await dataDirectory());
  expect(formatComparison(await compareDatabases(above, below, [database]))).toMatch(/: equal$/);
  if (same) expect(await checksums(below, database, tables)).toEqual(await checksums(above, database, tables));
});

test.each(['mysqlUp', 'mariadbUp'] satisfies UpstreamName[])(
  `random values (seed ${SEED}) are replicated from %s`,
  async (upName) => {
    const fixture = await makeFixture(upName);
    const { up, down, database } = fixture;
    const { flavor } = testServers()[upName];
    const tables = tablesOf(flavor, flavor === 'mariadb');
    await up.query(SESSION);
    await fill(up, tables);
    for (const { name } of tables) {
      await up.query(`UPDATE ${name} SET id = id + 1000 WHERE id < 3`);
      await up.query(`DELETE FROM ${name} WHERE id IN (4, 1001)`);
    }
    await replicate(fixture);
    if (flavor === 'mysql')
      expect(await checksums(down, database, tables)).toEqual(await checksums(up, database, tables));
  },
);
