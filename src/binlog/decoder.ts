import { DmError, causeText, dmError } from '../errors/dm-error.js';
import type { Table } from '../schema/model.js';
import { MariadbGtidSet, MysqlGtidSet, type GtidSet } from '../mysql/gtid-set.js';
import { comparePositions } from '../mysql/position.js';
import type {
  BinlogEvent,
  BinlogLocation,
  CommitEvent,
  GtidEvent,
  HeldRows,
  PreparedXa,
  QueryEvent,
  RowsEvent,
  StructureTest,
  XaStep,
} from '../sync/events.js';
import { EventFlag, EventType, HEADER_LENGTH } from './constants.js';
import { CorruptEventError, Cursor } from './cursor.js';
import { FrameReader, parseHeader, type Header } from './frame.js';
import {
  parseGtidEvent,
  parseMariadbGtidEvent,
  parseMariadbGtidList,
  parseTaggedGtidEvent,
  type GtidBody,
} from './gtid-event.js';
import { payloadEvents } from './payload.js';
import { PositionTracker } from './position-tracker.js';
import { isPlainBegin, parseQueryEvent, type QueryBody } from './query-event.js';
import {
  fitsRows,
  parseRowsHead,
  RowSlices,
  rowsLayout,
  type RowDecoder,
  type RowSlice,
  type RowsHead,
} from './rows-event.js';
import { TableCache } from './table-cache.js';
import type { TableMap } from './table-map.js';
import { parseXaPrepare, parseXaStatement, XaRows, xaVerb, type XaRowsRequest, type XaVerb } from './xa.js';

/** Options of {@link BinlogDecoder}. */
export interface DecoderOptions {
  /** Place of the first event that will come. The name may be empty when a Rotate event comes first. */
  start: { name: string; pos: number };
  /** Transactions executed before that place; undefined when nobody knows: then none is told with commits. */
  executed?: GtidSet;
  /**
   * Place up to which only GTIDs are collected and nothing is handed on: reading then begins at an earlier place of the
   * same file, whose Previous_gtids event seeds the set.
   */
  skipTo?: { name: string; pos: number };
  /**
   * Bytes of rows that an XA transaction may hold until its end is known. Undefined: rows of prepared transactions are
   * handed on where they stand, and commits of such transactions ask for none.
   */
  holdXaBytes?: number | undefined;
}

/** The decoder needs a table's structure: answer with `next(table)`, or `next(undefined)` for a table filtered out. */
export interface LookupRequest {
  type: 'lookup';
  schema: string;
  table: string;
  fits: StructureTest;
}

/**
 * What {@link BinlogDecoder.decode} yields. An {@link XaRowsRequest} is answered with `next(rows)` where they are held; or
 * with `next(undefined)` after whoever reads them elsewhere has handed them on.
 */
export type Decoded = BinlogEvent | LookupRequest | XaRowsRequest;

/** An event's decoding, step by step. */
export type Steps = Generator<Decoded, void, Table | readonly HeldRows[] | undefined>;

/**
 * Turns the bytes of binlog events into {@link BinlogEvent}s. Pure: it holds no connection and never waits, so it serves
 * streams and files alike. Work is done only as its results are taken: rows behind a DDL are decoded after the DDL's event
 * was taken and the next one asked for, with the structure that the consumer then gives.
 *
 * Each group, a DDL's too, begins with a `gtid` event and ends with a `commit` event.
 */
export class BinlogDecoder {
  private readonly tracker: PositionTracker;
  private readonly frames = new FrameReader();
  private readonly tables = new TableCache();
  private executed: GtidSet | undefined;
  private skipTo: { name: string; pos: number } | undefined;
  private group: 'none' | 'open' | 'transaction' = 'none';
  private gtid: GtidBody = {};
  private groupBegin: { name: string; pos: number } = { name: '', pos: 0 };
  private readonly holdXaBytes: number | undefined;
  /** Rows of the XA transaction being read. */
  private xa: XaRows | undefined;

  constructor(options: DecoderOptions) {
    this.tracker = new PositionTracker(options.start);
    this.executed = options.executed?.clone();
    this.skipTo = options.skipTo;
    this.holdXaBytes = options.holdXaBytes;
  }

  /** Where the event after the last decoded one begins. */
  get position(): { name: string; pos: number } {
    return this.tracker.current;
  }

  /** Whether the place is between two groups, so that a reader may start there. */
  get betweenGroups(): boolean {
    return this.group === 'none';
  }

  /**
   * Decodes one event as a server sends it or a file holds it: header, body, checksum.
   * @throws DmError 36069 with the position when the bytes are not a sound event; 36027 or 44005 when rows do not fit their
   * structure
   */
  *decode(event: Buffer): Steps {
    const taken = this.take(event);
    if (taken === undefined) return;
    if ('type' in taken) yield taken;
    else yield* taken;
  }

  /**
   * Does what {@link decode} does without the cost of a generator where there is nothing to ask and one event at most, as is
   * nearly always the case: the event, or undefined when there is none. Else the steps, of which none is done yet.
   * @throws as {@link decode}
   */
  take(bytes: Buffer): BinlogEvent | Steps | undefined {
    try {
      const { header, body } = this.frames.open(bytes);
      this.tracker.move(header.type, header.flags, header.logPos, bytes.length, this.group === 'transaction');
      if (this.skipTo !== undefined && this.collectOnly(header, body)) return undefined;
      return this.takeBody(header, body);
    } catch (error) {
      throw this.failure(error);
    }
  }

  private takeBody(header: Header, body: Buffer): BinlogEvent | Steps | undefined {
    switch (header.type) {
      case EventType.tableMap:
        this.tables.define(body);
        return undefined;
      case EventType.gtid:
        if (this.group !== 'none') break;
        return this.openGroup(header, parseGtidEvent(body, false));
      case EventType.mariadbGtid:
        if (this.group !== 'none') break;
        return this.openGroup(header, parseMariadbGtidEvent(body, header.serverId));
      case EventType.query:
        if (this.group === 'none' || !isPlainBegin(body)) break;
        this.group = 'transaction';
        return undefined;
      case EventType.xid:
        if (this.xa !== undefined) break;
        return this.commit(header, true);
      default: {
        const layout = rowsLayout(header.type);
        if (layout !== undefined) return this.takeRows(header, parseRowsHead(body, layout), body);
      }
    }
    return this.watched(this.dispatch(header, body));
  }

  private *watched(steps: Steps): Steps {
    try {
      yield* steps;
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** Rows of a table that is known, as one event where they are few. */
  private takeRows(header: Header, head: RowsHead, body: Buffer): BinlogEvent | Steps | undefined {
    const entry = this.tables.find(head.tableId);
    if (entry === undefined || this.tables.needsStructure(entry) || this.xa !== undefined) {
      return this.watched(this.rows(header, head, body));
    }
    const { decoder, map } = entry;
    if (decoder === undefined) {
      if (head.statementEnd) this.tables.endStatement();
      return undefined;
    }
    const slices = new RowSlices(head, decoder);
    const slice = slices.next();
    const event = slice === undefined ? undefined : this.rowsEvent(header, head, map, decoder, slice);
    if (event?.last === false) return this.watched(this.moreRows(header, head, map, decoder, event, slices));
    if (head.statementEnd) this.tables.endStatement();
    return event;
  }

  private *dispatch(header: Header, body: Buffer): Steps {
    const layout = rowsLayout(header.type);
    if (layout !== undefined) {
      yield* this.rows(header, parseRowsHead(body, layout), body);
      return;
    }
    switch (header.type) {
      case EventType.tableMap:
        this.tables.define(body);
        return;
      case EventType.gtid:
      case EventType.anonymousGtid:
        yield* this.beginGroup(header, parseGtidEvent(body, header.type === EventType.anonymousGtid));
        return;
      case EventType.taggedGtid:
        yield* this.beginGroup(header, parseTaggedGtidEvent(body));
        return;
      case EventType.mariadbGtid:
        yield* this.beginGroup(header, parseMariadbGtidEvent(body, header.serverId));
        return;
      case EventType.query:
        yield* this.query(header, parseQueryEvent(body));
        return;
      case EventType.mariadbQueryCompressed:
        yield* this.query(header, parseQueryEvent(body, { compressed: true }));
        return;
      case EventType.executeLoadQuery:
        yield* this.query(header, parseQueryEvent(body, { fileFields: 13 }));
        return;
      case EventType.xid:
        yield* this.releaseXa(header);
        yield this.commit(header, true);
        return;
      case EventType.xaPrepare:
        yield* this.xaPrepare(header, body);
        return;
      case EventType.transactionPayload:
        for (const inner of payloadEvents(body))
          yield* this.dispatch(parseHeader(inner), inner.subarray(HEADER_LENGTH));
        return;
      default:
        yield* this.other(header, body);
    }
  }

  private *other(header: Header, body: Buffer): Steps {
    switch (header.type) {
      case EventType.rotate:
        yield* this.rotate(header, body);
        return;
      case EventType.previousGtids:
        if (this.executed === undefined && this.group === 'none') this.executed = MysqlGtidSet.decode(body);
        return;
      case EventType.mariadbGtidList:
        this.seedMariadb(header, body);
        return;
      case EventType.heartbeat:
      case EventType.heartbeatV2:
        yield this.keepAlive(header);
        return;
      case EventType.formatDescription:
      case EventType.stop:
      case EventType.intvar:
      case EventType.rand:
      case EventType.userVar:
      case EventType.appendBlock:
      case EventType.deleteFile:
      case EventType.beginLoadQuery:
      case EventType.rowsQuery:
      case EventType.ignorable:
      case EventType.transactionContext:
      case EventType.viewChange:
      case EventType.mariadbAnnotateRows:
      case EventType.mariadbBinlogCheckpoint:
        return;
      case EventType.incident:
        throw new Error('the upstream reports an incident: events may be missing from its binlog');
      case EventType.mariadbStartEncryption:
        throw new Error('encrypted binlog files cannot be read');
      default:
        if ((header.flags & EventFlag.ignorable) === 0) throw new Error(`unknown event type ${header.type}`);
    }
  }

  private *rows(header: Header, head: RowsHead, body: Buffer): Steps {
    const entry = this.tables.find(head.tableId);
    if (entry === undefined) {
      // A rows event without table or rows only says that the statement ended.
      if (head.at < head.data.length) throw new CorruptEventError(`rows of table ${head.tableId} without a table map`);
    } else {
      const { schema, table } = entry.map;
      if (this.tables.needsStructure(entry)) {
        const fits: StructureTest = (structure) => fitsRows(entry.map, structure);
        this.tables.setStructure(entry, (yield { type: 'lookup', schema, table, fits }) as Table | undefined);
      }
      const { decoder } = entry;
      if (decoder !== undefined && this.xa !== undefined) this.xa.hold(entry.body, header.type, body);
      else if (decoder !== undefined) {
        const slices = new RowSlices(head, decoder);
        const first = slices.next();
        if (first !== undefined) {
          const event = this.rowsEvent(header, head, entry.map, decoder, first);
          yield* this.moreRows(header, head, entry.map, decoder, event, slices);
          return;
        }
      }
    }
    if (head.statementEnd) this.tables.endStatement();
  }

  private *moreRows(
    header: Header,
    head: RowsHead,
    map: TableMap,
    decoder: RowDecoder,
    first: RowsEvent,
    slices: RowSlices,
  ): Steps {
    yield first;
    for (let slice = slices.next(); slice !== undefined; slice = slices.next()) {
      yield this.rowsEvent(header, head, map, decoder, slice);
    }
    if (head.statementEnd) this.tables.endStatement();
  }

  private rowsEvent(
    { timestamp }: Header,
    { noForeignKeyChecks }: RowsHead,
    { schema, table }: TableMap,
    { structure }: RowDecoder,
    { rows, bytes, last }: RowSlice,
  ): RowsEvent {
    const { start, end } = this.tracker;
    // Written out, not spread: this is the hot path, and objects made by spreading are several times slower.
    return { type: 'rows', start, end, timestamp, schema, table, structure, rows, last, noForeignKeyChecks, bytes };
  }

  private *beginGroup(header: Header, gtid: GtidBody): Steps {
    // A group without end: the server stopped while writing it, and never committed it.
    if (this.group !== 'none') yield this.commit(header, false, { executed: false });
    yield this.openGroup(header, gtid);
  }

  private openGroup({ timestamp }: Header, gtid: GtidBody): GtidEvent {
    this.gtid = gtid;
    this.group = gtid.standalone === false ? 'transaction' : 'open';
    const { start, end } = this.tracker;
    this.groupBegin = start;
    if (gtid.preparedXa === true) this.beginXa();
    const event: GtidEvent = { type: 'gtid', start, end, timestamp };
    if (gtid.gtid !== undefined) event.gtid = gtid.gtid;
    if (gtid.standalone !== undefined) event.standalone = gtid.standalone;
    if (gtid.commitMicros !== undefined) event.commitMicros = gtid.commitMicros;
    return event;
  }

  private *query(header: Header, body: QueryBody): Steps {
    const { sql } = body;
    // Servers without GTID events begin groups with the first query.
    if (this.group === 'none') yield* this.beginGroup(header, {});
    if (isWord(sql, 'BEGIN')) {
      this.group = 'transaction';
      return;
    }
    const verb = xaVerb(sql);
    if (verb !== undefined) {
      yield* this.xaQuery(header, verb, sql);
      return;
    }
    if (isWord(sql, 'COMMIT')) {
      yield* this.releaseXa(header);
      yield this.commit(header, true);
      return;
    }
    if (isWord(sql, 'ROLLBACK')) {
      yield this.commit(header, false);
      return;
    }
    const inTransaction = this.group === 'transaction';
    yield this.queryEvent(header, body, inTransaction);
    // By now the consumer has tracked the statement, so the structures known here may be outdated.
    if (!/^\s*(SAVEPOINT|ROLLBACK\s+TO|RELEASE)\b/i.test(sql)) this.tables.forgetStructures();
    if (!inTransaction) yield this.commit(header, true);
  }

  private queryEvent(header: Header, { schema, sql, vars }: QueryBody, inTransaction: boolean): QueryEvent {
    const { start, end } = this.tracker;
    return {
      type: 'query',
      start,
      end,
      timestamp: header.timestamp,
      schema,
      // MySQL marks an atomic CREATE TABLE ... SELECT so; the words are no part of the user's statement.
      sql: inTransaction ? sql.replace(/\s+START\s+TRANSACTION\s*$/i, '') : sql,
      ...vars,
      inTransaction,
    };
  }

  private beginXa(): void {
    this.group = 'transaction';
    if (this.holdXaBytes !== undefined) this.xa = new XaRows(this.holdXaBytes);
  }

  private *xaQuery(header: Header, verb: XaVerb, sql: string): Steps {
    if (verb === 'START' || verb === 'BEGIN') this.beginXa();
    if (verb !== 'COMMIT' && verb !== 'ROLLBACK') return;
    const xid = parseXaStatement(sql);
    if (verb === 'COMMIT' && this.holdXaBytes !== undefined) yield* this.xaRows(header, xid, undefined);
    yield this.commit(header, true, { xa: { ended: xid } });
  }

  private *xaPrepare(header: Header, body: Buffer): Steps {
    const { xid, onePhase } = parseXaPrepare(body);
    if (onePhase && this.gtid.preparedXa !== true) {
      yield* this.releaseXa(header, xid);
      yield this.commit(header, true);
    } else {
      yield this.commit(header, true, { xa: { prepared: this.prepared(xid) } });
    }
  }

  private prepared(xid: string): PreparedXa {
    const gtidBefore = this.executed instanceof MariadbGtidSet ? this.executed.toString() : '';
    return { xid, begin: this.groupBegin, gtid: this.gtid.gtid ?? '', gtidBefore, rows: this.xa?.rows };
  }

  /** The group's end says that it is committed: what was held of it comes now. */
  private *releaseXa(header: Header, xid = ''): Steps {
    const { xa } = this;
    if (xa === undefined) return;
    const group = this.prepared(xid);
    this.xa = undefined;
    if (xa.rows === undefined) yield* this.xaRows(header, xid, group);
    else yield* this.heldRows(header, xa.rows);
  }

  private *xaRows(header: Header, xid: string, group: PreparedXa | undefined): Steps {
    const { start, end } = this.tracker;
    const answer = yield { type: 'xa-rows', xid, group, start, end, timestamp: header.timestamp };
    if (answer !== undefined) yield* this.heldRows(header, answer as readonly HeldRows[]);
  }

  /** Rows take the place and time of their commit. */
  private *heldRows(header: Header, held: readonly HeldRows[]): Steps {
    for (const { map, type, body } of held) {
      this.tables.define(map);
      yield* this.dispatch({ ...header, type }, body);
    }
  }

  private commit(header: Header, committed: boolean, told: { executed?: boolean; xa?: XaStep } = {}): CommitEvent {
    if (told.executed !== false && this.gtid.gtid !== undefined) this.executed?.add(this.gtid.gtid);
    this.group = 'none';
    this.gtid = {};
    this.xa = undefined;
    this.tables.endStatement();
    const { start, end } = this.tracker;
    const event: CommitEvent = {
      type: 'commit',
      start,
      end,
      timestamp: header.timestamp,
      committed,
      location: this.location(),
    };
    if (told.xa !== undefined) event.xa = told.xa;
    return event;
  }

  private *rotate(header: Header, body: Buffer): Steps {
    const cursor = new Cursor(body);
    const pos = Number(cursor.u64());
    const name = cursor.rest().toString('utf8');
    this.tracker.rotate(name, pos);
    yield this.keepAlive(header);
  }

  /** What stands at the head of a file is exact; the lists that the server makes up are not. */
  private seedMariadb(header: Header, body: Buffer): void {
    if (this.executed !== undefined || this.group !== 'none' || (header.flags & EventFlag.artificial) !== 0) return;
    this.executed = mariadbSet(body);
  }

  /** Before the place to begin at: collects GTIDs alone. True when the event is done with. */
  private collectOnly(header: Header, body: Buffer): boolean {
    const { skipTo } = this;
    if (skipTo === undefined || header.type === EventType.formatDescription) return false;
    const { start, end } = this.tracker;
    if (header.type === EventType.rotate || header.type === EventType.heartbeat || start.name !== skipTo.name)
      return false;
    if (comparePositions(start, skipTo) >= 0) {
      this.skipTo = undefined;
      return false;
    }
    if (comparePositions(end, skipTo) > 0) {
      throw new CorruptEventError(`${skipTo.pos} is inside the event at ${start.pos}`);
    }
    if (header.type === EventType.previousGtids) this.executed ??= MysqlGtidSet.decode(body);
    else if (header.type === EventType.mariadbGtidList) this.executed ??= mariadbSet(body);
    else if (header.type === EventType.gtid) this.collect(parseGtidEvent(body, false));
    else if (header.type === EventType.taggedGtid) this.collect(parseTaggedGtidEvent(body));
    else if (header.type === EventType.mariadbGtid) this.collect(parseMariadbGtidEvent(body, header.serverId));
    return true;
  }

  private collect(gtid: GtidBody): void {
    if (gtid.gtid !== undefined) this.executed?.add(gtid.gtid);
  }

  private keepAlive(header: Header): BinlogEvent {
    const { start, end } = this.tracker;
    return { type: 'keepalive', start, end, timestamp: header.timestamp };
  }

  private location(): BinlogLocation {
    const { name, pos } = this.tracker.end;
    return { name, pos, gtidSet: this.executed?.toString() ?? '' };
  }

  private place(): string {
    const { name, pos } = this.tracker.start;
    return `(${name}, ${pos})`;
  }

  private failure(error: unknown): DmError {
    if (error instanceof DmError) return error;
    return dmError(36069, [`event at ${this.place()}: ${causeText(error)}`], { cause: error });
  }
}

function mariadbSet(body: Buffer): GtidSet {
  const set = new MariadbGtidSet();
  for (const gtid of parseMariadbGtidList(body)) set.add(gtid);
  return set;
}

function isWord(sql: string, word: string): boolean {
  return sql.length < 32 && sql.trim().toUpperCase() === word;
}
