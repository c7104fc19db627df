import { describe, expect, it } from 'vitest';
import { dmError } from '../../../src/errors/dm-error.js';
import { type SubtaskState, subtaskWorkflowId, type TaskInput, taskWorkflowId } from '../../../workflows/contract.js';
import { FakeDownstream } from './fake-units.js';
import { eventually, sourceInput, subtaskIs, taskInput, testBed } from './harness.js';

/** Nothing is kept in memory: each step of a workflow begins with the replay of all before it. */
const bed = testBed({ maxCachedWorkflows: 0 });

async function begin(task: string, sources: string[], more: Partial<TaskInput> = {}): Promise<FakeDownstream> {
  const downstream = new FakeDownstream();
  await bed.worker('w1', downstream);
  for (const source of sources) await bed.commands.addSource(sourceInput(source));
  await bed.commands.startTask({ ...taskInput(task, sources), ...more });
  for (const source of sources) await subtaskIs(bed, task, source, 'Running', 'Sync');
  await eventually(() =>
    expect(downstream.starts).toEqual(expect.arrayContaining(sources.map((id) => `w1:Sync:${id}`))),
  );
  return downstream;
}

describe('a task', () => {
  it('goes through dump, load and sync, pauses, resumes and stops', async () => {
    const downstream = new FakeDownstream();
    await bed.worker('w1', downstream);
    expect(await bed.commands.addSource(sourceInput('s1'))).toMatchObject({ result: true, worker: 'w1' });

    const started = await bed.commands.startTask(taskInput('t', ['s1']));
    const fine = { result: true, msg: '', source: 's1', worker: 'w1' };
    expect(started).toEqual({ result: true, msg: '', sources: [fine] });
    const view = await subtaskIs(bed, 't', 's1', 'Running', 'Sync');
    expect(view.state.dumpMeta).toEqual({ binlogName: 'bin.000001', binlogPos: 4 });
    await eventually(async () => expect((await bed.status.subtask('t', 's1'))?.running?.progress?.unit).toBe('Sync'));

    const before = Date.now();
    expect((await bed.commands.pauseTask('t')).sources).toEqual([fine]);
    expect(Date.now() - before).toBeLessThan(2_000);
    expect(downstream.drained).toEqual(['w1:Sync:s1']);
    const paused = await subtaskIs(bed, 't', 's1', 'Paused', 'Sync');
    expect(paused.state.result).toBeNull();
    expect(paused.progress?.unit).toBe('Sync');
    expect(paused.running).toBeUndefined();

    expect((await bed.commands.resumeTask('t')).sources).toEqual([fine]);
    await subtaskIs(bed, 't', 's1', 'Running', 'Sync');
    expect((await bed.commands.stopTask('t')).sources).toEqual([fine]);
    await eventually(async () => expect(await bed.status.exists(taskWorkflowId('t'))).toBe(false));
    // The subtask's workflow ends about when the task's does.
    await eventually(async () => expect(await bed.status.subtask('t', 's1')).toBeUndefined());
    expect(downstream.starts).toEqual(['w1:Dump:s1', 'w1:Load:s1', 'w1:Sync:s1', 'w1:Sync:s1']);
    await expect(bed.commands.pauseTask('t')).rejects.toThrow(/not found|already completed/i);
  });

  it('can be started again after a stop, from its checkpoint', async () => {
    const downstream = await begin('again', ['s1']);
    // At once, as a script does: the old workflow may be about to end.
    for (let i = 0; i < 3; i++) {
      expect((await bed.commands.stopTask('again')).sources[0]).toMatchObject({ result: true });
      expect((await bed.commands.startTask(taskInput('again', ['s1']))).sources[0]).toMatchObject({ result: true });
    }
    await subtaskIs(bed, 'again', 's1', 'Running', 'Sync');
    await eventually(() => expect(downstream.starts.slice(-1)).toEqual(['w1:Sync:s1']));
    expect(downstream.starts.filter((start) => start.includes('Dump'))).toHaveLength(1);
  });

  it('stays Finished and can be asked until it is stopped, in full mode', async () => {
    await bed.worker('w1', new FakeDownstream());
    await bed.commands.addSource(sourceInput('s1'));
    await bed.commands.startTask(taskInput('full', ['s1'], { taskMode: 'full' }));
    await subtaskIs(bed, 'full', 's1', 'Finished', 'Load');
    const reply = await bed.commands.pauseTask('full');
    expect(reply.sources[0]).toMatchObject({ result: false });
    expect(reply.sources[0]?.msg).toContain('code=40050');
    expect((await bed.commands.resumeTask('full')).sources[0]?.result).toBe(true);
    expect((await bed.commands.stopTask('full')).sources[0]?.result).toBe(true);
    await eventually(async () => expect(await bed.status.exists(taskWorkflowId('full'))).toBe(false));
  });

  it('takes signals of a plain Temporal client', async () => {
    await begin('plain', ['s1', 's2']);
    const task = bed.client.workflow.getHandle(taskWorkflowId('plain'));
    await task.signal('pause', { sources: ['s1'] });
    await subtaskIs(bed, 'plain', 's1', 'Paused', 'Sync');
    await subtaskIs(bed, 'plain', 's2', 'Running', 'Sync');
    await task.signal('pause');
    await subtaskIs(bed, 'plain', 's2', 'Paused', 'Sync');
    await task.signal('resume');
    await subtaskIs(bed, 'plain', 's1', 'Running', 'Sync');
    await bed.client.workflow.getHandle(subtaskWorkflowId('plain', 's1')).signal('pause');
    await subtaskIs(bed, 'plain', 's1', 'Paused', 'Sync');
    const status = await bed.status.task('plain');
    expect(status?.subtasks.map(({ state }) => state.stage)).toEqual(['Paused', 'Running']);
    await task.signal('stop');
    await eventually(async () => expect(await bed.status.exists(taskWorkflowId('plain'))).toBe(false));
  });

  it('stops in good order when its cancellation is requested', async () => {
    const downstream = await begin('cancelled', ['s1']);
    await bed.client.workflow.getHandle(taskWorkflowId('cancelled')).cancel();
    await eventually(async () => expect(await bed.status.exists(taskWorkflowId('cancelled'))).toBe(false));
    expect(downstream.drained).toEqual(['w1:Sync:s1']);
  });

  it('is not harmed when the cancellation of what serves all is requested', async () => {
    const downstream = await begin('spared', ['s1']);
    for (const id of ['dm-cluster', 'dm-source/s1']) await bed.client.workflow.getHandle(id).cancel();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await bed.worker('w2', downstream);
    expect((await bed.commands.addSource(sourceInput('s2'))).result).toBe(true);
    await bed.commands.startTask(taskInput('late', ['s1', 's2']));
    await subtaskIs(bed, 'late', 's1', 'Running', 'Sync');
    await subtaskIs(bed, 'late', 's2', 'Running', 'Sync');
    await subtaskIs(bed, 'spared', 's1', 'Running', 'Sync');
    expect((await bed.status.cluster())?.sources).toMatchObject({ s1: { worker: 'w1' }, s2: { worker: 'w2' } });
  });

  it('runs beside another task on the same source', async () => {
    await begin('one', ['s1']);
    await bed.commands.startTask(taskInput('two', ['s1']));
    await subtaskIs(bed, 'two', 's1', 'Running', 'Sync');
    expect((await bed.status.source('s1'))?.tasks).toEqual(['one', 'two']);
    await bed.commands.stopTask('one');
    await subtaskIs(bed, 'two', 's1', 'Running', 'Sync');
    await eventually(async () => expect((await bed.status.source('s1'))?.tasks).toEqual(['two']));
    expect(await eventually(() => bed.status.listTasks())).toContain('two');
  });
});

describe('a command', () => {
  it('is refused when it names an unknown source, and changes nothing', async () => {
    await begin('known', ['s1']);
    await expect(bed.commands.pauseTask('known', { sources: ['s1', 'nope'] })).rejects.toMatchObject({ code: 46017 });
    await subtaskIs(bed, 'known', 's1', 'Running', 'Sync');
  });

  it('to start what exists is refused; missing subtasks are added', async () => {
    const downstream = await begin('twice', ['s1', 's2']);
    await expect(bed.commands.startTask(taskInput('twice', ['s1', 's2']))).rejects.toMatchObject({ code: 46014 });
    await bed.commands.stopTask('twice', { sources: ['s2'] });
    await expect(
      bed.commands.startTask({ ...taskInput('twice', ['s1', 's2']), removeMeta: true }),
    ).rejects.toMatchObject({ code: 46014, message: expect.stringContaining('while remove-meta is true') });
    const reply = await bed.commands.startTask(taskInput('twice', ['s1', 's2']));
    expect(reply.sources.map((source) => source.source)).toEqual(['s2']);
    expect(downstream.removedMeta).toBe(0);
  });

  it('removes the meta tables before the first unit when asked to', async () => {
    const downstream = new FakeDownstream();
    await bed.worker('w1', downstream);
    await bed.commands.addSource(sourceInput('s1'));
    await bed.commands.startTask({ ...taskInput('clean', ['s1']), removeMeta: true });
    expect(downstream.removedMeta).toBe(1);
  });

  it('is harmless when it is repeated', async () => {
    const downstream = await begin('repeat', ['s1']);
    for (let i = 0; i < 3; i++) expect((await bed.commands.pauseTask('repeat')).sources[0]?.result).toBe(true);
    for (let i = 0; i < 3; i++) expect((await bed.commands.resumeTask('repeat')).sources[0]?.result).toBe(true);
    expect(downstream.starts.filter((start) => start.includes('Sync'))).toHaveLength(2);
  });

  it('is ignored when a later one has overtaken it on its way to the subtask', async () => {
    await begin('order', ['s1']);
    const handle = bed.client.workflow.getHandle(subtaskWorkflowId('order', 's1'));
    await handle.signal('pause', { command: 12 });
    await handle.signal('resume', { command: 11 });
    await subtaskIs(bed, 'order', 's1', 'Paused', 'Sync');
    await handle.signal('resume', { command: 11 });
    await handle.signal('pause', { command: 12 });
    expect((await subtaskIs(bed, 'order', 's1', 'Paused', 'Sync')).state.expectedStage).toBe('Paused');
    await handle.signal('resume', { command: 13 });
    await subtaskIs(bed, 'order', 's1', 'Running', 'Sync');
    // Whoever is no task gives no number.
    await handle.signal('pause');
    await subtaskIs(bed, 'order', 's1', 'Paused', 'Sync');
    await handle.signal('stop', { command: 1 });
    await eventually(async () => expect(await bed.status.subtask('order', 's1')).toBeUndefined());
  });

  it('is refused while another one is at work on the task', async () => {
    const downstream = await begin('busy', ['s1']);
    downstream.drainMs = 2_000;
    const first = bed.commands.pauseTask('busy');
    await subtaskIs(bed, 'busy', 's1', 'Pausing', 'Sync');
    await expect(bed.commands.resumeTask('busy')).rejects.toMatchObject({ code: 46024 });
    expect((await first).sources[0]?.result).toBe(true);
  });

  it('gives up after ten seconds and says so', async () => {
    const downstream = await begin('slow', ['s1']);
    downstream.drainMs = 12_000;
    const reply = await bed.commands.pauseTask('slow');
    expect(reply.sources[0]?.msg).toContain('code=38045');
    await subtaskIs(bed, 'slow', 's1', 'Paused', 'Sync');
  });
});

describe('an error', () => {
  const duplicate = (): Error =>
    dmError(10006, ['INSERT'], {
      cause: Object.assign(new Error('x'), { errno: 1062, sqlMessage: 'Duplicate entry' }),
    });

  it('that needs a person pauses the subtask until it is resumed', async () => {
    const downstream = new FakeDownstream();
    downstream.failures.push({ unit: 'Sync', error: duplicate() });
    await bed.worker('w1', downstream);
    await bed.commands.addSource(sourceInput('s1'));
    await bed.commands.startTask(taskInput('bad', ['s1']));
    const { state } = await subtaskIs(bed, 'bad', 's1', 'Paused', 'Sync');
    expect(state.result).toMatchObject({ isCanceled: false, errors: [{ ErrCode: 10006 }], detail: null });
    expect(state.nextAutoResume).toBeUndefined();
    // How far it had come before, and not that all is well.
    expect(state.lastProgress).toMatchObject({ unit: 'Sync', totalEvents: '1', synced: false });
    const description = await bed.client.workflow.getHandle(subtaskWorkflowId('bad', 's1')).describe();
    expect(description.searchAttributes['DmStage']).toEqual(['Paused']);
    // A pause by the user marks it, and keeps the error.
    await bed.commands.pauseTask('bad');
    const marked = (await subtaskIs(bed, 'bad', 's1', 'Paused', 'Sync')).state;
    expect(marked.result).toMatchObject({ isCanceled: true, errors: [{ ErrCode: 10006 }] });
    expect((await bed.commands.resumeTask('bad')).sources[0]?.result).toBe(true);
    expect((await subtaskIs(bed, 'bad', 's1', 'Running', 'Sync')).state.result).toBeNull();
  });

  it('that may pass is resumed automatically, but never against a pause', async () => {
    const downstream = await begin('heal', ['s1']);
    const passing = (): Error => dmError(10005, ['SELECT 1'], { cause: new Error('no such luck') });
    downstream.failures.push({ unit: 'Sync', error: passing() });
    await bed.commands.pauseTask('heal');
    const reply = await bed.commands.resumeTask('heal');
    expect(reply.sources[0]?.worker).toBe('w1');
    await subtaskIs(bed, 'heal', 's1', 'Running', 'Sync');
    await eventually(() => expect(downstream.failures).toHaveLength(0));
    downstream.failures.push({ unit: 'Sync', error: passing() });
    await bed.commands.pauseTask('heal');
    await bed.commands.resumeTask('heal');
    await eventually(() => expect(downstream.failures).toHaveLength(0));
    await bed.commands.pauseTask('heal');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect((await bed.status.subtask('heal', 's1'))?.state.stage).toBe('Paused');
  });

  it('of the connection is repeated by Temporal, without a trace in history', async () => {
    const downstream = await begin('retry', ['s1']);
    const lost = dmError(10003, [], { cause: Object.assign(new Error('lost'), { code: 'ECONNRESET' }) });
    downstream.failures.push({ unit: 'Sync', error: lost }, { unit: 'Sync', error: lost });
    await bed.commands.pauseTask('retry');
    await bed.commands.resumeTask('retry');
    const view = await eventually(async () => {
      const now = await bed.status.subtask('retry', 's1');
      expect(now?.running).toMatchObject({ activity: 'sync', attempt: 3, state: 'started' });
      return now;
    }, 15_000);
    expect(view?.state.stage).toBe('Running');
    expect(view?.running?.lastError?.ErrCode).toBe(10003);
  });
});

describe('history', () => {
  it('does not grow while a unit runs', async () => {
    await begin('steady', ['s1']);
    const ids = [taskWorkflowId('steady'), subtaskWorkflowId('steady', 's1'), 'dm-source/s1', 'dm-cluster'];
    const lengths = (): Promise<number[]> =>
      Promise.all(ids.map(async (id) => (await bed.client.workflow.getHandle(id).describe()).historyLength));
    // The last reports of the start are on their way.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const before = await lengths();
    const first = await bed.status.subtask('steady', 's1');
    await new Promise((resolve) => setTimeout(resolve, 15_000));
    const second = await bed.status.subtask('steady', 's1');
    expect(await lengths()).toEqual(before);
    const events = (view: typeof first): number =>
      view?.progress?.unit === 'Sync' ? Number(view.progress.totalEvents) : 0;
    expect(events(second)).toBeGreaterThan(events(first));
  });

  it('begins anew before it is too long, and nothing is lost', async () => {
    const downstream = new FakeDownstream();
    await bed.worker('w1', downstream);
    await bed.commands.addSource(sourceInput('s1'));
    await bed.commands.startTask({ ...taskInput('long', ['s1']), historyLimit: 60 });
    await subtaskIs(bed, 'long', 's1', 'Running', 'Sync');
    const handle = bed.client.workflow.getHandle(subtaskWorkflowId('long', 's1'));
    const task = bed.client.workflow.getHandle(taskWorkflowId('long'));
    const first = [(await handle.describe()).runId, (await task.describe()).runId];
    for (let i = 0; i < 8; i++) {
      expect((await bed.commands.pauseTask('long')).sources[0]).toMatchObject({ result: true });
      expect((await bed.commands.resumeTask('long')).sources[0]).toMatchObject({ result: true });
    }
    const view = await subtaskIs(bed, 'long', 's1', 'Running', 'Sync');
    expect(view.state.attempt).toBe(11);
    expect(view.state.dumpMeta).toEqual({ binlogName: 'bin.000001', binlogPos: 4 });
    expect((await handle.describe()).runId).not.toBe(first[0]);
    expect((await task.describe()).runId).not.toBe(first[1]);
    expect(downstream.starts.filter((start) => start.includes('Dump'))).toHaveLength(1);
    expect((await bed.commands.stopTask('long')).sources[0]?.result).toBe(true);
    await eventually(async () => expect(await bed.status.exists(taskWorkflowId('long'))).toBe(false));
  });

  it('is never ended by a refused command, of which nothing would be left for a replay', async () => {
    await bed.worker('w1', new FakeDownstream());
    await bed.commands.addSource(sourceInput('s1'));
    await bed.commands.startTask({ ...taskInput('refused', ['s1']), historyLimit: 40 });
    // The third unit: all that the subtask has to report of its start has arrived.
    const attempt = async (): Promise<number | undefined> =>
      (await bed.status.task('refused'))?.subtasks[0]?.state.attempt;
    await eventually(async () => expect(await attempt()).toBe(3), 30_000);
    const task = bed.client.workflow.getHandle(taskWorkflowId('refused'));
    const first = await task.describe();
    for (let before = first; before.runId === first.runId;) {
      const { historyLength, runId } = before;
      const refused = bed.commands.pauseTask('refused', { sources: ['nope'] });
      await expect(refused).rejects.toMatchObject({ code: 46017 });
      expect((await task.describe()).runId).toBe(runId);
      // A signal without consequence; with enough of them a new run begins.
      await task.signal('pause', { sources: [] });
      before = await eventually(async () => {
        const now = await task.describe();
        expect(now.runId !== runId || now.historyLength >= historyLength + 4).toBe(true);
        return now;
      });
    }
  });

  it.each<[string, { historyLimit?: number }]>([
    ['within one run', {}],
    ['over many runs', { historyLimit: 40 }],
  ])('survives a flood of signals without losing the last word, %s', async (_how, limit) => {
    const name = `flood${limit.historyLimit ?? ''}`;
    await begin(name, ['s1'], limit);
    const handle = bed.client.workflow.getHandle(subtaskWorkflowId(name, 's1'));
    const task = bed.client.workflow.getHandle(taskWorkflowId(name));
    const first = [(await handle.describe()).runId, (await task.describe()).runId];
    await Promise.all(Array.from({ length: 100 }, (_, i) => handle.signal(i % 2 === 0 ? 'pause' : 'resume')));
    for (let i = 0; i < 20; i++) await task.signal(i % 2 === 0 ? 'resume' : 'pause');
    await eventually(async () => {
      const { state } = await subtaskIs(bed, name, 's1', 'Paused', 'Sync');
      expect(state satisfies SubtaskState).toMatchObject({ expectedStage: 'Paused', result: null });
    });
    const last = [(await handle.describe()).runId, (await task.describe()).runId];
    if (limit.historyLimit === undefined) expect(last).toEqual(first);
    else expect(last.some((runId) => first.includes(runId))).toBe(false);
  });
});
