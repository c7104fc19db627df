/**
 * The one place that names workflows, signals, queries, updates, search attributes and their payloads. Imported by
 * workflows, activities, cli and openapi. Types and constants only: nothing here touches Node or a client.
 */
import type { ErrorJson } from '../src/errors/dm-error.js';
import type { SourceConfig, SubtaskConfig } from '../src/config/types.js';
import type { SealedConfig } from '../src/config/secret.js';
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

export interface DumpProgress {
  unit: 'Dump';
  totalTables: number;
  completedTables: number;
  /** Bytes and rows as decimal text (64 bit). */
  finishedBytes: string;
  finishedRows: string;
  estimateTotalRows: string;
  bps: string;
}

export interface LoadProgress {
  unit: 'Load';
  finishedBytes: string;
  totalBytes: string;
  finishedRows: string;
  bps: string;
  metaBinlog: string;
  metaBinlogGTID: string;
}

export interface SyncProgress {
  unit: 'Sync';
  totalEvents: string;
  totalTps: string;
  recentTps: string;
  totalRows: string;
  recentRps: string;
  /** `(name, pos)` of the upstream now, and its GTID set. */
  masterBinlog: string;
  masterBinlogGtid: string;
  /** The flushed checkpoint. */
  syncerBinlog: string;
  syncerBinlogGtid: string;
  /** Where the reader stands. */
  readerBinlog: string;
  synced: boolean;
  /** `remote` reads the upstream, `local` relay logs. */
  binlogType: 'remote' | 'local';
  secondsBehindMaster: string;
}

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
  carried?: SubtaskState;
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
}

// --- task ----------------------------------------------------------------------------------------------------------

/** Input of `taskWorkflow`. */
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
}

export interface TaskState {
  /** Source ids whose subtask workflows exist. */
  running: string[];
  /** Last word of each subtask, by source id. */
  subtasks: Record<string, SubtaskState>;
}

export interface TaskStatus {
  task: string;
  subtasks: { sourceId: string; state: SubtaskState }[];
}

// --- source --------------------------------------------------------------------------------------------------------

/** Input of `sourceWorkflow`. */
export interface SourceInput {
  sourceId: string;
  config: SealedConfig<SourceConfig>;
  /** The source file, secrets masked; what `get-config source` shows. */
  configText: string;
  carried?: SourceState;
}

export interface SourceState {
  /** Bound worker, `''` = none. */
  worker: string;
  /** Subtask workflow ids to tell when the binding changes. */
  subscribers: string[];
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
  /** Raised at each registration, so that a late farewell of an old process is ignored. */
  incarnation: string;
}

export interface ClusterState {
  workers: WorkerEntry[];
  /** Source id -> bound worker, `''` = none. */
  sources: Record<string, string>;
}

export interface RegisterWorker {
  name: string;
  addr: string;
  maxSources: number;
  incarnation: string;
}

/** Names of messages; a message's payload type stands beside it. */
export const MESSAGES = {
  /** Signals of task and subtask, for people with the Temporal CLI or Web UI: payload {@link Selection}, optional. */
  pause: 'pause',
  resume: 'resume',
  stop: 'stop',
  /** The same as updates, answered with {@link CommandReply}. */
  pauseTask: 'pauseTask',
  resumeTask: 'resumeTask',
  stopTask: 'stopTask',
  /** Update of a task: start subtasks of further sources ({@link TaskInput} -> {@link CommandReply}). */
  startSubtasks: 'startSubtasks',
  /** Query. Task -> {@link TaskStatus}, subtask -> {@link SubtaskState}, source -> {@link SourceStatus}, cluster -> {@link ClusterState}. */
  status: 'status',
  /** Signal subtask -> task: {@link SubtaskChanged}. */
  subtaskChanged: 'subtaskChanged',
  /** Signals between subtask and source. */
  subscribe: 'subscribe',
  unsubscribe: 'unsubscribe',
  workerBound: 'workerBound',
  /** Signal subtask -> source -> cluster: the bound worker does not answer. Payload {@link WorkerSuspect}. */
  workerSuspect: 'workerSuspect',
  /** Updates of the cluster. */
  registerWorker: 'registerWorker',
  unregisterWorker: 'unregisterWorker',
  addSource: 'addSource',
  removeSource: 'removeSource',
  /** Update of a source: new configuration, only while no task uses it. */
  updateSource: 'updateSource',
} as const;

/** Limits a command to some sources; absent = all. */
export interface Selection {
  sources?: string[];
}

export interface SubtaskChanged {
  sourceId: string;
  state: SubtaskState;
  /** The subtask workflow is about to end. */
  closed: boolean;
}

export interface WorkerBound {
  worker: string;
}

export interface WorkerSuspect {
  sourceId: string;
  worker: string;
}
