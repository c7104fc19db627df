import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  patched,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import { dmError, type ErrorJson } from '../src/errors/dm-error.js';
import type { DmActivities, SubtaskUnit, UnitInput, UnitOutcome } from './activity-types.js';
import { afterHealthyTime, afterResume, freshBackoff, isResumable, nextResumeAt } from './auto-resume.js';
import {
  MESSAGES,
  type Progress,
  type Selection,
  sourceWorkflowId,
  type Stage,
  type SubtaskCarried,
  type SubtaskChanged,
  type SubtaskInput,
  type SubtaskState,
  type Subscription,
  taskWorkflowId,
  type WorkerBound,
  workerTaskQueue,
} from './contract.js';
import { classifyFailure } from './failures.js';
import { handlersDone, historyIsLong, unhindered, withOrderlyCancellation } from './lifetime.js';
import { RunningActivity } from './running-activity.js';
import { Billboard } from './search-attributes.js';

/** A unit that has not been heard of for this long is given to another worker. Its own watchdog stops it at half of it. */
const UNIT_HEARTBEAT_TIMEOUT_MS = 8_000;
/** The bound worker polls all the time; one that does not take a unit within this time is not there. */
const UNIT_PICKUP_TIMEOUT_MS = 5_000;
/** Time for news of a re-binding to arrive before the same worker is tried again. */
const RETRY_PAUSE_MS = 3_000;
/**
 * The same for a worker that was silent at Temporal's last attempt as well: the cluster has noticed before us and is about to
 * tell, unless what it tells waits for workflow tasks that the frozen process has taken with it.
 */
const SILENT_WORKER_PAUSE_MS = 12_000;
/** Replication has no checkpoint yet and the dump it should follow is gone with its worker: the choice of the unit is open again. */
const NO_DUMP_METADATA = 11001;

/** What workflows of earlier versions did not do; their histories go on as they began. */
const PATCHES = { awaitNews: 'await-news-of-a-silent-worker', commandOrder: 'order-of-commands' } as const;

type Expected = SubtaskState['expectedStage'];

/**
 * One task on one source: dump, load and sync, each as one long activity on the worker that holds the source. Decides what
 * runs next and nothing else; what was written stands in the downstream's checkpoints alone.
 */
export async function subtaskWorkflow(input: SubtaskInput): Promise<void> {
  const subtask = new Subtask(input);
  await withOrderlyCancellation(
    () => subtask.run(),
    () => subtask.command('Stopped'),
  );
}

class Subtask {
  private readonly input: SubtaskInput;
  private readonly state: SubtaskState;
  private readonly billboard: Billboard;
  private backoff;
  private bindingEpoch: number;
  private unitChosen: boolean;
  private sequence: number;
  private lastCommand: number;
  private running: RunningActivity | undefined;
  /** Process of the bound worker. */
  private incarnation: string;
  private reporting: Promise<void> | undefined;
  private unreported = false;

  constructor(input: SubtaskInput) {
    this.input = input;
    const carried = input.carried;
    this.state = carried?.state ?? initialState(input);
    this.billboard = new Billboard(carried === undefined ? {} : this.labels());
    this.backoff = carried?.backoff ?? freshBackoff(Date.now());
    this.bindingEpoch = carried?.bindingEpoch ?? 0;
    this.incarnation = carried?.incarnation ?? '';
    this.unitChosen = carried?.unitChosen ?? false;
    this.sequence = carried?.sequence ?? 0;
    this.lastCommand = carried?.command ?? 0;
    this.listen();
  }

  async run(): Promise<void> {
    this.show();
    for (;;) {
      if (this.state.expectedStage === 'Stopped') return this.close();
      if (historyIsLong(this.input.historyLimit)) await this.startNewRun();
      if (this.state.stage === 'Finished') await this.until(() => this.state.expectedStage === 'Stopped');
      else if (this.state.expectedStage === 'Paused') await this.stayPaused();
      else if (this.state.result !== null) await this.waitForResume();
      else if (this.state.worker === '') await this.waitForWorker();
      else await this.runUnit(this.state.worker);
    }
  }

  /** Takes in what somebody wants. A pause by a user is never overridden by anything but a user. */
  command(expected: Expected, number = 0): void {
    const { state } = this;
    // Signals overtake each other: what a task has said since counts. A stop is never taken back.
    const late = number > 0 && number < this.lastCommand && expected !== 'Stopped';
    if (late && patched(PATCHES.commandOrder)) return;
    this.lastCommand = Math.max(this.lastCommand, number);
    const over = state.expectedStage === 'Stopped' || (state.stage === 'Finished' && expected !== 'Stopped');
    if (!over) {
      if (expected === 'Running' && (state.expectedStage === 'Paused' || state.result !== null)) {
        state.result = null;
        if (this.running === undefined) state.stage = 'Resuming';
      }
      if (expected === 'Paused' && state.result !== null) state.result = { ...state.result, isCanceled: true };
      state.expectedStage = expected;
    }
    this.interruptIfNeeded();
    this.changed();
  }

  private listen(): void {
    setHandler(defineSignal<[Selection?]>(MESSAGES.pause), (selection) => this.command('Paused', commandOf(selection)));
    setHandler(defineSignal<[Selection?]>(MESSAGES.resume), (selection) =>
      this.command('Running', commandOf(selection)),
    );
    setHandler(defineSignal<[Selection?]>(MESSAGES.stop), (selection) => this.command('Stopped', commandOf(selection)));
    setHandler(defineSignal<[WorkerBound]>(MESSAGES.workerBound), (news) => this.bind(news));
    setHandler(defineQuery<SubtaskState>(MESSAGES.status), () => this.state);
  }

  private bind(news: WorkerBound): void {
    if (news.epoch <= this.bindingEpoch) return;
    this.bindingEpoch = news.epoch;
    const isNews = this.state.worker !== news.worker;
    this.state.worker = news.worker;
    this.incarnation = news.incarnation;
    if (news.dead !== undefined && this.running?.incarnation === news.dead) this.running.abandon();
    else this.interruptIfNeeded();
    if (isNews) this.changed();
  }

  private shallRun(): boolean {
    return this.state.expectedStage === 'Running';
  }

  /** Ends the running activity in good order when it is not wanted any more, or wanted elsewhere. */
  private interruptIfNeeded(): void {
    if (this.running === undefined) return;
    if (!this.shallRun()) this.state.stage = this.state.expectedStage === 'Paused' ? 'Pausing' : 'Stopping';
    // Twice the limit: a flood of signals while one unit runs for months.
    const flooded = historyIsLong((this.input.historyLimit ?? 8_000) * 2);
    if (this.shallRun() && this.running.worker === this.state.worker && !flooded) return;
    this.running.interrupted = true;
    this.running.scope.cancel();
  }

  // --- running a unit ----------------------------------------------------------------------------------------------

  private async runUnit(worker: string): Promise<void> {
    const running = new RunningActivity(worker, this.incarnation);
    const epoch = this.bindingEpoch;
    this.running = running;
    let retry = false;
    let silent = false;
    try {
      const outcome = await running.run(() => this.runActivities(worker));
      if (outcome.progress !== undefined) this.state.lastProgress = outcome.progress;
      if (outcome.dumpMeta !== undefined) this.state.dumpMeta = outcome.dumpMeta;
      if (outcome.finished) this.goOn();
      else retry = true;
    } catch (error) {
      const failure = isCancellation(error) ? undefined : classifyFailure(error);
      if (failure?.kind === 'error') {
        this.noteProgress(failure.progress ?? this.state.lastProgress);
        this.pauseByError(failure.error, failure.transient);
      } else retry = true;
      silent = failure?.kind === 'worker-lost' && failure.silent;
    }
    this.running = undefined;
    if (!retry) return;
    // Dump and load depend on files of one disk: look again what is there before going on.
    if (this.state.unit !== 'Sync') this.unitChosen = false;
    if (!running.interrupted) await this.awaitRebinding(worker, silent ? epoch : undefined);
  }

  /**
   * Nobody asked for the end of a unit: lets news of a re-binding arrive, so that a lost worker is not asked in a tight loop.
   * When it fell silent there is news in any case: of another worker, or that it has registered again.
   *
   * @param silentSince epoch of the binding when a worker began that has fallen silent
   */
  private async awaitRebinding(worker: string, silentSince: number | undefined): Promise<void> {
    if (silentSince !== undefined && patched(PATCHES.awaitNews)) {
      await condition(() => !this.shallRun() || this.bindingEpoch > silentSince, SILENT_WORKER_PAUSE_MS);
    } else {
      await condition(() => !this.shallRun() || this.state.worker !== worker, RETRY_PAUSE_MS);
    }
  }

  private async runActivities(worker: string): Promise<UnitOutcome> {
    const activities = unitActivities(worker, this.input);
    if (!this.unitChosen) {
      this.state.unit = await activities.chooseUnit(this.unitInput());
      if (this.state.unit === 'Dump') delete this.state.dumpMeta;
      this.unitChosen = true;
    }
    this.state.attempt += 1;
    this.state.stage = 'Running';
    this.changed();
    return activities[UNIT_ACTIVITY[this.state.unit as SubtaskUnit]](this.unitInput());
  }

  private unitInput(): UnitInput {
    const { dumpMeta } = this.state;
    return { config: this.input.config, ...(dumpMeta === undefined ? {} : { dumpMeta }) };
  }

  /** The unit is complete: the next one, or the end of the task. */
  private goOn(): void {
    const full = this.input.config.taskMode === 'full';
    if (this.state.unit === 'Dump') this.state.unit = 'Load';
    else if (this.state.unit === 'Load' && !full) this.state.unit = 'Sync';
    else this.state.stage = 'Finished';
    this.changed();
  }

  // --- pausing and resuming ----------------------------------------------------------------------------------------

  private async stayPaused(): Promise<void> {
    this.state.stage = 'Paused';
    delete this.state.nextAutoResume;
    this.changed();
    await this.until(() => this.state.expectedStage !== 'Paused');
  }

  /** Progress of a unit that an error has ended: whatever failed is not downstream. */
  private noteProgress(progress: Progress | undefined): void {
    if (progress === undefined) return;
    this.state.lastProgress = progress.unit === 'Sync' ? { ...progress, synced: false } : progress;
  }

  private pauseByError(error: ErrorJson, transient: boolean): void {
    const { checker } = this.input.config;
    const now = Date.now();
    this.state.result = { isCanceled: !this.shallRun(), errors: [error], detail: null };
    this.state.stage = 'Paused';
    if (this.state.unit !== 'Sync' || error.ErrCode === NO_DUMP_METADATA) this.unitChosen = false;
    this.backoff = afterHealthyTime(this.backoff, checker, now);
    if (checker.checkEnable && (transient || isResumable([error]))) {
      this.state.nextAutoResume = nextResumeAt(this.backoff, checker, now, Math.random());
    }
    const next = this.state.nextAutoResume;
    const resume = next === undefined ? 'by an operator' : new Date(next).toISOString();
    log.error('the task is paused by an error', { unit: this.state.unit, code: error.ErrCode, resume });
    this.changed();
  }

  private async waitForResume(): Promise<void> {
    const { nextAutoResume } = this.state;
    const resumed = (): boolean => !this.shallRun() || this.state.result === null;
    if (nextAutoResume === undefined) return this.until(resumed);
    const wait = Math.max(1, nextAutoResume - Date.now());
    const early = await condition(() => resumed() || historyIsLong(this.input.historyLimit), wait);
    if (early && !resumed()) return;
    delete this.state.nextAutoResume;
    if (early) return;
    this.backoff = afterResume(this.backoff, this.input.config.checker, Date.now());
    this.state.result = null;
    this.state.stage = 'Resuming';
    this.changed();
  }

  /** Waits for a change; comes back as well when the run is to be replaced. */
  private async until(wanted: () => boolean): Promise<void> {
    await condition(() => wanted() || historyIsLong(this.input.historyLimit));
  }

  // --- telling others ----------------------------------------------------------------------------------------------

  /** The source tells its worker at once when it is asked for the first time, and whenever it changes. */
  private async waitForWorker(): Promise<void> {
    const { sourceId, task } = this.input;
    if (this.bindingEpoch === 0) {
      const subscription: Subscription = { task };
      try {
        await getExternalWorkflowHandle(sourceWorkflowId(sourceId)).signal(MESSAGES.subscribe, subscription);
      } catch {
        return this.pauseByError(dmError(46008, [sourceId]).toJSON(), false);
      }
    }
    await this.until(() => this.state.worker !== '' || !this.shallRun());
  }

  private changed(): void {
    this.show();
    this.unreported = true;
    this.reportAll();
  }

  private reportAll(): void {
    if (!this.unreported || this.reporting !== undefined) return;
    this.reporting = unhindered(() => this.report()).finally(() => {
      this.reporting = undefined;
      this.reportAll();
    });
  }

  /** Sends the latest state to the task until there is nothing newer; states in between are skipped. */
  private async report(): Promise<void> {
    while (this.unreported) {
      this.unreported = false;
      await this.send(false);
    }
  }

  private async send(closed: boolean): Promise<void> {
    const { task, sourceId } = this.input;
    this.sequence += 1;
    const { sequence, lastCommand: command, state } = this;
    const report: SubtaskChanged = { sourceId, state: { ...state }, sequence, command, closed };
    try {
      await getExternalWorkflowHandle(taskWorkflowId(task)).signal(MESSAGES.subtaskChanged, report);
    } catch {
      // The task's workflow was ended by hand. The subtask goes on until it is stopped as well.
    }
  }

  private labels(): { task: string; source: string; stage: Stage; unit: string } {
    return {
      task: this.input.task,
      source: this.input.sourceId,
      stage: this.state.stage,
      unit: this.state.unit,
    };
  }

  private show(): void {
    const { stage, unit, worker, result } = this.state;
    const place = worker === '' ? 'waiting for a worker' : `on ${worker}`;
    const errors = (result?.errors ?? []).map((error) => {
      const { ErrCode, Message, RawCause, Workaround } = error;
      return `\n\n**${ErrCode}** ${[Message, RawCause, Workaround].filter((text) => text !== '').join('\n\n')}`;
    });
    this.billboard.show(this.labels(), `**${unit}** ${stage}, ${place}${errors.join('')}`);
  }

  private async close(): Promise<void> {
    const { sourceId, task } = this.input;
    this.state.stage = 'Stopped';
    this.show();
    await this.reporting;
    const subscription: Subscription = { task };
    try {
      await getExternalWorkflowHandle(sourceWorkflowId(sourceId)).signal(MESSAGES.unsubscribe, subscription);
    } catch {
      // The source has gone already.
    }
    await this.send(true);
    await handlersDone();
  }

  private async startNewRun(): Promise<never> {
    await this.reporting;
    await handlersDone();
    const { state, bindingEpoch, incarnation, unitChosen, backoff, sequence, lastCommand: command } = this;
    const carried: SubtaskCarried = { state, bindingEpoch, incarnation, unitChosen, backoff, sequence, command };
    return continueAsNew<typeof subtaskWorkflow>({ ...this.input, carried });
  }
}

function commandOf(selection: Selection | undefined): number {
  return selection?.command ?? 0;
}

const UNIT_ACTIVITY = { Dump: 'dump', Load: 'load', Sync: 'sync' } as const;

function initialState(input: SubtaskInput): SubtaskState {
  const unit: SubtaskUnit = input.config.taskMode === 'incremental' ? 'Sync' : 'Dump';
  return { stage: 'New', unit, worker: '', result: null, expectedStage: 'Running', attempt: 0 };
}

/**
 * The units of one subtask on one worker. Temporal itself repeats what failed by bad luck (a lost connection, a worker that
 * died and came back) without a line in history; after some attempts in a row the subtask pauses with the error, for
 * everyone to see, and its automatic resume goes on trying.
 */
function unitActivities(worker: string, input: SubtaskInput): DmActivities {
  return proxyActivities<DmActivities>({
    taskQueue: workerTaskQueue(worker),
    heartbeatTimeout: UNIT_HEARTBEAT_TIMEOUT_MS,
    scheduleToStartTimeout: UNIT_PICKUP_TIMEOUT_MS,
    startToCloseTimeout: '3650 days',
    // Paused and re-bound only after the unit has flushed what it holds.
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s', maximumAttempts: 10 },
    summary: `${input.task} on ${input.sourceId}`,
  });
}
