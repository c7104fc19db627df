import type { Dialect } from './ast.js';

const ESCAPES: Record<string, string> = { '0': '\0', b: '\b', n: '\n', r: '\r', t: '\t', Z: '\x1a' };

/** Value of a quoted literal, quotes included in `quoted`, as the server unescapes it. */
export function unquoteString(quoted: string, dialect: Dialect): string {
  const quote = quoted.charAt(0);
  const inner = quoted.slice(1, -1);
  const undoubled = (text: string): string => text.replaceAll(quote + quote, quote);
  if (dialect.noBackslashEscapes || !inner.includes('\\')) return undoubled(inner);
  // \% and \_ keep their backslash; it means something to LIKE
  const pattern = quote === "'" ? /\\([\s\S])|''/g : /\\([\s\S])|""/g;
  return inner.replace(pattern, (match: string, escaped: string | undefined) => {
    if (escaped === undefined) return quote;
    if (escaped === '%' || escaped === '_') return match;
    return ESCAPES[escaped] ?? escaped;
  });
}

/** Name behind a quoted identifier; the quote is a backtick, or a double quote under ANSI_QUOTES. */
export function unquoteIdent(quoted: string): string {
  const quote = quoted.charAt(0);
  return quoted.slice(1, -1).replaceAll(quote + quote, quote);
}

/** Hexadecimal digits of x'..' or 0x.., an even count of them. */
export function hexDigits(literal: string): string {
  const digits = literal.charAt(1) === "'" ? literal.slice(2, -1) : literal.slice(2);
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}

/** Binary digits of b'..' or 0b... */
export function bitDigits(literal: string): string {
  return literal.charAt(1) === "'" ? literal.slice(2, -1) : literal.slice(2);
}

/** Text that a hexadecimal or bit literal stands for where a text is asked for: UTF-8 if it is, else Latin-1. */
export function bytesAsText(digits: string, base: 2 | 16): string {
  const hex = base === 16 ? digits : bitsToHex(digits);
  const bytes = Buffer.from(hex, 'hex');
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}

function bitsToHex(digits: string): string {
  const padded = digits.padStart(Math.ceil(digits.length / 8) * 8, '0');
  return padded.replace(/.{8}/g, (byte) => Number.parseInt(byte, 2).toString(16).padStart(2, '0'));
}
