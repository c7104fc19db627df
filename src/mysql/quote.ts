/**
 * The only place where names and values become SQL text. All output is valid in MySQL, MariaDB and TiDB with a utf8mb4
 * connection charset (never with gbk, big5 or sjis as connection charset, where a backslash may be half a character).
 */

/** `name` between backticks. Safe under every `sql_mode`. */
export function quoteIdent(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** `schema`.`table`, both quoted. */
export function quoteTable(schema: string, table: string): string {
  return `${quoteIdent(schema)}.${quoteIdent(table)}`;
}

/** Column names quoted, separated by `, `. */
export function quoteColumns(names: readonly string[]): string {
  return names.map(quoteIdent).join(', ');
}

// Characters the server's own escaping function (mysql_real_escape_string) treats.
// oxlint-disable-next-line no-control-regex -- NUL and Ctrl-Z are what has to be found
const SPECIAL = /[\0\n\r\x1a'\\]/;
// oxlint-disable-next-line no-control-regex -- same set
const SPECIAL_ALL = /[\0\n\r\x1a'\\]/g;

const ESCAPES: Record<string, string> = {
  '\0': '\\0',
  '\n': '\\n',
  '\r': '\\r',
  '\x1a': '\\Z',
  "'": "\\'",
  '\\': '\\\\',
};

/** Options of {@link quoteString}. */
export interface QuoteStringOptions {
  /** The session that runs the statement has `NO_BACKSLASH_ESCAPES` in its `sql_mode`. */
  noBackslashEscapes?: boolean;
}

/** `text` as a single-quoted string literal. */
export function quoteString(text: string, options?: QuoteStringOptions): string {
  if (options?.noBackslashEscapes === true) return `'${text.replaceAll("'", "''")}'`;
  // Most values hold nothing to escape: one scan and no allocation but the result.
  if (!SPECIAL.test(text)) return `'${text}'`;
  return `'${text.replace(SPECIAL_ALL, (character) => ESCAPES[character] ?? character)}'`;
}

/** Bytes as a hexadecimal literal `x'...'`, a binary string on every server; `x''` when empty. */
export function hexLiteral(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return `x'${buffer.toString('hex')}'`;
}
