import { setTimeout as sleep } from 'node:timers/promises';
import type { DumpConsistency, Flavor } from '../config/types.js';
import { DmError, dmError } from '../errors/dm-error.js';
import { faultPoint } from '../fault/fault.js';
import type { TableFilter } from '../filter/block-allow-list.js';
import type { Logger } from '../log/logger.js';
import { queryRows, type DbConnection } from '../mysql/connect.js';
import { databaseError, serverErrno } from '../mysql/errors.js';
import { formatPosition } from '../mysql/position.js';
import { quoteTable } from '../mysql/quote.js';
import { masterStatus } from '../mysql/server-info.js';
import type { DumpMetadata } from './metadata.js';
import { tellOfPrepared } from './prepared.js';
import { listObjects, showCreateTable, type DumpObjects, type DumpTable } from './tables.js';

/** Options of {@link takeSnapshot}. */
export interface SnapshotOptions {
  consistency: DumpConsistency;
  flavor: Flavor;
  /** Holds the locks; no transaction is open on it. */
  lockConnection: DbConnection;
  /** Connections that shall all see the same state. */
  readers: DbConnection[];
  filter: TableFilter;
  logger: Logger;
  signal: AbortSignal;
}

/** One state of the upstream, open on all readers, and where its binlog stood at that moment. */
export interface Snapshot {
  metadata: DumpMetadata;
  objects: DumpObjects;
  /** CREATE TABLE of the tables at the moment of the snapshot, by quoted name. */
  structures: Map<string, string>;
  /** Milliseconds the upstream was locked. */
  lockedMs: number;
}

/**
 * Seconds that a lock of ours may wait for statements under way upstream. While it waits, writes of others queue up behind
 * it, so this bounds how long the upstream can be held up.
 */
const LOCK_WAIT_SECONDS = 5;
const LOCK_ATTEMPTS = 5;
/**
 * A statement that runs for longer keeps FLUSH TABLES WITH READ LOCK waiting, and MySQL then holds up every new statement on
 * the same tables until the old one has ended, even when the FLUSH has given up. So we look before we flush.
 */
const LONG_STATEMENT_SECONDS = 1;
/** Time that long statements get to end before tables are locked one by one instead, or with `flush` before giving up. */
const LONG_STATEMENT_GRACE_MS = { auto: 5_000, flush: 60_000 };
const LONG_STATEMENT_POLL_MS = 500;

/** Pause between attempts, in which the upstream catches up. */
const LOCK_PAUSE_MS = 3_000;
/** Structures are read under the lock for no longer than this; those of the rest follow after it. */
const STRUCTURES_UNDER_LOCK_MS = 1_000;
/**
 * Seconds for which a reader waits for a table under the lock. A FLUSH TABLES of somebody else that meets our table locks
 * makes MySQL let nobody open these tables until we have unlocked them, even when that FLUSH has given up: without a limit
 * the readers would wait for the lock, and the lock for the readers.
 */
const READER_WAIT_SECONDS = 1;
/**
 * Without a lock a transaction may be counted in the binlog's position before its rows are visible. The snapshot is taken
 * this much later than the position, by when such a transaction has been committed.
 */
const UNLOCKED_MARGIN_MS = 1_000;

/** Errors by which servers and their hosted variants refuse FLUSH TABLES WITH READ LOCK. */
const DENIED = new Set([1044, 1045, 1064, 1142, 1227, 1235, 1290]);
const ER_LOCK_WAIT_TIMEOUT = 1205;
const ER_NO_SUCH_TABLE = 1146;

/**
 * Opens a consistent snapshot on all readers and reads the binlog position that belongs to it.
 *
 * @throws DmError 32004 when the lock is denied or cannot be had in time, 10003, 10005, 11125
 */
export async function takeSnapshot(options: SnapshotOptions): Promise<Snapshot> {
  await faultPoint('dump.before-snapshot');
  await tellOfPrepared(options.lockConnection, options.flavor, options.logger);
  if (options.consistency === 'none') return withoutLock(options);
  await onAll(options.readers, (reader) => reader.query(`SET SESSION lock_wait_timeout = ${READER_WAIT_SECONDS}`));
  if (options.consistency === 'lock') return withTableLocks(options);
  try {
    return await withGlobalLock(options);
  } catch (error) {
    if (!(error instanceof LockDenied)) throw error;
    if (options.consistency === 'flush') throw lockError(error);
    options.logger.warn('no global lock, locking the tables one by one instead', { reason: error.message });
    return withTableLocks(options);
  }
}

/** The lock was refused by the server (its cause is the server's error) or not to be had in time (a DmError). */
class LockDenied extends Error {}

function lockError(denied: LockDenied): DmError {
  return denied.cause instanceof DmError ? denied.cause : deniedError(denied.cause);
}

async function withGlobalLock(options: SnapshotOptions): Promise<Snapshot> {
  await waitForLongStatements(options);
  await acquire(options, 'FLUSH TABLES WITH READ LOCK', options.consistency === 'flush' ? LOCK_ATTEMPTS : 1);
  const since = Date.now();
  try {
    const objects = listObjects(options.lockConnection, options.filter);
    const metadata = objects.then(async () => ({ start: await masterStatus(options.lockConnection, options.flavor) }));
    return await underLock(options, objects, metadata, since);
  } finally {
    await unlock(options);
  }
}

async function withTableLocks(options: SnapshotOptions): Promise<Snapshot> {
  for (let attempt = 1; ; attempt++) {
    const wanted = await listObjects(options.lockConnection, options.filter);
    if (!(await lockTables(options, wanted.tables))) {
      if (attempt >= LOCK_ATTEMPTS) throw dmError(32004, [], { cause: new Error('tables keep being dropped') });
      continue;
    }
    const since = Date.now();
    try {
      const start = await position(options);
      const objects = await listObjects(options.lockConnection, options.filter);
      // A table that was made before the position was read, but after our list, would be lost.
      if (sameTables(objects.tables, wanted.tables)) {
        return await underLock(options, Promise.resolve(objects), Promise.resolve({ start }), since);
      }
      if (attempt >= LOCK_ATTEMPTS) throw dmError(32004, [], { cause: new Error('tables keep being created') });
    } finally {
      await unlock(options);
    }
  }
}

/** Waits until no statement has been running for long. @throws LockDenied when some still do */
async function waitForLongStatements(options: SnapshotOptions): Promise<void> {
  const grace = LONG_STATEMENT_GRACE_MS[options.consistency === 'flush' ? 'flush' : 'auto'];
  for (const since = Date.now(); await hasLongStatements(options.lockConnection);) {
    if (Date.now() - since >= grace) {
      throw new LockDenied('statements have been running for long', { cause: timeoutError(undefined) });
    }
    await sleep(LONG_STATEMENT_POLL_MS, undefined, { signal: options.signal });
  }
}

/** Whether a client's statement runs for long; without the PROCESS privilege only those of our own user are seen. */
async function hasLongStatements(connection: DbConnection): Promise<boolean> {
  const rows = await queryRows(connection, 'upstream', 'SHOW PROCESSLIST');
  return rows.some((row) => {
    const running = row['Command'] === 'Query' || row['Command'] === 'Execute';
    return running && row['User'] !== 'system user' && Number(row['Time']) >= LONG_STATEMENT_SECONDS;
  });
}

/** @returns false when one of the tables is gone by now */
async function lockTables(options: SnapshotOptions, tables: readonly DumpTable[]): Promise<boolean> {
  if (tables.length === 0) return true;
  const list = tables.map(({ schema, name }) => `${quoteTable(schema, name)} READ`).join(', ');
  try {
    await acquire(options, `LOCK TABLES ${list}`);
    return true;
  } catch (error) {
    if (error instanceof LockDenied) throw lockError(error);
    if (serverErrno(error) === ER_NO_SUCH_TABLE) return false;
    throw error;
  }
}

function position(options: SnapshotOptions): Promise<DumpMetadata['start']> {
  return masterStatus(options.lockConnection, options.flavor);
}

async function withoutLock(options: SnapshotOptions): Promise<Snapshot> {
  const start = await position(options);
  await sleep(UNLOCKED_MARGIN_MS, undefined, { signal: options.signal });
  await openSnapshots(options.readers);
  const exitSafe = await position(options);
  const objects = await listObjects(options.lockConnection, options.filter);
  const structures = new Map<string, string>();
  await readStructures(options, objects.tables, structures, Number.POSITIVE_INFINITY);
  await faultPoint('dump.after-snapshot');
  return { metadata: { start, exitSafe }, objects, structures, lockedMs: 0 };
}

/** What is done while the lock is held: as little as possible, and side by side. */
async function underLock(
  options: SnapshotOptions,
  objects: Promise<DumpObjects>,
  metadata: Promise<DumpMetadata>,
  since: number,
): Promise<Snapshot> {
  const [found, place] = await settleAll([objects, metadata, openSnapshots(options.readers)] as const);
  await faultPoint('dump.locked');
  const structures = new Map<string, string>();
  await readStructures(options, found.tables, structures, Date.now() + STRUCTURES_UNDER_LOCK_MS);
  await unlock(options);
  const lockedMs = Date.now() - since;
  await onAll(options.readers, (reader) => reader.query('SET SESSION lock_wait_timeout = DEFAULT'));
  const at = { tables: found.tables.length, position: formatPosition(place.start) };
  options.logger.info('snapshot taken', { lockedMs, ...at });
  await readStructures(options, found.tables, structures, Number.POSITIVE_INFINITY);
  await faultPoint('dump.after-snapshot');
  return { metadata: place, objects: found, structures, lockedMs };
}

/** Waits for all, also when one fails, so that no statement is left under way on a connection. */
async function settleAll<A, B, C>(work: readonly [Promise<A>, Promise<B>, Promise<C>]): Promise<[A, B, C]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

function openSnapshots(readers: readonly DbConnection[]): Promise<void> {
  return onAll(readers, (reader) => reader.query('START TRANSACTION /*!40108 WITH CONSISTENT SNAPSHOT */'));
}

/** Does the same on all; waits for all, also when one fails. */
async function onAll(readers: readonly DbConnection[], act: (reader: DbConnection) => Promise<unknown>): Promise<void> {
  const work = readers.map(act);
  await Promise.allSettled(work);
  await Promise.all(work);
}

/**
 * Reads CREATE TABLE of the tables not read yet, on all readers, until the deadline. Tables that are gone stay out, and
 * before a deadline those that cannot be opened: they are for later.
 */
async function readStructures(
  options: SnapshotOptions,
  tables: readonly DumpTable[],
  structures: Map<string, string>,
  deadline: number,
): Promise<void> {
  const waiting = tables.filter(({ schema, name }) => !structures.has(quoteTable(schema, name)));
  let next = 0;
  await onAll(options.readers, async (reader) => {
    while (next < waiting.length && Date.now() < deadline) {
      const table = waiting[next++];
      try {
        structures.set(quoteTable(table.schema, table.name), await showCreateTable(reader, table));
      } catch (error) {
        const isLater = serverErrno(error) === ER_LOCK_WAIT_TIMEOUT && Number.isFinite(deadline);
        if (serverErrno(error) !== ER_NO_SUCH_TABLE && !isLater) throw error;
      }
    }
  });
}

async function acquire(options: SnapshotOptions, sql: string, attempts = LOCK_ATTEMPTS): Promise<void> {
  const { lockConnection, logger, signal } = options;
  await lockConnection.query(`SET SESSION lock_wait_timeout = ${LOCK_WAIT_SECONDS}`);
  for (let attempt = 1; ; attempt++) {
    try {
      await lockConnection.query(sql);
      return;
    } catch (error) {
      const errno = serverErrno(error) ?? 0;
      if (DENIED.has(errno)) throw new LockDenied('lock denied', { cause: error });
      if (errno !== ER_LOCK_WAIT_TIMEOUT) throw databaseError(error, { scope: 'upstream', kind: 'query', sql });
      if (attempt >= attempts)
        throw new LockDenied('the lock could not be had in time', { cause: timeoutError(error) });
      logger.warn('the lock has to wait for long statements upstream, trying again', { attempt });
    }
    await sleep(LOCK_PAUSE_MS, undefined, { signal });
  }
}

async function unlock(options: SnapshotOptions): Promise<void> {
  try {
    await options.lockConnection.query('UNLOCK TABLES');
  } catch (error) {
    // A lost connection holds no lock; whether its failure matters shows elsewhere.
    options.logger.debug('UNLOCK TABLES failed', { error: (error as Error).message });
  }
}

function deniedError(cause: unknown): DmError {
  return dmError(32004, [], {
    cause,
    scope: 'upstream',
    workaround:
      'Please grant the RELOAD privilege (or LOCK TABLES on the tables) to the upstream user, or set `--consistency none` in `extra-args` of the dump configuration.',
  });
}

function timeoutError(cause: unknown): DmError {
  return dmError(32004, [], {
    cause,
    scope: 'upstream',
    workaround:
      'Statements or transactions upstream keep the tables busy. Please wait until they have ended (see SHOW PROCESSLIST and XA RECOVER) and resume the task, or set `--consistency lock` or `--consistency none` in `extra-args` of the dump configuration.',
  });
}

function sameTables(left: readonly DumpTable[], right: readonly DumpTable[]): boolean {
  if (left.length !== right.length) return false;
  const names = new Set(left.map(({ schema, name }) => quoteTable(schema, name)));
  return right.every(({ schema, name }) => names.has(quoteTable(schema, name)));
}
