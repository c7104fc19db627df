import { proxyActivities } from '@temporalio/workflow';
import { dmError } from '../src/errors/dm-error.js';
import type {
  CheckActivities,
  CheckAnswer,
  CheckTaskInput,
  CompleteSourceInput,
  CompleteSourceAnswer,
} from './contract.js';
import { classifyFailure } from './failures.js';
import type { ErrorJson } from '../src/errors/dm-error.js';

/** Asked for by somebody who waits: one attempt, and an answer whatever comes of it. */
const { checkTask, completeSource } = proxyActivities<CheckActivities>({
  scheduleToStartTimeout: '8s',
  startToCloseTimeout: '31m',
  heartbeatTimeout: '20s',
  retry: { maximumAttempts: 1 },
});

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

function errorOf(failure: unknown): ErrorJson {
  const kind = classifyFailure(failure);
  if (kind.kind === 'error') return kind.error;
  return dmError(38008, [], { cause: 'the dm-worker that did the check is gone; please try again' }).toJSON();
}
