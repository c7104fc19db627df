/**
 * SQL of values that a JSON document takes in with a type that no cast makes. All need JSON_TABLE (MySQL 8.0.4); its columns
 * are the one place where an expression can have any column's type.
 */

/** Numbers that types of bytes have inside documents. */
export const JSON_BYTES = {
  varchar: 15,
  bit: 16,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
} as const;

/** Bytes that a BINARY column, and a member of an ENUM, can have. */
export const MOST_BINARY_BYTES = 255;

/** Bytes that a BIT column can have. */
export const MOST_BIT_BYTES = 8;

/** First and last value of a TIMESTAMP column in UTC; others are dates with time in a document, but not in a column. */
export const TIMESTAMP_RANGE = ['1970-01-01 00:00:01.000000', '2038-01-19 03:14:07.999999'] as const;

/** Column types whose values bear these numbers. */
export const BLOB_TYPES: ReadonlyMap<number, string> = new Map([
  [JSON_BYTES.tinyBlob, 'TINYBLOB'],
  [JSON_BYTES.blob, 'BLOB'],
  [JSON_BYTES.mediumBlob, 'MEDIUMBLOB'],
  [JSON_BYTES.longBlob, 'LONGBLOB'],
]);

/**
 * Bytes as a value of a BLOB type: the columns of a union have the wider of its types, and only as long as they are columns.
 *
 * @param bytesSql - a binary string
 */
export function blobInJson(type: string, bytesSql: string): string {
  const union = `SELECT ${bytesSql} AS v UNION ALL SELECT u FROM JSON_TABLE('[]', '$[*]' COLUMNS (u ${type} PATH '$')) AS j`;
  return `(SELECT JSON_EXTRACT(JSON_ARRAY(v), '$[0]') FROM (${union}) AS d)`;
}

/**
 * Bytes as a value of BINARY. A document's text has no bytes to fill such a column with; the name of an ENUM's member has, and
 * counts as the same type.
 *
 * @param hexLiteral - up to {@link MOST_BINARY_BYTES}
 */
export function binaryInJson(hexLiteral: string): string {
  return columnInJson(`ENUM(${hexLiteral}) CHARACTER SET binary`, '1');
}

/**
 * A number as a value of BIT.
 *
 * @param bitsSql - number of bits, as digits
 */
export function bitInJson(bitsSql: string, numberSql: string): string {
  return columnInJson(`BIT(${bitsSql})`, numberSql);
}

/** A value of TIMESTAMP within {@link TIMESTAMP_RANGE}; the session is in UTC. */
export function timestampInJson(text: string): string {
  return columnInJson('TIMESTAMP(6)', `"${text}"`);
}

function columnInJson(type: string, json: string): string {
  return `(SELECT v FROM JSON_TABLE('[${json}]', '$[*]' COLUMNS (v ${type} PATH '$')) AS j)`;
}
