import { ApplicationFailure } from '@temporalio/common';
import type { Logger } from '../../src/log/logger.js';
import { FAILURE, type RegisterWorker } from '../../workflows/contract.js';
import type { Commands } from '../commands-client.js';
import { UsageError } from './usage-error.js';

/** Longer than the cluster takes to notice that a process is dead whose name this one takes over. */
const NAME_WAIT_MS = 15_000;
/** Time in which the cluster's workflow must answer, a busy machine and a dead predecessor considered. */
const ANSWER_WAIT_MS = 20_000;
/** Time from a registration to the start of its presence activity. */
const PRESENCE_WAIT_MS = 4_000;
const CHECK_MS = 1_000;

/**
 * Keeps this worker registered with the cluster: the cluster watches it through a presence activity, and when that has ended
 * without our doing (a pause of this process, a restart of Temporal) the worker registers again.
 */
export class Registration {
  private readonly commands: Commands;
  private readonly order: RegisterWorker;
  private readonly logger: Logger;
  private readonly ended = new AbortController();
  private online = false;
  /** By the clock that does not jump when the time of day is set. */
  private lostAt = 0;
  private timer: NodeJS.Timeout | undefined;
  private ending = false;

  constructor(commands: Commands, order: RegisterWorker, logger: Logger) {
    this.commands = commands;
    this.order = order;
    this.logger = logger;
  }

  /** Aborted after the farewell; ends the presence activity while there is still a poller to take in its result. */
  get farewell(): AbortSignal {
    return this.ended.signal;
  }

  /** Hears from the presence activity. */
  onPresence(online: boolean): void {
    this.online = online;
    if (!online) this.lostAt = performance.now();
  }

  /**
   * Registers for the first time.
   *
   * @throws UsageError when another live worker has the name, or the cluster's workflow does not answer
   */
  async begin(): Promise<void> {
    const began = performance.now();
    for (;;) {
      try {
        await this.commands.registerWorker(this.order);
        break;
      } catch (error) {
        const taken = isNameTaken(error);
        if (performance.now() - began > (taken ? NAME_WAIT_MS : ANSWER_WAIT_MS))
          throw new UsageError(reasonOf(error, taken), 1);
        await new Promise((resolve) => setTimeout(resolve, CHECK_MS));
      }
    }
    delete this.order.replaces;
    this.lostAt = performance.now();
    this.schedule();
  }

  /** Says farewell, so that the sources of this worker move at once. Best effort: a dead Temporal must not hold us up. */
  async end(deadlineMs: number): Promise<void> {
    this.ending = true;
    clearTimeout(this.timer);
    const { name, incarnation } = this.order;
    try {
      await this.commands.unregisterWorker({ name, incarnation }, deadlineMs);
    } catch (error) {
      this.logger.warn('could not say farewell to the cluster', { error: String(error) });
    }
    this.ended.abort();
  }

  private schedule(): void {
    if (this.ending) return;
    this.timer = setTimeout(() => void this.check().then(() => this.schedule()), CHECK_MS);
  }

  private async check(): Promise<void> {
    if (this.online || performance.now() - this.lostAt < PRESENCE_WAIT_MS) return;
    try {
      await this.commands.registerWorker(this.order);
      this.logger.info('registered again');
    } catch (error) {
      this.logger.warn('cannot register with the cluster', { error: String(error) });
    }
    this.lostAt = performance.now();
  }
}

function reasonOf(error: unknown, taken: boolean): string {
  const text = error instanceof Error ? error.message : String(error);
  return taken ? `${text}; please choose another --name` : `cannot register with the cluster: ${text}`;
}

function isNameTaken(error: unknown): error is ApplicationFailure {
  return error instanceof ApplicationFailure && error.type === FAILURE.nameTaken;
}
