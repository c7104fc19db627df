import { readDecimal } from './decimal.js';
import type { TypedJson, TypedJsonValue } from '../sync/events.js';
import { CorruptEventError } from './cursor.js';
import { WireType } from './constants.js';
import { datetimeText, packedDateText, timeText } from './temporal.js';

/** Kinds of value in MySQL's binary JSON (`sql-common/json_binary.h`). */
const Kind = {
  smallObject: 0,
  largeObject: 1,
  smallArray: 2,
  largeArray: 3,
  literal: 4,
  int16: 5,
  uint16: 6,
  int32: 7,
  uint32: 8,
  int64: 9,
  uint64: 10,
  double: 11,
  string: 12,
  opaque: 15,
} as const;

const DATETIMES = {
  [WireType.date]: 'date',
  [WireType.datetime]: 'datetime',
  [WireType.timestamp]: 'timestamp',
} as const;

/** The server reads a greater whole number in a text as unsigned, and this and smaller ones as signed. */
const LAST_SIGNED = 2n ** 32n - 1n;

const LITERALS = ['null', 'true', 'false'];

/** The server refuses deeper documents. */
const MAX_DEPTH = 100;

/**
 * Text of a binary JSON document exactly as the server prints it: `", "` and `": "` between members in stored order,
 * integers in full, doubles with a point or exponent, opaque values (DECIMAL, dates, binary) in the server's own form.
 * @throws CorruptEventError when the bytes are no document; work and memory stay in proportion to their number
 */
export function jsonText(bytes: Buffer): string {
  // What a JSON column holds after INSERT IGNORE of nothing into NOT NULL.
  if (bytes.length === 0) return 'null';
  return new Printer(bytes).print();
}

/** The document as text, together with the values in it whose type the text does not tell, where there are any. */
export function jsonValue(bytes: Buffer): string | TypedJson {
  if (bytes.length === 0) return jsonText(bytes);
  const printer = new Printer(bytes);
  const text = printer.print();
  if (!printer.hasTyped) return text;
  // Paths cost time, so only such documents are walked with them.
  const typed: TypedJsonValue[] = [];
  new Printer(bytes, typed).print();
  return { charset: 'utf8mb4', bytes: Buffer.from(text), typed };
}

class Printer {
  /** A value was met whose type the text does not tell. */
  hasTyped = false;
  private readonly bytes: Buffer;
  private readonly typed: TypedJsonValue[] | undefined;
  /** Legs of the path to the value being printed; kept only when typed values are collected. */
  private readonly path: string[] = ['$'];
  /** Bytes that may still be read: in a sound document no byte is read twice, so a crafted one cannot explode. */
  private budget: number;

  constructor(bytes: Buffer, typed?: TypedJsonValue[]) {
    this.bytes = bytes;
    this.typed = typed;
    this.budget = bytes.length * 2 + 64;
  }

  print(): string {
    return this.value(this.bytes[0], 1, this.bytes.length, 0);
  }

  /** The value of a kind that begins at `start` and cannot go beyond `end`. */
  private value(kind: number, start: number, end: number, depth: number): string {
    const { bytes } = this;
    switch (kind) {
      case Kind.smallObject:
        return this.container(start, end, true, 2, depth);
      case Kind.largeObject:
        return this.container(start, end, true, 4, depth);
      case Kind.smallArray:
        return this.container(start, end, false, 2, depth);
      case Kind.largeArray:
        return this.container(start, end, false, 4, depth);
      case Kind.literal:
        return this.literal(bytes[this.take(start, 1, end)]);
      case Kind.int16:
        return String(bytes.readInt16LE(this.take(start, 2, end)));
      case Kind.uint16:
        return this.unsigned(bytes.readUInt16LE(this.take(start, 2, end)));
      case Kind.int32:
        return String(bytes.readInt32LE(this.take(start, 4, end)));
      case Kind.uint32:
        return this.unsigned(bytes.readUInt32LE(this.take(start, 4, end)));
      case Kind.int64:
        return this.signed(bytes.readBigInt64LE(this.take(start, 8, end)));
      case Kind.uint64:
        return this.unsigned(bytes.readBigUInt64LE(this.take(start, 8, end)));
      case Kind.double:
        return jsonDouble(bytes.readDoubleLE(this.take(start, 8, end)));
      case Kind.string:
        return this.string(start, end);
      case Kind.opaque:
        return this.opaque(start, end);
      default:
        throw new CorruptEventError(`unknown JSON value of kind ${kind}`);
    }
  }

  /** Object or array: count, size, key entries, value entries, keys, values; offsets count from the container's start. */
  private container(start: number, limit: number, isObject: boolean, width: 2 | 4, depth: number): string {
    if (depth >= MAX_DEPTH) throw new CorruptEventError('JSON document too deep');
    const { bytes } = this;
    this.take(start, 2 * width, limit);
    const count = bytes.readUIntLE(start, width);
    const size = bytes.readUIntLE(start + width, width);
    const end = start + size;
    const keyEntries = start + 2 * width;
    const valueEntries = keyEntries + (isObject ? count * (width + 2) : 0);
    const header = valueEntries + count * (width + 1) - start;
    if (end > limit || header > size) throw new CorruptEventError('JSON container goes beyond its end');
    this.spend(header);
    const parts: string[] = [];
    for (let index = 0; index < count; index++) {
      const key = isObject ? this.key(keyEntries + index * (width + 2), start, end, width) : undefined;
      if (this.typed !== undefined) this.path.push(key === undefined ? `[${index}]` : `.${key}`);
      const text = this.member(valueEntries + index * (width + 1), start, end, header, width, depth);
      if (this.typed !== undefined) this.path.pop();
      parts.push(key === undefined ? text : `${key}: ${text}`);
    }
    const inside = parts.join(', ');
    return isObject ? `{${inside}}` : `[${inside}]`;
  }

  private member(entry: number, start: number, end: number, header: number, width: 2 | 4, depth: number): string {
    const kind = this.bytes[entry];
    // Small scalars stand in the entry itself.
    if (isInlined(kind, width)) return this.value(kind, entry + 1, entry + 1 + width, depth + 1);
    const offset = this.bytes.readUIntLE(entry + 1, width);
    if (offset < header) throw new CorruptEventError('JSON value overlaps its container');
    return this.value(kind, start + offset, end, depth + 1);
  }

  private key(entry: number, start: number, end: number, width: 2 | 4): string {
    const offset = start + this.bytes.readUIntLE(entry, width);
    const length = this.bytes.readUInt16LE(entry + width);
    this.take(offset, length, end);
    return jsonQuote(this.bytes.toString('utf8', offset, offset + length));
  }

  private literal(code: number): string {
    const text = LITERALS[code];
    if (text === undefined) throw new CorruptEventError(`unknown JSON literal ${code}`);
    return text;
  }

  private string(start: number, end: number): string {
    const { length, at } = this.varLength(start, end);
    this.take(at, length, end);
    return jsonQuote(this.bytes.toString('utf8', at, at + length));
  }

  /** A value of an SQL type that JSON does not have: type, length, bytes. */
  private opaque(start: number, end: number): string {
    const type = this.bytes[this.take(start, 1, end)];
    const { length, at } = this.varLength(start + 1, end);
    this.take(at, length, end);
    const value = this.bytes.subarray(at, at + length);
    switch (type) {
      case WireType.newDecimal: {
        const text = opaqueDecimal(value);
        this.found({ type: 'decimal', text, precision: value[0], scale: value[1] });
        return text;
      }
      case WireType.time: {
        const text = opaqueTime(value);
        this.found({ type: 'time', text });
        return `"${text}"`;
      }
      case WireType.date:
      case WireType.datetime:
      case WireType.timestamp: {
        const text = opaqueDatetime(type, value);
        this.found({ type: DATETIMES[type], text });
        return `"${text}"`;
      }
      default:
        // A copy: the document's bytes are those of a whole event.
        this.found({ type: 'opaque', wireType: type, bytes: Buffer.from(value) });
        return jsonQuote(`base64:type${type}:${base64Lines(value)}`);
    }
  }

  private signed(value: bigint): string {
    const text = String(value);
    if (value > LAST_SIGNED) this.found({ type: 'signed', text });
    return text;
  }

  private unsigned(value: number | bigint): string {
    const text = String(value);
    if (value <= LAST_SIGNED) this.found({ type: 'unsigned', text });
    return text;
  }

  private found(value: TypedJsonValue['value']): void {
    this.hasTyped = true;
    this.typed?.push({ path: this.path.join(''), value });
  }

  /** Length in up to five bytes of seven bits each, lowest first. */
  private varLength(start: number, end: number): { length: number; at: number } {
    let length = 0;
    for (let index = 0; index < 5; index++) {
      const byte = this.bytes[this.take(start + index, 1, end)];
      length += (byte & 0x7f) * 128 ** index;
      if (byte < 0x80) return { length, at: start + index + 1 };
    }
    throw new CorruptEventError('bad length in a JSON document');
  }

  /** Checks that `count` bytes at `start` are there, and returns `start`. */
  private take(start: number, count: number, end: number): number {
    if (start + count > end) throw new CorruptEventError('JSON value goes beyond its end');
    this.spend(count);
    return start;
  }

  private spend(count: number): void {
    this.budget -= count;
    if (this.budget < 0) throw new CorruptEventError('JSON values overlap');
  }
}

function isInlined(kind: number, width: 2 | 4): boolean {
  if (kind === Kind.literal || kind === Kind.int16 || kind === Kind.uint16) return true;
  return width === 4 && (kind === Kind.int32 || kind === Kind.uint32);
}

/** Base64 as the server writes it: a line break after each 76 characters that others follow. */
function base64Lines(value: Buffer): string {
  return value.toString('base64').replace(/.{76}(?=.)/g, '$&\n');
}

function opaqueDecimal(value: Buffer): string {
  if (value.length < 3) throw new CorruptEventError('truncated DECIMAL in a JSON document');
  return readDecimal(value, 2, value[0], value[1]);
}

/** Low 24 bits: microseconds; above: packed parts. */
function opaqueParts(value: Buffer): { negative: boolean; packed: number; micros: string } {
  if (value.length < 8) throw new CorruptEventError('truncated date or time in a JSON document');
  let whole = value.readBigInt64LE(0);
  const negative = whole < 0n;
  if (negative) whole = -whole;
  return { negative, packed: Number(whole >> 24n), micros: String(whole & 0xffffffn).padStart(6, '0') };
}

function opaqueTime(value: Buffer): string {
  const { negative, packed, micros } = opaqueParts(value);
  return `${timeText(negative, packed)}.${micros}`;
}

function opaqueDatetime(type: number, value: Buffer): string {
  const { packed, micros } = opaqueParts(value);
  return type === WireType.date ? packedDateText(packed) : `${datetimeText(packed)}.${micros}`;
}

// oxlint-disable-next-line no-control-regex -- control characters have to be escaped in JSON
const TO_ESCAPE = /[\x00-\x1f"\\]/;
// oxlint-disable-next-line no-control-regex -- same set
const TO_ESCAPE_ALL = /[\x00-\x1f"\\]/g;

const JSON_ESCAPES: Record<string, string> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
};

/** A JSON string literal as the server writes it. */
export function jsonQuote(text: string): string {
  if (!TO_ESCAPE.test(text)) return `"${text}"`;
  return `"${text.replace(TO_ESCAPE_ALL, escapeCharacter)}"`;
}

function escapeCharacter(character: string): string {
  return JSON_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Decimal exponents within which the server prints a double without exponent: DBL_DIG. */
const MAX_PLAIN_EXPONENT = 15;

/** A double as the server prints it in JSON: shortest digits that read back the same, always a point or an exponent. */
export function jsonDouble(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa, exponentText] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  // Number of digits before the point.
  const point = Number(exponentText) + 1;
  const sign = value < 0 ? '-' : '';
  if (point > MAX_PLAIN_EXPONENT || point <= -MAX_PLAIN_EXPONENT) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${fraction}e${point - 1}`;
  }
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (digits.length <= point) return `${sign}${digits}${'0'.repeat(point - digits.length)}.0`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
