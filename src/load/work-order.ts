import { quoteTable } from '../mysql/quote.js';
import type { TargetTable } from '../filter/router.js';
import type { DataFile, DumpedTable } from './inventory.js';

/** A downstream table and the dumped tables that go into it: more than one where shards are merged. */
export interface TargetGroup {
  target: TargetTable;
  tables: DumpedTable[];
  /** Bytes of all data files. */
  bytes: number;
}

/** The tables of a dump by where they go, in their order. */
export function groupByTarget(tables: readonly DumpedTable[]): TargetGroup[] {
  const groups = new Map<string, TargetGroup>();
  for (const table of tables) {
    const name = quoteTable(table.target.schema, table.target.table);
    const group = groups.get(name) ?? { target: table.target, tables: [], bytes: 0 };
    groups.set(name, group);
    group.tables.push(table);
    group.bytes += table.bytes;
  }
  return [...groups.values()];
}

/** A data file, its table and where it goes. */
export interface FileWork {
  file: DataFile;
  table: DumpedTable;
  group: TargetGroup;
}

/** Files of all tables, the downstream tables taking turns, so that writers seldom meet in one table. */
export function interleave(groups: readonly TargetGroup[]): FileWork[] {
  const lanes = [...groups]
    .sort((a, b) => b.bytes - a.bytes)
    .map((group) => group.tables.flatMap((table) => table.data.map((file) => ({ file, table, group }))));
  const result: FileWork[] = [];
  const rounds = lanes.reduce((most, lane) => Math.max(most, lane.length), 0);
  for (let round = 0; round < rounds; round++) {
    for (const lane of lanes) {
      const work = lane[round];
      if (work !== undefined) result.push(work);
    }
  }
  return result;
}

/** Downstream tables whose rows are complete, for those who add their keys. */
export class WaitingRoom {
  readonly #groups: TargetGroup[];
  readonly #waiting: ((group: TargetGroup | undefined) => void)[] = [];
  #closed = false;

  constructor(groups: readonly TargetGroup[]) {
    this.#groups = [...groups];
  }

  add(group: TargetGroup): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#groups.push(group);
    else waiter(group);
  }

  /** No more tables will come. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiting.splice(0)) waiter(undefined);
  }

  next(): Promise<TargetGroup | undefined> {
    const group = this.#groups.shift();
    if (group !== undefined || this.#closed) return Promise.resolve(group);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
