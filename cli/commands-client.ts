import {
  type Client,
  isGrpcDeadlineError,
  isGrpcServiceError,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure, type Workflow } from '@temporalio/common';
import { type DmError, dmErrorFromJson, type ErrorJson } from '../src/errors/dm-error.js';
import {
  CLUSTER_WORKFLOW_ID,
  type ClusterInput,
  type CommandReply,
  FAILURE,
  MESSAGES,
  type RegisterWorker,
  type Selection,
  SHARED_TASK_QUEUE,
  type SourceInput,
  type SourceReply,
  sourceWorkflowId,
  type TaskInput,
  taskWorkflowId,
  type UnregisterWorker,
  WORKFLOW_TASK_TIMEOUT_MS,
} from '../workflows/contract.js';

/** Commands wait 10 s for their effect inside the workflow; the client a little longer for the answer. */
const COMMAND_DEADLINE_MS = 15_000;

/** No dm-worker answered in time, so that nothing could be done, or it is not known whether it was. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** The workflow that a command is for does not exist: no such task, source, or cluster. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

/** What dmctl, dm-worker and others order from the workflows. Refusals are thrown as {@link DmError}. */
export class Commands {
  private readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  /** Starts a task, or subtasks of a running one that do not exist yet. */
  startTask(input: TaskInput): Promise<CommandReply> {
    return this.updateWithStart<CommandReply>(
      'taskWorkflow',
      taskWorkflowId(input.task),
      MESSAGES.startSubtasks,
      input,
      {
        // The workflow begins without subtasks; the update brings them.
        ...input,
        subtasks: [],
      },
    );
  }

  pauseTask(task: string, selection: Selection = {}): Promise<CommandReply> {
    return this.update(taskWorkflowId(task), MESSAGES.pauseTask, selection);
  }

  resumeTask(task: string, selection: Selection = {}): Promise<CommandReply> {
    return this.update(taskWorkflowId(task), MESSAGES.resumeTask, selection);
  }

  stopTask(task: string, selection: Selection = {}): Promise<CommandReply> {
    return this.update(taskWorkflowId(task), MESSAGES.stopTask, selection);
  }

  addSource(input: SourceInput): Promise<SourceReply> {
    return this.updateWithStart('clusterWorkflow', CLUSTER_WORKFLOW_ID, MESSAGES.addSource, input, EMPTY_CLUSTER);
  }

  updateSource(input: SourceInput): Promise<SourceReply> {
    return this.update(sourceWorkflowId(input.sourceId), MESSAGES.updateSource, input);
  }

  removeSource(sourceId: string): Promise<SourceReply> {
    return this.update(CLUSTER_WORKFLOW_ID, MESSAGES.removeSource, sourceId);
  }

  registerWorker(order: RegisterWorker): Promise<void> {
    return this.updateWithStart('clusterWorkflow', CLUSTER_WORKFLOW_ID, MESSAGES.registerWorker, order, EMPTY_CLUSTER);
  }

  unregisterWorker(order: UnregisterWorker, deadlineMs?: number): Promise<void> {
    return this.update(CLUSTER_WORKFLOW_ID, MESSAGES.unregisterWorker, order, deadlineMs);
  }

  /** Forgets a worker that is offline (DM's offline-member). */
  removeWorker(name: string): Promise<void> {
    return this.update(CLUSTER_WORKFLOW_ID, MESSAGES.removeWorker, name);
  }

  private update<T>(workflowId: string, name: string, arg: unknown, deadlineMs?: number): Promise<T> {
    return this.answered(deadlineMs ?? COMMAND_DEADLINE_MS, () =>
      this.client.workflow.getHandle(workflowId).executeUpdate<T, [unknown]>(name, { args: [arg] }),
    );
  }

  private async updateWithStart<T>(
    workflowType: string,
    workflowId: string,
    name: string,
    arg: unknown,
    input: unknown,
  ): Promise<T> {
    const attempt = (): Promise<T> =>
      this.answered(COMMAND_DEADLINE_MS, () =>
        this.client.workflow.executeUpdateWithStart<Workflow, T, [unknown]>(name, {
          args: [arg],
          startWorkflowOperation: new WithStartWorkflowOperation(workflowType, {
            workflowId,
            taskQueue: SHARED_TASK_QUEUE,
            args: [input],
            workflowIdConflictPolicy: 'USE_EXISTING',
            workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
          }),
        }),
      );
    try {
      return await attempt();
    } catch (error) {
      // The workflow ended between being found and being asked: the second try starts a new one.
      if (error instanceof NotFoundError) return attempt();
      throw error;
    }
  }

  private async answered<T>(deadlineMs: number, work: () => Promise<T>): Promise<T> {
    try {
      return await this.client.withDeadline(Date.now() + deadlineMs, work);
    } catch (error) {
      throw translate(error);
    }
  }
}

const EMPTY_CLUSTER: ClusterInput = {};

/** Errors of the Temporal client in this product's words. */
function translate(error: unknown): unknown {
  if (error instanceof WorkflowUpdateFailedError) return refusalOf(error.cause) ?? error;
  if (error instanceof WorkflowNotFoundError) return new NotFoundError(error.message, { cause: error });
  if (isTimeout(error)) {
    return new NoAnswerError(
      'no dm-worker answered in time; please check that one is running, the command may still take effect then',
      {
        cause: error,
      },
    );
  }
  return error;
}

/** The refusal of an update; undefined when it failed for another reason. A taken name passes as it is. */
function refusalOf(cause: unknown): DmError | ApplicationFailure | undefined {
  if (!(cause instanceof ApplicationFailure)) return undefined;
  if (cause.type !== FAILURE.dmError) return cause;
  const json = cause.details?.[0] as ErrorJson | undefined;
  return json === undefined ? undefined : dmErrorFromJson(json);
}

/** Whether waiting for an answer ended by the deadline, in any of the forms that the client gives it. */
export function isTimeout(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name === 'WorkflowUpdateRPCTimeoutOrCancelledError') return true;
    if (isGrpcServiceError(cause) && isGrpcDeadlineError(cause)) return true;
  }
  return false;
}
