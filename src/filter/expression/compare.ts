import type { ComparisonOperator } from './ast.js';
import { compareBytes, textRules, isAscii, type TextRules } from './collation.js';
import { asDatetime, asDecimal, asDouble, asNumber } from './convert.js';
import { compareDecimals, type Decimal, type Quotient } from './decimal.js';
import { allOf, anyOf } from './logic.js';
import {
  INTEGER,
  Strength,
  UNKNOWN,
  constantText,
  fold,
  integer,
  map,
  valueOf,
  type Node,
  type Scalar,
  type TextType,
} from './node.js';
import { parseTime } from './temporal.js';

type Value = NonNullable<Scalar>;

/** Two values brought to the type in which servers compare them. */
export interface Pair {
  as: 'integer' | 'decimal' | 'double' | 'text' | 'bytes' | 'datetime' | 'time' | 'null';
  left: Node;
  right: Node;
  /** undefined = not known here. */
  compare: (a: Value, b: Value) => number | undefined;
  equal: (a: Value, b: Value) => boolean | undefined;
  /** Collation of a comparison of texts. */
  collation?: string | undefined;
}

/** How servers compare two values (manual of MySQL 8.0, 12.3); undefined where that is not known here. */
export function pair(left: Node, right: Node): Pair | undefined {
  if (left.type.is === 'null' || right.type.is === 'null') return ordered('null', left, right, () => undefined);
  if (isTemporal(left) || isTemporal(right)) return temporalPair(left, right);
  if (left.type.is === 'text' && right.type.is === 'text') return textPair(left, right, left.type, right.type);
  if (left.type.is === 'bytes' || right.type.is === 'bytes') {
    if (left.type.is === right.type.is || left.type.is === 'text' || right.type.is === 'text')
      return bytesPair(left, right);
  }
  return numberPair(left, right);
}

function ordered(as: Pair['as'], left: Node, right: Node, compare: Pair['compare']): Pair {
  const equal = (a: Value, b: Value): boolean | undefined => {
    const order = compare(a, b);
    return order === undefined ? undefined : order === 0;
  };
  return { as, left, right, compare, equal };
}

/** Numbers and bigints, and texts of one fixed form, compare as they are. */
function plain(as: Pair['as'], left: Node, right: Node): Pair {
  const compare = (a: Value, b: Value): number => (a < b ? -1 : a > b ? 1 : 0);
  return { as, left, right, compare, equal: (a, b) => a === b };
}

function isTemporal({ type }: Node): boolean {
  return type.is === 'date' || type.is === 'datetime' || type.is === 'time';
}

function temporalPair(left: Node, right: Node): Pair | undefined {
  if (left.type.is === 'time' || right.type.is === 'time') {
    const a = timeOf(left, right);
    const b = timeOf(right, left);
    return a === undefined || b === undefined ? undefined : plain('time', a, b);
  }
  const a = asDatetime(left);
  const b = asDatetime(right);
  if (a.type.is === 'unknown' || b.type.is === 'unknown') return undefined;
  return plain('datetime', a, b);
}

/** A text with more digits than the other side would be rounded to that. */
function timeOf(node: Node, other: Node): Node | undefined {
  if (node.type.is === 'time') return node;
  const text = constantText(node);
  if (node.type.is !== 'text' || text === undefined || other.type.is !== 'time') return undefined;
  if ((text.split('.')[1] ?? '').length > other.type.digits) return undefined;
  return map(node, { is: 'time', digits: 6 }, (value) => parseTime(value as string));
}

function textPair(left: Node, right: Node, a: TextType, b: TextType): Pair | undefined {
  const common = commonCollation([left, right], a, b);
  if (common === undefined) return undefined;
  const rules: TextRules = textRules(common.collation);
  return {
    as: 'text',
    left,
    right,
    compare: (x, y) => rules.compare(x as string, y as string),
    equal: (x, y) => rules.equal(x as string, y as string),
    collation: common.collation,
  };
}

/**
 * The type under which texts meet; undefined where a conversion of character sets might lose or the servers refuse. A
 * constant of ASCII has its place in every character set.
 */
export function commonCollation(nodes: readonly Node[], ...types: readonly TextType[]): TextType | undefined {
  const strongest = Math.min(...types.map(({ strength }) => strength));
  const first = strongestType(types.filter(({ strength }) => strength === strongest));
  if (first === undefined) return undefined;
  const fits = nodes.every((node, at) => {
    const type = types[at];
    if (type === undefined || type === first || type.strength === 5 || type.charset === first.charset) return true;
    if (node.literal === true) return isAscii(constantText(node) ?? '') || first.charset === 'utf8mb4';
    return first.charset === undefined;
  });
  return fits ? first : undefined;
}

/** Of columns in one character set a binary collation wins over another. */
function strongestType(types: readonly TextType[]): TextType | undefined {
  const [first] = types;
  if (first === undefined || types.every(({ collation }) => collation === first.collation)) return first;
  const binary = types.filter(({ collation }) => collation?.endsWith('_bin') === true);
  const [winner] = binary;
  if (winner === undefined || winner.strength !== Strength.column) return undefined;
  if (types.some(({ charset }) => charset !== winner.charset)) return undefined;
  return binary.every(({ collation }) => collation === winner.collation) ? winner : undefined;
}

function bytesPair(left: Node, right: Node): Pair | undefined {
  const a = bytesOf(left);
  const b = bytesOf(right);
  if (a === undefined || b === undefined) return undefined;
  return ordered('bytes', a, b, (x, y) => compareBytes(x as Buffer, y as Buffer, false));
}

/** Bytes, and constants of text where they meet bytes. */
function bytesOf(node: Node): Node | undefined {
  if (node.type.is === 'bytes') return node;
  if (node.type.is !== 'text' || node.literal !== true || node.type.strength < 4) return undefined;
  return map(node, { is: 'bytes' }, (value) => Buffer.from(value as string));
}

function numberPair(left: Node, right: Node): Pair | undefined {
  const exact = integerText(left, right) ?? integerText(right, left);
  if (exact !== undefined) return plain('integer', ...(exact.first === left ? exact.both : swap(exact.both)));
  if (isSmallYear(left, right) || isSmallYear(right, left)) return undefined;
  if (left.type.is === 'quotient') return quotientPair(left, right);
  if (right.type.is === 'quotient') return mirrored(quotientPair(right, left));
  const a = asNumber(left);
  const b = asNumber(right);
  if (a.type.is === 'unknown' || b.type.is === 'unknown') return undefined;
  if (a.type.is === 'integer' && b.type.is === 'integer') return plain('integer', a, b);
  if (a.type.is === 'double' || b.type.is === 'double')
    return plain('double', safeDouble(a, left, right), safeDouble(b, right, left));
  return ordered('decimal', asDecimal(a), asDecimal(b), (x, y) => compareDecimals(x as Decimal, y as Decimal));
}

/** What servers make of the digits behind the last sure one does not matter in most comparisons. */
function quotientPair(quotient: Node, other: Node): Pair | undefined {
  const exact = asNumber(other);
  if (exact.type.is !== 'integer' && exact.type.is !== 'decimal') return undefined;
  return ordered('decimal', quotient, asDecimal(exact), (x, y) => (x as Quotient).compare(y as Decimal));
}

function mirrored(both: Pair | undefined): Pair | undefined {
  if (both === undefined) return undefined;
  const { compare } = both;
  return ordered(both.as, both.right, both.left, (x, y) => {
    const order = compare(y, x);
    return order === undefined ? undefined : -order;
  });
}

function swap<T>([a, b]: [T, T]): [T, T] {
  return [b, a];
}

/** An integer column and a constant text that is a whole number are compared as integers. */
function integerText(column: Node, text: Node): { first: Node; both: [Node, Node] } | undefined {
  if (column.column === undefined || column.type.is !== 'integer' || text.literal !== true) return undefined;
  if (text.type.is !== 'text') return undefined;
  const value = valueOf(text);
  if (typeof value !== 'string' || !/^-?\d{1,18}$/.test(value) || column.column === 'year') return undefined;
  return { first: column, both: [column, { ...text, type: INTEGER, run: () => integer(BigInt(value)) }] };
}

/** Servers complete the century of a number that is compared with a YEAR. */
function isSmallYear(column: Node, other: Node): boolean {
  if (column.column !== 'year') return false;
  if (other.literal !== true) return other.column !== 'year';
  const value = valueOf(other);
  return other.type.is !== 'integer' || (typeof value === 'number' && value !== 0 && value < 1901);
}

/** Beyond 2^53 servers do not agree in which type an integer meets a text. */
function safeDouble(node: Node, own: Node, other: Node): Node {
  const double = asDouble(node);
  if (node.type.is !== 'integer' || own.type.is !== 'integer' || other.type.is !== 'text') return double;
  return map(node, { is: 'double' }, (value) => (typeof value === 'number' ? value : undefined));
}

/** A comparison of two values, rows included. */
export function comparison(op: ComparisonOperator, left: Node, right: Node): Node {
  const both = pair(left, right);
  return both === undefined ? UNKNOWN : compared(op, both);
}

const ORDER_TESTS: Record<'<' | '<=' | '>' | '>=', (order: number) => boolean> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

function compared(op: ComparisonOperator, { left, right, compare, equal }: Pair): Node {
  if (op === '<=>') return nullSafe(left, right, equal);
  if (op === '=') return truth(left, right, equal);
  if (op === '<>') {
    return truth(left, right, (a, b) => {
      const same = equal(a, b);
      return same === undefined ? undefined : !same;
    });
  }
  const test = ORDER_TESTS[op];
  return truth(left, right, (a, b) => {
    const order = compare(a, b);
    return order === undefined ? undefined : test(order);
  });
}

function truth(left: Node, right: Node, decide: Pair['equal']): Node {
  const { run: a } = left;
  const { run: b } = right;
  return fold({
    type: INTEGER,
    truth: true,
    literal: left.literal === true && right.literal === true,
    run: (image, moment) => {
      const x = a(image, moment);
      if (x === null) return null;
      const y = b(image, moment);
      if (y === null) return null;
      if (x === undefined || y === undefined) return undefined;
      const verdict = decide(x, y);
      return verdict === undefined ? undefined : verdict ? 1 : 0;
    },
  });
}

function nullSafe(left: Node, right: Node, equal: Pair['equal']): Node {
  return {
    type: INTEGER,
    truth: true,
    run: (image, moment) => {
      const x = left.run(image, moment);
      const y = right.run(image, moment);
      if (x === undefined || y === undefined) return undefined;
      if (x === null || y === null) return x === y ? 1 : 0;
      const verdict = equal(x, y);
      return verdict === undefined ? undefined : verdict ? 1 : 0;
    },
  };
}

/** `arg IN (list)`: equal to any. */
export function inList(arg: Node, list: readonly Node[]): Node {
  if (list.length > 1 && !list.every((item) => isPlainMember(arg, item))) return UNKNOWN;
  if (arg.type.is === 'integer' && arg.column !== 'year' && list.every(isIntegerConstant)) return integerSet(arg, list);
  // One collation is chosen for the whole list.
  const pairs = list.map((item) => pair(arg, item));
  const [first] = pairs;
  if (pairs.some((one) => one?.as === 'text' && one.collation !== first?.collation)) return UNKNOWN;
  return anyOf(pairs.map((one) => (one === undefined ? UNKNOWN : compared('=', one))));
}

/** Whether a member of a list is compared as if it stood alone: servers take integers of both signs by their bits. */
export function isPlainMember(arg: Node, item: Node): boolean {
  if (arg.type.is !== 'integer' || item.type.is !== 'integer' || arg.type.unsigned === item.type.unsigned) return true;
  const value = item.literal === true ? valueOf(item) : undefined;
  return typeof value === 'number' && value >= 0;
}

function isIntegerConstant(node: Node): boolean {
  return node.literal === true && node.type.is === 'integer' && node.number === undefined;
}

function integerSet(arg: Node, list: readonly Node[]): Node {
  const values = new Set(list.map(valueOf));
  return { ...map(arg, INTEGER, (value) => (values.has(value) ? 1 : 0)), truth: true };
}

/** `arg BETWEEN low AND high`, where both bounds are compared in one type. */
export function between(arg: Node, low: Node, high: Node): Node {
  const lower = pair(arg, low);
  const upper = pair(arg, high);
  if (lower === undefined || upper === undefined) return UNKNOWN;
  const exact = (as: Pair['as']): boolean => as === 'integer' || as === 'decimal' || as === 'null';
  const alike =
    lower.as === upper.as || (exact(lower.as) && exact(upper.as)) || lower.as === 'null' || upper.as === 'null';
  if (!alike || lower.collation !== upper.collation) return UNKNOWN;
  return allOf([compared('>=', lower), compared('<=', upper)]);
}
