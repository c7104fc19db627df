import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { describe, expect, it, vi } from 'vitest';
import { connectTo, endWithEachTest, testServers } from '../support/servers.js';
import { System } from '../support/system.js';
import { isAtWork, Migration } from './migrations.js';

endWithEachTest();

/** Longer than the heartbeat timeout of a unit (8 s), so that Temporal gives it to another worker meanwhile. */
const FROZEN_MS = 12_000;

/**
 * From the freeze to another worker at work: the heartbeat timeouts of the process and of its unit, and what Temporal hands to the
 * frozen one meanwhile, which is lost until it times out.
 */
const TAKEOVER_MS = 60_000;
const GIVEN_UP_MS = 60_000;

describe('a worker that is frozen past its heartbeat timeout while another takes over', () => {
  it.each([
    ['stops writing by its own watchdog', {}],
    ['is kept from writing by the fence alone', { DM_WATCHDOG: 'off' }],
  ])('%s', async (_how, env: Record<string, string>) => {
    const { mysqlUp: up, mysqlDown: down } = testServers();
    // One of its own for each: a frozen worker swallows what others ask of the cluster.
    const system = await System.start();
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
    const fence = await connectTo(down);
    const owner = async (): Promise<string> => {
      const [rows] = await fence.query<RowDataPacket[]>(
        `SELECT DISTINCT owner FROM \`meta_${migration.database}\`.\`${migration.task}_fence\``,
      );
      return rows.map((row) => String(row['owner'])).join();
    };
    const ours = other.name;
    await vi.waitUntil(async () => (await owner()) === ours, { timeout: GIVEN_UP_MS, interval: 100 });
    await migration.until((view) => isAtWork(view) && view.state.worker === ours);
    const takeover = Date.now() - frozenAt;
    console.log(`taken over after ${takeover} ms`);
    await sleep(Math.max(0, FROZEN_MS - takeover));
    expect(await owner()).toBe(ours);

    // Awake again, with its sockets open and its queues full: whatever it would write now would come twice.
    migration.worker.resume();
    await sleep(6_000);
    await writer.stop();
    await migration.expectEqual();
    expect(await owner()).toBe(ours);
    const view = await migration.until((now) => now.state.stage === 'Running');
    expect(view.state.worker).toBe(ours);
    expect(await system.replayWorkflows()).toBeGreaterThan(0);
    // Last, so that a slow machine does not hide who wrote what.
    expect(takeover).toBeLessThan(TAKEOVER_MS);
    await system.dmctl('stop-task', migration.task);
    await migration.worker.stop();
    await other.stop();
  });
});
