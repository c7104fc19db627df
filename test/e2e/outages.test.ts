import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { subtaskWorkflowId } from '../../workflows/contract.js';
import { endWithEachTest, startPrivateServer, testServers } from '../support/servers.js';
import { addressOf } from '../../tools/servers/server-set.js';
import type { WorkerProgram } from '../support/system.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { historyLength, pauseQuickly } from './history.js';
import { isAtWork, Migration, type MigrationOptions } from './migrations.js';

endWithEachTest();

/** A migration that replicates, with an application writing. */
async function running(options: MigrationOptions): Promise<{ migration: Migration; stopWriting: () => Promise<void> }> {
  const migration = await Migration.prepare(options);
  await migration.worker.start();
  await migration.createSource();
  await migration.startWell();
  await migration.untilSyncing();
  const writer = await migration.writer(5);
  writer.start();
  await sleep(1_000);
  return { migration, stopWriting: () => writer.stop() };
}

async function asExpected(migration: Migration, worker: WorkerProgram): Promise<void> {
  await migration.until((view) => isAtWork(view) && view.state.stage === 'Running');
  await migration.expectEqual();
  expect(worker.isRunning()).toBe(true);
}

describe('replication goes on by itself', () => {
  it('after Temporal was killed and restarted', async () => {
    const { mysqlUp: up, mysqlDown: down } = testServers();
    const { migration, stopWriting } = await running({ up, down });
    await migration.system.temporal.kill();
    await sleep(12_000);
    await migration.system.temporal.restart();
    await sleep(2_000);
    await stopWriting();
    await asExpected(migration, migration.worker);
  });

  it('after the downstream was killed and restarted', async () => {
    const { mariadbUp: up } = testServers();
    const server = await startPrivateServer({ flavor: 'mysql' });
    const { migration, stopWriting } = await running({ up, down: addressOf(server) });
    await server.kill();
    await sleep(3_000);
    await server.restart();
    await stopWriting();
    await asExpected(migration, migration.worker);
  });

  it.each(['mysql', 'mariadb'] as const)('after the upstream (%s) was restarted', async (flavor) => {
    const { mysqlDown: down } = testServers();
    const server = await startPrivateServer({ flavor });
    const { migration, stopWriting } = await running({ up: addressOf(server), down });
    await stopWriting();
    await server.restart();
    const after = await migration.writer(6);
    after.start();
    await sleep(1_000);
    await after.stop();
    await migration.expectEqual();
  });

  it.each(['up', 'down'] as const)('after the network to the %sstream stalled, and broke', async (side) => {
    const { mysqlUp: up, mysqlDown: down } = testServers();
    const proxy = await TcpProxy.start(side === 'up' ? up : down);
    const by = { ...(side === 'up' ? up : down), host: proxy.host, port: proxy.port };
    const { migration, stopWriting } = await running({ up, down, ...(side === 'up' ? { upBy: by } : { downBy: by }) });
    proxy.stall();
    await sleep(8_000);
    proxy.heal();
    await sleep(1_000);
    proxy.cut();
    await sleep(1_000);
    proxy.refuse();
    await sleep(4_000);
    proxy.heal();
    await stopWriting();
    await asExpected(migration, migration.worker);
    await proxy.stop();
  });

  it.each([1213, 1205, 2013, 9007])('when the downstream answers with error %i', async (errno) => {
    const { mysqlUp: up, mysqlDown: down } = testServers();
    const { migration, stopWriting } = await running({ up, down });
    await migration.worker.stop();
    const faults = ['sync.before-commit', 'sync.flush-before-commit'].map((point) => `${point}=fail:${errno}@2`);
    await migration.worker.start({ DM_FAULT: faults.join(',') });
    await migration.untilSyncing();
    await sleep(2_000);
    await stopWriting();
    await asExpected(migration, migration.worker);
  });
});

describe('steady replication', () => {
  it('adds nothing to history, and pauses within two seconds in the middle of a large transaction', async () => {
    const { mysqlUp: up, mysqlDown: down } = testServers();
    const { migration, stopWriting } = await running({ up, down });
    const id = subtaskWorkflowId(migration.task, migration.source);
    const before = await historyLength(migration.system, id);
    await sleep(20_000);
    expect(await historyLength(migration.system, id)).toBe(before);
    await stopWriting();

    const table = `\`${migration.database}\`.keyless`;
    for (let rows = 3_000; rows < 150_000; rows *= 2) {
      await migration.upstream.query(`INSERT INTO ${table} SELECT a + 1, b, c FROM ${table}`);
    }
    await pauseQuickly(migration.system, migration.task, migration.source);
    await migration.system.dmctl('resume-task', migration.task);
    await migration.system.dmctl('stop-task', migration.task);
    await migration.startWell();
    await migration.expectEqual();
  });
});
