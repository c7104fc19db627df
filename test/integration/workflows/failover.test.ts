import { describe, expect, it } from 'vitest';
import { FakeDownstream } from './fake-units.js';
import { eventually, sourceInput, subtaskIs, taskInput, testBed } from './harness.js';

const bed = testBed();

async function onlineWorkers(): Promise<string[]> {
  const cluster = await bed.status.cluster();
  return (cluster?.workers ?? []).filter((worker) => worker.online).map((worker) => worker.name);
}

describe('a worker that ends in good order', () => {
  it('hands its sources over at once, with what its units hold flushed', async () => {
    const downstream = new FakeDownstream();
    const first = await bed.worker('w1', downstream);
    await bed.commands.addSource(sourceInput('s1'));
    await bed.commands.startTask(taskInput('t', ['s1']));
    await subtaskIs(bed, 't', 's1', 'Running', 'Sync');
    await bed.worker('w2', downstream);

    const before = Date.now();
    await first.end();
    expect(Date.now() - before).toBeLessThan(10_000);
    await eventually(async () => expect((await bed.status.subtask('t', 's1'))?.state.worker).toBe('w2'));
    expect(downstream.drained).toEqual(['w1:Sync:s1']);
    await eventually(() => expect(downstream.starts.at(-1)).toBe('w2:Sync:s1'));
    expect(await onlineWorkers()).toEqual(['w2']);
  });

  it('may do so while it is taking over from another', async () => {
    const downstream = new FakeDownstream();
    downstream.drainMs = 500;
    const first = await bed.worker('w1', downstream);
    await bed.commands.addSource(sourceInput('s1'));
    await bed.commands.startTask(taskInput('t', ['s1']));
    await subtaskIs(bed, 't', 's1', 'Running', 'Sync');
    const second = await bed.worker('w2', downstream);
    await bed.worker('w3', downstream);
    const ending = first.end();
    await eventually(async () => expect((await bed.status.cluster())?.sources['s1']?.worker).toBe('w2'));
    await Promise.all([ending, second.end()]);
    await eventually(() => expect(downstream.starts.at(-1)).toBe('w3:Sync:s1'), 20_000);
    const started = downstream.starts.filter((start) => start.includes('Sync'));
    // Whoever had begun has given back what it held before the next one began.
    expect(downstream.drained).toEqual(started.slice(0, -1));
    await subtaskIs(bed, 't', 's1', 'Running', 'Sync');
  });

  it('leaves its sources waiting when it was the last, and finds them again', async () => {
    const downstream = new FakeDownstream();
    const first = await bed.worker('w1', downstream);
    await bed.commands.addSource(sourceInput('s1'));
    await bed.commands.startTask(taskInput('t', ['s1']));
    await subtaskIs(bed, 't', 's1', 'Running', 'Sync');
    await first.end();

    // Nobody is there to answer: the status comes from Temporal's own records, in bounded time.
    const before = Date.now();
    const view = await bed.status.subtask('t', 's1');
    expect(Date.now() - before).toBeLessThan(5_000);
    expect(view).toMatchObject({ answered: false, state: { stage: 'Running', unit: 'Sync' } });

    await bed.worker('w1', downstream);
    await eventually(() => expect(downstream.starts.filter((start) => start === 'w1:Sync:s1')).toHaveLength(2), 15_000);
  });

  it('makes commands fail in bounded time when nobody is there', async () => {
    const downstream = new FakeDownstream();
    const first = await bed.worker('w1', downstream);
    await bed.commands.addSource(sourceInput('s1'));
    await bed.commands.startTask(taskInput('t', ['s1']));
    await first.end();
    const before = Date.now();
    await expect(bed.commands.pauseTask('t')).rejects.toThrow('no dm-worker answered in time');
    expect(Date.now() - before).toBeLessThan(20_000);
  });
});

describe('dump files that are gone with their worker', () => {
  it('are dumped again on the next one', async () => {
    const downstream = new FakeDownstream();
    downstream.finishing.delete('Load');
    const first = await bed.worker('w1', downstream);
    await bed.commands.addSource(sourceInput('s1'));
    await bed.commands.startTask(taskInput('t', ['s1']));
    await subtaskIs(bed, 't', 's1', 'Running', 'Load');
    await bed.worker('w2', downstream);
    downstream.finishing.add('Load');
    await first.end();
    await subtaskIs(bed, 't', 's1', 'Running', 'Sync');
    const starts = ['w1:Dump:s1', 'w1:Load:s1', 'w2:Dump:s1', 'w2:Load:s1', 'w2:Sync:s1'];
    await eventually(() => expect(downstream.starts).toEqual(starts));
  });

  it('are dumped again when they vanish from the same worker', async () => {
    const downstream = new FakeDownstream();
    downstream.finishing.delete('Load');
    await bed.worker('w1', downstream);
    await bed.commands.addSource(sourceInput('s1'));
    await bed.commands.startTask(taskInput('t', ['s1']));
    await subtaskIs(bed, 't', 's1', 'Running', 'Load');
    await bed.commands.pauseTask('t');
    downstream.dumps.clear();
    downstream.finishing.add('Load');
    await bed.commands.resumeTask('t');
    await subtaskIs(bed, 't', 's1', 'Running', 'Sync');
    await eventually(() => expect(downstream.starts.slice(2)).toEqual(['w1:Dump:s1', 'w1:Load:s1', 'w1:Sync:s1']));
  });
});

describe('the cluster', () => {
  it('spreads sources over workers with room, and keeps the rest waiting', async () => {
    const downstream = new FakeDownstream();
    await bed.worker('w1', downstream, 1);
    expect((await bed.commands.addSource(sourceInput('s1'))).worker).toBe('w1');
    expect((await bed.commands.addSource(sourceInput('s2'))).worker).toBe('');
    await bed.worker('w2', downstream, 1);
    const cluster = await bed.status.cluster();
    expect(cluster?.sources).toMatchObject({ s1: { worker: 'w1' }, s2: { worker: 'w2' } });
    await eventually(async () => expect((await bed.status.source('s2'))?.worker).toBe('w2'));
  });

  it('refuses a source twice, and the removal of one in use', async () => {
    await bed.worker('w1', new FakeDownstream());
    await bed.commands.addSource(sourceInput('s1'));
    await expect(bed.commands.addSource(sourceInput('s1'))).rejects.toMatchObject({ code: 46007 });
    await bed.commands.startTask(taskInput('t', ['s1']));
    await expect(bed.commands.removeSource('s1')).rejects.toMatchObject({ code: 46010 });
    await expect(bed.commands.updateSource(sourceInput('s1'))).rejects.toMatchObject({ code: 46010 });
    await bed.commands.stopTask('t');
    await eventually(async () => expect((await bed.status.source('s1'))?.tasks).toEqual([]));
    expect((await bed.commands.updateSource(sourceInput('s1'))).result).toBe(true);
    expect((await bed.commands.removeSource('s1')).result).toBe(true);
    await expect(bed.commands.removeSource('s1')).rejects.toMatchObject({ code: 46008 });
    expect(await bed.status.exists('dm-source/s1')).toBe(false);
    expect((await bed.commands.addSource(sourceInput('s1'))).result).toBe(true);
  });

  it('forgets a worker only when it is offline', async () => {
    const downstream = new FakeDownstream();
    const first = await bed.worker('w1', downstream);
    await bed.worker('w2', downstream);
    await expect(bed.commands.removeWorker('w1')).rejects.toMatchObject({ code: 46005 });
    await expect(bed.commands.removeWorker('nobody')).rejects.toMatchObject({ code: 46004 });
    await first.end();
    await bed.commands.removeWorker('w1');
    expect((await bed.status.cluster())?.workers.map((worker) => worker.name)).toEqual(['w2']);
  });

  it('starts a task on a source that waits for a worker as soon as one comes', async () => {
    const downstream = new FakeDownstream();
    await bed.worker('w1', downstream, 1);
    await bed.commands.addSource(sourceInput('s1'));
    await bed.commands.addSource(sourceInput('s2'));
    const reply = await bed.commands.startTask(taskInput('t', ['s2']));
    expect(reply.sources[0]?.msg).toContain('code=38045');
    await bed.worker('w2', downstream, 1);
    await subtaskIs(bed, 't', 's2', 'Running', 'Sync');
  });

  it('says so when a source of a task does not exist', async () => {
    await bed.worker('w1', new FakeDownstream());
    const reply = await bed.commands.startTask(taskInput('t', ['nowhere']));
    expect(reply.sources[0]).toMatchObject({ result: false, source: 'nowhere' });
    expect(reply.sources[0]?.msg).toContain('code=46008');
  });
});
