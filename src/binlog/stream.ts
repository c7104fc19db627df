import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { DatabaseConfig, Flavor } from '../config/types.js';
import { dmError, type DmError } from '../errors/dm-error.js';
import type { Logger } from '../log/logger.js';
import {
  closeConnection,
  driverOptions,
  openConnection,
  queryRows,
  type ConnectOptions,
  type DbConnection,
} from '../mysql/connect.js';
import { databaseError, isConnectionError, serverErrno } from '../mysql/errors.js';
import { MysqlGtidSet, parseGtidSet, type GtidSet } from '../mysql/gtid-set.js';
import { FIRST_EVENT_POSITION, formatPosition } from '../mysql/position.js';
import { quoteString } from '../mysql/quote.js';
import type { BinlogEvent, BinlogLocation, EventStream, StructureLookup } from '../sync/events.js';
import { decodeAll } from './decode-all.js';
import { BinlogDecoder, type DecoderOptions } from './decoder.js';
import { isSilent } from './liveness.js';
import { PacketQueue } from './packet-queue.js';
import { startDump, type Dump, type DumpRequest } from './transport.js';

/** Options of {@link openBinlogStream}. */
export interface BinlogStreamOptions {
  source: DatabaseConfig;
  flavor: Flavor;
  /** Identity towards the upstream; another one is taken when some other reader uses it. */
  serverId: number;
  /** First place to read from: behind a transaction, or a GTID set alone. */
  start: BinlogLocation | { gtidSet: string };
  /** Start by GTID set where the server has GTIDs; the position counts otherwise. */
  useGtid: boolean;
  lookup: StructureLookup;
  logger: Logger;
  signal?: AbortSignal;
  /** Bytes read ahead of the consumer. Default 16 MiB. One event may exceed it. */
  maxBufferedBytes?: number;
  /** Milliseconds between heartbeats of an idle upstream. Default 30000. */
  heartbeatMs?: number;
  /** Milliseconds without a byte after which the connection counts as dead. Default 60000, twice the heartbeat. */
  silenceLimitMs?: number;
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
  return new ServerEventStream(options, plan);
}

/** How to ask for the place to start at. */
interface StartPlan {
  request: Pick<DumpRequest, 'gtidSet' | 'name' | 'pos'>;
  decoder: DecoderOptions;
}

/** Highest position that the plain dump command can name. */
const MAX_DUMP_POSITION = 0xffffffff;

async function planStart(options: BinlogStreamOptions): Promise<StartPlan> {
  const { flavor, start, useGtid } = options;
  const place = 'name' in start ? start : { name: '', pos: 0, gtidSet: start.gtidSet };
  const executed = parseGtidSet(flavor, place.gtidSet);
  const byGtid = place.name === '' || (useGtid && !executed.isEmpty());
  const session: ConnectOptions = { role: 'upstream' };
  if (options.signal !== undefined) session.signal = options.signal;
  const connection = await openConnection(options.source, session);
  try {
    if (byGtid) {
      await checkGtidStart(connection, flavor, executed);
      const request = { gtidSet: executed.toString(), name: place.name, pos: place.pos };
      return { request, decoder: { start: { name: '', pos: FIRST_EVENT_POSITION }, executed } };
    }
    return await planPositionStart(connection, options, place, executed);
  } finally {
    await closeConnection(connection);
  }
}

async function planPositionStart(
  connection: DbConnection,
  options: BinlogStreamOptions,
  place: BinlogLocation,
  known: GtidSet,
): Promise<StartPlan> {
  const { name } = place;
  const pos = Math.max(place.pos, FIRST_EVENT_POSITION);
  const start = { name, pos };
  let executed: GtidSet | undefined = known.isEmpty() ? undefined : known;
  if (executed === undefined && options.useGtid && options.flavor === 'mariadb') {
    executed = await mariadbSetAt(connection, start);
  }
  const collect = executed === undefined && options.useGtid && (await mysqlHasGtids(connection, options.flavor));
  if ((collect || pos > MAX_DUMP_POSITION) && pos > FIRST_EVENT_POSITION) {
    // From the start of the file: its Previous_gtids event and the GTIDs up to the place make the set.
    const first = { name, pos: FIRST_EVENT_POSITION };
    const decoder: DecoderOptions = { start: first, skipTo: start };
    if (executed !== undefined) decoder.executed = executed;
    return { request: first, decoder };
  }
  const decoder: DecoderOptions = { start };
  if (executed !== undefined) decoder.executed = executed;
  return { request: start, decoder };
}

async function mariadbSetAt(
  connection: DbConnection,
  place: { name: string; pos: number },
): Promise<GtidSet | undefined> {
  const sql = `SELECT BINLOG_GTID_POS(${quoteString(place.name)}, ${place.pos}) AS gtid`;
  const [row] = await queryRows(connection, 'upstream', sql);
  const text = row?.['gtid'] as string | null | undefined;
  return text === null || text === undefined ? undefined : parseGtidSet('mariadb', text);
}

async function mysqlHasGtids(connection: DbConnection, flavor: Flavor): Promise<boolean> {
  if (flavor !== 'mysql') return false;
  const [row] = await queryRows(connection, 'upstream', "SHOW GLOBAL VARIABLES LIKE 'gtid_mode'");
  return row !== undefined && String(row['Value']).toUpperCase() !== 'OFF';
}

const GTID_SETTLE_MS = 1_000;

/** Tells at once when the upstream cannot go on from a set: transactions purged, or a history of its own. */
async function checkGtidStart(connection: DbConnection, flavor: Flavor, set: GtidSet): Promise<void> {
  if (flavor !== 'mysql') return;
  const read = async (): Promise<{ purged: GtidSet; executed: GtidSet }> => {
    const sql = 'SELECT @@GLOBAL.gtid_purged AS purged, @@GLOBAL.gtid_executed AS executed';
    const [row] = await queryRows(connection, 'upstream', sql);
    return {
      purged: MysqlGtidSet.parse((row?.['purged'] ?? '') as string),
      executed: MysqlGtidSet.parse((row?.['executed'] ?? '') as string),
    };
  };
  let { purged, executed } = await read();
  if (!executed.contains(set)) {
    // A transaction is in the binlog shortly before it counts as executed, and we may just have read it.
    await new Promise((resolve) => setTimeout(resolve, GTID_SETTLE_MS));
    ({ purged, executed } = await read());
  }
  if (!executed.contains(set)) {
    throw dmError(36069, ['the upstream lacks transactions that were replicated already'], {
      cause: new Error(`not executed on the upstream: ${set.subtract(executed).toString()}`),
      workaround: 'Please check that the source is the right server and was not reset or rolled back.',
    });
  }
  if (!set.contains(purged)) {
    throw dmError(36069, ['the upstream has purged binlogs that are still needed'], {
      cause: new Error(`purged GTIDs that were not replicated: ${purged.subtract(set).toString()}`),
      workaround: PURGED_ADVICE,
    });
  }
}

const PURGED_ADVICE =
  'Please restore the purged binlogs, or migrate in full again: the binlogs needed to go on are gone from the upstream.';

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

  constructor(options: BinlogStreamOptions, plan: StartPlan) {
    this.options = options;
    this.decoder = new BinlogDecoder(plan.decoder);
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
      { connection, flavor, serverId: this.serverId, heartbeatMs, ...plan.request },
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

  [Symbol.asyncIterator](): AsyncGenerator<BinlogEvent, void, undefined> {
    const source = { next: () => this.queue.poll() ?? this.queue.take(), close: () => this.close() };
    return decodeAll(source, this.decoder, this.options.lookup);
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    clearInterval(this.watch);
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
  if (/max_allowed_packet/i.test(message)) return 'Please raise max_allowed_packet on the upstream.';
  if (/purged|could not find|not find GTID/i.test(message)) return PURGED_ADVICE;
  return 'Please check the start position against SHOW BINARY LOGS of the upstream.';
}
