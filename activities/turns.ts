/**
 * Lets the units of one subtask run one after the other within a process. Temporal may hand out a new attempt, or the next
 * activity, while an earlier one that it has given up is still flushing here; two dumps at once would mix their files.
 */
export class Turns {
  private readonly last = new Map<string, Promise<void>>();

  /** Runs `work` when everything that was given the same key before has ended, well or not. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(key);
    const mine = (before ?? Promise.resolve()).then(work);
    const ended = mine.then(
      () => undefined,
      () => undefined,
    );
    this.last.set(key, ended);
    try {
      return await mine;
    } finally {
      if (this.last.get(key) === ended) this.last.delete(key);
    }
  }
}
