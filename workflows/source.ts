import {
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  setHandler,
} from '@temporalio/workflow';
import { dmError } from '../src/errors/dm-error.js';
import {
  CLUSTER_WORKFLOW_ID,
  MESSAGES,
  type RemoveAnswer,
  type SourceInput,
  type SourceReply,
  type SourceState,
  type SourceStatus,
  type Subscription,
  subtaskWorkflowId,
  type WorkerBound,
} from './contract.js';
import { answering, refusal } from './failures.js';
import { handlersDone, HistoryWatch, unhindered, withOrderlyCancellation } from './lifetime.js';
import { Billboard } from './search-attributes.js';

/**
 * One upstream: its configuration, the worker it is bound to, and the tasks that use it. Hands news of the binding on to
 * their subtasks.
 */
export async function sourceWorkflow(input: SourceInput): Promise<void> {
  const source = new Source(input);
  await withOrderlyCancellation(
    () => source.run(),
    () => undefined,
  );
}

class Source {
  private input: SourceInput;
  private readonly state: SourceState;
  private readonly billboard: Billboard;
  private readonly history: HistoryWatch;
  private removed = false;

  constructor(input: SourceInput) {
    const { carried, ...rest } = input;
    this.input = rest;
    this.history = new HistoryWatch(input.historyLimit);
    this.state = carried ?? { worker: '', incarnation: '', bindingEpoch: 0, tasks: [] };
    this.billboard = new Billboard();
    this.listen();
  }

  async run(): Promise<void> {
    this.show();
    await condition(() => this.removed || this.history.isLong());
    await handlersDone();
    if (this.removed) return;
    await continueAsNew<typeof sourceWorkflow>({ ...this.input, carried: this.state });
  }

  private listen(): void {
    setHandler(defineSignal<[WorkerBound]>(MESSAGES.workerBound), (news) => this.taking(() => this.bind(news)));
    setHandler(defineSignal<[Subscription]>(MESSAGES.subscribe), ({ task }) => this.taking(() => this.subscribe(task)));
    setHandler(defineSignal<[Subscription]>(MESSAGES.unsubscribe), ({ task }) => this.unsubscribe(task));
    setHandler(defineSignal(MESSAGES.removeRequested), () => this.taking(() => this.answerRemoval()));
    setHandler(defineUpdate<SourceReply, [SourceInput]>(MESSAGES.updateSource), (order) => this.update(order), {
      validator: (_order) => this.refuseWhenUsed(),
    });
    setHandler(defineQuery<SourceStatus>(MESSAGES.status), () => this.status());
    setHandler(defineQuery<SourceInput>(MESSAGES.config), () => this.input);
  }

  private taking(work: () => Promise<void>): Promise<void> {
    this.history.note();
    return unhindered(work);
  }

  private async bind(news: WorkerBound): Promise<void> {
    if (news.epoch <= this.state.bindingEpoch) return;
    this.state.worker = news.worker;
    this.state.incarnation = news.incarnation;
    if (news.dead === undefined) delete this.state.dead;
    else this.state.dead = news.dead;
    this.state.bindingEpoch = news.epoch;
    this.show();
    await Promise.all(this.state.tasks.map((task) => this.tell(task)));
  }

  private async subscribe(task: string): Promise<void> {
    if (!this.state.tasks.includes(task)) this.state.tasks.push(task);
    this.state.tasks.sort();
    await this.tell(task);
  }

  private unsubscribe(task: string): void {
    this.history.note();
    this.state.tasks = this.state.tasks.filter((name) => name !== task);
  }

  private async tell(task: string): Promise<void> {
    this.history.note();
    const { worker, incarnation, dead, bindingEpoch: epoch } = this.state;
    const news: WorkerBound = { worker, incarnation, epoch, ...(dead === undefined ? {} : { dead }) };
    try {
      await getExternalWorkflowHandle(subtaskWorkflowId(task, this.input.sourceId)).signal(MESSAGES.workerBound, news);
    } catch {
      // The subtask has ended without a word, by hand: nobody is there to be told.
      this.unsubscribe(task);
    }
  }

  private async answerRemoval(): Promise<void> {
    this.removed = this.state.tasks.length === 0;
    const answer: RemoveAnswer = { sourceId: this.input.sourceId, tasks: this.state.tasks };
    try {
      await getExternalWorkflowHandle(CLUSTER_WORKFLOW_ID).signal(MESSAGES.removeAnswered, answer);
    } catch {
      // The cluster's workflow is gone: then nobody waits for the answer either.
    }
  }

  private refuseWhenUsed(): void {
    const { tasks } = this.state;
    if (tasks.length > 0) throw refusal(dmError(46010, [this.input.sourceId, tasks]));
  }

  private async update(order: SourceInput): Promise<SourceReply> {
    this.history.note();
    return answering(async () => {
      this.input = { ...this.input, config: order.config, configText: order.configText };
      return { result: true, msg: '', source: this.input.sourceId, worker: this.state.worker };
    });
  }

  private status(): SourceStatus {
    const { worker, tasks } = this.state;
    return { sourceId: this.input.sourceId, worker, tasks, configText: this.input.configText };
  }

  private show(): void {
    const { worker } = this.state;
    this.billboard.show({ source: this.input.sourceId }, worker === '' ? 'no worker' : `bound to ${worker}`);
  }
}
