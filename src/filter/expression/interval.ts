import { UNKNOWN, combine, type Node, type SqlType } from './node.js';
import { daysOf, fullForm, isRealDate, isoText, milliseconds } from './temporal.js';

/** Milliseconds of the units that have a fixed length. */
const FIXED: Record<string, number> = {
  SECOND: 1_000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
  WEEK: 604_800_000,
};

const MONTHS: Record<string, number> = { MONTH: 1, QUARTER: 3, YEAR: 12 };

/** Amounts beyond this leave every calendar. */
const MAX_AMOUNT = 1_000_000_000;

/** `date ± INTERVAL amount unit` for dates and datetimes, and whole amounts of simple units. */
export function shiftNode(arg: Node, amount: Node, sign: 1 | -1, unit: string): Node {
  const fixed = FIXED[unit];
  const months = MONTHS[unit];
  const date = arg.type.is === 'date';
  if (!date && arg.type.is !== 'datetime') return arg.type.is === 'null' ? arg : UNKNOWN;
  if (amount.type.is !== 'integer' || (fixed === undefined && months === undefined)) return UNKNOWN;
  const staysDate = date && (months !== undefined || unit === 'DAY' || unit === 'WEEK');
  const type: SqlType = staysDate
    ? { is: 'date' }
    : { is: 'datetime', digits: arg.type.is === 'datetime' ? arg.type.digits : 0 };
  return combine([arg, amount], type, ([value, count]) => {
    const text = value as string;
    if (typeof count !== 'number' || Math.abs(count) > MAX_AMOUNT || !isRealDate(text)) return undefined;
    const moved =
      months === undefined ? moveFixed(text, sign * count * (fixed ?? 0)) : moveMonths(text, sign * count * months);
    if (moved === undefined) return undefined;
    return staysDate ? moved.slice(0, 10) : moved.slice(0, date ? 19 : text.length);
  });
}

const LAST_YEAR = 9999;

/** Beyond the calendar servers give NULL or a date of year 0: left to them. */
function moveFixed(text: string, ms: number): string | undefined {
  const full = fullForm(text);
  const moved = new Date(milliseconds(full) + ms);
  const year = moved.getUTCFullYear();
  return Number.isNaN(year) || year < 1 || year > LAST_YEAR ? undefined : `${isoText(moved)}${full.slice(19)}`;
}

/** A day that the month does not have becomes its last one. */
function moveMonths(text: string, months: number): string | undefined {
  const full = fullForm(text);
  const total = Number(full.slice(0, 4)) * 12 + Number(full.slice(5, 7)) - 1 + months;
  const year = Math.floor(total / 12);
  const month = (total % 12) + 1;
  if (year < 1 || year > LAST_YEAR) return undefined;
  const day = Math.min(Number(full.slice(8, 10)), daysOf(year, month));
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}${full.slice(10)}`;
}
