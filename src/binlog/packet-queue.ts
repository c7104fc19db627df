/** Tells the producer to stop and go on. */
export interface Valve {
  pause(): void;
  resume(): void;
}

/**
 * Events between the socket and the decoder, bounded by their bytes: above the limit the producer is stopped, below half of
 * it it goes on. One event may exceed the limit, since it cannot be had in parts.
 */
export class PacketQueue {
  private readonly limit: number;
  private readonly valve: Valve;
  private items: Buffer[] = [];
  private head = 0;
  private bytes = 0;
  private paused = false;
  private end: { error: unknown } | undefined;
  private waiter: { resolve: (item: Buffer | undefined) => void; reject: (error: unknown) => void } | undefined;

  constructor(limit: number, valve: Valve) {
    this.limit = limit;
    this.valve = valve;
  }

  /** Bytes that wait. */
  get size(): number {
    return this.bytes;
  }

  push(item: Buffer): void {
    if (this.end !== undefined) return;
    if (this.waiter !== undefined) {
      const { resolve } = this.waiter;
      this.waiter = undefined;
      resolve(item);
      return;
    }
    this.items.push(item);
    this.bytes += item.length;
    if (!this.paused && this.bytes >= this.limit) {
      this.paused = true;
      this.valve.pause();
    }
  }

  /** No more will come: what waits is still given, then `error` is thrown, or the end told when it is undefined. */
  finish(error?: unknown): void {
    if (this.end !== undefined) return;
    this.end = { error };
    if (this.waiter === undefined) return;
    const { resolve, reject } = this.waiter;
    this.waiter = undefined;
    if (error === undefined) resolve(undefined);
    else reject(error);
  }

  /** Forgets what waits and ends. */
  abandon(): void {
    this.items = [];
    this.head = 0;
    this.bytes = 0;
    this.finish();
  }

  /** The next item at once, undefined when none waits. */
  poll(): Buffer | undefined {
    if (this.head >= this.items.length) return undefined;
    const item = this.items[this.head];
    this.head += 1;
    this.bytes -= item.length;
    // Given items are dropped when they are half of all: each is then moved once at most, however many small ones wait.
    if (this.head === this.items.length || (this.head >= 1024 && this.head * 2 >= this.items.length)) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    } else {
      this.items[this.head - 1] = EMPTY;
    }
    if (this.paused && this.bytes <= this.limit / 2) {
      this.paused = false;
      this.valve.resume();
    }
    return item;
  }

  /**
   * The next item, waiting for it. Undefined at the end. For one taker at a time.
   * @throws what `finish` was given
   */
  take(): Promise<Buffer | undefined> {
    const item = this.poll();
    if (item !== undefined) return Promise.resolve(item);
    if (this.end !== undefined) {
      return this.end.error === undefined ? Promise.resolve(undefined) : Promise.reject(this.end.error);
    }
    return new Promise((resolve, reject) => {
      this.waiter = { resolve, reject };
    });
  }
}

const EMPTY = Buffer.alloc(0);
