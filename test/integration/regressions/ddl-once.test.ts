/** DDL is executed once: over lost connections, deaths in the middle, refusals, and requests that arrive late. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { beforeAll, describe, expect, test } from 'vitest';
import { alteringSessions, awkwardSession } from '../../support/process-list.js';
import { onFileEnd, testServers } from '../../support/servers.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { build, ChildUnit } from '../sync/child-unit.js';
import { expectEqual, makeFixture, position, replicate, RunningUnit, type Fixture } from '../sync/harness.js';
import { HoldingProxy } from './holding-proxy.js';
import { bothSides, catchUp, createDownstream, failure, fromHere, rows } from './support.js';

beforeAll(build);

/** Numbers of the threads that execute a statement on a table of the database. */
async function executing(down: Connection, database: string): Promise<number[]> {
  return (await alteringSessions(down, database)).map(({ id }) => id);
}

async function untilExecuting(down: Connection, database: string): Promise<number> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(20)) {
    const [thread] = await executing(down, database);
    if (thread !== undefined) return thread;
  }
  throw new Error('the downstream does not execute the statement');
}

/** How often the downstream has executed statements with the text to their end, as its binlog tells. */
async function executions(
  down: Connection,
  since: { binlogName: string; binlogPos: number },
  ...texts: string[]
): Promise<number> {
  const [events] = await down.query<RowDataPacket[]>('SHOW BINLOG EVENTS IN ? FROM ?', [
    since.binlogName,
    since.binlogPos,
  ]);
  return events.filter((row) => texts.every((text) => String(row['Info']).includes(text))).length;
}

/** A table whose ALTER takes some seconds downstream, where alone it has rows. */
async function slowTable(): Promise<Fixture & { since: { binlogName: string; binlogPos: number } }> {
  const fixture = await bothSides(['CREATE TABLE t (id INT PRIMARY KEY, v INT)']);
  const { up, down } = fixture;
  await up.query('INSERT INTO t VALUES (1, 1)');
  await catchUp(fixture);
  await down.query('INSERT INTO t VALUES (-1, 1), (-2, 1), (-3, 1), (-4, 1)');
  return { ...fixture, since: await position(down) };
}

/** Digests of tens of megabytes, for rows that have a negative number. */
const SLOW_ALTER =
  "ALTER TABLE t ADD COLUMN g INT AS (IF(id < 0, LENGTH(SHA2(REPEAT('x', 40000000), 512)), 0)) STORED, ADD KEY (v)";

async function expectOnce({ up, down, database, config, since }: Awaited<ReturnType<typeof slowTable>>): Promise<void> {
  expect(await executions(down, since, 'ALTER TABLE', database)).toBe(1);
  await down.query('DELETE FROM t WHERE id < 0');
  await expectEqual({ up, down, database, config });
}

describe('a DDL that the downstream goes on with', () => {
  test('when the connection is lost: it is waited for, not repeated', async () => {
    const fixture = await slowTable();
    const { up, down, database, config } = fixture;
    await awkwardSession(testServers().mysqlDown);
    const proxy = await TcpProxy.start({ ...config.to });
    onFileEnd(() => proxy.stop());
    const to = { ...config.to, host: proxy.host, port: proxy.port };
    const unit = new RunningUnit({ ...config, to });
    await up.query(SLOW_ALTER);
    await up.query('INSERT INTO t (id, v) VALUES (2, 2)');
    const thread = await untilExecuting(down, database);
    proxy.cut();
    await sleep(100);
    expect(await executing(down, database)).toEqual([thread]);
    await unit.synced(up);
    await unit.stop();
    await expectOnce(fixture);
  });

  test('when the process dies: the next one waits for it', async () => {
    const fixture = await slowTable();
    const { up, down, database, config } = fixture;
    const child = new ChildUnit(config);
    await up.query(SLOW_ALTER);
    await up.query('INSERT INTO t (id, v) VALUES (2, 2)');
    await untilExecuting(down, database);
    child.kill();
    await child.end;
    await catchUp(fixture);
    await expectOnce(fixture);
  });
});

test('a DDL that the downstream gave up is repeated', async () => {
  const fixture = await slowTable();
  const { up, down, database, config } = fixture;
  const unit = new RunningUnit(config);
  await up.query(SLOW_ALTER);
  await down.query(`KILL CONNECTION ${await untilExecuting(down, database)}`);
  await unit.synced(up);
  await unit.stop();
  await expectOnce(fixture);
});

test('a request that was held up on its way is not executed when another one has done its work', async () => {
  const fixture = await bothSides([
    'CREATE TABLE t (id INT PRIMARY KEY)',
    'CREATE TABLE t_new (id INT PRIMARY KEY)',
    'INSERT INTO t VALUES (1)',
    'INSERT INTO t_new VALUES (2)',
  ]);
  const { up, down, config } = fixture;
  const proxy = await HoldingProxy.start({ ...config.to });
  onFileEnd(() => proxy.stop());
  proxy.holdNext('RENAME TABLE');
  const since = await position(down);
  const unit = new RunningUnit({ ...config, to: { ...config.to, host: '127.0.0.1', port: proxy.port } });
  await up.query('RENAME TABLE t TO tmp, t_new TO t, tmp TO t_new');
  await up.query('INSERT INTO t VALUES (3)');
  await unit.synced(up);
  expect(proxy.isHolding).toBe(true);
  await proxy.deliver();
  await unit.stop();
  expect(await executions(down, since, 'RENAME TABLE', fixture.database)).toBe(1);
  await expectEqual(fixture);
});

/** The downstream as a user sees it who may not know the numbers of tables: pairs of a RENAME are executed one by one. */
async function withoutProcess(fixture: Fixture): Promise<Fixture> {
  const { down, database, config } = fixture;
  const user = `u_${database.slice(-20)}`;
  await down.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'pw'`);
  onFileEnd(async () => void (await down.query(`DROP USER '${user}'@'%'`)));
  for (const schema of [database, config.metaSchema]) await down.query(`GRANT ALL ON \`${schema}\`.* TO '${user}'@'%'`);
  return { ...fixture, config: { ...config, to: { ...config.to, user, password: 'pw' } } };
}

async function tableNames(down: Connection): Promise<string[]> {
  const [found] = await down.query<RowDataPacket[]>('SHOW TABLES');
  return found.map((row) => String(Object.values(row)[0]));
}

describe('a statement of several that is refused', () => {
  const tables = ['a', 'c', 'e'].map((name) => `CREATE TABLE ${name} (id INT PRIMARY KEY)`);
  const refused = { code: 10006, rawCause: expect.stringContaining('1050') as unknown };

  test('in its middle: once cured, it goes on there', async () => {
    const fixture = await withoutProcess(await bothSides(tables));
    const { up, down, database } = fixture;
    await down.query('CREATE TABLE d (of_somebody_else INT)');
    await up.query('RENAME TABLE a TO b, c TO d, e TO f');
    await up.query('INSERT INTO d VALUES (1)');
    expect(await failure(fixture)).toMatchObject(refused);
    expect(await tableNames(down)).toEqual(['b', 'c', 'd', 'e']);
    // Started once more without a cure, it is refused at the same place.
    expect(await failure(fixture)).toMatchObject(refused);
    await down.query('DROP TABLE d');
    await catchUp(fixture);
    expect(await tableNames(down)).toEqual(['b', 'd', 'f']);
    expect(await rows(down, database, 'd')).toEqual([{ id: 1 }]);
  });

  test('after its first half: what was made by hand in between is left alone', async () => {
    const fixture = await makeFixture('mariadbUp');
    const { up, down, database } = fixture;
    await createDownstream(fixture);
    await up.query('CREATE TABLE t (id INT PRIMARY KEY)');
    await down.query('CREATE TABLE t (id INT PRIMARY KEY)');
    // MySQL wants names of checks to differ in a whole database.
    await down.query('CREATE TABLE other (v INT, CONSTRAINT positive CHECK (v > 0))');
    const task = await fromHere(fixture);
    await up.query('CREATE OR REPLACE TABLE t (id INT PRIMARY KEY, v INT, CONSTRAINT positive CHECK (v > 0))');
    await up.query('INSERT INTO t VALUES (1, 1)');
    expect(await failure(task)).toMatchObject({ code: 10006, rawCause: expect.stringContaining('3822') as unknown });
    await down.query('CREATE TABLE t (id INT PRIMARY KEY, v INT, by_hand INT DEFAULT 7)');
    await catchUp(task);
    expect(await rows(down, database, 't')).toEqual([{ id: 1, v: 1, by_hand: 7 }]);
  });

  test('with other filters then: what is done stays done, what is filtered now is left out', async () => {
    const fixture = await withoutProcess(await bothSides(tables));
    const { up, down, database, config } = fixture;
    await down.query('CREATE TABLE d (of_somebody_else INT)');
    await up.query('RENAME TABLE a TO b, c TO d, e TO f');
    expect(await failure(fixture)).toMatchObject(refused);
    const ignoreTables = ['c', 'd'].map((tblName) => ({ dbName: database, tblName }));
    config.blockAllowList = { doDbs: [database], ignoreTables };
    await catchUp(fixture);
    expect(await tableNames(down)).toEqual(['b', 'c', 'd', 'f']);
  });
});

describe.each(['before-execute', 'before-save', 'before-new-flush'])('killed at ddl.%s', (point) => {
  test('what cannot be done twice is done once', async () => {
    const fixture = await bothSides([
      'CREATE TABLE p (id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100))',
      'CREATE TABLE x (id INT PRIMARY KEY, v INT)',
      'CREATE TABLE c (id INT PRIMARY KEY, a INT, b INT)',
      'INSERT INTO p VALUES (1, 1)',
      'INSERT INTO x VALUES (2, 2)',
      'INSERT INTO c VALUES (1, 10, 20)',
    ]);
    const { up, config } = fixture;
    await up.query('ALTER TABLE p EXCHANGE PARTITION p0 WITH TABLE x');
    await up.query('ALTER TABLE c RENAME COLUMN a TO b, RENAME COLUMN b TO a');
    await up.query('INSERT INTO x VALUES (3, 3)');
    await up.query('ALTER TABLE c DROP COLUMN b, ADD COLUMN b INT DEFAULT 5');
    await up.query('UPDATE c SET b = 6');
    for (const nth of [1, 2]) {
      const child = new ChildUnit(config, `ddl.${point}=crash@${nth}`);
      expect((await child.end).signal, child.stderr).toBe('SIGKILL');
    }
    await replicate(fixture);
  });
});
