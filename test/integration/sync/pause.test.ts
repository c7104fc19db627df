import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { describe, expect, test } from 'vitest';
import { acquireFence } from '../../../src/meta/fence.js';
import { metaTables } from '../../../src/meta/tables.js';
import { awkwardSession, sessions } from '../../support/process-list.js';
import { connectTo, onFileEnd, testServers } from '../../support/servers.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { expectEqual, makeFixture, replicate, RunningUnit } from './harness.js';

/** A pause is done within two seconds, the way of the request through Temporal (half a second) included. */
const PAUSE_MS = 1_500;

/** Statements that the server executes, or lets wait for a lock, of which the text holds this. */
async function underWay(down: Connection, text: string): Promise<number> {
  return (await sessions(down)).filter(({ statement }) => statement.includes(text)).length;
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + 10_000; !(await condition()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
  }
}

describe('a pause is done at once', () => {
  test('while rows wait for a lock of somebody else, and leaves nothing behind that waits on', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, down, database, config } = fixture;
    await up.query('CREATE TABLE locked (id INT PRIMARY KEY, a INT)');
    await up.query('CREATE TABLE keyless (a INT)');
    await up.query('INSERT INTO locked VALUES (1, 1), (2, 2)');
    await replicate(fixture);
    const holder = await connectTo(testServers().mysqlDown);
    await awkwardSession(testServers().mysqlDown);
    await holder.query('BEGIN');
    await holder.query(`SELECT * FROM \`${database}\`.locked FOR UPDATE`);
    await up.query('UPDATE locked SET a = a + 10');
    for (let i = 0; i < 50; i++) await up.query('INSERT INTO keyless VALUES (?)', [i]);
    for (let round = 0; round < 2; round++) {
      const unit = new RunningUnit(config);
      await until(async () => (await underWay(down, `${database}\`.\`locked\` `)) > 0, 'the update waits for the lock');
      expect(await unit.stop()).toBeLessThan(PAUSE_MS);
      await until(async () => (await underWay(down, `${database}\`.\`locked\` `)) === 0, 'the update waits no more');
    }
    await holder.query('COMMIT');
    await replicate(fixture);
  });

  test('while the unit waits for transactions of its predecessor', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, config } = fixture;
    await up.query('CREATE TABLE t (id INT PRIMARY KEY)');
    await replicate(fixture);
    const holder = await connectTo(testServers().mysqlDown);
    const tables = metaTables(config.metaSchema, config.task);
    const fence = await acquireFence(holder, { tables, sourceId: config.sourceId, slots: 5, owner: 'another' });
    await holder.query('BEGIN');
    await holder.query(fence.checkSql(2));
    await up.query('INSERT INTO t VALUES (1)');
    const unit = new RunningUnit(config);
    await sleep(700);
    expect(await unit.stop()).toBeLessThan(PAUSE_MS);
    await holder.query('ROLLBACK');
    await replicate(fixture);
  });

  test.each(['up', 'down'] as const)('while the line to the %sstream is dead', async (side) => {
    const fixture = await makeFixture('mysqlUp');
    const { up, config } = fixture;
    const reached = side === 'up' ? config.from : config.to;
    const proxy = await TcpProxy.start({ ...reached });
    onFileEnd(() => proxy.stop());
    const direct = { ...reached };
    Object.assign(reached, { host: proxy.host, port: proxy.port });
    await up.query('CREATE TABLE t (id INT PRIMARY KEY)');
    const unit = new RunningUnit(config);
    await unit.synced(up);
    proxy.stall();
    await up.query('CREATE TABLE later (id INT PRIMARY KEY)');
    for (let i = 0; i < 20; i++) await up.query('INSERT INTO t VALUES (?)', [i]);
    await sleep(500);
    // The last checkpoint is given a second.
    expect(await unit.stop()).toBeLessThan(PAUSE_MS + 1_000);
    Object.assign(reached, direct);
    proxy.heal();
    await replicate(fixture);
  });
});

test('structures are asked for again when the connection breaks meanwhile', async () => {
  const fixture = await makeFixture('mysqlUp');
  const { up, config } = fixture;
  const proxies = [config.from, config.to].map(async (server) => {
    const proxy = await TcpProxy.start({ ...server });
    onFileEnd(() => proxy.stop());
    Object.assign(server, { host: proxy.host, port: proxy.port });
    proxy.delay(3);
    return proxy;
  });
  const unit = new RunningUnit(config);
  const [above, below] = await Promise.all(proxies);
  for (let round = 0; round < 14; round++) {
    await up.query(`CREATE TABLE t${round} (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES t${round} (id))`);
    await up.query(`INSERT INTO t${round} VALUES (1, NULL), (2, 1)`);
    await sleep(30 + 17 * round);
    (round % 3 === 0 ? above : below)?.cut();
  }
  await unit.synced(up);
  await unit.stop();
  await expectEqual(fixture);
});
