/** What tests of former defects share: tasks whose tables are on both sides, whole copies, units that must fail. */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { expect } from 'vitest';
import type { SubtaskConfig } from '../../../src/config/types.js';
import { runDump } from '../../../src/dump/run.js';
import type { DmError } from '../../../src/errors/dm-error.js';
import { runLoad } from '../../../src/load/run.js';
import { quoteIdent } from '../../../src/mysql/quote.js';
import { dataDirectory, unitContext } from '../dump/support.js';
import { makeFixture, position, RunningUnit, type Fixture, type UpstreamName } from '../sync/harness.js';

/** Makes the database downstream too, and uses it. */
export async function createDownstream({ down, database }: Fixture): Promise<void> {
  await down.query(`CREATE DATABASE ${quoteIdent(database)} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
  await down.query(`USE ${quoteIdent(database)}`);
}

/** A task that begins now: with the binlog behind this place alone. */
export async function fromHere(fixture: Fixture): Promise<Fixture> {
  return { ...fixture, config: { ...fixture.config, meta: await position(fixture.up) } };
}

/** A task without a checkpoint. Both sides have executed the statements; it begins behind them. */
export async function bothSides(
  statements: readonly string[],
  options: Partial<SubtaskConfig> = {},
  upstream: UpstreamName = 'mysqlUp',
): Promise<Fixture> {
  const fixture = await makeFixture(upstream, options);
  await createDownstream(fixture);
  for (const statement of statements) {
    await fixture.up.query(statement);
    await fixture.down.query(statement);
  }
  return fromHere(fixture);
}

/** Runs the unit until it has everything. */
export async function catchUp({ up, config }: Fixture, dataDir?: string): Promise<void> {
  const unit = new RunningUnit(config, dataDir);
  try {
    await unit.synced(up);
  } finally {
    await unit.stop().catch(() => undefined);
  }
}

/** Runs the unit until it fails. @returns its error */
export async function failure({ config }: Fixture): Promise<DmError> {
  const unit = new RunningUnit(config);
  const error: unknown = await unit.result.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(Error);
  return error as DmError;
}

/** Dumps and loads the fixture's database as a task in mode `all` does. @returns the directory that the sync unit needs */
export async function fullCopy({ config }: Fixture): Promise<string> {
  const dataDir = await dataDirectory();
  config.taskMode = 'all';
  delete config.meta;
  await runDump(config, unitContext(), { dataDir });
  expect(await runLoad(config, unitContext(), { dataDir })).toEqual({ finished: true });
  return dataDir;
}

/** Rows of a table of the test's database, by its first column. */
export async function rows(connection: Connection, database: string, table: string): Promise<RowDataPacket[]> {
  const [found] = await connection.query<RowDataPacket[]>(
    `SELECT * FROM ${quoteIdent(database)}.${quoteIdent(table)} ORDER BY 1`,
  );
  return found;
}
