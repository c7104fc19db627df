import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { beforeAll, expect, test } from 'vitest';
import { acquireFence, FenceLostError } from '../../../src/meta/fence.js';
import { createMetaTables, dropMetaTables, metaTables } from '../../../src/meta/tables.js';
import { LOST_CONTACT } from '../../../src/unit.js';
import { connectTo, testServers } from '../../support/servers.js';
import { build, ChildUnit } from './child-unit.js';
import { expectEqual, makeFixture, RunningUnit } from './harness.js';

beforeAll(build);

test.each(['mysqlDown', 'mariadbUp'] as const)(
  'on %s a transaction of an earlier owner fails, a later one waits for it',
  async (server) => {
    const [first, second] = [await connectTo(testServers()[server]), await connectTo(testServers()[server])];
    const tables = metaTables(`e_fence_${Math.random().toString(36).slice(2)}`, 'ta`sk');
    try {
      await createMetaTables(first, tables);
      const options = { tables, sourceId: "so'urce", slots: 3, owner: 'w1' };
      const old = await acquireFence(first, options);
      await first.query('BEGIN');
      await first.query(old.checkSql(2));
      const next = acquireFence(second, { ...options, slots: 2, owner: 'w2' });
      const before = await Promise.race([next.then(() => 'acquired'), sleep(300).then(() => 'waits')]);
      expect(before).toBe('waits');
      await first.query('COMMIT');
      const fence = await next;
      expect(fence.epoch).toBe(old.epoch + 1);
      for (const slot of [0, 1, 2]) {
        const error: unknown = await first.query(old.checkSql(slot)).catch((cause: unknown) => cause);
        expect(await old.explain(first, error)).toBeInstanceOf(FenceLostError);
      }
      await second.query(fence.checkSql(1));
      expect(await fence.isHeld(second)).toBe(true);
      const overflow: unknown = await second.query('SELECT EXP(1000)').catch((cause: unknown) => cause);
      expect(await fence.explain(second, overflow)).toBe(overflow);
      await dropMetaTables(second, tables);
      await createMetaTables(second, tables);
      await expect(second.query(fence.checkSql(1))).rejects.toMatchObject({ errno: 1690 });
    } finally {
      await first.query(`DROP DATABASE IF EXISTS ${tables.schema}`);
    }
  },
);

test('of two units of one subtask the later one goes on and the earlier one ends without writing', async () => {
  const fixture = await makeFixture('mysqlUp');
  const { up, config } = fixture;
  await up.query('CREATE TABLE keyless (a INT)');
  const earlier = new RunningUnit(config);
  await up.query('INSERT INTO keyless VALUES (1)');
  await earlier.synced(up);
  const later = new RunningUnit(config);
  await later.synced(up);
  for (let i = 0; i < 20; i++) await up.query('INSERT INTO keyless VALUES (?)', [i]);
  await expect(earlier.result).rejects.toBeInstanceOf(FenceLostError);
  await later.synced(up);
  await later.stop();
  await expectEqual(fixture);
});

test('a process stopped in mid-flight wakes to find its place taken, and nothing is doubled', async () => {
  const fixture = await makeFixture('mysqlUp');
  const { up, config } = fixture;
  await up.query('CREATE TABLE keyless (a INT)');
  for (let i = 0; i < 300; i++) await up.query('INSERT INTO keyless VALUES (?), (?)', [i, i]);
  const stopped = new ChildUnit(config, 'sync.before-commit=stall:50');
  // It must be at work: one that is stopped while it starts would take the place of its successor.
  while (stopped.progress === undefined) await sleep(20);
  await sleep(500);
  stopped.kill('SIGSTOP');
  const successor = new RunningUnit(config);
  await up.query('INSERT INTO keyless VALUES (-1)');
  await successor.synced(up);
  stopped.kill('SIGCONT');
  expect(await stopped.end).toEqual({ code: 3, signal: null });
  expect(stopped.stderr).toContain('taken over');
  await successor.stop();
  await expectEqual(fixture);
});

test('a unit that has lost contact writes nothing more, not even its checkpoint', async () => {
  const fixture = await makeFixture('mysqlUp');
  const { up, down, config } = fixture;
  await up.query('CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a INT)');
  const unit = new RunningUnit(config);
  await up.query('INSERT INTO t (a) VALUES (1)');
  await unit.synced(up);
  const stored = async (): Promise<unknown> => {
    const [rows] = await down.query<RowDataPacket[]>(`SELECT * FROM \`${config.metaSchema}\`.t_syncer_checkpoint`);
    return rows;
  };
  const before = await stored();
  const writing = Promise.all(Array.from({ length: 20 }, () => up.query('INSERT INTO t (a) VALUES (2)')));
  const took = await unit.stop(LOST_CONTACT);
  expect(took).toBeLessThan(1_000);
  await writing;
  expect(await stored()).toEqual(before);
  const next = new RunningUnit(config);
  await next.synced(up);
  await next.stop();
  await expectEqual(fixture);
});

test('a process stopped before it sends a DDL wakes to find its place taken, and does not send it', async () => {
  const fixture = await makeFixture('mysqlUp');
  const { up, down, config } = fixture;
  await up.query('CREATE TABLE t (id INT PRIMARY KEY)');
  await up.query('INSERT INTO t VALUES (1), (2)');
  await up.query('TRUNCATE TABLE t');
  // The first DDL is CREATE DATABASE, the second CREATE TABLE.
  const stopped = new ChildUnit(config, 'ddl.before-execute=stall:3000@3');
  const meta = `\`${config.metaSchema}\`.t_sync_state`;
  const intent = async (): Promise<unknown> => {
    const [rows] = await down
      .query<RowDataPacket[]>(`SELECT ddl, seq FROM ${meta} WHERE ddl IS NOT NULL`)
      .catch(() => [[]]);
    const [count] = await down.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM t').catch(() => [[]]);
    return rows.length > 0 && Number(count[0]?.['n']) === 2;
  };
  await down.query(`CREATE DATABASE IF NOT EXISTS \`${fixture.database}\``);
  await down.query(`USE \`${fixture.database}\``);
  await expect.poll(intent, { timeout: 30_000, interval: 100 }).toBe(true);
  stopped.kill('SIGSTOP');
  const successor = new RunningUnit(config);
  await up.query('INSERT INTO t VALUES (3)');
  await successor.synced(up);
  stopped.kill('SIGCONT');
  expect(await stopped.end).toEqual({ code: 3, signal: null });
  expect(stopped.stderr).toContain('taken over');
  await successor.stop();
  await expectEqual(fixture);
});
