import { CancellationScope } from '@temporalio/workflow';
import type { UnitOutcome } from './activity-types.js';

/** An activity at work: where, and how it can be ended. */
export class RunningActivity {
  readonly scope = new CancellationScope();
  readonly worker: string;
  readonly incarnation: string;
  /** It was asked to end. */
  interrupted = false;
  private readonly abandoned: Promise<UnitOutcome>;
  private giveUp: () => void = () => undefined;

  constructor(worker: string, incarnation: string) {
    this.worker = worker;
    this.incarnation = incarnation;
    this.abandoned = new Promise((resolve) => {
      this.giveUp = () => resolve({ finished: false });
    });
  }

  run(work: () => Promise<UnitOutcome>): Promise<UnitOutcome> {
    return Promise.race([this.scope.run(work), this.abandoned]);
  }

  /**
   * Its process is dead, so that waiting for its heartbeat to time out is of no use. The request to cancel keeps Temporal from
   * giving it out again.
   */
  abandon(): void {
    this.interrupted = true;
    this.scope.cancel();
    this.giveUp();
  }
}
