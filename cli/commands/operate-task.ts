import type { CommandReply, Selection } from '../../workflows/contract.js';
import { taskNameOf, wholeNumber } from './arguments.js';
import { errorText, isNotFound, printAnswer, UsageError, type DmctlContext, type Services } from './context.js';
import { effectiveOptions, type GlobalOptions } from './global-options.js';

/** pause-task, resume-task, stop-task. */
export type TaskOperation = 'Pause' | 'Resume' | 'Stop';

interface OperationAnswer extends CommandReply {
  op: TaskOperation;
}

/** `pause-task [-s source ...] [task-name | task-file]`, and likewise for resume and stop. */
export async function operateTask(
  context: DmctlContext,
  global: GlobalOptions,
  op: TaskOperation,
  argument: string | undefined,
  flags: { batchSize: string },
): Promise<void> {
  const sources = [...new Set(global.source ?? [])];
  if (argument === undefined && sources.length !== 1) {
    throw new UsageError('give the name of a task, or exactly one source with -s to mean all of its tasks');
  }
  const batchSize = Math.max(1, wholeNumber('--batch-size', flags.batchSize));
  const services = await context.services(effectiveOptions(global));
  if (argument === undefined) {
    printAnswer(context, await operateAllOfSource(services, op, sources[0], batchSize));
  } else {
    const selection: Selection = sources.length === 0 ? {} : { sources };
    printAnswer(context, await operateOne(services, op, taskNameOf(context, argument), selection));
  }
}

async function operateOne(
  services: Services,
  op: TaskOperation,
  task: string,
  selection: Selection,
): Promise<OperationAnswer> {
  try {
    const reply = await send(services, op, task, selection);
    const sources = [...reply.sources].sort((a, b) => (a.source < b.source ? -1 : 1));
    return { op, result: reply.result, msg: reply.msg, sources };
  } catch (error) {
    const msg = isNotFound(error)
      ? `task ${task} has no source or not exist, please check the task name and status`
      : errorText(error);
    return { op, result: false, msg, sources: [] };
  }
}

function send(services: Services, op: TaskOperation, task: string, selection: Selection): Promise<CommandReply> {
  const { commands } = services;
  if (op === 'Pause') return commands.pauseTask(task, selection);
  return op === 'Resume' ? commands.resumeTask(task, selection) : commands.stopTask(task, selection);
}

interface BatchAnswer {
  result: boolean;
  msg: string;
  tasks: { task: string; op: TaskOperation; result: boolean; msg: string; sources: CommandReply['sources'] }[];
}

/** All subtasks of one source, some tasks at a time; one that fails does not hold up the others. */
async function operateAllOfSource(
  services: Services,
  op: TaskOperation,
  source: string,
  batchSize: number,
): Promise<BatchAnswer> {
  const status = await services.status.source(source);
  if (status === undefined) return { result: false, msg: `sources [${source}] haven't been added`, tasks: [] };
  const left = [...status.tasks].sort();
  const answers: BatchAnswer['tasks'] = [];
  const worker = async (): Promise<void> => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) {
      const { result, msg, sources } = await operateOne(services, op, task, { sources: [source] });
      answers.push({ task, op, result, msg, sources });
    }
  };
  await Promise.all(Array.from({ length: batchSize }, worker));
  answers.sort((a, b) => (a.task < b.task ? -1 : 1));
  return { result: true, msg: '', tasks: answers };
}
