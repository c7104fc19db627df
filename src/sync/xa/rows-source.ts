import { openBinlogStream, type XaSource } from '../../binlog/stream.js';
import type { XaRowsRequest } from '../../binlog/xa.js';
import type { DatabaseConfig, Flavor } from '../../config/types.js';
import { DmError, dmError } from '../../errors/dm-error.js';
import type { Logger } from '../../log/logger.js';
import { queryRows } from '../../mysql/connect.js';
import { isRetryable } from '../../mysql/errors.js';
import { MysqlGtidSet } from '../../mysql/gtid-set.js';
import { comparePositions, formatPosition } from '../../mysql/position.js';
import type { Ask } from '../control.js';
import type { BinlogEvent, EventStream, HeldRows, PreparedXa, RowsEvent, StructureLookup } from '../events.js';
import type { PreparedTransactions } from './prepared.js';
import { findPrepared, ownServerId } from './search.js';

/** Options of {@link XaRowsReader}. */
export interface XaRowsReaderOptions {
  source: DatabaseConfig;
  flavor: Flavor;
  useGtid: boolean;
  prepared: PreparedTransactions;
  /** Bytes of rows of one transaction that are held until its end is known. */
  maxBytes: number;
  /** Questions to the upstream. */
  upstream: Ask;
  logger: Logger;
}

/**
 * How a group is found: by position at once, on the server where it was read before; by GTID on any, which goes through a
 * whole file there.
 */
type Way = 'position' | 'gtid';

/** Bytes of binlog read ahead. */
const READ_AHEAD_BYTES = 2 * 1024 * 1024;

/**
 * Finds the rows of XA transactions when they are committed. What is not held is read again, from the place of its group, on
 * a connection of its own with a server id of its own: by that of the stream, the server would end the stream.
 */
export class XaRowsReader implements XaSource {
  readonly #options: XaRowsReaderOptions;

  constructor(options: XaRowsReaderOptions) {
    this.#options = options;
  }

  /** {@link XaSource.maxBytes} */
  get maxBytes(): number {
    return this.#options.maxBytes;
  }

  /**
   * {@link XaSource.rows}
   * @throws DmError 36069 when the group is not in the upstream's binlog any more; those of the connection
   */
  rows(
    request: XaRowsRequest,
    lookup: StructureLookup,
    signal: AbortSignal,
  ): readonly HeldRows[] | AsyncIterable<RowsEvent> {
    const known = request.group ?? this.#options.prepared.find(request.xid);
    return known?.rows ?? this.#readAgain(request, known, lookup, signal);
  }

  async *#readAgain(
    request: XaRowsRequest,
    known: PreparedXa | undefined,
    lookup: StructureLookup,
    signal: AbortSignal,
  ): AsyncGenerator<RowsEvent, void, undefined> {
    const place = known ?? (await findPrepared(request.xid, request.start, { ...this.#options, signal }));
    const xid = place.xid === '' ? request.xid : place.xid;
    this.#options.logger.info('rows of an XA transaction are read again', { xid, place: formatPosition(place.begin) });
    const prepared = request.group === undefined ? place.xid : '';
    const ways: Way[] = this.#options.useGtid && place.gtid !== '' ? ['position', 'gtid'] : ['position'];
    for (const way of ways) {
      let stream: EventStream | undefined;
      let begun = false;
      try {
        stream = await this.#open(place, way, lookup, signal);
        for await (const event of groupRows(stream, place, way, prepared)) {
          begun = true;
          yield event;
        }
        signal.throwIfAborted();
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (begun || way === ways.at(-1) || isRetryable(error)) throw this.#unreadable(xid, place, error);
        this.#options.logger.info('the place is looked for by its GTID', { xid, error: String(error) });
      } finally {
        await stream?.close();
      }
    }
  }

  async #open(place: PreparedXa, way: Way, lookup: StructureLookup, signal: AbortSignal): Promise<EventStream> {
    const { source, flavor, logger } = this.#options;
    const useGtid = way === 'gtid';
    return openBinlogStream({
      source,
      flavor,
      serverId: ownServerId(),
      start: useGtid ? { gtidSet: await this.#setBefore(place) } : { ...place.begin, gtidSet: '' },
      useGtid,
      lookup,
      logger,
      signal,
      maxBufferedBytes: READ_AHEAD_BYTES,
    });
  }

  /** MySQL sends all that is not in a set, so everything but the group is; MariaDB what stands behind a set. */
  async #setBefore({ gtid, gtidBefore }: PreparedXa): Promise<string> {
    if (this.#options.flavor === 'mariadb') return gtidBefore;
    const [row] = await this.#options.upstream((connection) =>
      queryRows(connection, 'upstream', 'SELECT @@GLOBAL.gtid_executed AS executed'),
    );
    return MysqlGtidSet.parse(String(row?.['executed'] ?? ''))
      .subtract(MysqlGtidSet.parse(gtid))
      .toString();
  }

  #unreadable(xid: string, place: PreparedXa, error: unknown): unknown {
    if (isRetryable(error) || (error instanceof DmError && error.code !== 36069)) return error;
    const at = place.gtid === '' ? formatPosition(place.begin) : `${formatPosition(place.begin)}, GTID ${place.gtid}`;
    const workaround = error instanceof DmError ? error.workaround : undefined;
    return dmError(36069, [`the XA transaction ${xid}, prepared at ${at}`], {
      cause: error,
      ...(workaround === undefined ? {} : { workaround }),
    });
  }
}

/**
 * The rows of one group of a stream that begins at it, or before it.
 * @param prepared the xid that the group prepares, empty for a group that commits in one phase
 */
async function* groupRows(
  stream: EventStream,
  place: PreparedXa,
  way: Way,
  prepared: string,
): AsyncGenerator<RowsEvent, void, undefined> {
  let inGroup = false;
  for await (const event of stream) {
    if (event.type === 'gtid') inGroup = isGroup(event, place, way);
    else if (!inGroup) continue;
    else if (event.type === 'rows') yield event;
    else if (event.type === 'commit') {
      const xid = event.xa !== undefined && 'prepared' in event.xa ? event.xa.prepared.xid : '';
      if (xid === prepared) return;
      throw new Error(`the group there is another one: ${xid === '' ? 'no prepared transaction' : xid}`);
    }
  }
}

/** @throws when the group must have come by now */
function isGroup(event: Extract<BinlogEvent, { type: 'gtid' }>, place: PreparedXa, way: Way): boolean {
  if (way === 'position') {
    const isSame = place.gtid === '' || event.gtid === undefined || event.gtid === place.gtid;
    if (isSame && comparePositions(event.start, place.begin) === 0) return true;
    throw new Error(`the group is not there, the next one is ${event.gtid ?? ''} at ${formatPosition(event.start)}`);
  }
  if (event.gtid === place.gtid) return true;
  // With several domains of MariaDB the groups of others may come first.
  const domain = (gtid = ''): string => /^(\d+)-/.exec(gtid)?.[1] ?? '';
  if (domain(place.gtid) !== '' && domain(event.gtid) !== domain(place.gtid)) return false;
  throw new Error(`the group is not there, the next one is ${event.gtid ?? ''}`);
}
