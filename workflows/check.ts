import { proxyActivities } from '@temporalio/workflow';
import { dmError } from '../src/errors/dm-error.js';
import {
  type CheckActivities,
  type CheckAnswer,
  type CheckTaskInput,
  type CompleteSourceInput,
  type CompleteSourceAnswer,
  FAILURE,
  type StartTimeAnswer,
  type StartTimeInput,
} from './contract.js';
import { classifyFailure } from './failures.js';
import type { ErrorJson } from '../src/errors/dm-error.js';

/** Asked for by somebody who waits: whatever a server answers is the answer. */
const LIMITS = { scheduleToStartTimeout: '8s', startToCloseTimeout: '31m', heartbeatTimeout: '20s' } as const;
const { startAtTime } = proxyActivities<CheckActivities>({ ...LIMITS, retry: { maximumAttempts: 1 } });

/** Only when the worker itself does not answer is another one asked. */
const ELSEWHERE = { maximumAttempts: 3, nonRetryableErrorTypes: [FAILURE.dmError] };
const { checkTask } = proxyActivities<CheckActivities>({ ...LIMITS, retry: ELSEWHERE });

/** A new source is waited for during 15 seconds. */
const { completeSource } = proxyActivities<CheckActivities>({ ...LIMITS, heartbeatTimeout: '6s', retry: ELSEWHERE });

/** Checks the servers of a task from a worker, as check-task and start-task want it. Changes nothing. */
export async function checkTaskWorkflow(input: CheckTaskInput): Promise<CheckAnswer> {
  try {
    return { report: await checkTask(input) };
  } catch (failure) {
    return { error: errorOf(failure) };
  }
}

/** Connects to the upstream of a new source from a worker and finds out what its file leaves open. */
export async function completeSourceWorkflow(input: CompleteSourceInput): Promise<CompleteSourceAnswer> {
  try {
    return { found: await completeSource(input) };
  } catch (failure) {
    return { error: errorOf(failure) };
  }
}

/** Finds the place of a time in the binlogs of a task's upstreams, and moves checkpoints that there are to it. */
export async function startTimeWorkflow(input: StartTimeInput): Promise<StartTimeAnswer> {
  try {
    return { starts: await startAtTime(input) };
  } catch (failure) {
    return { error: errorOf(failure) };
  }
}

function errorOf(failure: unknown): ErrorJson {
  const kind = classifyFailure(failure);
  if (kind.kind === 'error') return kind.error;
  return dmError(38008, [], { cause: 'the dm-worker that did the check is gone; please try again' }).toJSON();
}
