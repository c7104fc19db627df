import { SQL_MARK } from './row-format.js';

/** Character sets of which every text is the same again after a way through utf8mb4. */
const LOSSLESS = new Set(['utf8mb4', 'utf8mb3', 'utf8', 'ascii', 'latin1', 'binary']);

/** Whether texts in the character set may have characters that utf8mb4, in which rows are written, does not bring back. */
export function isLossyCharset(charset: string): boolean {
  return !LOSSLESS.has(charset);
}

/**
 * What is selected of a text: the text or, where its bytes would not come back from utf8mb4, {@link SQL_MARK} and the bytes
 * behind their character set's introducer.
 *
 * @param column - quoted name
 */
export function exactTextExpression(column: string, charset: string): string {
  const text = `CONVERT(${column} USING utf8mb4)`;
  const bytes = `CAST(${column} AS BINARY)`;
  const comesBack = `CAST(CONVERT(${text} USING ${charset}) AS BINARY)=${bytes}`;
  // A text that begins with the mark would be taken for an expression. Longer than a packet, there is none: rather the text.
  const isText = `${comesBack} AND LEFT(${text},1)<>CHAR(${SQL_MARK})`;
  return `IF(${isText},${text},COALESCE(CONCAT(CHAR(${SQL_MARK}),'_${charset} x''',HEX(${column}),''''),${text}))`;
}

/** What is selected of an ENUM that has an empty member: index 0 reads as the empty string too, and goes by its number. */
export function exactEnumExpression(column: string): string {
  return `IF(${column}+0=0,CONCAT(CHAR(${SQL_MARK}),'0'),${column})`;
}

/** Whether the ENUM has an empty member, and none that would be taken for an expression. */
export function hasEmptyMember(columnType: string): boolean {
  return /^enum\((?:.*,)?''[,)]/is.test(columnType) && !columnType.includes(`'${String.fromCharCode(SQL_MARK)}`);
}

/** Whether a structure may have columns that are read by such expressions, as far as its text tells. */
export function mayNeedExpressions(createTable: string): boolean {
  return /\benum\(|\bCHARACTER SET\b|\bCHARSET=(?!utf8|latin1|ascii|binary)/i.test(createTable);
}
