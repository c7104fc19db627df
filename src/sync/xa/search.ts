import { randomInt } from 'node:crypto';
import { openBinlogStream } from '../../binlog/stream.js';
import type { DatabaseConfig, Flavor } from '../../config/types.js';
import { dmError } from '../../errors/dm-error.js';
import type { Logger } from '../../log/logger.js';
import { comparePositions, FIRST_EVENT_POSITION } from '../../mysql/position.js';
import { binlogFiles } from '../../mysql/server-info.js';
import type { Ask } from '../control.js';
import type { PreparedXa } from '../events.js';

/** Options of {@link findPrepared}. */
export interface SearchOptions {
  source: DatabaseConfig;
  flavor: Flavor;
  upstream: Ask;
  logger: Logger;
  signal: AbortSignal;
}

/** Bytes of binlog that are looked through: some minutes of reading. */
const MAX_SEARCH_BYTES = 32 * 1024 * 1024 * 1024;

const HEARTBEAT_MS = 1_000;

/** A server id that no task has. */
export function ownServerId(): number {
  return randomInt(1 << 30, 0xffffffff);
}

/**
 * Finds the group of an XA transaction that was prepared before the task began, in the binlog before its commit: file by
 * file, the newest first, since most are committed soon.
 *
 * @param before where it is committed, on the server that is asked now
 * @throws DmError 36069 when it is not found; those of the connection
 */
export async function findPrepared(
  xid: string,
  before: { name: string; pos: number },
  options: SearchOptions,
): Promise<PreparedXa> {
  const all = await options.upstream((connection) => binlogFiles(connection));
  const at = all.findIndex(({ name }) => name === before.name);
  const files = all.slice(0, at + 1).toReversed();
  let bytes = 0;
  for (const { name, size } of files) {
    if (bytes > MAX_SEARCH_BYTES) break;
    options.logger.info('looking for the begin of an XA transaction', { xid, binlog: name, searchedBytes: bytes });
    const found = await searchFile(xid, name, before, options);
    // What was lost with a broken-down upstream is open for ever; what has ended is not what is committed here.
    if (found === 'ended') break;
    if (found !== undefined) return found;
    bytes += name === before.name ? before.pos : size;
  }
  throw dmError(36069, [`the XA transaction ${xid}`], {
    cause: new Error(
      `it is committed at (${before.name}, ${before.pos}), but was prepared before the task began, and its rows are not ` +
        `in the ${files.length === 0 ? 'binlog' : `binlogs from ${files.at(-1)?.name ?? ''} on`}`,
    ),
    workaround:
      'Please migrate in full again. If the transaction changed none of the migrated tables, stop the task and go on behind it: `start-task --start-time`.',
  });
}

/** What the last group of the transaction in the file is. */
async function searchFile(
  xid: string,
  name: string,
  before: { name: string; pos: number },
  options: SearchOptions,
): Promise<PreparedXa | 'ended' | undefined> {
  const { source, flavor, logger, signal } = options;
  const stream = await openBinlogStream({
    source,
    flavor,
    serverId: ownServerId(),
    start: { name, pos: FIRST_EVENT_POSITION, gtidSet: '' },
    useGtid: false,
    lookup: () => undefined,
    logger,
    signal,
    heartbeatMs: HEARTBEAT_MS,
  });
  let found: PreparedXa | 'ended' | undefined;
  try {
    for await (const event of stream) {
      if (event.end.name !== name || comparePositions(event.end, before) > 0) return found;
      if (event.type !== 'commit' || event.xa === undefined) continue;
      if ('ended' in event.xa) found = event.xa.ended === xid ? 'ended' : found;
      // By position: the place was found on this server.
      else if (event.xa.prepared.xid === xid) found = { ...event.xa.prepared, gtid: '' };
    }
  } finally {
    await stream.close();
  }
  signal.throwIfAborted();
  return found;
}
