import { asDatetime } from './convert.js';
import type { FunctionCompiler } from './functions.js';
import { INTEGER, UNKNOWN, combine, map, valueOf, type SqlType } from './node.js';
import { castNode } from './cast.js';
import { fullForm, isRealDate, isoText, milliseconds } from './temporal.js';

/** A function of the parts of a date or datetime. */
function ofDate(work: (full: string) => number | undefined): FunctionCompiler {
  return (args) => {
    const [arg] = args;
    if (arg === undefined || args.length !== 1) return UNKNOWN;
    const full = asDatetime(arg);
    return full.type.is === 'datetime' ? map(full, INTEGER, (value) => work(value as string)) : full;
  };
}

/** A part of the text. */
function part(start: number, end: number): FunctionCompiler {
  return ofDate((full) => Number(full.slice(start, end)));
}

/** Parts of the clock, which DATE does not have and TIME has in other places. */
function clock(start: number, end: number): FunctionCompiler {
  const compile = part(start, end);
  return (args) => (args[0]?.type.is === 'datetime' ? compile(args) : UNKNOWN);
}

const DAY_MS = 86_400_000;

/** Days since 1970-01-01 of a date that is of the calendar. */
function dayNumber(full: string): number | undefined {
  return isRealDate(full) ? milliseconds(full.slice(0, 10)) / DAY_MS : undefined;
}

/** Days of TO_DAYS until 1970-01-01. */
const EPOCH_DAYS = 719_528;

const onDays = (work: (days: number, full: string) => number): FunctionCompiler =>
  ofDate((full) => {
    const days = dayNumber(full);
    return days === undefined ? undefined : work(days, full);
  });

const DATEDIFF: FunctionCompiler = (args) => {
  const [left, right] = args.map(asDatetime);
  if (left === undefined || right === undefined || args.length !== 2) return UNKNOWN;
  return combine([left, right], INTEGER, ([a, b]) => {
    const from = dayNumber(b as string);
    const to = dayNumber(a as string);
    return from === undefined || to === undefined ? undefined : to - from;
  });
};

/** NOW(n), UTC_TIMESTAMP(n): the session's time zone is UTC. */
const NOW: FunctionCompiler = (args) => {
  const [digits] = args;
  const count = digits === undefined ? 0 : digits.literal === true ? valueOf(digits) : undefined;
  if (typeof count !== 'number' || count < 0 || count > 6 || args.length > 1) return UNKNOWN;
  const type: SqlType = { is: 'datetime', digits: count };
  return {
    type,
    run: (_image, { now }) => {
      const date = new Date(now);
      const fraction = String(date.getUTCMilliseconds()).padStart(3, '0').padEnd(6, '0');
      return count === 0 ? isoText(date) : `${isoText(date)}.${fraction.slice(0, count)}`;
    },
  };
};

const CURDATE: FunctionCompiler = (args) => {
  if (args.length > 0) return UNKNOWN;
  return { type: { is: 'date' }, run: (_image, { now }) => isoText(new Date(now)).slice(0, 10) };
};

/** Seconds since the epoch of a datetime column without fraction. */
const UNIX_TIMESTAMP: FunctionCompiler = (args) => {
  const [arg] = args;
  if (arg === undefined) return { type: INTEGER, run: (_image, { now }) => Math.floor(now / 1000) };
  if (args.length > 1 || arg.column !== 'timestamp' || arg.type.is !== 'datetime' || arg.type.digits > 0)
    return UNKNOWN;
  return map(arg, INTEGER, (value) => {
    const full = fullForm(value as string);
    return full.startsWith('0000') ? 0 : milliseconds(full) / 1000;
  });
};

const date: FunctionCompiler = (args) => {
  const [arg] = args;
  return arg === undefined || args.length > 1 ? UNKNOWN : castNode(arg, { name: 'DATE' });
};

function dayOfYear(days: number, full: string): number {
  return days - (dayNumber(`${full.slice(0, 4)}-01-01`) ?? 0) + 1;
}

/** 0 is Monday. */
const weekday = (days: number): number => (((days + 3) % 7) + 7) % 7;

const DAY = part(8, 10);

export const TIME_FUNCTIONS: Record<string, FunctionCompiler> = {
  NOW,
  CURRENT_TIMESTAMP: NOW,
  LOCALTIME: NOW,
  LOCALTIMESTAMP: NOW,
  UTC_TIMESTAMP: NOW,
  CURDATE,
  CURRENT_DATE: CURDATE,
  UTC_DATE: CURDATE,
  UNIX_TIMESTAMP,
  DATE: date,
  YEAR: part(0, 4),
  MONTH: part(5, 7),
  DAY,
  DAYOFMONTH: DAY,
  HOUR: clock(11, 13),
  MINUTE: clock(14, 16),
  SECOND: clock(17, 19),
  MICROSECOND: clock(20, 26),
  QUARTER: ofDate((full) => Math.ceil(Number(full.slice(5, 7)) / 3)),
  DAYOFWEEK: onDays((days) => ((weekday(days) + 1) % 7) + 1),
  WEEKDAY: onDays(weekday),
  DAYOFYEAR: onDays(dayOfYear),
  TO_DAYS: onDays((days) => days + EPOCH_DAYS),
  DATEDIFF,
};
