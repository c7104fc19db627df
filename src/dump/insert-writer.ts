import type { BufferPool, DataFiles } from './data-files.js';
import type { RowSink } from './result-stream.js';
import { LargeTupleWriter, writeTuple, type TextTarget } from './row-format.js';

/** Options of {@link InsertWriter}. */
export interface InsertWriterOptions {
  files: DataFiles;
  pool: BufferPool;
  /** Text at the top of each file. */
  preamble: Buffer;
  /** `INSERT INTO ... VALUES` with its line end. */
  header: Buffer;
  formats: Uint8Array;
  /** Bytes of one INSERT; a longer one holds a single row. */
  statementSize: number;
  /** Bytes of one file; undefined = one file, however long. */
  fileSize: number | undefined;
  /** Told of the progress after each piece of input. */
  onProgress: (rows: number, bytes: number) => void;
}

const ROW_SEPARATOR = Buffer.from(',\n', 'latin1');
const STATEMENT_END = Buffer.from(';\n', 'latin1');

/** Turns the rows of a result into multi-row INSERT statements in data files. */
export class InsertWriter implements RowSink, TextTarget {
  buffer: Buffer;
  pos = 0;
  readonly #options: InsertWriterOptions;
  /** Bytes of the current file that left `buffer`. */
  #fileBytes = 0;
  #statementStart = 0;
  #rowsInStatement = 0;
  #rows = 0;
  #bytes = 0;
  #large: LargeTupleWriter | undefined;

  constructor(options: InsertWriterOptions) {
    this.#options = options;
    this.buffer = options.pool.take(0);
  }

  row(source: Buffer, start: number, end: number): void {
    this.#startRow(end - start);
    writeTuple(this, this.#options.formats, source, start, end);
    this.#rows++;
  }

  largeRowStart(): void {
    // Its length is not known yet: it gets a statement of its own.
    this.#endStatement();
    this.#startRow(0);
    this.#large = new LargeTupleWriter(this, this.#options.formats);
  }

  largeRowPiece(source: Buffer, start: number, end: number): void {
    this.#large?.write(source, start, end);
  }

  largeRowEnd(): void {
    this.#large?.end();
    this.#large = undefined;
    this.#rows++;
    this.#endStatement();
  }

  backlog(): Promise<void> | undefined {
    const { files, onProgress } = this.#options;
    onProgress(this.#rows, this.#bytes);
    this.#rows = 0;
    this.#bytes = 0;
    return files.backlog();
  }

  /** Ends the last statement and file and waits until they are on disk. */
  async finish(): Promise<void> {
    this.#endStatement();
    this.#endFile();
    this.#options.pool.give(this.buffer);
    await this.#options.files.settle();
    this.#options.onProgress(this.#rows, this.#bytes);
  }

  reserve(bytes: number): void {
    if (this.pos + bytes <= this.buffer.length) return;
    this.#flush(bytes);
  }

  #startRow(length: number): void {
    const { statementSize, fileSize, preamble, header } = this.#options;
    const statementBytes = this.#fileBytes + this.pos - this.#statementStart;
    if (this.#rowsInStatement > 0 && statementBytes + length > statementSize) this.#endStatement();
    if (this.#rowsInStatement > 0) {
      this.#write(ROW_SEPARATOR);
    } else {
      if (fileSize !== undefined && this.#fileBytes + this.pos >= fileSize) this.#endFile();
      if (this.#fileBytes + this.pos === 0) this.#write(preamble);
      this.#statementStart = this.#fileBytes + this.pos;
      this.#write(header);
    }
    this.#rowsInStatement++;
  }

  #endStatement(): void {
    if (this.#rowsInStatement === 0) return;
    this.#write(STATEMENT_END);
    this.#rowsInStatement = 0;
  }

  #endFile(): void {
    this.#flush(0);
    this.#fileBytes = 0;
    this.#options.files.endFile();
  }

  #write(text: Buffer): void {
    this.reserve(text.length);
    this.pos += text.copy(this.buffer, this.pos);
  }

  #flush(nextBytes: number): void {
    const { files, pool } = this.#options;
    if (this.pos > 0) {
      this.#fileBytes += this.pos;
      this.#bytes += this.pos;
      files.append(this.buffer, this.pos);
      this.buffer = pool.take(nextBytes);
    } else if (nextBytes > this.buffer.length) {
      pool.give(this.buffer);
      this.buffer = pool.take(nextBytes);
    }
    this.pos = 0;
  }
}
