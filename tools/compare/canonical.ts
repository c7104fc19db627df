/**
 * One SQL expression per column that gives the same text for the same value on MySQL and MariaDB, and different texts for
 * different values. The session must have `time_zone = '+00:00'`.
 */

import { isSpatialType } from '../../src/schema/column-type.js';

/** What information_schema says of a column. */
export interface ComparedColumn {
  name: string;
  /** DATA_TYPE in lower case. */
  dataType: string;
  /** Longest value of a text or binary column, in characters; undefined for other types. */
  maxLength?: number;
}

const TEXT = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'uuid', 'inet4', 'inet6']);
const BYTES = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob', 'vector']);

/** Longest column that is written out in full. */
const HEX_LENGTH = 255;

export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** Text of the column's value: `N` for NULL, else `V` and the value, so that NULL and '' differ. */
export function canonicalColumn(column: ComparedColumn): string {
  return `COALESCE(CONCAT('V', ${canonicalValue(column)}), 'N')`;
}

/** Hash of the whole row, 64 hexadecimal digits; NULL when a value is too big for the server to hash. */
export function rowHash(columns: ComparedColumn[]): string {
  return `SHA2(CONCAT_WS(',', ${columns.map(canonicalColumn).join(', ')}), 256)`;
}

function canonicalValue({ name, dataType, maxLength = Infinity }: ComparedColumn): string {
  const c = quoteName(name);
  // Long values are hashed one by one: the concatenation must stay below max_allowed_packet. HEX costs the server less.
  const digest = (value: string): string => (maxLength <= HEX_LENGTH ? `HEX(${value})` : `SHA2(${value}, 256)`);
  if (TEXT.has(dataType)) return digest(`CONVERT(${c} USING utf8mb4)`);
  if (BYTES.has(dataType) || isSpatialType(dataType)) return digest(`CAST(${c} AS BINARY)`);
  switch (dataType) {
    case 'json':
      return `SHA2(CAST(${c} AS CHAR CHARACTER SET utf8mb4), 256)`;
    case 'bit':
      return `CAST(${c} AS UNSIGNED)`;
    case 'enum':
    case 'set':
      // The number tells the error value from a member named ''.
      return `CONCAT(CAST(${c} AS UNSIGNED), ':', HEX(CONVERT(${c} USING utf8mb4)))`;
    case 'double':
      // The column itself shows all its digits; the text of an expression would be cut at 22 characters by MySQL.
      return `CAST(${c} AS CHAR)`;
    case 'float':
      // As a double a FLOAT shows all its digits; multiplying keeps the sign of zero. MySQL cuts the text at 22
      // characters, one too short for a sign, 17 digits and an exponent: the first character goes apart.
      return `CONCAT(LEFT(CAST(${c} * 1e0 AS CHAR), 1), CAST(ABS(${c} * 1e0) AS CHAR))`;
    default:
      return `CAST(${c} AS CHAR)`;
  }
}
