import { type Client, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import {
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import { ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { type ErrorJson, toDmError } from '../src/errors/dm-error.js';
import {
  CLUSTER_WORKFLOW_ID,
  type ClusterState,
  FAILURE,
  MESSAGES,
  type Progress,
  SEARCH_ATTRIBUTES,
  type SourceInput,
  type SourceStatus,
  sourceWorkflowId,
  type Stage,
  type SubtaskState,
  subtaskWorkflowId,
  type TaskInput,
  type TaskStatus,
  taskWorkflowId,
} from '../workflows/contract.js';

/** A status must never hang: a query is answered by a worker, and there may be none. */
const QUERY_DEADLINE_MS = 3_000;

/** What is known of a running unit without asking any worker. */
export interface RunningUnit {
  /** Activity name: `dump`, `load`, `sync`, `chooseUnit`. */
  activity: string;
  attempt: number;
  /** Waiting for the next attempt or for a worker, or at work. */
  state: 'scheduled' | 'started' | 'cancelling' | 'paused';
  /** Last heartbeat, as far as one was sent. */
  progress?: Progress;
  /** Why the attempt before failed; absent on the first. */
  lastError?: ErrorJson;
  /** Milliseconds since the epoch. */
  lastHeartbeat?: number;
  /** Milliseconds since the epoch. */
  nextAttempt?: number;
}

/** One subtask, put together from Temporal's own records and, when a worker answers, the workflow. */
export interface SubtaskView {
  task: string;
  sourceId: string;
  /** False when no worker answered the query: then `state` holds stage and unit only, from the search attributes. */
  answered: boolean;
  state: SubtaskState;
  running?: RunningUnit;
  /** The freshest progress known, of the heartbeat or of the last unit's end. */
  progress?: Progress;
}

/** Reads states from Temporal. Nothing here waits on the data path, and nothing takes longer than a query's deadline. */
export class StatusClient {
  private readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  /** Names of the tasks that exist, sorted. Answered by Temporal's visibility store alone, which lags some 100 ms behind. */
  listTasks(): Promise<string[]> {
    return this.list('taskWorkflow', SEARCH_ATTRIBUTES.task);
  }

  /** Ids of the sources that exist, sorted. As {@link listTasks}. */
  listSources(): Promise<string[]> {
    return this.list('sourceWorkflow', SEARCH_ATTRIBUTES.source);
  }

  /** Workers and sources. Undefined when there has never been a cluster, or no worker answers. */
  cluster(): Promise<ClusterState | undefined> {
    return this.query<ClusterState>(CLUSTER_WORKFLOW_ID, MESSAGES.status);
  }

  /** A task and its subtasks. Undefined when it does not exist, or no worker answers. */
  task(task: string): Promise<TaskStatus | undefined> {
    return this.query<TaskStatus>(taskWorkflowId(task), MESSAGES.status);
  }

  taskInput(task: string): Promise<TaskInput | undefined> {
    return this.query<TaskInput>(taskWorkflowId(task), MESSAGES.config);
  }

  source(sourceId: string): Promise<SourceStatus | undefined> {
    return this.query<SourceStatus>(sourceWorkflowId(sourceId), MESSAGES.status);
  }

  sourceInput(sourceId: string): Promise<SourceInput | undefined> {
    return this.query<SourceInput>(sourceWorkflowId(sourceId), MESSAGES.config);
  }

  /** Whether a workflow with that id is running, whoever can answer for it. */
  async exists(workflowId: string): Promise<boolean> {
    try {
      return (await this.client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  /** One subtask; undefined when it does not exist. */
  async subtask(task: string, sourceId: string): Promise<SubtaskView | undefined> {
    const handle = this.client.workflow.getHandle(subtaskWorkflowId(task, sourceId));
    let description;
    try {
      description = await handle.describe();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
    if (description.status.name !== 'RUNNING') return undefined;
    const [state, running] = await Promise.all([
      this.query<SubtaskState>(handle.workflowId, MESSAGES.status),
      readProgress(this.client, description),
    ]);
    const view: SubtaskView = {
      task,
      sourceId,
      answered: state !== undefined,
      state: state ?? stateFromAttributes(description),
    };
    if (running !== undefined) view.running = running;
    const progress = running?.progress ?? view.state.lastProgress;
    if (progress !== undefined) view.progress = progress;
    return view;
  }

  /** Every subtask of a task, or of all tasks, by the visibility store; answers without any worker. */
  async subtasks(filter: { task?: string; sourceId?: string } = {}): Promise<SubtaskView[]> {
    const conditions = [`WorkflowType = 'subtaskWorkflow'`, `ExecutionStatus = 'Running'`];
    if (filter.task !== undefined) conditions.push(`${SEARCH_ATTRIBUTES.task} = ${quoted(filter.task)}`);
    if (filter.sourceId !== undefined) conditions.push(`${SEARCH_ATTRIBUTES.source} = ${quoted(filter.sourceId)}`);
    const found: { task: string; sourceId: string }[] = [];
    for await (const info of this.client.workflow.list({ query: conditions.join(' AND ') })) {
      const ids = /^dm-task\/([^/]+)\/(.+)$/.exec(info.workflowId);
      if (ids?.[1] !== undefined && ids[2] !== undefined) found.push({ task: ids[1], sourceId: ids[2] });
    }
    const views = await Promise.all(found.map(({ task, sourceId }) => this.subtask(task, sourceId)));
    return views
      .filter((view) => view !== undefined)
      .sort((a, b) => compare(a.task, b.task) || compare(a.sourceId, b.sourceId));
  }

  private async list(workflowType: string, attribute: string): Promise<string[]> {
    const names = new Set<string>();
    const query = `WorkflowType = '${workflowType}' AND ExecutionStatus = 'Running'`;
    for await (const info of this.client.workflow.list({ query })) {
      const name = attributeOf(info.searchAttributes, attribute);
      if (name !== '') names.add(name);
    }
    return [...names].sort(compare);
  }

  private async query<T>(workflowId: string, name: string): Promise<T | undefined> {
    try {
      const handle: WorkflowHandle = this.client.workflow.getHandle(workflowId);
      return await this.client.withDeadline(Date.now() + QUERY_DEADLINE_MS, async () => {
        const description = await handle.describe();
        return description.status.name === 'RUNNING' ? handle.query<T>(name) : undefined;
      });
    } catch {
      // No such workflow, or nobody to answer for it.
      return undefined;
    }
  }
}

type Description = Awaited<ReturnType<WorkflowHandle['describe']>>;

/** The activity that a subtask's workflow is running, with the progress of its last heartbeat; undefined when none is. */
export async function readProgress(client: Client, description: Description): Promise<RunningUnit | undefined> {
  // One that is to end may stand beside its successor for a while: a process died that ran it.
  const all = description.raw.pendingActivities ?? [];
  const pending = all.find((activity) => PENDING_STATES[activity.state ?? 1] !== 'cancelling') ?? all[0];
  if (pending === undefined || pending === null) return undefined;
  const converter = client.options.loadedDataConverter;
  const payloads = pending.heartbeatDetails?.payloads;
  const unit: RunningUnit = {
    activity: pending.activityType?.name ?? '',
    attempt: pending.attempt ?? 1,
    state: PENDING_STATES[pending.state ?? 1] ?? 'scheduled',
  };
  if (payloads !== undefined && payloads !== null && payloads.length > 0) {
    const details = await decodeFromPayloadsAtIndex<Progress | null>(converter, 0, payloads);
    if (details !== null && details !== undefined) unit.progress = details;
  }
  const failure = await decodeOptionalFailureToOptionalError(converter, pending.lastFailure);
  if (failure !== undefined) unit.lastError = errorOf(failure);
  if (pending.lastHeartbeatTime) unit.lastHeartbeat = milliseconds(pending.lastHeartbeatTime);
  if (pending.nextAttemptScheduleTime) unit.nextAttempt = milliseconds(pending.nextAttemptScheduleTime);
  return unit;
}

/** By number of Temporal's PendingActivityState. */
const PENDING_STATES: Record<number, RunningUnit['state']> = {
  1: 'scheduled',
  2: 'started',
  3: 'cancelling',
  4: 'paused',
  5: 'paused',
};

function errorOf(failure: Error): ErrorJson {
  if (failure instanceof ApplicationFailure && failure.type === FAILURE.dmError) {
    const json = failure.details?.[0] as ErrorJson | undefined;
    if (json !== undefined) return json;
  }
  if (failure instanceof TimeoutFailure)
    return toDmError(new Error(`the worker did not answer (${failure.timeoutType})`)).toJSON();
  return toDmError(failure).toJSON();
}

function stateFromAttributes(description: Description): SubtaskState {
  const stage = attributeOf(description.searchAttributes, SEARCH_ATTRIBUTES.stage) as Stage | '';
  const unit = attributeOf(description.searchAttributes, SEARCH_ATTRIBUTES.unit) as SubtaskState['unit'] | '';
  return {
    stage: stage === '' ? 'New' : stage,
    unit: unit === '' ? 'Check' : unit,
    worker: '',
    result: null,
    expectedStage: stage === 'Paused' ? 'Paused' : 'Running',
    attempt: 0,
  };
}

function attributeOf(attributes: Record<string, unknown> | undefined, name: string): string {
  const value = attributes?.[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : '';
}

function milliseconds(time: { seconds?: unknown; nanos?: number | null }): number {
  return Number(time.seconds ?? 0) * 1000 + Math.floor((time.nanos ?? 0) / 1_000_000);
}

/** A text as literal of a visibility query. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
