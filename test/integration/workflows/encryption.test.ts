import { afterAll, expect, it } from 'vitest';
import { subtaskWorkflowId, taskWorkflowId } from '../../../workflows/contract.js';
import { FakeDownstream } from './fake-units.js';
import { eventually, sourceInput, subtaskIs, taskInput, testBed } from './harness.js';

process.env['DM_PAYLOAD_ENCRYPTION'] = '1';
afterAll(() => {
  delete process.env['DM_PAYLOAD_ENCRYPTION'];
});
const bed = testBed();

/** The history with the bytes of its payloads as text. */
async function historyText(workflowId: string): Promise<string> {
  const history = await bed.client.workflow.getHandle(workflowId).fetchHistory();
  return JSON.stringify(history, (key, value: unknown) =>
    (key === 'data' || key === 'encoding') && typeof value === 'string'
      ? Buffer.from(value, 'base64').toString('latin1')
      : value,
  );
}

it('hides every payload from Temporal when it is switched on, progress included, and changes nothing else', async () => {
  await bed.worker('w1', new FakeDownstream());
  await bed.commands.addSource(sourceInput('s1'));
  await bed.commands.startTask(taskInput('hidden', ['s1']));
  await subtaskIs(bed, 'hidden', 's1', 'Running', 'Sync');
  const view = await eventually(async () => {
    const now = await bed.status.subtask('hidden', 's1');
    expect(now?.running?.progress?.unit).toBe('Sync');
    return now;
  });
  expect(view?.answered).toBe(true);
  for (const id of [taskWorkflowId('hidden'), subtaskWorkflowId('hidden', 's1')]) {
    const text = await historyText(id);
    expect(text.includes('binary/dm-encrypted')).toBe(true);
    for (const secret of ['taskMode', '127.0.0.1', 'name: hidden']) expect(text.includes(secret)).toBe(false);
  }
});
