/** How a column's value becomes SQL text. */
export const FORMAT = {
  /** Digits as the server printed them. */
  number: 0,
  /** As `number`; negative zero needs an exponent to stay what it is. */
  float: 1,
  /** A quoted string with backslash escapes. */
  text: 2,
  /** The same behind `_binary`. */
  binary: 3,
  /** A hexadecimal literal. */
  hex: 4,
  /** As `text`, or SQL as it is behind {@link SQL_MARK}. */
  marked: 5,
} as const;

/** First byte of a value of format `marked` that is an expression; what is selected there never begins with it as text. */
export const SQL_MARK = 1;

export type ValueFormat = (typeof FORMAT)[keyof typeof FORMAT];

/** Where SQL text of rows goes. */
export interface TextTarget {
  /** Makes room for `bytes` more and gives the buffer to write into; what was written before may have moved on. */
  reserve(bytes: number): void;
  buffer: Buffer;
  /** Next free byte of `buffer`. */
  pos: number;
}

const QUOTE = 0x27;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const NULL_MARKER = 0xfb;
const HEX = Buffer.from('0123456789abcdef', 'latin1');
const BINARY_PREFIX = Buffer.from('_binary', 'latin1');

/** Byte to the letter behind the backslash; 0 = needs no escape. The server's own set. */
const ESCAPE = new Uint8Array(256);
for (const [byte, letter] of [
  [0x00, '0'],
  [0x0a, 'n'],
  [0x0d, 'r'],
  [0x1a, 'Z'],
  [0x22, '"'],
  [0x27, "'"],
  [0x5c, '\\'],
] as const) {
  ESCAPE[byte] = letter.charCodeAt(0);
}

/**
 * Writes a row of the text protocol as `(value,value,...)`.
 * @throws RangeError when the row has other than `formats.length` values
 */
export function writeTuple(target: TextTarget, formats: Uint8Array, source: Buffer, start: number, end: number): void {
  // At worst each byte becomes two, and each value gets `_binary''` or `NULL` and a comma.
  target.reserve((end - start) * 2 + formats.length * 12 + 4);
  const out = target.buffer;
  let pos = target.pos;
  let at = start;
  out[pos++] = 0x28;
  for (let column = 0; column < formats.length; column++) {
    if (column > 0) out[pos++] = COMMA;
    if (at >= end) throw new RangeError('the row has fewer values than expected');
    let length = source[at++];
    if (length === NULL_MARKER) {
      out[pos++] = 0x4e;
      out[pos++] = 0x55;
      out[pos++] = 0x4c;
      out[pos++] = 0x4c;
      continue;
    }
    if (length > NULL_MARKER) {
      const bytes = length === 0xfc ? 2 : length === 0xfd ? 3 : 6;
      length = source.readUIntLE(at, bytes);
      at += bytes === 6 ? 8 : bytes;
    }
    pos = writeValue(out, pos, formats[column], source, at, at + length);
    at += length;
  }
  if (at !== end) throw new RangeError('the row has more values than expected');
  out[pos++] = 0x29;
  target.pos = pos;
}

function writeValue(out: Buffer, start: number, format: number, source: Buffer, from: number, end: number): number {
  let pos = start;
  if (format === FORMAT.number || format === FORMAT.float) {
    for (let at = from; at < end; at++) out[pos++] = source[at];
    if (format === FORMAT.float && isNegativeZero(source, from, end)) pos += out.write('e0', pos, 'latin1');
    return pos;
  }
  if (format === FORMAT.hex) return writeHex(out, pos, source, from, end);
  if (format === FORMAT.marked && from < end && source[from] === SQL_MARK) {
    return pos + source.copy(out, pos, from + 1, end);
  }
  if (format === FORMAT.binary) pos += BINARY_PREFIX.copy(out, pos);
  out[pos++] = QUOTE;
  pos = writeEscaped(out, pos, source, from, end);
  out[pos++] = QUOTE;
  return pos;
}

function writeEscaped(out: Buffer, start: number, source: Buffer, from: number, end: number): number {
  let pos = start;
  for (let at = from; at < end; at++) {
    const byte = source[at];
    const letter = ESCAPE[byte];
    if (letter === 0) {
      out[pos++] = byte;
    } else {
      out[pos++] = BACKSLASH;
      out[pos++] = letter;
    }
  }
  return pos;
}

function writeHex(out: Buffer, start: number, source: Buffer, from: number, end: number): number {
  let pos = start;
  if (from === end) {
    out[pos++] = QUOTE;
    out[pos++] = QUOTE;
    return pos;
  }
  out[pos++] = 0x30;
  out[pos++] = 0x78;
  for (let at = from; at < end; at++) {
    const byte = source[at];
    out[pos++] = HEX[byte >> 4];
    out[pos++] = HEX[byte & 15];
  }
  return pos;
}

/** Whether the text is `-0`: as an integer literal the sign would be lost. */
function isNegativeZero(source: Buffer, from: number, end: number): boolean {
  return end - from === 2 && source[from] === 0x2d && source[from + 1] === 0x30;
}

/** Bytes of a large row that are looked at in one go. */
const PIECE = 64 * 1024;

/** Writes one row that arrives in pieces of any size, so that its length does not matter. */
export class LargeTupleWriter {
  readonly #target: TextTarget;
  readonly #formats: Uint8Array;
  #column = 0;
  /** Bytes of a length prefix that came so far. */
  #prefix: number[] = [];
  #valueLeft = 0;
  #inValue = false;
  /** The value goes between quotes; undefined before the first byte of one that may be an expression. */
  #quoted: boolean | undefined = false;
  /** Bytes of a value that is no text, until it is whole. */
  #short: number[] = [];

  constructor(target: TextTarget, formats: Uint8Array) {
    this.#target = target;
    this.#formats = formats;
    target.reserve(1);
    target.buffer[target.pos++] = 0x28;
  }

  write(source: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#inValue) at = this.#valueBytes(source, at, end);
      else this.#prefixByte(source[at++]);
    }
  }

  /** @throws RangeError when the row has other than the expected number of values */
  end(): void {
    if (this.#inValue || this.#column !== this.#formats.length) {
      throw new RangeError('the row has fewer values than expected');
    }
    this.#target.reserve(1);
    this.#target.buffer[this.#target.pos++] = 0x29;
  }

  #prefixByte(byte: number): void {
    this.#prefix.push(byte);
    const first = this.#prefix[0];
    if (first === NULL_MARKER) {
      this.#prefix = [];
      this.#openValue();
      this.#text('NULL');
      this.#column++;
      return;
    }
    const extra = first < NULL_MARKER ? 0 : first === 0xfc ? 2 : first === 0xfd ? 3 : 8;
    if (this.#prefix.length <= extra) return;
    const length = extra === 0 ? first : Buffer.from(this.#prefix).readUIntLE(1, Math.min(extra, 6));
    this.#prefix = [];
    this.#openValue();
    this.#startValue(length);
  }

  #openValue(): void {
    if (this.#column >= this.#formats.length) throw new RangeError('the row has more values than expected');
    if (this.#column > 0) this.#text(',');
  }

  #startValue(length: number): void {
    const format = this.#formats[this.#column];
    if (format === FORMAT.binary) this.#text('_binary');
    this.#quoted = format === FORMAT.marked && length > 0 ? undefined : isQuoted(format);
    if (this.#quoted === true) this.#text("'");
    this.#valueLeft = length;
    this.#inValue = true;
    if (length > 0) return;
    if (format === FORMAT.hex) this.#text("''");
    this.#endValue();
  }

  /** Looks at the first byte of a value that may be an expression. @returns where the value's text begins */
  #skipMark(source: Buffer, at: number): number {
    this.#quoted = source[at] !== SQL_MARK;
    if (this.#quoted) {
      this.#text("'");
      return at;
    }
    this.#valueLeft--;
    return at + 1;
  }

  #valueBytes(source: Buffer, start: number, end: number): number {
    const at = this.#quoted === undefined ? this.#skipMark(source, start) : start;
    const stop = at + Math.min(this.#valueLeft, end - at, PIECE);
    // A short value is written when it is whole: what came of it before counts as well.
    this.#target.reserve((this.#short.length + stop - at) * 2 + 8);
    const { buffer, pos } = this.#target;
    const format = this.#formats[this.#column];
    // Numbers and BIT values are short: they are whole here unless a packet ends inside, which `carry` copes with.
    if (this.#quoted === true) this.#target.pos = writeEscaped(buffer, pos, source, at, stop);
    else if (format === FORMAT.marked) this.#target.pos = pos + source.copy(buffer, pos, at, stop);
    else {
      this.#target.pos = this.#shortValue(buffer, pos, source, at, stop);
    }
    this.#valueLeft -= stop - at;
    if (this.#valueLeft === 0) this.#endValue();
    return stop;
  }

  #shortValue(buffer: Buffer, pos: number, source: Buffer, at: number, stop: number): number {
    for (let index = at; index < stop; index++) this.#short.push(source[index]);
    if (stop - at < this.#valueLeft) return pos;
    const value = Buffer.from(this.#short);
    this.#short = [];
    return writeValue(buffer, pos, this.#formats[this.#column], value, 0, value.length);
  }

  #endValue(): void {
    if (this.#quoted === true) this.#text("'");
    this.#inValue = false;
    this.#column++;
  }

  #text(text: string): void {
    this.#target.reserve(text.length);
    this.#target.pos += this.#target.buffer.write(text, this.#target.pos, 'latin1');
  }
}

function isQuoted(format: number): boolean {
  return format === FORMAT.text || format === FORMAT.binary || format === FORMAT.marked;
}
