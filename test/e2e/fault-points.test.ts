import { beforeAll, describe, expect, it } from 'vitest';
import { FAULT_POINTS, type FaultPoint } from '../../src/fault/points.js';
import { testServers } from '../support/servers.js';
import { System } from '../support/system.js';
import { Migration } from './migrations.js';

const ALL = Object.keys(FAULT_POINTS) as FaultPoint[];
const isFull = (point: FaultPoint): boolean => point.startsWith('dump.') || point.startsWith('load.');

let system: System;
beforeAll(async () => {
  system = await System.start();
});

describe('kill -9 of the worker during the full copy', () => {
  it.each(ALL.filter(isFull))('at %s', async (point) => {
    const { mysqlUp: up, mysqlDown: down } = testServers();
    const migration = await Migration.prepare({ up, down, system });
    await migration.worker.start({ DM_FAULT: `${point}=crash@1` });
    await migration.createSource();
    const writer = await migration.writer(2, 20);
    writer.start();
    const starting = migration.start();
    await migration.worker.ended();
    await migration.recover(Date.now());
    await starting;
    await migration.untilSyncing();
    await writer.stop();
    await migration.expectEqual();
    await system.dmctl('stop-task', migration.task);
    await migration.worker.stop();
  });
});

describe('kill -9 of the worker during replication', () => {
  it('at every point of rows, flushes and structure changes', async () => {
    const { mariadbUp: up, mysqlDown: down } = testServers();
    const migration = await Migration.prepare({ up, down, system });
    const table = `\`${migration.database}\`.keyed`;
    await migration.worker.start();
    await migration.createSource();
    await migration.startWell();
    await migration.untilSyncing();
    const writer = await migration.writer(3, 20);
    writer.start();
    const recoveries: number[] = [];
    for (const [index, point] of ALL.filter((name) => !isFull(name)).entries()) {
      await migration.worker.stop();
      // A little later than the first passage, so that something of the kind has gone well before.
      const nth = point === 'sync.before-checkpoint-read' || point.startsWith('ddl.') ? 1 : 3;
      await migration.worker.start({ DM_FAULT: `${point}=crash@${nth}` });
      if (point.startsWith('ddl.'))
        await migration.upstream.query(`ALTER TABLE ${table} ADD COLUMN c${index} INT DEFAULT ${index}`);
      await migration.worker.ended();
      recoveries.push(await migration.recover(Date.now()));
    }
    await writer.stop();
    await migration.expectEqual();
    console.log(`from death to work: ${recoveries.map((ms) => `${(ms / 1000).toFixed(1)} s`).join(', ')}`);
    expect(recoveries).toHaveLength(ALL.filter((name) => !isFull(name)).length);
  }, 900_000);
});
