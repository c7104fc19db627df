import type { RowImage } from '../../sync/events.js';
import { arithmetic, bitOperation, invert, negate } from './arithmetic.js';
import type { ArithmeticOperator, BitOperator, ComparisonOperator, Expr } from './ast.js';
import { castNode } from './cast.js';
import { columnNode } from './column-node.js';
import type { Bindings } from './columns.js';
import { between, comparison, inList } from './compare.js';
import { asBoolean } from './convert.js';
import { Decimal } from './decimal.js';
import { callNode } from './functions.js';
import { allOf, anyOf, isState, not, xor } from './logic.js';
import { caseNode } from './choice.js';
import {
  INTEGER,
  Strength,
  UNKNOWN,
  UNSIGNED,
  constant,
  integer,
  type Moment,
  type Node,
  type Scalar,
} from './node.js';
import { like, regexp } from './pattern.js';
import { shiftNode } from './interval.js';
import { parseDatetime, parseTime } from './temporal.js';

export type { Moment } from './node.js';

/** Whether an expression is TRUE for a row; undefined = a server has to be asked. */
export type Condition = (image: RowImage, moment: Moment) => boolean | undefined;

/** Makes closures of an expression; per row nothing is read or looked up again. */
export function compileCondition(expr: Expr, bindings: Bindings): Condition {
  const { run } = asBoolean(compile(expr, bindings));
  return (image, moment) => {
    const value = run(image, moment);
    return value === undefined ? undefined : value === 1;
  };
}

/** The closure of an expression, with the type of its value. */
export function compile(expr: Expr, bindings: Bindings): Node {
  const inner = (part: Expr): Node => compile(part, bindings);
  switch (expr.kind) {
    case 'column': {
      const bound = bindings.get(expr);
      return bound === undefined ? UNKNOWN : columnNode(bound);
    }
    case 'unary':
      return unary(expr.op, inner(expr.arg));
    case 'operation':
      return operation(expr, bindings);
    case 'is':
      return isState(inner(expr.arg), expr.what, expr.not);
    case 'in':
      return negated(expr.not, anyRow(expr.arg, expr.list, bindings));
    case 'between':
      return negated(expr.not, between(inner(expr.arg), inner(expr.low), inner(expr.high)));
    case 'like': {
      const escape = expr.escape === undefined ? undefined : inner(expr.escape);
      return negated(expr.not, like(inner(expr.arg), inner(expr.pattern), escape));
    }
    case 'regexp':
      return negated(expr.not, regexp(inner(expr.arg), inner(expr.pattern)));
    case 'case':
      return caseNode(expr, inner);
    case 'call':
      return callNode(expr.name, expr.args.map(inner));
    case 'cast':
      return castNode(inner(expr.arg), expr.type);
    case 'collate':
      return collated(inner(expr.arg), expr.collation);
    case 'shift':
      return shiftNode(inner(expr.arg), inner(expr.amount), expr.sign, expr.unit);
    default:
      return literal(expr);
  }
}

function literal(expr: Expr): Node {
  switch (expr.kind) {
    case 'null':
      return constant({ is: 'null' }, null);
    case 'integer':
      return constant(expr.value >= 1n << 63n ? UNSIGNED : INTEGER, integer(expr.value));
    case 'decimal':
      return constant({ is: 'decimal' }, Decimal.parse(expr.text.replace(/\.$/, '').replace(/^\./, '0.')));
    case 'double':
      return Number.isFinite(expr.value) ? constant({ is: 'double' }, expr.value) : UNKNOWN;
    case 'string':
      if (expr.charset !== undefined && expr.charset !== 'utf8mb4') return UNKNOWN;
      return constant({ is: 'text', strength: Strength.literal, charset: 'utf8mb4' }, expr.value);
    case 'bytes':
      return expr.charset === undefined ? bytesLiteral(expr.value) : UNKNOWN;
    case 'temporal':
      return temporalLiteral(expr.type, expr.text);
    default:
      return UNKNOWN;
  }
}

/** Bytes; as a number their big-endian value. */
function bytesLiteral(value: Buffer): Node {
  const node = constant({ is: 'bytes' }, value);
  if (value.length > 8) return node;
  return { ...node, number: constant(UNSIGNED, integer(BigInt(`0x0${value.toString('hex')}`))) };
}

function temporalLiteral(type: 'date' | 'time' | 'datetime', text: string): Node {
  const value: Scalar = type === 'time' ? parseTime(text) : parseDatetime(text);
  if (value === undefined) return UNKNOWN;
  if (type === 'date') return text.length > 10 ? UNKNOWN : constant({ is: 'date' }, String(value).slice(0, 10));
  return constant({ is: type, digits: 6 }, value);
}

function negated(is: boolean, node: Node): Node {
  return is ? not(node) : node;
}

function unary(op: Extract<Expr, { kind: 'unary' }>['op'], arg: Node): Node {
  switch (op) {
    case '-':
      return negate(arg);
    case '+':
      return arg;
    case '~':
      return invert(arg);
    case 'not':
      return not(arg);
    default:
      return castNode(arg, { name: 'BINARY' });
  }
}

function operation({ op, left, right }: Extract<Expr, { kind: 'operation' }>, bindings: Bindings): Node {
  if (left.kind === 'row' || right.kind === 'row') return rowComparison(op, left, right, bindings);
  const a = compile(left, bindings);
  const b = compile(right, bindings);
  switch (op) {
    case 'and':
      return allOf([a, b]);
    case 'or':
      return anyOf([a, b]);
    case 'xor':
      return xor(a, b);
    case '+':
    case '-':
    case '*':
    case '/':
    case 'div':
    case '%':
      return arithmetic(op satisfies ArithmeticOperator, a, b);
    case '|':
    case '&':
    case '^':
    case '<<':
    case '>>':
      return bitOperation(op satisfies BitOperator, a, b);
    default:
      return comparison(op satisfies ComparisonOperator, a, b);
  }
}

/** Rows are equal when all their parts are. Their order is left to the server. */
function rowComparison(op: string, left: Expr, right: Expr, bindings: Bindings): Node {
  if (left.kind !== 'row' || right.kind !== 'row' || left.items.length !== right.items.length) return UNKNOWN;
  if (op !== '=' && op !== '<>' && op !== '<=>') return UNKNOWN;
  const equal = allOf(
    left.items.map((item, at) => {
      const other = right.items[at];
      if (other === undefined || item.kind === 'row' || other.kind === 'row') return UNKNOWN;
      return comparison(op === '<=>' ? '<=>' : '=', compile(item, bindings), compile(other, bindings));
    }),
  );
  return op === '<>' ? not(equal) : equal;
}

function anyRow(arg: Expr, list: readonly Expr[], bindings: Bindings): Node {
  if (arg.kind === 'row') {
    if (!isUniform(arg, list, bindings)) return UNKNOWN;
    return anyOf(list.map((item) => rowComparison('=', arg, item, bindings)));
  }
  return inList(
    compile(arg, bindings),
    list.map((item) => compile(item, bindings)),
  );
}

/** Servers compare all rows of a list in the types of one: sure only where all have the same. */
function isUniform({ items }: { items: readonly Expr[] }, list: readonly Expr[], bindings: Bindings): boolean {
  const same = (a: Node, b: Node): boolean => {
    if (a.type.is === 'integer' && b.type.is === 'integer') return a.type.unsigned === b.type.unsigned;
    return a.type.is === b.type.is && a.number === b.number;
  };
  return list.every((row) => {
    if (row.kind !== 'row') return false;
    return items.every((item, at) => {
      const other = row.items[at];
      return other !== undefined && same(compile(item, bindings), compile(other, bindings));
    });
  });
}

/** COLLATE decides about every comparison the text takes part in. */
function collated(arg: Node, collation: string): Node {
  if (arg.type.is !== 'text') return UNKNOWN;
  const { charset } = arg.type;
  if (charset === undefined || (collation !== 'binary' && !collation.startsWith(`${charset}_`))) return UNKNOWN;
  const number = arg.number === undefined ? {} : { number: UNKNOWN };
  return { ...arg, ...number, type: { ...arg.type, collation, strength: Strength.explicit } };
}
