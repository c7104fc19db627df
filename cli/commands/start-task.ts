import { CHECK_PASSED, DEFAULT_LIMITS, failedCheckError, passedMessage } from '../../src/check/report.js';
import { REMOVE_META_DEPRECATED } from '../../src/config/deprecated.js';
import { readStartTime } from '../../src/config/start-time.js';
import { maskSecrets } from '../../src/config/mask.js';
import { sealSecrets } from '../../src/config/secret.js';
import type { TaskDefinition } from '../../src/config/task-file.js';
import type { SubtaskConfig } from '../../src/config/types.js';
import { dmError } from '../../src/errors/dm-error.js';
import type { CommandReply, SourceReply, TaskInput } from '../../workflows/contract.js';
import { readLimits, readTask, resolveTask } from './arguments.js';
import { errorText, printAnswer, type DmctlContext, type Services } from './context.js';
import { effectiveOptions, type GlobalOptions } from './global-options.js';

/** `check-task <config-file>`. */
export async function checkTask(
  context: DmctlContext,
  global: GlobalOptions,
  file: string,
  flags: { error: string; warn: string },
): Promise<void> {
  const services = await context.services(effectiveOptions(global));
  const answer = await answerOf(async () => {
    const limits = readLimits(flags.error, flags.warn);
    const definition = readTask(context, file);
    const configs = await resolveTask(services, definition);
    const report = await services.checks.checkTask(configs, false, limits);
    if (!report.summary.passed) throw failedCheckError(report, limits);
    return passedMessage(report, limits);
  });
  printAnswer(context, answer);
}

async function answerOf(work: () => Promise<string>): Promise<{ result: boolean; msg: string }> {
  try {
    return { result: true, msg: await work() };
  } catch (error) {
    return { result: false, msg: errorText(error) };
  }
}

/** Options of {@link startTask}. */
export interface StartFlags {
  removeMeta?: boolean;
  /** In the time zone of the upstream; wins over `meta` of the file and over checkpoints. */
  startTime?: string;
}

/** `start-task [-s source ...] [--remove-meta] [--start-time time] <config-file>`. */
export async function startTask(
  context: DmctlContext,
  global: GlobalOptions,
  file: string,
  flags: StartFlags,
): Promise<void> {
  const services = await context.services(effectiveOptions(global));
  let answer: CommandReply;
  try {
    answer = await start(context, services, file, { only: global.source ?? [], ...flags });
  } catch (error) {
    answer = { result: false, msg: errorText(error), sources: [] };
  }
  printAnswer(context, answer);
}

async function start(
  context: DmctlContext,
  services: Services,
  file: string,
  { only, removeMeta = false, startTime }: StartFlags & { only: string[] },
): Promise<CommandReply> {
  const time = startTime === undefined ? undefined : readStartTime(startTime);
  const definition = readTask(context, file, time !== undefined);
  if (time !== undefined) refuseStartTime(definition);
  const strangers = only.filter((id) => !definition.sourceIds.includes(id));
  if (strangers.length > 0) return { result: false, msg: '', sources: [...new Set(strangers)].sort().map(notInTask) };
  const configs = await resolveTask(services, definition);
  const wanted = only.length === 0 ? definition.sourceIds : [...new Set(only)];
  await refuseExisting(services, definition.name, wanted, removeMeta);
  await refuseUnbound(services, wanted);
  const starting = configs.filter((config) => wanted.includes(config.sourceId));
  // A checkpoint that is about to be moved says nothing about where the task starts.
  const report = await services.checks.checkTask(starting, removeMeta || time !== undefined, DEFAULT_LIMITS);
  if (!report.summary.passed) throw failedCheckError(report);
  tellWarnings(context, passedMessage(report));
  if (time !== undefined) {
    const starts = await services.checks.startAtTime(starting, time);
    for (const config of starting) config.meta = starts[config.sourceId];
  }
  const reply = await services.commands.startTask(inputOf(definition, configs, only, removeMeta));
  const deprecated = definition.warnings.includes(REMOVE_META_DEPRECATED) ? REMOVE_META_DEPRECATED : reply.msg;
  return { result: reply.result, msg: deprecated, sources: sorted(reply.sources) };
}

/** The start of a full migration is its dump's. */
function refuseStartTime({ taskMode }: TaskDefinition): void {
  if (taskMode === 'incremental') return;
  throw dmError(20003, [`--start-time with task-mode ${taskMode}`], {
    workaround: 'Please give --start-time with `task-mode: incremental` only.',
  });
}

function notInTask(source: string): SourceReply {
  return { result: false, msg: "source not found in task's config", source, worker: '' };
}

/** The task itself refuses as well; asking first spares the user the time of the checks. */
async function refuseExisting(services: Services, task: string, wanted: string[], removeMeta: boolean): Promise<void> {
  const existing = (await services.status.task(task))?.subtasks.map((subtask) => subtask.sourceId) ?? [];
  if (removeMeta && existing.length > 0) {
    throw dmError(46014, [task, existing.sort()]).annotate('while remove-meta is true');
  }
  if (wanted.every((id) => existing.includes(id))) throw dmError(46014, [task, [...wanted].sort()]);
}

async function refuseUnbound(services: Services, wanted: string[]): Promise<void> {
  const cluster = await services.checks.liveCluster();
  const unbound = wanted.filter((id) => (cluster.sources[id]?.worker ?? '') === '');
  if (unbound.length > 0) throw dmError(46009, [unbound.sort()]);
}

function inputOf(
  definition: TaskDefinition,
  configs: readonly SubtaskConfig[],
  only: string[],
  removeMeta: boolean,
): TaskInput {
  return {
    task: definition.name,
    subtasks: configs.map((config) => ({ sourceId: config.sourceId, config: sealSecrets(config) })),
    configText: maskSecrets(definition.text),
    ...(only.length === 0 ? {} : { onlySources: [...new Set(only)] }),
    removeMeta,
  };
}

function tellWarnings(context: DmctlContext, message: string): void {
  if (message !== CHECK_PASSED) context.output.err(`[warn] ${message}\n`);
}

function sorted(replies: readonly SourceReply[]): SourceReply[] {
  return [...replies].sort((a, b) => (a.source < b.source ? -1 : 1));
}
