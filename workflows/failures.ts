import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { TimeoutType } from '@temporalio/common';
import { type DmError, type ErrorJson, toDmError } from '../src/errors/dm-error.js';
import { FAILURE, type Progress } from './contract.js';
import { unhindered } from './lifetime.js';

/** What the end of an activity by failure asks for. */
export type FailureKind =
  /** The bound worker did not answer; try again there or on another. `silent` = it had begun, and was heard of no more. */
  | { kind: 'worker-lost'; silent: boolean }
  /** The dump files are not where they were. */
  | { kind: 'dump-files-lost' }
  /**
   * Somebody, or the automatic resume, has to see to it. `transient` = connection trouble that outlived the retries;
   * `progress` = how far the unit had come, as far as it told.
   */
  | { kind: 'error'; error: ErrorJson; transient: boolean; progress?: Progress };

/** Sorts the failure of an activity by what it asks for. */
export function classifyFailure(failure: unknown): FailureKind {
  const cause = failure instanceof ActivityFailure ? failure.cause : failure;
  if (cause instanceof TimeoutFailure) {
    return { kind: 'worker-lost', silent: cause.timeoutType === TimeoutType.HEARTBEAT };
  }
  if (cause instanceof ApplicationFailure) {
    if (cause.type === FAILURE.dumpFilesLost) return { kind: 'dump-files-lost' };
    const [error, progress] = (cause.type === FAILURE.dmError ? (cause.details ?? []) : []) as [ErrorJson?, Progress?];
    return {
      kind: 'error',
      error: error ?? toDmError(cause).toJSON(),
      transient: cause.nonRetryable !== true,
      ...(progress === undefined ? {} : { progress }),
    };
  }
  return { kind: 'error', error: toDmError(cause).toJSON(), transient: false };
}

/** The failure by which an update refuses, readable for its caller. */
export function refusal(error: DmError): ApplicationFailure {
  return ApplicationFailure.create({
    message: error.message,
    type: FAILURE.dmError,
    nonRetryable: true,
    details: [error.toJSON()],
  });
}

/**
 * Runs an update handler so that whatever it throws reaches the caller as a refusal: any other exception would make
 * Temporal repeat the workflow task for ever.
 */
export async function answering<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await unhindered(work);
  } catch (error) {
    if (error instanceof ApplicationFailure) throw error;
    throw refusal(toDmError(error));
  }
}
