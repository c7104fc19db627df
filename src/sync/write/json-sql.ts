import {
  binaryInJson,
  bitInJson,
  BLOB_TYPES,
  blobInJson,
  JSON_BYTES,
  MOST_BINARY_BYTES,
  MOST_BIT_BYTES,
  TIMESTAMP_RANGE,
  timestampInJson,
} from '../../mysql/json-values.js';
import { hexLiteral, quoteString } from '../../mysql/quote.js';
import type { CellValue, TypedJson, TypedJsonValue } from '../events.js';
import type { Target } from '../target.js';

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
    if (sql !== undefined) return [`${quoteString(path)}, ${sql}`];
    target.onJsonAsText?.(value.type === 'opaque' ? `binary (${value.wireType})` : value.type);
    return [];
  });
  return replacements.length === 0 ? textSql : `JSON_REPLACE(${textSql}, ${replacements.join(', ')})`;
}

/** Types of which a cast makes values; of TIMESTAMP none does, the nearest is DATETIME. */
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
  if (value.type === 'timestamp' && target.hasJsonTable === true && isInRange(value.text))
    return timestampInJson(value.text);
  return `CAST(${text} AS ${CASTS[value.type]})`;
}

function isInRange(timestamp: string): boolean {
  const [first, last] = TIMESTAMP_RANGE;
  return timestamp >= first && timestamp <= last;
}

/** Bytes as a value of the type, where there is an expression that has it. */
function bytesSql(wireType: number, bytes: Buffer, { hasJsonTable }: Target): string | undefined {
  const literal = hexLiteral(bytes);
  if (wireType === JSON_BYTES.varchar || wireType === JSON_BYTES.varString) return literal;
  if (hasJsonTable !== true) return undefined;
  const blob = BLOB_TYPES.get(wireType);
  if (blob !== undefined) return blobInJson(blob, literal);
  if (wireType === JSON_BYTES.string && bytes.length <= MOST_BINARY_BYTES) return binaryInJson(literal);
  if (wireType !== JSON_BYTES.bit || bytes.length === 0 || bytes.length > MOST_BIT_BYTES) return undefined;
  return bitInJson(String(bytes.length * 8), String(BigInt(`0x${bytes.toString('hex')}`)));
}
