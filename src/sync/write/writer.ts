import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseConfig } from '../../config/types.js';
import { causeText, dmError } from '../../errors/dm-error.js';
import { faultPoint, faultsEnabled } from '../../fault/fault.js';
import { rawQuery } from '../../load/raw-query.js';
import type { SparingWarning } from '../../log/sparing.js';
import { FenceLostError, WRITER_WAIT_TIMEOUT_SECONDS, type Fence } from '../../meta/fence.js';
import type { MetaTables } from '../../meta/tables.js';
import {
  breakConnection,
  openConnection,
  sessionOf,
  type DbConnection,
  type ServerSession,
} from '../../mysql/connect.js';
import { areExpectedCuts, isCutValueError, LIST_WARNINGS, withoutStrictMode } from '../../mysql/cut-values.js';
import { isConnectionError, isRetryable, packetTooLarge, serverErrno } from '../../mysql/errors.js';
import { hexLiteral, quoteString } from '../../mysql/quote.js';
import { rowSqlMode } from '../../mysql/row-session.js';
import { BIG_ROW_BYTES, type RowJob } from './row-job.js';
import { encodeSeqs } from '../checkpoint/seq-set.js';
import { bigStatements, mergedStatements, plainStatements, type Merging, type RowStatement } from './statements.js';

/** What the writers of a unit share. */
export interface WriterOptions {
  to: DatabaseConfig;
  /** Bytes that a request may have. */
  maxAllowedPacket: number;
  merging: Merging;
  tables: MetaTables;
  sourceId: string;
  fence: Fence;
  /** Told of each repetition. */
  repeated: SparingWarning;
  /** Milliseconds for which trouble that may pass is met with a repetition. */
  retryMs: number;
  /** Asked right before a transaction is sent: whether another process may own the unit by now. */
  mayWrite(): boolean;
  /** Fires when nothing may be written any more: connections are destroyed. */
  dead: AbortSignal;
  /** Fires when the unit is asked to end: trouble is no longer waited out. */
  ending: AbortSignal;
}

/** A change that the downstream refused. */
export class RowError extends Error {
  override readonly name = 'RowError';
  readonly job: RowJob;

  constructor(job: RowJob, cause: unknown) {
    super('a row change cannot be applied', { cause });
    this.job = job;
  }
}

/** What a committed batch did. */
export interface BatchResult {
  /** UPDATEs and DELETEs that found no row, by the table, quoted. */
  missed: ReadonlyMap<string, number>;
}

const NOTHING_MISSED: ReadonlyMap<string, number> = new Map();

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 2_000;
const ER_DUP_ENTRY = 1062;

/** Silence of a server with a request of ours after which the connection counts as dead; as in DM. */
const READ_TIMEOUT_MS = 300_000;

/** How a batch is sent: merged; when something speaks against that, change by change; then without strict mode. */
type Mode = 'merged' | 'plain' | 'lenient';

/**
 * One downstream connection that applies batches, each in one transaction together with the numbers of its changes. A
 * batch is applied exactly once however often the connection breaks: its row in the bookkeeping table has the same key
 * at each attempt, so a second commit of the same batch is not possible.
 */
export class Writer {
  readonly slot: number;
  readonly #options: WriterOptions;
  #connection: DbConnection | undefined;
  /** What {@link #setSession} sent last on this connection. */
  #session = '';
  /** A connection serves one request at a time. */
  #pinging: Promise<void> | undefined;
  /** Number of the last batch. */
  #batch = 0;

  constructor(slot: number, options: WriterOptions) {
    this.slot = slot;
    this.#options = options;
  }

  /** Number of the last batch that {@link apply} committed. */
  get batches(): number {
    return this.#batch;
  }

  /**
   * Applies the changes in one transaction.
   *
   * @param jobs - in order of the stream; of one safe mode, one foreign key mode; a big row alone
   * @throws RowError the downstream refuses a change; FenceLostError; DmError 10002, 10003 when trouble does not pass
   */
  async apply(jobs: readonly RowJob[]): Promise<BatchResult> {
    if (this.#pinging !== undefined) await this.#pinging;
    const batch = this.#batch + 1;
    const deadline = Date.now() + this.#options.retryMs;
    let mode: Mode = 'merged';
    let unsure = false;
    for (let attempt = 0; ; attempt++) {
      try {
        const connection = await this.#connected();
        if (unsure && (await this.#isCommitted(connection, batch))) {
          this.#batch = batch;
          return { missed: NOTHING_MISSED };
        }
        if (!this.#options.mayWrite()) throw dmError(36020);
        unsure = true;
        const result = await this.#transaction(connection, batch, jobs, mode);
        this.#batch = batch;
        return result;
      } catch (error) {
        const cause = await this.#explain(error);
        const { dead, ending } = this.#options;
        if (cause instanceof FenceLostError || dead.aborted || ending.aborted) throw cause;
        if (isRetryable(rootOf(cause))) {
          if (Date.now() >= deadline) throw cause;
          this.#options.repeated.tell({ slot: this.slot, attempt, error: causeText(rootOf(cause)) }, Date.now());
          // Two merged statements may lock more rows than they change.
          if (!isConnectionError(rootOf(cause))) mode = 'plain';
          await this.#pause(attempt);
        } else if (mode === 'merged') mode = 'plain';
        else if (mode === 'plain' && mayBeCut(cause)) mode = 'lenient';
        else if (!(serverErrno(rootOf(cause)) === ER_DUP_ENTRY && (await this.#wasCommitted(batch)))) throw cause;
      }
    }
  }

  /** Keeps an idle connection from being closed by the server; a broken one is replaced at the next batch. */
  keepAlive(): Promise<void> {
    this.#pinging ??= this.#ping().finally(() => {
      this.#pinging = undefined;
    });
    return this.#pinging;
  }

  async #ping(): Promise<void> {
    try {
      await this.#connection?.ping();
    } catch {
      this.#drop();
    }
  }

  get session(): ServerSession | undefined {
    return this.#connection && sessionOf(this.#connection);
  }

  /** Ends the batch under way with an error. Whether it was committed is known to who reads the bookkeeping next. */
  interrupt(): void {
    if (this.#connection !== undefined) breakConnection(this.#connection);
  }

  close(): void {
    this.#drop();
  }

  async #connected(): Promise<DbConnection> {
    this.#connection ??= await openWriterConnection(this.#options.to, this.#options.dead);
    return this.#connection;
  }

  #drop(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#session = '';
  }

  /** Leaves the connection without a transaction, or without a connection, and says what the error means. */
  async #explain(error: unknown): Promise<unknown> {
    const connection = this.#connection;
    const cause = rootOf(error);
    if (connection === undefined) return error;
    if (isConnectionError(cause) || serverErrno(cause) === undefined) {
      this.#drop();
      return error;
    }
    try {
      await connection.query('ROLLBACK');
      const explained = await this.#options.fence.explain(connection, cause);
      return explained === cause ? error : explained;
    } catch {
      this.#drop();
      return error;
    }
  }

  async #pause(attempt: number): Promise<void> {
    const delay = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
    await sleep(delay, undefined, { signal: this.#options.ending }).catch(() => undefined);
  }

  async #isCommitted(connection: DbConnection, batch: number): Promise<boolean> {
    const { tables, sourceId, fence } = this.#options;
    const [rows] = await connection.query(
      `SELECT 1 FROM ${tables.applied} WHERE id = ${quoteString(sourceId)} AND epoch = ${fence.epoch} ` +
        `AND slot = ${this.slot} AND n = ${batch}`,
    );
    return (rows as unknown[]).length > 0;
  }

  async #wasCommitted(batch: number): Promise<boolean> {
    try {
      return await this.#isCommitted(await this.#connected(), batch);
    } catch {
      return true;
    }
  }

  async #transaction(
    connection: DbConnection,
    batch: number,
    jobs: readonly RowJob[],
    mode: Mode,
  ): Promise<BatchResult> {
    await faultPoint('sync.before-batch');
    const [first] = jobs;
    if (first === undefined) return { missed: NOTHING_MISSED };
    await this.#setSession(connection, first, mode);
    const head = this.#head(batch, jobs);
    const merged =
      mode !== 'merged' || first.bytes >= BIG_ROW_BYTES
        ? undefined
        : requestOf(head, mergedStatements(jobs, this.#options.merging));
    const result =
      merged === undefined || !this.#fitsText(merged.text)
        ? await this.#oneByOne(connection, head, jobs, mode)
        : await this.#atOnce(connection, head, merged);
    await faultPoint('sync.after-commit');
    return result;
  }

  /** Session variables that depend on the batch; neighbours seldom differ. */
  async #setSession(connection: DbConnection, job: RowJob, sent: Mode): Promise<void> {
    const mode = rowSqlMode(this.#options.to);
    const sqlMode = job.lenient || sent === 'lenient' ? withoutStrictMode(mode) : mode;
    const wanted = `SET foreign_key_checks = ${job.foreignKeyChecks ? 1 : 0}, sql_mode = ${quoteString(sqlMode)}`;
    if (wanted === this.#session) return;
    await connection.query(wanted);
    this.#session = wanted;
  }

  /** BEGIN, the fence and the bookkeeping: an earlier attempt that did commit is noticed before anything is changed. */
  #head(batch: number, jobs: readonly RowJob[]): string[] {
    const { tables, sourceId, fence } = this.#options;
    const seqs = jobs.map(({ seq }) => seq);
    return [
      'BEGIN',
      fence.checkSql(this.slot),
      `INSERT INTO ${tables.applied} (id, epoch, slot, n, max_seq, seqs) VALUES (${quoteString(sourceId)}, ` +
        `${fence.epoch}, ${this.slot}, ${batch}, ${seqs.at(-1)}, ${hexLiteral(encodeSeqs(seqs))})`,
    ];
  }

  /** Whether the downstream takes a request of so many bytes. */
  #fits(bytes: number): boolean {
    return bytes + REQUEST_OVERHEAD <= this.#options.maxAllowedPacket;
  }

  /** The same of a text, which is not measured when it is far from the limit. */
  #fitsText(text: string): boolean {
    return this.#fits(text.length * MOST_BYTES) || this.#fits(Buffer.byteLength(text));
  }

  /** All in one request. */
  async #atOnce(connection: DbConnection, head: string[], { statements, text }: BatchRequest): Promise<BatchResult> {
    let results: unknown[];
    if (faultsEnabled()) {
      [results] = (await connection.query(text)) as [unknown[], unknown];
      await faultPoint('sync.before-commit');
      await connection.query('COMMIT');
    } else {
      results = await rawQuery(connection, [Buffer.from(`${text};\nCOMMIT`)]);
    }
    const missed = new Map<string, number>();
    for (const [i, statement] of statements.entries()) noteMissed(missed, statement, results[head.length + i]);
    return { missed };
  }

  /** A request a statement, so that a refused change is known. */
  async #oneByOne(connection: DbConnection, head: string[], jobs: readonly RowJob[], mode: Mode): Promise<BatchResult> {
    await connection.query(head.join(';\n'));
    const missed = new Map<string, number>();
    for (const job of jobs) {
      try {
        for (const statement of this.#statementsOf(job)) {
          noteMissed(missed, statement, await send(connection, statement));
          if (mode === 'lenient') await assertOnlyGeneratedCut(connection, job);
        }
      } catch (error) {
        throw isRetryable(error) ? error : new RowError(job, error);
      }
    }
    await faultPoint('sync.before-commit');
    await connection.query('COMMIT');
    return { missed };
  }

  /** The statements of one change. Values as parameters take half the room that texts of them may take. */
  #statementsOf(job: RowJob): RowStatement[] {
    if (job.bytes < BIG_ROW_BYTES) {
      const statements = plainStatements(job);
      if (statements.every((statement) => this.#fits(statementBytes(statement)))) return statements;
    }
    const statements = bigStatements(job);
    for (const statement of statements) {
      const bytes = statementBytes(statement);
      if (!this.#fits(bytes)) throw packetTooLarge(`on ${job.plan.target}`, bytes, this.#options.maxAllowedPacket);
    }
    return statements;
  }
}

/** Room in a request for what is sent besides the statement, and for the lengths of parameters. */
const REQUEST_OVERHEAD = 4096;

/** UTF-8 bytes of one unit of a string, at most. */
const MOST_BYTES = 3;

/** A batch as one request, its COMMIT left out. */
interface BatchRequest {
  statements: RowStatement[];
  text: string;
}

function requestOf(head: readonly string[], statements: RowStatement[]): BatchRequest {
  return { statements, text: [...head, ...statements.map(({ sql }) => sql)].join(';\n') };
}

function statementBytes({ sql, parameters = [] }: RowStatement): number {
  let bytes = Buffer.byteLength(sql);
  for (const value of parameters) bytes += Buffer.byteLength(value);
  return bytes;
}

/** The connection of a writer: statements in one request, READ COMMITTED so that writers do not lock gaps. */
export async function openWriterConnection(to: DatabaseConfig, signal: AbortSignal): Promise<DbConnection> {
  const connection = await openConnection(to, {
    role: 'downstream',
    multipleStatements: true,
    sessionTimeoutS: WRITER_WAIT_TIMEOUT_SECONDS,
    readTimeoutMs: READ_TIMEOUT_MS,
    signal,
  });
  try {
    await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

/** Whether the change was refused for a value that a generated column may have been given without strict mode upstream. */
function mayBeCut(error: unknown): boolean {
  return error instanceof RowError && error.job.plan.generated.size > 0 && isCutValueError(serverErrno(error.cause));
}

/** @throws the first of the warnings of the last statement, when any is about a column that was written */
async function assertOnlyGeneratedCut(connection: DbConnection, { plan, lenient }: RowJob): Promise<void> {
  const [warnings] = (await connection.query(LIST_WARNINGS)) as [{ Code: number; Message: string }[], unknown];
  // Of an invalid member of an ENUM it is known that it is to be stored as such.
  const enums = new Set(lenient ? plan.source.columns.map(({ name }) => name.toLowerCase()) : []);
  if (areExpectedCuts(warnings, { enums, generated: plan.generated })) return;
  const [{ Code, Message } = { Code: 0, Message: '' }] = warnings;
  throw Object.assign(new Error(Message), { errno: Code, sqlMessage: Message });
}

async function send(connection: DbConnection, { sql, parameters }: RowStatement): Promise<unknown> {
  if (parameters === undefined || parameters.length === 0) return (await connection.query(sql))[0];
  try {
    return (await connection.execute(sql, parameters))[0];
  } finally {
    connection.unprepare(sql);
  }
}

function noteMissed(missed: Map<string, number>, { rows, table }: RowStatement, result: unknown): void {
  if (rows === undefined || table === undefined) return;
  const lacking = rows - affectedRows(result);
  if (lacking > 0) missed.set(table, (missed.get(table) ?? 0) + lacking);
}

function affectedRows(result: unknown): number {
  return (result as { affectedRows?: number } | undefined)?.affectedRows ?? 0;
}

/** The driver's error behind a {@link RowError}. */
function rootOf(error: unknown): unknown {
  return error instanceof RowError ? error.cause : error;
}
