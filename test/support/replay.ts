import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { dataConverter } from '../../activities/data-converter.js';

const NOT_DETERMINISTIC =
  proto.temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR;

/**
 * Replays the history of every workflow run of a namespace with the workflows of a bundle. A workflow that cannot be replayed
 * is stuck as soon as the process that has it in memory ends.
 *
 * @param seen run ids that need not be replayed again; the new ones are added
 * @returns how many were replayed
 * @throws Error naming each run that does not replay, or that a worker failed to replay while it ran
 */
export async function replayHistories(
  client: Client,
  workflowBundle: WorkflowBundleOption,
  seen = new Set<string>(),
): Promise<number> {
  const failures: string[] = [];
  const runs: { workflowId: string; history: object }[] = [];
  for await (const { workflowId, runId } of client.workflow.list()) {
    if (seen.has(runId)) continue;
    seen.add(runId);
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const { eventId, workflowTaskFailedEventAttributes: failed } of history.events ?? []) {
      if (failed?.cause !== NOT_DETERMINISTIC) continue;
      failures.push(`${workflowId} ${runId} at event ${String(eventId)}: ${failed.failure?.message}`);
    }
    runs.push({ workflowId, history });
  }
  const options = { workflowBundle, dataConverter: dataConverter() };
  for await (const { workflowId, runId, error } of Worker.runReplayHistories(options, runs)) {
    if (error !== undefined) failures.push(`${workflowId} ${runId}: ${error.message}`);
  }
  if (failures.length > 0) throw new Error(`workflows that cannot be replayed:\n${failures.join('\n')}`);
  return runs.length;
}
