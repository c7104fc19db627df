import { expect, it } from 'vitest';
import { testServers } from '../support/servers.js';
import { System } from '../support/system.js';
import { isAtWork, Migration } from './migrations.js';
import { randomNumbers } from './workload.js';

const KILLS = 30;
const KILLS_A_TASK = 6;
const SEED = Number(process.env['DM_SEED'] ?? 20_240_901);

it(`survives ${KILLS} kills of the worker at random moments of dump, load and sync (seed ${SEED})`, async () => {
  const random = randomNumbers(SEED);
  const system = await System.start();
  const units = new Map<string, number>();
  const recoveries: number[] = [];
  for (let done = 0; done < KILLS; done += KILLS_A_TASK) {
    const { mysqlUp, mariadbUp, mysqlDown: down } = testServers();
    const up = random() < 0.5 ? mysqlUp : mariadbUp;
    const migration = await Migration.prepare({ up, down, system, rows: 20_000 });
    await migration.worker.start();
    await migration.createSource();
    const writer = await migration.writer(done, 10);
    writer.start();
    const starting = migration.start();
    await migration.until(isAtWork);
    for (let i = 0; i < KILLS_A_TASK; i++) {
      // The first ones early, where dump and load are.
      await new Promise((resolve) => setTimeout(resolve, random() * (i < 4 ? 600 : 3_000)));
      const view = await migration.until(() => true);
      units.set(view.state.unit, (units.get(view.state.unit) ?? 0) + 1);
      await migration.worker.kill();
      recoveries.push(await migration.recover(Date.now()));
    }
    await starting;
    await migration.untilSyncing();
    await writer.stop();
    await migration.expectEqual();
    await system.dmctl('stop-task', migration.task);
    await migration.worker.stop();
  }
  console.log(`killed in ${JSON.stringify(Object.fromEntries(units))}; slowest recovery ${Math.max(...recoveries)} ms`);
  expect(recoveries).toHaveLength(KILLS);
  expect(await system.replayWorkflows()).toBeGreaterThan(0);
}, 1_800_000);
