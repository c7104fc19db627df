import { describe, expect, it, vi } from 'vitest';
import { addressOf } from '../../tools/servers/server-set.js';
import { compareDatabases, formatComparison } from '../support/compare.js';
import {
  connectTo,
  createDatabase,
  dropAtEnd,
  endWithEachTest,
  startPrivateServer,
  testServers,
} from '../support/servers.js';
import { System } from '../support/system.js';
import { pauseQuickly } from './history.js';
import { createTables, Writer } from './workload.js';

endWithEachTest();

describe.each(['mysql', 'mariadb'] as const)('a migration from %s', (flavor) => {
  it('copies everything and follows an application that keeps writing, structure changes included', async () => {
    // One of its own: while other tests write to an upstream, it is never quite replicated.
    const up = addressOf(await startPrivateServer({ flavor }));
    const down = testServers().mysqlDown;
    const upstream = await connectTo(up);
    const downstream = await connectTo(down);
    const database = await createDatabase(up, 'g_mig');
    dropAtEnd(down, database);
    const system = await System.start();
    dropAtEnd(down, `meta_${database}`);
    await createTables(upstream, database, 20_000);
    const writer = new Writer(await connectTo(up), database, 1);
    const worker = system.worker('worker1');
    await worker.start();

    const created = await system.dmctl('operate-source', 'create', await system.writeSource('src', up));
    expect(created.sources).toMatchObject([{ result: true, source: 'src', worker: 'worker1' }]);
    writer.start();
    const task = await system.writeTask({
      name: 'mig',
      sourceId: 'src',
      down,
      databases: [database],
      top: { 'meta-schema': `meta_${database}` },
    });
    const started = await system.dmctl('start-task', task);
    expect(started.sources).toEqual([{ result: true, msg: '', source: 'src', worker: 'worker1' }]);
    await system.until('mig', 'src', (view) => view.state.unit === 'Sync' && view.running?.state === 'started');

    await upstream.query(`ALTER TABLE \`${database}\`.keyed ADD COLUMN extra INT NOT NULL DEFAULT 7 AFTER v`);
    await upstream.query(
      `CREATE TABLE \`${database}\`.late (id INT PRIMARY KEY, s VARCHAR(9)) AS SELECT 1 AS id, 'x' AS s`,
    );
    await upstream.query(`CREATE INDEX late_s ON \`${database}\`.late (s)`);

    await pauseQuickly(system, 'mig', 'src');
    await system.dmctl('resume-task', 'mig');
    await system.until('mig', 'src', (view) => view.state.stage === 'Running');

    await system.dmctl('stop-task', 'mig');
    await system.dmctl('start-task', task);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await writer.stop();
    await system.untilCaughtUp('mig', 'src', up);
    const comparison = await compareDatabases(upstream, downstream, [database]);
    expect(comparison.differences, formatComparison(comparison)).toEqual([]);
    expect(comparison.tables).toBe(5);
    expect(writer.transactions).toBeGreaterThan(50);

    const expected = { name: 'mig', stage: 'Running', unit: 'Sync', result: null, sync: { synced: true } };
    await vi.waitFor(
      async () => {
        const status = await system.runDmctl('query-status', 'mig');
        expect(JSON.parse(status.output)).toMatchObject({ result: true, sources: [{ subTaskStatus: [expected] }] });
      },
      { timeout: 30_000 },
    );
    const stopping = Date.now();
    await worker.stop();
    expect(Date.now() - stopping).toBeLessThan(10_000);
  });
});
