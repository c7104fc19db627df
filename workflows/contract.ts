/**
 * The one place that names workflows, signals, queries, updates, search attributes and their payloads. Imported by
 * workflows, activities, cli and openapi. Types and constants only: nothing here touches Node or a client.
 */
import type { CheckReport, ReportLimits } from '../src/check/report.js';
import type { SourceDefinition } from '../src/config/source-file.js';
import type { DumpProgress } from '../src/dump/progress.js';
import type { ErrorJson } from '../src/errors/dm-error.js';
import type { LoadProgress } from '../src/load/progress.js';
import type { SourceConfig, StartMeta, SubtaskConfig } from '../src/config/types.js';
import type { SealedConfig } from '../src/config/secret.js';
import type { SyncProgress } from '../src/sync/progress.js';
import type { UnitName } from '../src/unit.js';

/** Queue that every dm-worker polls: workflow tasks, and activities that need no particular worker. */
export const SHARED_TASK_QUEUE = 'dm';

/** Queue of one worker: units whose files live on its disk. */
export function workerTaskQueue(worker: string): string {
  return `dm-worker/${worker}`;
}

export function taskWorkflowId(task: string): string {
  return `dm-task/${task}`;
}

export function subtaskWorkflowId(task: string, sourceId: string): string {
  return `dm-task/${task}/${sourceId}`;
}

export function sourceWorkflowId(sourceId: string): string {
  return `dm-source/${sourceId}`;
}

export const CLUSTER_WORKFLOW_ID = 'dm-cluster';

/** How long Temporal waits for a process that took a workflow task and died, before it gives the task to another. */
export const WORKFLOW_TASK_TIMEOUT_MS = 5_000;

/** Search attributes, all of type Keyword. Registered at start-up when missing. */
export const SEARCH_ATTRIBUTES = { task: 'DmTask', source: 'DmSource', stage: 'DmStage', unit: 'DmUnit' } as const;

/** Stage of a subtask (manual section 4.4.4.4). */
export type Stage = 'New' | 'Running' | 'Paused' | 'Stopped' | 'Finished' | 'Pausing' | 'Resuming' | 'Stopping';

/** Why a unit ended, as `query-status` shows it. */
export interface ProcessResult {
  isCanceled: boolean;
  errors: ErrorJson[];
  detail: null;
}

/** Outcome of one command for one source. */
export interface SourceReply {
  result: boolean;
  msg: string;
  source: string;
  worker: string;
}

/** Answer of an update on several sources. */
export interface CommandReply {
  result: boolean;
  msg: string;
  sources: SourceReply[];
}

// --- progress: travels in heartbeat details, never in history -------------------------------------------------------

export type { DumpProgress, LoadProgress, SyncProgress };

export interface CheckProgress {
  unit: 'Check';
  passed: boolean;
  total: number;
  successful: number;
  failed: number;
  warning: number;
}

export type Progress = DumpProgress | LoadProgress | SyncProgress | CheckProgress;

// --- subtask -------------------------------------------------------------------------------------------------------

/** Input of `subtaskWorkflow`; also the state that continue-as-new carries. */
export interface SubtaskInput {
  task: string;
  sourceId: string;
  config: SealedConfig<SubtaskConfig>;
  /** State carried over by continue-as-new; absent on a fresh start. */
  carried?: SubtaskCarried;
  /** History events after which the workflow continues as new; the server's own advice counts as well. */
  historyLimit?: number;
}

export interface SubtaskState {
  stage: Stage;
  unit: UnitName;
  /** Worker that holds the source, `''` while none does. */
  worker: string;
  result: ProcessResult | null;
  /** Last progress that a unit returned; fresher progress stands in the heartbeat details of the running activity. */
  lastProgress?: Progress;
  /** What the user asked for last; a failover never overrides a pause. */
  expectedStage: 'Running' | 'Paused' | 'Stopped';
  /** Attempt number of the running unit, raised at each start of an activity: the fencing epoch's hint. */
  attempt: number;
  /** Next automatic resume, milliseconds since the epoch. */
  nextAutoResume?: number;
  /** Where the dump's snapshot stands in the upstream binlog; kept until replication has a checkpoint of its own. */
  dumpMeta?: StartMeta;
}

/** What continue-as-new hands to the next run of a subtask. */
export interface SubtaskCarried {
  state: SubtaskState;
  /** Binding last heard of; older news is ignored. */
  bindingEpoch: number;
  /** Process of the bound worker. */
  incarnation: string;
  /** Whether the unit to run was chosen from the downstream's checkpoints already. */
  unitChosen: boolean;
  backoff: BackoffState;
  sequence: number;
  command: number;
}

/** Where the automatic resume of one subtask stands (dm-internals of DM 5.3: step n waits min * factor^n). */
export interface BackoffState {
  step: number;
  /** Milliseconds since the epoch of the last automatic resume, 0 = none yet. */
  lastResume: number;
  /** Milliseconds since the epoch from which the subtask has been healthy, for stepping back. */
  healthySince: number;
}

// --- task ----------------------------------------------------------------------------------------------------------

/**
 * Input of `taskWorkflow`, and payload of its update `startSubtasks`: the workflow starts nothing by itself, so that a
 * client uses update-with-start for the first start and for later ones alike.
 */
export interface TaskInput {
  task: string;
  subtasks: { sourceId: string; config: SealedConfig<SubtaskConfig> }[];
  /** The task file as the user wrote it, secrets masked; what `get-config task` shows. */
  configText: string;
  /** Sources whose subtasks start now; absent = all of `subtasks`. */
  onlySources?: string[];
  /** Drop the task's meta tables before the first unit. */
  removeMeta: boolean;
  carried?: TaskState;
  /** As in {@link SubtaskInput}; handed to the subtasks. */
  historyLimit?: number;
}

export interface TaskState {
  /** Last word of each subtask whose workflow exists, by source id. */
  subtasks: Record<string, SubtaskChanged>;
  /** Number of the last command given to subtasks. */
  command: number;
}

export interface TaskStatus {
  task: string;
  subtasks: { sourceId: string; state: SubtaskState }[];
  configText: string;
}

// --- source --------------------------------------------------------------------------------------------------------

/** Input of `sourceWorkflow`. */
export interface SourceInput {
  sourceId: string;
  config: SealedConfig<SourceConfig>;
  /** The source file, secrets masked; what `get-config source` shows. */
  configText: string;
  carried?: SourceState;
  /** As in {@link SubtaskInput}. */
  historyLimit?: number;
}

export interface SourceState {
  /** Bound worker, `''` = none. */
  worker: string;
  incarnation: string;
  dead?: string;
  bindingEpoch: number;
  /** Tasks that use the source; their subtasks are told when the binding changes. */
  tasks: string[];
}

export interface SourceStatus {
  sourceId: string;
  worker: string;
  tasks: string[];
  configText: string;
}

// --- cluster -------------------------------------------------------------------------------------------------------

export interface WorkerEntry {
  name: string;
  addr: string;
  online: boolean;
  /** Most sources it takes at a time. */
  maxSources: number;
  /** Differs in each process, so that a late farewell of an old one is ignored. */
  incarnation: string;
  /** Incarnation that this one has replaced and that is known to be dead. */
  predecessor?: string;
}

export interface SourceBinding {
  /** Bound worker, `''` = none. */
  worker: string;
  /** Worker it was bound to last; preferred, because dump files and relay logs stand there. */
  lastWorker: string;
}

export interface ClusterState {
  workers: WorkerEntry[];
  /** By source id. */
  sources: Record<string, SourceBinding>;
  /** Raised with every change of a binding. */
  epoch: number;
}

/** Input of `clusterWorkflow`; starts empty. */
export interface ClusterInput {
  carried?: ClusterState;
  /** As in {@link SubtaskInput}. */
  historyLimit?: number;
}

export interface RegisterWorker {
  name: string;
  addr: string;
  maxSources: number;
  incarnation: string;
  /** Incarnation of a process that the caller knows to be dead, so that its presence need not time out first. */
  replaces?: string;
}

export interface UnregisterWorker {
  name: string;
  incarnation: string;
}

/** Input of the `presence` activity: it runs, and heartbeats, as long as that process lives. */
export interface PresenceInput {
  name: string;
  incarnation: string;
}

/** Names of messages; a message's payload type stands beside it. */
export const MESSAGES = {
  /** Signals of task and subtask, for people with the Temporal CLI or Web UI: payload {@link Selection}, optional. */
  pause: 'pause',
  resume: 'resume',
  stop: 'stop',
  /** Updates of a task, {@link Selection} -> {@link CommandReply}. */
  pauseTask: 'pauseTask',
  resumeTask: 'resumeTask',
  stopTask: 'stopTask',
  /** Update of a task: start its subtasks, or some more of them ({@link TaskInput} -> {@link CommandReply}). */
  startSubtasks: 'startSubtasks',
  /** Query. Task -> {@link TaskStatus}, subtask -> {@link SubtaskState}, source -> {@link SourceStatus}, cluster -> {@link ClusterState}. */
  status: 'status',
  /** Query of task, source: the sealed input, for clients that print or re-create it ({@link TaskInput}, {@link SourceInput}). */
  config: 'config',
  /** Signal subtask -> task: {@link SubtaskChanged}. */
  subtaskChanged: 'subtaskChanged',
  /** Signals subtask -> source: {@link Subscription}. */
  subscribe: 'subscribe',
  unsubscribe: 'unsubscribe',
  /** Signal cluster -> source -> subtask: {@link WorkerBound}. */
  workerBound: 'workerBound',
  /** Updates of the cluster: {@link RegisterWorker}, {@link UnregisterWorker}. */
  registerWorker: 'registerWorker',
  unregisterWorker: 'unregisterWorker',
  /** Update of the cluster: forget a worker that is offline; payload its name. */
  removeWorker: 'removeWorker',
  /** Updates of the cluster: {@link SourceInput} -> {@link SourceReply}, source id -> {@link SourceReply}. */
  addSource: 'addSource',
  removeSource: 'removeSource',
  /** Signals cluster -> source and back: may the source go? Payload none, {@link RemoveAnswer}. */
  removeRequested: 'removeRequested',
  removeAnswered: 'removeAnswered',
  /** Update of a source: new configuration, only while no task uses it ({@link SourceInput} -> {@link SourceReply}). */
  updateSource: 'updateSource',
} as const;

/** Limits a command to some sources; absent = all. */
export interface Selection {
  sources?: string[];
  /** Number that a task gives its commands, so that a subtask can tell which it has taken in. */
  command?: number;
}

export interface SubtaskChanged {
  sourceId: string;
  state: SubtaskState;
  /** Grows with each report of one subtask: signals may overtake each other. */
  sequence: number;
  /** Highest {@link Selection.command} that the state takes into account. */
  command: number;
  /** The subtask workflow is about to end. */
  closed: boolean;
}

export interface Subscription {
  task: string;
}

export interface WorkerBound {
  /** `''` = none at present. */
  worker: string;
  /** The worker's process. */
  incarnation: string;
  /** Process of the same worker that is known to be dead: what it ran need not be waited for. */
  dead?: string;
  /** Grows with each change; news with a smaller number is late and ignored. */
  epoch: number;
}

/** Answer to `removeRequested`: the tasks that still use the source; none = it has gone. */
export interface RemoveAnswer {
  sourceId: string;
  tasks: string[];
}

/** Types of the `ApplicationFailure`s that cross from activities and updates to their callers. */
export const FAILURE = {
  /** `details[0]` is an {@link ErrorJson}. */
  dmError: 'DmError',
  /** Dump files that the load needs are not on the bound worker's disk: dump again. */
  dumpFilesLost: 'DumpFilesLost',
  /** Another live process has registered under the worker's name. */
  nameTaken: 'NameTaken',
} as const;

// --- questions: workflows that answer and end -----------------------------------------------------------------------

/** Names of the workflows that answer one question and end. */
export const CHECK_WORKFLOWS = {
  checkTask: 'checkTaskWorkflow',
  completeSource: 'completeSourceWorkflow',
  startTime: 'startTimeWorkflow',
} as const;

/** Input of `checkTaskWorkflow`. */
export interface CheckTaskInput {
  subtasks: SealedConfig<SubtaskConfig>[];
  /** The task starts without its old checkpoints. */
  removeMeta: boolean;
  limits: ReportLimits;
}

/** The report, cut to the limits asked for, or why there is none. */
export type CheckAnswer = { report: CheckReport } | { error: ErrorJson };

/** Input of `completeSourceWorkflow`. */
export interface CompleteSourceInput {
  definition: SealedConfig<SourceDefinition['config']>;
}

/** What only the server could tell. */
export type FoundSource = Pick<SourceConfig, 'flavor' | 'serverId'>;

export type CompleteSourceAnswer = { found: FoundSource } | { error: ErrorJson };

/** Input of `startTimeWorkflow`. */
export interface StartTimeInput {
  /** Of one task, none of them running. */
  subtasks: SealedConfig<SubtaskConfig>[];
  /** In the upstreams' own time zones, `2021-10-21 00:01:00`. */
  time: string;
}

/** Where each subtask is to begin, by source; checkpoints that they have stand there already. */
export type StartTimeAnswer = { starts: Record<string, StartMeta> } | { error: ErrorJson };

/** Activities on the shared queue: any worker does. */
export interface CheckActivities {
  checkTask(input: CheckTaskInput): Promise<CheckReport>;
  completeSource(input: CompleteSourceInput): Promise<FoundSource>;
  startAtTime(input: StartTimeInput): Promise<Record<string, StartMeta>>;
}
