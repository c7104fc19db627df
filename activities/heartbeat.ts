import { ActivityCancelledError, ActivityNotFoundError, ActivityPausedError } from '@temporalio/client';
import { Context } from '@temporalio/activity';
import { LOST_CONTACT } from '../src/unit.js';

/** How often an activity tells its progress and hears of a cancellation. */
const UNIT_BEAT_MS = 500;

/** Reasons for which {@link Heart.signal} asks the work to end. */
export type StopReason = 'cancelled' | 'paused' | 'shutdown' | typeof LOST_CONTACT;

/** Milliseconds that have passed, by the clock that jumps less to our harm. */
export interface Clock {
  /** Does not jump when the time of day is set, but may stand still while the machine sleeps. */
  monotonic(): number;
  /** Goes on while the machine sleeps. */
  wall(): number;
}

const SYSTEM_CLOCK: Clock = { monotonic: () => performance.now(), wall: () => Date.now() };

/**
 * Says whether this process may still regard a unit as its own. Temporal gives a unit to another worker when no heartbeat has
 * reached it for the heartbeat timeout, counted from the last one that did; so the right to write ends, with a margin, half
 * of that time after the last heartbeat *known to have arrived was sent*.
 *
 * {@link Lease.held} computes instead of waiting for a timer, because a process that was stopped (SIGSTOP, a frozen virtual
 * machine) may serve sockets before timers when it wakes up.
 */
export class Lease {
  private readonly limitMs: number;
  private readonly clock: Clock;
  private confirmed: { monotonic: number; wall: number } | undefined;

  constructor(heartbeatTimeoutMs: number, clock: Clock = SYSTEM_CLOCK) {
    this.limitMs = heartbeatTimeoutMs / 2;
    this.clock = clock;
  }

  /** The present moment, to be handed to {@link confirm} when the heartbeat sent now is acknowledged. */
  now(): { monotonic: number; wall: number } {
    return { monotonic: this.clock.monotonic(), wall: this.clock.wall() };
  }

  /** A heartbeat sent at that moment has reached Temporal. */
  confirm(sentAt: { monotonic: number; wall: number }): void {
    this.confirmed = sentAt;
  }

  held(): boolean {
    if (this.confirmed === undefined) return false;
    const elapsed = Math.max(
      this.clock.monotonic() - this.confirmed.monotonic,
      this.clock.wall() - this.confirmed.wall,
    );
    return elapsed < this.limitMs;
  }
}

/** What {@link withHeartbeat} gives to the work it watches over. */
export interface Heart {
  /** Aborted when the work is to end; its reason is a {@link StopReason}. */
  readonly signal: AbortSignal;
  /** Details of the next heartbeat. */
  report(details: unknown): void;
  /** Whether this process may still write for the unit; to be asked right before a write. */
  mayWrite(): boolean;
}

export interface HeartbeatOptions {
  /** Time between heartbeats, 500 ms by default. */
  everyMs?: number;
  /** Off only in tests of what lies behind it, the fence. */
  watchdog?: boolean;
}

/**
 * Runs the work of an activity with heartbeats that are acknowledged. The SDK's own `heartbeat()` returns nothing and tells
 * nothing about whether it arrived, so heartbeats go out through the client, whose answer proves contact and also brings a
 * cancellation at once, without the SDK's throttling.
 *
 * The work starts after the first acknowledgement: no write before contact is proven.
 */
export async function withHeartbeat<T>(work: (heart: Heart) => Promise<T>, options: HeartbeatOptions = {}): Promise<T> {
  const pulse = new Pulse(Context.current(), options);
  await pulse.start();
  try {
    return await work(pulse);
  } finally {
    pulse.stop();
  }
}

class Pulse implements Heart {
  private readonly context: Context;
  private readonly controller = new AbortController();
  private readonly lease: Lease;
  private readonly everyMs: number;
  private readonly watched: boolean;
  private details: unknown;
  private beatTimer: NodeJS.Timeout | undefined;
  private watchTimer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(context: Context, options: HeartbeatOptions) {
    this.context = context;
    this.lease = new Lease(this.timeoutMs());
    this.everyMs = options.everyMs ?? UNIT_BEAT_MS;
    this.watched = options.watchdog ?? true;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  report(details: unknown): void {
    this.details = details;
  }

  mayWrite(): boolean {
    this.watch();
    return !this.watched || (this.lease.held() && this.signal.reason !== LOST_CONTACT);
  }

  async start(): Promise<void> {
    this.heedWorker();
    await this.beat();
    if (this.watched) this.watchTimer = setInterval(() => this.watch(), this.everyMs / 2);
    this.scheduleBeat();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.beatTimer);
    clearInterval(this.watchTimer);
  }

  /** Cancellation as the SDK sees it: the shutdown of this worker, or what its own heartbeats brought. */
  private heedWorker(): void {
    const { cancellationSignal } = this.context;
    const heed = (): void => {
      const details = this.context.cancellationDetails;
      if (details?.workerShutdown === true) this.end('shutdown');
      else if (details?.timedOut === true || details?.notFound === true) this.end(LOST_CONTACT);
      else this.end(details?.paused === true ? 'paused' : 'cancelled');
    };
    if (cancellationSignal.aborted) heed();
    else cancellationSignal.addEventListener('abort', heed, { once: true });
  }

  private scheduleBeat(): void {
    if (this.stopped) return;
    this.beatTimer = setTimeout(() => void this.beat().then(() => this.scheduleBeat()), this.everyMs);
  }

  private async beat(): Promise<void> {
    const { client, info } = this.context;
    // Keeps the SDK's own idea of a live activity; throttled by the worker's options.
    this.context.heartbeat(this.details);
    const sentAt = this.lease.now();
    try {
      await client.withDeadline(Date.now() + this.timeoutMs() / 4, () =>
        client.activity.heartbeat(info.taskToken, this.details),
      );
      this.lease.confirm(sentAt);
    } catch (error) {
      if (error instanceof ActivityCancelledError) {
        this.lease.confirm(sentAt);
        this.end('cancelled');
      } else if (error instanceof ActivityPausedError) {
        this.lease.confirm(sentAt);
        this.end('paused');
      } else if (error instanceof ActivityNotFoundError) {
        // Temporal has given the attempt up: it timed out, or its workflow is gone.
        this.end(LOST_CONTACT);
      }
      // Anything else is lost contact if it lasts; the watchdog counts.
    }
  }

  private watch(): void {
    if (this.watched && !this.lease.held()) this.end(LOST_CONTACT);
  }

  private end(reason: StopReason): void {
    if (reason === LOST_CONTACT && !this.watched) return;
    if (!this.stopped && !this.signal.aborted) this.controller.abort(reason);
  }

  private timeoutMs(): number {
    return this.context.info.heartbeatTimeoutMs ?? 60_000;
  }
}
