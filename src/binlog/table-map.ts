import { collationById } from './collations.js';
import { WireType } from './constants.js';
import { CorruptEventError, Cursor } from './cursor.js';

/** One column as a Table_map event describes it. */
export interface WireColumn {
  /** Real type: ENUM and SET instead of the STRING they travel as. */
  type: number;
  /** Maximum bytes of strings, precision of DECIMAL, fractional digits, bytes of a length prefix, bits of BIT... */
  length: number;
  /** Scale of DECIMAL. */
  scale: number;
  /** Undefined when the event does not say (before MySQL 8.0 and MariaDB 10.5). */
  unsigned?: boolean;
  /** Of character columns: whether the charset is `binary`; undefined when the event does not say. */
  binary?: boolean;
  /** Of character columns that are not binary: name as structures have it; undefined when the event does not say. */
  charset?: string;
  /** Only with `binlog_row_metadata=FULL`. */
  name?: string;
}

/** A Table_map event. */
export interface TableMap {
  id: number;
  schema: string;
  table: string;
  columns: WireColumn[];
}

/** Kinds of optional metadata that we read; the others are passed over by their length. */
const Metadata = { signedness: 1, defaultCharset: 2, columnCharset: 3, columnName: 4 } as const;

const BINARY_COLLATION = 63;

/** No table has more columns. */
const MAX_COLUMNS = 4096;

/** Id of the table of a Table_map or rows event. */
export function readTableId(body: Buffer): number {
  if (body.length < 8) throw new CorruptEventError('truncated event of a table');
  return body.readUIntLE(0, 6);
}

/** Reads a Table_map event's body. */
export function parseTableMap(body: Buffer): TableMap {
  const cursor = new Cursor(body);
  const id = cursor.u48();
  cursor.skip(2); // flags
  const schema = name(cursor);
  const table = name(cursor);
  const count = cursor.lengthEncoded();
  if (count > MAX_COLUMNS) throw new CorruptEventError(`table map of ${count} columns`);
  const types = cursor.slice(count);
  const metadata = new Cursor(cursor.slice(cursor.lengthEncoded()));
  const columns: WireColumn[] = [];
  for (const type of types) columns.push(wireColumn(type, metadata));
  cursor.skip((count + 7) >> 3); // which columns may be NULL: the rows say it again
  while (cursor.remaining > 0) readMetadata(cursor, columns);
  return { id, schema, table, columns };
}

function name(cursor: Cursor): string {
  const text = cursor.utf8(cursor.u8());
  if (cursor.u8() !== 0) throw new CorruptEventError('no end of a name in a table map');
  return text;
}

function wireColumn(type: number, metadata: Cursor): WireColumn {
  switch (type) {
    case WireType.string:
    case WireType.enum:
    case WireType.set:
      return stringColumn(metadata);
    case WireType.newDecimal:
      return { type, length: metadata.u8(), scale: metadata.u8() };
    case WireType.bit: {
      const bits = metadata.u8();
      return { type, length: metadata.u8() * 8 + bits, scale: 0 };
    }
    case WireType.varchar:
    case WireType.varString:
    case WireType.mariadbVarcharCompressed:
      return { type, length: metadata.u16(), scale: 0 };
    case WireType.float:
    case WireType.double:
    case WireType.timestamp2:
    case WireType.datetime2:
    case WireType.time2:
    case WireType.json:
    case WireType.geometry:
    case WireType.vector:
    case WireType.tinyBlob:
    case WireType.mediumBlob:
    case WireType.longBlob:
    case WireType.blob:
    case WireType.mariadbBlobCompressed:
      return { type, length: metadata.u8(), scale: 0 };
    default:
      return { type, length: 0, scale: 0 };
  }
}

/** CHAR, BINARY, ENUM and SET share a type; two bytes hold the real one and a length of up to ten bits. */
function stringColumn(metadata: Cursor): WireColumn {
  const first = metadata.u8();
  const second = metadata.u8();
  // Lengths above 255 put their two high bits, inverted, into bits 4 and 5 of the type.
  const type = first | 0x30;
  return { type, length: second | (((first & 0x30) ^ 0x30) << 4), scale: 0 };
}

function readMetadata(cursor: Cursor, columns: WireColumn[]): void {
  const kind = cursor.u8();
  const value = new Cursor(cursor.slice(cursor.lengthEncoded()));
  switch (kind) {
    case Metadata.signedness:
      readSignedness(value, columns);
      break;
    case Metadata.defaultCharset:
      readDefaultCharset(value, columns);
      break;
    case Metadata.columnCharset:
      for (const column of columns.filter(isCharacter)) setCollation(column, value.lengthEncoded());
      break;
    case Metadata.columnName:
      for (const column of columns) column.name = value.utf8(value.lengthEncoded());
      break;
    default:
  }
}

/** One bit for each numeric column, DECIMAL, FLOAT, DOUBLE and YEAR among them, from the highest bit of the first byte on. */
function readSignedness(value: Cursor, columns: WireColumn[]): void {
  const numeric = columns.filter((column) => isNumeric(column.type));
  const bits = value.slice((numeric.length + 7) >> 3);
  for (const [index, column] of numeric.entries()) column.unsigned = (bits[index >> 3] & (0x80 >> (index & 7))) !== 0;
}

/** A collation for all character columns, then pairs of (number among the character columns, other collation). */
function readDefaultCharset(value: Cursor, columns: WireColumn[]): void {
  const character = columns.filter(isCharacter);
  const collation = value.lengthEncoded();
  for (const column of character) setCollation(column, collation);
  while (value.remaining > 0) {
    const column = character[value.lengthEncoded()];
    const own = value.lengthEncoded();
    if (column === undefined) throw new CorruptEventError('charset of a column that the table map does not have');
    setCollation(column, own);
  }
}

function setCollation(column: WireColumn, id: number): void {
  // Collations of servers newer than our table stay unknown: the structure tells the charset then.
  const collation = collationById(id);
  if (collation === undefined) return;
  column.binary = id === BINARY_COLLATION;
  if (!column.binary) column.charset = collation.charset;
}

function isCharacter(column: WireColumn): boolean {
  switch (column.type) {
    case WireType.string:
    case WireType.varchar:
    case WireType.varString:
    case WireType.tinyBlob:
    case WireType.mediumBlob:
    case WireType.longBlob:
    case WireType.blob:
    // MySQL keeps vectors in a kind of BLOB, and counts them as one here.
    case WireType.vector:
    case WireType.mariadbBlobCompressed:
    case WireType.mariadbVarcharCompressed:
      return true;
    default:
      return false;
  }
}

function isNumeric(type: number): boolean {
  switch (type) {
    case WireType.tiny:
    case WireType.short:
    case WireType.int24:
    case WireType.long:
    case WireType.longlong:
    case WireType.newDecimal:
    case WireType.float:
    case WireType.double:
    case WireType.year:
      return true;
    default:
      return false;
  }
}
