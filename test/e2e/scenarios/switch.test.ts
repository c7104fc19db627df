/** S8: moving a source to another server of the same replication cluster. */
import { beforeAll, describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectTo } from '../../support/servers.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { onFileEnd } from '../../support/servers.js';
import { Bed, rowsOf, run, wellDone, type Site } from './bed.js';

const [A, B, C] = [0, 1, 2] as const;

let bed: Bed;
/** Where the address of the source leads now. */
const target = { host: '127.0.0.1', port: 0 };
let vip: TcpProxy;

beforeAll(async () => {
  bed = await Bed.start('mysql', 'mysql', 'mysql');
  await bed.worker('worker1');
  for (const number of [B, C]) await replicate(bed.up(number), bed.up(A));
  target.port = bed.up(A).address.port;
  vip = await TcpProxy.start(target);
  onFileEnd(() => vip.stop());
});

async function replicate(replica: Site, primary: Site): Promise<void> {
  const { host, port, user, password } = primary.address;
  await run(
    replica,
    'STOP REPLICA',
    `CHANGE REPLICATION SOURCE TO SOURCE_HOST = '${host}', SOURCE_PORT = ${port}, SOURCE_USER = '${user}',
      SOURCE_PASSWORD = '${password}', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1`,
    'START REPLICA',
  );
}

/** Writes round and round; the function that it answers ends it and waits until the replicas have everything. */
function application(primary: number, replicas: readonly number[]): () => Promise<void> {
  const state = { going: true };
  const write = async (): Promise<void> => {
    const db = await connectTo(bed.up(primary).address, 'shop');
    for (let n = 0; state.going; n++) {
      await db.query(`INSERT INTO t (v) VALUES (${n}), (${n + 1})`);
      await db.query('UPDATE t SET v = v + 1 WHERE id % 7 = 0 ORDER BY id DESC LIMIT 3');
      if (n % 5 === 0) await db.query('DELETE FROM t ORDER BY id LIMIT 1');
      await sleep(5);
    }
  };
  const done = write();
  return async () => {
    state.going = false;
    await done;
    const [[executed]] = await rowsOf(bed.up(primary), 'SELECT @@GLOBAL.gtid_executed');
    for (const number of replicas) {
      const sql = `SELECT WAIT_FOR_EXECUTED_GTID_SET('${executed}', 30)`;
      expect(await rowsOf(bed.up(number), sql)).toEqual([['0']]);
    }
  };
}

/** The manual's gate: what was replicated holds all that the new server has purged, and the new server has it all. */
async function expectSwitchable(to: number): Promise<void> {
  const sync = (await bed.queryStatus('move')).sources[0]?.subTaskStatus[0]?.['sync'] as { syncerBinlogGtid: string };
  const [[purged, executed]] = await rowsOf(
    bed.up(to),
    `SELECT GTID_SUBSET(@@GLOBAL.gtid_purged, '${sync.syncerBinlogGtid}'),
      GTID_SUBSET('${sync.syncerBinlogGtid}', @@GLOBAL.gtid_executed)`,
  );
  expect(sync.syncerBinlogGtid).not.toBe('');
  expect([purged, executed]).toEqual(['1', '1']);
}

async function masterPosition(): Promise<string> {
  const sync = (await bed.queryStatus('move')).sources[0]?.subTaskStatus[0]?.['sync'] as { masterBinlogGtid: string };
  return sync.masterBinlogGtid;
}

describe('S8: switch the upstream of a source', () => {
  const task = (): string => `name: move
task-mode: all
target-database:
${bed.target()}
mysql-instances:
  - source-id: "cluster"
    block-allow-list: "shop"
    syncer-config-name: "fast"
block-allow-list:
  shop:
    do-dbs: ["shop"]
syncers:
  fast:
    checkpoint-flush-interval: 1
`;

  it('procedure V: the address stays and leads to another server', async () => {
    await run(
      bed.up(A),
      'CREATE DATABASE shop',
      'CREATE TABLE shop.t (id INT PRIMARY KEY AUTO_INCREMENT, v INT)',
      'INSERT INTO shop.t (v) VALUES (1), (2), (3)',
    );
    const address = { ...bed.up(A).address, port: vip.port };
    await bed.createSource('cluster', address, 'enable-gtid: true');
    await bed.system.dmctl('start-task', await bed.file('s8.yaml', task()));
    await bed.untilSyncing('move', 'cluster');
    const stop = application(A, [B, C]);
    await sleep(1_500);
    await stop();
    expect(await bed.system.dmctl('pause-task', 'move')).toMatchObject({ op: 'Pause', sources: [wellDone('cluster')] });
    await expectSwitchable(B);
    await run(bed.up(B), 'STOP REPLICA');
    await replicate(bed.up(C), bed.up(B));
    // Other files and positions than the old server's: only GTIDs can be compared.
    await run(bed.up(B), 'FLUSH BINARY LOGS', 'FLUSH BINARY LOGS');
    target.port = bed.up(B).address.port;
    vip.cut();
    expect(await bed.system.dmctl('resume-task', 'move')).toMatchObject({
      op: 'Resume',
      sources: [wellDone('cluster')],
    });
    const stopNew = application(B, [C]);
    await sleep(1_500);
    await stopNew();
    await bed.caughtUp('move', 'cluster', B);
    await bed.expectEqual(['shop.t'], B);
    const [[uuid]] = await rowsOf(bed.up(B), 'SELECT @@server_uuid');
    expect(await masterPosition()).toContain(uuid);
  });

  it('procedure A, S8-E3: the source gets another address', async () => {
    const stop = application(B, [C]);
    await sleep(1_000);
    await stop();
    await bed.caughtUp('move', 'cluster', B);
    await expectSwitchable(C);
    // S8-E3: not while a task uses the source.
    expect(await bed.refused('operate-source', 'stop', '-s', 'cluster')).toContain('[code=46010:');
    await bed.system.dmctl('stop-task', 'move');
    await bed.system.dmctl('operate-source', 'stop', '-s', 'cluster');
    await run(bed.up(C), 'STOP REPLICA');
    await bed.createSource('cluster', bed.up(C).address, 'enable-gtid: true');
    const before = await rowsOf(bed.down, 'SELECT COUNT(*) FROM shop.t');
    await bed.system.dmctl('start-task', await bed.file('s8.yaml', task()));
    await bed.untilSyncing('move', 'cluster');
    const stopNew = application(C, []);
    await sleep(1_000);
    await stopNew();
    await bed.caughtUp('move', 'cluster', C);
    await bed.expectEqual(['shop.t'], C);
    expect(await rowsOf(bed.down, 'SELECT COUNT(*) FROM shop.t')).not.toEqual(before);
  });

  it('S8-E4, S8-E5: does not go on where the history is another one, or where there are no GTIDs', async () => {
    // B lacks what was written on C.
    await bed.system.dmctl('stop-task', 'move');
    await bed.system.dmctl('operate-source', 'stop', '-s', 'cluster');
    await bed.createSource('cluster', bed.up(B).address, 'enable-gtid: true');
    await bed.system.dmctl('start-task', await bed.file('s8.yaml', task()));
    const { code, text } = await bed.untilFailed('move', 'cluster');
    expect(code).toBe(36069);
    expect(text).toContain('the upstream lacks transactions that were replicated already');
    await bed.system.dmctl('stop-task', 'move');
    await bed.system.dmctl('operate-source', 'stop', '-s', 'cluster');
    await run(
      bed.up(A),
      'SET GLOBAL gtid_mode = ON_PERMISSIVE',
      'SET GLOBAL gtid_mode = OFF_PERMISSIVE',
      'SET GLOBAL gtid_mode = OFF',
    );
    const off = await bed.source('cluster', bed.up(A).address, 'enable-gtid: true');
    expect(await bed.refused('operate-source', 'create', off)).toContain('[code=26007:');
  });
});
