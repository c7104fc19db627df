import { describe, expect, it } from 'vitest';
import { compareDatabases, formatComparison } from '../support/compare.js';
import { connectTo, createDatabase, dropAtEnd, type ServerAddress, testServers } from '../support/servers.js';
import { System } from '../support/system.js';
import { subtaskWorkflowId } from '../../workflows/contract.js';
import { pauseDuration } from './history.js';
import { createTables, Writer } from './workload.js';

describe.each(['mysql', 'mariadb'] as const)('a migration from %s', (flavor) => {
  const up = (): ServerAddress => (flavor === 'mysql' ? testServers().mysqlUp : testServers().mariadbUp);
  const down = (): ServerAddress => testServers().mysqlDown;

  it('copies everything and follows an application that keeps writing, structure changes included', async () => {
    const upstream = await connectTo(up());
    const downstream = await connectTo(down());
    const database = await createDatabase(up(), 'g_mig');
    dropAtEnd(down(), database);
    const system = await System.start();
    dropAtEnd(down(), `meta_${database}`);
    await createTables(upstream, database, 20_000);
    const writer = new Writer(await connectTo(up()), database, 1);
    const worker = system.worker('worker1');
    await worker.start();

    const created = await system.dmctl('operate-source', 'create', await system.writeSource('src', up()));
    expect(created.sources).toMatchObject([{ result: true, source: 'src', worker: 'worker1' }]);
    writer.start();
    const task = await system.writeTask({
      name: 'mig',
      sourceId: 'src',
      down: down(),
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

    expect((await system.dmctl('pause-task', 'mig')).sources?.[0]?.result).toBe(true);
    await system.until('mig', 'src', (view) => view.state.stage === 'Paused');
    expect(await pauseDuration(system, subtaskWorkflowId('mig', 'src'))).toBeLessThan(2_000);
    await system.dmctl('resume-task', 'mig');
    await system.until('mig', 'src', (view) => view.state.stage === 'Running');

    await system.dmctl('stop-task', 'mig');
    await system.dmctl('start-task', task);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await writer.stop();
    await system.untilCaughtUp('mig', 'src', up());
    const comparison = await compareDatabases(upstream, downstream, [database]);
    expect(comparison.differences, formatComparison(comparison)).toEqual([]);
    expect(comparison.tables).toBe(5);
    expect(writer.transactions).toBeGreaterThan(50);

    const status = await system.runDmctl('query-status', 'mig');
    expect(JSON.parse(status.output)).toMatchObject({
      result: true,
      sources: [
        { subTaskStatus: [{ name: 'mig', stage: 'Running', unit: 'Sync', result: null, sync: { synced: true } }] },
      ],
    });
    const stopping = Date.now();
    await worker.stop();
    expect(Date.now() - stopping).toBeLessThan(10_000);
  });
});
