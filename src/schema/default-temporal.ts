/** A time of day (or longer) with its fraction. */
interface Seconds {
  whole: bigint;
  fraction: string;
}

/** A DATE literal in the form `2020-01-02`; undefined when it is none. */
export function normalizeDate(text: string): string | undefined {
  const parts = dateTimeNumbers(text);
  return parts === undefined ? undefined : formatDate(parts);
}

/** A DATETIME or TIMESTAMP literal in the form `2020-01-02 03:04:05.60` with so many digits. `rounds`: further digits are rounded, not cut. */
export function normalizeDateTime(text: string, digits: number, rounds: boolean): string | undefined {
  const parts = dateTimeNumbers(text);
  if (parts === undefined) return undefined;
  const [year, month, day, hour, minute, second] = parts.numbers;
  const rounded = roundSeconds(
    BigInt(hour ?? 0) * 3600n + BigInt(minute ?? 0) * 60n + BigInt(second ?? 0),
    parts.fraction,
    digits,
    rounds,
  );
  let date = [year ?? 0, month ?? 0, day ?? 0];
  if (rounded.whole >= 86400n) {
    const next = new Date(Date.UTC(date[0] ?? 0, (date[1] ?? 1) - 1, (date[2] ?? 1) + 1));
    date = [next.getUTCFullYear(), next.getUTCMonth() + 1, next.getUTCDate()];
    rounded.whole -= 86400n;
  }
  return `${formatDate({ numbers: date, fraction: '' })} ${formatClock(rounded, 2)}`;
}

/** A TIME literal in the form `-10:00:00.50`. */
export function normalizeTime(text: string, digits: number, rounds: boolean): string | undefined {
  const trimmed = text.trim();
  const negative = trimmed.startsWith('-');
  const body = trimmed.replace(/^[+-]/, '');
  const match =
    /^(?:(\d+)\s+)?(\d+):(\d+)(?::(\d+))?(?:\.(\d*))?$/.exec(body) ?? /^(?:(\d+)\s+)(\d+)()()(?:\.(\d*))?$/.exec(body);
  let total: bigint;
  let fraction: string;
  if (match !== null) {
    total =
      BigInt(match[1] ?? 0) * 86400n +
      BigInt(match[2] ?? 0) * 3600n +
      BigInt(match[3] || 0) * 60n +
      BigInt(match[4] || 0);
    fraction = match[5] ?? '';
  } else {
    const plain = /^(\d{1,7})(?:\.(\d*))?$/.exec(body);
    if (plain === null) return /^\d{4}-/.test(body) ? timeOfDateTime(body, digits, rounds) : undefined;
    const clock = (plain[1] ?? '').padStart(6, '0');
    total = BigInt(clock.slice(0, -4)) * 3600n + BigInt(clock.slice(-4, -2)) * 60n + BigInt(clock.slice(-2));
    fraction = plain[2] ?? '';
  }
  const clock = formatClock(roundSeconds(total, fraction, digits, rounds), 2);
  return negative && /[1-9]/.test(clock) ? `-${clock}` : clock;
}

/** A YEAR literal: two digits mean 1970 to 2069; the number 0 is year 0, the text '0' 2000. */
export function normalizeYear(text: string, isNumber: boolean): string | undefined {
  const match = /^\s*(\d{1,4})\s*$/.exec(text);
  if (match === null) return undefined;
  const value = Number(match[1]);
  if (isNumber && value === 0) return '0000';
  if (!isNumber && match[1] === '0000') return '0000';
  if (value < 70) return String(2000 + value);
  if (value < 100) return String(1900 + value);
  return String(value);
}

function timeOfDateTime(text: string, digits: number, rounds: boolean): string | undefined {
  return normalizeDateTime(text, digits, rounds)?.slice('2020-01-01 '.length);
}

/** Six numbers (date only: three) and the fraction of a date-time literal, with or without delimiters. */
function dateTimeNumbers(text: string): { numbers: number[]; fraction: string } | undefined {
  const trimmed = text.trim();
  const plain = /^(\d{6}|\d{8}|\d{12}|\d{14})(?:\.(\d*))?$/.exec(trimmed);
  if (plain !== null) {
    const digits = plain[1] ?? '';
    const shortYear = digits.length === 6 || digits.length === 12;
    const yearDigits = shortYear ? 2 : 4;
    const numbers = [fullYear(digits.slice(0, yearDigits))];
    for (let at = yearDigits; at < digits.length; at += 2) numbers.push(Number(digits.slice(at, at + 2)));
    return { numbers, fraction: plain[2] ?? '' };
  }
  if (/^0+$/.test(trimmed)) return { numbers: [0, 0, 0], fraction: '' };
  const match = /^(\d+)[^\d\s](\d+)[^\d\s](\d+)(?:[T\s]+(\d+)(?:[^\d](\d+))?(?:[^\d](\d+))?(?:\.(\d*))?)?$/.exec(
    trimmed,
  );
  if (match === null) return undefined;
  const numbers = [fullYear(match[1] ?? '')];
  for (let group = 2; group <= 6; group++) if (match[group] !== undefined) numbers.push(Number(match[group]));
  return { numbers, fraction: match[7] ?? '' };
}

function fullYear(digits: string): number {
  const value = Number(digits);
  if (digits.length > 2) return value;
  return value < 70 ? 2000 + value : 1900 + value;
}

function formatDate(parts: { numbers: number[]; fraction: string }): string {
  const [year = 0, month = 0, day = 0] = parts.numbers;
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/** The fraction rounded or cut to `digits`; rounding may carry into the seconds. */
function roundSeconds(whole: bigint, fraction: string, digits: number, rounds: boolean): Seconds {
  const padded = fraction.padEnd(digits + 1, '0');
  let kept = BigInt(padded.slice(0, digits) === '' ? '0' : padded.slice(0, digits));
  if (rounds && Number(padded[digits]) >= 5) kept += 1n;
  const unit = 10n ** BigInt(digits);
  if (kept >= unit) return { whole: whole + 1n, fraction: '0'.repeat(digits) };
  return { whole, fraction: digits === 0 ? '' : kept.toString().padStart(digits, '0') };
}

function formatClock(seconds: Seconds, hourDigits: number): string {
  const hours = (seconds.whole / 3600n).toString().padStart(hourDigits, '0');
  const minutes = ((seconds.whole / 60n) % 60n).toString().padStart(2, '0');
  const rest = (seconds.whole % 60n).toString().padStart(2, '0');
  return `${hours}:${minutes}:${rest}${seconds.fraction === '' ? '' : `.${seconds.fraction}`}`;
}
