import { join } from 'node:path';
import type { DatabaseConfig } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import { faultPoint } from '../fault/fault.js';
import type { TargetTable } from '../filter/router.js';
import type { DbConnection } from '../mysql/connect.js';
import { allowCutValues, areExpectedCuts, cutColumns, isCutValueError, LIST_WARNINGS } from '../mysql/cut-values.js';
import { packetTooLarge, serverErrno } from '../mysql/errors.js';
import { quoteIdent } from '../mysql/quote.js';
import type { LoadCheckpoint } from './checkpoint.js';
import { describe, type InsertRewriter } from './insert-rewriter.js';
import type { DataFile } from './inventory.js';
import { rawQuery, type RawResult } from './raw-query.js';
import { refusal, type TargetKind } from './refusal.js';
import { loadSession, resetStatement } from './session.js';
import type { SlotWriter } from './slot-writer.js';
import {
  statementStart,
  statementText,
  StatementReader,
  type FileStatement,
  type LargeStatementLock,
} from './statement-reader.js';

/** Room in a request for what is sent besides the statement. */
const REQUEST_OVERHEAD = 4096;

/** What all file loaders of one load share. */
export interface FileLoaderShared {
  dir: string;
  to: DatabaseConfig;
  checkpoint: LoadCheckpoint;
  lock: LargeStatementLock;
  /** Longest request the downstream takes, bytes. */
  maxAllowedPacket: number;
  /** Whether to go on: false when asked to end or when the right to write is in doubt. */
  mayGoOn: () => boolean;
  /** Told of each commit. */
  onCommit: (bytes: number, rows: number) => void;
}

/** A statement of a file (none = blanks behind the last one) and the places before and behind it. */
interface FilePart {
  statement: FileStatement | undefined;
  from: number;
  to: number;
}

/** A data file and how its statements are made to fit the downstream. */
export interface LoadedFile {
  file: DataFile;
  /** Downstream name of its table. */
  target: TargetTable;
  targetKind: TargetKind;
  rewriter: InsertRewriter;
}

/** Loads data files over one connection, each statement together with the file's new offset. */
export class FileLoader {
  readonly #writer: SlotWriter;
  readonly #shared: FileLoaderShared;
  /** Of the last statement with rows. */
  #warnings: readonly unknown[] = [];
  /** Start of the statement that is under way, for messages. */
  #statement = '';

  constructor(writer: SlotWriter, shared: FileLoaderShared) {
    this.#writer = writer;
    this.#shared = shared;
  }

  /**
   * Loads a file from `offset` to its end.
   * @returns false when asked to end before
   * @throws DmError 10006 that names the statement and the file when the downstream refuses it, 34009, 34018
   */
  async load(loaded: LoadedFile, offset: number): Promise<boolean> {
    this.#statement = '';
    try {
      return await this.#loadWhole(loaded, offset);
    } catch (error) {
      if (serverErrno(error) === undefined) throw error;
      throw refusal(error, `${this.#statement}... (file ${loaded.file.name})`, loaded.targetKind);
    }
  }

  async #loadWhole(loaded: LoadedFile, offset: number): Promise<boolean> {
    const { file } = loaded;
    let done = offset;
    while (done < file.size) {
      const reached = await this.#writer.run(async (connection, attempt) => {
        // An earlier attempt may have been committed without our knowing: the stored offset decides.
        if (attempt > 1) done = this.#noteProgress(file, done, await this.#storedOffset(connection, file));
        if (done >= file.size) return done;
        return this.#loadFrom(connection, loaded, done, (to, rows) => {
          done = this.#noteProgress(file, done, to, rows);
        });
      });
      if (reached < file.size) return false;
    }
    return true;
  }

  #noteProgress(file: DataFile, from: number, to: number, rows = 0): number {
    if (to < from || to > file.size) throw dmError(34018, [], { cause: new Error(`offset ${to} of ${file.name}`) });
    this.#shared.onCommit(to - from, rows);
    return to;
  }

  /** Waits for a transaction of a lost connection to end, by locking the rows that it locked. */
  async #storedOffset(connection: DbConnection, file: DataFile): Promise<number> {
    const sql = `${this.#writer.beginSql()}; ${this.#shared.checkpoint.offsetSql(file.name)}; ROLLBACK`;
    const [results] = await connection.query(sql);
    const rows = (results as unknown[])[2] as { off: unknown }[] | undefined;
    const offset = rows?.[0]?.off;
    if (offset === undefined) throw dmError(34018, [], { cause: new Error(`no checkpoint of ${file.name}`) });
    return Number(offset);
  }

  async #loadFrom(
    connection: DbConnection,
    loaded: LoadedFile,
    offset: number,
    committed: (offset: number, rows: number) => void,
  ): Promise<number> {
    const { file, target, rewriter } = loaded;
    const { dir, to, lock, mayGoOn } = this.#shared;
    const path = join(dir, file.name);
    const preamble = await readPreamble(path, lock);
    const setUp = [resetStatement(to, quoteIdent(target.schema)), ...preamble.statements].join('; ');
    await connection.query(setUp);
    const reader = await StatementReader.open(path, Math.max(offset, preamble.end), lock);
    let done = offset;
    try {
      while (done < file.size && mayGoOn()) {
        const found = await reader.next();
        const statement = found === undefined ? undefined : rewriter.rewrite(found, file.name);
        // Behind the last statement there are only blanks and comments.
        const end = statement?.end ?? file.size;
        const rows = await this.#commit(connection, loaded, { statement, from: done, to: end });
        committed(end, rows);
        done = end;
      }
      return done;
    } finally {
      await reader.close();
    }
  }

  /** One transaction: fence, rows, offset. @returns the number of rows */
  async #commit(connection: DbConnection, loaded: LoadedFile, part: FilePart): Promise<number> {
    const { file } = loaded;
    this.#assertLoadable(file, part.statement);
    this.#statement = part.statement === undefined ? '' : describe(part.statement);
    let rows = 0;
    try {
      rows = await this.#send(connection, file, part);
    } catch (error) {
      if (!isCutValueError(serverErrno(error))) throw error;
      rows = await this.#sendWithCutValues(connection, loaded, part, error);
    }
    await faultPoint('load.before-commit');
    if (!this.#shared.mayGoOn()) throw new StopLoading();
    await connection.query('COMMIT');
    await faultPoint('load.after-commit');
    return rows;
  }

  /** Sends a transaction up to its COMMIT. @returns the number of rows */
  async #send(connection: DbConnection, file: DataFile, { statement, from, to }: FilePart): Promise<number> {
    const { checkpoint, mayGoOn } = this.#shared;
    const move = checkpoint.moveSql(file.name, from, to);
    // The line break ends a comment that the statement may end with.
    const rows = statement === undefined ? [] : [...statement.pieces, Buffer.from(`\n;${LIST_WARNINGS};`)];
    if (!mayGoOn()) throw new StopLoading();
    const results = await rawQuery(connection, [
      Buffer.from(`${this.#writer.beginSql()};\n`),
      ...rows,
      Buffer.from(move),
    ]);
    if (results.length !== (statement === undefined ? 3 : 5)) {
      throw dmError(34009, [`${statement === undefined ? '' : describe(statement)}... (file ${file.name})`]);
    }
    if (affectedRows(results.at(-1)) !== 1) {
      throw dmError(34018, [], { cause: new Error(`the checkpoint of ${file.name} is not at ${from}`) });
    }
    this.#warnings = statement === undefined ? [] : (results[3] as unknown[]);
    return statement === undefined ? 0 : affectedRows(results[2]);
  }

  /** The same without strict mode, for rows that were written without it; when it would change anything else, they are `refused`. */
  async #sendWithCutValues(
    connection: DbConnection,
    { file, target }: LoadedFile,
    part: FilePart,
    refused: unknown,
  ): Promise<number> {
    await connection.query('ROLLBACK');
    const mode = loadSession(this.#shared.to)['sql_mode'] ?? '';
    await allowCutValues(connection, mode);
    const rows = await this.#send(connection, file, part);
    if (!areExpectedCuts(this.#warnings, await cutColumns(connection, target))) throw refused;
    await connection.query(`SET SESSION sql_mode = '${mode}'`);
    return rows;
  }

  #assertLoadable(file: DataFile, statement: FileStatement | undefined): void {
    if (statement === undefined) return;
    const { maxAllowedPacket } = this.#shared;
    if (statement.length + REQUEST_OVERHEAD <= maxAllowedPacket) return;
    const tooLarge = packetTooLarge('', statement.length, maxAllowedPacket);
    throw dmError(34009, [`of ${statement.length} bytes in file ${file.name}`], {
      cause: tooLarge.rawCause,
      scope: 'downstream',
      workaround: `${tooLarge.workaround} Where no row is that long, a lower \`statement-size\` of the dump helps as well.`,
    });
  }
}

/** Raised where a transaction is given up because the load was asked to end. */
export class StopLoading extends Error {
  override readonly name = 'StopLoading';
}

function affectedRows(result: RawResult | undefined): number {
  return result === undefined || Array.isArray(result) ? 0 : result.affectedRows;
}

const LEADING_COMMENTS = /^(?:\s+|--[\s][^\n]*\n|#[^\n]*\n|\/\*(?![!M])[^]*?\*\/)+/;

/** Statements at the top of a data file that set the session up, and where the first other statement begins. */
async function readPreamble(path: string, lock: LargeStatementLock): Promise<{ statements: string[]; end: number }> {
  const reader = await StatementReader.open(path, 0, lock);
  const statements: string[] = [];
  let end = 0;
  try {
    for (;;) {
      const statement = await reader.next();
      if (statement === undefined || !isSetting(statement)) return { statements, end };
      statements.push(statementText(statement));
      end = statement.end;
    }
  } finally {
    await reader.close();
  }
}

/** `SET ...`, plain or in a versioned comment. Anything else could change data, or end a transaction. */
function isSetting(statement: FileStatement): boolean {
  const start = statementStart(statement, 2000).replace(LEADING_COMMENTS, '');
  return statement.length < 4096 && /^(SET\s|\/\*M?!\d*\s*SET\s)/i.test(start);
}
