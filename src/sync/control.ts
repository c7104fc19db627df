import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseConfig } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import type { Fence } from '../meta/fence.js';
import type { DbConnection } from '../mysql/connect.js';
import { databaseError, isConnectionError, isRetryable, serverErrno } from '../mysql/errors.js';
import { openWriterConnection } from './writer.js';

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;
const PING_MS = 8_000;

/** Options of {@link Control}. */
export interface ControlOptions {
  to: DatabaseConfig;
  /** Milliseconds for which trouble that may pass is met with a repetition. */
  retryMs: number;
  /** Fires when nothing may be written any more. */
  dead: AbortSignal;
  /** Fires when the unit is asked to end: trouble is no longer waited out. */
  ending: AbortSignal;
}

/** The downstream connection for everything but rows: checkpoint, structures, questions. Replaced when it breaks. */
export class Control {
  readonly #options: ControlOptions;
  readonly #ping: NodeJS.Timeout;
  #connection: Promise<DbConnection> | undefined;
  #users = 0;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.#ping = setInterval(() => void this.#keepAlive(), PING_MS);
    this.#ping.unref();
  }

  /** The connection, opened when there is none. @throws DmError 10001, 10002 */
  connection(): Promise<DbConnection> {
    this.#options.dead.throwIfAborted();
    if (this.#connection === undefined) {
      const opening = openWriterConnection(this.#options.to, this.#options.dead);
      this.#connection = opening;
      // A failed attempt must not be handed out again.
      opening.catch(() => this.#forget(opening));
    }
    return this.#connection;
  }

  /**
   * Does work that may be repeated, again when the connection breaks or the server says that it may help.
   *
   * @param fence - when the work is a fenced transaction
   * @throws FenceLostError; a DmError of class database for other errors of the server
   */
  async run<Result>(work: (connection: DbConnection) => Promise<Result>, fence?: Fence): Promise<Result> {
    const deadline = Date.now() + this.#options.retryMs;
    this.#users++;
    try {
      for (let attempt = 0; ; attempt++) {
        let connection: DbConnection | undefined;
        try {
          connection = await this.connection();
          return await work(connection);
        } catch (error) {
          const cause = await this.#explain(connection, error, fence);
          if (this.#options.dead.aborted) throw dmError(36020, [], { cause });
          const passing = isRetryable(cause) && Date.now() < deadline && !this.#options.ending.aborted;
          if (!passing) throw serverErrno(cause) === undefined && !isConnectionError(cause) ? cause : asDmError(cause);
          await sleep(Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt), undefined, {
            signal: this.#options.ending,
          }).catch(() => undefined);
        }
      }
    } finally {
      this.#users--;
    }
  }

  close(): void {
    clearInterval(this.#ping);
    void this.#connection?.then((connection) => connection.destroy()).catch(() => undefined);
    this.#connection = undefined;
  }

  async #explain(connection: DbConnection | undefined, error: unknown, fence: Fence | undefined): Promise<unknown> {
    if (connection === undefined) return error;
    if (isConnectionError(error) || serverErrno(error) === undefined) {
      connection.destroy();
      this.#connection = undefined;
      return error;
    }
    try {
      await connection.query('ROLLBACK');
      return fence === undefined ? error : await fence.explain(connection, error);
    } catch {
      connection.destroy();
      this.#connection = undefined;
      return error;
    }
  }

  #forget(opening: Promise<DbConnection>): void {
    if (this.#connection === opening) this.#connection = undefined;
  }

  async #keepAlive(): Promise<void> {
    if (this.#users > 0 || this.#connection === undefined) return;
    try {
      await (await this.#connection).ping();
    } catch {
      this.#connection = undefined;
    }
  }
}

function asDmError(error: unknown): Error {
  return databaseError(error, { scope: 'downstream', kind: 'execute' });
}
