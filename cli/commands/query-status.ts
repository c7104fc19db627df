import { setTimeout as sleep } from 'node:timers/promises';
import { dmErrorFromJson } from '../../src/errors/dm-error.js';
import { detailedStatus, taskList, type SourceSnapshot, type SubtaskSnapshot } from '../output/status.js';
import { StatusScreen } from '../output/watch.js';
import type { SubtaskView } from '../status-client.js';
import { taskNameOf, wholeNumber } from './arguments.js';
import { NegativeAnswerError, printAnswer, type DmctlContext, type Services } from './context.js';
import { effectiveOptions, type GlobalOptions } from './global-options.js';

/** What a query-status asks for. */
interface Question {
  task?: string;
  sources: string[];
  more: boolean;
}

/** `query-status [-s source ...] [task-name | task-file] [--more] [--watch]`. */
export async function queryStatus(
  context: DmctlContext,
  global: GlobalOptions,
  argument: string | undefined,
  flags: { more?: boolean; watch?: boolean; interval: string },
): Promise<void> {
  const question: Question = { sources: [...new Set(global.source ?? [])], more: flags.more === true };
  if (argument !== undefined) question.task = taskNameOf(context, argument);
  const intervalMs = Math.max(1, wholeNumber('--interval', flags.interval)) * 1000;
  const services = await context.services(effectiveOptions(global));
  if (flags.watch === true) await watch(context, services, question, intervalMs);
  else printAnswer(context, await answer(services, question));
}

async function answer(services: Services, question: Question): Promise<{ result: boolean; msg: string }> {
  const subtasks = await snapshots(services, question);
  if (question.task !== undefined && subtasks.length === 0) {
    return { result: false, msg: `task ${question.task} has no source or not exist` };
  }
  const known = await knownSources(services, question, subtasks);
  const strangers = question.sources.filter((id) => !known.some((source) => source.sourceId === id));
  if (strangers.length > 0) return { result: false, msg: `sources [${strangers.join(' ')}] haven't been added` };
  const summary = question.task === undefined && question.sources.length === 0 && !question.more;
  if (summary && subtasks.every((subtask) => subtask.answered)) return taskList(subtasks);
  const shown = known.filter((source) => isAskedFor(source.sourceId, question, subtasks));
  return detailedStatus(shown, subtasks);
}

function isAskedFor(sourceId: string, question: Question, subtasks: readonly SubtaskSnapshot[]): boolean {
  if (question.sources.length > 0 && !question.sources.includes(sourceId)) return false;
  if (question.task === undefined && (question.more || question.sources.length > 0)) return true;
  return subtasks.some((subtask) => subtask.sourceId === sourceId);
}

/** The sources of the cluster; those of the subtasks at least, when no worker tells more. */
async function knownSources(
  services: Services,
  question: Question,
  subtasks: readonly SubtaskSnapshot[],
): Promise<SourceSnapshot[]> {
  const cluster = await services.status.cluster();
  const found = new Map<string, SourceSnapshot>();
  for (const { sourceId, state } of subtasks) found.set(sourceId, { sourceId, worker: state.worker });
  for (const [sourceId, { worker }] of Object.entries(cluster?.sources ?? {}))
    found.set(sourceId, { sourceId, worker });
  if (cluster === undefined && (question.more || question.sources.length > 0)) {
    for (const sourceId of await services.status.listSources()) {
      if (!found.has(sourceId)) found.set(sourceId, { sourceId, worker: '' });
    }
  }
  return [...found.values()];
}

async function snapshots(services: Services, question: Question): Promise<SubtaskSnapshot[]> {
  const views = await subtaskViews(services, question);
  return views
    .filter((view) => question.sources.length === 0 || question.sources.includes(view.sourceId))
    .map((view) => snapshotOf(view));
}

/** Of one task: by its workflow, which knows a new subtask at once. Else by Temporal's list. */
async function subtaskViews(services: Services, question: Question): Promise<SubtaskView[]> {
  const { status } = services;
  if (question.task === undefined) return status.subtasks();
  const { task } = question;
  const known = await status.task(task);
  if (known === undefined) return status.subtasks({ task });
  const views = await Promise.all(known.subtasks.map(({ sourceId }) => status.subtask(task, sourceId)));
  return views.filter((view) => view !== undefined);
}

function snapshotOf(view: SubtaskView): SubtaskSnapshot {
  const { task, sourceId, answered, state, progress, running } = view;
  const snapshot: SubtaskSnapshot = { task, sourceId, answered, state };
  if (progress !== undefined) snapshot.progress = progress;
  // Once an attempt has made progress, the failure of the one before is history.
  if (running?.lastError !== undefined && (running.state === 'scheduled' || running.progress === undefined)) {
    snapshot.retrying = { attempt: running.attempt, error: running.lastError };
  }
  return snapshot;
}

/** An automatic resume that is due sooner than this is waited for: its error may pass in the next moment. */
const SOON_MS = 10_000;

/**
 * Draws until everything has finished, an error keeps the task that was asked for from going on, or the user has seen enough.
 *
 * @throws NegativeAnswerError when it ends with errors, which are printed
 */
async function watch(context: DmctlContext, services: Services, question: Question, intervalMs: number): Promise<void> {
  const screen = new StatusScreen(context.output);
  while (!context.signal.aborted) {
    const subtasks = await snapshots(services, question);
    const now = Date.now();
    screen.draw(subtasks, now);
    const halted = subtasks.filter((subtask) => isHalted(subtask, now));
    const finished = subtasks.filter(({ state }) => state.stage === 'Finished');
    const isOver = subtasks.length > 0 && halted.length + finished.length === subtasks.length;
    if (isOver || (halted.length > 0 && question.task !== undefined)) {
      for (const subtask of halted) context.output.err(haltText(subtask));
      if (halted.length > 0) throw new NegativeAnswerError();
      return;
    }
    if (subtasks.length === 0 && question.task !== undefined) return;
    await sleep(intervalMs, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

/** Whether an error has paused the subtask and no automatic resume follows soon. */
function isHalted({ state }: SubtaskSnapshot, now: number): boolean {
  const { stage, result, nextAutoResume } = state;
  if (stage !== 'Paused' || (result?.errors ?? []).length === 0) return false;
  return nextAutoResume === undefined || nextAutoResume - now > SOON_MS;
}

function haltText({ task, sourceId, state }: SubtaskSnapshot): string {
  const errors = (state.result?.errors ?? []).map((error) => dmErrorFromJson(error).toString());
  return `${task} on ${sourceId} is paused by an error:\n${errors.join('\n')}\n`;
}
