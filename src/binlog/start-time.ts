import type { DatabaseConfig, Flavor } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import type { Logger } from '../log/logger.js';
import { closeConnection, driverOptions, openConnection, queryRows, type DbConnection } from '../mysql/connect.js';
import { databaseError, isConnectionError } from '../mysql/errors.js';
import { comparePositions, FIRST_EVENT_POSITION } from '../mysql/position.js';
import { quoteString } from '../mysql/quote.js';
import { binlogFiles, masterStatus } from '../mysql/server-info.js';
import type { BinlogEvent, BinlogLocation } from '../sync/events.js';
import { EventType } from './constants.js';
import { parseHeader } from './frame.js';
import { openBinlogStream } from './stream.js';
import { startDump, type Dump } from './transport.js';

/** Options of {@link findStartTime}. */
export interface StartTimeOptions {
  source: DatabaseConfig;
  flavor: Flavor;
  serverId: number;
  /** Whether the place is to be found again by its GTID set. */
  useGtid: boolean;
  logger: Logger;
  signal?: AbortSignal;
}

/** Milliseconds between heartbeats while the end of the binlog is waited for. */
const HEARTBEAT_MS = 1_000;

/**
 * Finds the first transaction that was committed at a time or later, in the upstream's own time zone. A time before all
 * binlogs gives the begin of the first.
 *
 * @param time as `readStartTime` gives it
 * @returns the place behind the transaction before it
 * @throws DmError 20057 when the binlog ends before the time; 10001 to 10005, 11125, 36069 for trouble with the upstream
 */
export async function findStartTime(time: string, options: StartTimeOptions): Promise<BinlogLocation> {
  const { source, flavor, signal } = options;
  const connection = await openConnection(source, { role: 'upstream', ...(signal === undefined ? {} : { signal }) });
  try {
    const seconds = await epochSeconds(connection, time);
    const files = (await binlogFiles(connection)).map(({ name }) => name);
    const end = await masterStatus(connection, flavor);
    const file = await lastFileBefore(files, seconds, options);
    if (file === undefined) return { name: files[0] ?? end.name, pos: FIRST_EVENT_POSITION, gtidSet: '' };
    const found = await scan(file, seconds, end, options);
    if (found !== undefined) return found;
    throw dmError(20057, [time]);
  } finally {
    await closeConnection(connection);
  }
}

/** The server knows its zone's rules, summer time included. */
async function epochSeconds(connection: DbConnection, time: string): Promise<number> {
  await queryRows(connection, 'upstream', 'SET time_zone = @@GLOBAL.time_zone');
  const [row] = await queryRows(connection, 'upstream', `SELECT UNIX_TIMESTAMP(${quoteString(time)}) AS seconds`);
  return Number(row?.['seconds']);
}

/** The last file that was begun before the time: the transaction is in it, or in a later one. */
async function lastFileBefore(
  files: readonly string[],
  seconds: number,
  options: StartTimeOptions,
): Promise<string | undefined> {
  let low = 0;
  let high = files.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const created = await creationTime(files[middle] ?? '', options);
    if (created < seconds) low = middle + 1;
    else high = middle;
  }
  return files[low - 1];
}

/** Seconds since the epoch at which a file was begun: every file begins with its format description. */
async function creationTime(name: string, options: StartTimeOptions): Promise<number> {
  const { source, flavor, serverId, signal } = options;
  let dump: Dump | undefined;
  const created = new Promise<number>((resolve, reject) => {
    const aborted = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', aborted, { once: true });
    const connection = driverOptions(source, { role: 'upstream' });
    const place = { name, pos: FIRST_EVENT_POSITION };
    dump = startDump(
      { connection, security: source.security, flavor, serverId, heartbeatMs: HEARTBEAT_MS, ...place },
      {
        event: (bytes) => {
          const { type, timestamp } = parseHeader(bytes);
          if (type === EventType.formatDescription) resolve(timestamp);
        },
        end: (error) => reject(readError(error, name)),
      },
    );
  });
  try {
    return await created;
  } finally {
    await dump?.stop();
  }
}

function readError(error: Error | undefined, name: string): Error {
  if (error === undefined || isConnectionError(error)) {
    return databaseError(error ?? new Error('the upstream ended the stream'), { scope: 'upstream', kind: 'query' });
  }
  return dmError(36069, [`reading ${name}`], { cause: error });
}

/** Reads from the begin of a file up to the end of the binlog, as it is now, and stops at the first group to be taken. */
async function scan(
  file: string,
  seconds: number,
  end: BinlogLocation,
  options: StartTimeOptions,
): Promise<BinlogLocation | undefined> {
  const start: BinlogLocation = { name: file, pos: FIRST_EVENT_POSITION, gtidSet: '' };
  const stream = await openBinlogStream({ ...options, start, lookup: () => undefined, heartbeatMs: HEARTBEAT_MS });
  try {
    let before = start;
    for await (const event of stream) {
      if (event.type === 'commit') before = event.location;
      if (event.type === 'gtid' && commitSeconds(event) >= seconds) return before;
      if (event.type !== 'gtid' && event.end.name !== '' && comparePositions(event.end, end) >= 0) return undefined;
    }
    return undefined;
  } finally {
    await stream.close();
  }
}

/** When a group was committed: its event says when its last statement began, servers from MySQL 8 on more than that. */
function commitSeconds({ timestamp, commitMicros = 0 }: Extract<BinlogEvent, { type: 'gtid' }>): number {
  return Math.max(timestamp, Math.floor(commitMicros / 1_000_000));
}
