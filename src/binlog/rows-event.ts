import { DmError, dmError } from '../errors/dm-error.js';
import type { Table } from '../schema/model.js';
import type { CellValue, RowChange, RowImage, TypedJson } from '../sync/events.js';
import { columnReader, type ColumnReader, type RowBytes } from './column-readers.js';
import { EventType, WireType } from './constants.js';
import { CorruptEventError, Cursor } from './cursor.js';
import { applyJsonDiffs } from './json-diff.js';
import { inflateEnvelope } from './mariadb-compression.js';
import type { TableMap } from './table-map.js';
import { versioningOf, type Versioning } from './versioning.js';

/** What a rows event does to its rows. */
export type RowsKind = RowChange['kind'];

/** Layout of a type of rows event. */
interface RowsLayout {
  kind: RowsKind;
  /** Version 2 has extra data behind its flags. */
  extraData: boolean;
  compressed: boolean;
  /** Images of after may hold differences of JSON documents. */
  partial?: boolean;
}

const LAYOUTS = new Map<number, RowsLayout>([
  [EventType.writeRowsV1, { kind: 'insert', extraData: false, compressed: false }],
  [EventType.updateRowsV1, { kind: 'update', extraData: false, compressed: false }],
  [EventType.deleteRowsV1, { kind: 'delete', extraData: false, compressed: false }],
  [EventType.writeRows, { kind: 'insert', extraData: true, compressed: false }],
  [EventType.updateRows, { kind: 'update', extraData: true, compressed: false }],
  [EventType.partialUpdateRows, { kind: 'update', extraData: true, compressed: false, partial: true }],
  [EventType.deleteRows, { kind: 'delete', extraData: true, compressed: false }],
  [EventType.mariadbWriteRowsCompressedV1, { kind: 'insert', extraData: false, compressed: true }],
  [EventType.mariadbUpdateRowsCompressedV1, { kind: 'update', extraData: false, compressed: true }],
  [EventType.mariadbDeleteRowsCompressedV1, { kind: 'delete', extraData: false, compressed: true }],
  [EventType.mariadbWriteRowsCompressed, { kind: 'insert', extraData: true, compressed: true }],
  [EventType.mariadbUpdateRowsCompressed, { kind: 'update', extraData: true, compressed: true }],
  [EventType.mariadbDeleteRowsCompressed, { kind: 'delete', extraData: true, compressed: true }],
]);

/** The layout of an event type; undefined when it is no rows event. */
export function rowsLayout(type: number): RowsLayout | undefined {
  return LAYOUTS.get(type);
}

/** Flags of a rows event (MySQL's `Rows_event::enum_flag`). */
const RowsFlag = {
  statementEnd: 0x01,
  /** The session had `foreign_key_checks = 0`; also on child rows that a cascade changed. */
  noForeignKeyChecks: 0x02,
  /** MySQL 9.6 and later: cascades run in the SQL layer, so their changes are in the binlog as rows of their own. */
  cascadesLogged: 0x10,
} as const;

/** Head of a rows event, with its rows not yet read. */
export interface RowsHead {
  tableId: number;
  kind: RowsKind;
  statementEnd: boolean;
  noForeignKeyChecks: boolean;
  width: number;
  /** Images of after may hold differences of JSON documents. */
  partial?: boolean;
  /** The event's body. */
  body: Buffer;
  /** Where in it stand the bits of the columns that the (before, or only) image holds, and those of updates' after image. */
  present: number;
  presentAfter: number;
  /** The rows, and where they begin. */
  data: Buffer;
  at: number;
}

/** Reads all of a rows event but its rows. */
export function parseRowsHead(body: Buffer, layout: RowsLayout): RowsHead {
  const cursor = new Cursor(body);
  const tableId = cursor.u48();
  const flags = cursor.u16();
  if (layout.extraData) {
    const length = cursor.u16();
    if (length < 2) throw new CorruptEventError('bad length of extra data in a rows event');
    cursor.skip(length - 2);
  }
  const width = cursor.lengthEncoded();
  const present = cursor.skip((width + 7) >> 3);
  const presentAfter = layout.kind === 'update' ? cursor.skip((width + 7) >> 3) : present;
  const inflated = layout.compressed && cursor.remaining > 0 ? inflateEnvelope(cursor.rest()) : undefined;
  return {
    tableId,
    kind: layout.kind,
    statementEnd: (flags & RowsFlag.statementEnd) !== 0,
    noForeignKeyChecks: (flags & (RowsFlag.noForeignKeyChecks | RowsFlag.cascadesLogged)) !== 0,
    width,
    partial: layout.partial === true,
    body,
    present,
    presentAfter,
    data: inflated ?? body,
    at: inflated === undefined ? cursor.pos : 0,
  };
}

/** Readers of one table's columns, compiled from a table map and a structure. */
export interface RowDecoder {
  structure: Table;
  readers: ColumnReader[];
  /** By place: bytes of the length in front of a JSON column's value; undefined of other columns. */
  jsonLengths: (number | undefined)[];
  /** Reads an image that holds all columns, the usual one. */
  full: ImageReader;
  /** Of a table that keeps its history. */
  versioning?: Versioning;
}

/**
 * Compiles the readers of a table.
 * @throws DmError 36027 when event and structure differ in the number of columns, 44005 when they differ otherwise
 */
export function compileRowDecoder(map: TableMap, structure: Table): RowDecoder {
  const versioning = versioningOf(structure);
  const columns = versioning?.columns ?? structure.columns;
  if (columns.length !== map.columns.length) {
    throw dmError(36027, [columns.length, map.columns.length], {
      cause: new Error(`structure of \`${map.schema}\`.\`${map.table}\` at this place of the binlog`),
    });
  }
  const readers = map.columns.map((wire, index) => {
    const column = columns[index];
    try {
      if (wire.name !== undefined && wire.name.toLowerCase() !== column.name.toLowerCase()) {
        throw new Error(
          `column ${index + 1} is ${column.name} in the tracked structure but ${wire.name} in the binlog`,
        );
      }
      return columnReader(wire, column);
    } catch (error) {
      throw dmError(44005, [`\`${map.schema}\`.\`${map.table}\``], { cause: error });
    }
  });
  const jsonLengths = map.columns.map(({ type, length }) => (type === WireType.json ? length : undefined));
  const decoder: RowDecoder = { structure, readers, jsonLengths, full: fullImageReader(readers) };
  if (versioning !== undefined) decoder.versioning = versioning;
  return decoder;
}

/** Whether rows of the table map can be read with the structure, as far as the map tells; their charsets are compared too. */
export function fitsRows(map: TableMap, structure: Table): boolean {
  const sameCharsets = map.columns.every(({ charset }, index) => {
    const tracked = structure.columns[index]?.charset;
    return charset === undefined || tracked === undefined || charset === tracked;
  });
  if (!sameCharsets) return false;
  try {
    compileRowDecoder(map, structure);
    return true;
  } catch (error) {
    if (error instanceof DmError) return false;
    throw error;
  }
}

/** At most so many rows are handed on at a time... */
const SLICE_ROWS = 1000;
/** ...or so many bytes of rows, and always at least one row. */
const SLICE_BYTES = 1 << 20;

/** Some rows of an event. */
export interface RowSlice {
  rows: RowChange[];
  bytes: number;
  last: boolean;
}

/** Decodes the rows of an event slice by slice, so that the rows of a huge event are never all in memory. */
export class RowSlices {
  private readonly kind: RowsKind;
  private readonly decoder: RowDecoder;
  private readonly before: ImageReader;
  private readonly after: ImageReader;
  private readonly partial: PartialReader | undefined;
  private readonly state: RowBytes;

  constructor(head: RowsHead, decoder: RowDecoder) {
    const columns = decoder.readers.length;
    if (head.width !== columns)
      throw new CorruptEventError(`rows of ${head.width} columns for a table map of ${columns}`);
    this.kind = head.kind;
    this.decoder = decoder;
    this.before = imageReader(head.body, head.present, decoder);
    this.after = head.kind === 'update' ? imageReader(head.body, head.presentAfter, decoder) : this.before;
    this.partial =
      head.partial === true ? new PartialReader(head.body, head.presentAfter, decoder, this.after) : undefined;
    this.state = { bytes: head.data, pos: head.at };
  }

  /** The next slice; undefined behind the last. @throws CorruptEventError */
  next(): RowSlice | undefined {
    const { kind, state, before, after, partial, decoder } = this;
    const start = state.pos;
    const end = state.bytes.length;
    if (start >= end) return undefined;
    const limit = start + SLICE_BYTES;
    const rows: RowChange[] = [];
    do {
      const row = partial === undefined ? readRow(kind, state, before, after) : partial.update(state, before);
      const change = decoder.versioning === undefined ? row : decoder.versioning.present(row);
      if (change !== undefined) rows.push(change);
      if (!(state.pos <= end)) throw new CorruptEventError('row goes beyond its event');
    } while (state.pos < end && state.pos < limit && rows.length < SLICE_ROWS);
    return { rows, bytes: state.pos - start, last: state.pos >= end };
  }
}

function readRow(kind: RowsKind, state: RowBytes, before: ImageReader, after: ImageReader): RowChange {
  if (kind === 'insert') return { kind, after: before(state) };
  if (kind === 'delete') return { kind, before: before(state) };
  return { kind, before: before(state), after: after(state) };
}

type ImageReader = (state: RowBytes) => RowImage;

/** What the image of after begins with: that some of its JSON values are differences. */
const PARTIAL_JSON = 1;

/** Reads updates whose images of after hold differences instead of whole JSON documents. */
class PartialReader {
  readonly #indexes: readonly number[];
  readonly #decoder: RowDecoder;
  readonly #whole: ImageReader;
  /** Number of each JSON column among all of them, whether the image holds it or not. */
  readonly #jsonNumbers = new Map<number, number>();

  constructor(body: Buffer, present: number, decoder: RowDecoder, whole: ImageReader) {
    this.#decoder = decoder;
    this.#whole = whole;
    this.#indexes = decoder.readers.map((_, index) => index).filter((index) => isSet(body, present, index));
    for (const [index, length] of decoder.jsonLengths.entries()) {
      if (length !== undefined) this.#jsonNumbers.set(index, this.#jsonNumbers.size);
    }
  }

  update(state: RowBytes, readBefore: ImageReader): RowChange {
    const before = readBefore(state);
    const cursor = new Cursor(state.bytes, state.pos);
    const options = cursor.lengthEncoded();
    state.pos = cursor.pos;
    const after = (options & PARTIAL_JSON) === 0 ? this.#whole(state) : this.#after(state, before);
    return { kind: 'update', before, after };
  }

  #after(state: RowBytes, before: RowImage): RowImage {
    const { bytes } = state;
    const partial = state.pos;
    const nulls = partial + ((this.#jsonNumbers.size + 7) >> 3);
    state.pos = nulls + ((this.#indexes.length + 7) >> 3);
    const image: RowImage = this.#decoder.readers.map(() => undefined);
    for (const [bit, index] of this.#indexes.entries()) {
      const number = this.#jsonNumbers.get(index);
      if (isSet(bytes, nulls, bit)) image[index] = null;
      else if (number === undefined || !isSet(bytes, partial, number)) {
        image[index] = this.#decoder.readers[index](state);
      } else image[index] = applyDiffs(state, this.#decoder.jsonLengths[index] ?? 4, before[index]);
    }
    return image;
  }
}

function isSet(bytes: Buffer, start: number, bit: number): boolean {
  return (bytes[start + (bit >> 3)] & (1 << (bit & 7))) !== 0;
}

function isTyped(value: CellValue): value is TypedJson {
  return typeof value === 'object' && value !== null && 'typed' in value;
}

function applyDiffs(state: RowBytes, lengthBytes: number, before: CellValue): CellValue {
  const cursor = new Cursor(state.bytes, state.pos);
  const length = cursor.bytes.readUIntLE(cursor.skip(lengthBytes), lengthBytes);
  const diffs = cursor.slice(length);
  state.pos = cursor.pos;
  if (typeof before === 'string') return applyJsonDiffs(before, diffs);
  if (isTyped(before)) return applyJsonDiffs(before, diffs);
  // Only differences were logged, and nothing that they are differences from.
  throw dmError(11126, [], { workaround: 'Please set binlog_row_image=FULL on the upstream.' });
}

function imageReader(body: Buffer, present: number, decoder: RowDecoder): ImageReader {
  const { readers } = decoder;
  if (holdsAll(body, present, readers.length)) return decoder.full;
  const indexes = readers.map((_, index) => index).filter((index) => isSet(body, present, index));
  if (indexes.length === 0) {
    // Such rows have no bytes at all, so their number is unknown.
    throw dmError(11126, [], { workaround: 'Please set binlog_row_image=FULL on the upstream.' });
  }
  return partialImageReader(indexes, readers);
}

function holdsAll(body: Buffer, present: number, columns: number): boolean {
  const whole = columns >> 3;
  for (let index = 0; index < whole; index++) if (body[present + index] !== 0xff) return false;
  const rest = (1 << (columns & 7)) - 1;
  return rest === 0 || (body[present + whole] & rest) === rest;
}

function fullImageReader(readers: readonly ColumnReader[]): ImageReader {
  const columns = readers.length;
  const nullBytes = (columns + 7) >> 3;
  return (state) => {
    const { bytes } = state;
    const nulls = state.pos;
    state.pos = nulls + nullBytes;
    const image: RowImage = [];
    for (let index = 0; index < columns; index++) {
      const isNull = (bytes[nulls + (index >> 3)] & (1 << (index & 7))) !== 0;
      image.push(isNull ? null : readers[index](state));
    }
    return image;
  };
}

/** Of columns that the image does not hold the value is undefined; the bits for NULL count only those it holds. */
function partialImageReader(indexes: readonly number[], readers: readonly ColumnReader[]): ImageReader {
  const nullBytes = (indexes.length + 7) >> 3;
  return (state) => {
    const { bytes } = state;
    const nulls = state.pos;
    state.pos = nulls + nullBytes;
    const image: RowImage = readers.map(() => undefined);
    for (const [bit, index] of indexes.entries()) {
      const isNull = (bytes[nulls + (bit >> 3)] & (1 << (bit & 7))) !== 0;
      image[index] = isNull ? null : readers[index](state);
    }
    return image;
  };
}
