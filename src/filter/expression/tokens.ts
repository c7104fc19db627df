import type { Dialect } from '../../ddl/ast.js';
import { T, tokenize, type Token } from '../../ddl/lexer.js';
import { unquoteIdent } from '../../ddl/literals.js';

/** Expressions are read as a MySQL session without any `sql_mode` that changes the reading of text does. */
export const DIALECT: Dialect = {
  flavor: 'mysql',
  serverVersion: 999_999,
  ansiQuotes: false,
  noBackslashEscapes: false,
  realAsFloat: false,
  oracle: false,
};

/** Why an expression cannot be read; the message goes into error 20041. */
export class ExpressionError extends Error {}

const NEAR_LENGTH = 40;

/** Walks over the tokens of an expression that mean something. `take…` tells whether it moved on; `expect…` throws. */
export class Tokens {
  readonly text: string;
  private readonly items: Token[];
  private index = 0;

  constructor(text: string) {
    this.text = text;
    const all = tokenize(text, DIALECT);
    this.items = all.filter(({ kind }) => kind !== T.Blank && kind !== T.Comment);
    const versioned = this.items.find(({ kind }) => kind === T.VersionOpen);
    if (versioned !== undefined) throw this.refusal('versioned comments have no place here', versioned);
  }

  peek(ahead = 0): Token {
    const item = this.items[Math.min(this.index + ahead, this.items.length - 1)];
    if (item === undefined) throw new RangeError('the token list is empty');
    return item;
  }

  get code(): string {
    return this.peek().code;
  }

  get kind(): Token['kind'] {
    return this.peek().kind;
  }

  /** Place to return to. */
  mark(): number {
    return this.index;
  }

  back(mark: number): void {
    this.index = mark;
  }

  next(): Token {
    const item = this.peek();
    if (this.index < this.items.length - 1) this.index++;
    return item;
  }

  slice({ start, end }: Token): string {
    return this.text.slice(start, end);
  }

  /** Moves over these words or symbols, all or none. */
  take(...codes: string[]): boolean {
    if (!codes.every((code, ahead) => this.peek(ahead).code === code)) return false;
    this.index += codes.length;
    return true;
  }

  expect(...codes: string[]): void {
    for (const code of codes) if (!this.take(code)) throw this.error(code);
  }

  /** A symbol of several characters, which stand together. */
  takeSymbol(symbol: string): boolean {
    for (let i = 0; i < symbol.length; i++) {
      const { kind, code, start } = this.peek(i);
      if (kind !== T.Symbol || code !== symbol[i] || start !== this.peek().start + i) return false;
    }
    this.index += symbol.length;
    return true;
  }

  /** The name at the place; a word or a quoted one. */
  ident(): string {
    const item = this.peek();
    if (item.kind !== T.Word && item.kind !== T.QuotedIdent) throw this.error('a name');
    this.next();
    return item.kind === T.Word ? this.slice(item) : unquoteIdent(this.slice(item));
  }

  /** A number without sign, of a length or of digits. */
  count(): number {
    const item = this.peek();
    if (item.kind !== T.Number || !/^\d+$/.test(this.slice(item))) throw this.error('a number');
    this.next();
    return Number(this.slice(item));
  }

  error(expected: string): ExpressionError {
    const item = this.peek();
    if (item.kind === T.Unterminated) return this.refusal('a quoted text or comment does not end', item);
    if (item.kind === T.End) return new ExpressionError(`expected ${expected}, found the end`);
    return this.refusal(`expected ${expected}`, item);
  }

  refusal(message: string, item: Token = this.peek()): ExpressionError {
    const near = this.text.slice(item.start, item.start + NEAR_LENGTH);
    return new ExpressionError(`${message}, at column ${item.start + 1} near "${near}"`);
  }
}
