import type { RowImage } from '../events.js';
import { LaneChoice, newRun, type Run } from './lane-choice.js';
import type { RowJob } from './row-job.js';
import type { PlanKey, TablePlan } from './table-plan.js';

/** A job must not start before `lane` has done this many jobs. */
export interface Wait {
  lane: number;
  done: number;
}

/** State of a downstream table in {@link Dependencies}. */
interface TableState {
  /** By lane: jobs assigned to it up to the last one of this table. */
  last: number[];
  /** Last job that all later ones of the table must follow. */
  barrier: Wait | undefined;
  run: Run;
}

/** Value of a unique key -> last job that wrote it, as `number * lanes + lane`. */
type Writers = Map<string | number, number>;

/** Entries of all key maps at which those of finished jobs are swept out. */
const SWEEP_AT = 100_000;

/**
 * Spreads row changes over lanes so that changes which share a unique key value (or depend on each other by a foreign
 * key) are applied in the order of the binlog, and nothing else waits. Each lane applies its jobs in order, so a job
 * goes to the lane of its predecessor; if it has predecessors in several lanes, it waits for the others there. Waits
 * point backwards in the stream only, hence there is always a lane that can go on.
 */
export class Dependencies {
  readonly #lanes: number;
  readonly #choice: LaneChoice;
  /** By table and key; and the same by the objects that plans hold. */
  readonly #writers = new Map<string, Writers>();
  #writersOf = new WeakMap<PlanKey, Writers>();
  readonly #tables = new Map<string, TableState>();
  #entries = 0;
  #sweepAt = SWEEP_AT;
  // Of the job being placed; kept from one to the next since there are many.
  readonly #needed: number[];
  /** How many lanes are needed, and one of them. */
  #neededLanes = 0;
  #neededLane = 0;
  readonly #maps: Writers[] = [];
  readonly #values: (string | number)[] = [];
  /** Last writers of the values; 0 = none. */
  readonly #writersBefore: number[] = [];

  /**
   * @param lanes - number of lanes
   * @param runLength - independent neighbours that go to one lane together, so that they can share a transaction
   */
  constructor(lanes: number, runLength: number) {
    this.#lanes = lanes;
    this.#choice = new LaneChoice(lanes, runLength);
    this.#needed = Array.from({ length: lanes }, () => 0);
  }

  /** See {@link LaneChoice.isBehind}. */
  set isBehind(isBehind: boolean) {
    this.#choice.isBehind = isBehind;
  }

  /** Says that the lane has begun with its next `count` jobs. */
  took(lane: number, count: number): void {
    this.#choice.took(lane, count);
  }

  /** Says that the lane has finished its next `count` jobs. */
  finished(lane: number, count: number): void {
    this.#choice.finished(lane, count);
  }

  doneOf(lane: number): number {
    return this.#choice.doneOf(lane);
  }

  /** Forgets all keys; only while nothing is under way. For changes of table structures. */
  reset(): void {
    this.#writers.clear();
    this.#writersOf = new WeakMap();
    this.#tables.clear();
    this.#entries = 0;
    this.#choice.reset();
  }

  /** A transaction of the upstream begins. */
  nextGroup(): void {
    this.#choice.nextGroup();
  }

  /** Chooses the lane of the next job in stream order, counts it as assigned there, and sets what it must wait for. */
  place(job: RowJob): number {
    const { plan, change } = job;
    const before = change.kind === 'insert' ? undefined : change.before;
    const after = change.kind === 'delete' ? undefined : change.after;
    const state = this.#table(plan.key);
    this.#forgetJob();
    if (state.barrier !== undefined) this.#need(state.barrier.lane, state.barrier.done);
    const exclusive = this.#needKeys(plan, before, after);
    if (exclusive) this.#needAll(state);
    if (plan.references.length > 0) this.#needParents(plan, before, after);
    const leaves = before !== undefined && plan.children.some(({ columns }) => changed(columns, before, after));
    if (leaves) for (const child of plan.children) this.#needAll(this.#table(child.name));
    const lane = this.#choose(state.run);
    const number = this.#choice.assign(lane);
    job.waits = this.#waits(lane);
    job.follows = plan.mergeable ? this.#rowBefore(lane) : 0;
    this.#remember(state, lane, number, exclusive);
    if (leaves && job.foreignKeyChecks) this.#barChildren(plan, lane, number);
    return lane;
  }

  #forgetJob(): void {
    if (this.#neededLanes > 0) this.#needed.fill(0);
    this.#neededLanes = 0;
    this.#maps.length = 0;
    this.#values.length = 0;
    this.#writersBefore.length = 0;
  }

  /** Notes the keys that the job takes or frees, and needs their last writers. @returns whether the job must be alone */
  #needKeys(plan: TablePlan, before: RowImage | undefined, after: RowImage | undefined): boolean {
    let exclusive = plan.opaqueKeys;
    for (const key of plan.keys) {
      const map = this.#mapOf(plan.key, key);
      const old = before === undefined ? null : keyValue(key, before);
      const now = after === undefined ? null : keyValue(key, after);
      if (old === undefined || now === undefined) exclusive = true;
      if (old !== null && old !== undefined) this.#needWriter(map, old, true);
      if (now !== null && now !== undefined && now !== old) this.#needWriter(map, now, true);
    }
    // A row that only a comparison of all columns finds may be any of several.
    return exclusive || (before !== undefined && !plan.hasIdentity(before));
  }

  /** The rows that a child refers to, before and after: it leaves the one and needs the other. */
  #needParents(plan: TablePlan, before: RowImage | undefined, after: RowImage | undefined): void {
    for (const reference of plan.references) {
      const map = this.#mapOf(reference.parent, reference);
      const barrier = this.#tables.get(reference.parent)?.barrier;
      if (barrier !== undefined) this.#need(barrier.lane, barrier.done);
      for (const image of [before, after]) {
        const value = image === undefined ? null : keyValue(reference, image);
        if (value !== null && value !== undefined) this.#needWriter(map, value, false);
      }
    }
  }

  #needWriter(map: Writers, value: string | number, writes: boolean): void {
    const packed = map.get(value);
    if (packed !== undefined) this.#need(packed % this.#lanes, Math.floor(packed / this.#lanes));
    if (!writes) return;
    this.#maps.push(map);
    this.#values.push(value);
    this.#writersBefore.push(packed ?? 0);
  }

  /** Number in the lane of the last job on the same row, when this one changes no other; else 0. */
  #rowBefore(lane: number): number {
    const [packed = 0] = this.#writersBefore;
    return this.#values.length === 1 && packed % this.#lanes === lane ? Math.floor(packed / this.#lanes) : 0;
  }

  #needAll(state: TableState): void {
    for (const [lane, done] of state.last.entries()) this.#need(lane, done);
  }

  #need(lane: number, done: number): void {
    const before = this.#needed[lane] ?? 0;
    if (before >= done || this.doneOf(lane) >= done) return;
    this.#needed[lane] = done;
    if (before > 0) return;
    this.#neededLanes++;
    this.#neededLane = lane;
  }

  /** The predecessor's lane; of several the one with the longest way to go: the others are likely done by then. */
  #choose(run: Run): number {
    if (this.#neededLanes === 0) return this.#choice.next(run);
    let best = this.#neededLane;
    if (this.#neededLanes === 1) return best;
    let longest = 0;
    for (let lane = 0; lane < this.#lanes; lane++) {
      const left = (this.#needed[lane] ?? 0) - this.doneOf(lane);
      if (left > longest) {
        best = lane;
        longest = left;
      }
    }
    return best;
  }

  #waits(own: number): Wait[] | undefined {
    if (this.#neededLanes === 0 || (this.#neededLanes === 1 && this.#neededLane === own)) return undefined;
    let waits: Wait[] | undefined;
    for (let lane = 0; lane < this.#lanes; lane++) {
      const done = this.#needed[lane] ?? 0;
      if (done === 0 || lane === own) continue;
      waits ??= [];
      waits.push({ lane, done });
    }
    return waits;
  }

  #remember(state: TableState, lane: number, number: number, exclusive: boolean): void {
    const packed = number * this.#lanes + lane;
    for (let i = 0; i < this.#maps.length; i++) {
      const map = this.#maps[i];
      const value = this.#values[i];
      if (map === undefined || value === undefined) continue;
      if (this.#writersBefore[i] === 0) this.#entries++;
      map.set(value, packed);
    }
    state.last[lane] = number;
    if (exclusive) state.barrier = { lane, done: number };
    if (this.#entries > this.#sweepAt) this.#sweep();
  }

  /** The server will change rows of the children itself: what follows on them, or on theirs, must come later. */
  #barChildren(plan: TablePlan, lane: number, number: number): void {
    for (const child of plan.children) {
      if (!child.changesChildren) continue;
      const state = this.#table(child.name);
      state.barrier = { lane, done: number };
      // As if the job were one of the child's own, so that exclusive jobs of the child wait for it.
      state.last[lane] = number;
    }
  }

  #sweep(): void {
    this.#entries = 0;
    for (const map of this.#writers.values()) {
      for (const [value, packed] of map) {
        if (this.doneOf(packed % this.#lanes) >= Math.floor(packed / this.#lanes)) map.delete(value);
      }
      this.#entries += map.size;
    }
    this.#sweepAt = Math.max(SWEEP_AT, this.#entries * 2);
  }

  #mapOf(table: string, key: PlanKey): Writers {
    let map = this.#writersOf.get(key);
    if (map !== undefined) return map;
    const name = `${table}\u0000${key.id}`;
    map = this.#writers.get(name);
    if (map === undefined) {
      map = new Map();
      this.#writers.set(name, map);
    }
    this.#writersOf.set(key, map);
    return map;
  }

  #table(name: string): TableState {
    let state = this.#tables.get(name);
    if (state === undefined) {
      state = { last: Array.from({ length: this.#lanes }, () => 0), barrier: undefined, run: newRun() };
      this.#tables.set(name, state);
    }
    return state;
  }
}

/** Whether one of the columns gets another value, or the row goes. */
export function changed(columns: readonly number[], before: RowImage, after: RowImage | undefined): boolean {
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
 * The key's values as one value, unambiguous among those of the key; null when one of them is NULL (then nothing is
 * unique about it), undefined when it cannot be told.
 */
function keyValue(key: PlanKey, image: RowImage): string | number | null | undefined {
  const { parts } = key;
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) {
    const value = image[only.at];
    return value === null || value === undefined ? value : only.text(value);
  }
  let text = '';
  for (const part of parts) {
    const value = image[part.at];
    if (value === null || value === undefined) return value;
    const own = part.text(value);
    if (own === undefined) return undefined;
    const ownText = String(own);
    text += `${ownText.length}:${ownText}`;
  }
  return text;
}
