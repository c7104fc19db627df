import { allHandlersFinished, CancellationScope, condition, patched, workflowInfo } from '@temporalio/workflow';

/** History events after which a workflow continues as new when its caller named no other limit (the server stops at 51,200). */
const DEFAULT_HISTORY_LIMIT = 8_000;
/** The same where messages are counted; the server suggests a new run at 4,096 events. */
const HISTORY_LIMIT = 4_000;
/** More than the events that a message leaves as a rule: its own, those of a workflow task and of what that begins. */
const EVENTS_OF_A_MESSAGE = 8;

/**
 * Whether history has grown enough to go on in a new run. Not for the conditions of a workflow that has updates: see
 * {@link HistoryWatch}.
 */
export function historyIsLong(limit = DEFAULT_HISTORY_LIMIT): boolean {
  const info = workflowInfo();
  return info.continueAsNewSuggested || info.historyLength > limit;
}

/**
 * Tells when the history of a workflow that takes updates has grown enough to go on in a new run, by counting what it did. The
 * length that Temporal tells would not do: a refused update wakes its workflow and leaves no event, so that a decision made at
 * that moment would not be made again at a replay; and workflow tasks without consequence are replayed together with the
 * next, at another length.
 */
export class HistoryWatch {
  private readonly limit: number | undefined;
  /** False in a run that began before messages were counted. */
  private readonly counts = patched('count-messages');
  private messages = 0;

  /** @param limit history events, about; 4,000 by default */
  constructor(limit: number | undefined) {
    this.limit = limit;
  }

  /** To be called for each message that was taken in or sent; not in the validator of an update, nor in a condition. */
  note(): void {
    this.messages += 1;
  }

  isLong(): boolean {
    if (!this.counts) return historyIsLong(this.limit);
    return this.messages * EVENTS_OF_A_MESSAGE > (this.limit ?? HISTORY_LIMIT);
  }
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
