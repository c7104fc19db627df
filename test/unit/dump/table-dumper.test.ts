import { expect, test } from 'vitest';
import { TableDumper, type DumpShared } from '../../../src/dump/table-dumper.js';
import { TableQueue } from '../../../src/dump/table-queue.js';
import { DumpTally } from '../../../src/dump/tally.js';
import { createLogger } from '../../../src/log/logger.js';
import type { DbConnection } from '../../../src/mysql/connect.js';

const GONE = Object.assign(new Error('gone'), { errno: 1146, sqlMessage: "Table 's.t' doesn't exist" });

/** A connection that answers what reading a table of one integer key asks, and finds the table gone when it is cut. */
function goneWhenCut(statements: string[]): DbConnection {
  const answer = (sql: string): unknown[] => {
    if (sql.startsWith('SHOW CREATE TABLE')) return [{ 'Create Table': 'CREATE TABLE t' }];
    if (sql.includes('.COLUMNS')) return [{ c: 'id', t: 'int', e: '', n: 'NO', s: null }];
    if (sql.includes('.STATISTICS')) return [{ i: 'PRIMARY', u: 0, c: 'id', p: null }];
    if (sql.includes('MIN(`id`)')) throw GONE;
    return [];
  };
  const query = async (sql: string): Promise<unknown> => {
    statements.push(sql);
    return [answer(sql)];
  };
  // Only `query` is used before rows are read.
  return { query } as unknown as DbConnection;
}

test('a connection whose table went away while it was cut goes on in UTC', async () => {
  const statements: string[] = [];
  const tally = new DumpTally(() => undefined);
  const shared: DumpShared = {
    config: { threads: 1, chunkFilesize: 1, statementSize: 1, consistency: 'none', where: 'id > 0' },
    timezone: '+09:00',
    detail: { json: 'text', exact: false },
    dir: '/nonexistent',
    queue: new TableQueue([{ schema: 's', name: 't' }]),
    sizeOf: () => ({ rows: 1_000_000, rowLength: 10, bytes: 10_000_000 }),
    structures: new Map([['`s`.`t`', 'CREATE TABLE t']]),
    identities: { wasDropped: async () => true } as unknown as DumpShared['identities'],
    tally,
    logger: createLogger({ level: 'error', write: () => undefined }),
  };
  await new TableDumper(goneWhenCut(statements), shared).run();
  expect(statements.filter((sql) => sql.startsWith('SET time_zone'))).toEqual([
    "SET time_zone = '+09:00'",
    "SET time_zone = '+00:00'",
  ]);
  expect(tally.completedTables).toBe(1);
});
