import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log/logger.js';
import { FenceLostError, type Fence } from '../meta/fence.js';
import { closeConnection, type DbConnection } from '../mysql/connect.js';
import { isConnectionError, isRetryable, serverErrno } from '../mysql/errors.js';

/** Attempts of one transaction and the waits between them: about a minute for a server that is being restarted. */
const ATTEMPTS = 10;
const FIRST_WAIT_MS = 200;
const MAX_WAIT_MS = 15_000;

/** Lock wait timeout: not in DM's list, but as harmless to a load as a deadlock. */
const ER_LOCK_WAIT_TIMEOUT = 1205;

/** Options of {@link SlotWriter}. */
export interface SlotWriterOptions {
  /** Makes a connection, a new one after each failure. */
  open: () => Promise<DbConnection>;
  fence: Fence;
  /** Row of the fence that this writer's transactions check. */
  slot: number;
  logger: Logger;
  /** Ends what is under way at once. */
  hardStop: AbortSignal;
  /** Asked to end in good order: no new attempt is begun. */
  stop: AbortSignal;
}

/** A connection of the load that comes back after failures. */
export class SlotWriter {
  readonly #options: SlotWriterOptions;
  #connection: DbConnection | undefined;

  constructor(options: SlotWriterOptions) {
    this.#options = options;
  }

  /** Opens a transaction that cannot be committed once another worker has taken over. */
  beginSql(): string {
    return `BEGIN; ${this.#options.fence.checkSql(this.#options.slot)}`;
  }

  /**
   * Runs `work` with a connection until it succeeds. `attempt` counts from 1; after a failure the connection is a new one,
   * and what the last attempt did may or may not have been committed.
   *
   * @throws FenceLostError when another worker owns the subtask; the last error when attempts are used up or pointless
   */
  async run<T>(work: (connection: DbConnection, attempt: number) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.#connection ??= await this.#options.open();
        return await work(this.#connection, attempt);
      } catch (error) {
        const { stop, hardStop, logger } = this.#options;
        if (hardStop.aborted) throw error;
        const cause = await this.#explain(error);
        await this.#drop();
        const again = isRetryable(cause) || serverErrno(cause) === ER_LOCK_WAIT_TIMEOUT;
        if (!again || attempt >= ATTEMPTS || stop.aborted) throw cause;
        const wait = Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), MAX_WAIT_MS);
        logger.warn('a transaction of the load failed, trying again', {
          attempt,
          wait,
          error: (cause as Error).message,
        });
        await sleep(wait, undefined, { signal: stop }).catch(() => undefined);
      }
    }
  }

  async close(): Promise<void> {
    await closeConnection(this.#connection);
    this.#connection = undefined;
  }

  async #explain(error: unknown): Promise<unknown> {
    const connection = this.#connection;
    if (connection === undefined || isConnectionError(error) || error instanceof FenceLostError) return error;
    try {
      await connection.query('ROLLBACK');
      return await this.#options.fence.explain(connection, error);
    } catch {
      return error;
    }
  }

  async #drop(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await closeConnection(connection);
  }
}
