import type { CheckerConfig } from '../src/config/types.js';
import { dmErrorFromJson, type ErrorJson } from '../src/errors/dm-error.js';
import { isNotResumable } from '../src/mysql/errors.js';
import type { BackoffState } from './contract.js';

/** The back-off of a subtask that has never been resumed automatically. */
export function freshBackoff(now: number): BackoffState {
  return { step: 0, lastResume: 0, healthySince: now };
}

/** Whether every error may go away by itself. No error at all is nothing to resume. */
export function isResumable(errors: readonly ErrorJson[]): boolean {
  return errors.length > 0 && errors.every((error) => !isNotResumable(dmErrorFromJson(error)));
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
