import { CorruptEventError } from './cursor.js';

/** Texts of 0..99 with two digits: date parts are printed far too often to pad each time. */
const TWO_DIGITS = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));

const SECONDS_PER_DAY = 86_400;

/** Bytes that `fsp` fractional digits take. */
export function fractionBytes(fsp: number): number {
  return (fsp + 1) >> 1;
}

/** Big-endian unsigned integer of up to six bytes. */
export function uintBE(bytes: Buffer, pos: number, length: number): number {
  let value = 0;
  for (let index = 0; index < length; index++) value = value * 256 + bytes[pos + index];
  return value;
}

/** `.` and `fsp` digits of a stored fraction; empty text for `fsp` 0. */
function fractionText(stored: number, fsp: number): string {
  if (fsp === 0) return '';
  const digits = fractionBytes(fsp) * 2;
  return `.${String(stored).padStart(digits, '0').slice(0, fsp)}`;
}

function dateText(year: number, month: number, day: number): string {
  const text = year < 1000 ? String(year).padStart(4, '0') : String(year);
  return `${text}-${two(month)}-${two(day)}`;
}

function two(value: number): string {
  return TWO_DIGITS[value] ?? String(value);
}

/** DATE: three bytes little-endian, 15 bits of year, 4 of month, 5 of day. Zero parts are kept. */
export function readDate(bytes: Buffer, pos: number): string {
  const packed = bytes[pos] | (bytes[pos + 1] << 8) | (bytes[pos + 2] << 16);
  return dateText(packed >> 9, (packed >> 5) & 15, packed & 31);
}

/** DATETIME(fsp) since MySQL 5.6: 40 bits big-endian, then the fraction. */
export function readDatetime2(bytes: Buffer, pos: number, fsp: number): string {
  const packed = uintBE(bytes, pos, 5) - 0x8000000000;
  if (packed < 0) throw new CorruptEventError('negative DATETIME');
  return datetimeText(packed) + fractionText(uintBE(bytes, pos + 5, fractionBytes(fsp)), fsp);
}

/** Text of a packed DATETIME without fraction: 17 bits year * 13 + month, 5 day, 5 hour, 6 minute, 6 second. */
export function datetimeText(packed: number): string {
  const yearMonth = Math.floor(packed / 0x400000);
  const rest = packed % 0x400000;
  const date = dateText(Math.floor(yearMonth / 13), yearMonth % 13, rest >> 17);
  return `${date} ${two((rest >> 12) & 31)}:${two((rest >> 6) & 63)}:${two(rest & 63)}`;
}

/** Text of a packed date alone. */
export function packedDateText(packed: number): string {
  const yearMonth = Math.floor(packed / 0x400000);
  return dateText(Math.floor(yearMonth / 13), yearMonth % 13, (packed % 0x400000) >> 17);
}

/** TIMESTAMP(fsp) since MySQL 5.6: seconds since the epoch big-endian, then the fraction. Text in UTC. */
export function readTimestamp2(bytes: Buffer, pos: number, fsp: number): string {
  const seconds = uintBE(bytes, pos, 4);
  return utcText(seconds) + fractionText(uintBE(bytes, pos + 4, fractionBytes(fsp)), fsp);
}

let cachedDay = -1;
let cachedDate = '';

/** `YYYY-MM-DD hh:mm:ss` in UTC; 0 is the zero timestamp, not 1970. */
export function utcText(seconds: number): string {
  if (seconds === 0) return '0000-00-00 00:00:00';
  const day = Math.floor(seconds / SECONDS_PER_DAY);
  if (day !== cachedDay) {
    cachedDate = new Date(day * SECONDS_PER_DAY * 1000).toISOString().slice(0, 10);
    cachedDay = day;
  }
  const rest = seconds - day * SECONDS_PER_DAY;
  const hour = Math.floor(rest / 3600);
  return `${cachedDate} ${two(hour)}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
}

/**
 * TIME(fsp) since MySQL 5.6: 24 bits big-endian with an offset, then the fraction. Of a negative time the fraction is
 * stored complemented.
 */
export function readTime2(bytes: Buffer, pos: number, fsp: number): string {
  let whole = uintBE(bytes, pos, 3) - 0x800000;
  const length = fractionBytes(fsp);
  let fraction = uintBE(bytes, pos + 3, length);
  const negative = whole < 0;
  if (negative) {
    if (fraction !== 0) {
      whole += 1;
      fraction = 256 ** length - fraction;
    }
    whole = -whole;
  }
  return timeText(negative, whole) + fractionText(fraction, fsp);
}

/** Text of a packed TIME without fraction: 10 bits hour, 6 minute, 6 second. */
export function timeText(negative: boolean, packed: number): string {
  const text = `${two((packed >> 12) & 1023)}:${two((packed >> 6) & 63)}:${two(packed & 63)}`;
  return negative ? `-${text}` : text;
}

/** TIME before MySQL 5.6: three bytes little-endian, signed, decimal hhmmss. */
export function readOldTime(bytes: Buffer, pos: number): string {
  const packed = bytes.readIntLE(pos, 3);
  const value = Math.abs(packed);
  const text = `${two(Math.floor(value / 10000))}:${two(Math.floor(value / 100) % 100)}:${two(value % 100)}`;
  return packed < 0 ? `-${text}` : text;
}

/** DATETIME before MySQL 5.6: eight bytes little-endian, decimal YYYYMMDDhhmmss. */
export function readOldDatetime(bytes: Buffer, pos: number): string {
  const value = Number(bytes.readBigUInt64LE(pos));
  const date = Math.floor(value / 1_000_000);
  const time = value % 1_000_000;
  const text = dateText(Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100);
  return `${text} ${two(Math.floor(time / 10_000))}:${two(Math.floor(time / 100) % 100)}:${two(time % 100)}`;
}
