import { dmError } from '../errors/dm-error.js';
import type { ColumnChange } from '../filter/column-mapping.js';
import { quoteString } from '../mysql/quote.js';
import type { CellValue } from '../sync/events.js';

const QUOTE = 0x27;
const DOUBLE_QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x28;
const CLOSE = 0x29;
const COMMA = 0x2c;

/** Place of a value in a statement. */
interface Span {
  start: number;
  end: number;
}

/**
 * The rows of an INSERT, from `start` on, with one value of each row changed; everything else stays as views of `bytes`.
 *
 * @throws DmError 34011 when a row has too few values, and what `mapping.change` throws
 */
export function changeTuples(bytes: Buffer, start: number, mapping: ColumnChange): Buffer[] {
  const pieces: Buffer[] = [];
  let copied = start;
  for (let at = nextTuple(bytes, start); at !== -1;) {
    const { values, end } = readTuple(bytes, at);
    const [from, to] = [values[mapping.source], values[mapping.target]];
    if (from === undefined || to === undefined) {
      throw dmError(34011, [], { cause: new Error(`a row of the dump has ${values.length} values only`) });
    }
    const changed = literal(mapping.change(cell(bytes.toString('utf8', from.start, from.end))));
    pieces.push(bytes.subarray(copied, to.start), Buffer.from(changed));
    copied = to.end;
    at = nextTuple(bytes, end);
  }
  pieces.push(bytes.subarray(copied));
  return pieces;
}

/** The place behind the parenthesis that opens the next row, or -1. */
function nextTuple(bytes: Buffer, start: number): number {
  const open = bytes.indexOf(OPEN, start);
  return open === -1 ? -1 : open + 1;
}

/** Reads the values of a row from behind its opening parenthesis. */
function readTuple(bytes: Buffer, start: number): { values: Span[]; end: number } {
  const values: Span[] = [];
  let from = start;
  let depth = 0;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE || byte === DOUBLE_QUOTE) at = stringEnd(bytes, at, byte);
    else if (byte === OPEN) depth++;
    else if (byte === CLOSE && depth > 0) depth--;
    else if (depth === 0 && (byte === COMMA || byte === CLOSE)) {
      values.push({ start: from, end: at });
      from = at + 1;
      if (byte === CLOSE) return { values, end: from };
    }
  }
  throw dmError(34002, [], { cause: new Error('a row of the dump does not end') });
}

/** The closing quote of a string that opens at `start`. */
function stringEnd(bytes: Buffer, start: number, quote: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === quote) return at;
  }
  return bytes.length;
}

/** What of a value the mapping understands: whole numbers, bare or in quotes. Anything else goes there as its text. */
function cell(text: string): CellValue {
  const value = text.trim();
  if (/^NULL$/i.test(value)) return null;
  if (/^[+-]?\d+$/.test(value)) return BigInt(value.replace('+', ''));
  return /^'([^'\\]*)'$/.exec(value)?.[1] ?? value;
}

function literal(value: CellValue): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return quoteString(value);
  throw new Error('a mapped column holds whole numbers');
}
