import type { CheckerConfig } from '../src/config/types.js';
import type { ErrorJson } from '../src/errors/dm-error.js';
import type { BackoffState } from './contract.js';

/** Texts of errors that no waiting can heal; looked for in the raw cause, without regard to case (DM 5.3). */
const HOPELESS_TEXTS = [
  // DDL that TiDB refuses
  "can't drop column with index",
  'unsupported add column',
  'unsupported modify column',
  'unsupported modify charset',
  'unsupported modify collate',
  'unsupported drop integer primary key',
  'unsupported collation',
  'invalid default value for',
  'unsupported drop primary key',
  'error 1059: identifier name',
  'error 1117: too many columns',
  'error 1069: too many keys specified',
  // rows that do not fit
  'error 1062: duplicate',
  'error 1406: data too long for column',
  'error 1366',
  'error 8025: entry too large',
  // the upstream has purged what is needed next
  'could not find first log file name in binary log index file',
];

/** Parse errors of relay logs that stay as they are; looked for in the message of code 11038. */
const HOPELESS_RELAY_TEXTS = ['binlog checksum mismatch, data may be corrupted', 'get event err eof'];

const HOPELESS_CODES = new Set([32001, 32004, 36008, 36027]);

/** The back-off of a subtask that has never been resumed automatically. */
export function freshBackoff(now: number): BackoffState {
  return { step: 0, lastResume: 0, healthySince: now };
}

/** Whether every error may go away by itself (DM 5.3's list). No error at all is nothing to resume. */
export function isResumable(errors: readonly ErrorJson[]): boolean {
  return errors.length > 0 && errors.every((error) => !isHopeless(error));
}

function isHopeless(error: ErrorJson): boolean {
  if (HOPELESS_CODES.has(error.ErrCode)) return true;
  const cause = (error.RawCause === '' ? error.Message : error.RawCause).toLowerCase();
  if (HOPELESS_TEXTS.some((text) => cause.includes(text))) return true;
  const message = error.Message.toLowerCase();
  return error.ErrCode === 11038 && HOPELESS_RELAY_TEXTS.some((text) => message.includes(text));
}

/**
 * When a subtask that has just paused by an error is to be resumed, in milliseconds since the epoch: not before the next
 * check, and not before the back-off since the last automatic resume is over.
 *
 * @param random a number in [0, 1), for the jitter
 */
export function nextResumeAt(backoff: BackoffState, checker: CheckerConfig, now: number, random: number): number {
  const wait = waitOfStep(backoff.step, checker, random);
  return Math.max(now + checker.checkIntervalMs, backoff.lastResume + wait);
}

/** The back-off after an automatic resume: one step up, unless it has reached its maximum. */
export function afterResume(backoff: BackoffState, checker: CheckerConfig, now: number): BackoffState {
  const atMaximum = rawWait(backoff.step, checker) >= checker.backoffMaxMs;
  return { step: atMaximum ? backoff.step : backoff.step + 1, lastResume: now, healthySince: now };
}

/** The back-off of a subtask that was healthy up to now: one step down for each `backoff-rollback` that has passed. */
export function afterHealthyTime(backoff: BackoffState, checker: CheckerConfig, now: number): BackoffState {
  const steps = Math.floor((now - backoff.healthySince) / checker.backoffRollbackMs);
  if (steps <= 0) return backoff;
  return {
    ...backoff,
    step: Math.max(0, backoff.step - steps),
    healthySince: backoff.healthySince + steps * checker.backoffRollbackMs,
  };
}

function rawWait(step: number, checker: CheckerConfig): number {
  return checker.backoffMinMs * checker.backoffFactor ** step;
}

function waitOfStep(step: number, checker: CheckerConfig, random: number): number {
  if (step === 0) return Math.min(checker.backoffMinMs, checker.backoffMaxMs);
  const full = rawWait(step, checker);
  const wait = checker.backoffJitter ? full / 2 + (full / 2) * random : full;
  return Math.min(wait, checker.backoffMaxMs);
}
