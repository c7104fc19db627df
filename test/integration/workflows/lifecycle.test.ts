import { describe, expect, it } from 'vitest';
import { dmError } from '../../../src/errors/dm-error.js';
import { subtaskWorkflowId, taskWorkflowId } from '../../../workflows/contract.js';
import { FakeDownstream } from './fake-units.js';
import { eventually, sourceInput, subtaskIs, taskInput, testBed } from './harness.js';

const bed = testBed();

describe('a task', () => {
  it('goes through dump, load and sync, pauses, resumes and stops', async () => {
    const downstream = new FakeDownstream();
    await bed.worker('w1', downstream);
    expect(await bed.commands.addSource(sourceInput('s1'))).toMatchObject({ result: true, worker: 'w1' });

    const started = await bed.commands.startTask(taskInput('t', ['s1']));
    expect(started).toEqual({
      result: true,
      msg: '',
      sources: [{ result: true, msg: '', source: 's1', worker: 'w1' }],
    });
    const view = await subtaskIs(bed, 't', 's1', 'Running', 'Sync');
    expect(view.state.dumpMeta).toEqual({ binlogName: 'bin.000001', binlogPos: 4 });
    await eventually(async () => expect((await bed.status.subtask('t', 's1'))?.running?.progress?.unit).toBe('Sync'));

    const before = Date.now();
    expect((await bed.commands.pauseTask('t')).sources[0]).toEqual({
      result: true,
      msg: '',
      source: 's1',
      worker: 'w1',
    });
    expect(Date.now() - before).toBeLessThan(2_000);
    expect(downstream.drained).toEqual(['w1:Sync:s1']);
    const paused = await subtaskIs(bed, 't', 's1', 'Paused', 'Sync');
    expect(paused.state.result).toBeNull();
    expect(paused.progress?.unit).toBe('Sync');

    expect((await bed.commands.resumeTask('t')).sources[0]?.result).toBe(true);
    await subtaskIs(bed, 't', 's1', 'Running', 'Sync');
    expect((await bed.commands.stopTask('t')).sources[0]?.result).toBe(true);
    await eventually(async () => expect(await bed.status.exists(taskWorkflowId('t'))).toBe(false));
    expect(await bed.status.subtask('t', 's1')).toBeUndefined();
    expect(downstream.starts).toEqual(['w1:Dump:s1', 'w1:Load:s1', 'w1:Sync:s1', 'w1:Sync:s1']);
  });
});
