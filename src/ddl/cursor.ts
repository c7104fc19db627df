import { dmError } from '../errors/dm-error.js';
import type { DmError } from '../errors/dm-error.js';
import type { Dialect, Ident, NamedObject, ObjectName, ObjectRole, ObjectType, Span, VersionedComment } from './ast.js';
import { T, tokenize, type Token } from './lexer.js';
import { bitDigits, bytesAsText, hexDigits, unquoteIdent, unquoteString } from './literals.js';
import { RESERVED } from './reserved.js';

/** Characters of the input shown in an error. */
const NEAR_LENGTH = 48;

/**
 * Walks over the tokens that mean something. All `take…` functions move on and tell whether (or what) they took; all
 * `expect…` functions throw 11006 with line, column and what was expected.
 */
export class Cursor {
  readonly text: string;
  readonly dialect: Dialect;
  readonly defaultSchema: string;
  readonly objects: NamedObject[] = [];
  readonly comments: VersionedComment[] = [];
  readonly dropped: Span[] = [];
  private readonly items: Token[] = [];
  private index = 0;
  /** Table whose columns the statement's expressions speak of; its name as a qualifier there is recorded. */
  private subject: { schema: string; name: string } | undefined;

  constructor(text: string, dialect: Dialect, defaultSchema: string) {
    this.text = text;
    this.dialect = dialect;
    this.defaultSchema = defaultSchema;
    for (const token of tokenize(text, dialect)) this.sort(token);
  }

  private sort(token: Token): void {
    const { kind } = token;
    if (kind === T.Blank) return;
    if (kind === T.VersionOpen) this.comments.push({ active: true, open: span(token) });
    else if (kind === T.VersionClose) this.closeComment(token);
    else if (kind !== T.Comment) this.items.push(token);
    else if (isVersionMarker(this.text, token.start)) this.comments.push({ active: false, open: span(token) });
  }

  /** Plain comments inside a versioned one are not in the list, and versioned ones do not nest. */
  private closeComment(token: Token): void {
    const open = this.comments.findLast((comment) => comment.active);
    if (open !== undefined) open.close = span(token);
  }

  private item(ahead = 0): Token {
    const at = Math.min(this.index + ahead, this.items.length - 1);
    const item = this.items[at];
    if (item === undefined) throw new RangeError('the token list is empty');
    return item;
  }

  // -------------------------------------------------------------------------------------------- looking

  get kind(): Token['kind'] {
    return this.item().kind;
  }

  /** Upper-case word or symbol at the place; '' for literals, quoted names and the end. */
  get code(): string {
    return this.item().code;
  }

  codeAt(ahead: number): string {
    return this.item(ahead).code;
  }

  kindAt(ahead: number): Token['kind'] {
    return this.item(ahead).kind;
  }

  /** Whether these words and symbols follow. */
  at(...codes: string[]): boolean {
    return codes.every((code, ahead) => this.item(ahead).code === code);
  }

  atAny(codes: ReadonlySet<string>): boolean {
    return codes.has(this.item().code);
  }

  /** At the end of the statement: nothing, or a `;`, is left. */
  get ended(): boolean {
    return this.item().kind === T.End || this.item().code === ';';
  }

  /** Whether a query stands here, maybe in parentheses. WITH may also begin an option. */
  get atQuery(): boolean {
    let ahead = 0;
    while (this.codeAt(ahead) === '(') ahead++;
    const code = this.codeAt(ahead);
    if (code === 'WITH') return this.codeAt(ahead + 1) !== 'SYSTEM';
    return QUERY_WORDS.has(code);
  }

  /** Start of the current token. */
  get start(): number {
    return this.item().start;
  }

  /** End of the token before. */
  get end(): number {
    return this.index === 0 ? this.item().start : this.item(-1).end;
  }

  spanFrom(start: number): Span {
    return { start, end: this.end };
  }

  textFrom(start: number): string {
    return this.text.slice(start, this.end);
  }

  // -------------------------------------------------------------------------------------------- moving

  /** Place to come back to. Objects recorded behind it are forgotten on return. */
  mark(): { index: number; objects: number } {
    return { index: this.index, objects: this.objects.length };
  }

  reset(mark: { index: number; objects: number }): void {
    this.index = mark.index;
    this.objects.length = mark.objects;
  }

  /** Moves over one token of any kind, but not over the end. */
  skip(): void {
    const item = this.item();
    if (item.kind === T.Unterminated) throw this.unterminated(item);
    if (item.kind !== T.End) this.index++;
  }

  take(...codes: string[]): boolean {
    if (!this.at(...codes)) return false;
    this.index += codes.length;
    return true;
  }

  expect(...codes: string[]): void {
    for (const code of codes) if (!this.take(code)) throw this.error(code);
  }

  /** Takes one of the words and gives it back. */
  takeOne(codes: ReadonlySet<string>): string | undefined {
    const { code } = this;
    if (!codes.has(code)) return undefined;
    this.index++;
    return code;
  }

  // -------------------------------------------------------------------------------------------- names

  /** Whether an identifier can begin here. */
  get atIdent(): boolean {
    const { kind, code } = this.item();
    if (kind === T.QuotedIdent) return true;
    return kind === T.Word && !RESERVED.has(code);
  }

  takeIdent(): Ident | undefined {
    if (!this.atIdent) return undefined;
    return this.identItem();
  }

  expectIdent(what: string): Ident {
    const ident = this.takeIdent();
    if (ident === undefined) throw this.error(what);
    return ident;
  }

  /** Any word or quoted name: behind a dot servers take reserved words too. */
  private identItem(): Ident {
    const { kind, start, end } = this.item();
    const raw = this.text.slice(start, end);
    this.index++;
    return { name: kind === T.QuotedIdent ? unquoteIdent(raw) : raw, start, end };
  }

  private expectIdentBehindDot(what: string): Ident {
    if (this.kind !== T.Word && this.kind !== T.QuotedIdent) throw this.error(what);
    return this.identItem();
  }

  /** `[schema.]table`, recorded as an object of the role. `schema` stands in for an unwritten one. */
  objectName(type: ObjectType, role: ObjectRole, schema = this.defaultSchema): ObjectName {
    const { start } = this;
    // `.t` is an old way to write t in the default schema
    const dotted = this.take('.');
    const first = dotted ? this.expectIdentBehindDot(`${type} name`) : this.expectIdent(`${type} name`);
    const name: ObjectName = { table: first, start, end: first.end };
    if (!dotted && this.take('.')) {
      name.schema = first;
      name.table = this.expectIdentBehindDot(`${type} name`);
      name.end = name.table.end;
    }
    this.record(type, role, name, schema);
    return name;
  }

  /** Records an object that was read by other means. */
  record(type: ObjectType, role: ObjectRole, name: ObjectName, schema = this.defaultSchema): void {
    this.objects.push({
      type,
      role,
      schema: name.schema?.name ?? schema,
      name: name.table.name,
      qualified: name.schema !== undefined,
      start: name.start,
      end: name.end,
    });
  }

  databaseName(role: ObjectRole): Ident {
    const ident = this.expectIdent('database name');
    this.objects.push({
      type: 'database',
      role,
      schema: ident.name,
      name: '',
      qualified: true,
      start: ident.start,
      end: ident.end,
    });
    return ident;
  }

  /** From here on `name.` before a column, in expressions, means this table. */
  setSubject(name: ObjectName): string {
    const schema = name.schema?.name ?? this.defaultSchema;
    this.subject = { schema, name: name.table.name };
    return schema;
  }

  /** `c`, `t.c`, `s.t.c` or `.c` where a column is named; what stands before the column is recorded. */
  columnName(): Ident {
    const { start } = this;
    if (this.take('.')) return this.expectIdentBehindDot('column name');
    let ident = this.expectIdent('column name');
    const before: Ident[] = [];
    while (before.length < 2 && this.take('.')) {
      before.push(ident);
      ident = this.expectIdentBehindDot('column name');
    }
    if (before.length > 0) this.qualifier(before, start, ident.start);
    return ident;
  }

  private qualifier(parts: readonly Ident[], start: number, end: number): void {
    const table = parts[parts.length - 1];
    const schema = parts.length > 1 ? parts[0] : undefined;
    if (table === undefined) return;
    this.objects.push({
      type: 'table',
      role: 'qualifier',
      schema: schema?.name ?? this.subject?.schema ?? this.defaultSchema,
      name: table.name,
      qualified: schema !== undefined,
      start,
      end,
    });
  }

  // -------------------------------------------------------------------------------------------- literals

  /** Quoted text; neighbouring literals are one, as in SQL. Introducers and N are allowed. */
  takeString(): string | undefined {
    const introduced = this.kind === T.Word && this.code.startsWith('_') && isLiteral(this.kindAt(1));
    if (!introduced && this.kind !== T.String && this.kind !== T.NationalString) return undefined;
    if (introduced) this.skip();
    if (this.atBinary) return this.binaryText();
    let value = '';
    do {
      const { kind, start, end } = this.item();
      value += unquoteString(this.text.slice(kind === T.NationalString ? start + 1 : start, end), this.dialect);
      this.index++;
    } while (this.kind === T.String);
    return value;
  }

  expectString(what: string): string {
    const value = this.takeString();
    if (value === undefined) throw this.error(what);
    return value;
  }

  /** Text that a hex or bit literal at the place stands for. */
  private binaryText(): string {
    const { kind } = this;
    const raw = this.takeRaw();
    return kind === T.Hex ? bytesAsText(hexDigits(raw), 16) : bytesAsText(bitDigits(raw), 2);
  }

  private get atBinary(): boolean {
    return this.kind === T.Hex || this.kind === T.Bit;
  }

  /** A member of ENUM or SET: any literal that gives text. */
  expectTextLiteral(what: string): string {
    return this.atBinary ? this.binaryText() : this.expectString(what);
  }

  /** Moves over a token and gives its text. */
  takeRaw(): string {
    const { start, end } = this.item();
    this.skip();
    return this.text.slice(start, end);
  }

  /** A number without sign, point or exponent; hexadecimal ones too. */
  expectInteger(what: string): number {
    const { kind } = this;
    if (kind !== T.Number && kind !== T.Hex) throw this.error(what);
    const raw = this.takeRaw();
    return kind === T.Hex ? Number.parseInt(hexDigits(raw), 16) : Number(raw);
  }

  // -------------------------------------------------------------------------------------------- skipping

  /**
   * From `(` to its `)`; gives the span between. Names in it that point at the statement's own table, and sequences, are
   * recorded.
   */
  parenthesised(): Span {
    this.expect('(');
    const open = this.end;
    let depth = 1;
    for (;;) {
      const { code, kind } = this.item();
      if (kind === T.End) throw this.error(')');
      if (code === '(') depth++;
      else if (code === ')' && --depth === 0) break;
      this.expressionStep();
    }
    const close = this.start;
    this.skip();
    return { start: open, end: close };
  }

  /** Moves over one token of an expression, or over a whole dotted name. */
  expressionStep(): void {
    const { kind, code } = this.item();
    if ((code === 'NEXT' || code === 'PREVIOUS') && this.codeAt(1) === 'VALUE' && this.codeAt(2) === 'FOR') {
      this.index += 3;
      this.objectName('sequence', 'sequence');
      return;
    }
    if (SEQUENCE_FUNCTIONS.has(code) && this.codeAt(1) === '(' && this.kindAt(2) !== T.Number) {
      this.index += 2;
      if (this.atIdent) this.objectName('sequence', 'sequence');
      // the caller's depth count has not seen this parenthesis: walk to its end here
      this.toClosing();
      return;
    }
    const dotted = (kind === T.Word || kind === T.QuotedIdent) && this.codeAt(1) === '.';
    if (dotted) this.dottedName();
    else this.skip();
  }

  private toClosing(): void {
    for (let depth = 1; ;) {
      const { code, kind } = this.item();
      if (kind === T.End) throw this.error(')');
      if (code === '(') depth++;
      if (code === ')' && --depth === 0) return this.skip();
      this.skip();
    }
  }

  /** `a.b` or `a.b.c` in an expression. */
  private dottedName(): void {
    const { start } = this;
    const parts = [this.identItem()];
    while (this.code === '.' && (this.kindAt(1) === T.Word || this.kindAt(1) === T.QuotedIdent)) {
      this.skip();
      parts.push(this.identItem());
    }
    const column = parts.pop();
    if (column === undefined || parts.length === 0 || this.code === '(') return;
    const table = parts[parts.length - 1];
    if (this.subject !== undefined && table?.name.toLowerCase() === this.subject.name.toLowerCase()) {
      this.qualifier(parts, start, column.start);
    }
  }

  /** Moves to the end of the statement, or to a `;` outside of parentheses that nothing follows. */
  skipToEnd(): void {
    while (this.kind !== T.End) {
      if (this.code === ';' && this.kindAt(1) === T.End) return;
      this.skip();
    }
  }

  // -------------------------------------------------------------------------------------------- errors

  /** 11006 at the current place. */
  error(expected: string): DmError {
    const item = this.item();
    if (item.kind === T.Unterminated) return this.unterminated(item);
    const found = item.kind === T.End ? 'the end' : `"${this.near(item.start)}"`;
    return dmError(11006, [`${this.place(item.start)}: expected ${expected}, found ${found}`]);
  }

  /** 11006 at the current place with another message. */
  refuse(message: string, start = this.start): DmError {
    return dmError(11006, [`${this.place(start)}: ${message}, near "${this.near(start)}"`]);
  }

  private unterminated(item: Token): DmError {
    const what = this.text.startsWith('/*', item.start) ? 'comment' : 'quoted text or literal';
    return dmError(11006, [`${this.place(item.start)}: this ${what} does not end, near "${this.near(item.start)}"`]);
  }

  private near(start: number): string {
    return this.text.slice(start, start + NEAR_LENGTH);
  }

  private place(offset: number): string {
    const before = this.text.slice(0, offset);
    const line = before.split('\n').length;
    return `line ${line} column ${offset - before.lastIndexOf('\n')}`;
  }
}

const QUERY_WORDS: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'VALUES', 'TABLE']);

const SEQUENCE_FUNCTIONS: ReadonlySet<string> = new Set(['NEXTVAL', 'LASTVAL', 'SETVAL']);

const isLiteral = (kind: Token['kind']): boolean => kind === T.String || kind === T.Hex || kind === T.Bit;

const span = ({ start, end }: Span): Span => ({ start, end });

/** Comments that some server reads as code. */
function isVersionMarker(text: string, start: number): boolean {
  return text.startsWith('/*!', start) || text.startsWith('/*M!', start);
}
