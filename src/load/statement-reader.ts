import { open, type FileHandle } from 'node:fs/promises';
import { dmError } from '../errors/dm-error.js';
import { StatementScanner } from './statement-scanner.js';

/** A statement of a file, without its semicolon, as the pieces in which it was read. */
export interface FileStatement {
  pieces: Buffer[];
  /** Bytes of the statement. */
  length: number;
  /** Place in the file behind the statement and its semicolon. */
  end: number;
}

const PIECE_BYTES = 256 * 1024;

/** Statements longer than this are held in memory one at a time, whatever the number of connections. */
const LARGE_STATEMENT = 8 * 1024 * 1024;

/** Lets one reader at a time hold a large statement. */
export class LargeStatementLock {
  #tail: Promise<void> = Promise.resolve();

  /** Waits for the turn. @returns ends it */
  async acquire(): Promise<() => void> {
    const before = this.#tail;
    let release: () => void = () => undefined;
    this.#tail = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    return release;
  }
}

/** Reads the statements of an SQL file one after the other, holding no more than one of them. */
export class StatementReader {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #lock: LargeStatementLock;
  readonly #scanner = new StatementScanner();
  #piece: Buffer = Buffer.alloc(0);
  /** Next byte of `#piece` to be scanned. */
  #at = 0;
  /** Place in the file of the next byte to be read. */
  #filePos: number;
  #release: (() => void) | undefined;

  private constructor(path: string, handle: FileHandle, offset: number, lock: LargeStatementLock) {
    this.#path = path;
    this.#handle = handle;
    this.#filePos = offset;
    this.#lock = lock;
  }

  /** Opens a file at a place between two statements. */
  static async open(path: string, offset: number, lock: LargeStatementLock): Promise<StatementReader> {
    return new StatementReader(path, await open(path, 'r'), offset, lock);
  }

  /**
   * The next statement, or undefined at the end of the file. The one before must not be needed any more.
   * @throws DmError 34002 when the file ends inside a string or comment
   */
  async next(): Promise<FileStatement | undefined> {
    this.#release?.();
    this.#release = undefined;
    this.#scanner.reset();
    const pieces: Buffer[] = [];
    let length = 0;
    for (;;) {
      if (this.#at >= this.#piece.length && !(await this.#read())) return this.#last(pieces, length);
      const found = this.#scanner.scan(this.#piece, this.#at, this.#piece.length);
      const stop = found === -1 ? this.#piece.length : found;
      pieces.push(this.#piece.subarray(this.#at, stop));
      length += stop - this.#at;
      this.#at = found === -1 ? stop : found + 1;
      if (found !== -1) {
        this.#skipLineEnd();
        if (this.#scanner.hasContent) return { pieces, length, end: this.#position() };
        pieces.length = 0;
        length = 0;
        this.#scanner.reset();
      } else if (length > LARGE_STATEMENT && this.#release === undefined) {
        this.#release = await this.#lock.acquire();
      }
    }
  }

  async close(): Promise<void> {
    this.#release?.();
    this.#release = undefined;
    await this.#handle.close();
  }

  #last(pieces: Buffer[], length: number): FileStatement | undefined {
    if (!this.#scanner.isComplete)
      throw dmError(34002, [], { cause: new Error(`${this.#path} ends inside a statement`) });
    return this.#scanner.hasContent ? { pieces, length, end: this.#position() } : undefined;
  }

  /** The line end behind a statement belongs to it, so that the last one ends where the file does. */
  #skipLineEnd(): void {
    if (this.#piece[this.#at] === 0x0d) this.#at++;
    if (this.#piece[this.#at] === 0x0a) this.#at++;
  }

  #position(): number {
    return this.#filePos - (this.#piece.length - this.#at);
  }

  async #read(): Promise<boolean> {
    // A new buffer each time: pieces of a statement still refer to the ones before.
    const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
    const { bytesRead } = await this.#handle.read(buffer, 0, PIECE_BYTES, this.#filePos);
    this.#piece = buffer.subarray(0, bytesRead);
    this.#at = 0;
    this.#filePos += bytesRead;
    return bytesRead > 0;
  }
}

/** The first bytes of a statement, or all of them. Views where that is possible. */
export function statementBytes(statement: FileStatement, bytes = Number.POSITIVE_INFINITY): Buffer {
  const [first] = statement.pieces;
  const length = Math.min(bytes, statement.length);
  if (first !== undefined && first.length >= length) return first.subarray(0, length);
  return Buffer.concat(statement.pieces, length);
}

/** First bytes of a statement as text, blanks in front left out. */
export function statementStart(statement: FileStatement, bytes = 200): string {
  let text = '';
  // A piece may be as short as one byte: a statement can begin at the end of what was read in one go.
  for (const piece of statement.pieces) {
    if (text.length >= bytes) break;
    text = (text + piece.toString('latin1', 0, bytes * 2)).trimStart();
  }
  return text.slice(0, bytes);
}

/** The whole statement in one buffer; for short ones. */
export function statementText(statement: FileStatement): string {
  return Buffer.concat(statement.pieces, statement.length).toString('utf8').trim();
}
