/** Defects of former versions around table structures (release notes of DM 1.0 to 5.3). */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { beforeAll, describe, expect, test } from 'vitest';
import { quoteIdent } from '../../../src/mysql/quote.js';
import { build, ChildUnit } from '../sync/child-unit.js';
import { expectEqual, makeFixture, replicate, RunningUnit, type UpstreamName } from '../sync/harness.js';
import { randomSource } from '../sync/workload.js';
import { bothSides, catchUp, createDownstream, failure, fromHere, fullCopy, rows } from './support.js';

const UPSTREAMS: UpstreamName[] = ['mysqlUp', 'mariadbUp'];

describe('first structures', () => {
  test('SCH-01, known defect: replication begins with the structures of the dump, not those of a downstream made before', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, down, database } = fixture;
    await createDownstream(fixture);
    await up.query('CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(10), b INT)');
    await up.query("INSERT INTO t VALUES (1, 'one', 10), (2, 'two', 20)");
    await down.query(
      'CREATE TABLE t (b INT, extra VARCHAR(5) DEFAULT "x", id INT PRIMARY KEY, note INT, a VARCHAR(10))',
    );
    const dataDir = await fullCopy(fixture);
    // Rows of the structure at the dump's end, then of another one that the upstream has when replication starts.
    await up.query("INSERT INTO t VALUES (3, 'three', 30)");
    await up.query('ALTER TABLE t ADD COLUMN c INT FIRST, DROP COLUMN b');
    await up.query("INSERT INTO t VALUES (400, 4, 'four')");
    await up.query("UPDATE t SET c = 100, a = 'ONE' WHERE id = 1");
    await up.query('DELETE FROM t WHERE id = 2');
    await catchUp(fixture, dataDir);
    expect((await rows(down, database, 't')).map((row) => ({ ...row }))).toEqual([
      { c: null, extra: 'x', id: 3, note: null, a: 'three' },
      { c: 100, extra: 'x', id: 1, note: null, a: 'ONE' },
      { c: 400, extra: 'x', id: 4, note: null, a: 'four' },
    ]);
  });

  test('SYN-11: a checkpoint without structures: they are found again, also behind changes still to come', async () => {
    const fixture = await bothSides([
      'CREATE TABLE t (id INT PRIMARY KEY, a INT)',
      'CREATE TABLE u (id INT PRIMARY KEY)',
    ]);
    const { up, down, config } = fixture;
    await up.query('INSERT INTO t VALUES (1, 1)');
    await up.query('INSERT INTO u VALUES (1)');
    await catchUp(fixture);
    await down.query(`DELETE FROM ${quoteIdent(config.metaSchema)}.t_syncer_checkpoint WHERE is_global = 0`);
    await up.query('INSERT INTO t VALUES (2, 2)');
    await up.query('ALTER TABLE t ADD COLUMN b INT AFTER id');
    await up.query('INSERT INTO t VALUES (3, 30, 3)');
    await up.query('INSERT INTO u VALUES (2)');
    await replicate(fixture);
  });

  test('SYN-11: a structure that cannot fit the rows stops the unit before anything wrong is written', async () => {
    const fixture = await bothSides(['CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)']);
    const { up, down, database, config } = fixture;
    await up.query('INSERT INTO t VALUES (1, 1, 1)');
    await catchUp(fixture);
    await down.query(`DELETE FROM ${quoteIdent(config.metaSchema)}.t_syncer_checkpoint WHERE is_global = 0`);
    await up.query('INSERT INTO t VALUES (2, 2, 2)');
    await up.query('ALTER TABLE t DROP COLUMN a');
    await down.query('ALTER TABLE t DROP COLUMN a');
    const error = await failure(fixture);
    expect([36027, 44005]).toContain(error.code);
    expect(error.message).toMatch(/column/i);
    expect(await rows(down, database, 't')).toMatchObject([{ id: 1 }]);
  });

  test('SYN-12: a downstream with more columns gets the rows of an incremental task, and follows its DDL', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, down, database } = fixture;
    await createDownstream(fixture);
    await up.query('CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(5))');
    await down.query(
      'CREATE TABLE t (made TIMESTAMP DEFAULT CURRENT_TIMESTAMP, b VARCHAR(5), a INT, id INT PRIMARY KEY, extra INT)',
    );
    const task = await fromHere(fixture);
    await up.query("INSERT INTO t VALUES (1, 10, 'x'), (2, 20, 'y'), (3, 30, 'z')");
    await up.query("UPDATE t SET b = 'yy' WHERE id = 2");
    await up.query('DELETE FROM t WHERE id = 3');
    await catchUp(task);
    await up.query('ALTER TABLE t ADD COLUMN c INT DEFAULT 7 AFTER id, MODIFY b VARCHAR(20)');
    await up.query("INSERT INTO t VALUES (4, 44, 40, 'longer than five')");
    await catchUp(task);
    expect(await rows(down, database, 't')).toHaveLength(3);
    const [found] = await down.query('SELECT id, c, a, b, extra FROM t WHERE made IS NOT NULL ORDER BY id');
    expect(found).toEqual([
      { id: 1, c: 7, a: 10, b: 'x', extra: null },
      { id: 2, c: 7, a: 20, b: 'yy', extra: null },
      { id: 4, c: 44, a: 40, b: 'longer than five', extra: null },
    ]);
  });

  test('SYN-24: the first event of a task refers to tables that nobody has spoken of yet', async () => {
    const fixture = await bothSides([
      'CREATE TABLE parent (id INT PRIMARY KEY)',
      'CREATE TABLE child (id INT PRIMARY KEY, parent_id INT, KEY (parent_id))',
      'CREATE TABLE pattern (id INT PRIMARY KEY, v VARCHAR(10) DEFAULT "x", KEY kv (v))',
    ]);
    const { up } = fixture;
    await up.query('ALTER TABLE child ADD CONSTRAINT fk FOREIGN KEY (parent_id) REFERENCES parent (id)');
    await up.query('CREATE TABLE copy LIKE pattern');
    await up.query('INSERT INTO parent VALUES (1)');
    await up.query('INSERT INTO child VALUES (1, 1)');
    await up.query('INSERT INTO copy (id) VALUES (1)');
    await replicate(fixture);
  });

  test('SYN-24: a foreign key to a table that is not replicated does not stop the task, nor filter the statement', async () => {
    const fixture = await bothSides(
      ['CREATE TABLE t (id INT PRIMARY KEY, p INT, KEY kp (p))', 'CREATE TABLE out_parent (id INT PRIMARY KEY)'],
      {},
    );
    const { up, down, database, config } = fixture;
    config.blockAllowList = { doDbs: [database], ignoreTables: [{ dbName: database, tblName: 'out_*' }] };
    await up.query('ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (p) REFERENCES out_parent (id), ADD COLUMN v INT');
    await up.query('CREATE TABLE out_child (id INT PRIMARY KEY, t_id INT, FOREIGN KEY (t_id) REFERENCES t (id))');
    await up.query('SET foreign_key_checks = 0');
    await up.query('INSERT INTO t VALUES (1, NULL, 5)');
    await catchUp(fixture);
    expect(await rows(down, database, 't')).toEqual([{ id: 1, p: null, v: 5 }]);
    const [tables] = await down.query<RowDataPacket[]>("SHOW TABLES LIKE 'out_child'");
    expect(tables).toHaveLength(0);
  });
});

describe.each(UPSTREAMS)('structures that change, %s', (upstream) => {
  beforeAll(build);

  test('SYN-10: columns come and go between rows, killed at random moments', async () => {
    const fixture = await makeFixture(upstream);
    const { up } = fixture;
    const random = randomSource(Number(process.env['DM_TEST_SEED'] ?? 10));
    const columns: string[] = [];
    const load = { on: true, made: 0 };
    await up.query('CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a INT)');
    const change = async (): Promise<void> => {
      if (columns.length > 4) {
        const [gone] = columns.splice(Math.floor(random() * columns.length), 1);
        await up.query(`ALTER TABLE t DROP COLUMN ${gone}`);
        return;
      }
      const name = `c${++load.made}`;
      const place = ['FIRST', 'AFTER a', ''][load.made % 3];
      await up.query(`ALTER TABLE t ADD COLUMN ${name} INT DEFAULT 5 ${place}`);
      columns.push(name);
    };
    const writing = (async () => {
      for (let i = 0; load.on || load.made < 7; i++) {
        const names = ['a', ...columns];
        await up.query(`INSERT INTO t (${names.join(', ')}) VALUES (${names.map(() => i).join(', ')})`);
        await up.query(`UPDATE t SET ${names[i % names.length]} = ${i + 1} ORDER BY id DESC LIMIT 3`);
        if (i % 5 === 4) await change();
        await sleep(2);
      }
    })();
    for (let i = 0; i < 4; i++) {
      const child = new ChildUnit(fixture.config);
      await sleep(600 + random() * 900);
      child.kill();
      await child.end;
    }
    load.on = false;
    await writing;
    await replicate(fixture);
    expect(load.made).toBeGreaterThan(6);
  });

  test('SCH-03: the types of columns change between rows', async () => {
    const fixture = await bothSides(
      ['CREATE TABLE t (id INT PRIMARY KEY, a INT, b DOUBLE, c VARCHAR(10), d DATETIME, e CHAR(4))'],
      {},
      upstream,
    );
    const { up } = fixture;
    await up.query("INSERT INTO t VALUES (1, 5, 2.5, '17', '2020-01-02 03:04:05', 'abc')");
    await up.query('ALTER TABLE t MODIFY a VARCHAR(20), MODIFY b INT, MODIFY c BIGINT UNSIGNED');
    await up.query("INSERT INTO t VALUES (2, 'text', 7, 18446744073709551615, '2021-01-02 03:04:05', 'def')");
    await up.query('ALTER TABLE t CHANGE d day DATE, CHANGE e e VARBINARY(9)');
    await up.query("INSERT INTO t VALUES (3, 'x', 8, 1, '2022-01-02', 0xff00ff)");
    await up.query("UPDATE t SET a = 'y', day = '2023-01-01' WHERE id < 3");
    await replicate(fixture);
  });
});

describe('between two runs', () => {
  test('known defect: what the structures were before a pause is not used after it', async () => {
    const fixture = await bothSides(['CREATE TABLE t (id INT PRIMARY KEY, a INT)']);
    const { up } = fixture;
    for (let round = 1; round <= 3; round++) {
      const unit = new RunningUnit(fixture.config);
      await up.query(`INSERT INTO t SET id = ${round * 10}`);
      await unit.synced(up);
      await unit.stop();
      await up.query(`ALTER TABLE t ADD COLUMN c${round} INT DEFAULT ${round} FIRST`);
      await up.query(`INSERT INTO t SET id = ${round}, c${round} = 9`);
    }
    await replicate(fixture);
    await expectEqual(fixture);
  });
});
