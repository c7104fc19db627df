import type { Fence } from '../../meta/fence.js';
import type { SchemaTracker } from '../../schema/tracker.js';
import type { CheckpointStore } from './checkpoint.js';
import type { Control } from '../control.js';
import type { BinlogLocation, XaStep } from '../events.js';
import type { Pipeline } from '../write/pipeline.js';
import type { PreparedTransactions } from '../xa/prepared.js';

/** End of an upstream transaction. */
interface Boundary {
  /** Number of the last change up to here. */
  seq: number;
  location: BinlogLocation;
  /** How many the stream has passed. */
  n: number;
}

/** What a DDL leaves to be stored besides the structures. */
export interface FinishedDdl {
  /** Schemas that it dropped. */
  droppedSchemas: readonly string[];
  /** Statements that store what it did to the records of online DDL. */
  online: readonly string[];
}

/** Options of {@link CheckpointKeeper}. */
export interface KeeperOptions {
  store: CheckpointStore;
  control: Control;
  fence: Fence;
  tracker: SchemaTracker;
  pipeline: Pick<Pipeline, 'lowestPending' | 'takeObsolete'>;
  /** Where the stream begins. */
  start: Omit<Boundary, 'n'>;
  /** Every change up to this one was applied before. */
  appliedSeq: number;
  /** Last change that earlier owners left bookkeeping of. */
  oldApplied: number;
  safeModeExit: BinlogLocation | undefined;
  /** Filter under which changes are counted, as JSON. */
  filter: string;
  prepared: PreparedTransactions;
  /** The start is stored already. */
  stored: boolean;
}

/**
 * Knows how far the stream is applied, and stores it. The checkpoint is the last transaction end with nothing unapplied
 * before it; the pipeline need not stand still for that. Beyond it goes the applied number, so that the bookkeeping of a
 * huge transaction is cleaned up while it runs.
 */
export class CheckpointKeeper {
  readonly #options: KeeperOptions;
  /** Transaction ends that the flushed checkpoint has not passed, oldest first. */
  #boundaries: Boundary[] = [];
  #last: Boundary;
  #flushed: Boundary;
  #flushedApplied: number;
  #flushedExit: BinlogLocation | undefined;
  #stored: boolean;
  #oldBookkeeping = true;
  #seq: number;
  #flushing: Promise<void> = Promise.resolve();
  safeModeExit: BinlogLocation | undefined;
  filter: string;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#last = { ...options.start, n: 0 };
    this.#flushed = this.#last;
    this.#flushedApplied = options.appliedSeq;
    this.#flushedExit = options.safeModeExit;
    this.#stored = options.stored;
    this.#seq = Math.max(options.start.seq, options.appliedSeq);
    this.safeModeExit = options.safeModeExit;
    this.filter = options.filter;
  }

  /** The flushed checkpoint. */
  get flushed(): BinlogLocation {
    return this.#flushed.location;
  }

  /** The last transaction end that the stream has passed. */
  get last(): Boundary {
    return this.#last;
  }

  /** The stream has passed a change. */
  passed(seq: number): void {
    if (seq > this.#seq) this.#seq = seq;
  }

  /** The stream has passed a transaction's end. */
  boundary(seq: number, location: BinlogLocation, xa?: XaStep): void {
    const n = this.#last.n + 1;
    this.#last = { seq, location, n };
    if (xa !== undefined) this.#options.prepared.passed(xa, n);
    // Transactions without changes of ours take no room.
    const before = this.#boundaries.at(-1);
    if (before === undefined || before.seq !== seq) {
      this.#boundaries.push({ seq, location, n });
      return;
    }
    before.location = location;
    before.n = n;
  }

  /** Every change up to this number is applied. */
  get appliedSeq(): number {
    const lowest = this.#options.pipeline.lowestPending;
    return lowest === undefined ? this.#seq : lowest.seq - 1;
  }

  /** Whether a flush would store anything new. */
  get isDue(): boolean {
    const applied = this.appliedSeq;
    if (!this.#stored || applied !== this.#flushedApplied || this.safeModeExit !== this.#flushedExit) return true;
    const [first] = this.#boundaries;
    return (first !== undefined && first.seq <= applied) || this.#options.tracker.pending().length > 0;
  }

  /**
   * Stores the state as it is now. Flushes follow each other.
   *
   * @param ddl - given when a DDL is done
   * @throws FenceLostError, DmError
   */
  flush(ddl?: FinishedDdl): Promise<void> {
    const next = this.#flushing.then(() => this.#flushNow(ddl));
    this.#flushing = next.catch(() => undefined);
    return next;
  }

  async #flushNow(ddl: FinishedDdl | undefined): Promise<void> {
    const { store, control, fence, tracker, pipeline } = this.#options;
    const appliedSeq = this.appliedSeq;
    let passed = 0;
    while ((this.#boundaries[passed]?.seq ?? Infinity) <= appliedSeq) passed++;
    const target = this.#boundaries[passed - 1] ?? this.#flushed;
    // A later boundary with the same number may replace this entry's location while the flush is under way.
    const { seq, location, n } = target;
    const prepared = this.#options.prepared.changes(n);
    const structures = tracker.pending();
    const safeModeExit = this.safeModeExit;
    const dropOldEpochs = this.#oldBookkeeping && appliedSeq >= this.#options.oldApplied;
    const obsolete = pipeline.takeObsolete(appliedSeq);
    const state = {
      location,
      seq,
      appliedSeq,
      safeModeExit,
      obsolete,
      filter: this.filter,
      ddlDone: ddl !== undefined,
      droppedSchemas: ddl?.droppedSchemas ?? [],
      online: ddl?.online ?? [],
      xa: prepared.statements,
      dropOldEpochs,
    };
    await control.run(() => store.flush(state, structures), fence);
    tracker.flushed(structures);
    prepared.stored();
    this.#boundaries = this.#boundaries.slice(passed);
    if (this.#last.seq === seq && this.#last.location !== location && this.#boundaries.length === 0) {
      this.#boundaries.push({ ...this.#last });
    }
    this.#flushed = { seq, location, n };
    this.#flushedApplied = appliedSeq;
    this.#flushedExit = safeModeExit;
    this.#stored = true;
    if (dropOldEpochs) this.#oldBookkeeping = false;
  }
}
