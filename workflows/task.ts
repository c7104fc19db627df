import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  proxyActivities,
  setHandler,
  sleep,
  startChild,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { type DmError, dmError, dmErrorFromJson } from '../src/errors/dm-error.js';
import type { DmActivities } from './activity-types.js';
import {
  type CommandReply,
  MESSAGES,
  type Selection,
  SHARED_TASK_QUEUE,
  type SourceReply,
  type SubtaskChanged,
  type SubtaskInput,
  type SubtaskState,
  subtaskWorkflowId,
  type TaskInput,
  type TaskStatus,
  WORKFLOW_TASK_TIMEOUT_MS,
} from './contract.js';
import { answering, refusal } from './failures.js';
import { handlersDone, HistoryWatch, unhindered, withOrderlyCancellation } from './lifetime.js';
import { Billboard } from './search-attributes.js';
import { subtaskWorkflow } from './subtask.js';
import { overallStage } from './task-stage.js';

/** Longest wait of a command for its effect, as in DM (10 polls of a second). */
const COMMAND_WAIT_MS = 10_000;
/** A task that nobody gives a subtask within this time has been started by mistake. */
const FIRST_COMMAND_WAIT_MS = 15_000;

type Command = 'pause' | 'resume' | 'stop';

const { removeMeta } = proxyActivities<DmActivities>({
  taskQueue: SHARED_TASK_QUEUE,
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '120s',
  retry: { maximumAttempts: 3 },
});

/**
 * One task: starts a subtask for each source, hands commands on to them and answers when they have taken effect. Ends when
 * its last subtask has stopped.
 */
export async function taskWorkflow(input: TaskInput): Promise<void> {
  const task = new Task(input);
  await withOrderlyCancellation(
    () => task.run(),
    () => void task.command('stop', {}),
  );
}

class Task {
  private input: TaskInput;
  private readonly subtasks: Map<string, SubtaskChanged>;
  private readonly billboard: Billboard;
  private commandNumber: number;
  /** The update at work; a second one is refused until it has answered. */
  private busy = '';
  private everUsed: boolean;
  private readonly history: HistoryWatch;

  constructor(input: TaskInput) {
    const { carried, ...rest } = input;
    this.input = rest;
    this.history = new HistoryWatch(input.historyLimit);
    this.subtasks = new Map(Object.entries(carried?.subtasks ?? {}));
    this.commandNumber = carried?.command ?? 0;
    this.everUsed = carried !== undefined;
    this.billboard = new Billboard(carried === undefined ? {} : { task: input.task, stage: this.stage() });
    this.listen();
  }

  async run(): Promise<void> {
    this.show();
    const over = (): boolean => this.subtasks.size === 0 && this.busy === '' && this.everUsed;
    if (!this.everUsed && !(await condition(() => this.everUsed, FIRST_COMMAND_WAIT_MS))) return;
    for (;;) {
      await condition(() => over() || (this.history.isLong() && this.busy === ''));
      await handlersDone();
      if (over()) return;
      if (this.busy !== '') continue;
      const carried = { subtasks: Object.fromEntries(this.subtasks), command: this.commandNumber };
      await continueAsNew<typeof taskWorkflow>({ ...this.input, carried });
    }
  }

  private listen(): void {
    setHandler(defineUpdate<CommandReply, [TaskInput]>(MESSAGES.startSubtasks), (more) => this.startSubtasks(more), {
      validator: (more) => this.mayStart(more),
    });
    const commands = [
      [MESSAGES.pauseTask, MESSAGES.pause, 'pause'],
      [MESSAGES.resumeTask, MESSAGES.resume, 'resume'],
      [MESSAGES.stopTask, MESSAGES.stop, 'stop'],
    ] as const;
    for (const [update, signal, command] of commands) {
      setHandler(
        defineUpdate<CommandReply, [Selection | undefined]>(update),
        (selection) => this.exclusively(`${command}-task`, () => this.operate(command, selection ?? {})),
        { validator: (selection) => this.mayOperate(`${command}-task`, selection ?? {}) },
      );
      setHandler(defineSignal<[Selection?]>(signal), (selection) =>
        unhindered(() => this.command(command, selection ?? {})),
      );
    }
    setHandler(defineSignal<[SubtaskChanged]>(MESSAGES.subtaskChanged), (report) => this.takeReport(report));
    setHandler(defineQuery<TaskStatus>(MESSAGES.status), () => this.status());
    setHandler(defineQuery<TaskInput>(MESSAGES.config), () => this.input);
  }

  private takeReport(report: SubtaskChanged): void {
    this.history.note();
    const known = this.subtasks.get(report.sourceId);
    if (known === undefined || known.sequence >= report.sequence) return;
    if (report.closed) this.subtasks.delete(report.sourceId);
    else this.subtasks.set(report.sourceId, report);
    this.show();
  }

  // --- starting ----------------------------------------------------------------------------------------------------

  /** Sources that an order to start means. */
  private wantedSources(order: TaskInput): string[] {
    return order.onlySources ?? order.subtasks.map((subtask) => subtask.sourceId);
  }

  private mayStart(order: TaskInput): void {
    this.refuseWhenBusy('start-task');
    const wanted = this.wantedSources(order);
    const unknown = wanted.filter((id) => !order.subtasks.some((subtask) => subtask.sourceId === id));
    if (unknown.length > 0) throw refusal(dmError(46017, [unknown]));
    const existing = wanted.filter((id) => this.subtasks.has(id));
    if (order.removeMeta && this.subtasks.size > 0) {
      const names = [...this.subtasks.keys()];
      throw refusal(dmError(46014, [order.task, names]).annotate('while remove-meta is true'));
    }
    if (existing.length === wanted.length) throw refusal(dmError(46014, [order.task, existing]));
  }

  private async startSubtasks(order: TaskInput): Promise<CommandReply> {
    return this.exclusively('start-task', async () => {
      const starting = this.wantedSources(order).filter((id) => !this.subtasks.has(id));
      const first = order.subtasks[0];
      if (order.removeMeta && first !== undefined) await removeMeta(first.config);
      this.adoptConfiguration(order);
      const replies = await Promise.all(starting.map((id) => this.startSubtask(id)));
      return { result: true, msg: '', sources: replies };
    });
  }

  private adoptConfiguration(order: TaskInput): void {
    const kept = this.input.subtasks.filter((old) => !order.subtasks.some((now) => now.sourceId === old.sourceId));
    this.input = { ...this.input, configText: order.configText, subtasks: [...kept, ...order.subtasks] };
  }

  private async startSubtask(sourceId: string): Promise<SourceReply> {
    this.history.note();
    const found = this.input.subtasks.find((subtask) => subtask.sourceId === sourceId);
    if (found === undefined) return replyOf(sourceId, undefined, dmError(46017, [[sourceId]]));
    const { task, historyLimit } = this.input;
    const input: SubtaskInput = { task, sourceId, config: found.config };
    if (historyLimit !== undefined) input.historyLimit = historyLimit;
    this.subtasks.set(sourceId, { sourceId, state: NEW_SUBTASK, sequence: 0, command: 0, closed: false });
    try {
      await startSubtaskWorkflow(input);
    } catch (error) {
      this.subtasks.delete(sourceId);
      return replyOf(sourceId, undefined, error);
    }
    return this.awaitEffect('resume', sourceId, 0);
  }

  // --- commanding --------------------------------------------------------------------------------------------------

  /** Hands a command on without waiting for its effect. */
  async command(command: Command, selection: Selection): Promise<void> {
    this.history.note();
    const sources = selection.sources ?? [...this.subtasks.keys()];
    this.commandNumber += 1;
    const number = this.commandNumber;
    await Promise.all(sources.map((id) => this.tell(command, id, number)));
  }

  private mayOperate(operation: string, selection: Selection): void {
    this.refuseWhenBusy(operation);
    const unknown = (selection.sources ?? []).filter((id) => !this.subtasks.has(id));
    if (unknown.length > 0) throw refusal(dmError(46017, [unknown]));
  }

  private async operate(command: Command, selection: Selection): Promise<CommandReply> {
    const sources = (selection.sources ?? [...this.subtasks.keys()]).sort();
    this.commandNumber += 1;
    const number = this.commandNumber;
    const replies = sources.map(async (id) => {
      const refused = this.stageForbids(command, id);
      if (refused !== undefined) return replyOf(id, this.subtasks.get(id)?.state, refused);
      await this.tell(command, id, number);
      return this.awaitEffect(command, id, number);
    });
    return { result: true, msg: '', sources: await Promise.all(replies) };
  }

  /** Repeating a command is harmless; only what makes no sense in a stage is refused. */
  private stageForbids(command: Command, sourceId: string): DmError | undefined {
    const stage = this.subtasks.get(sourceId)?.state.stage;
    if (command === 'pause' && (stage === 'Finished' || stage === 'Stopping')) return dmError(40050, [stage]);
    if (command === 'resume' && stage === 'Stopping') return dmError(40051, [stage]);
    return undefined;
  }

  private async tell(command: Command, sourceId: string, number: number): Promise<void> {
    if (!this.subtasks.has(sourceId)) return;
    this.history.note();
    const payload: Selection = { command: number };
    try {
      await getExternalWorkflowHandle(subtaskWorkflowId(this.input.task, sourceId)).signal(command, payload);
    } catch {
      // Its workflow was ended by hand: there is nothing left to command.
      this.subtasks.delete(sourceId);
    }
  }

  /** Waits until a subtask shows what a command asks for, or an error, or time is over. */
  private async awaitEffect(command: Command, sourceId: string, number: number): Promise<SourceReply> {
    const worker = this.subtasks.get(sourceId)?.state.worker ?? '';
    const settled = (): boolean => {
      const report = this.subtasks.get(sourceId);
      if (report === undefined) return true;
      return report.sequence > 0 && report.command >= number && hasSettled(command, report.state);
    };
    const inTime = await condition(settled, COMMAND_WAIT_MS);
    const state = this.subtasks.get(sourceId)?.state;
    if (!inTime) return replyOf(sourceId, state, dmError(38045));
    if (command === 'stop') return { result: true, msg: '', source: sourceId, worker };
    if (state === undefined) return replyOf(sourceId, state, dmError(40054, [this.input.task]));
    // It ended by itself while the command was on its way.
    if (command === 'pause' && state.stage === 'Finished')
      return replyOf(sourceId, state, dmError(40050, [state.stage]));
    const error = command === 'resume' ? state.result?.errors[0] : undefined;
    return replyOf(sourceId, state, error === undefined ? undefined : dmErrorFromJson(error));
  }

  private refuseWhenBusy(operation: string): void {
    if (this.busy !== '') throw refusal(dmError(46024, [operation, this.input.task]));
  }

  private async exclusively<T>(operation: string, work: () => Promise<T>): Promise<T> {
    this.history.note();
    return answering(async () => {
      this.refuseWhenBusy(operation);
      this.busy = operation;
      this.everUsed = true;
      try {
        return await work();
      } finally {
        this.busy = '';
      }
    });
  }

  // --- showing -----------------------------------------------------------------------------------------------------

  private status(): TaskStatus {
    const subtasks = [...this.subtasks.values()].map(({ sourceId, state }) => ({ sourceId, state }));
    subtasks.sort((a, b) => (a.sourceId < b.sourceId ? -1 : 1));
    return { task: this.input.task, subtasks, configText: this.input.configText };
  }

  private stage(): string {
    return overallStage([...this.subtasks.values()].map((report) => report.state));
  }

  private show(): void {
    const lines = this.status().subtasks.map(({ sourceId, state }) => `- ${sourceId}: ${state.unit} ${state.stage}`);
    this.billboard.show({ task: this.input.task, stage: this.stage() }, lines.join('\n'));
  }
}

const NEW_SUBTASK: SubtaskState = {
  stage: 'New',
  unit: 'Check',
  worker: '',
  result: null,
  expectedStage: 'Running',
  attempt: 0,
};

function hasSettled(command: Command, state: SubtaskState): boolean {
  if (command === 'pause') return state.stage === 'Paused' || state.stage === 'Finished';
  if (command === 'stop') return false;
  return state.stage === 'Running' || state.stage === 'Finished' || (state.stage === 'Paused' && state.result !== null);
}

function replyOf(source: string, state: SubtaskState | undefined, error?: unknown): SourceReply {
  const msg = error === undefined ? '' : String(error instanceof Error ? error : JSON.stringify(error));
  return { result: error === undefined, msg, source, worker: state?.worker ?? '' };
}

/**
 * Starts a subtask that outlives this run of its task. One of the same id that is still there was left behind by a task that
 * was terminated by hand: it is asked to stop, and replaced.
 */
async function startSubtaskWorkflow(input: SubtaskInput): Promise<void> {
  const workflowId = subtaskWorkflowId(input.task, input.sourceId);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await startChild(subtaskWorkflow, {
        workflowId,
        args: [input],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
        staticSummary: `Subtask of ${input.task} on ${input.sourceId}`,
      });
      return;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError) || attempt === 10) throw error;
      if (attempt === 1)
        await getExternalWorkflowHandle(workflowId)
          .signal(MESSAGES.stop)
          .catch(() => undefined);
      await sleep(500);
    }
  }
}
