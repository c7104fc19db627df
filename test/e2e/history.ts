import { Client, Connection } from '@temporalio/client';
import { expect } from 'vitest';
import { subtaskWorkflowId } from '../../workflows/contract.js';
import type { System } from '../support/system.js';
import { isAtWork } from './migrations.js';

const PAUSE_MS = 2_000;
const ATTEMPTS = 3;

interface Stamp {
  seconds?: unknown;
  nanos?: number | null;
}

/**
 * Pauses a task of one source, whose unit is at work, and expects that to take less than two seconds. Another test file uses
 * the processors as well: one of three attempts has to be as quick.
 */
export async function pauseQuickly(system: System, task: string, source: string): Promise<void> {
  const took: number[] = [];
  for (;;) {
    expect((await system.dmctl('pause-task', task)).sources).toMatchObject([{ result: true }]);
    await system.until(task, source, (view) => view.state.stage === 'Paused');
    took.push(await pauseDuration(system, subtaskWorkflowId(task, source)));
    if (took.some((milliseconds) => milliseconds < PAUSE_MS)) return;
    expect(took.length, `pauses took ${took.join(', ')} ms`).toBeLessThan(ATTEMPTS);
    await system.dmctl('resume-task', task);
    await system.until(task, source, (view) => view.state.stage === 'Running' && isAtWork(view));
  }
}

/** Milliseconds from a subtask's last pause signal to the end of the unit it stopped, by Temporal's own clock. */
async function pauseDuration(system: System, workflowId: string): Promise<number> {
  const { events } = await withClient(system, (client) => client.workflow.getHandle(workflowId).fetchHistory());
  let signalled = Number.NaN;
  let ended = Number.NaN;
  for (const event of events ?? []) {
    const at = inMilliseconds(event.eventTime ?? {});
    if (event.workflowExecutionSignaledEventAttributes?.signalName === 'pause') [signalled, ended] = [at, Number.NaN];
    const end =
      event.activityTaskCompletedEventAttributes ??
      event.activityTaskCanceledEventAttributes ??
      event.activityTaskFailedEventAttributes;
    if (end !== null && end !== undefined && Number.isNaN(ended)) ended = at;
  }
  return ended - signalled;
}

/** Number of events in a workflow's history. */
export function historyLength(system: System, workflowId: string): Promise<number> {
  return withClient(system, async (client) => (await client.workflow.getHandle(workflowId).describe()).historyLength);
}

/** The histories of all workflows that have run, with the bytes of their payloads as text. */
export function allHistories(system: System): Promise<string> {
  return withClient(system, async (client) => {
    let text = '';
    for await (const { workflowId, runId } of client.workflow.list()) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      text += JSON.stringify(history, (key, value: unknown) =>
        key === 'data' && typeof value === 'string' ? Buffer.from(value, 'base64').toString('latin1') : value,
      );
    }
    return text;
  });
}

async function withClient<T>(system: System, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: system.temporal.address });
  try {
    return await work(new Client({ connection, namespace: system.temporal.namespace }));
  } finally {
    await connection.close();
  }
}

function inMilliseconds(stamp: Stamp): number {
  return Number(stamp.seconds ?? 0) * 1000 + (stamp.nanos ?? 0) / 1e6;
}
