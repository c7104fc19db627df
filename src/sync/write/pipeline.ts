import { dmError } from '../../errors/dm-error.js';
import type { ServerSession } from '../../mysql/connect.js';
import { Dependencies, type Wait } from './dependencies.js';
import { Queue } from './queue.js';
import { BIG_ROW_BYTES, type RowJob } from './row-job.js';
import { Signal } from '../signal.js';
import type { BatchResult } from './writer.js';

/** Who applies the batches of a lane; a {@link Writer} in production. */
export interface BatchWriter {
  readonly slot: number;
  /** Number of the last batch applied. */
  readonly batches: number;
  apply(jobs: readonly RowJob[]): Promise<BatchResult>;
  keepAlive(): Promise<void>;
  /** The session that a batch is under way in. */
  readonly session: ServerSession | undefined;
  /** Ends the batch under way with an error. */
  interrupt(): void;
  close(): void;
}

/** Options of {@link Pipeline}. */
export interface PipelineOptions {
  writers: readonly BatchWriter[];
  /** Most rows that a transaction changes. */
  batch: number;
  /** Whether the changes of one row in a transaction become one. */
  compact: boolean;
  /** Most bytes of a transaction; a bigger row goes alone. */
  batchBytes: number;
  /** Changes and bytes waiting or under way at which {@link Pipeline.submit} asks to wait. */
  maxRows: number;
  maxBytes: number;
  /** Called when changes were applied. */
  onApplied(jobs: readonly RowJob[], result: BatchResult): void;
  /** Called once, when a lane has failed. */
  onFailed(): void;
}

/** Milliseconds between pings of idle connections; less than half of their `wait_timeout`. */
const KEEP_ALIVE_MS = 8_000;

/**
 * Share of the limits at which changes are taken again: many at once find lanes with batches under way, and fill their next
 * ones, where a few at a time would go off in small batches.
 */
const REFILL_AT = 0.75;

/** Changes of a transaction for each row of its limit: those of one row become one. */
const MOST_MERGED = 10;

interface Lane {
  readonly number: number;
  readonly writer: BatchWriter;
  readonly queue: Queue<RowJob>;
  readonly signal: Signal;
  /** Applied batches whose bookkeeping is still needed. */
  readonly booked: Queue<{ batch: number; maxSeq: number }>;
  busy: boolean;
}

/**
 * Applies row changes over several connections, in the order that {@link Dependencies} asks for. A lane takes what is
 * there, up to a batch, and never waits for more. Its first failure stops all lanes after the batches under way.
 */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #dependencies: Dependencies;
  readonly #lanes: readonly Lane[];
  readonly #changed = new Signal();
  readonly #keepAlive: NodeJS.Timeout;
  readonly #running: Promise<unknown>;
  #rows = 0;
  #bytes = 0;
  #stopped = false;
  #failure: { error: unknown } | undefined;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#dependencies = new Dependencies(options.writers.length, options.batch);
    this.#lanes = options.writers.map((writer, number) => ({
      number,
      writer,
      queue: new Queue(),
      signal: new Signal(),
      booked: new Queue(),
      busy: false,
    }));
    this.#running = Promise.all(this.#lanes.map((lane) => this.#run(lane)));
    this.#keepAlive = setInterval(() => this.#pingIdle(), KEEP_ALIVE_MS);
    this.#keepAlive.unref();
  }

  /** Changes waiting or under way. */
  get pendingRows(): number {
    return this.#rows;
  }

  /** Whether what comes was committed a while ago, so that there is much to catch up with. */
  set isBehind(isBehind: boolean) {
    this.#dependencies.isBehind = isBehind;
  }

  /** A transaction of the upstream begins. */
  nextGroup(): void {
    this.#dependencies.nextGroup();
  }

  /**
   * Takes a change, in stream order. A promise = wait for it before the next one (back-pressure).
   *
   * @throws the error of a lane, see {@link throwIfFailed}
   */
  submit(job: RowJob): Promise<void> | undefined {
    this.throwIfFailed();
    const lane = this.#lanes[this.#dependencies.place(job)];
    lane?.queue.push(job);
    this.#rows++;
    this.#bytes += job.bytes;
    lane?.signal.notify();
    return this.#isFilled(1) ? this.#waitForRoom() : undefined;
  }

  /** The lowest number of a change that is not applied; undefined when all are. */
  get lowestPending(): RowJob | undefined {
    let lowest: RowJob | undefined;
    for (const { queue } of this.#lanes) {
      const job = queue.at(0);
      if (job !== undefined && (lowest === undefined || job.seq < lowest.seq)) lowest = job;
    }
    return lowest;
  }

  /** By slot: the last batch all of whose changes are numbered `seq` or lower. Each is told once. */
  takeObsolete(seq: number): Map<number, number> {
    const obsolete = new Map<number, number>();
    for (const { booked, writer } of this.#lanes) {
      for (let entry = booked.at(0); entry !== undefined && entry.maxSeq <= seq; entry = booked.at(0)) {
        obsolete.set(writer.slot, entry.batch);
        booked.drop(1);
      }
    }
    return obsolete;
  }

  /** Resolves when every change submitted is applied. @throws the error of a lane; DmError 36020 when stopped before */
  async drained(): Promise<void> {
    for (;;) {
      this.throwIfFailed();
      if (this.#rows === 0) return;
      if (this.#stopped) throw dmError(36020);
      await this.#changed.wait();
    }
  }

  /** Forgets dependencies; only when drained. */
  reset(): void {
    this.#dependencies.reset();
  }

  /** @throws what made a lane fail first */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Lets the batches under way end; what waits stays unapplied. Connections are closed after that. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#keepAlive);
    for (const { signal } of this.#lanes) signal.notify();
    this.#changed.notify();
    await this.#running;
    for (const { writer } of this.#lanes) writer.close();
  }

  /** Sessions in which batches are under way. */
  get busySessions(): ServerSession[] {
    return this.#lanes.flatMap(({ busy, writer }) => (busy && writer.session !== undefined ? [writer.session] : []));
  }

  /** Ends the batches under way with an error; only when no repetition follows. */
  interrupt(): void {
    for (const { busy, writer } of this.#lanes) if (busy) writer.interrupt();
  }

  #isFilled(share: number): boolean {
    const { maxRows, maxBytes } = this.#options;
    return this.#rows >= maxRows * share || this.#bytes >= maxBytes * share;
  }

  async #waitForRoom(): Promise<void> {
    while (this.#isFilled(REFILL_AT) && !this.#stopped) {
      await this.#changed.wait();
      this.throwIfFailed();
    }
  }

  async #run(lane: Lane): Promise<void> {
    while (!this.#stopped && this.#failure === undefined) {
      const jobs = this.#take(lane);
      if (jobs.length === 0) {
        await lane.signal.wait();
        continue;
      }
      lane.busy = true;
      try {
        const result = await lane.writer.apply(jobs);
        this.#finished(lane, jobs, result);
      } catch (error) {
        if (this.#failure === undefined) {
          this.#failure = { error };
          this.#options.onFailed();
        }
        for (const { signal } of this.#lanes) signal.notify();
        this.#changed.notify();
      }
      lane.busy = false;
    }
  }

  /** The changes at the head of the lane's queue that can go in one transaction now. */
  #take({ number, queue }: Lane): RowJob[] {
    const jobs: RowJob[] = [];
    const { batch, batchBytes, compact } = this.#options;
    const plans = new Map<string, RowJob['plan']>();
    const done = this.#dependencies.doneOf(number);
    let bytes = 0;
    let rows = 0;
    for (let job = queue.at(0); job !== undefined && jobs.length < batch * MOST_MERGED; job = queue.at(jobs.length)) {
      // A change of a row that is in the batch already makes it no bigger for the server.
      const isNewRow = !compact || job.follows <= done;
      if (isNewRow && rows === batch) break;
      if (job.waits !== undefined && !this.#areOver(job.waits)) break;
      const [first] = jobs;
      bytes += job.bytes;
      if (first !== undefined) {
        if (bytes > batchBytes || job.bytes >= BIG_ROW_BYTES || first.bytes >= BIG_ROW_BYTES) break;
        if (job.safe !== first.safe || job.foreignKeyChecks !== first.foreignKeyChecks) break;
        if (job.lenient !== first.lenient) break;
      }
      // Two structures of one table do not mix, unless tables with equal columns are merged into it: see `mergedStatements`.
      const plan = plans.get(job.plan.key);
      if (plan === undefined) plans.set(job.plan.key, job.plan);
      else if (plan !== job.plan && plan.layout !== job.plan.layout) break;
      jobs.push(job);
      if (isNewRow) rows++;
    }
    if (jobs.length > 0) this.#dependencies.took(number, jobs.length);
    return jobs;
  }

  #areOver(waits: readonly Wait[]): boolean {
    return waits.every(({ lane, done }) => this.#dependencies.doneOf(lane) >= done);
  }

  #finished(lane: Lane, jobs: readonly RowJob[], result: BatchResult): void {
    lane.queue.drop(jobs.length);
    lane.booked.push({ batch: lane.writer.batches, maxSeq: jobs.at(-1)?.seq ?? 0 });
    this.#dependencies.finished(lane.number, jobs.length);
    this.#rows -= jobs.length;
    for (const { bytes } of jobs) this.#bytes -= bytes;
    this.#options.onApplied(jobs, result);
    for (const other of this.#lanes) {
      if (!other.busy && other.queue.length > 0) other.signal.notify();
    }
    this.#changed.notify();
  }

  #pingIdle(): void {
    for (const { busy, writer } of this.#lanes) if (!busy) void writer.keepAlive();
  }
}
