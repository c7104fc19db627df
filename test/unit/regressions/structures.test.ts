/** Defects of former versions around table structures, as far as no server is needed (release notes of DM 1.0 to 5.3). */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { Table } from '../../../src/schema/model.js';
import { applyAll, columnNames, MemoryStore, newTracker, read, table } from '../schema/helpers.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of live objects. */
function heap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

describe('SYN-11: of several places that may know a table, the one whose structure fits the rows is taken', () => {
  const places = (...statements: string[]) => ({
    seeds: statements.map((sql) => ({
      origin: 'upstream' as const,
      load: async (schema: string, name: string): Promise<Table> => ({ ...table(sql), schema, name }),
    })),
  });
  const hasColumns = (count: number) => (structure: Table) => structure.columns.length === count;

  test('whatever its place in the order', async () => {
    const options = places('CREATE TABLE t (a INT, b INT, c INT)', 'CREATE TABLE t (a INT)', 'CREATE TABLE t (x INT)');
    const tracker = newTracker(undefined, options);
    expect(columnNames(await tracker.get('db', 't', hasColumns(1)))).toEqual(['a']);
    expect(columnNames(await tracker.get('db', 't', hasColumns(3)))).toEqual(['a']);
  });

  test('one that fits not at all is shown and not kept', async () => {
    const store = new MemoryStore();
    const tracker = newTracker(store, places('CREATE TABLE t (a INT, b INT)'));
    expect(columnNames(await tracker.get('db', 't', hasColumns(3)))).toEqual(['a', 'b']);
    expect(tracker.pending()).toEqual([]);
  });

  test('what the checkpoint knows is not asked whether it fits', async () => {
    const store = new MemoryStore();
    store.tables.set('db.t', table('CREATE TABLE t (own INT)'));
    const tracker = newTracker(store, places('CREATE TABLE t (a INT, b INT, c INT)'));
    expect(columnNames(await tracker.get('db', 't', hasColumns(3)))).toEqual(['own']);
  });
});

describe('SCH-07: the tracker keeps nothing of what is over', () => {
  test('100,000 statements and 1,000 restarts', async () => {
    const store = new MemoryStore();
    await applyAll(newTracker(store), 'CREATE TABLE t (a INT)');
    const statements = [
      'CREATE TABLE t (a INT)',
      'ALTER TABLE t ADD b INT, ADD KEY k (b)',
      'RENAME TABLE t TO u',
      'ALTER TABLE u DROP COLUMN b',
      'DROP TABLE u',
    ].map((sql) => read(sql));
    const rounds = async (count: number): Promise<void> => {
      for (let round = 0; round < count; round++) {
        const tracker = newTracker(store);
        for (let times = 0; times < 20; times++) for (const statement of statements) await tracker.apply(statement);
        store.flush(tracker);
        tracker.close();
      }
    };
    await rounds(100);
    const before = heap();
    await rounds(1_000);
    expect(heap() - before).toBeLessThan(3e6);
  }, 60_000);

  test('20,000 tables: those in use stay in memory, the others in the checkpoint', async () => {
    const columns = Array.from({ length: 20 }, (_, index) => `c${index} VARCHAR(20) NOT NULL DEFAULT 'x'`);
    const model = table(`CREATE TABLE t (id INT PRIMARY KEY, ${columns.join(', ')})`);
    // As the real checkpoint: each load makes a structure of its own.
    const text = JSON.stringify(model);
    const store = { load: async (_: string, name: string) => ({ ...(JSON.parse(text) as Table), name }) };
    const tracker = newTracker(undefined, { store });
    const pass = async (count: number): Promise<void> => {
      for (let number = 0; number < count; number++) await tracker.get('db', `t${number}`);
    };
    await pass(2_500);
    const before = heap();
    await pass(20_000);
    expect(tracker.size).toBeLessThanOrEqual(2_000);
    expect(heap() - before).toBeLessThan(5e6);
    await tracker.apply(read('ALTER TABLE t17 ADD COLUMN more INT'));
    expect(tracker.pending()).toHaveLength(1);
  }, 60_000);
});
