import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { connectTo, testServers } from '../support/servers.js';
import { System } from '../support/system.js';
import { isAtWork, Migration } from './migrations.js';

/** Longer than the heartbeat timeout of a unit (8 s), so that Temporal gives it to another worker meanwhile. */
const FROZEN_MS = 12_000;

let system: System;
beforeAll(async () => {
  system = await System.start();
});

describe('a worker that is frozen past its heartbeat timeout while another takes over', () => {
  it.each([
    ['stops writing by its own watchdog', {}],
    ['is kept from writing by the fence alone', { DM_WATCHDOG: 'off' }],
  ])('%s', async (_how, env: Record<string, string>) => {
    const { mysqlUp: up, mysqlDown: down } = testServers();
    const migration = await Migration.prepare({ up, down, system });
    await migration.worker.start(env);
    await migration.createSource();
    await migration.startWell();
    await migration.untilSyncing();
    const other = system.worker(`${migration.task}-other`);
    await other.start();
    const writer = await migration.writer(4);
    writer.start();
    await sleep(1_000);

    migration.worker.freeze();
    const frozenAt = Date.now();
    await migration.until(
      (view) => view.state.worker.endsWith('-other') && isAtWork(view) && (view.running?.lastHeartbeat ?? 0) > frozenAt,
      40_000,
    );
    const takeover = Date.now() - frozenAt;
    await sleep(Math.max(0, FROZEN_MS - takeover));
    const fence = await connectTo(down);
    const owner = async (): Promise<unknown> => {
      const [rows] = await fence.query(
        `SELECT DISTINCT owner FROM \`meta_${migration.database}\`.\`${migration.task}_fence\``,
      );
      return rows;
    };
    expect(await owner()).toEqual([{ owner: `${migration.task}-other` }]);

    // Awake again, with its sockets open and its queues full: whatever it would write now would come twice.
    migration.worker.resume();
    await sleep(6_000);
    await writer.stop();
    await migration.expectEqual();
    expect(await owner()).toEqual([{ owner: `${migration.task}-other` }]);
    const view = await migration.until((now) => now.state.stage === 'Running');
    expect(view.state.worker).toBe(`${migration.task}-other`);
    console.log(`taken over after ${takeover} ms`);
    await system.dmctl('stop-task', migration.task);
    await migration.worker.stop();
    await other.stop();
  });
});
