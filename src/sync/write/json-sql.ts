import { hexLiteral, quoteString } from '../../mysql/quote.js';
import type { CellValue, TypedJson, TypedJsonValue } from '../events.js';
import type { Target } from '../target.js';

/** Numbers on the wire of SQL types that JSON documents may hold. */
const VARCHAR = 15;
const BIT = 16;
const MEDIUM_BLOB = 250;
const LONG_BLOB = 251;
const BLOB = 252;
const VAR_STRING = 253;
const STRING = 254;

/** Lengths by which a server takes a binary text for a MEDIUMBLOB or LONGBLOB. */
const MEDIUM_LENGTH = 70_000;
const LONG_LENGTH = 20_000_000;

const MOST_BIT_BYTES = 8;

export function isTypedJson(value: CellValue): value is TypedJson {
  return typeof value === 'object' && value !== null && 'typed' in value;
}

/**
 * An expression for the document in which each value has its type: the text alone would make a DOUBLE of a DECIMAL, and a
 * string of a date. What a server has no expression for stays as the text has it.
 *
 * @param textSql - the document's text as SQL
 */
export function typedJsonSql({ typed }: TypedJson, textSql: string, target: Target): string {
  const replacements = typed.flatMap(({ path, value }) => {
    const sql = valueSql(value, target);
    return sql === undefined ? [] : [`${quoteString(path)}, ${sql}`];
  });
  return replacements.length === 0 ? textSql : `JSON_REPLACE(${textSql}, ${replacements.join(', ')})`;
}

/** Types of which a cast makes values; of TIMESTAMP none does. */
const CASTS = {
  signed: 'SIGNED',
  unsigned: 'UNSIGNED',
  date: 'DATE',
  time: 'TIME(6)',
  datetime: 'DATETIME(6)',
  timestamp: 'DATETIME(6)',
} as const;

function valueSql(value: TypedJsonValue['value'], target: Target): string | undefined {
  // TiDB has no DECIMAL in documents, and writes binary values in another way.
  if (value.type === 'opaque') return target.isTiDB ? undefined : bytesSql(value.wireType, value.bytes, target);
  const text = quoteString(value.text);
  if (value.type === 'decimal') {
    return target.isTiDB ? undefined : `CAST(${text} AS DECIMAL(${value.precision}, ${value.scale}))`;
  }
  if (value.type === 'timestamp' && target.hasJsonTable === true) {
    return columnOf('TIMESTAMP(6)', JSON.stringify(value.text));
  }
  return `CAST(${text} AS ${CASTS[value.type]})`;
}

/** Bytes as a value of the type, where there is an expression that has it. */
function bytesSql(wireType: number, bytes: Buffer, { hasJsonTable }: Target): string | undefined {
  const literal = hexLiteral(bytes);
  switch (wireType) {
    case VARCHAR:
    case VAR_STRING:
      return literal;
    case MEDIUM_BLOB:
      return `COALESCE(${literal}, REPEAT(x'00', ${MEDIUM_LENGTH}))`;
    case LONG_BLOB:
      return `COALESCE(${literal}, REPEAT(x'00', ${LONG_LENGTH}))`;
    case BLOB:
      return hasJsonTable === true ? `COALESCE(${literal}, ${columnOf('BLOB')})` : undefined;
    case STRING:
      if (hasJsonTable !== true || bytes.length === 0 || bytes.some((byte) => byte > 0x7f)) return undefined;
      return columnOf(`BINARY(${bytes.length})`, JSON.stringify(bytes.toString('latin1')));
    case BIT:
      if (hasJsonTable !== true || bytes.length === 0 || bytes.length > MOST_BIT_BYTES) return undefined;
      return columnOf(`BIT(${bytes.length * 8})`, String(BigInt(`0x${bytes.toString('hex')}`)));
    default:
      return undefined;
  }
}

/** The value of a column of the type: of no row, or of one with this JSON value. */
function columnOf(type: string, json = ''): string {
  return `(SELECT v FROM JSON_TABLE(${quoteString(`[${json}]`)}, '$[*]' COLUMNS (v ${type} PATH '$')) AS j)`;
}
