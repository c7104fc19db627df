import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckerConfig } from '../../../src/config/types.js';
import { dmError } from '../../../src/errors/dm-error.js';
import {
  afterHealthyTime,
  afterResume,
  freshBackoff,
  isResumable,
  nextResumeAt,
} from '../../../workflows/auto-resume.js';

const checker: CheckerConfig = {
  checkEnable: true,
  backoffRollbackMs: 300_000,
  backoffMaxMs: 300_000,
  backoffMinMs: 1_000,
  backoffFactor: 2,
  backoffJitter: false,
  checkIntervalMs: 5_000,
};

const serverError = (errno: number, sqlMessage: string): Error =>
  Object.assign(new Error(sqlMessage), { errno, sqlMessage });

describe('isResumable', () => {
  it.each([
    dmError(10006, [''], { cause: serverError(1062, "Duplicate entry '1' for key 'PRIMARY'") }),
    dmError(10006, [''], { cause: serverError(8200, 'Unsupported modify column: type int') }),
    dmError(36008, []),
    dmError(32001, ['']),
  ])('is false for what needs a person: %s', (error) => {
    expect(isResumable([error.toJSON()])).toBe(false);
    expect(isResumable([dmError(10003, []).toJSON(), error.toJSON()])).toBe(false);
  });

  it('is true for all else, and false for no error at all', () => {
    expect(isResumable([dmError(10006, [''], { cause: serverError(1290, 'read only') }).toJSON()])).toBe(true);
    expect(isResumable([])).toBe(false);
  });
});

describe('the back-off', () => {
  it('waits for the next check at first, then doubles up to its maximum', () => {
    let now = 1_000_000;
    let backoff = freshBackoff(now);
    const waits: number[] = [];
    for (let i = 0; i < 12; i++) {
      const at = nextResumeAt(backoff, checker, now, 0);
      waits.push(at - now);
      now = at;
      backoff = afterResume(backoff, checker, now);
    }
    expect(waits).toEqual([5, 5, 5, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((seconds) => seconds * 1000));
  });

  it('steps back for each stretch of health', () => {
    const worn = { step: 5, lastResume: 0, healthySince: 0 };
    expect(afterHealthyTime(worn, checker, 299_999)).toBe(worn);
    expect(afterHealthyTime(worn, checker, 700_000)).toEqual({ step: 3, lastResume: 0, healthySince: 600_000 });
    expect(afterHealthyTime(worn, checker, 99_999_999).step).toBe(0);
  });

  it('never waits longer than its maximum nor shorter than a check, with jitter', () => {
    const jittery = { ...checker, backoffJitter: true };
    fc.assert(
      fc.property(fc.nat(40), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (step, random) => {
        const now = 10_000_000;
        const wait = nextResumeAt({ step, lastResume: now, healthySince: now }, jittery, now, random) - now;
        expect(wait).toBeGreaterThanOrEqual(checker.checkIntervalMs);
        expect(wait).toBeLessThanOrEqual(checker.backoffMaxMs);
      }),
    );
  });
});
