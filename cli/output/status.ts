import type { ErrorJson } from '../../src/errors/dm-error.js';
import type { LoadProgress, ProcessResult, Progress, SubtaskState, SyncProgress } from '../../workflows/contract.js';

/** One subtask as far as its status is known. */
export interface SubtaskSnapshot {
  task: string;
  sourceId: string;
  /** False when no worker answered: then only stage and unit are known. */
  answered: boolean;
  state: SubtaskState;
  progress?: Progress;
  /** A running unit that is being tried again: which attempt, and why. */
  retrying?: { attempt: number; error?: ErrorJson };
}

/** A source and the worker that holds it. */
export interface SourceSnapshot {
  sourceId: string;
  worker: string;
}

/** Short answer of query-status. */
export interface TaskListStatus {
  result: boolean;
  msg: string;
  tasks: { taskName: string; taskStatus: string; sources: string[] }[];
}

/** Subtask as query-status prints it; exactly one of `check`, `dump`, `load`, `sync` is present. */
export interface SubtaskStatus {
  name: string;
  stage: string;
  unit: string;
  result: ProcessResult | null;
  unresolvedDDLLockID: string;
  [unit: string]: unknown;
}

export interface SourceStatusEntry {
  result: boolean;
  msg: string;
  sourceStatus: { source: string; worker: string; result: null; relayStatus: null };
  subTaskStatus: SubtaskStatus[];
}

/** Detailed answer of query-status. */
export interface DetailedStatus {
  result: boolean;
  msg: string;
  sources: SourceStatusEntry[];
}

/** The list of tasks with their derived status (manual section 4.4.4.1), sorted by name. */
export function taskList(subtasks: readonly SubtaskSnapshot[]): TaskListStatus {
  const byTask = new Map<string, SubtaskSnapshot[]>();
  for (const subtask of subtasks) byTask.set(subtask.task, [...(byTask.get(subtask.task) ?? []), subtask]);
  const tasks = [...byTask]
    .sort(([a], [b]) => compare(a, b))
    .map(([taskName, members]) => ({
      taskName,
      taskStatus: taskStatus(
        taskName,
        members.map((member) => member.state),
      ),
      sources: members.map((member) => member.sourceId).sort(compare),
    }));
  return { result: true, msg: '', tasks };
}

/** The status of a task, derived from its subtasks: the first row of the manual's table that fits. */
export function taskStatus(task: string, states: readonly Pick<SubtaskState, 'stage' | 'result'>[]): string {
  const paused = states.filter((state) => state.stage === 'Paused');
  if (paused.some((state) => (state.result?.errors.length ?? 0) > 0)) {
    return `Error - Some error occurred in subtask. Please run \`query-status ${task}\` to get more details.`;
  }
  if (paused.length > 0) return 'Paused';
  for (const stage of ['New', 'Finished', 'Stopped']) {
    if (states.length > 0 && states.every((state) => state.stage === stage)) return stage;
  }
  return 'Running';
}

/** Message of a source without subtasks. */
export const NO_SUBTASK = 'no sub task started';

/** Everything about the sources named, sorted by id; their subtasks by task. */
export function detailedStatus(
  sources: readonly SourceSnapshot[],
  subtasks: readonly SubtaskSnapshot[],
): DetailedStatus {
  const entries = [...sources]
    .sort((a, b) => compare(a.sourceId, b.sourceId))
    .map((source) =>
      sourceEntry(
        source,
        subtasks.filter((subtask) => subtask.sourceId === source.sourceId),
      ),
    );
  return { result: true, msg: '', sources: entries };
}

function sourceEntry(source: SourceSnapshot, subtasks: readonly SubtaskSnapshot[]): SourceStatusEntry {
  const sorted = [...subtasks].sort((a, b) => compare(a.task, b.task));
  const worker = sorted.find((subtask) => subtask.state.worker !== '')?.state.worker ?? source.worker;
  return {
    result: sorted.every((subtask) => subtask.answered),
    msg: sourceMessage(sorted),
    sourceStatus: { source: source.sourceId, worker, result: null, relayStatus: null },
    subTaskStatus: sorted.map((subtask) => subtaskStatus(subtask)),
  };
}

function sourceMessage(subtasks: readonly SubtaskSnapshot[]): string {
  if (subtasks.length === 0) return NO_SUBTASK;
  if (subtasks.some((subtask) => !subtask.answered)) {
    return 'no dm-worker answers: stage and unit are the last ones known';
  }
  return subtasks
    .filter((subtask) => subtask.retrying !== undefined && subtask.state.stage === 'Running')
    .map(({ task, retrying }) => {
      const why =
        retrying?.error === undefined ? '' : `: ${retrying.error.Message} ${retrying.error.RawCause}`.trimEnd();
      return `task ${task} is at attempt ${retrying?.attempt}${why}`;
    })
    .join('; ');
}

/** One subtask's entry. */
export function subtaskStatus(subtask: SubtaskSnapshot): SubtaskStatus {
  const { state, progress } = subtask;
  return {
    name: subtask.task,
    stage: state.stage,
    unit: state.unit,
    result: state.result ?? pausedByUser(state),
    unresolvedDDLLockID: '',
    ...unitStatus(state, progress),
  };
}

/** A pause that somebody asked for shows as a cancelled unit without errors (task-operations 4.4.4). */
function pausedByUser({ stage }: SubtaskState): ProcessResult | null {
  return stage === 'Paused' ? { isCanceled: true, errors: [], detail: null } : null;
}

function unitStatus(state: SubtaskState, progress: Progress | undefined): Record<string, unknown> {
  const of = <U extends Progress['unit']>(unit: U): Extract<Progress, { unit: U }> | undefined =>
    progress?.unit === unit ? (progress as Extract<Progress, { unit: U }>) : undefined;
  if (state.unit === 'Dump') return { dump: {} };
  if (state.unit === 'Load') return { load: loadStatus(of('Load'), state.stage === 'Finished') };
  if (state.unit === 'Sync') return { sync: syncStatus(of('Sync')) };
  const check = of('Check');
  return {
    check: {
      passed: check?.passed ?? false,
      total: String(check?.total ?? 0),
      successful: String(check?.successful ?? 0),
      failed: String(check?.failed ?? 0),
      warning: String(check?.warning ?? 0),
      detail: null,
    },
  };
}

function loadStatus(load: LoadProgress | undefined, finished: boolean): Record<string, unknown> {
  const finishedBytes = load?.finishedBytes ?? '0';
  const totalBytes = load?.totalBytes ?? '0';
  return {
    finishedBytes,
    totalBytes,
    progress: percent(BigInt(finishedBytes), BigInt(totalBytes), finished),
    metaBinlog: load?.metaBinlog ?? '',
    metaBinlogGTID: load?.metaBinlogGTID ?? '',
  };
}

/** `25.44 %`. Of nothing, all is done once the unit has finished, and none before. */
export function percent(part: bigint, whole: bigint, finished: boolean): string {
  if (whole === 0n) return finished ? '100.00 %' : '0.00 %';
  const hundredths = (part * 10_000n) / whole;
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, '0')} %`;
}

function syncStatus(sync: SyncProgress | undefined): Record<string, unknown> {
  return {
    totalEvents: sync?.totalEvents ?? '0',
    totalTps: sync?.totalTps ?? '0',
    recentTps: sync?.recentTps ?? '0',
    masterBinlog: sync?.masterBinlog ?? '',
    masterBinlogGtid: sync?.masterBinlogGtid ?? '',
    syncerBinlog: sync?.syncerBinlog ?? '',
    syncerBinlogGtid: sync?.syncerBinlogGtid ?? '',
    blockingDDLs: [],
    unresolvedGroups: [],
    synced: sync?.synced ?? false,
    binlogType: sync?.binlogType ?? 'unknown',
    secondsBehindMaster: sync?.secondsBehindMaster ?? '0',
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
