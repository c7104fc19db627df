import type { Logger } from '../log/logger.js';
import type { SyncCounters } from './progress.js';

/** Least time between two lines about one table, milliseconds. */
const QUIET_MS = 10_000;

/**
 * Tells of UPDATEs and DELETEs that found no row: they are not made up for, but never silent. Where a filter leaves out
 * insertions they are many, so that a table is told of at once and then from time to time.
 */
export class MissedRows {
  readonly #counters: SyncCounters;
  readonly #logger: Logger;
  readonly #tables = new Map<string, { rows: number; toldAt: number }>();

  constructor(counters: SyncCounters, logger: Logger) {
    this.#counters = counters;
    this.#logger = logger;
  }

  /** @param now - milliseconds since the epoch */
  report(table: string, missed: number, now: number): void {
    this.#counters.missedRows += missed;
    const known = this.#tables.get(table) ?? { rows: 0, toldAt: -Infinity };
    this.#tables.set(table, known);
    known.rows += missed;
    if (now - known.toldAt < QUIET_MS) return;
    const { missedRows: total } = this.#counters;
    this.#logger.warn('UPDATE or DELETE found no row downstream', { table, rows: known.rows, total });
    known.rows = 0;
    known.toldAt = now;
  }
}
