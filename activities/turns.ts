/** Time in which a unit that was asked to end, or has lost its place, ends; several times what it takes in practice. */
const LIMIT_MS = 30_000;

/** An earlier run of the same unit has not ended in this process. */
export class StillBusyError extends Error {
  override readonly name = 'StillBusyError';
}

/**
 * Lets the units of one subtask run one after the other within a process. Temporal may hand out a new attempt, or the next
 * activity, while an earlier one that it has given up is still flushing here; two dumps at once would mix their files.
 */
export class Turns {
  private readonly last = new Map<string, Promise<void>>();
  private readonly limitMs: number;

  /** @param limitMs how long one waits for those before it */
  constructor(limitMs = LIMIT_MS) {
    this.limitMs = limitMs;
  }

  /**
   * Runs `work` when everything that was given the same key before has ended, well or not; `work` finds out itself when
   * `signal` has been aborted meanwhile, for which it waits no longer.
   *
   * @throws StillBusyError when those before it do not end in time, so that the wait is seen and tried again
   */
  async run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(key);
    const begun = this.turn(before, signal);
    const mine = begun.then(work);
    // Behind a turn that was given up the next one still waits for what is before both.
    const over = Promise.allSettled([before, mine]);
    const ended: Promise<void> = over.then(() => this.forget(key, ended));
    this.last.set(key, ended);
    return mine;
  }

  private forget(key: string, ended: Promise<void>): void {
    if (this.last.get(key) === ended) this.last.delete(key);
  }

  private async turn(before: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
    if (before === undefined || signal.aborted) return;
    let timer: NodeJS.Timeout | undefined;
    let onAbort: (() => void) | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new StillBusyError('an earlier run of this unit has not ended yet')),
        this.limitMs,
      );
    });
    const aborted = new Promise<void>((resolve) => {
      onAbort = resolve;
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      await Promise.race([before, aborted, tooLate]);
    } finally {
      clearTimeout(timer);
      if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    }
  }
}
