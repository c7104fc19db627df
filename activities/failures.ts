import { ApplicationFailure } from '@temporalio/common';
import { toDmError } from '../src/errors/dm-error.js';
import { FenceLostError } from '../src/meta/fence.js';
import { isRetryable } from '../src/mysql/errors.js';
import { FAILURE, type Progress } from '../workflows/contract.js';
import { StillBusyError } from './turns.js';
import { DumpFilesLostError } from './units.js';

/** The failure of a unit that ended because another worker may own it, or because Temporal asked for a new attempt. */
export function handedOver(why: string): ApplicationFailure {
  return ApplicationFailure.create({ message: why, type: 'HandedOver', nonRetryable: false });
}

/**
 * Any error of the engine as Temporal's: what may pass by itself (a lost connection, a deadlock) is repeated by Temporal's
 * retry policy, everything else goes to the workflow at once, with DM's error in the details.
 */
export function toFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (hasCause(error, (cause) => cause instanceof FenceLostError)) return handedOver('another worker has taken over');
  if (error instanceof StillBusyError) return handedOver(error.message);
  if (error instanceof DumpFilesLostError) {
    return ApplicationFailure.create({ message: error.message, type: FAILURE.dumpFilesLost, nonRetryable: true });
  }
  const dm = toDmError(error);
  return ApplicationFailure.create({
    message: dm.toString(),
    type: FAILURE.dmError,
    nonRetryable: !isRetryable(error),
    details: [dm.toJSON()],
  });
}

/** The failure of a unit together with how far it had come; what a user is shown of it until it runs again. */
export function failureWithProgress(error: unknown, progress: Progress | undefined): ApplicationFailure {
  const failure = toFailure(error);
  if (failure.type !== FAILURE.dmError || progress === undefined) return failure;
  return ApplicationFailure.create({
    message: failure.message,
    type: FAILURE.dmError,
    nonRetryable: failure.nonRetryable ?? false,
    details: [...(failure.details ?? []), progress],
  });
}

function hasCause(error: unknown, wanted: (cause: unknown) => boolean): boolean {
  for (let cause = error; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined) {
    if (wanted(cause)) return true;
  }
  return false;
}
