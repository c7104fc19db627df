import { setTimeout as sleep } from 'node:timers/promises';
import { dmError } from '../errors/dm-error.js';
import type { Fence } from '../meta/fence.js';
import { breakConnection, sessionOf, type DbConnection, type DbRole, type ServerSession } from '../mysql/connect.js';
import { databaseError, isConnectionError, isRetryable, serverErrno } from '../mysql/errors.js';

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;
const PING_MS = 8_000;

/** Runs work that may be repeated on a connection, again when that breaks. */
export type Ask = <Result>(work: (connection: DbConnection) => Promise<Result>) => Promise<Result>;

/** Options of {@link Control}. */
export interface ControlOptions {
  role: DbRole;
  /** Opens a connection that breaks when the signal fires. */
  open(signal: AbortSignal): Promise<DbConnection>;
  /** Milliseconds for which trouble that may pass is met with a repetition. */
  retryMs: number;
  /** Asked right before fenced work: whether another process may own the unit by now. */
  mayWrite(): boolean;
  /** Fires when nothing may be written any more. */
  dead: AbortSignal;
  /** Fires when the unit is asked to end: trouble is no longer waited out. */
  ending: AbortSignal;
}

/**
 * The connection to one side for everything but rows and the binlog: checkpoint, structures, questions. Replaced when it
 * breaks.
 */
export class Control {
  readonly #options: ControlOptions;
  readonly #ping: NodeJS.Timeout;
  #opening: Promise<DbConnection> | undefined;
  #open: DbConnection | undefined;
  #users = 0;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#ping = setInterval(() => void this.#keepAlive(), PING_MS);
    this.#ping.unref();
  }

  /** The connection, opened when there is none. @throws DmError 10001, 10002 */
  connection(): Promise<DbConnection> {
    this.#options.dead.throwIfAborted();
    if (this.#opening === undefined) {
      const opening = this.#options.open(this.#options.dead);
      this.#opening = opening;
      void this.#follow(opening);
    }
    return this.#opening;
  }

  /**
   * Does work that may be repeated, again when the connection breaks or the server says that it may help.
   *
   * @param fence - when the work is a fenced transaction
   * @throws FenceLostError; a DmError of class database for other errors of the server
   */
  async run<Result>(work: (connection: DbConnection) => Promise<Result>, fence?: Fence): Promise<Result> {
    const { dead, ending, retryMs } = this.#options;
    const deadline = Date.now() + retryMs;
    this.#users++;
    try {
      for (let attempt = 0; ; attempt++) {
        let connection: DbConnection | undefined;
        try {
          connection = await this.connection();
          if (fence !== undefined && !this.#options.mayWrite()) throw dmError(36020);
          return await work(connection);
        } catch (error) {
          const cause = await this.#explain(connection, error, fence);
          if (dead.aborted) throw dmError(36020, [], { cause });
          const passing = isRetryable(cause) && Date.now() < deadline && !ending.aborted;
          if (!passing) throw this.#asDmError(cause);
          const delay = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
          await sleep(delay, undefined, { signal: ending }).catch(() => undefined);
        }
      }
    } finally {
      this.#users--;
    }
  }

  async #follow(opening: Promise<DbConnection>): Promise<void> {
    try {
      const connection = await opening;
      if (this.#opening === opening) this.#open = connection;
      else breakConnection(connection);
    } catch {
      // A failed attempt must not be handed out again; who asked for it hears of it.
      if (this.#opening === opening) this.#opening = undefined;
    }
  }

  /** The session that work is under way in. */
  get busySession(): ServerSession | undefined {
    return this.#users === 0 || this.#open === undefined ? undefined : sessionOf(this.#open);
  }

  /** Ends the work under way with an error; the next one gets a new connection. */
  interrupt(): void {
    if (this.#users > 0) this.#drop(this.#open);
  }

  close(): void {
    clearInterval(this.#ping);
    this.#drop(this.#open);
    this.#opening = undefined;
  }

  async #explain(connection: DbConnection | undefined, error: unknown, fence: Fence | undefined): Promise<unknown> {
    if (connection === undefined) return error;
    if (isConnectionError(error) || serverErrno(error) === undefined) {
      this.#drop(connection);
      return error;
    }
    try {
      await connection.query('ROLLBACK');
      return fence === undefined ? error : await fence.explain(connection, error);
    } catch {
      this.#drop(connection);
      return error;
    }
  }

  /** Others may be using the connection at the same time: they must hear of its end, and may have replaced it already. */
  #drop(connection: DbConnection | undefined): void {
    if (connection === undefined) return;
    breakConnection(connection);
    if (this.#open !== connection) return;
    this.#open = undefined;
    this.#opening = undefined;
  }

  async #keepAlive(): Promise<void> {
    const connection = this.#open;
    if (this.#users > 0 || connection === undefined) return;
    try {
      await connection.ping();
    } catch {
      this.#drop(connection);
    }
  }

  #asDmError(error: unknown): unknown {
    if (serverErrno(error) === undefined && !isConnectionError(error)) return error;
    const { role } = this.#options;
    return databaseError(error, { scope: role, kind: role === 'upstream' ? 'query' : 'execute' });
  }
}
