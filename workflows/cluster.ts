import {
  ActivityCancellationType,
  CancellationScope,
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
import { ApplicationFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { dmError } from '../src/errors/dm-error.js';
import type { DmActivities } from './activity-types.js';
import { rebind } from './binding.js';
import {
  type ClusterInput,
  type ClusterState,
  FAILURE,
  MESSAGES,
  type RegisterWorker,
  type RemoveAnswer,
  type SourceInput,
  type SourceReply,
  sourceWorkflowId,
  type UnregisterWorker,
  type WorkerBound,
  type WorkerEntry,
  workerTaskQueue,
  WORKFLOW_TASK_TIMEOUT_MS,
} from './contract.js';
import { answering, refusal } from './failures.js';
import { handlersDone, HistoryWatch, withOrderlyCancellation } from './lifetime.js';
import { sourceWorkflow } from './source.js';

/** A worker that has not been heard of for this long is offline. Shorter than a unit's, so that the new binding is known first. */
const PRESENCE_TIMEOUT_MS = 6_000;
const REMOVE_WAIT_MS = 10_000;

/** Which workers and sources exist, and who holds whom. */
export async function clusterWorkflow(input: ClusterInput): Promise<void> {
  const cluster = new Cluster(input);
  await withOrderlyCancellation(
    () => cluster.run(),
    () => undefined,
  );
}

class Cluster {
  private readonly state: ClusterState;
  private readonly historyLimit: number | undefined;
  private readonly history: HistoryWatch;
  /** Running presence activities, by worker. Each registration has its own: a late end of an older one means nothing. */
  private readonly presences = new Map<string, CancellationScope>();
  private readonly removals = new Map<string, RemoveAnswer>();
  /** Sources to be told of their worker. */
  private readonly untold = new Set<string>();
  private telling: Promise<void> | undefined;

  constructor(input: ClusterInput) {
    this.state = input.carried ?? { workers: [], sources: {}, epoch: 0 };
    this.historyLimit = input.historyLimit;
    this.history = new HistoryWatch(input.historyLimit);
    this.listen();
  }

  async run(): Promise<void> {
    // Activities do not outlive a run: those of the last one have ended, and the workers' watch begins anew.
    for (const worker of this.state.workers) if (worker.online) this.watch(worker.name, worker.incarnation);
    await condition(() => this.history.isLong());
    await handlersDone();
    await condition(() => this.telling === undefined);
    const next: ClusterInput = { carried: this.state };
    if (this.historyLimit !== undefined) next.historyLimit = this.historyLimit;
    await continueAsNew<typeof clusterWorkflow>(next);
  }

  private listen(): void {
    setHandler(defineUpdate<void, [RegisterWorker]>(MESSAGES.registerWorker), (order) => this.register(order), {
      validator: (order) => this.refuseTakenName(order),
    });
    setHandler(defineUpdate<void, [UnregisterWorker]>(MESSAGES.unregisterWorker), (order) => this.unregister(order));
    setHandler(defineUpdate<void, [string]>(MESSAGES.removeWorker), (name) => this.removeWorker(name), {
      validator: (name) => this.refuseOnline(name),
    });
    setHandler(defineUpdate<SourceReply, [SourceInput]>(MESSAGES.addSource), (order) => this.addSource(order), {
      validator: (order) => this.refuseKnownSource(order.sourceId),
    });
    setHandler(defineUpdate<SourceReply, [string]>(MESSAGES.removeSource), (id) => this.removeSource(id), {
      validator: (id) => this.refuseUnknownSource(id),
    });
    setHandler(defineSignal<[RemoveAnswer]>(MESSAGES.removeAnswered), (answer) => this.takeAnswer(answer));
    setHandler(defineQuery<ClusterState>(MESSAGES.status), () => this.state);
  }

  /** Does what an accepted update asks for. */
  private answer<T>(work: () => Promise<T>): Promise<T> {
    this.history.note();
    return answering(work);
  }

  // --- workers -----------------------------------------------------------------------------------------------------

  private find(name: string): ClusterState['workers'][number] | undefined {
    return this.state.workers.find((worker) => worker.name === name);
  }

  private refuseTakenName(order: RegisterWorker): void {
    const known = this.find(order.name);
    if (known === undefined || !known.online) return;
    if (known.incarnation === order.incarnation || known.incarnation === order.replaces) return;
    throw ApplicationFailure.create({
      message: `a dm-worker named ${order.name} is online at ${known.addr}`,
      type: FAILURE.nameTaken,
      nonRetryable: true,
    });
  }

  private async register(order: RegisterWorker): Promise<void> {
    return this.answer(async () => {
      this.refuseTakenName(order);
      const { name, addr, maxSources, incarnation } = order;
      const entry: WorkerEntry = { name, addr, online: true, maxSources, incarnation };
      const known = this.find(name);
      if (order.replaces !== undefined && order.replaces === known?.incarnation) entry.predecessor = order.replaces;
      else if (known?.incarnation === incarnation && known.predecessor !== undefined)
        entry.predecessor = known.predecessor;
      const others = this.state.workers.filter((worker) => worker.name !== order.name);
      this.state.workers = [...others, entry].sort((a, b) => (a.name < b.name ? -1 : 1));
      this.watch(order.name, order.incarnation);
      // Sources that are bound to it already have to hear of the new process.
      this.state.epoch += 1;
      for (const [id, binding] of Object.entries(this.state.sources)) if (binding.worker === name) this.untold.add(id);
      this.rebindAll();
    });
  }

  private async unregister(order: UnregisterWorker): Promise<void> {
    return this.answer(async () => {
      if (this.find(order.name)?.incarnation !== order.incarnation) return;
      this.wentOffline(order.name);
      // The caller may end after this: its units have been asked to give back what they hold.
      await condition(() => this.telling === undefined);
    });
  }

  private refuseOnline(name: string): void {
    const known = this.find(name);
    if (known === undefined) throw refusal(dmError(46004, [name]));
    if (known.online) throw refusal(dmError(46005, [name]));
  }

  private async removeWorker(name: string): Promise<void> {
    return this.answer(async () => {
      this.refuseOnline(name);
      this.state.workers = this.state.workers.filter((worker) => worker.name !== name);
    });
  }

  /**
   * Watches a worker through an activity on its own queue that heartbeats as long as its process lives. Heartbeats leave no
   * trace in history, so that a cluster may stand for years.
   */
  private watch(name: string, incarnation: string): void {
    this.presences.get(name)?.cancel();
    const scope = new CancellationScope();
    this.presences.set(name, scope);
    const { presence } = proxyActivities<Pick<DmActivities, 'presence'>>({
      taskQueue: workerTaskQueue(name),
      heartbeatTimeout: PRESENCE_TIMEOUT_MS,
      scheduleToStartTimeout: PRESENCE_TIMEOUT_MS,
      startToCloseTimeout: '3650 days',
      // Not ABANDON: the SDK cannot take in the time-out of an abandoned activity, and the workflow would be stuck.
      cancellationType: ActivityCancellationType.TRY_CANCEL,
      retry: { maximumAttempts: 1 },
      summary: `presence of ${name}`,
    });
    const ended = (): void => {
      if (this.presences.get(name) === scope) this.wentOffline(name);
    };
    scope.run(() => presence({ name, incarnation })).then(ended, ended);
  }

  private wentOffline(name: string): void {
    this.history.note();
    const worker = this.find(name);
    if (worker !== undefined) worker.online = false;
    const scope = this.presences.get(name);
    this.presences.delete(name);
    scope?.cancel();
    this.rebindAll();
  }

  private rebindAll(): void {
    for (const change of rebind(this.state)) this.untold.add(change.sourceId);
    this.tellAll();
  }

  private tellAll(): void {
    if (this.untold.size === 0 || this.telling !== undefined) return;
    this.telling = this.tellSources().finally(() => {
      this.telling = undefined;
      this.tellAll();
    });
  }

  private async tellSources(): Promise<void> {
    for (const sourceId of this.untold) {
      this.untold.delete(sourceId);
      this.history.note();
      const binding = this.state.sources[sourceId];
      if (binding === undefined) continue;
      const worker = this.find(binding.worker);
      const news: WorkerBound = {
        worker: binding.worker,
        incarnation: worker?.incarnation ?? '',
        epoch: this.state.epoch,
      };
      if (worker?.predecessor !== undefined) news.dead = worker.predecessor;
      try {
        await getExternalWorkflowHandle(sourceWorkflowId(sourceId)).signal(MESSAGES.workerBound, news);
      } catch {
        // Its workflow was ended by hand: the source does not exist any more.
        delete this.state.sources[sourceId];
      }
    }
  }

  // --- sources -----------------------------------------------------------------------------------------------------

  private refuseKnownSource(sourceId: string): void {
    if (this.state.sources[sourceId] !== undefined) throw refusal(dmError(46007, [sourceId]));
  }

  private refuseUnknownSource(sourceId: string): void {
    if (this.state.sources[sourceId] === undefined) throw refusal(dmError(46008, [sourceId]));
  }

  private async addSource(order: SourceInput): Promise<SourceReply> {
    return this.answer(async () => {
      const { sourceId } = order;
      this.refuseKnownSource(sourceId);
      this.state.sources[sourceId] = { worker: '', lastWorker: '' };
      this.state.epoch += 1;
      try {
        await this.startSource(order);
      } catch (error) {
        delete this.state.sources[sourceId];
        throw error;
      }
      this.untold.add(sourceId);
      this.rebindAll();
      return { result: true, msg: '', source: sourceId, worker: this.state.sources[sourceId]?.worker ?? '' };
    });
  }

  private async startSource(order: SourceInput): Promise<void> {
    const { sourceId, config, configText } = order;
    const input: SourceInput = { sourceId, config, configText };
    if (this.historyLimit !== undefined) input.historyLimit = this.historyLimit;
    try {
      await startChild(sourceWorkflow, {
        workflowId: sourceWorkflowId(sourceId),
        args: [input],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
        staticSummary: `Source ${sourceId}`,
      });
    } catch (error) {
      // A source that outlived a cluster workflow ended by hand is as good as a new one; its tasks may be running.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  }

  private async removeSource(sourceId: string): Promise<SourceReply> {
    return this.answer(async () => {
      this.refuseUnknownSource(sourceId);
      const worker = this.state.sources[sourceId]?.worker ?? '';
      this.removals.delete(sourceId);
      let tasks: string[] = [];
      try {
        const source = getExternalWorkflowHandle(sourceWorkflowId(sourceId));
        await source.signal(MESSAGES.removeRequested);
        if (!(await condition(() => this.removals.has(sourceId), REMOVE_WAIT_MS))) throw refusal(dmError(38045));
        tasks = this.removals.get(sourceId)?.tasks ?? [];
        // It has gone when a signal finds it no more; until then a new source of that id would be taken for the old one.
        for (let wait = 50; tasks.length === 0; wait *= 2) {
          await sleep(wait);
          await source.signal(MESSAGES.removeRequested);
        }
      } catch (error) {
        if (error instanceof ApplicationFailure && error.type === FAILURE.dmError) throw error;
        // No such workflow any more: the source is gone already.
      }
      if (tasks.length > 0) throw refusal(dmError(46010, [sourceId, tasks]));
      delete this.state.sources[sourceId];
      this.rebindAll();
      return { result: true, msg: '', source: sourceId, worker };
    });
  }

  private takeAnswer(answer: RemoveAnswer): void {
    this.history.note();
    this.removals.set(answer.sourceId, answer);
    // An answer that comes after the wait still counts: the source has gone.
    if (answer.tasks.length === 0) delete this.state.sources[answer.sourceId];
  }
}
