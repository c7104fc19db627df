/**
 * What the reader makes of an expression: plain data, only what the evaluator has a meaning for. Constructs without local
 * meaning are `opaque`; a server evaluates them from the text.
 */

/** Operators between two values. `and`, `or`, `xor` stand for all their spellings. */
export type BinaryOperator = ArithmeticOperator | BitOperator | ComparisonOperator | 'and' | 'or' | 'xor';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | 'div' | '%';
export type BitOperator = '|' | '&' | '^' | '<<' | '>>';
export type ComparisonOperator = '=' | '<=>' | '<' | '<=' | '>' | '>=' | '<>';

/** Type of CAST and CONVERT. */
export interface CastType {
  /** In upper case, without length: `SIGNED`, `DECIMAL`, `CHAR`... */
  name: string;
  length?: number;
  decimals?: number;
  /** CHAR only. */
  charset?: string;
}

export interface ColumnRef {
  kind: 'column';
  schema?: string;
  table?: string;
  name: string;
  /** Place in the text, qualifiers included. */
  start: number;
  end: number;
}

export type Expr =
  | { kind: 'null' }
  /** TRUE and FALSE are 1 and 0. */
  | { kind: 'integer'; value: bigint }
  /** As written: an exact number. */
  | { kind: 'decimal'; text: string }
  | { kind: 'double'; value: number }
  /** `start` and `end`: the place of a plain literal in the text. */
  | { kind: 'string'; value: string; charset?: string; start?: number; end?: number }
  /** Hexadecimal and bit literals. */
  | { kind: 'bytes'; value: Buffer; charset?: string }
  | { kind: 'temporal'; type: 'date' | 'time' | 'datetime'; text: string }
  | ColumnRef
  | { kind: 'unary'; op: '-' | '+' | '~' | 'not' | 'binary'; arg: Expr }
  | { kind: 'operation'; op: BinaryOperator; left: Expr; right: Expr }
  | { kind: 'is'; what: 'null' | 'true' | 'false' | 'unknown'; not: boolean; arg: Expr }
  | { kind: 'in'; not: boolean; arg: Expr; list: Expr[] }
  | { kind: 'between'; not: boolean; arg: Expr; low: Expr; high: Expr }
  | { kind: 'like'; not: boolean; arg: Expr; pattern: Expr; escape?: Expr }
  | { kind: 'regexp'; not: boolean; arg: Expr; pattern: Expr }
  | { kind: 'case'; subject?: Expr; branches: { when: Expr; value: Expr }[]; otherwise?: Expr }
  | { kind: 'call'; name: string; args: Expr[] }
  | { kind: 'cast'; arg: Expr; type: CastType }
  | { kind: 'collate'; arg: Expr; collation: string }
  /** `arg + INTERVAL amount unit`, in all its spellings. */
  | { kind: 'shift'; sign: 1 | -1; arg: Expr; amount: Expr; unit: string }
  | { kind: 'row'; items: Expr[] }
  | { kind: 'opaque'; args: Expr[] };

/** The expressions directly inside. */
export function children(expr: Expr): Expr[] {
  switch (expr.kind) {
    case 'unary':
    case 'is':
    case 'cast':
    case 'collate':
      return [expr.arg];
    case 'operation':
      return [expr.left, expr.right];
    case 'in':
      return [expr.arg, ...expr.list];
    case 'between':
      return [expr.arg, expr.low, expr.high];
    case 'like':
      return expr.escape === undefined ? [expr.arg, expr.pattern] : [expr.arg, expr.pattern, expr.escape];
    case 'regexp':
      return [expr.arg, expr.pattern];
    case 'case':
      return [expr.subject, ...expr.branches.flatMap(({ when, value }) => [when, value]), expr.otherwise].filter(
        (item) => item !== undefined,
      );
    case 'call':
    case 'opaque':
      return expr.args;
    case 'shift':
      return [expr.arg, expr.amount];
    case 'row':
      return expr.items;
    default:
      return [];
  }
}

/** All column references of an expression. */
export function columnRefs(expr: Expr): ColumnRef[] {
  return expr.kind === 'column' ? [expr] : children(expr).flatMap(columnRefs);
}
