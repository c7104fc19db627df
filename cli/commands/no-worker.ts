import { dmError, type DmError } from '../../src/errors/dm-error.js';

/** Nobody is there to do what was asked. */
export function noWorker(cause?: unknown): DmError {
  return dmError(38008, [], {
    cause: cause ?? 'no dm-worker is online',
    workaround:
      'Please start at least one dm-worker with the same TEMPORAL_ADDRESS and namespace, and check that it says it is ready.',
  });
}
