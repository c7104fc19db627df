import { describe, expect, test } from 'vitest';
import { makeFixture, replicate, RunningUnit, expectEqual, type UpstreamName } from './harness.js';
import { Workload } from './workload.js';

const SETTINGS = [
  { workerCount: 1, batch: 1, safeMode: false },
  { workerCount: 1, batch: 5_000, safeMode: false },
  { workerCount: 8, batch: 1_000, safeMode: false },
  { workerCount: 16, batch: 20, safeMode: false },
  { workerCount: 4, batch: 100, safeMode: true },
];

describe.each<UpstreamName>(['mysqlUp', 'mariadbUp'])('%s', (upstream) => {
  test.each(SETTINGS)('changes merged in big batches give the same tables: %o', async (settings) => {
    const fixture = await makeFixture(upstream);
    Object.assign(fixture.config.sync, settings);
    const workload = new Workload(fixture.up, settings.batch + settings.workerCount);
    await workload.prepare();
    const transactions = settings.batch === 1 ? 60 : 250;
    for (let i = 0; i < transactions; i++) await workload.transaction(15);
    const progress = await replicate(fixture);
    expect(Number(progress.totalRows)).toBeGreaterThan(100);
  });

  test('a second run of the same changes in safe mode changes nothing in tables with a key', async () => {
    const fixture = await makeFixture(upstream);
    const workload = new Workload(fixture.up, 5);
    await workload.prepare();
    for (const table of ['keyless', 'nullable']) await fixture.up.query(`DROP TABLE ${table}`);
    for (let i = 0; i < 150; i++) await workload.transaction(15).catch(() => fixture.up.query('ROLLBACK'));
    await replicate(fixture);
    await fixture.down.query(`DROP DATABASE \`${fixture.config.metaSchema}\``);
    fixture.config.sync.safeMode = true;
    const unit = new RunningUnit(fixture.config);
    await unit.synced(fixture.up);
    await unit.stop();
    await expectEqual(fixture);
  });
});
