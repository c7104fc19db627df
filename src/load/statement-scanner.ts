/**
 * Finds the ends of SQL statements in a stream of bytes: a semicolon outside of strings, quoted names and comments. Works on
 * pieces of any size and keeps nothing of them.
 */
export class StatementScanner {
  #state: number = NORMAL;
  #hasContent = false;

  /** Whether the statement under way holds more than blanks and plain comments. */
  get hasContent(): boolean {
    return this.#hasContent;
  }

  /** Whether the scan stands outside of strings, quoted names and block comments. */
  get isComplete(): boolean {
    return this.#state === NORMAL || this.#state === LINE_COMMENT || this.#state === DASH || this.#state === DASHES;
  }

  /** Begins a new statement. */
  reset(): void {
    this.#state = NORMAL;
    this.#hasContent = false;
  }

  /** Scans `[start, end)`. @returns the index of the semicolon that ends the statement, or -1 */
  scan(bytes: Buffer, start: number, end: number): number {
    let state = this.#state;
    let content = this.#hasContent;
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (state === SINGLE || state === DOUBLE) {
        // The bulk of a dump is inside strings: nothing but these two bytes matters there.
        const quote = state === SINGLE ? QUOTE_SINGLE : QUOTE_DOUBLE;
        at = skipString(bytes, at, end, quote);
        if (at >= end) break;
        if (bytes[at] === BACKSLASH) state = state === SINGLE ? SINGLE_ESCAPE : DOUBLE_ESCAPE;
        else state = NORMAL;
        continue;
      }
      if (state === NORMAL) {
        if (PLAIN[byte] === 1) {
          content = true;
          continue;
        }
        if (byte === SEMICOLON) break;
        state = leaveNormal(byte);
        if (state === SINGLE || state === DOUBLE || state === BACKTICK) content = true;
        continue;
      }
      const next = step(state, byte);
      if (next === AGAIN) {
        // A dash or slash that begins no comment is an operator; the byte after it is looked at afresh.
        content = true;
        state = NORMAL;
        at--;
        continue;
      }
      if (next === VERSIONED) content = true;
      state = next === VERSIONED ? BLOCK_COMMENT : next;
    }
    this.#state = state;
    this.#hasContent = content;
    return at < end ? at : -1;
  }
}

const NORMAL = 0;
const SINGLE = 1;
const DOUBLE = 2;
const BACKTICK = 3;
const SINGLE_ESCAPE = 4;
const DOUBLE_ESCAPE = 5;
const LINE_COMMENT = 6;
/** Just behind the opening of a block comment. */
const BLOCK_OPEN = 7;
const BLOCK_COMMENT = 8;
const BLOCK_STAR = 9;
const DASH = 10;
const DASHES = 11;
const SLASH = 12;
/** Answers of {@link step} that are no states. */
const AGAIN = -1;
const VERSIONED = -2;

const SEMICOLON = 0x3b;
const QUOTE_SINGLE = 0x27;
const QUOTE_DOUBLE = 0x22;
const BACKSLASH = 0x5c;

/** Bytes that mean nothing to the scan but that there is a statement. */
const PLAIN = new Uint8Array(256).fill(1);
for (const character of ' \t\r\n;\'"`-#/') PLAIN[character.charCodeAt(0)] = 0;

function skipString(bytes: Buffer, start: number, end: number, quote: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at];
    if (byte === quote || byte === BACKSLASH) return at;
    at++;
  }
  return at;
}

function leaveNormal(byte: number): number {
  switch (byte) {
    case QUOTE_SINGLE:
      return SINGLE;
    case QUOTE_DOUBLE:
      return DOUBLE;
    case 0x60:
      return BACKTICK;
    case 0x23:
      return LINE_COMMENT;
    case 0x2d:
      return DASH;
    case 0x2f:
      return SLASH;
    default:
      return NORMAL;
  }
}

function step(state: number, byte: number): number {
  switch (state) {
    case BACKTICK:
      return byte === 0x60 ? NORMAL : BACKTICK;
    case SINGLE_ESCAPE:
      return SINGLE;
    case DOUBLE_ESCAPE:
      return DOUBLE;
    case LINE_COMMENT:
      return byte === 0x0a ? NORMAL : LINE_COMMENT;
    case BLOCK_OPEN:
      // `/*! ... */` and MariaDB's `/*M! ... */` are executed.
      if (byte === 0x21 || byte === 0x4d) return VERSIONED;
      return byte === 0x2a ? BLOCK_STAR : BLOCK_COMMENT;
    case BLOCK_COMMENT:
      return byte === 0x2a ? BLOCK_STAR : BLOCK_COMMENT;
    case BLOCK_STAR:
      if (byte === 0x2f) return NORMAL;
      return byte === 0x2a ? BLOCK_STAR : BLOCK_COMMENT;
    case DASH:
      return byte === 0x2d ? DASHES : AGAIN;
    case DASHES:
      // Two dashes begin a comment only before a blank or control character.
      if (byte === 0x0a) return NORMAL;
      return byte <= 0x20 ? LINE_COMMENT : AGAIN;
    case SLASH:
      return byte === 0x2a ? BLOCK_OPEN : AGAIN;
    default:
      return NORMAL;
  }
}
