/** Lane of a table's independent changes, and how many more of them go there. */
export interface Run {
  lane: number;
  left: number;
}

/**
 * Chooses lanes for changes that depend on none under way.
 *
 * While most lanes are idle, the changes of an upstream transaction go to an idle one together: they are visible soonest,
 * with one transaction downstream. Otherwise, and while catching up, those of a table gather in runs on lanes that have
 * changes of this table, so that batches hold many rows of few tables: a server spends less on few statements of many rows
 * than on many of few.
 */
export class LaneChoice {
  readonly #runLength: number;
  /** By lane: changes ever assigned, taken into batches, and done. */
  readonly #assigned: number[];
  readonly #taken: number[];
  readonly #done: number[];
  /** By lane: whose run went there last. */
  readonly #owners: (Run | undefined)[];
  /** Lanes with nothing to do. */
  #idle: number;
  /** Changes waiting or under way. */
  #pending = 0;
  /** There is much to catch up with: how much is done matters more than how soon. */
  isBehind = false;
  /** The run of an upstream transaction. */
  #group: Run = newRun();
  #last = 0;

  /**
   * @param lanes - number of lanes
   * @param runLength - independent neighbours that go to one lane together, so that they can share a transaction
   */
  constructor(lanes: number, runLength: number) {
    this.#runLength = runLength;
    this.#assigned = zeros(lanes);
    this.#taken = zeros(lanes);
    this.#done = zeros(lanes);
    this.#owners = Array.from({ length: lanes }, () => undefined);
    this.#idle = lanes;
  }

  doneOf(lane: number): number {
    return this.#done[lane] ?? 0;
  }

  /** Counts a change as assigned to the lane. @returns its number there */
  assign(lane: number): number {
    const number = (this.#assigned[lane] ?? 0) + 1;
    if (number - 1 === this.doneOf(lane)) this.#idle--;
    this.#pending++;
    this.#assigned[lane] = number;
    return number;
  }

  /** The lane has begun with its next `count` changes. */
  took(lane: number, count: number): void {
    this.#taken[lane] = (this.#taken[lane] ?? 0) + count;
  }

  /** The lane has finished its next `count` changes. */
  finished(lane: number, count: number): void {
    const done = this.doneOf(lane) + count;
    this.#done[lane] = done;
    this.#pending -= count;
    if (done === this.#assigned[lane]) this.#idle++;
  }

  /** An upstream transaction begins. */
  nextGroup(): void {
    this.#group.left = 0;
  }

  /** Forgets which lanes have changes of which tables. */
  reset(): void {
    this.#owners.fill(undefined);
    this.#group = newRun();
  }

  /** The lane for the next independent change of a table. */
  next(table: Run): number {
    if (this.isBehind) return this.#goOn(table, false);
    const lanes = this.#assigned.length;
    const isSpare = this.#idle * 2 >= lanes;
    const isCalm = this.#pending * CALM < this.#runLength * lanes;
    const together = (isSpare && isCalm) || (this.#group.left > 0 && !this.#isUnderWay(this.#group.lane));
    return this.#goOn(together ? this.#group : table, isSpare);
  }

  #goOn(run: Run, isSpare: boolean): number {
    // A lane that has begun lets what comes now wait for the whole of its batch: another one is free.
    if (run.left === 0 || (isSpare && this.#isUnderWay(run.lane))) this.#move(run);
    run.left--;
    return run.lane;
  }

  #isUnderWay(lane: number): boolean {
    return (this.#taken[lane] ?? 0) > this.doneOf(lane);
  }

  /** To the lane with the least to do. One with changes of another table alone has to have much less to do. */
  #move(run: Run): void {
    const lanes = this.#assigned.length;
    let best = run.lane;
    let lowest = Infinity;
    for (let i = 1; i <= lanes; i++) {
      const lane = (this.#last + i) % lanes;
      const load = (this.#assigned[lane] ?? 0) - this.doneOf(lane);
      const owner = this.#owners[lane];
      const isForeign = load > 0 && owner !== undefined && owner !== run;
      const cost = isForeign ? load + FOREIGN_RUNS * this.#runLength : load;
      if (cost < lowest) {
        best = lane;
        lowest = cost;
      }
    }
    run.lane = best;
    run.left = this.#runLength;
    this.#owners[best] = run;
    this.#last = best;
  }
}

/** What the lanes could take at once, divided by what there is, from which on there is no hurry. */
const CALM = 8;

/** Runs by which a lane of the same table may have more to do than one of another. */
const FOREIGN_RUNS = 2;

/** A run that has no lane yet. */
export function newRun(): Run {
  return { lane: 0, left: 0 };
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0);
}
