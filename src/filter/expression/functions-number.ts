import { asNumber } from './convert.js';
import type { Decimal } from './decimal.js';
import { Decimal as Exact } from './decimal.js';
import type { FunctionCompiler } from './functions.js';
import { INTEGER, UNKNOWN, integer, map, ranged, valueOf, type Node, type Scalar } from './node.js';

type Value = NonNullable<Scalar>;

/** A function of one number, by the number's type; what is missing is left to a server. */
function ofNumber(work: {
  integer: (value: number | bigint, node: Node) => Scalar;
  decimal?: (value: Decimal) => Scalar;
  double?: (value: number) => Scalar;
  /** A decimal gives an integer. */
  whole?: boolean;
}): FunctionCompiler {
  return (args) => {
    const [arg] = args;
    if (arg === undefined || args.length !== 1) return UNKNOWN;
    const node = asNumber(arg);
    const { decimal, double } = work;
    switch (node.type.is) {
      case 'null':
        return node;
      case 'integer':
        return map(node, node.type, (value) => work.integer(value as number | bigint, node));
      case 'decimal':
        if (decimal === undefined) return UNKNOWN;
        return map(node, work.whole === true ? INTEGER : node.type, (value) => decimal(value as Decimal));
      case 'double':
        return double === undefined ? UNKNOWN : map(node, node.type, (value) => double(value as number));
      default:
        return UNKNOWN;
    }
  };
}

const same = (value: Value): Scalar => value;

function sign(value: number | bigint): number {
  return value > 0 ? 1 : value < 0 ? -1 : 0;
}

const ABS = ofNumber({
  integer: (value) => (value < 0 ? ranged(-BigInt(value), false) : value),
  decimal: (value) => (value.digits < 0n ? new Exact(-value.digits, value.scale) : value),
  double: Math.abs,
});

const CEILING = ofNumber({
  integer: same,
  decimal: (value) => ranged(value.ceiling(), false),
  double: (value) => Math.ceil(value),
  whole: true,
});

const FLOOR = ofNumber({
  integer: same,
  decimal: (value) => ranged(value.floor(), false),
  double: (value) => Math.floor(value),
  whole: true,
});

const SIGN: FunctionCompiler = (args) => {
  const [arg] = args;
  if (arg === undefined || args.length !== 1) return UNKNOWN;
  const node = asNumber(arg);
  if (node.type.is === 'unknown' || node.type.is === 'null') return node;
  return map(node, INTEGER, (value) => sign(value instanceof Exact ? value.digits : (value as number | bigint)));
};

/** ROUND and TRUNCATE of exact numbers to a constant, not negative number of digits. */
function rounding(cut: (value: Decimal, scale: number) => Decimal): FunctionCompiler {
  return (args) => {
    const [arg, digits] = args;
    if (arg === undefined || args.length > 2) return UNKNOWN;
    const node = asNumber(arg);
    const scale = digits === undefined ? 0 : digits.literal === true ? valueOf(digits) : undefined;
    if (typeof scale !== 'number' || !Number.isInteger(scale) || scale < 0 || scale > 30) return UNKNOWN;
    if (node.type.is === 'integer' || node.type.is === 'null') return node;
    if (node.type.is !== 'decimal') return UNKNOWN;
    return map(node, { is: 'decimal' }, (value) => {
      const decimal = value as Decimal;
      return decimal.scale <= scale ? decimal : cut(decimal, scale);
    });
  };
}

/** The largest or smallest; only of integers, of which the type does not change the order. */
function extreme(better: (a: number | bigint, b: number | bigint) => boolean): FunctionCompiler {
  return (args) => {
    const [first] = args;
    if (first?.type.is !== 'integer' || args.length < 2) return UNKNOWN;
    const { unsigned } = first.type;
    const alike = args.every((node) => node.type.is === 'integer' && node.type.unsigned === unsigned);
    if (!alike) return UNKNOWN;
    return {
      type: first.type,
      run: (image, moment) => {
        let best: number | bigint | undefined;
        for (const { run } of args) {
          const value = run(image, moment);
          if (value === null || value === undefined) return value;
          const number = value as number | bigint;
          if (best === undefined || better(number, best)) best = number;
        }
        return best;
      },
    };
  };
}

export const NUMBER_FUNCTIONS: Record<string, FunctionCompiler> = {
  ABS,
  CEIL: CEILING,
  CEILING,
  FLOOR,
  SIGN,
  ROUND: rounding((value, scale) => value.round(scale)),
  TRUNCATE: rounding((value, scale) => new Exact(truncated(value, scale), scale)),
  GREATEST: extreme((a, b) => a > b),
  LEAST: extreme((a, b) => a < b),
  BIT_COUNT: ofNumber({ integer: (value) => bitCount(BigInt.asUintN(64, BigInt(value))) }),
};

function truncated(value: Decimal, scale: number): bigint {
  return new Exact(value.digits, value.scale - scale).truncate();
}

function bitCount(value: bigint): Scalar {
  return integer(BigInt(value.toString(2).replaceAll('0', '').length));
}
