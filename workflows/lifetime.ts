import { allHandlersFinished, CancellationScope, condition, workflowInfo } from '@temporalio/workflow';

/** History events after which a workflow continues as new when its caller named no other limit (the server stops at 51,200). */
const DEFAULT_HISTORY_LIMIT = 8_000;

/** Whether history has grown enough to go on in a new run. */
export function historyIsLong(limit = DEFAULT_HISTORY_LIMIT): boolean {
  const info = workflowInfo();
  return info.continueAsNewSuggested || info.historyLength > limit;
}

/**
 * Runs the body of a workflow so that a cancellation request from outside does not tear it down but reaches `onCancel`:
 * the Web UI's "request cancellation" is then the same as stop, in good order.
 */
export async function withOrderlyCancellation(body: () => Promise<void>, onCancel: () => void): Promise<void> {
  CancellationScope.current().cancelRequested.catch(() => unhindered(async () => onCancel()));
  await unhindered(body);
}

/**
 * Runs work that a cancellation request must not tear: in a workflow whose cancellation was requested, everything that a
 * handler awaits outside of this fails at once, and a signal that could not be sent would be taken for a missing receiver.
 */
export function unhindered<T>(work: () => Promise<T>): Promise<T> {
  return CancellationScope.nonCancellable(work);
}

/** Waits until no handler of a signal or update is at work any more; required before a run ends or continues as new. */
export async function handlersDone(): Promise<void> {
  await condition(allHandlersFinished);
}
