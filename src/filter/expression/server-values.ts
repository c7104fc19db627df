import { hexLiteral, quoteString } from '../../mysql/quote.js';
import { decodeText } from '../../mysql/charset.js';
import type { Column } from '../../schema/model.js';
import type { CellValue, CharsetText } from '../../sync/events.js';
import { enumText, setText } from './members.js';

/** What of the evaluating server changes how values are written. */
export interface ServerKind {
  mariadb: boolean;
  tidb: boolean;
  /** CAST knows YEAR. */
  years: boolean;
  /** Default collation of each character set, as `CONVERT ... USING` gives it. */
  defaults: ReadonlyMap<string, string>;
}

type Value = Exclude<CellValue, undefined>;

/**
 * A value as SQL with the type of its column, as near as CAST comes to it. `numeric` asks for the number of an ENUM or SET
 * instead of its text.
 */
export function columnSql(column: Column, value: Value, kind: ServerKind, numeric: boolean): string {
  switch (column.type) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint':
      return `CAST(${plain(value)} AS ${column.unsigned ? 'UNSIGNED' : 'SIGNED'})`;
    case 'year':
      return `CAST(${plain(value)} AS ${kind.years ? 'YEAR' : 'UNSIGNED'})`;
    case 'bit':
      return `CAST(${plain(value)} AS UNSIGNED)`;
    case 'decimal':
      return `CAST(${plain(value)} AS DECIMAL(${column.length ?? 10},${column.decimals ?? 0}))`;
    case 'float':
      return floatSql(value, kind);
    case 'double':
      return doubleSql(value);
    case 'date':
      return `CAST(${quoted(value)} AS DATE)`;
    case 'time':
      return `CAST(${quoted(value)} AS TIME(${column.length ?? 0}))`;
    case 'datetime':
    case 'timestamp':
      return `CAST(${quoted(value)} AS DATETIME(${column.length ?? 0}))`;
    case 'enum':
      return numeric ? memberNumber(value, kind) : textSql(column, enumText(column, value), kind);
    case 'set':
      return numeric ? memberNumber(value, kind) : textSql(column, setText(column, value), kind);
    case 'json':
      return jsonSql(value, kind);
    default:
      return column.collation === undefined ? bytesSql(value, kind) : textSql(column, value, kind);
  }
}

/** Text of a number or of what travels as text. */
function textOf(value: Exclude<Value, null>): string {
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  return typeof value === 'object' ? decodeText(value.bytes, value.charset) : String(value);
}

/** Numbers and exact decimals, which need no quotes. */
function plain(value: Value): string {
  return value === null ? 'NULL' : textOf(value);
}

function quoted(value: Value): string {
  return value === null ? 'NULL' : quoteString(textOf(value));
}

/** A literal with an exponent is a DOUBLE on every server; not all have it as a type of CAST. */
function doubleSql(value: Value): string {
  if (value === null) return '(0e0 + NULL)';
  const text = textOf(value);
  return `(0e0 + ${text.includes('e') ? text : `${text}e0`})`;
}

/** In calculations MySQL takes it for a DOUBLE, MariaDB for an integer. */
function memberNumber(value: Value, { mariadb }: ServerKind): string {
  return mariadb ? `CAST(${plain(value)} AS UNSIGNED)` : doubleSql(value);
}

function floatSql(value: Value, { mariadb, tidb }: ServerKind): string {
  if (mariadb || tidb) return doubleSql(typeof value === 'number' ? Math.fround(value) : value);
  return `CAST(${doubleSql(value)} AS FLOAT)`;
}

/** MariaDB's JSON is a text; JSON of no bytes is what non-strict modes leave behind, and is read as null. */
function jsonSql(value: Value, { mariadb }: ServerKind): string {
  const text = value === '' ? `'null'` : quoted(value);
  return mariadb ? `CONVERT(${text} USING utf8mb4) COLLATE utf8mb4_bin` : `CAST(${text} AS JSON)`;
}

function textSql(column: Column, value: Value, kind: ServerKind): string {
  // TiDB knows this charset and its collations by their old name alone.
  const known = (name: string): string => (kind.tidb ? name.replace(/^utf8mb3/, 'utf8') : name);
  const charset = known(column.charset ?? 'utf8mb4');
  const collation = column.collation === undefined ? undefined : known(column.collation);
  const text = `CONVERT(${textLiteral(value, kind)} USING ${charset})`;
  // A collation that is written counts more than a column's: it is left out where it need not be said.
  return collation === undefined || kind.defaults.get(charset) === collation ? text : `${text} COLLATE ${collation}`;
}

function textLiteral(value: Value, kind: ServerKind): string {
  if (value === null) return 'NULL';
  if (Buffer.isBuffer(value)) return hexLiteral(value);
  if (typeof value === 'object') return charsetLiteral(value, kind);
  return quoteString(textOf(value));
}

/** TiDB reads few introducers: text is converted before it is sent there. */
function charsetLiteral({ charset, bytes }: CharsetText, { tidb }: ServerKind): string {
  return tidb ? quoteString(decodeText(bytes, charset)) : `_${charset} ${hexLiteral(bytes)}`;
}

function bytesSql(value: Value, kind: ServerKind): string {
  if (value === null) return 'CAST(NULL AS BINARY)';
  if (Buffer.isBuffer(value)) return `CAST(${hexLiteral(value)} AS BINARY)`;
  return textLiteral(value, kind);
}
