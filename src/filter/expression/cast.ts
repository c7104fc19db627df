import type { CastType } from './ast.js';
import { asDatetime, asDecimal, asNumber, asText } from './convert.js';
import { Decimal, limited, type Decimal as Exact } from './decimal.js';
import {
  INTEGER,
  Strength,
  UNKNOWN,
  UNSIGNED,
  integer,
  map,
  ranged,
  type Node,
  type Scalar,
  type SqlType,
} from './node.js';

/** CAST and CONVERT to a type. */
export function castNode(arg: Node, type: CastType): Node {
  switch (type.name) {
    case 'SIGNED':
    case 'UNSIGNED':
      return castInteger(arg, type.name === 'UNSIGNED');
    case 'DECIMAL':
    case 'DEC':
      return castDecimal(arg, type.length ?? 10, type.decimals ?? 0);
    case 'CHAR':
      return type.charset === undefined ? castText(arg, type.length) : UNKNOWN;
    case 'BINARY':
      return type.length === undefined ? castBytes(arg) : UNKNOWN;
    case 'DATE':
      return castDate(arg);
    case 'DATETIME':
      return castDatetime(arg, type.length ?? 0);
    default:
      return UNKNOWN;
  }
}

function castInteger(arg: Node, unsigned: boolean): Node {
  const type = unsigned ? UNSIGNED : INTEGER;
  if (arg.type.is === 'text' && arg.number === undefined) {
    return map(arg, type, (value) => integerOfText(value as string, unsigned));
  }
  const number = asNumber(arg);
  if (number.type.is === 'integer') {
    const wrap = (value: bigint): bigint => (unsigned ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value));
    return map(number, type, (value) => (inRange(value) ? value : integer(wrap(BigInt(value as number | bigint)))));
  }
  if (number.type.is === 'decimal') {
    return map(number, type, (value) => ranged((value as Exact).round(0).digits, unsigned));
  }
  return number.type.is === 'null' ? number : UNKNOWN;
}

/** What is the same in both signs. */
function inRange(value: Scalar): boolean {
  return typeof value === 'number' && value >= 0;
}

/** Digits that any 64-bit type holds. */
const INTEGER_TEXT = /^-?\d{1,18}$/;

function integerOfText(text: string, unsigned: boolean): Scalar {
  if (!INTEGER_TEXT.test(text)) return undefined;
  const value = BigInt(text);
  return unsigned && value < 0n ? undefined : integer(value);
}

function castDecimal(arg: Node, digits: number, scale: number): Node {
  const number = asDecimal(arg);
  if (number.type.is !== 'decimal') return number;
  return map(number, { is: 'decimal' }, (value) => {
    const rounded = (value as Decimal).round(scale);
    const largest = new Decimal(10n ** BigInt(digits), scale);
    const size = rounded.digits < 0n ? -rounded.digits : rounded.digits;
    return size < largest.digits ? limited(rounded) : undefined;
  });
}

/** The result has the collation of the session. */
function castText(arg: Node, length: number | undefined): Node {
  const text = asText(arg);
  if (text.type.is !== 'text') return text;
  const type: SqlType = { is: 'text', strength: Strength.column };
  return map(text, type, (value) => {
    if (length === undefined || (value as string).length <= length) return value;
    return Array.from(value as string)
      .slice(0, length)
      .join('');
  });
}

function castBytes(arg: Node): Node {
  if (arg.type.is === 'bytes' || arg.type.is === 'null') return arg;
  const text = asText(arg);
  if (text.type.is !== 'text' || (text.type.charset !== undefined && !text.type.charset.startsWith('utf8')))
    return UNKNOWN;
  return map(text, { is: 'bytes' }, (value) => Buffer.from(value as string));
}

function castDate(arg: Node): Node {
  if (arg.type.is === 'date') return arg;
  const full = asDatetime(arg);
  return full.type.is === 'datetime' ? map(full, { is: 'date' }, (value) => (value as string).slice(0, 10)) : full;
}

/** More digits than wanted are rounded by the server; here only what needs no rounding. */
function castDatetime(arg: Node, digits: number): Node {
  const full = asDatetime(arg);
  if (full.type.is !== 'datetime') return full;
  const end = digits === 0 ? 19 : 20 + digits;
  return map(full, { is: 'datetime', digits }, (value) => {
    const text = value as string;
    return /^\.?0*$/.test(text.slice(end)) ? text.slice(0, end) : undefined;
  });
}
