import type { ColumnRef, Expr } from './ast.js';
import { children } from './ast.js';
import type { Bindings, BoundColumn } from './columns.js';
import { compile } from './compile.js';
import type { ParsedExpression } from './rule.js';
import { parseDatetime } from './temporal.js';
import { quoteString } from '../../mysql/quote.js';

/** A column of the derived table that stands for the row. */
export interface ServerColumn {
  bound: BoundColumn;
  /** ENUM and SET: the number instead of the text. */
  numeric: boolean;
  alias: string;
}

/** An expression as a server is asked about it. */
export interface ServerText {
  /** As written by the user, for messages. */
  text: string;
  /** With its column names replaced by those of the derived table. */
  sql: string;
  columns: ServerColumn[];
}

/**
 * Prepares the question. CAST knows no ENUM and SET: where the expression uses the number of such a column it gets one of
 * its own, elsewhere the text.
 */
export function serverText({ text, expr }: ParsedExpression, bindings: Bindings): ServerText {
  const columns = new Map<string, ServerColumn>();
  const pieces: Piece[] = [];
  const temporal = [...bindings.values()].some(({ column }) => TEMPORAL_TYPES.has(column.type));
  const visit = (item: Expr, numeric: boolean): void => {
    if (item.kind === 'column') {
      const column = serverColumn(item, bindings, numeric);
      columns.set(column.alias, column);
      pieces.push({ start: item.start, end: item.end, text: column.alias });
    } else if (item.kind === 'string' && temporal) {
      pieces.push(...utcPiece(item));
    }
    for (const [child, asNumber] of usage(item, bindings, numeric)) visit(child, asNumber);
  };
  visit(expr, true);
  let sql = text;
  for (const { start, end, text: replacement } of pieces.toSorted((a, b) => b.start - a.start)) {
    sql = `${sql.slice(0, start)} ${replacement} ${sql.slice(end)}`;
  }
  return { text, sql, columns: [...columns.values()] };
}

/** A part of the text to be replaced. */
interface Piece {
  start: number;
  end: number;
  text: string;
}

const TEMPORAL_TYPES = new Set(['date', 'datetime', 'timestamp']);

/** Servers pass over the offset of a time in most places, or do not know it: it is counted back to UTC for them. */
function utcPiece({ value, start, end }: Extract<Expr, { kind: 'string' }>): Piece[] {
  if (start === undefined || end === undefined || !/[+-]\d\d:\d\d$/.test(value)) return [];
  const utc = parseDatetime(value);
  return utc === undefined ? [] : [{ start, end, text: quoteString(utc) }];
}

function serverColumn(ref: ColumnRef, bindings: Bindings, numeric: boolean): ServerColumn {
  const bound = bindings.get(ref);
  if (bound === undefined) throw new RangeError(`column ${ref.name} is not bound`);
  const { type } = bound.column;
  const asNumber = numeric && (type === 'enum' || type === 'set');
  return { bound, numeric: asNumber, alias: `${asNumber ? 'n' : 'c'}${bound.at}` };
}

/** Functions of numbers. */
const NUMERIC_FUNCTIONS = new Set(
  `ABS ACOS ASIN ATAN ATAN2 CEIL CEILING CONV COS COT DEGREES EXP FLOOR LN LOG LOG10 LOG2 MOD POW POWER RADIANS ROUND SIGN
  SIN SQRT TAN TRUNCATE BIT_COUNT`.split(/\s+/),
);

/** Functions that hand the number of one of their values on; others go by its text. */
const CHOOSING_FUNCTIONS = new Set(['IF', 'NULLIF']);

/** The parts of an expression, and whether each is used as a number; `numeric`: the expression itself is. */
function usage(expr: Expr, bindings: Bindings, numeric: boolean): [Expr, boolean][] {
  switch (expr.kind) {
    case 'unary':
      return [[expr.arg, expr.op !== 'binary']];
    case 'operation':
      return operandUsage(expr, bindings);
    case 'is':
      return [[expr.arg, expr.what !== 'null']];
    case 'in': {
      if (expr.arg.kind === 'row') return rowListUsage(expr.arg.items, expr.list, bindings);
      const argIsNumber = isNumber(expr.arg, bindings);
      const listIsNumeric = expr.list.every((item) => isNumber(item, bindings));
      return [[expr.arg, listIsNumeric], ...expr.list.map((item): [Expr, boolean] => [item, argIsNumber])];
    }
    case 'between': {
      const parts = children(expr);
      const numbers = parts.some((part) => isNumber(part, bindings));
      return parts.map((part) => [part, numbers]);
    }
    case 'case':
      return caseUsage(expr, numeric);
    case 'call':
      return expr.args.map((arg, at) => [arg, argumentIsNumber(expr.name, at, numeric)]);
    case 'cast':
      return [[expr.arg, !/CHAR|BINARY|JSON/.test(expr.type.name)]];
    default:
      return children(expr).map((part) => [part, false]);
  }
}

function argumentIsNumber(name: string, at: number, numeric: boolean): boolean {
  if (name === 'IF' && at === 0) return true;
  return NUMERIC_FUNCTIONS.has(name) || (numeric && CHOOSING_FUNCTIONS.has(name));
}

function operandUsage(expr: Extract<Expr, { kind: 'operation' }>, bindings: Bindings): [Expr, boolean][] {
  const { op, left, right } = expr;
  if (left.kind === 'row') return rowUsage([left, right], bindings);
  if (!/^(?:=|<=>|<|<=|>|>=|<>)$/.test(op)) {
    return [
      [left, true],
      [right, true],
    ];
  }
  return [
    [left, isNumber(right, bindings)],
    [right, isNumber(left, bindings)],
  ];
}

/** Rows are compared part by part. */
function rowUsage(rows: readonly Expr[], bindings: Bindings): [Expr, boolean][] {
  const items = rows.map((row) => (row.kind === 'row' ? row.items : [row]));
  return items.flatMap((row) =>
    row.map((item, at): [Expr, boolean] => {
      return [item, items.some((other) => other[at] !== undefined && isNumber(other[at], bindings))];
    }),
  );
}

/** In lists of rows the types of the first row count. */
function rowListUsage(first: readonly Expr[], list: readonly Expr[], bindings: Bindings): [Expr, boolean][] {
  const numbers = first.map((item) => isNumber(item, bindings));
  const others = list.flatMap((row) => (row.kind === 'row' ? row.items : [row]).map((item, at) => ({ item, at })));
  return [
    ...first.map((item): [Expr, boolean] => [item, false]),
    ...others.map(({ item, at }): [Expr, boolean] => [item, numbers[at] ?? false]),
  ];
}

function caseUsage(expr: Extract<Expr, { kind: 'case' }>, numeric: boolean): [Expr, boolean][] {
  const searched = expr.subject === undefined;
  const parts: [Expr, boolean][] = expr.branches.flatMap(({ when, value }): [Expr, boolean][] => [
    [when, searched],
    [value, numeric],
  ]);
  if (expr.subject !== undefined) parts.push([expr.subject, false]);
  if (expr.otherwise !== undefined) parts.push([expr.otherwise, numeric]);
  return parts;
}

const NUMERIC_TYPES: ReadonlySet<string> = new Set(['integer', 'decimal', 'double', 'quotient']);

/** Whether a value is a number: by its type where that is known here, else by what it is made of. */
function isNumber(expr: Expr, bindings: Bindings): boolean {
  const { type } = compile(expr, bindings);
  if (type.is !== 'unknown') return NUMERIC_TYPES.has(type.is);
  switch (expr.kind) {
    case 'is':
    case 'in':
    case 'between':
    case 'like':
    case 'regexp':
    case 'operation':
      return true;
    case 'unary':
      return expr.op !== 'binary';
    case 'cast':
      return /SIGNED|DECIMAL|DEC|DOUBLE|FLOAT|REAL/.test(expr.type.name);
    case 'case':
      return [...expr.branches.map(({ value }) => value), expr.otherwise]
        .filter((value) => value !== undefined)
        .every((value) => isNumber(value, bindings));
    case 'call':
      return NUMERIC_FUNCTIONS.has(expr.name) || isNumericChoice(expr.name, expr.args, bindings);
    case 'column':
      return bindings.get(expr)?.column.type === 'bit';
    default:
      return false;
  }
}

function isNumericChoice(name: string, args: readonly Expr[], bindings: Bindings): boolean {
  if (name !== 'IF' && name !== 'IFNULL' && name !== 'COALESCE') return false;
  return args.slice(name === 'IF' ? 1 : 0).every((arg) => isNumber(arg, bindings));
}
