import type { Table } from '../schema/model.js';

/** A place in the binlog between two events. `pos` counts past 4 GiB (tracked by us, not the 32-bit header field). */
export interface BinlogLocation {
  name: string;
  pos: number;
  /** Executed GTID set at this place, in the flavor's text form; empty when GTIDs are off. */
  gtidSet: string;
}

/**
 * One value of a row image.
 * - `null` is SQL NULL, `undefined` a column that the image does not hold.
 * - integers, FLOAT, DOUBLE, YEAR: number, or bigint beyond the safe range; BIT and SET: bigint; ENUM: its index (number)
 * - DECIMAL, DATE, TIME, DATETIME, TIMESTAMP (in UTC), JSON, UUID, INET4/6: their SQL text
 * - text in utf8mb4, utf8mb3, ascii: string; text in another charset: {@link CharsetText}; some JSON: {@link TypedJson}
 * - BINARY (padded), VARBINARY, BLOB, GEOMETRY, VECTOR: Buffer
 */
export type CellValue = null | undefined | number | bigint | string | Buffer | CharsetText;

/** Bytes of a text column whose charset is not a subset of utf8mb4's encoding. */
export interface CharsetText {
  readonly charset: string;
  readonly bytes: Buffer;
}

/** A value inside a JSON document whose type its text does not tell: read back it would be of another one. */
export interface TypedJsonValue {
  /** Its place in MySQL's path syntax: `$."a"[0]`. */
  readonly path: string;
  readonly value:
    | { readonly type: 'decimal'; readonly text: string; readonly precision: number; readonly scale: number }
    | { readonly type: 'date' | 'time' | 'datetime' | 'timestamp' | 'signed' | 'unsigned'; readonly text: string }
    /** Of another SQL type, by its number on the wire. */
    | { readonly type: 'opaque'; readonly wireType: number; readonly bytes: Buffer };
}

/** A JSON document that holds such values; a document without is plain text. */
export interface TypedJson extends CharsetText {
  readonly charset: 'utf8mb4';
  readonly typed: readonly TypedJsonValue[];
}

export type RowImage = CellValue[];

/** One row of a rows event. */
export type RowChange =
  | { kind: 'insert'; after: RowImage }
  | { kind: 'update'; before: RowImage; after: RowImage }
  | { kind: 'delete'; before: RowImage };

/** What all events carry. */
interface EventBase {
  /** Where the event begins. */
  start: { name: string; pos: number };
  /** Where the event ends. */
  end: { name: string; pos: number };
  /** Seconds since the epoch, from the event's header: when the statement began upstream. */
  timestamp: number;
}

/** A transaction (or a DDL's group) begins. */
export interface GtidEvent extends EventBase {
  type: 'gtid';
  /** Absent for anonymous transactions. */
  gtid?: string;
  /** MariaDB: the group is one statement without COMMIT. */
  standalone?: boolean;
  /** Microseconds since the epoch of the original commit, when the server says it (MySQL 8). */
  commitMicros?: number;
}

/** Text in a Query event that is not BEGIN, COMMIT or ROLLBACK: DDL, SAVEPOINT, statement-format DML... */
export interface QueryEvent extends EventBase {
  type: 'query';
  /** Default schema of the session. */
  schema: string;
  /** The statement, decoded from the event's client charset. */
  sql: string;
  /** `sql_mode` in force as bits; undefined when the event does not say. */
  sqlMode?: bigint;
  /** Names of the client charset and the server's default collation in force. */
  charsetClient?: string;
  collationServer?: string;
  timeZone?: string;
  /** Of the statement's moment, behind the seconds of `timestamp`; written when the statement asks for them. */
  microseconds?: number;
  /** `default_collation_for_utf8mb4` of the session: what `CHARACTER SET utf8mb4` without a collation means. */
  defaultUtf8mb4Collation?: string;
  /** `explicit_defaults_for_timestamp` of the session, where the server has a status variable of its own for it. */
  explicitDefaultsForTimestamp?: boolean;
  /** Options of the session as the server's bits (`flags2`). */
  options?: number;
  /** True inside BEGIN..COMMIT (CREATE TABLE ... SELECT since 8.0.21). */
  inTransaction: boolean;
}

/**
 * Rows of one table, at most a bounded number of them: a huge rows event arrives as several of these, of which only the
 * last has `last` set.
 */
export interface RowsEvent extends EventBase {
  type: 'rows';
  schema: string;
  table: string;
  /** Structure the rows were decoded with: that of their position in the binlog. */
  structure: Table;
  rows: RowChange[];
  last: boolean;
  /** The writing session had `foreign_key_checks = 0`, or the server logs cascades itself. */
  noForeignKeyChecks: boolean;
  /** Bytes of the rows in the event, for accounting. */
  bytes: number;
}

/** A transaction ends. The group of a DDL ends so too: each `gtid` event has its `commit` event. */
export interface CommitEvent extends EventBase {
  type: 'commit';
  /** False for ROLLBACK of a group with non-transactional engines. */
  committed: boolean;
  /** The group is one of a two-phase XA transaction. */
  xa?: XaStep;
  /** Place behind the transaction, from which a reader may start again. */
  location: BinlogLocation;
}

/** A rows event of a prepared transaction as it stands in the binlog, with its table's map. */
export interface HeldRows {
  map: Buffer;
  type: number;
  body: Buffer;
}

/** An XA transaction that was prepared: it may be committed or rolled back at any time from now on. */
export interface PreparedXa {
  /** As servers write it: `X'67',X'62',1` of global part, branch part and format. */
  xid: string;
  /** Where its group begins. */
  begin: { name: string; pos: number };
  /** GTID of its group, empty when it has none. */
  gtid: string;
  /** MariaDB: the GTID set before its group, empty when nobody knows. */
  gtidBefore: string;
  /** Its rows of tables that take part; undefined when they have to be read again. */
  rows: readonly HeldRows[] | undefined;
}

/** What a group says of a two-phase XA transaction: that it is prepared, or that it has ended by COMMIT or ROLLBACK. */
export type XaStep = { prepared: PreparedXa } | { ended: string };

/** The stream moved without data: heartbeat, rotate, ignorable events. Never moves a checkpoint on its own. */
export interface KeepAliveEvent extends EventBase {
  type: 'keepalive';
}

/** What the reader hands on. Downstream code never sees wire bytes. */
export type BinlogEvent = GtidEvent | QueryEvent | RowsEvent | CommitEvent | KeepAliveEvent;

/** Whether a structure can be that of the rows at hand, as far as their event tells. */
export type StructureTest = (structure: Table) => boolean;

/**
 * Tells the decoder a table's structure at the current place of the stream. Asked once per table map event, in stream
 * order, after all earlier DDL was tracked. `fits` helps to choose where a first structure has to be found. `undefined` =
 * the table is filtered out: its rows are not decoded.
 */
export type StructureLookup = (
  schema: string,
  table: string,
  fits: StructureTest,
) => Table | undefined | Promise<Table | undefined>;

/** Hands events out one by one. */
export interface EventReader extends AsyncIterableIterator<BinlogEvent, void> {
  /**
   * The next event when it is there already, without the cost of a promise; undefined: ask `next`, which waits.
   *
   * @throws what `next` rejects with
   */
  poll(): BinlogEvent | undefined;
  return(): Promise<IteratorResult<BinlogEvent, void>>;
}

/** A source of binlog events from some place on. */
export interface EventStream extends AsyncIterable<BinlogEvent> {
  [Symbol.asyncIterator](): EventReader;
  /** Ends the stream and frees its connection. Safe to call twice. */
  close(): Promise<void>;
}
