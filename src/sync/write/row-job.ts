import type { RowChange } from '../events.js';
import type { Wait } from './dependencies.js';
import type { TablePlan } from './table-plan.js';

/** Where a row change comes from, for messages and measures; shared by the rows of an event. */
export interface RowOrigin {
  start: { name: string; pos: number };
  end: { name: string; pos: number };
  /** GTID set before the transaction, as far as known. */
  gtidSet: string;
  schema: string;
  table: string;
  /** Seconds since the epoch. */
  timestamp: number;
}

/** One row change on its way downstream. */
export interface RowJob {
  /** Number of the change in the task's binlog stream. */
  readonly seq: number;
  readonly plan: TablePlan;
  readonly change: RowChange;
  readonly origin: RowOrigin;
  /** Rough size of its values. */
  readonly bytes: number;
  /** Execute so that a repetition does no harm. */
  readonly safe: boolean;
  /** Execute with `foreign_key_checks = 1`. */
  readonly foreignKeyChecks: boolean;
  /** Holds an ENUM value that strict modes refuse: the empty string of index 0. */
  readonly lenient: boolean;
  /** What must be done in other lanes before it; set when its lane is chosen. */
  waits: readonly Wait[] | undefined;
  /** Number in its lane of the last job on the same row, with which it can be merged; 0 = none. Set with {@link waits}. */
  follows: number;
}

/** Bytes from which a row travels alone, its values as parameters instead of text. */
export const BIG_ROW_BYTES = 1024 * 1024;
