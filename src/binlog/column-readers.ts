import { isUtf8 } from 'node:buffer';
import { isUtf8Charset } from '../mysql/charset.js';
import type { Column } from '../schema/model.js';
import type { CellValue } from '../sync/events.js';
import { WireType } from './constants.js';
import { CorruptEventError } from './cursor.js';
import { decimalLength, readDecimal } from './decimal.js';
import { jsonValue } from './json-binary.js';
import { inflateColumnValue } from './mariadb-compression.js';
import { addressText4, addressText6, uuidText } from './mariadb-types.js';
import type { WireColumn } from './table-map.js';
import {
  fractionBytes,
  readDate,
  readDatetime2,
  readOldDatetime,
  readOldTime,
  readTime2,
  readTimestamp2,
  uintBE,
  utcText,
} from './temporal.js';

/** Bytes of the rows of one event and the place of the next value in them. */
export interface RowBytes {
  readonly bytes: Buffer;
  pos: number;
}

/**
 * Reads one value that is there (not NULL) and moves on. May run past the end on damaged bytes: the caller checks the place
 * after each row, so that the hot path need not check every value.
 */
export type ColumnReader = (row: RowBytes) => CellValue;

/** Turns the bytes of one value, found by its length, into the value. */
type BytesReader = (bytes: Buffer, start: number, end: number) => CellValue;

/**
 * The reader of a column: how the value travels is in the event, what it means (sign, charset) in the structure.
 * @throws Error when structure and event cannot be the same column
 */
export function columnReader(wire: WireColumn, column: Column): ColumnReader {
  checkFamily(wire, column);
  switch (wire.type) {
    case WireType.tiny:
    case WireType.short:
    case WireType.int24:
    case WireType.long:
    case WireType.longlong:
      return integerReader(wire.type, wire.unsigned ?? column.unsigned);
    case WireType.float:
    case WireType.double:
    case WireType.newDecimal:
    case WireType.bit:
      return numberReader(wire);
    case WireType.enum:
      return wire.length === 1 ? (row) => row.bytes[row.pos++] : uint16;
    case WireType.set:
      return (row) => uint64LE(row.bytes, advance(row, wire.length), wire.length);
    case WireType.string:
    case WireType.varchar:
    case WireType.varString:
      return prefixedReader(wire.length > 255 ? 2 : 1, bytesReader(wire, column));
    case WireType.mariadbVarcharCompressed:
      return prefixedReader(wire.length > 255 ? 2 : 1, inflating(bytesReader(wire, column)));
    case WireType.mariadbBlobCompressed:
      return prefixedReader(wire.length, inflating(bytesReader(wire, column)));
    case WireType.json:
      return prefixedReader(wire.length, (bytes, start, end) => jsonValue(bytes.subarray(start, end)));
    case WireType.tinyBlob:
    case WireType.mediumBlob:
    case WireType.longBlob:
    case WireType.blob:
    case WireType.geometry:
    case WireType.vector:
      return prefixedReader(wire.length, bytesReader(wire, column));
    default:
      return temporalReader(wire, column);
  }
}

/** Moves over `count` bytes and returns where they begin. */
function advance(row: RowBytes, count: number): number {
  const start = row.pos;
  row.pos = start + count;
  return start;
}

function uint16(row: RowBytes): number {
  const at = advance(row, 2);
  return row.bytes[at] | (row.bytes[at + 1] << 8);
}

function integerReader(type: number, unsigned: boolean): ColumnReader {
  switch (type) {
    case WireType.tiny:
      return unsigned ? (row) => row.bytes[row.pos++] : (row) => (row.bytes[row.pos++] << 24) >> 24;
    case WireType.short:
      return unsigned ? uint16 : (row) => (uint16(row) << 16) >> 16;
    case WireType.int24:
      return unsigned ? uint24 : (row) => (uint24(row) << 8) >> 8;
    case WireType.long:
      return unsigned ? (row) => int32(row) >>> 0 : int32;
    default:
      return unsigned ? uint64 : int64;
  }
}

function uint24(row: RowBytes): number {
  const { bytes } = row;
  const at = advance(row, 3);
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
}

function int32(row: RowBytes): number {
  const { bytes } = row;
  const at = advance(row, 4);
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** Values of the high half up to which the whole is a safe integer. */
const SAFE_HIGH = 0x1fffff;

function int64(row: RowBytes): number | bigint {
  const low = int32(row) >>> 0;
  const high = int32(row);
  if (high <= SAFE_HIGH && high >= -SAFE_HIGH) return high * 0x100000000 + low;
  return (BigInt(high) << 32n) | BigInt(low);
}

function uint64(row: RowBytes): number | bigint {
  const low = int32(row) >>> 0;
  const high = int32(row) >>> 0;
  if (high <= SAFE_HIGH) return high * 0x100000000 + low;
  return (BigInt(high) << 32n) | BigInt(low);
}

function uint64LE(bytes: Buffer, start: number, length: number): bigint {
  let value = 0n;
  for (let index = length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[start + index]);
  return value;
}

function numberReader(wire: WireColumn): ColumnReader {
  switch (wire.type) {
    case WireType.float:
      return (row) => shortestFloat(row.bytes.readFloatLE(advance(row, 4)));
    case WireType.double:
      return (row) => row.bytes.readDoubleLE(advance(row, 8));
    case WireType.bit: {
      const length = (wire.length + 7) >> 3;
      return (row) => {
        let value = 0n;
        const start = advance(row, length);
        for (let index = 0; index < length; index++) value = (value << 8n) | BigInt(row.bytes[start + index]);
        return value;
      };
    }
    default: {
      const length = decimalLength(wire.length, wire.scale);
      return (row) => readDecimal(row.bytes, advance(row, length), wire.length, wire.scale);
    }
  }
}

/** Floats have at most 24 bits of mantissa: integers below this print the same in both precisions. */
const FLOAT_INTEGERS = 0x1000000;

/** The double with the fewest digits that reads back as the same float: 0.1 and not 0.10000000149011612. */
export function shortestFloat(value: number): number {
  if (Math.abs(value) < FLOAT_INTEGERS && Math.trunc(value) === value) return value;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** A value behind its length in one to four bytes. */
function prefixedReader(prefix: number, read: BytesReader): ColumnReader {
  return (row) => {
    const { bytes } = row;
    let start = row.pos;
    let length = bytes[start++];
    if (prefix > 1) length |= bytes[start++] << 8;
    if (prefix > 2) length |= bytes[start++] << 16;
    if (prefix > 3) length += bytes[start++] * 0x1000000;
    const end = start + length;
    // Not merely `end > bytes.length`: a length read beyond the end is NaN.
    if (!(end <= bytes.length)) throw new CorruptEventError(`value of ${length} bytes goes beyond its event`);
    row.pos = end;
    return read(bytes, start, end);
  };
}

function inflating(read: BytesReader): BytesReader {
  return (bytes, start, end) => {
    const inflated = inflateColumnValue(bytes.subarray(start, end));
    return read(inflated, 0, inflated.length);
  };
}

function bytesReader(wire: WireColumn, column: Column): BytesReader {
  switch (column.type) {
    case 'binary':
      return padded(wire.length, (value) => value);
    case 'uuid':
      return padded(16, uuidText);
    case 'inet6':
      return padded(16, addressText6);
    case 'inet4':
      return padded(4, addressText4);
    default:
  }
  if (!isTextType(column.type)) return copyBytes;
  const charset = column.charset ?? 'utf8mb4';
  if (isUtf8Charset(charset)) return utf8Reader(charset);
  return (bytes, start, end) => ({ charset, bytes: copyBytes(bytes, start, end) });
}

function utf8Reader(charset: string): BytesReader {
  return (bytes, start, end) => {
    const text = bytes.toString('utf8', start, end);
    // Bytes that are no text must not become replacement characters silently; they travel on as they are.
    if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) {
      return { charset, bytes: copyBytes(bytes, start, end) };
    }
    return text;
  };
}

/** Values of fixed length lose their trailing zero bytes on the way; they get them back here. */
function padded(length: number, convert: (value: Buffer) => CellValue): BytesReader {
  return (bytes, start, end) => {
    if (end - start > length) throw new CorruptEventError(`value of ${end - start} bytes for a column of ${length}`);
    const value = Buffer.alloc(length);
    bytes.copy(value, 0, start, end);
    return convert(value);
  };
}

/** Larger values share the event's memory instead of being copied: at most one such event stays alive for each. */
const SHARE_FROM_BYTES = 65_536;

function copyBytes(bytes: Buffer, start: number, end: number): Buffer {
  const value = bytes.subarray(start, end);
  return value.length >= SHARE_FROM_BYTES ? value : Buffer.from(value);
}

function temporalReader(wire: WireColumn, column: Column): ColumnReader {
  const fsp = wire.length;
  switch (wire.type) {
    case WireType.year:
      return (row) => {
        const value = row.bytes[row.pos++];
        return value === 0 ? 0 : 1900 + value;
      };
    case WireType.date:
    case WireType.newDate:
      return (row) => readDate(row.bytes, advance(row, 3));
    case WireType.datetime2:
      return (row) => readDatetime2(row.bytes, advance(row, 5 + fractionBytes(fsp)), fsp);
    case WireType.timestamp2:
      return (row) => readTimestamp2(row.bytes, advance(row, 4 + fractionBytes(fsp)), fsp);
    case WireType.time2:
      return (row) => readTime2(row.bytes, advance(row, 3 + fractionBytes(fsp)), fsp);
    default:
      return oldTemporalReader(wire, column);
  }
}

function oldTemporalReader(wire: WireColumn, column: Column): ColumnReader {
  // MariaDB 5.3 wrote fractions in a form of its own under the same type numbers; such tables need ALTER TABLE ... FORCE.
  if ((column.length ?? 0) > 0 && ['time', 'datetime', 'timestamp'].includes(column.type)) {
    throw new Error(`column ${column.name} is stored in an outdated format, rebuild the table (ALTER TABLE ... FORCE)`);
  }
  switch (wire.type) {
    case WireType.time:
      return (row) => readOldTime(row.bytes, advance(row, 3));
    case WireType.datetime:
      return (row) => readOldDatetime(row.bytes, advance(row, 8));
    case WireType.timestamp:
      return (row) => utcText(littleEndian(uintBE(row.bytes, advance(row, 4), 4)));
    default:
      throw new Error(`column ${column.name} has type number ${wire.type}, which is not supported`);
  }
}

/** The four bytes of an unsigned integer in the other order. */
function littleEndian(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

const TEXT_TYPES = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'json']);
const BINARY_TYPES = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
const INTEGER_WIRE: Record<string, number> = {
  tinyint: WireType.tiny,
  smallint: WireType.short,
  mediumint: WireType.int24,
  int: WireType.long,
  bigint: WireType.longlong,
  float: WireType.float,
  double: WireType.double,
  decimal: WireType.newDecimal,
  year: WireType.year,
  bit: WireType.bit,
  enum: WireType.enum,
  set: WireType.set,
};
const STRING_WIRES = new Set<number>([
  WireType.string,
  WireType.varchar,
  WireType.varString,
  WireType.tinyBlob,
  WireType.mediumBlob,
  WireType.longBlob,
  WireType.blob,
  WireType.mariadbBlobCompressed,
  WireType.mariadbVarcharCompressed,
]);

function isTextType(type: string): boolean {
  return TEXT_TYPES.has(type);
}

/** Whether the event's type can be the structure's: a difference means that the structure is of another time. */
function checkFamily(wire: WireColumn, column: Column): void {
  const expected = INTEGER_WIRE[column.type];
  const isString = TEXT_TYPES.has(column.type) || BINARY_TYPES.has(column.type);
  const typeDiffers =
    expected === undefined
      ? isString && !STRING_WIRES.has(wire.type) && !(column.type === 'json' && wire.type === WireType.json)
      : expected !== wire.type;
  const charsetDiffers = isString && wire.binary !== undefined && wire.binary !== BINARY_TYPES.has(column.type);
  const signDiffers =
    wire.unsigned !== undefined &&
    column.type !== 'year' &&
    expected !== undefined &&
    wire.unsigned !== column.unsigned;
  if (typeDiffers || charsetDiffers || signDiffers) {
    const sign = wire.unsigned === true ? ' unsigned' : '';
    const kind = wire.binary === true ? ' binary' : '';
    throw new Error(
      `column ${column.name} is ${column.columnType} in the tracked structure but of type number ${wire.type}${sign}${kind} in the binlog`,
    );
  }
}
