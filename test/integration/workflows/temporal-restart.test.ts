import { beforeAll, expect, it } from 'vitest';
import { startPrivateTemporal, type TemporalServer } from '../../support/servers.js';
import { FakeDownstream } from './fake-units.js';
import { eventually, sourceInput, subtaskIs, taskInput, testBed } from './harness.js';

let temporal: TemporalServer;
beforeAll(async () => {
  temporal = await startPrivateTemporal();
});
const bed = testBed({ address: () => temporal.address });

it('a pause that a restart of Temporal interrupts takes effect all the same, and lasts until it is resumed', async () => {
  const downstream = new FakeDownstream();
  await bed.worker('w1', downstream);
  await bed.commands.addSource(sourceInput('s1'));
  await bed.commands.startTask(taskInput('t', ['s1']));
  await subtaskIs(bed, 't', 's1', 'Running', 'Sync');
  downstream.drainMs = 3_000;
  const pausing = bed.commands.pauseTask('t').catch(() => undefined);
  await subtaskIs(bed, 't', 's1', 'Pausing', 'Sync');
  await temporal.kill();
  await temporal.restart();
  await pausing;
  await subtaskIs(bed, 't', 's1', 'Paused', 'Sync');
  const { length } = downstream.starts;

  // And once more with nothing at work.
  await temporal.kill();
  await temporal.restart();
  await eventually(async () => expect((await bed.status.cluster())?.workers).toMatchObject([{ online: true }]), 30_000);
  expect((await subtaskIs(bed, 't', 's1', 'Paused', 'Sync')).state.expectedStage).toBe('Paused');
  expect(downstream.starts).toHaveLength(length);
  const resumed = await eventually(() => bed.commands.resumeTask('t'), 20_000);
  expect(resumed.sources[0]).toMatchObject({ result: true, worker: 'w1' });
  await eventually(() => expect(downstream.starts).toHaveLength(length + 1));
});
