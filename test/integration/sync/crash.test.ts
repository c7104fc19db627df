import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { build, ChildUnit } from './child-unit.js';
import { expectEqual, makeFixture, replicate, RunningUnit, type UpstreamName } from './harness.js';
import { randomSource, Workload } from './workload.js';

beforeAll(build);

const UPSTREAMS: UpstreamName[] = ['mysqlUp', 'mariadbUp'];

describe.each(UPSTREAMS)('%s', (upstream) => {
  test('a random workload with DDL arrives', async () => {
    const fixture = await makeFixture(upstream);
    const workload = new Workload(fixture.up, 7);
    await workload.prepare();
    const unit = new RunningUnit(fixture.config);
    for (let i = 0; i < 300; i++) {
      await workload.transaction(12);
      if (i % 40 === 20) await workload.ddl();
    }
    await unit.synced(fixture.up);
    await unit.stop();
    await expectEqual(fixture);
    expect(await workload.keylessRows()).toBeGreaterThan(10);
  });

  test.each([
    'sync.before-checkpoint-read=crash',
    'sync.before-batch=crash@9',
    'sync.before-commit=crash@9',
    'sync.after-commit=crash@9',
    'sync.before-flush=crash@2',
    'sync.flush-before-commit=crash@3',
    'sync.after-flush=crash@3',
    'ddl.before-old-flush=crash@9',
    'ddl.before-track=crash@10',
    'ddl.before-execute=crash@9',
    'ddl.before-save=crash@10',
    'ddl.before-new-flush=crash@9',
  ])('killed at %s, nothing is lost or doubled', async (fault) => {
    const fixture = await makeFixture(upstream);
    const workload = new Workload(fixture.up, fault.length);
    await workload.prepare();
    for (let i = 0; i < 30; i++) await workload.transaction(12);
    const child = new ChildUnit(fixture.config, fault);
    for (let i = 0; i < 60; i++) {
      await workload.transaction(12);
      if (i % 10 === 5) await workload.ddl();
    }
    expect((await child.end).signal, child.stderr).toBe('SIGKILL');
    await replicate(fixture);
  });

  test('killed at ten random moments under load, the two sides are equal', async () => {
    const fixture = await makeFixture(upstream);
    const seed = Number(process.env['DM_TEST_SEED'] ?? 20);
    const random = randomSource(seed);
    const workload = new Workload(fixture.up, seed);
    await workload.prepare();
    const load = { on: true };
    const writing = (async () => {
      for (let i = 0; load.on; i++) {
        await workload.transaction(12);
        if (i % 100 === 50) await workload.ddl();
      }
    })();
    for (let i = 0; i < 10; i++) {
      const child = new ChildUnit(fixture.config);
      await sleep(300 + random() * 1200);
      child.kill();
      await child.end;
    }
    load.on = false;
    await writing;
    await replicate(fixture);
  });
});
