import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { DatabaseConfig } from '../config/types.js';
import { dmError, type DmError } from '../errors/dm-error.js';
import type { Logger } from '../log/logger.js';
import { driverOptions } from '../mysql/connect.js';
import { databaseError, isConnectionError, serverErrno } from '../mysql/errors.js';
import { formatPosition } from '../mysql/position.js';
import type { EventReader, EventStream, HeldRows, RowsEvent, StructureLookup } from '../sync/events.js';
import { decodeAll } from './decode-all.js';
import { BinlogDecoder } from './decoder.js';
import { isSilent } from './liveness.js';
import { PacketQueue } from './packet-queue.js';
import { PURGED_ADVICE, planStart, type StartOptions, type StartPlan } from './start-plan.js';
import { startDump, type Dump } from './transport.js';
import type { XaRowsRequest } from './xa.js';

/** Options of {@link openBinlogStream}. */
export interface BinlogStreamOptions extends StartOptions {
  /** Identity towards the upstream; another one is taken when some other reader uses it. */
  serverId: number;
  lookup: StructureLookup;
  /** Who knows the rows of prepared XA transactions. Undefined: they are handed on where they stand. */
  xa?: XaSource;
  logger: Logger;
  /** Bytes read ahead of the consumer. Default 16 MiB. One event may exceed it. */
  maxBufferedBytes?: number;
  /** Milliseconds between heartbeats of an idle upstream. Default 30000. */
  heartbeatMs?: number;
  /** Milliseconds without a byte after which the connection counts as dead. Default 60000, twice the heartbeat. */
  silenceLimitMs?: number;
}

/** Knows the rows of prepared XA transactions when they are committed. */
export interface XaSource {
  /** Bytes of rows of one transaction that are handed over with its preparing. */
  readonly maxBytes: number;
  /**
   * Rows of the transaction that is committed now.
   * @param signal ends the reading of them
   */
  rows(
    request: XaRowsRequest,
    lookup: StructureLookup,
    signal: AbortSignal,
  ): readonly HeldRows[] | AsyncIterable<RowsEvent>;
}

const DEFAULT_BUFFER = 16 << 20;
const DEFAULT_HEARTBEAT_MS = 30_000;
const DEFAULT_SILENCE_MS = 60_000;
const WATCH_INTERVAL_MS = 1_000;

/**
 * Opens the upstream's binlog at a place. The stream ends with an error when the connection is lost, after the events that
 * had come: the caller opens a new one at its last commit.
 * @throws DmError 10001, 10002 (connection); 36069 (the place cannot be read, with what to do)
 */
export async function openBinlogStream(options: BinlogStreamOptions): Promise<EventStream> {
  options.signal?.throwIfAborted();
  const plan = await planStart(options);
  options.signal?.throwIfAborted();
  return new ServerEventStream(options, plan);
}

/** Server ids that some other reader of the same server was found to use, by host and port. */
const takenServerIds = new Map<string, Set<number>>();

function freeServerId(source: DatabaseConfig, wanted: number): number {
  const taken = takenServerIds.get(`${source.host}:${source.port}`);
  return taken?.has(wanted) === true ? randomInt(1 << 30, 0xffffffff) : wanted;
}

function rememberTaken(source: DatabaseConfig, serverId: number): void {
  const key = `${source.host}:${source.port}`;
  const taken = takenServerIds.get(key) ?? new Set();
  takenServerIds.set(key, taken.add(serverId));
}

/** A stream of one server, from one connection. */
class ServerEventStream implements EventStream {
  private readonly options: BinlogStreamOptions;
  private readonly decoder: BinlogDecoder;
  private readonly queue: PacketQueue;
  private readonly dump: Dump;
  private readonly serverId: number;
  private readonly watch: NodeJS.Timeout;
  private readonly onAbort = (): void => void this.close();
  private traffic = { lastByteAt: 0, resumedAt: 0, paused: false };
  private bytesSeen = 0;
  private closing: Promise<void> | undefined;
  private readonly closed = new AbortController();

  constructor(options: BinlogStreamOptions, plan: StartPlan) {
    this.options = options;
    this.decoder = new BinlogDecoder({ ...plan.decoder, holdXaBytes: options.xa?.maxBytes });
    this.serverId = freeServerId(options.source, options.serverId);
    this.queue = new PacketQueue(options.maxBufferedBytes ?? DEFAULT_BUFFER, {
      pause: () => this.setPaused(true),
      resume: () => this.setPaused(false),
    });
    const now = performance.now();
    this.traffic = { lastByteAt: now, resumedAt: now, paused: false };
    const { flavor, source, heartbeatMs = DEFAULT_HEARTBEAT_MS } = options;
    const connection = driverOptions(source, { role: 'upstream' });
    this.dump = startDump(
      { connection, security: source.security, flavor, serverId: this.serverId, heartbeatMs, ...plan.request },
      {
        event: (bytes) => this.queue.push(bytes),
        end: (error) => this.ended(error),
      },
    );
    this.watch = setInterval(() => this.checkSilence(), WATCH_INTERVAL_MS);
    this.watch.unref();
    options.signal?.addEventListener('abort', this.onAbort, { once: true });
    options.logger.info('reading the binlog', {
      serverId: this.serverId,
      place: formatPosition(plan.request),
      gtidSet: plan.request.gtidSet,
    });
  }

  [Symbol.asyncIterator](): EventReader {
    const source = { next: () => this.queue.poll() ?? this.queue.take(), close: () => this.close() };
    const { lookup, xa } = this.options;
    return decodeAll(source, this.decoder, lookup, (request) => xa?.rows(request, lookup, this.closed.signal) ?? []);
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    clearInterval(this.watch);
    this.closed.abort();
    this.options.signal?.removeEventListener('abort', this.onAbort);
    this.queue.abandon();
    await this.dump.stop();
  }

  private setPaused(paused: boolean): void {
    this.traffic.paused = paused;
    if (paused) {
      this.dump.pause();
    } else {
      this.traffic.resumedAt = performance.now();
      this.dump.resume();
    }
  }

  private checkSilence(): void {
    const now = performance.now();
    const bytes = this.dump.bytesRead();
    if (bytes !== this.bytesSeen) {
      this.bytesSeen = bytes;
      this.traffic.lastByteAt = now;
    }
    const limit = this.options.silenceLimitMs ?? DEFAULT_SILENCE_MS;
    if (!isSilent(this.traffic, now, limit)) return;
    const silence = Object.assign(new Error(`no byte from the upstream for ${limit} ms`), { code: 'ETIMEDOUT' });
    this.ended(silence);
    void this.dump.stop();
  }

  private ended(error: Error | undefined): void {
    clearInterval(this.watch);
    this.queue.finish(this.closing === undefined ? this.streamError(error) : undefined);
  }

  private streamError(error: Error | undefined): DmError {
    if (error === undefined) {
      return dmError(10003, [], { scope: 'upstream', cause: new Error('the upstream ended the binlog stream') });
    }
    if (isConnectionError(error)) return databaseError(error, { scope: 'upstream', kind: 'query' });
    const errno = serverErrno(error) ?? (error as Error & { errno?: number }).errno;
    if (errno === undefined) return dmError(36069, [error.message], { cause: error });
    if (/same server_(uuid|id)|same server[-_ ]id/i.test(error.message)) {
      rememberTaken(this.options.source, this.serverId);
      // A new connection takes another id, so this is cured by connecting again.
      return dmError(10003, [], { scope: 'upstream', cause: error });
    }
    const place = formatPosition(this.decoder.position);
    const workaround = adviceFor(errno, error.message);
    return dmError(
      36069,
      [`reading at ${place}`],
      workaround === undefined ? { cause: error } : { cause: error, workaround },
    );
  }
}

const ER_MASTER_FATAL_ERROR_READING_BINLOG = 1236;
const ER_ACCESS_DENIED = [1045, 1227];

function adviceFor(errno: number, message: string): string | undefined {
  if (ER_ACCESS_DENIED.includes(errno))
    return 'Please grant REPLICATION SLAVE and REPLICATION CLIENT to the user of the source.';
  if (errno !== ER_MASTER_FATAL_ERROR_READING_BINLOG) return undefined;
  if (/not open/i.test(message)) return 'Please start the upstream with its binlog on (log_bin).';
  if (/max_allowed_packet/i.test(message)) return 'Please raise max_allowed_packet on the upstream.';
  if (/purged|could not find|not find GTID/i.test(message)) return PURGED_ADVICE;
  return 'Please check the start position against SHOW BINARY LOGS of the upstream.';
}
