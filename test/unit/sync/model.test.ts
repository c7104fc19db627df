/**
 * The pipeline against a model of a downstream that knows unique keys: random changes, random speeds, batches that fail
 * and processes that die at random must leave what the changes leave one after the other.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Pipeline, type BatchWriter } from '../../../src/sync/write/pipeline.js';
import type { BatchResult } from '../../../src/sync/write/writer.js';
import type { RowChange, RowImage } from '../../../src/sync/events.js';
import type { RowJob } from '../../../src/sync/write/row-job.js';
import { decodeSeqs, encodeSeqs, SeqSet, type SeqRange } from '../../../src/sync/checkpoint/seq-set.js';
import type { TablePlan } from '../../../src/sync/write/table-plan.js';
import { column, index, insert, job, planOf, remove, table, text, update } from './support.js';

/** A table that refuses what a server refuses. */
class ModelTable {
  rows: RowImage[] = [];
  readonly #unique: number[][];

  constructor(unique: number[][]) {
    this.#unique = unique;
  }

  apply(change: RowChange): void {
    if (change.kind !== 'insert') {
      const at = this.rows.findIndex((row) => same(row, change.before));
      if (at < 0) throw new Error(`no row ${JSON.stringify(change.before)}`);
      this.rows.splice(at, 1);
    }
    if (change.kind === 'delete') return;
    if (this.conflicts(change.after)) throw new Error(`duplicate ${JSON.stringify(change.after)}`);
    this.rows.push(change.after);
  }

  conflicts(image: RowImage): boolean {
    return this.#unique.some((columns) => {
      if (columns.some((at) => image[at] === null)) return false;
      return this.rows.some((row) => columns.every((at) => fold(row[at]) === fold(image[at])));
    });
  }

  sorted(): string[] {
    return this.rows.map((row) => JSON.stringify(row)).sort();
  }
}

const fold = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase().trimEnd() : value);
const same = (a: RowImage, b: RowImage): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The downstream: tables, and the bookkeeping that is committed with them. */
class ModelServer {
  readonly tables = new Map<string, ModelTable>();
  readonly booked: Buffer[] = [];
  commits = 0;

  table(plan: TablePlan, unique: number[][]): void {
    this.tables.set(plan.target, new ModelTable(unique));
  }

  commit(jobs: readonly RowJob[]): void {
    for (const { plan, change } of jobs) this.tables.get(plan.target)?.apply(change);
    this.booked.push(encodeSeqs(jobs.map(({ seq }) => seq)));
    this.commits++;
  }
}

/** Applies batches to the model after a pause; dies when told. */
class ModelWriter implements BatchWriter {
  batches = 0;
  readonly slot: number;
  readonly #server: ModelServer;
  readonly #pause: () => number;
  readonly #isDead: () => boolean;

  constructor(slot: number, server: ModelServer, pause: () => number, isDead: () => boolean) {
    this.slot = slot;
    this.#server = server;
    this.#pause = pause;
    this.#isDead = isDead;
  }

  async apply(jobs: readonly RowJob[]): Promise<BatchResult> {
    for (let i = this.#pause(); i > 0; i--) await Promise.resolve();
    if (this.#isDead()) throw new Error('killed');
    this.#server.commit(jobs);
    this.batches++;
    return { missed: new Map() };
  }

  async keepAlive(): Promise<void> {
    await Promise.resolve();
  }

  /** A batch is over in no time. */
  readonly session = undefined;

  interrupt(): void {
    throw new Error('nothing of a model waits for a lock');
  }

  close(): void {
    this.batches += 0;
  }
}

interface Case {
  name: string;
  plan: TablePlan;
  unique: number[][];
}

const CASES: Case[] = [
  {
    name: 'primary key',
    plan: planOf(
      table('pk', [column('id', 'int', { nullable: false }), column('a', 'int'), text('v')], [index('PRIMARY', 'id')]),
    ),
    unique: [[0]],
  },
  {
    name: 'two unique keys, one textual without case',
    plan: planOf(
      table(
        'two',
        [column('id', 'int', { nullable: false }), column('a', 'int'), text('v')],
        [index('PRIMARY', 'id'), index('UNIQUE', 'v')],
      ),
    ),
    unique: [[0], [2]],
  },
  {
    name: 'nullable unique key alone',
    plan: planOf(table('nul', [column('id', 'int'), column('a', 'int'), text('v')], [index('UNIQUE', 'a')])),
    unique: [[1]],
  },
  {
    name: 'no key',
    plan: planOf(table('none', [column('id', 'int'), column('a', 'int'), text('v')], [])),
    unique: [],
  },
];

/** A stream of changes that the upstream accepted, made from random wishes. */
function streamOf(wishes: readonly [number, number, number, number][]): { plan: TablePlan; change: RowChange }[] {
  const upstream = new ModelServer();
  for (const { plan, unique } of CASES) upstream.table(plan, unique);
  const stream: { plan: TablePlan; change: RowChange }[] = [];
  const words = ['a', 'A', 'b', 'é', 'B ', 'c'];
  for (const [which, kind, x, y] of wishes) {
    const found = CASES[which % CASES.length];
    const model = found === undefined ? undefined : upstream.tables.get(found.plan.target);
    if (found === undefined || model === undefined) continue;
    const image: RowImage = [x % 6, y % 4 === 0 ? null : y % 7, words[(x + y) % words.length] ?? ''];
    const old = model.rows[x % Math.max(1, model.rows.length)];
    const change =
      old === undefined || kind % 3 === 0 ? insert(image) : kind % 3 === 1 ? update(old, image) : remove(old);
    try {
      model.apply(change);
      stream.push({ plan: found.plan, change });
    } catch {
      // The upstream refuses it; what an update took away comes back.
      if (change.kind === 'update') model.rows.push(change.before);
    }
  }
  return stream;
}

const wishes = fc.array(fc.tuple(fc.nat(3), fc.nat(20), fc.nat(30), fc.nat(30)), { minLength: 20, maxLength: 200 });

function expectedOf(stream: { plan: TablePlan; change: RowChange }[]): ModelServer {
  const server = new ModelServer();
  for (const { plan, unique } of CASES) server.table(plan, unique);
  for (const [i, { plan, change }] of stream.entries()) server.commit([job(i + 1, plan, change)]);
  return server;
}

function expectSame(server: ModelServer, expected: ModelServer): void {
  for (const [name, model] of expected.tables) expect(server.tables.get(name)?.sorted(), name).toEqual(model.sorted());
}

describe('random changes over random lanes', () => {
  test('leave what they leave one after the other, over any number of deaths', async () => {
    await fc.assert(
      fc.asyncProperty(
        wishes,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 20 }),
        fc.infiniteStream(fc.nat(9)),
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }),
        async (wanted, lanes, batch, pauses, deaths) => {
          const stream = streamOf(wanted);
          const server = new ModelServer();
          for (const { plan, unique } of CASES) server.table(plan, unique);
          const pause = (): number => pauses.next().value ?? 0;
          for (const lifetime of [...deaths, Infinity]) {
            const diesAt = server.commits + lifetime;
            const done: SeqRange[] = server.booked.flatMap((bytes) => decodeSeqs(bytes));
            const applied = new SeqSet(done);
            const writers = Array.from(
              { length: lanes },
              (_, i) => new ModelWriter(i + 1, server, pause, () => server.commits >= diesAt),
            );
            const pipeline = new Pipeline({
              writers,
              batch,
              compact: true,
              batchBytes: 1 << 20,
              maxRows: 50,
              maxBytes: 1 << 20,
              onApplied: () => undefined,
              onFailed: () => undefined,
            });
            try {
              for (const [i, { plan, change }] of stream.entries()) {
                if (i % 5 === 0) pipeline.nextGroup();
                if (applied.has(i + 1)) continue;
                const wait = pipeline.submit(job(i + 1, plan, change));
                if (wait !== undefined) await wait;
              }
              await pipeline.drained();
              expect(pipeline.lowestPending).toBeUndefined();
            } catch (error) {
              expect(String(error)).toContain('killed');
            }
            await pipeline.stop();
          }
          expectSame(server, expectedOf(stream));
          const all = server.booked.flatMap((bytes) => decodeSeqs(bytes));
          expect(all.reduce((sum, { first, last }) => sum + last - first + 1, 0)).toBe(stream.length);
        },
      ),
      { numRuns: 150 },
    );
  });
});
