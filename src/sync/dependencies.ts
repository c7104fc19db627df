import type { RowImage } from './events.js';
import type { RowJob } from './row-job.js';
import type { PlanKey, TablePlan } from './table-plan.js';

/** A job must not start before `lane` has done this many jobs. */
export interface Wait {
  lane: number;
  done: number;
}

/** Lane of a job, and what must be done in other lanes first. */
export interface Placement {
  lane: number;
  waits: Wait[] | undefined;
}

/** State of a downstream table in {@link Dependencies}. */
interface TableState {
  /** By lane: jobs assigned to it up to the last one of this table. */
  last: number[];
  /** Last job that all later ones of the table must follow. */
  barrier: Wait | undefined;
}

/** Entries of the key map at which those of finished jobs are swept out. */
const SWEEP_AT = 100_000;

/**
 * Spreads row changes over lanes so that changes which share a unique key value (or depend on each other by a foreign
 * key) are applied in the order of the binlog, and nothing else waits. Each lane applies its jobs in order, so a job
 * goes to the lane of its predecessor; if it has predecessors in several lanes, it waits for the others there. Waits
 * point backwards in the stream only, hence there is always a lane that can go on.
 */
export class Dependencies {
  readonly #lanes: number;
  readonly #runLength: number;
  /** By lane: jobs ever assigned, jobs done. */
  readonly #assigned: number[];
  readonly #done: number[];
  /** Key text -> last job that wrote it, as `assigned * lanes + lane`. */
  readonly #writers = new Map<string, number>();
  readonly #tables = new Map<string, TableState>();
  #sweepAt = SWEEP_AT;
  #current = 0;
  #run = 0;

  /**
   * @param lanes - number of lanes
   * @param runLength - independent neighbours that go to one lane together, so that they can share a transaction
   */
  constructor(lanes: number, runLength: number) {
    this.#lanes = lanes;
    this.#runLength = runLength;
    this.#assigned = Array.from({ length: lanes }, () => 0);
    this.#done = Array.from({ length: lanes }, () => 0);
  }

  /** Says that the lane has finished its next `count` jobs. */
  finished(lane: number, count: number): void {
    this.#done[lane] = this.doneOf(lane) + count;
  }

  doneOf(lane: number): number {
    return this.#done[lane] ?? 0;
  }

  /** Whether everything assigned so far is done. */
  get idle(): boolean {
    return this.#assigned.every((count, lane) => count === this.#done[lane]);
  }

  /** Forgets all keys; only while {@link idle}. For changes of table structures. */
  reset(): void {
    this.#writers.clear();
    this.#tables.clear();
  }

  /** A transaction begins: its independent rows go to the lane with the least to do. */
  nextGroup(): void {
    this.#run = this.#runLength;
  }

  /** Chooses the lane of the next job in stream order and counts it as assigned there. */
  place(job: RowJob): Placement {
    const keys = jobKeys(job);
    const state = this.#table(job.plan.target);
    const needed = this.#predecessors(job, keys, state);
    const lane = this.#choose(needed);
    const number = this.#assigned[lane] === undefined ? 1 : this.#assigned[lane] + 1;
    this.#assigned[lane] = number;
    this.#remember(job, keys, state, { lane, done: number });
    const waits = needed.filter((wait) => wait.lane !== lane);
    return { lane, waits: waits.length === 0 ? undefined : waits };
  }

  #predecessors(job: RowJob, keys: JobKeys, state: TableState): Wait[] {
    const needed: Wait[] = [];
    if (state.barrier !== undefined) this.#need(needed, state.barrier);
    for (const key of keys.written) this.#needWriter(needed, key);
    for (const { parent, key } of keys.read) {
      const barrier = this.#tables.get(parent)?.barrier;
      if (barrier !== undefined) this.#need(needed, barrier);
      this.#needWriter(needed, key);
    }
    if (keys.exclusive) this.#needAll(needed, state);
    if (keys.leavesChildren) {
      for (const child of job.plan.children) this.#needAll(needed, this.#table(child.name));
    }
    return needed;
  }

  #needWriter(needed: Wait[], key: string): void {
    const packed = this.#writers.get(key);
    if (packed === undefined) return;
    this.#need(needed, { lane: packed % this.#lanes, done: Math.floor(packed / this.#lanes) });
  }

  #needAll(needed: Wait[], state: TableState): void {
    for (const [lane, done] of state.last.entries()) this.#need(needed, { lane, done });
  }

  #need(needed: Wait[], wait: Wait): void {
    if (this.doneOf(wait.lane) >= wait.done) return;
    const same = needed.find(({ lane }) => lane === wait.lane);
    if (same === undefined) needed.push({ ...wait });
    else same.done = Math.max(same.done, wait.done);
  }

  #choose(needed: readonly Wait[]): number {
    const [first] = needed;
    if (first !== undefined) {
      // The lane with the longest way to go: the other predecessors are likely done when the job comes up.
      const left = (wait: Wait): number => wait.done - this.doneOf(wait.lane);
      return needed.reduce((best, wait) => (left(wait) > left(best) ? wait : best), first).lane;
    }
    if (this.#run >= this.#runLength) {
      this.#current = this.#leastLoaded();
      this.#run = 0;
    }
    this.#run++;
    return this.#current;
  }

  #leastLoaded(): number {
    let best = this.#current;
    let bestLoad = Infinity;
    for (let i = 1; i <= this.#lanes; i++) {
      const lane = (this.#current + i) % this.#lanes;
      const load = (this.#assigned[lane] ?? 0) - this.doneOf(lane);
      if (load < bestLoad) {
        best = lane;
        bestLoad = load;
      }
    }
    return best;
  }

  #remember(job: RowJob, keys: JobKeys, state: TableState, place: Wait): void {
    const packed = place.done * this.#lanes + place.lane;
    for (const key of keys.written) this.#writers.set(key, packed);
    state.last[place.lane] = place.done;
    if (keys.exclusive) state.barrier = place;
    if (keys.changesChildren) this.#barChildren(job.plan, place);
    if (this.#writers.size > this.#sweepAt) this.#sweep();
  }

  /** The server will change rows of the children itself: what follows on them, or on theirs, must come later. */
  #barChildren(plan: TablePlan, place: Wait): void {
    for (const child of plan.children) {
      if (!child.changesChildren) continue;
      const state = this.#table(child.name);
      state.barrier = place;
      // As if the job were one of the child's own, so that exclusive jobs of the child wait for it.
      state.last[place.lane] = Math.max(state.last[place.lane] ?? 0, place.done);
    }
  }

  #sweep(): void {
    for (const [key, packed] of this.#writers) {
      if (this.doneOf(packed % this.#lanes) >= Math.floor(packed / this.#lanes)) this.#writers.delete(key);
    }
    this.#sweepAt = Math.max(SWEEP_AT, this.#writers.size * 2);
  }

  #table(name: string): TableState {
    let state = this.#tables.get(name);
    if (state === undefined) {
      state = { last: Array.from({ length: this.#lanes }, () => 0), barrier: undefined };
      this.#tables.set(name, state);
    }
    return state;
  }
}

/** What a job touches. */
interface JobKeys {
  /** Unique key values it takes or frees. */
  written: string[];
  /** Key values of parents that must be there. */
  read: { parent: string; key: string }[];
  /** It must follow, and be followed by, all other jobs of its table. */
  exclusive: boolean;
  /** It takes away a row that children may have referred to. */
  leavesChildren: boolean;
  /** ... and lets the server change those children. */
  changesChildren: boolean;
}

function jobKeys(job: RowJob): JobKeys {
  const { plan, change } = job;
  const before = change.kind === 'insert' ? undefined : change.before;
  const after = change.kind === 'delete' ? undefined : change.after;
  const written: string[] = [];
  let exclusive = plan.opaqueKeys;
  for (const image of [before, after]) {
    if (image === undefined) continue;
    for (const key of plan.keys) {
      const text = keyText(plan.target, key, image);
      if (text === undefined) exclusive = true;
      else if (text !== null && !written.includes(text)) written.push(text);
    }
  }
  // A row that only a comparison of all columns finds may be any of several.
  if (before !== undefined && !plan.hasIdentity(before)) exclusive = true;
  const read = readKeys(plan, before, after);
  const gone = before === undefined ? [] : plan.children.filter(({ columns }) => changed(columns, before, after));
  const leavesChildren = gone.length > 0;
  const changesChildren = leavesChildren && job.foreignKeyChecks && gone.some((child) => child.changesChildren);
  return { written, read, exclusive, leavesChildren, changesChildren };
}

/** The values that a child refers to, before and after: it leaves the one and needs the other. */
function readKeys(
  plan: TablePlan,
  before: RowImage | undefined,
  after: RowImage | undefined,
): { parent: string; key: string }[] {
  const read: { parent: string; key: string }[] = [];
  for (const reference of plan.references) {
    for (const image of [before, after]) {
      const key = image === undefined ? null : keyText(reference.parent, reference, image);
      if (typeof key === 'string') read.push({ parent: reference.parent, key });
    }
  }
  return read;
}

function changed(columns: readonly number[], before: RowImage, after: RowImage | undefined): boolean {
  if (after === undefined) return true;
  return columns.some((at) => !sameValue(before[at], after[at]));
}

/** Whether two values of a column are the same, byte by byte. */
export function sameValue(a: RowImage[number], b: RowImage[number]): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Buffer.isBuffer(a)) return Buffer.isBuffer(b) && a.equals(b);
  return !Buffer.isBuffer(b) && a.charset === b.charset && a.bytes.equals(b.bytes);
}

/**
 * The key's values as one text, unambiguous among all keys of all tables; null when one of them is NULL (then nothing
 * is unique about it), undefined when it cannot be told.
 */
function keyText(table: string, key: PlanKey, image: RowImage): string | null | undefined {
  let text = `${table}\u0000${key.id}`;
  for (const part of key.parts) {
    const value = image[part.at];
    if (value === null) return null;
    if (value === undefined) return undefined;
    const own = part.text(value);
    if (own === undefined) return undefined;
    text += `\u0000${own.length}:${own}`;
  }
  return text;
}
