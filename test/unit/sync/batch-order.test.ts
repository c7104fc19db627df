/**
 * Batches against a model of a downstream table: whatever is in it, and whatever changes come (filters may have left out
 * those between them, tables that are merged into one may have the same keys), a batch leaves what its changes leave in order.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRouter } from '../../../src/filter/router.js';
import type { RowChange } from '../../../src/sync/events.js';
import { Pipeline, type BatchWriter } from '../../../src/sync/write/pipeline.js';
import type { RowJob } from '../../../src/sync/write/row-job.js';
import {
  mergedStatements,
  plainStatements,
  type Merging,
  type RowStatement,
} from '../../../src/sync/write/statements.js';
import { TablePlan } from '../../../src/sync/write/table-plan.js';
import { column, index, insert, job, MYSQL, planOf, remove, table, update } from './support.js';

const COLUMNS = [column('id', 'int', { nullable: false }), column('a', 'int')];
const SOURCE = table('t', COLUMNS, [index('PRIMARY', 'id')]);
const plan = planOf(SOURCE);

class Refused extends Error {}

/** A table with the columns `id` (its key) and `a` that understands the statements of a batch. */
class ModelTable {
  readonly rows: Map<string, string>;
  #count = 0;

  constructor(rows: ReadonlyMap<string, string>) {
    this.rows = new Map(rows);
  }

  execute(sql: string): void {
    const list = /VALUES (\(.*?\))(?: ON|$)/.exec(sql)?.[1] ?? '';
    const tuples = Array.from(list.matchAll(/\((\d+),(\d+)\)/g), ([, id = '', a = '']): [string, string] => [id, a]);
    if (sql.startsWith('SELECT')) this.#prove(sql);
    else if (sql.startsWith('DELETE')) this.#delete(sql);
    else if (sql.startsWith('UPDATE')) this.#update(sql);
    else if (sql.includes('ON DUPLICATE')) this.#upsert(tuples);
    else this.#insert(tuples, sql.startsWith('REPLACE'));
  }

  #prove(sql: string): void {
    if (this.#count !== Number(/<> (\d+)/.exec(sql)?.[1])) throw new Refused('ROW_COUNT');
  }

  #delete(sql: string): void {
    const ids = Array.from(sql.matchAll(/\d+/g), ([id]) => id);
    this.#count = ids.filter((id) => this.rows.delete(id)).length;
  }

  #update(sql: string): void {
    const [to = '', a = '', from = ''] = Array.from(sql.matchAll(/\d+/g), ([number]) => number);
    this.#count = this.rows.has(from) ? 1 : 0;
    if (!this.rows.delete(from)) return;
    if (this.rows.has(to)) throw new Refused('duplicate');
    this.rows.set(to, a);
  }

  #upsert(tuples: [string, string][]): void {
    this.#count = 0;
    for (const [id, a] of tuples) {
      const before = this.rows.get(id);
      if (before !== a) this.#count += before === undefined ? 1 : 2;
      this.rows.set(id, a);
    }
  }

  #insert(tuples: [string, string][], replaces: boolean): void {
    for (const [id, a] of tuples) {
      if (this.rows.has(id) && !replaces) throw new Refused('duplicate');
      this.rows.set(id, a);
    }
  }
}

/** What is left of the rows, or that a statement was refused: then nothing of the transaction is. */
function outcome(
  rows: ReadonlyMap<string, string>,
  statements: readonly RowStatement[],
): [string, string][] | 'refused' {
  const model = new ModelTable(rows);
  try {
    for (const { sql } of statements) model.execute(sql);
  } catch (error) {
    if (error instanceof Refused) return 'refused';
    throw error;
  }
  return [...model.rows].toSorted(([a], [b]) => Number(a) - Number(b));
}

/** As a writer sends it: merged, then change by change. */
function batch(
  rows: ReadonlyMap<string, string>,
  jobs: readonly RowJob[],
  merging: Merging = { compact: true, multipleRows: true },
): [string, string][] | 'refused' {
  const merged = outcome(rows, mergedStatements(jobs, merging));
  return merged === 'refused' ? outcome(rows, jobs.flatMap(plainStatements)) : merged;
}

const id = fc.integer({ min: 1, max: 4 });
const value = fc.integer({ min: 1, max: 3 });
const image = fc.tuple(id, value).map((cells) => [...cells]);
const change: fc.Arbitrary<RowChange> = fc.oneof(
  image.map(insert),
  image.map(remove),
  fc.tuple(image, image).map(([before, after]) => update(before, after)),
  fc.tuple(image, value).map(([before, a]) => update(before, [before[0], a])),
);
const state = fc.array(fc.tuple(id.map(String), value.map(String)), { maxLength: 4 }).map((rows) => new Map(rows));

const merging: fc.Arbitrary<Merging> = fc.record({ compact: fc.boolean(), multipleRows: fc.boolean() });

describe('a batch', () => {
  test.each([false, true])('leaves what its changes leave in order, whatever is there; safe mode %s', (safe) => {
    fc.assert(
      fc.property(state, fc.array(change, { minLength: 1, maxLength: 8 }), merging, (rows, changes, mode) => {
        const jobs = changes.map((each, i) => job(i + 1, plan, each, { safe }));
        const ordered = outcome(rows, jobs.flatMap(plainStatements));
        // A row that comes and goes within the batch is not sent: that it would have been refused is not seen.
        fc.pre(ordered !== 'refused');
        expect(batch(rows, jobs, mode)).toEqual(ordered);
      }),
      { numRuns: 3_000 },
    );
  });

  test('keeps a row that comes again where a filter left out the one of before', () => {
    const jobs = [job(1, plan, remove([1, 1])), job(2, plan, insert([1, 2]))];
    expect(batch(new Map(), jobs)).toEqual([['1', '2']]);
  });

  test('brings back no row whose insertion a filter left out', () => {
    const jobs = [job(1, plan, remove([1, 1])), job(2, plan, update([1, 2], [1, 3]))];
    expect(batch(new Map([['1', '1']]), jobs)).toEqual([]);
    expect(batch(new Map(), [job(1, plan, update([1, 1], [2, 1]))])).toEqual([]);
  });
});

describe('tables that are merged into one', () => {
  const rules = [{ name: 'r', schemaPattern: 'db', tablePattern: 't_*', targetSchema: 'all', targetTable: 't' }];
  const mapping = createRouter(rules, true);
  const downstream = { structure: { ...SOURCE, schema: 'all' }, hasTriggers: false, children: [] };
  const planFor = (name: string, columns = COLUMNS): TablePlan =>
    new TablePlan({ ...SOURCE, name, columns }, downstream, mapping, MYSQL);
  const [one, two] = [planFor('t_1'), planFor('t_2')];

  test('that have the same key are refused, and no row takes the place of another', () => {
    const jobs = [job(1, one, insert([1, 1])), job(2, two, insert([1, 2]))];
    expect(batch(new Map(), jobs)).toBe('refused');
  });

  test('share transactions where their columns are equal', async () => {
    const swapped = planFor('t_3', COLUMNS.toReversed());
    const plans = [one, two, one, two, swapped, swapped, one];
    const jobs = plans.map((each, i) => job(i + 1, each, insert([i, i])));
    expect(await batchesOf(jobs, 100)).toEqual([4, 2, 1]);
  });
});

describe('the size of a batch', () => {
  test('counts rows, not their changes: those of one row become one', async () => {
    const [first, second, third] = [1, 2, 3].map((each) => insert([each, 0]));
    const changes = [first, ...[1, 2, 3, 4].map((a) => update([1, a - 1], [1, a])), second, third].flatMap(
      (each) => each ?? [],
    );
    const jobs = changes.map((each, i) => job(i + 1, plan, each));
    expect(await batchesOf(jobs, 2)).toEqual([6, 1]);
    expect(await batchesOf(jobs, 2, false)).toEqual([2, 2, 2, 1]);
  });

  test('counts each change of a table whose rows are not merged', async () => {
    const twoKeys = planOf(table('t', COLUMNS, [index('PRIMARY', 'id'), index('UNIQUE', 'a')]));
    const jobs = [insert([1, 1]), update([1, 1], [1, 2]), update([1, 2], [1, 3])].map((each, i) =>
      job(i + 1, twoKeys, each),
    );
    expect(await batchesOf(jobs, 2)).toEqual([2, 1]);
  });
});

/** Sizes of the batches that a single lane makes of the changes. */
async function batchesOf(jobs: readonly RowJob[], limit: number, compact = true): Promise<number[]> {
  const batches: number[] = [];
  const writer: BatchWriter = {
    slot: 1,
    batches: 0,
    session: undefined,
    apply: async (taken) => {
      batches.push(taken.length);
      return Promise.resolve({ missed: new Map() });
    },
    keepAlive: async () => Promise.resolve(),
    interrupt: () => batches.push(-1),
    close: () => undefined,
  };
  const limits = { batch: limit, compact, batchBytes: 1 << 20, maxRows: 1000, maxBytes: 1 << 20 };
  const pipeline = new Pipeline({
    writers: [writer],
    ...limits,
    onApplied: () => undefined,
    onFailed: () => undefined,
  });
  for (const each of jobs) void pipeline.submit(each);
  await pipeline.drained();
  await pipeline.stop();
  return batches;
}
