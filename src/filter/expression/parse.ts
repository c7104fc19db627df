import { T } from '../../ddl/lexer.js';
import { RESERVED } from '../../ddl/reserved.js';
import type { BinaryOperator, ComparisonOperator, Expr } from './ast.js';
import { AGGREGATES, BARE_FUNCTIONS, KEYWORD_FUNCTIONS, parseCall } from './parse-call.js';
import { atLiteral, parseLiteral } from './parse-literal.js';
import { Tokens } from './tokens.js';

/**
 * Reads an expression with the precedences of MySQL's grammar (manual of MySQL 8.0, 12.4.1 and 9.5). An own reader on the
 * lexer of the DDL layer: the SQL parsers published for this platform lose what a filter stands on (`a AND b OR NOT c`
 * grouped as `a AND (b OR NOT c)`, one precedence for `|`, `&`, `<<` and `+`, `1e5` read as a name, digits cut).
 *
 * @throws ExpressionError for a wrong grammar, and for what has no meaning for a single row: sub-queries, variables,
 * aggregate and window functions
 */
export function parseExpression(text: string): Expr {
  const tokens = new Tokens(text);
  const expr = new ExpressionParser(tokens).expr();
  if (tokens.kind !== T.End) throw tokens.error('an operator or the end');
  return expr;
}

/** Nesting from which on the text is refused: it would end the stack of the reader or of a server. */
const MAX_DEPTH = 200;

const COMPARISONS: readonly [string, ComparisonOperator][] = [
  ['<=>', '<=>'],
  ['<=', '<='],
  ['<>', '<>'],
  ['!=', '<>'],
  ['>=', '>='],
  ['=', '='],
];

/** Binary operators of MySQL's `bit_expr` by how tight they bind. */
const BIT_LEVELS: readonly (readonly [string, BinaryOperator][])[] = [
  [['|', '|']],
  [['&', '&']],
  [
    ['<<', '<<'],
    ['>>', '>>'],
  ],
  [
    ['+', '+'],
    ['-', '-'],
  ],
  [
    ['*', '*'],
    ['/', '/'],
    ['%', '%'],
    ['DIV', 'div'],
    ['MOD', '%'],
  ],
  [['^', '^']],
];

/** One function per rule of the grammar; every rule calls the next tighter one. */
export class ExpressionParser {
  readonly tokens: Tokens;
  private depth = 0;

  constructor(tokens: Tokens) {
    this.tokens = tokens;
  }

  expr(): Expr {
    if (++this.depth > MAX_DEPTH) throw this.tokens.refusal('nested too deeply');
    let left = this.xor();
    while (this.tokens.take('OR') || this.tokens.takeSymbol('||')) left = operation('or', left, this.xor());
    this.depth--;
    return left;
  }

  private xor(): Expr {
    let left = this.and();
    while (this.tokens.take('XOR')) left = operation('xor', left, this.and());
    return left;
  }

  private and(): Expr {
    let left = this.not();
    while (this.tokens.take('AND') || this.tokens.takeSymbol('&&')) left = operation('and', left, this.not());
    return left;
  }

  private not(): Expr {
    let count = 0;
    while (this.tokens.take('NOT')) count++;
    let result = this.comparison();
    for (; count > 0; count--) result = { kind: 'unary', op: 'not', arg: result };
    return result;
  }

  /** `bool_pri` and the IS TRUE that may end it. */
  private comparison(): Expr {
    const { tokens } = this;
    let left = this.predicate();
    for (;;) {
      if (tokens.take('IS')) {
        const not = tokens.take('NOT');
        if (tokens.take('NULL')) {
          left = { kind: 'is', what: 'null', not, arg: left };
          continue;
        }
        const what = (['TRUE', 'FALSE', 'UNKNOWN'] as const).find((word) => tokens.take(word));
        if (what === undefined) throw tokens.error('NULL, TRUE, FALSE or UNKNOWN');
        return { kind: 'is', what: what === 'TRUE' ? 'true' : what === 'FALSE' ? 'false' : 'unknown', not, arg: left };
      }
      const op = this.comparisonOperator();
      if (op === undefined) return left;
      this.refuseSubquery();
      left = operation(op, left, this.predicate());
    }
  }

  private comparisonOperator(): ComparisonOperator | undefined {
    const { tokens } = this;
    for (const [symbol, op] of COMPARISONS) if (tokens.takeSymbol(symbol)) return op;
    if (tokens.peek(1).code === '<' && tokens.code === '<') return undefined;
    if (tokens.peek(1).code === '>' && tokens.code === '>') return undefined;
    if (tokens.take('<')) return '<';
    return tokens.take('>') ? '>' : undefined;
  }

  private predicate(): Expr {
    const { tokens } = this;
    const arg = this.bits(0);
    const mark = tokens.mark();
    const not = tokens.take('NOT');
    if (tokens.take('IN')) return { kind: 'in', not, arg, list: this.list() };
    if (tokens.take('BETWEEN')) {
      const low = this.bits(0);
      tokens.expect('AND');
      return { kind: 'between', not, arg, low, high: this.predicate() };
    }
    if (tokens.take('LIKE')) return this.like(arg, not);
    if (tokens.take('REGEXP') || tokens.take('RLIKE')) return { kind: 'regexp', not, arg, pattern: this.bits(0) };
    if (not) {
      tokens.back(mark);
      throw tokens.error('an operator or the end');
    }
    if (tokens.take('SOUNDS', 'LIKE')) return { kind: 'opaque', args: [arg, this.bits(0)] };
    if (tokens.take('MEMBER')) {
      tokens.take('OF');
      return { kind: 'opaque', args: [arg, ...this.list()] };
    }
    return arg;
  }

  private like(arg: Expr, not: boolean): Expr {
    const pattern = this.simple();
    if (!this.tokens.take('ESCAPE')) return { kind: 'like', not, arg, pattern };
    return { kind: 'like', not, arg, pattern, escape: this.simple() };
  }

  /** `( expr, ... )`, at least one. */
  list(): Expr[] {
    const { tokens } = this;
    tokens.expect('(');
    this.refuseSubquery();
    const items = [this.expr()];
    while (tokens.take(',')) items.push(this.expr());
    tokens.expect(')');
    return items;
  }

  /** `bit_expr`. */
  bits(level: number): Expr {
    const operators = BIT_LEVELS[level];
    if (operators === undefined) return this.simple();
    let left = this.bits(level + 1);
    for (;;) {
      const found = operators.find(([symbol]) => this.takeOperator(symbol));
      if (found === undefined) return left;
      const [, op] = found;
      const shift = op === '+' || op === '-' ? this.interval() : undefined;
      if (shift === undefined) left = operation(op, left, this.bits(level + 1));
      else left = { kind: 'shift', sign: op === '+' ? 1 : -1, arg: left, ...shift };
    }
  }

  private takeOperator(symbol: string): boolean {
    const { tokens } = this;
    // || and && are logical, << and >> shifts.
    if ((symbol === '|' || symbol === '&') && tokens.peek(1).code === symbol && tokens.code === symbol) return false;
    if (symbol === '-' && tokens.peek(1).code === '>' && tokens.peek(1).start === tokens.peek().end) return false;
    return symbol.length === 2 ? tokens.takeSymbol(symbol) : tokens.take(symbol);
  }

  /** `INTERVAL n unit + expr`; as the servers' grammar has it, what follows reaches up to the next AND or OR. */
  private intervalFirst(): Expr | undefined {
    const shift = this.interval();
    if (shift === undefined) return undefined;
    this.tokens.expect('+');
    return { kind: 'shift', sign: 1, arg: this.not(), ...shift };
  }

  /** `INTERVAL expr unit`; undefined when none stands here, or the function of that name. */
  interval(): { amount: Expr; unit: string } | undefined {
    const { tokens } = this;
    const mark = tokens.mark();
    if (!tokens.take('INTERVAL')) return undefined;
    if (tokens.code === '(' && this.isIntervalFunction()) {
      tokens.back(mark);
      return undefined;
    }
    const amount = this.expr();
    return { amount, unit: this.unit() };
  }

  private isIntervalFunction(): boolean {
    const { tokens } = this;
    const mark = tokens.mark();
    let depth = 0;
    for (;;) {
      const { code, kind } = tokens.next();
      if (kind === T.End) break;
      if (code === '(') depth++;
      if (code === ')' && --depth === 0) break;
      if (code === ',' && depth === 1) {
        tokens.back(mark);
        return true;
      }
    }
    tokens.back(mark);
    return false;
  }

  unit(): string {
    const { tokens } = this;
    if (!/^(?:MICROSECOND|SECOND|MINUTE|HOUR|DAY|WEEK|MONTH|QUARTER|YEAR)(?:_[A-Z]+)?$/.test(tokens.code)) {
      throw tokens.error('a unit of time');
    }
    return tokens.next().code;
  }

  /** `simple_expr`: prefix operators, then a value and what is bound to its end. */
  simple(): Expr {
    if (++this.depth > MAX_DEPTH) throw this.tokens.refusal('nested too deeply');
    const result = this.prefixed() ?? this.postfixed(this.primary());
    this.depth--;
    return result;
  }

  private prefixed(): Expr | undefined {
    const { tokens } = this;
    for (const op of ['-', '+', '~'] as const) {
      if (tokens.take(op)) return { kind: 'unary', op, arg: this.simple() };
    }
    if (tokens.code === '!' && tokens.peek(1).code !== '=') {
      tokens.next();
      return { kind: 'unary', op: 'not', arg: this.simple() };
    }
    return tokens.take('BINARY') ? { kind: 'unary', op: 'binary', arg: this.simple() } : undefined;
  }

  private postfixed(value: Expr): Expr {
    const { tokens } = this;
    let result = value;
    for (;;) {
      if (tokens.take('COLLATE')) {
        result = { kind: 'collate', arg: result, collation: this.collation() };
      } else if (result.kind === 'column' && (tokens.takeSymbol('->>') || tokens.takeSymbol('->'))) {
        if (tokens.kind !== T.String) throw tokens.error('a path in quotes');
        result = { kind: 'opaque', args: [result, parseLiteral(tokens)] };
      } else {
        return result;
      }
    }
  }

  private collation(): string {
    const { tokens } = this;
    if (tokens.code === 'BINARY') tokens.next();
    else if (tokens.kind === T.String) return tokens.slice(tokens.next()).slice(1, -1).toLowerCase();
    else return tokens.ident().toLowerCase();
    return 'binary';
  }

  private primary(): Expr {
    const { tokens } = this;
    if (atLiteral(tokens)) return parseLiteral(tokens);
    if (tokens.kind === T.Variable) throw tokens.refusal('variables cannot be used in an expression filter');
    if (tokens.code === '(') return this.parenthesised();
    if (tokens.code === '{') return this.odbc();
    if (tokens.take('CASE')) return this.caseOf();
    const shift = this.intervalFirst();
    if (shift !== undefined) return shift;
    this.refuseSubquery();
    if (tokens.take('ROW')) return { kind: 'row', items: this.list() };
    const { kind, code } = tokens.peek();
    const call = tokens.peek(1).code === '(' && kind === T.Word;
    if (AGGREGATES.has(code) && call)
      throw tokens.refusal('aggregate and window functions have no meaning for one row');
    if (call && (!RESERVED.has(code) || KEYWORD_FUNCTIONS.has(code))) return parseCall(this, tokens.next().code);
    if (BARE_FUNCTIONS.has(code)) return { kind: 'call', name: tokens.next().code, args: [] };
    return this.column();
  }

  private parenthesised(): Expr {
    const items = this.list();
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { kind: 'row', items };
  }

  /** `{d '...'}`, `{t '...'}`, `{ts '...'}`. */
  private odbc(): Expr {
    const { tokens } = this;
    tokens.expect('{');
    const type = ({ D: 'date', T: 'time', TS: 'datetime' } as const)[tokens.code];
    if (type === undefined) throw tokens.error('d, t or ts');
    tokens.next();
    const literal = atLiteral(tokens) ? parseLiteral(tokens) : undefined;
    if (literal?.kind !== 'string') throw tokens.error('a text');
    tokens.expect('}');
    return { kind: 'temporal', type, text: literal.value };
  }

  private caseOf(): Expr {
    const { tokens } = this;
    const subject = tokens.code === 'WHEN' ? undefined : this.expr();
    const branches: { when: Expr; value: Expr }[] = [];
    while (tokens.take('WHEN')) {
      const when = this.expr();
      tokens.expect('THEN');
      branches.push({ when, value: this.expr() });
    }
    if (branches.length === 0) throw tokens.error('WHEN');
    const otherwise = tokens.take('ELSE') ? this.expr() : undefined;
    tokens.expect('END');
    return { kind: 'case', branches, ...(subject && { subject }), ...(otherwise && { otherwise }) };
  }

  private column(): Expr {
    const { tokens } = this;
    const { kind, code, start } = tokens.peek();
    const named = kind === T.QuotedIdent || (kind === T.Word && !RESERVED.has(code));
    if (!named) throw tokens.error('a value');
    const parts = [tokens.ident()];
    let { end } = tokens.peek(-1);
    while (parts.length < 3 && tokens.take('.')) {
      parts.push(tokens.ident());
      ({ end } = tokens.peek(-1));
    }
    if (tokens.code === '(') throw tokens.error('an operator or the end');
    const [name = '', table, schema] = parts.toReversed();
    return {
      kind: 'column',
      name,
      start,
      end,
      ...(table !== undefined && { table }),
      ...(schema !== undefined && { schema }),
    };
  }

  private refuseSubquery(): void {
    const { code, kind } = this.tokens.peek();
    if (kind !== T.Word) return;
    const quantified = (code === 'ALL' || code === 'ANY' || code === 'SOME') && this.tokens.peek(1).code === '(';
    if (code === 'SELECT' || code === 'EXISTS' || code === 'WITH' || quantified) {
      throw this.tokens.refusal('sub-queries cannot be used in an expression filter');
    }
  }
}

function operation(op: BinaryOperator, left: Expr, right: Expr): Expr {
  return { kind: 'operation', op, left, right };
}
