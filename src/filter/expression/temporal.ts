/**
 * Dates and times as text that compares like the instants do: `YYYY-MM-DD`, and `YYYY-MM-DD HH:MM:SS.ffffff` (the "full"
 * form). Texts that servers read in forgiving ways give undefined: what they make of them differs.
 */

const DATETIME =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6}))?)?(?:([+-])(\d{2}):(\d{2}))?)?$/;

const TIME = /^(-?)(\d{1,3}):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?$/;

const MINUTE_MS = 60_000;

/** Largest offset of a literal. */
const MAX_OFFSET_MINUTES = 14 * 60;

/** The full form of what a user or a text column writes; an offset is counted back to UTC. */
export function parseDatetime(text: string): string | undefined {
  const match = DATETIME.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', fraction = ''] = match;
  if (!isDate(Number(year), Number(month), Number(day))) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const time = [hour, minute, second].map((part) => part.padStart(2, '0')).join(':');
  const full = `${date} ${time}.${fraction.padEnd(6, '0')}`;
  if (match[8] === undefined) return full;
  const minutes = Number(match[9]) * 60 + Number(match[10]);
  if (minutes > MAX_OFFSET_MINUTES || Number(match[10]) > 59 || Number(year) < 1) return undefined;
  return shiftMinutes(full, match[8] === '+' ? -minutes : minutes);
}

/** A day of the calendar, or all zero. */
function isDate(year: number, month: number, day: number): boolean {
  if (year === 0 && month === 0 && day === 0) return true;
  return year > 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month);
}

/** Whether the date of a text in our form is of the calendar, so that one can reckon with it. */
export function isRealDate(text: string): boolean {
  return Number(text.slice(0, 4)) > 0 && text.slice(5, 7) !== '00' && isDate(...parts(text));
}

function parts(text: string): [number, number, number] {
  return [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8, 10))];
}

function shiftMinutes(full: string, minutes: number): string | undefined {
  const moved = new Date(milliseconds(full) + minutes * MINUTE_MS);
  const year = moved.getUTCFullYear();
  return year < 1 || year > 9999 ? undefined : `${isoText(moved)}${full.slice(19)}`;
}

/** Milliseconds since the epoch of a date or datetime in UTC, its fraction left out. */
export function milliseconds(text: string): number {
  const [year, month, day] = parts(text);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (text.length > 10) {
    date.setUTCHours(Number(text.slice(11, 13)), Number(text.slice(14, 16)), Number(text.slice(17, 19)));
  }
  return date.getTime();
}

/** `YYYY-MM-DD HH:MM:SS` in UTC. */
export function isoText(date: Date): string {
  return date.toISOString().slice(0, 19).replace('T', ' ');
}

export function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The full form of a value in one of our forms. */
export function fullForm(text: string): string {
  if (text.length === 10) return `${text} 00:00:00.000000`;
  return text.length === 19 ? `${text}.000000` : text.padEnd(26, '0');
}

/** Microseconds of a TIME; undefined when the text is not in the form servers print. */
export function parseTime(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, sign, hours, minutes, seconds, fraction = ''] = match;
  if (Number(hours) > 838) return undefined;
  const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  const micros = whole * 1_000_000 + Number(fraction.padEnd(6, '0'));
  return sign === '-' ? -micros : micros;
}

/** TIME's text of microseconds, with `digits` of its fraction. */
export function timeText(micros: number, digits: number): string {
  const rest = Math.abs(micros);
  const seconds = Math.floor(rest / 1_000_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const fraction =
    digits === 0
      ? ''
      : `.${String(rest % 1_000_000)
          .padStart(6, '0')
          .slice(0, digits)}`;
  return `${micros < 0 ? '-' : ''}${clock}${fraction}`;
}
