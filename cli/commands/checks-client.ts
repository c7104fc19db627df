import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { CheckReport, ReportLimits } from '../../src/check/report.js';
import { sealSecrets } from '../../src/config/secret.js';
import type { SourceDefinition } from '../../src/config/source-file.js';
import type { SourceConfig, StartMeta, SubtaskConfig } from '../../src/config/types.js';
import { dmErrorFromJson } from '../../src/errors/dm-error.js';
import {
  CHECK_WORKFLOWS,
  type CheckAnswer,
  type CheckTaskInput,
  type CompleteSourceAnswer,
  type CompleteSourceInput,
  type ClusterState,
  SHARED_TASK_QUEUE,
  type StartTimeAnswer,
  type StartTimeInput,
  WORKFLOW_TASK_TIMEOUT_MS,
} from '../../workflows/contract.js';
import { isTimeout } from '../commands-client.js';
import type { StatusClient } from '../status-client.js';
import { noWorker } from './no-worker.js';

/** Longest wait for a new source; the worker's own connect timeout shows a wrong address well before. */
const SOURCE_LIMIT_MS = 15_000;
const CHECK_LIMIT_MS = 31 * 60_000;

/** Work that a dm-worker does while the user waits for its answer. */
export class Checks {
  private readonly client: Client;
  private readonly status: StatusClient;

  constructor(client: Client, status: StatusClient) {
    this.client = client;
    this.status = status;
  }

  /**
   * The cluster, with at least one worker online.
   *
   * @throws DmError 38008 when no worker is
   */
  async liveCluster(): Promise<ClusterState> {
    const cluster = await this.status.cluster();
    if (cluster === undefined || !cluster.workers.some((worker) => worker.online)) throw noWorker();
    return cluster;
  }

  /**
   * Checks the servers of a task.
   *
   * @throws DmError 26001, 26002, 10003, 10005 of the check itself; 38008 when no worker does it
   */
  async checkTask(configs: readonly SubtaskConfig[], removeMeta: boolean, limits: ReportLimits): Promise<CheckReport> {
    const input: CheckTaskInput = { subtasks: configs.map((config) => sealSecrets(config)), removeMeta, limits };
    const id = `dm-check/${configs[0]?.task ?? ''}/${randomUUID()}`;
    const answer = await this.run<CheckAnswer>(CHECK_WORKFLOWS.checkTask, id, input, CHECK_LIMIT_MS);
    if ('error' in answer) throw dmErrorFromJson(answer.error);
    return answer.report;
  }

  /**
   * Connects to a new source and completes its configuration.
   *
   * @throws DmError 26002, 26007, 20003 of the server; 38008 when no worker does it
   */
  async completeSource(definition: SourceDefinition['config']): Promise<SourceConfig> {
    const input: CompleteSourceInput = { definition: sealSecrets(definition) };
    const id = `dm-source-check/${definition.sourceId}/${randomUUID()}`;
    const answer = await this.run<CompleteSourceAnswer>(CHECK_WORKFLOWS.completeSource, id, input, SOURCE_LIMIT_MS);
    if ('error' in answer) throw dmErrorFromJson(answer.error);
    return { ...definition, ...answer.found };
  }

  /**
   * Finds where the upstreams' binlogs stand at a time, and moves the checkpoints of the subtasks, which must not run, there.
   *
   * @returns the place of each source
   * @throws DmError 20057 when a binlog ends before; 10001 to 10005, 36069 of the servers; 38008 when no worker does it
   */
  async startAtTime(configs: readonly SubtaskConfig[], time: string): Promise<Record<string, StartMeta>> {
    const input: StartTimeInput = { subtasks: configs.map((config) => sealSecrets(config)), time };
    const id = `dm-start-time/${configs[0]?.task ?? ''}/${randomUUID()}`;
    const answer = await this.run<StartTimeAnswer>(CHECK_WORKFLOWS.startTime, id, input, CHECK_LIMIT_MS);
    if ('error' in answer) throw dmErrorFromJson(answer.error);
    return answer.starts;
  }

  private async run<T>(workflow: string, workflowId: string, input: unknown, limitMs: number): Promise<T> {
    await this.liveCluster();
    try {
      return await this.client.withDeadline(Date.now() + limitMs, () =>
        this.client.workflow.execute(workflow, {
          workflowId,
          taskQueue: SHARED_TASK_QUEUE,
          args: [input],
          workflowExecutionTimeout: limitMs,
          workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
        }),
      );
    } catch (error) {
      if (isTimeout(error)) throw noWorker(error);
      throw error;
    }
  }
}
