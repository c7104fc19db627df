import type { Dialect } from './ast.js';

/**
 * Kinds of tokens. Constants instead of names, since a token is made for every few bytes of a statement.
 * Blank, comment and both versioned comment markers are "trivia": the reader does not see them.
 */
export const T = {
  Blank: 0,
  /** Comment that is not code, its markers included. */
  Comment: 1,
  /** Opening marker of a versioned comment that is read as code, up to the version number. */
  VersionOpen: 2,
  /** Its closing marker. */
  VersionClose: 3,
  /** Unquoted word: keyword or identifier. */
  Word: 4,
  /** Identifier in backticks, or in double quotes under ANSI_QUOTES. */
  QuotedIdent: 5,
  /** Text literal in single or double quotes. */
  String: 6,
  /** N'..' */
  NationalString: 7,
  Number: 8,
  /** x'..' and 0x.. */
  Hex: 9,
  /** b'..' and 0b.. */
  Bit: 10,
  /** One character of punctuation, or a stray character. */
  Symbol: 11,
  /** @name, @'name', @@name. */
  Variable: 12,
  /** Something that does not end; the rest of the input. */
  Unterminated: 13,
  /** Behind the last token; empty. */
  End: 14,
} as const;

export type TokenKind = (typeof T)[keyof typeof T];

/** A piece of the input. The pieces of {@link tokenize} follow each other without gap. */
export interface Token {
  kind: TokenKind;
  start: number;
  end: number;
  /** Unquoted word in upper case, or the character of a symbol; '' for all else. */
  code: string;
}

const BLANK = 1;
const DIGIT = 2;
const WORD = 4;

/** What an ASCII character can be part of. Characters above are all word characters, as in the servers. */
const CLASS = new Uint8Array(128);
for (const c of [9, 10, 11, 12, 13, 32]) CLASS[c] = BLANK;
for (let c = 48; c <= 57; c++) CLASS[c] = DIGIT | WORD;
for (let c = 65; c <= 90; c++) CLASS[c] = CLASS[c + 32] = WORD;
CLASS[36] = CLASS[95] = WORD;

const isBlank = (c: number): boolean => c < 128 && CLASS[c] === BLANK;
const isDigit = (c: number): boolean => c >= 48 && c <= 57;
/** NaN (behind the end) is no word character. */
const isWord = (c: number): boolean => c >= 128 || ((CLASS[c] ?? 0) & WORD) !== 0;
const isHexDigit = (c: number): boolean => isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102);

/**
 * Cuts any text into tokens as the server of `dialect` would; concatenated they are the text. Never throws: what does not
 * end becomes one `Unterminated` token. The last token is `End`.
 */
export function tokenize(text: string, dialect: Dialect): Token[] {
  return new Lexer(text, dialect).run();
}

class Lexer {
  private readonly text: string;
  private readonly dialect: Dialect;
  private readonly tokens: Token[] = [];
  private pos = 0;
  /** Inside a versioned comment that is read as code. */
  private inVersion = false;

  constructor(text: string, dialect: Dialect) {
    this.text = text;
    this.dialect = dialect;
  }

  run(): Token[] {
    const length = this.text.length;
    while (this.pos < length) this.next();
    if (this.inVersion) this.blameOpenComment();
    this.tokens.push({ kind: T.End, start: length, end: length, code: '' });
    return this.tokens;
  }

  private next(): void {
    const { text, pos } = this;
    const c = text.charCodeAt(pos);
    if (isBlank(c)) return this.emit(T.Blank, this.scan(pos + 1, isBlank));
    if (isDigit(c)) return this.number();
    if (isWord(c)) return this.word(c);
    switch (c) {
      case 96: // `
        return this.quoted(T.QuotedIdent, pos, false);
      case 34: // "
        return this.dialect.ansiQuotes
          ? this.quoted(T.QuotedIdent, pos, false)
          : this.quoted(T.String, pos, !this.dialect.noBackslashEscapes);
      case 39: // '
        return this.quoted(T.String, pos, !this.dialect.noBackslashEscapes);
      case 35: // #
        return this.lineComment();
      case 45: // - ; a comment only if a blank, a control character or the end follows
        if (text.charCodeAt(pos + 1) === 45 && !(text.charCodeAt(pos + 2) > 32)) return this.lineComment();
        return this.emit(T.Symbol, pos + 1);
      case 47: // /
        return text.charCodeAt(pos + 1) === 42 ? this.blockComment() : this.emit(T.Symbol, pos + 1);
      case 42: // *
        if (this.inVersion && text.charCodeAt(pos + 1) === 47) {
          this.inVersion = false;
          return this.emit(T.VersionClose, pos + 2);
        }
        return this.emit(T.Symbol, pos + 1);
      case 46: // . ; `.5` is a number, but not in `t.5`
        return isDigit(text.charCodeAt(pos + 1)) && !this.behindName() ? this.number() : this.emit(T.Symbol, pos + 1);
      case 64: // @
        return this.variable();
      default:
        return this.emit(T.Symbol, pos + 1);
    }
  }

  private emit(kind: TokenKind, end: number): void {
    const { pos } = this;
    let code = '';
    if (kind === T.Word) code = this.text.slice(pos, end).toUpperCase();
    else if (kind === T.Symbol) code = this.text.charAt(pos);
    this.tokens.push({ kind, start: pos, end, code });
    this.pos = end;
  }

  private scan(from: number, test: (c: number) => boolean): number {
    let at = from;
    while (at < this.text.length && test(this.text.charCodeAt(at))) at++;
    return at;
  }

  /** Whether the token right before is a name, so that a dot here separates names. */
  private behindName(): boolean {
    const last = this.tokens[this.tokens.length - 1];
    return last !== undefined && (last.kind === T.Word || last.kind === T.QuotedIdent);
  }

  private behindDot(): boolean {
    return this.pos > 0 && this.text.charCodeAt(this.pos - 1) === 46;
  }

  private word(c: number): void {
    const { text, pos } = this;
    if (text.charCodeAt(pos + 1) === 39 && !this.behindDot()) {
      if (c === 120 || c === 88) return this.prefixed(T.Hex, isHexDigit);
      if (c === 98 || c === 66) return this.prefixed(T.Bit, (d) => d === 48 || d === 49);
      if (c === 110 || c === 78) return this.quoted(T.NationalString, pos + 1, !this.dialect.noBackslashEscapes);
    }
    this.emit(T.Word, this.scan(pos + 1, isWord));
  }

  /** x'4D' and b'01'; with other characters between the quotes it is no literal, and an error to the server too. */
  private prefixed(kind: TokenKind, digit: (c: number) => boolean): void {
    const end = this.scan(this.pos + 2, digit);
    if (this.text.charCodeAt(end) === 39) return this.emit(kind, end + 1);
    this.emit(T.Unterminated, this.text.length);
  }

  /**
   * Numbers, and words that begin with digits: `1a` and `0x1g` are identifiers, `1e5` and `0x1f` numbers. Directly behind
   * a dot digits are (part of) a name.
   */
  private number(): void {
    const { text, pos } = this;
    const first = text.charCodeAt(pos);
    if (first !== 46 && this.behindDot()) return this.emit(T.Word, this.scan(pos + 1, isWord));
    const second = text.charCodeAt(pos + 1);
    if (first === 48 && (second === 120 || second === 98)) {
      const kind = second === 120 ? T.Hex : T.Bit;
      const end = this.scan(pos + 2, second === 120 ? isHexDigit : (d) => d === 48 || d === 49);
      if (end > pos + 2 && !isWord(text.charCodeAt(end))) return this.emit(kind, end);
    }
    let end = this.scan(pos, isDigit);
    const integerEnd = end;
    if (text.charCodeAt(end) === 46) end = this.scan(end + 1, isDigit);
    end = this.exponent(end);
    if (end === integerEnd && isWord(text.charCodeAt(end))) return this.emit(T.Word, this.scan(end, isWord));
    this.emit(T.Number, end);
  }

  private exponent(at: number): number {
    const { text } = this;
    if ((text.charCodeAt(at) | 32) !== 101) return at;
    const sign = text.charCodeAt(at + 1);
    const digits = sign === 43 || sign === 45 ? at + 2 : at + 1;
    if (!isDigit(text.charCodeAt(digits))) return at;
    const end = this.scan(digits, isDigit);
    // `1e5x` is a word; `1e+5x` and `1.0e5x` are a number and a word
    if (digits === at + 1 && isWord(text.charCodeAt(end)) && isDigit(text.charCodeAt(at - 1))) return at;
    return end;
  }

  /** From the quote at `open` to its end; a doubled quote stands for itself. */
  private quoted(kind: TokenKind, open: number, escapes: boolean): void {
    const { text } = this;
    const quote = text.charCodeAt(open);
    for (let at = open + 1; at < text.length; at++) {
      const c = text.charCodeAt(at);
      if (c === 92 && escapes) at++;
      else if (c === quote) {
        if (text.charCodeAt(at + 1) !== quote) return this.emit(kind, at + 1);
        at++;
      }
    }
    this.emit(T.Unterminated, text.length);
  }

  private lineComment(): void {
    const end = this.text.indexOf('\n', this.pos);
    this.emit(T.Comment, end < 0 ? this.text.length : end + 1);
  }

  private variable(): void {
    const { text, pos } = this;
    const next = text.charCodeAt(pos + 1);
    if (next === 96 || next === 39 || next === 34) return this.quoted(T.Variable, pos + 1, next !== 96);
    const from = next === 64 ? pos + 2 : pos + 1;
    this.emit(
      T.Variable,
      this.scan(from, (c) => isWord(c) || (c === 46 && from === pos + 1)),
    );
  }

  private blockComment(): void {
    const { text, pos } = this;
    const marker = this.versionMarker();
    if (marker === undefined) {
      const close = text.indexOf('*/', pos + 2);
      return close < 0 ? this.emit(T.Unterminated, text.length) : this.emit(T.Comment, close + 2);
    }
    if (marker.active && !this.inVersion) {
      this.inVersion = true;
      return this.emit(T.VersionOpen, marker.end);
    }
    this.skippedVersion(marker);
  }

  /**
   * A versioned comment that is not read; inside it one level of other comments nests. A marker inside code of another
   * versioned comment is dropped by servers with its inside still read; seldom enough to be refused here.
   */
  private skippedVersion(marker: { active: boolean; end: number }): void {
    const { text } = this;
    if (marker.active) return this.emit(T.Unterminated, text.length);
    let at = marker.end;
    for (;;) {
      const close = text.indexOf('*/', at);
      if (close < 0) return this.emit(T.Unterminated, text.length);
      const open = text.indexOf('/*', at);
      if (open < 0 || open > close) return this.emit(T.Comment, close + 2);
      const inner = text.indexOf('*/', open + 2);
      if (inner < 0) return this.emit(T.Unterminated, text.length);
      at = inner + 2;
    }
  }

  /** The marker at the current position, if it is one of the flavor: where it ends and whether the inside is code. */
  private versionMarker(): { active: boolean; end: number } | undefined {
    const { text, pos } = this;
    const { flavor, serverVersion } = this.dialect;
    const third = text.charCodeAt(pos + 2);
    if (third === 33) {
      const { version, end } = this.versionNumber(pos + 3);
      if (version === 0 || flavor === 'tidb') return { active: true, end };
      // MariaDB passes over what MySQL 5.7 and later mean for themselves
      const foreign = flavor === 'mariadb' && version >= 50700 && version <= 99999;
      return { active: version <= serverVersion && !foreign, end };
    }
    if (flavor === 'mariadb' && third === 77 && text.charCodeAt(pos + 3) === 33) {
      const { version, end } = this.versionNumber(pos + 4);
      return { active: version <= serverVersion, end };
    }
    if (flavor === 'tidb' && third === 84) return this.tidbMarker();
    return undefined;
  }

  /** `/*T! ` or `/*T![auto_rand,clustered_index] `. */
  private tidbMarker(): { active: boolean; end: number } | undefined {
    const { text, pos } = this;
    if (text.charCodeAt(pos + 3) !== 33) return undefined;
    if (text.charCodeAt(pos + 4) !== 91) return { active: true, end: pos + 4 };
    const close = text.indexOf(']', pos + 5);
    return close < 0 ? undefined : { active: true, end: close + 1 };
  }

  /** Five or six digits right behind the marker are a version; anything else is code already. */
  private versionNumber(at: number): { version: number; end: number } {
    let end = at;
    while (end < at + 6 && isDigit(this.text.charCodeAt(end))) end++;
    return end - at < 5 ? { version: 0, end: at } : { version: Number(this.text.slice(at, end)), end };
  }

  /** The input ended inside a versioned comment: its marker and all behind it become one token, for a clear error. */
  private blameOpenComment(): void {
    const { tokens } = this;
    const open = tokens.findLastIndex((token) => token.kind === T.VersionOpen);
    const marker = tokens[open];
    if (marker === undefined) return;
    const rest: Token = { kind: T.Unterminated, start: marker.start, end: this.text.length, code: '' };
    tokens.splice(open, tokens.length - open, rest);
  }
}
