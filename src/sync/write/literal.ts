import { decodeText } from '../../mysql/charset.js';
import { hexLiteral, quoteString } from '../../mysql/quote.js';
import type { Column } from '../../schema/model.js';
import type { CellValue, CharsetText } from '../events.js';
import { readsIntroducer, type Target } from '../target.js';

/** Turns a value of one column into SQL text. */
export type LiteralWriter = (value: CellValue) => string;

/**
 * The writer for values of `column` (the structure the row was written under). Texts are utf8mb4 literals, bytes
 * hexadecimal ones; ENUM and SET go by the names of their members, so that the downstream may number them otherwise.
 * An absent value (`undefined`) must never reach a writer.
 */
export function literalWriter(column: Column, target: Target): LiteralWriter {
  const write = valueWriter(column, target);
  return (value) => (value === null ? 'NULL' : write(value));
}

function valueWriter(column: Column, target: Target): LiteralWriter {
  switch (column.type) {
    case 'float':
      return (value) => (typeof value === 'number' ? doubleLiteral(Math.fround(value)) : anyLiteral(value, target));
    case 'double':
      return (value) => (typeof value === 'number' ? doubleLiteral(value) : anyLiteral(value, target));
    case 'decimal':
      // Bare: an exact literal on every server, of up to 65 digits.
      return (value) => (typeof value === 'string' ? value : anyLiteral(value, target));
    case 'enum':
      return (value) => (typeof value === 'number' ? enumLiteral(column, value, target) : anyLiteral(value, target));
    case 'set':
      return (value) => (isNumeric(value) ? setLiteral(column, BigInt(value)) : anyLiteral(value, target));
    case 'json':
      // A document of no bytes is what UPDATE IGNORE and non-strict modes leave behind; servers show it as null.
      return (value) => (value === '' ? `'null'` : anyLiteral(value, target));
    default:
      return (value) => anyLiteral(value, target);
  }
}

// oxlint-disable-next-line no-control-regex -- the range is meant
const IS_ASCII = /^[\x00-\x7f]*$/;

/** Index 0 is the empty string that stands for an invalid value; its number is understood even if '' is a member. */
function enumLiteral(column: Column, index: number, target: Target): string {
  if (index === 0) return target.isTiDB ? `''` : '0';
  const member = column.members?.[index - 1];
  // A member that is bytes rather than text goes by its number.
  const isText = member !== undefined && ((column.charset ?? 'binary') !== 'binary' || IS_ASCII.test(member));
  return isText ? quoteString(member) : String(index);
}

function setLiteral(column: Column, mask: bigint): string {
  const members = column.members ?? [];
  const names = members.filter((_, bit) => (mask >> BigInt(bit)) & 1n);
  return quoteString(names.join(','));
}

/** The shortest decimal text that reads back as the same double; the sign of zero is kept. */
function doubleLiteral(value: number): string {
  return Object.is(value, -0) ? '-0e0' : String(value);
}

function isNumeric(value: CellValue): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function anyLiteral(value: CellValue, target: Target): string {
  if (typeof value === 'string') return quoteString(value);
  if (Buffer.isBuffer(value)) return hexLiteral(value);
  if (typeof value === 'object' && value !== null) return charsetLiteral(value, target);
  return String(value);
}

function charsetLiteral(text: CharsetText, target: Target): string {
  if (text.bytes.length === 0) return `''`;
  if (text.charset === 'utf8mb4') return quoteString(text.bytes.toString());
  if (!readsIntroducer(target, text.charset)) return quoteString(decodeText(text.bytes, text.charset));
  return `_${text.charset} ${hexLiteral(text.bytes)}`;
}

/** Bytes a value takes in memory, roughly; what back-pressure and statement sizes count. */
export function valueBytes(value: CellValue): number {
  if (typeof value === 'string') return value.length;
  if (Buffer.isBuffer(value)) return value.length;
  if (typeof value === 'object' && value !== null) return value.bytes.length;
  return 8;
}
