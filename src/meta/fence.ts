import { quoteString } from '../mysql/quote.js';
import type { MetaConnection, MetaTables } from './tables.js';

/** Another owner of the subtask has raised the epoch: this process must not write any more. */
export class FenceLostError extends Error {
  override readonly name = 'FenceLostError';
}

/** Options of {@link acquireFence}. */
export interface AcquireFenceOptions {
  tables: MetaTables;
  sourceId: string;
  /** Connections that will write at the same time; slots 0 to `slots - 1`. */
  slots: number;
  /** Worker's name, for people who look at the table. */
  owner: string;
}

/** Error number of an expression out of its type's range. */
const ER_DATA_OUT_OF_RANGE = 1690;

/** Lock wait timeout, deadlock, TiDB's write conflict. */
const LOCK_CONFLICTS = new Set([1205, 1213, 9007]);

const ATTEMPTS = 5;

/**
 * `wait_timeout` that every connection must set whose transactions check the fence. A process that is stopped between
 * two statements of a transaction keeps its locks for no longer than this; its successor waits in {@link acquireFence}.
 * A connection that may idle for longer must be pinged.
 */
export const WRITER_WAIT_TIMEOUT_SECONDS = 20;

/**
 * The right to write for one subtask. Every downstream transaction that moves data or a checkpoint sends
 * {@link Fence.checkSql} as its first statement, in the same text as its BEGIN; when another owner has acquired the fence
 * since, that statement fails and nothing of the transaction is committed.
 *
 * Each writing connection checks a row of its own (its slot), so writers of one owner never wait for each other, while
 * the next owner's {@link acquireFence}, which updates all rows, waits until transactions in flight have ended.
 */
export class Fence {
  readonly epoch: number;
  readonly #tables: MetaTables;
  readonly #id: string;

  constructor(tables: MetaTables, sourceId: string, epoch: number) {
    this.epoch = epoch;
    this.#tables = tables;
    this.#id = quoteString(sourceId);
  }

  /**
   * A statement that locks the slot's row until the end of the transaction and fails with error 1690 when the epoch is
   * not ours any more, or the row is gone (the task's meta tables were removed). An overflow is the one way to raise an
   * error from a SELECT that MySQL, MariaDB and TiDB share: TiDB evaluates a scalar subquery even where IF() skips it.
   */
  checkSql(slot: number): string {
    return (
      `SELECT 9223372036854775807 + (COALESCE(MAX(epoch), 0) <> ${this.epoch}) AS fence FROM ${this.#tables.fence} ` +
      `WHERE id = ${this.#id} AND slot = ${slot} FOR UPDATE`
    );
  }

  /**
   * Says why a transaction that began with {@link checkSql} failed: the error itself, or {@link FenceLostError}. Error
   * 1690 alone proves nothing (a generated column can raise it), so the fence is read again on `connection`, which must
   * be outside a transaction.
   */
  async explain(connection: MetaConnection, error: unknown): Promise<unknown> {
    if ((error as { errno?: unknown } | null)?.errno !== ER_DATA_OUT_OF_RANGE) return error;
    return (await this.isHeld(connection)) ? error : new FenceLostError('another worker has taken over this subtask');
  }

  /** Whether no other owner has acquired the fence so far. */
  async isHeld(connection: MetaConnection): Promise<boolean> {
    const [rows] = await connection.query(
      `SELECT COUNT(*) AS held FROM ${this.#tables.fence} WHERE id = ${this.#id} AND slot = 0 AND epoch = ${this.epoch}`,
    );
    return Number((rows as { held: unknown }[])[0]?.held) === 1;
  }
}

/**
 * Becomes the only owner of a subtask: raises the epoch of all its slots, existing ones included. Returns after every
 * transaction of earlier owners has been committed or can no longer be; what is read afterwards is final. The tables
 * must exist (`createMetaTables`).
 *
 * @throws the server's error; error 1205 when an earlier owner's transaction held its slot through several lock waits.
 */
export async function acquireFence(connection: MetaConnection, options: AcquireFenceOptions): Promise<Fence> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryAcquire(connection, options);
    } catch (error) {
      if (attempt >= ATTEMPTS || !LOCK_CONFLICTS.has(Number((error as { errno?: unknown }).errno))) throw error;
    }
  }
}

async function tryAcquire(connection: MetaConnection, options: AcquireFenceOptions): Promise<Fence> {
  const { tables, sourceId, slots, owner } = options;
  const id = quoteString(sourceId);
  const rows = Array.from({ length: slots }, (_, slot) => `(${id}, ${slot}, 0)`).join(', ');
  await connection.query(`INSERT IGNORE INTO ${tables.fence} (id, slot, epoch) VALUES ${rows}`);
  await connection.query('BEGIN');
  try {
    // Locks in key order, so that two new owners queue up instead of deadlocking.
    const [found] = await connection.query(
      `SELECT epoch FROM ${tables.fence} WHERE id = ${id} ORDER BY slot FOR UPDATE`,
    );
    const epochs = (found as { epoch: unknown }[]).map((row) => Number(row.epoch));
    const epoch = Math.max(0, ...epochs) + 1;
    await connection.query(
      `UPDATE ${tables.fence} SET epoch = ${epoch}, owner = ${quoteString(owner)} WHERE id = ${id}`,
    );
    await connection.query('COMMIT');
    return new Fence(tables, sourceId, epoch);
  } catch (error) {
    await connection.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
