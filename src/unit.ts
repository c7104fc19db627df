import type { Logger } from './log/logger.js';

/** Name of a unit, as `query-status` prints it. */
export type UnitName = 'Check' | 'Dump' | 'Load' | 'Sync' | 'Relay';

/**
 * What every unit (check, dump, load, sync) gets from whoever runs it. The engine knows nothing of Temporal: an activity
 * fills this in production, a test fills it by hand.
 */
export interface UnitContext<Progress> {
  /**
   * Asks the unit to end in good order: finish or give back what is in flight, flush its checkpoint, then return.
   * `signal.reason` may be `'lost-contact'` (see {@link isLostContact}): then the unit must not write any more.
   */
  readonly signal: AbortSignal;
  /**
   * Whether this process may still write for the unit: asked right before a transaction is sent. A process that was stopped
   * and wakes up may serve its sockets before the timer that would abort {@link signal}; this computes from the clock.
   * Absent = there is no other worker that could own the unit.
   */
  mayWrite?(): boolean;
  /** Tells how far the unit is. Cheap: call it as often as it changes (at most some times a second reaches the user). */
  report(progress: Progress): void;
  readonly logger: Logger;
  /** Name of the worker that runs the unit; stands in the fence row, for people. */
  readonly worker: string;
}

/** Reason of an abort after which nothing may be written: another worker may own the unit by now. */
export const LOST_CONTACT = 'lost-contact';

/** Whether the signal was raised because this process may no longer own its unit. */
export function isLostContact(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason === LOST_CONTACT;
}

/** How a unit ended without an error. */
export interface UnitResult {
  /** True when its work is complete, false when it was asked to end before. */
  finished: boolean;
}
