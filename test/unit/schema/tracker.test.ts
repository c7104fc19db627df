import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StructureSeed } from '../../../src/schema/tracker.js';
import { applyAll, columnNames, MemoryStore, mysql, newTracker, read, table } from './helpers.js';

function seed(origin: StructureSeed['origin'], sql: string, asked: string[] = []): StructureSeed {
  return {
    origin,
    load: async (schema, name) => {
      asked.push(`${origin} ${schema}.${name}`);
      return { ...table(sql), schema, name };
    },
  };
}

describe('seeding', () => {
  test('SCH-01: the dump gives the first structure, not a downstream with more columns in other order', async () => {
    const tracker = newTracker(undefined, {
      seeds: [
        seed('dump', 'CREATE TABLE t (a INT, b INT)'),
        seed('downstream', 'CREATE TABLE t (b INT, extra INT, a INT)'),
      ],
    });
    expect(columnNames(await tracker.get('db', 't'))).toEqual(['a', 'b']);
  });

  test('the checkpoint goes before all seeds, and what it knows as dropped stays dropped', async () => {
    const store = new MemoryStore();
    store.tables.set('db.t', table('CREATE TABLE t (a INT, c INT)'));
    store.tables.set('db.gone', null);
    const asked: string[] = [];
    const tracker = newTracker(store, { seeds: [seed('dump', 'CREATE TABLE t (a INT)', asked)] });
    expect(columnNames(await tracker.get('db', 't'))).toEqual(['a', 'c']);
    expect(await tracker.get('db', 'gone')).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test('a seeded structure goes into the next checkpoint; a rollback before that asks the seed again', async () => {
    const asked: string[] = [];
    const store = new MemoryStore();
    const tracker = newTracker(store, { seeds: [seed('dump', 'CREATE TABLE t (a INT)', asked)] });
    await tracker.get('db', 't');
    expect(tracker.pending()).toHaveLength(1);
    tracker.rollback();
    await tracker.get('db', 't');
    expect(asked).toHaveLength(2);
    store.flush(tracker);
    tracker.rollback();
    await tracker.get('db', 't');
    expect(asked).toHaveLength(2);
  });

  test('two callers that need a table at the same time share one load', async () => {
    const store = new MemoryStore();
    store.tables.set('db.t', table('CREATE TABLE t (a INT)'));
    const tracker = newTracker(store);
    const [a, b] = await Promise.all([tracker.get('db', 't'), tracker.get('db', 't')]);
    expect(a).toBe(b);
    expect(store.loads).toBe(1);
  });

  test('CREATE TABLE ... SELECT: the columns are asked of a server, never of the older dump', async () => {
    const asked: string[] = [];
    const tracker = newTracker(undefined, {
      seeds: [seed('dump', 'CREATE TABLE t (old INT)', asked), seed('upstream', 'CREATE TABLE t (n INT)', asked)],
    });
    const changes = await tracker.apply(read('CREATE TABLE t SELECT 1 AS n'));
    expect(changes).toEqual([{ kind: 'created', schema: 'db', table: 't', known: false }]);
    expect(columnNames(await tracker.get('db', 't'))).toEqual(['n']);
    expect(asked).toEqual(['upstream db.t']);
  });
});

describe('what a statement needs', () => {
  const older = 'CREATE TABLE t (a INT, b INT)';

  test('is known before it is applied, so that the checkpoint has the structure of before', async () => {
    const store = new MemoryStore();
    const tracker = newTracker(store, { seeds: [seed('upstream', older)] });
    await tracker.preload(read('ALTER TABLE t ADD c INT'));
    store.flush(tracker);
    await applyAll(tracker, 'ALTER TABLE t ADD c INT');
    tracker.rollback();
    await applyAll(tracker, 'ALTER TABLE t ADD c INT');
    expect(columnNames(await tracker.get('db', 't'))).toEqual(['a', 'b', 'c']);
  });

  test('comes from the downstream where the upstream shows what the statement made', async () => {
    const tracker = newTracker(undefined, {
      seeds: [seed('upstream', 'CREATE TABLE t (a INT)'), seed('downstream', older)],
    });
    await tracker.preload(read('ALTER TABLE t DROP COLUMN b'));
    expect(columnNames(await tracker.get('db', 't'))).toEqual(['a', 'b']);
    await applyAll(tracker, 'ALTER TABLE t DROP COLUMN b');
    expect(columnNames(await tracker.get('db', 't'))).toEqual(['a']);
  });

  test('stays as first seeded where no structure fits, and applying reports it', async () => {
    const tracker = newTracker(undefined, {
      seeds: [seed('upstream', 'CREATE TABLE t (a INT)'), seed('downstream', older)],
    });
    await tracker.preload(read('ALTER TABLE t DROP COLUMN z'));
    expect(columnNames(await tracker.get('db', 't'))).toEqual(['a']);
    await expect(applyAll(tracker, 'ALTER TABLE t DROP COLUMN z')).rejects.toMatchObject({ code: 44006 });
  });

  test('CREATE TABLE IF NOT EXISTS: only the downstream shows what was there before', async () => {
    const asked: string[] = [];
    const later = seed('upstream', 'CREATE TABLE t (a INT, later INT)', asked);
    const tracker = newTracker(undefined, { seeds: [later] });
    await applyAll(tracker, 'CREATE TABLE IF NOT EXISTS t (a INT)');
    expect(columnNames(await tracker.get('db', 't'))).toEqual(['a']);
    expect(asked).toEqual([]);
    const existing = newTracker(undefined, { seeds: [later, seed('downstream', older, asked)] });
    await applyAll(existing, 'CREATE TABLE IF NOT EXISTS t (a INT)');
    expect(columnNames(await existing.get('db', 't'))).toEqual(['a', 'b']);
    expect(asked).toEqual(['downstream db.t']);
  });
});

describe.each([1, 2] as const)('lower_case_table_names=%i', (lowerCaseTableNames) => {
  const profile = { ...mysql, lowerCaseTableNames };

  test('store and seeds are asked for the names as the server stores them', async () => {
    const asked: string[] = [];
    const store = new MemoryStore();
    const tracker = newTracker(store, { profile, seeds: [seed('upstream', 'CREATE TABLE t (a INT)', asked)] });
    await applyAll(tracker, 'ALTER TABLE DB.T ADD b INT');
    expect(asked).toEqual(['upstream db.t']);
    store.flush(tracker);
    expect([...store.tables.keys()]).toEqual(['db.t']);
    const next = newTracker(store, { profile });
    expect(columnNames(await next.get('Db', 'T'))).toEqual(['a', 'b']);
  });

  test('a dropped table is stored under that name too', async () => {
    const store = new MemoryStore();
    const tracker = newTracker(store, { profile });
    await applyAll(tracker, 'CREATE TABLE T (a INT)', 'DROP TABLE DB.T');
    store.flush(tracker);
    expect([...store.tables]).toEqual([['db.t', null]]);
  });
});

describe('applying', () => {
  test('SCH-02: a DDL that is not sent downstream still changes the structure and reaches the checkpoint', async () => {
    const store = new MemoryStore();
    const tracker = newTracker(store);
    await applyAll(tracker, 'CREATE TABLE t (a INT)');
    store.flush(tracker);
    await applyAll(tracker, 'ALTER TABLE t ADD b INT');
    expect(tracker.pending().map(({ name }) => name)).toEqual(['t']);
    store.flush(tracker);
    const restarted = newTracker(store);
    expect(columnNames(await restarted.get('db', 't'))).toEqual(['a', 'b']);
  });

  test.each([
    ['INT', 'VARCHAR(20)', 'varchar(20)'],
    ['DOUBLE', 'INT', 'int'],
    ['VARCHAR(10)', 'BIGINT UNSIGNED', 'bigint unsigned'],
    ['DATETIME', 'JSON', 'json'],
  ])('SCH-03: the type of a column changes from %s to %s', async (from, to, printed) => {
    const tracker = newTracker();
    await applyAll(tracker, `CREATE TABLE t (a ${from})`, `ALTER TABLE t MODIFY a ${to}`);
    expect((await tracker.get('db', 't'))?.columns[0]?.columnType).toBe(printed);
  });

  test('SCH-05: a structure set for a table without checkpoint is written with the next flush', async () => {
    const store = new MemoryStore();
    const tracker = newTracker(store);
    tracker.put(table('CREATE TABLE t (a INT, b INT)'));
    store.flush(tracker);
    expect(columnNames(store.tables.get('db.t') ?? undefined)).toEqual(['a', 'b']);
    tracker.rollback();
    expect(columnNames(await tracker.get('db', 't'))).toEqual(['a', 'b']);
  });

  test('SYN-24: a foreign key to a table that nobody knows does not stop the task', async () => {
    const store = new MemoryStore();
    store.tables.set('db.a', table('CREATE TABLE a (id INT, b_id INT)'));
    const tracker = newTracker(store);
    await applyAll(tracker, 'ALTER TABLE a ADD FOREIGN KEY (b_id) REFERENCES b (id)');
    expect((await tracker.get('db', 'a'))?.foreignKeys).toMatchObject([{ name: 'a_ibfk_1', refTable: 'b' }]);
  });

  test('SYN-24: CREATE TABLE ... LIKE as the first statement fetches the other table', async () => {
    const store = new MemoryStore();
    store.tables.set('other.a', { ...table('CREATE TABLE a (id INT)'), schema: 'other' });
    const tracker = newTracker(store);
    await applyAll(tracker, 'CREATE TABLE copy LIKE other.a');
    expect(columnNames(await tracker.get('db', 'copy'))).toEqual(['id']);
  });

  test('44006: a statement that does not fit changes nothing', async () => {
    const tracker = newTracker();
    await applyAll(tracker, 'CREATE TABLE t (a INT)');
    const sql = 'ALTER TABLE t ADD b INT, DROP COLUMN nothing';
    await expect(tracker.apply(read(sql))).rejects.toMatchObject({
      code: 44006,
      message: `cannot track DDL: ${sql}`,
      rawCause: "unknown column 'nothing'",
    });
    expect(columnNames(await tracker.get('db', 't'))).toEqual(['a']);
  });

  test('44006: an ALTER of a table that nobody knows', async () => {
    await expect(applyAll(newTracker(), 'ALTER TABLE t ADD b INT')).rejects.toMatchObject({ code: 44006 });
  });

  test('swapping names in one RENAME TABLE', async () => {
    const tracker = newTracker();
    await applyAll(
      tracker,
      'CREATE TABLE a (x INT)',
      'CREATE TABLE b (y INT)',
      'RENAME TABLE a TO tmp, b TO a, tmp TO b',
    );
    expect(columnNames(await tracker.get('db', 'a'))).toEqual(['y']);
    expect(columnNames(await tracker.get('db', 'b'))).toEqual(['x']);
    expect(await tracker.has('db', 'tmp')).toBe(false);
  });

  test('a table that takes its name from an unknown one outlives the process', async () => {
    const store = new MemoryStore();
    store.tables.set('db.t', table('CREATE TABLE t (old INT)'));
    const upstream = seed('upstream', 'CREATE TABLE t (a INT, b INT)');
    const load: StructureSeed['load'] = async (schema, name) =>
      name === 't' ? upstream.load(schema, name) : undefined;
    const seeds = [{ ...upstream, load }];
    const first = newTracker(store, { seeds });
    await applyAll(first, 'RENAME TABLE t TO gone, ghost TO t');
    store.flush(first);
    const second = newTracker(store);
    expect(columnNames(await second.get('db', 't'))).toEqual(['a', 'b']);
    expect(columnNames(await second.get('db', 'gone'))).toEqual(['old']);
  });

  test('DROP DATABASE also hides tables that only the checkpoint and the dump know', async () => {
    const store = new MemoryStore();
    store.tables.set('db.t', table('CREATE TABLE t (a INT)'));
    const tracker = newTracker(store, { seeds: [seed('dump', 'CREATE TABLE u (a INT)')] });
    await applyAll(tracker, 'DROP DATABASE db', 'CREATE DATABASE db');
    expect(await tracker.has('db', 't')).toBe(false);
    expect(await tracker.has('db', 'u')).toBe(false);
    tracker.rollback();
    expect(await tracker.has('db', 't')).toBe(true);
  });

  test('temporary tables and statements about other things change nothing', async () => {
    const tracker = newTracker();
    await applyAll(tracker, 'CREATE TABLE t (a INT)', 'CREATE TEMPORARY TABLE t (b INT)', 'DROP TEMPORARY TABLE t');
    await applyAll(tracker, 'TRUNCATE TABLE t', 'CREATE VIEW v AS SELECT 1', 'GRANT ALL ON *.* TO u');
    expect(columnNames(await tracker.get('db', 't'))).toEqual(['a']);
  });

  test.each([1, 2] as const)(
    'with lower_case_table_names=%i names differ by case only in the statement',
    async (mode) => {
      const tracker = newTracker(undefined, { profile: { ...mysql, lowerCaseTableNames: mode } });
      await applyAll(tracker, 'CREATE TABLE Db.T (a INT)', 'ALTER TABLE DB.t ADD b INT');
      expect(columnNames(await tracker.get('dB', 'T'))).toEqual(['a', 'b']);
      expect(tracker.pending()).toMatchObject([{ schema: 'db', name: 't' }]);
    },
  );

  test('without it they are different tables', async () => {
    const tracker = newTracker();
    await applyAll(tracker, 'CREATE TABLE t (a INT)', 'CREATE TABLE T (b INT)');
    expect(columnNames(await tracker.get('db', 'T'))).toEqual(['b']);
    expect(columnNames(await tracker.get('db', 't'))).toEqual(['a']);
  });

  test("a session's variables decide what its statement means", async () => {
    const tracker = newTracker();
    await tracker.apply(read('CREATE DATABASE latin'), { collationServer: 'latin1_bin' });
    await tracker.apply(read('CREATE TABLE latin.t (a CHAR(3))'));
    await tracker.apply(read('CREATE TABLE t (a TIMESTAMP)'), { explicitDefaultsForTimestamp: false, sqlMode: [] });
    expect((await tracker.get('latin', 't'))?.columns[0]).toMatchObject({ charset: 'latin1', collation: 'latin1_bin' });
    expect((await tracker.get('db', 't'))?.columns[0]).toMatchObject({ nullable: false, onUpdate: '0' });
  });
});

describe('flush and rollback', () => {
  test('CKP-07: rolling back touches only the tables that changed', async () => {
    const store = new MemoryStore();
    for (let number = 0; number < 10_000; number++) {
      const name = `t${number}`;
      store.tables.set(`db.${name}`, { ...table('CREATE TABLE t (a INT)'), name });
    }
    const tracker = newTracker(store, { cacheSize: 20_000 });
    for (let number = 0; number < 10_000; number++) await tracker.get('db', `t${number}`);
    await applyAll(tracker, 'ALTER TABLE t1 ADD b INT', 'ALTER TABLE t2 ADD b INT', 'DROP TABLE t3');
    store.loads = 0;
    tracker.rollback();
    for (let number = 0; number < 10_000; number++) {
      expect(columnNames(await tracker.get('db', `t${number}`))).toEqual(['a']);
    }
    expect(store.loads).toBe(3);
  });

  test('what changes while the checkpoint is written stays pending', async () => {
    const tracker = newTracker();
    await applyAll(tracker, 'CREATE TABLE t (a INT)', 'CREATE TABLE u (a INT)');
    const list = tracker.pending();
    await applyAll(tracker, 'ALTER TABLE t ADD b INT');
    tracker.flushed(list);
    expect(tracker.pending().map(({ name }) => name)).toEqual(['t']);
  });

  test('structures in hand do not change behind the holder', async () => {
    const tracker = newTracker();
    await applyAll(tracker, 'CREATE TABLE t (a INT NULL, b TIMESTAMP NOT NULL)');
    const before = await tracker.get('db', 't');
    const copy = structuredClone(before);
    await tracker.apply(read('ALTER TABLE t ADD PRIMARY KEY (a), ADD c INT'), { explicitDefaultsForTimestamp: false });
    expect(before).toEqual(copy);
  });

  test('SYN-10: after any order of DDL, flush and rollback the structure is that of the flushed statements and those since', async () => {
    const action = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }).map((number) => ({ kind: 'ddl' as const, number })) },
      { weight: 2, arbitrary: fc.constant({ kind: 'flush' as const }) },
      { weight: 2, arbitrary: fc.constant({ kind: 'rollback' as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const store = new MemoryStore();
        const tracker = newTracker(store, { cacheSize: 2 });
        let counter = 0;
        let flushed = new Map<string, string[]>();
        let now = new Map<string, string[]>();
        for (const step of actions) {
          if (step.kind === 'flush') {
            store.flush(tracker);
            flushed = structuredClone(now);
          } else if (step.kind === 'rollback') {
            tracker.rollback();
            now = structuredClone(flushed);
          } else {
            const name = `t${step.number}`;
            const columns = now.get(name);
            counter++;
            if (columns === undefined) {
              await applyAll(tracker, `CREATE TABLE ${name} (c${counter} INT)`);
              now.set(name, [`c${counter}`]);
            } else if (columns.length > 3) {
              await applyAll(tracker, `DROP TABLE ${name}`);
              now.delete(name);
            } else {
              await applyAll(tracker, `ALTER TABLE ${name} ADD c${counter} INT FIRST`);
              columns.unshift(`c${counter}`);
            }
          }
        }
        for (let number = 0; number < 4; number++) {
          const found = await tracker.get('db', `t${number}`);
          expect(columnNames(found)).toEqual(now.get(`t${number}`) ?? []);
        }
      }),
    );
  });
});

describe('memory and life', () => {
  test('SCH-07: memory holds no more unchanged structures than it may, however many tables there are', async () => {
    const store = new MemoryStore();
    const tracker = newTracker(store, { cacheSize: 50 });
    for (let number = 0; number < 2000; number++) {
      await applyAll(tracker, `CREATE TABLE t${number} (a INT)`);
      if (number % 40 === 0) store.flush(tracker);
    }
    store.flush(tracker);
    expect(tracker.size).toBeLessThanOrEqual(50);
    expect(await tracker.has('db', 't0')).toBe(true);
  });

  test('SCH-07: many statements about few tables leave nothing behind', async () => {
    const store = new MemoryStore();
    const tracker = newTracker(store);
    await applyAll(tracker, 'CREATE TABLE t (a INT)');
    for (let number = 0; number < 1000; number++) {
      await applyAll(
        tracker,
        'ALTER TABLE t ADD b INT',
        'ALTER TABLE t DROP b',
        'CREATE TABLE u (a INT)',
        'DROP TABLE u',
      );
      if (number % 100 === 0) tracker.rollback();
      if (number === 0) await applyAll(tracker, 'CREATE TABLE t (a INT)');
      if (number % 50 === 0) store.flush(tracker);
    }
    expect(tracker.size).toBe(2);
  });

  test('known defect: the tracker is closed between pause and resume and then refuses to be used', async () => {
    const tracker = newTracker();
    await applyAll(tracker, 'CREATE TABLE t (a INT)');
    tracker.close();
    expect(tracker.size).toBe(0);
    await expect(tracker.get('db', 't')).rejects.toMatchObject({ code: 44020 });
    await expect(applyAll(tracker, 'ALTER TABLE t ADD b INT')).rejects.toMatchObject({ code: 44020 });
  });

  test('forgetting a table asks the seeds anew', async () => {
    const asked: string[] = [];
    const tracker = newTracker(undefined, { seeds: [seed('dump', 'CREATE TABLE t (a INT)', asked)] });
    await tracker.get('db', 't');
    tracker.forget('db', 't');
    await tracker.get('db', 't');
    expect(asked).toHaveLength(2);
  });
});
