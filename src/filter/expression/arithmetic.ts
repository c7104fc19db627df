import type { ArithmeticOperator, BitOperator } from './ast.js';
import { asDecimal, asDouble, asNumber } from './convert.js';
import {
  addDecimals,
  Decimal,
  divideDecimals,
  limited,
  multiplyDecimals,
  remainder,
  wholeQuotient,
} from './decimal.js';
import { INTEGER, UNKNOWN, UNSIGNED, combine, integer, map, ranged, type Node, type Scalar } from './node.js';

type Value = NonNullable<Scalar>;

/** `+ - * / DIV %` with MySQL's result types; what overflows is an error there, and left to the server. */
export function arithmetic(op: ArithmeticOperator, left: Node, right: Node): Node {
  const members = left.number !== undefined || right.number !== undefined;
  // The number of an ENUM is a DOUBLE or an integer: the same only as long as both hold the result.
  if (members && !withMembers(op, left, right)) return UNKNOWN;
  const a = members ? safeNumber(left) : asNumber(left);
  const b = members ? safeNumber(right) : asNumber(right);
  if (a.type.is === 'null' || b.type.is === 'null') return a.type.is === 'null' ? a : b;
  if (a.type.is === 'unknown' || b.type.is === 'unknown') return UNKNOWN;
  if (op === 'div') return wholeDivision(a, b);
  if (a.type.is === 'double' || b.type.is === 'double') return onDoubles(op, asDouble(a), asDouble(b));
  if (op === '/') return division(asDecimal(a), asDecimal(b));
  if (a.type.is === 'integer' && b.type.is === 'integer') {
    return onIntegers(op, a, b, op === '%' ? a.type.unsigned : a.type.unsigned || b.type.unsigned);
  }
  return onDecimals(op, asDecimal(a), asDecimal(b));
}

/** Whether the type in which an ENUM's number meets the other side makes no difference. */
function withMembers(op: ArithmeticOperator, left: Node, right: Node): boolean {
  if (op === '/' || op === 'div') return false;
  return [left, right].every(({ type, number }) => number !== undefined || type.is === 'integer' || type.is === 'null');
}

function safeNumber(node: Node): Node {
  const number = asNumber(node);
  if (number.type.is !== 'integer') return number;
  return map(number, number.type, (value) => (typeof value === 'number' ? value : undefined));
}

function onIntegers(op: '+' | '-' | '*' | '%', a: Node, b: Node, unsigned: boolean): Node {
  return combine([a, b], unsigned ? UNSIGNED : INTEGER, ([x, y]) => {
    if (typeof x === 'number' && typeof y === 'number') {
      if (op === '%') return y === 0 ? null : (x % y) + 0;
      const result = op === '+' ? x + y : op === '-' ? x - y : x * y;
      if (Number.isSafeInteger(result)) return unsigned && result < 0 ? undefined : result + 0;
    }
    const left = BigInt(x as number | bigint);
    const right = BigInt(y as number | bigint);
    if (op === '%') return right === 0n ? null : integer(left % right);
    return ranged(op === '+' ? left + right : op === '-' ? left - right : left * right, unsigned);
  });
}

function onDecimals(op: '+' | '-' | '*' | '%', a: Node, b: Node): Node {
  return combine([a, b], { is: 'decimal' }, ([left, right]) => {
    const x = left as Decimal;
    const y = right as Decimal;
    if (op === '%' && y.digits === 0n) return null;
    switch (op) {
      case '+':
        return limited(addDecimals(x, y, 1n));
      case '-':
        return limited(addDecimals(x, y, -1n));
      case '*':
        return limited(multiplyDecimals(x, y));
      default:
        return limitedRemainder(x, y);
    }
  });
}

/** Some servers tell -0.00 from 0.00. */
function limitedRemainder(x: Decimal, y: Decimal): Decimal | undefined {
  const result = remainder(x, y);
  return result.digits === 0n && x.digits < 0n ? undefined : limited(result);
}

function division(a: Node, b: Node): Node {
  return combine([a, b], { is: 'quotient' }, ([x, y]) => {
    return (y as Decimal).digits === 0n ? null : divideDecimals(x as Decimal, y as Decimal);
  });
}

function onDoubles(op: '+' | '-' | '*' | '/' | '%', a: Node, b: Node): Node {
  return combine([a, b], { is: 'double' }, ([left, right]) => {
    const x = left as number;
    const y = right as number;
    if ((op === '/' || op === '%') && y === 0) return null;
    const result = op === '+' ? x + y : op === '-' ? x - y : op === '*' ? x * y : op === '/' ? x / y : x % y;
    return Number.isFinite(result) ? result : undefined;
  });
}

function wholeDivision(a: Node, b: Node): Node {
  // DOUBLEs are turned into decimals by the server, with digits of its choice.
  if (a.type.is === 'double' || b.type.is === 'double') return UNKNOWN;
  const unsigned = [a, b].some(({ type }) => type.is === 'integer' && type.unsigned);
  return combine([asDecimal(a), asDecimal(b)], unsigned ? UNSIGNED : INTEGER, ([x, y]) => {
    if ((y as Decimal).digits === 0n) return null;
    return ranged(wholeQuotient(x as Decimal, y as Decimal), unsigned);
  });
}

/** Unary minus. */
export function negate(node: Node): Node {
  const number = asNumber(node);
  switch (number.type.is) {
    case 'integer':
      return map(number, INTEGER, (value) => ranged(-BigInt(value as number | bigint), false));
    case 'decimal':
      return map(
        number,
        { is: 'decimal' },
        (value) => new Decimal(-(value as Decimal).digits, (value as Decimal).scale),
      );
    case 'double':
      return map(number, { is: 'double' }, (value) => -(value as number));
    default:
      return number;
  }
}

const WIDTH = 64;

/** Operators on bits: of 64-bit integers; on texts of bytes servers work byte by byte. */
export function bitOperation(op: BitOperator, left: Node, right: Node): Node {
  const a = bitOperand(left);
  const b = bitOperand(right);
  if (a === undefined || b === undefined) return UNKNOWN;
  return combine([a, b], UNSIGNED, ([x, y]) => {
    // What a shift by less than nothing gives is the processor's business on some servers.
    if ((op === '<<' || op === '>>') && Number(y) < 0) return undefined;
    return integer(BigInt.asUintN(WIDTH, bits(op, x, y)));
  });
}

function bitOperand(node: Node): Node | undefined {
  if (node.type.is === 'bytes') return undefined;
  // Their bits are those of their number, which is a DOUBLE in all other operations.
  if (node.column === 'enum' || node.column === 'set') return { ...asNumber(node), type: UNSIGNED };
  const number = asNumber(node);
  return number.type.is === 'integer' || number.type.is === 'null' ? number : undefined;
}

function bits(op: BitOperator, left: Value | undefined, right: Value | undefined): bigint {
  const x = BigInt.asUintN(WIDTH, BigInt(left as number | bigint));
  const y = BigInt(right as number | bigint);
  switch (op) {
    case '|':
      return x | y;
    case '&':
      return x & y;
    case '^':
      return x ^ y;
    case '<<':
      return y >= BigInt(WIDTH) ? 0n : x << y;
    default:
      return y >= BigInt(WIDTH) ? 0n : x >> y;
  }
}

/** `~`. */
export function invert(node: Node): Node {
  const operand = bitOperand(node);
  if (operand === undefined) return UNKNOWN;
  return map(operand, UNSIGNED, (value) => integer(BigInt.asUintN(WIDTH, ~BigInt(value as number | bigint))));
}
