/** Where changes go that depend on none under way. */
import { describe, expect, test } from 'vitest';
import { Dependencies } from '../../../src/sync/write/dependencies.js';
import { column, index, insert, job, planOf, table, update } from './support.js';

const COLUMNS = [column('id', 'int', { nullable: false }), column('a', 'int')];
const plans = ['a', 'b', 'c', 'd'].map((name) => planOf(table(name, COLUMNS, [index('PRIMARY', 'id')])));

/** Lanes of which tests say when a batch begins and ends. */
class Lanes {
  readonly dependencies: Dependencies;
  readonly waiting: number[];
  readonly underWay: number[];
  #seq = 0;

  constructor(count: number, runLength: number) {
    this.dependencies = new Dependencies(count, runLength);
    this.waiting = Array.from({ length: count }, () => 0);
    this.underWay = Array.from({ length: count }, () => 0);
  }

  /** Places a row that is new. */
  place(at: number): number {
    this.#seq++;
    return this.#placed(at, this.#seq, true);
  }

  /** Places an update of a row. */
  again(at: number, id: number): number {
    this.#seq++;
    return this.#placed(at, id, false);
  }

  #placed(at: number, id: number, isNew: boolean): number {
    const plan = plans[at];
    if (plan === undefined) throw new Error(`no table ${at}`);
    const change = isNew ? insert([id, 1]) : update([id, 1], [id, 2]);
    const lane = this.dependencies.place(job(this.#seq, plan, change));
    this.waiting[lane] = (this.waiting[lane] ?? 0) + 1;
    return lane;
  }

  begin(lane: number): void {
    const count = this.waiting[lane] ?? 0;
    this.dependencies.took(lane, count);
    this.underWay[lane] = count;
    this.waiting[lane] = 0;
  }

  end(lane: number): void {
    this.dependencies.finished(lane, this.underWay[lane] ?? 0);
    this.underWay[lane] = 0;
  }
}

describe('while there is little to do', () => {
  test('the rows of a transaction go to an idle lane together', () => {
    const lanes = new Lanes(4, 100);
    const groups = [0, 1].map(() => {
      lanes.dependencies.nextGroup();
      return [0, 1, 2, 3].map((each) => lanes.place(each));
    });
    expect(groups.map((group) => new Set(group).size)).toEqual([1, 1]);
    expect(groups[0]?.[0]).not.toBe(groups[1]?.[0]);
  });

  test('a row does not wait behind a batch under way while a lane is idle', () => {
    const lanes = new Lanes(4, 100);
    lanes.dependencies.nextGroup();
    const first = lanes.place(0);
    lanes.begin(first);
    const second = lanes.place(0);
    expect(second).not.toBe(first);
    lanes.begin(second);
    lanes.dependencies.nextGroup();
    expect([first, second]).not.toContain(lanes.place(1));
  });

  test('a change of a row that is under way waits in its lane', () => {
    const lanes = new Lanes(4, 100);
    const lane = lanes.place(0);
    lanes.begin(lane);
    expect(lanes.again(0, 1)).toBe(lane);
  });
});

describe('while there is much to do', () => {
  /** Transactions of a row of each table. */
  function flood(lanes: Lanes, transactions: number, tables = 4): number[][] {
    return Array.from({ length: transactions }, () => {
      lanes.dependencies.nextGroup();
      return Array.from({ length: tables }, (_, each) => lanes.place(each));
    });
  }

  test('the rows of a table gather in lanes of their own', () => {
    const lanes = new Lanes(8, 10);
    for (let lane = 0; lane < 8; lane++) lanes.begin(lane);
    const placed = flood(lanes, 200).slice(40);
    const byTable = [0, 1, 2, 3].map((each) => new Set(placed.map((row) => row[each])));
    for (const used of byTable) expect(used.size).toBe(2);
    expect(new Set(byTable.flatMap((used) => [...used])).size).toBe(8);
  });

  test('nothing is hurried while catching up: a batch under way lets those of its table gather', () => {
    const lanes = new Lanes(8, 10);
    lanes.dependencies.isBehind = true;
    const [first] = flood(lanes, 1);
    expect(new Set(first).size).toBe(4);
    for (let lane = 0; lane < 8; lane++) lanes.begin(lane);
    expect(flood(lanes, 9)).toEqual(Array.from({ length: 9 }, () => first));
    expect(flood(lanes, 1)).not.toEqual([first]);
  });

  test('all lanes are filled alike when the rows are of one table', () => {
    const lanes = new Lanes(8, 10);
    flood(lanes, 800, 1);
    expect(Math.max(...lanes.waiting) - Math.min(...lanes.waiting)).toBeLessThanOrEqual(10);
  });

  test('a table with more to do than others gets more lanes', () => {
    const lanes = new Lanes(4, 10);
    flood(lanes, 40);
    for (let i = 0; i < 400; i++) lanes.place(0);
    expect(Math.max(...lanes.waiting) - Math.min(...lanes.waiting)).toBeLessThanOrEqual(40);
  });
});
