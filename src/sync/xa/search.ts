import { randomInt } from 'node:crypto';
import { openBinlogStream } from '../../binlog/stream.js';
import type { DatabaseConfig, Flavor } from '../../config/types.js';
import { dmError } from '../../errors/dm-error.js';
import type { Logger } from '../../log/logger.js';
import { comparePositions, FIRST_EVENT_POSITION, formatPosition } from '../../mysql/position.js';
import { binlogFiles } from '../../mysql/server-info.js';
import type { Ask } from '../control.js';
import type { PreparedXa, XaStep } from '../events.js';
import type { PreparedTransactions } from './prepared.js';

/** Options of {@link findPrepared}. */
export interface SearchOptions {
  source: DatabaseConfig;
  flavor: Flavor;
  /** Learns of all that are found to be open, so that each binlog is looked through once. */
  prepared: Pick<PreparedTransactions, 'learn'>;
  upstream: Ask;
  logger: Logger;
  signal: AbortSignal;
}

/** What a binlog file says of XA transactions. */
interface FileContent {
  /** Prepared in it and not ended in it, by xid. */
  open: Map<string, PreparedXa>;
  /** Ended in it and not prepared in it. */
  ended: Set<string>;
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
  const ended = new Set<string>();
  let bytes = 0;
  for (const { name, size } of files) {
    if (bytes > MAX_SEARCH_BYTES) break;
    options.logger.info('looking for the begin of an XA transaction', { xid, binlog: name, searchedBytes: bytes });
    const content = await readFile(name, before, options);
    for (const [other, found] of content.open) if (!ended.has(other)) options.prepared.learn(found);
    const found = content.open.get(xid);
    if (found !== undefined && !ended.has(xid)) return found;
    for (const other of content.ended) ended.add(other);
    bytes += name === before.name ? before.pos : size;
  }
  throw dmError(36069, [`the XA transaction ${xid}`], {
    cause: new Error(
      `it is committed at ${formatPosition(before)}, but was prepared before the task began, and its rows are not ` +
        `in the ${files.length === 0 ? 'binlog' : `binlogs from ${files.at(-1)?.name ?? ''} on`}`,
    ),
    workaround:
      'Please migrate in full again. If the transaction changed none of the migrated tables, stop the task and go on behind it: `start-task --start-time`.',
  });
}

async function readFile(
  name: string,
  before: { name: string; pos: number },
  { source, flavor, logger, signal }: SearchOptions,
): Promise<FileContent> {
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
  const content: FileContent = { open: new Map(), ended: new Set() };
  try {
    for await (const event of stream) {
      if (event.end.name !== name || comparePositions(event.end, before) > 0) return content;
      if (event.type === 'commit' && event.xa !== undefined) take(event.xa, content);
    }
  } finally {
    await stream.close();
  }
  signal.throwIfAborted();
  return content;
}

function take(step: XaStep, { open, ended }: FileContent): void {
  if ('prepared' in step) {
    // By position: the place was found on this server.
    open.set(step.prepared.xid, { ...step.prepared, gtid: '' });
  } else if (!open.delete(step.ended)) {
    ended.add(step.ended);
  }
}
