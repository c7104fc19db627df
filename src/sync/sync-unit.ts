import { setTimeout as sleep } from 'node:timers/promises';
import type { KnownServer } from '../binlog/start-plan.js';
import { openBinlogStream, type BinlogStreamOptions } from '../binlog/stream.js';
import type { SubtaskConfig } from '../config/types.js';
import { FenceLostError } from '../meta/fence.js';
import { metaTables } from '../meta/tables.js';
import { openConnection } from '../mysql/connect.js';
import { isRetryable } from '../mysql/errors.js';
import { isLostContact, type UnitContext } from '../unit.js';
import { assemble, type Parts } from './assemble.js';
import { Control } from './control.js';
import { killSessions } from './cut-off.js';
import type { BinlogEvent, EventReader, EventStream } from './events.js';
import { rowFailure } from './failure.js';
import { newCounters, type SyncProgress } from './progress.js';
import type { Pace, SyncOptions } from './run.js';
import { StatusReporter } from './status.js';
import { TransactionBuffer } from './transaction-buffer.js';
import { UpstreamWatch } from './upstream-watch.js';
import { openWriterConnection } from './write/writer.js';

/** How long trouble that may pass is met with repetitions before it ends the unit, milliseconds. */
const RETRY_MS = 60_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 3_000;

/**
 * Time for the transaction being read, then for changes read, then for transactions under way, when the unit is asked to end;
 * all together, with the way of the request to here, less than the two seconds in which a pause is to be done.
 */
const FINISH_READING_MS = 400;
const DRAIN_MS = 500;
const UNDER_WAY_MS = 300;

/** Time for ending sessions on the server that wait for locks there, then for storing the last checkpoint. */
const KILL_MS = 300;
const LAST_FLUSH_MS = 1_000;

/** Silence of the upstream, asked for a structure, after which the connection counts as dead. */
const ANSWER_MS = 30_000;

/** Age of what is read from which on there is much to catch up with. */
const BEHIND_MS = 3_000;

/** Bytes of binlog read ahead. Small events are many objects for the garbage collector: more than needed costs time. */
const READ_AHEAD_BYTES = 2 * 1024 * 1024;

const PACE: Pace = { tickMs: 250, reportMs: 500, idleFlushMs: 1_000 };

/** An error of the upstream's stream, told apart from those of applying. */
class ReaderError extends Error {
  override readonly name = 'ReaderError';
}

/** The next event where it is there already. @throws ReaderError */
function polled(events: EventReader): BinlogEvent | undefined {
  try {
    return events.poll();
  } catch (cause) {
    throw new ReaderError('the upstream cannot be read', { cause });
  }
}

/** The next event; undefined at the end. @throws ReaderError */
async function next(events: EventReader): Promise<BinlogEvent | undefined> {
  try {
    return (await events.next()).value ?? undefined;
  } catch (cause) {
    throw new ReaderError('the upstream cannot be read', { cause });
  }
}

/** One run of the sync unit: from the checkpoint until asked to end. See `runSync`. */
export class SyncUnit {
  readonly #config: SubtaskConfig;
  readonly #ctx: UnitContext<SyncProgress>;
  readonly #options: SyncOptions;
  readonly #pace: Pace;
  readonly #dead = new AbortController();
  readonly #ending = new AbortController();
  readonly #counters = newCounters();
  readonly #control: Control;
  readonly #watch: UpstreamWatch;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #endTimers: NodeJS.Timeout[] = [];
  /** Reading has ended. */
  #closing = false;
  readonly #upstream: Control;
  #stream: EventStream | undefined;
  readonly #knownServer: KnownServer = {};
  #parts: Parts | undefined;
  /** Between the stream and the applier, where the upstream's binlog holds rows that were rolled back. */
  #buffer: TransactionBuffer | undefined;
  /** Failure of something that nobody waits for. */
  #background: { error: unknown } | undefined;
  /** When the event being applied, and the last one read, were written; seconds since the epoch. */
  #applying: number | undefined;
  #lastRead: number | undefined;
  #lastFlush = Date.now();
  #lastReport = 0;

  constructor(config: SubtaskConfig, ctx: UnitContext<SyncProgress>, options: SyncOptions) {
    this.#config = config;
    this.#ctx = ctx;
    this.#options = options;
    this.#pace = options.pace ?? PACE;
    const [dead, ending] = [this.#dead.signal, this.#ending.signal];
    const common = { retryMs: RETRY_MS, mayWrite: () => this.#mayWrite(), dead, ending };
    this.#control = new Control({
      ...common,
      role: 'downstream',
      open: (aborted) => openWriterConnection(config.to, aborted),
    });
    this.#upstream = new Control({
      ...common,
      role: 'upstream',
      open: (signal) => openConnection(config.from, { role: 'upstream', readTimeoutMs: ANSWER_MS, signal }),
    });
    ending.addEventListener('abort', () => this.#limitEnd(), { once: true });
    this.#watch = new UpstreamWatch(config.from, config.flavor, ctx.logger);
  }

  /** Runs until the context's signal fires, or an error. */
  async run(): Promise<void> {
    const { signal } = this.#ctx;
    const onAbort = (): void => this.#onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    let failure: { error: unknown } | undefined;
    try {
      this.#parts = await this.#assemble();
      if (this.#config.flavor === 'mariadb') {
        this.#buffer = new TransactionBuffer(this.#parts.applier, () => this.#ending.signal.aborted);
      }
      this.#startTimers(this.#parts);
      await this.#read(this.#parts);
    } catch (error) {
      failure = this.#background ?? { error };
    }
    signal.removeEventListener('abort', onAbort);
    await this.#close(failure?.error);
    if (failure === undefined) return;
    if (!signal.aborted || failure.error instanceof FenceLostError) throw rowFailure(failure.error);
    this.#ctx.logger.info('the unit met an error while it ended', { error: String(failure.error) });
  }

  #assemble(): Promise<Parts> {
    const config = this.#config;
    return assemble({
      config,
      options: this.#options,
      worker: this.#ctx.worker,
      logger: this.#ctx.logger,
      tables: metaTables(config.metaSchema, config.task),
      control: this.#control,
      upstream: this.#upstream,
      mayWrite: () => this.#mayWrite(),
      counters: this.#counters,
      retryMs: RETRY_MS,
      dead: this.#dead.signal,
      ending: this.#ending.signal,
      onFailed: () => this.#wakeReader(),
    });
  }

  /** Computed, not remembered: a process that was stopped may serve its sockets before its timers when it wakes up. */
  #mayWrite(): boolean {
    return !this.#dead.signal.aborted && (this.#ctx.mayWrite?.() ?? true);
  }

  // --- reading -------------------------------------------------------------------------------------------------------

  /** Reads until the unit is asked to end. A stream that breaks is opened again behind the last complete transaction. */
  async #read(parts: Parts): Promise<void> {
    let failingSince: number | undefined;
    let delay = FIRST_DELAY_MS;
    while (!this.#ctx.signal.aborted) {
      const before = parts.keeper.last.location;
      try {
        await this.#readStream(parts);
        failingSince = undefined;
      } catch (error) {
        parts.pipeline.throwIfFailed();
        if (!(error instanceof ReaderError)) throw error;
        if (failingSince === undefined || parts.keeper.last.location !== before) {
          failingSince = Date.now();
          delay = FIRST_DELAY_MS;
        }
        if (!isRetryable(error.cause) || Date.now() - failingSince > RETRY_MS) throw error.cause;
        this.#ctx.logger.warn('the binlog stream is opened again', { error: String(error.cause) });
        await sleep(delay, undefined, { signal: this.#ending.signal }).catch(() => undefined);
        delay = Math.min(MAX_DELAY_MS, delay * 2);
      }
    }
  }

  async #readStream(parts: Parts): Promise<void> {
    const { applier } = parts;
    applier.rewind();
    this.#buffer?.rewind();
    const { signal } = this.#ctx;
    const stream = await this.#openStream(parts);
    this.#stream = stream;
    const events = stream[Symbol.asyncIterator]();
    try {
      this.#throwBackground();
      for (;;) {
        const event = polled(events) ?? (await next(events));
        this.#throwBackground();
        parts.pipeline.throwIfFailed();
        if (event === undefined) return;
        const { timestamp } = event;
        if (event.type === 'gtid') parts.pipeline.isBehind = this.#isOld(timestamp);
        const work = (this.#buffer ?? applier).apply(event);
        if (work !== undefined) {
          this.#applying = timestamp;
          await work;
          this.#applying = undefined;
        }
        // Events of the server's own making carry no time.
        if (timestamp > 0) this.#lastRead = timestamp;
        if (signal.aborted && (this.#ending.signal.aborted || !applier.inTransaction)) return;
        if (applier.takeRestart() || this.#buffer?.takeRestart() === true) return;
      }
    } finally {
      this.#applying = undefined;
      this.#stream = undefined;
      await stream.close();
    }
  }

  /** Whether what was written at this time, by the upstream's clock, comes so late that there is much to catch up with. */
  #isOld(timestamp: number): boolean {
    return Date.now() - (timestamp - this.#watch.offset) * 1000 > BEHIND_MS;
  }

  async #openStream({ applier, keeper, xaRows }: Parts): Promise<EventStream> {
    const { location } = keeper.last;
    const options: BinlogStreamOptions = {
      source: this.#config.from,
      flavor: this.#config.flavor,
      serverId: this.#config.serverId,
      start: location.name === '' ? { gtidSet: location.gtidSet } : location,
      useGtid: this.#config.enableGtid,
      known: this.#knownServer,
      lookup: (schema, table, fits) => applier.lookup(schema, table, fits),
      xa: xaRows,
      logger: this.#ctx.logger,
      signal: this.#ending.signal,
      maxBufferedBytes: READ_AHEAD_BYTES,
    };
    try {
      return await openBinlogStream(options);
    } catch (cause) {
      throw new ReaderError('the upstream cannot be read', { cause });
    }
  }

  #throwBackground(): void {
    if (this.#background !== undefined) throw this.#background.error;
  }

  /** Lets the loop that waits for an event look around. */
  #wakeReader(): void {
    void this.#stream?.close();
  }

  // --- beside reading ------------------------------------------------------------------------------------------------

  #startTimers(parts: Parts): void {
    const { flavor, enableGtid } = this.#config;
    const status = new StatusReporter(flavor, enableGtid, Date.now());
    const tick = (): void => {
      const now = Date.now();
      this.#flushIfDue(parts, now);
      if (now - this.#lastReport >= this.#pace.reportMs) this.#report(parts, status, now);
    };
    tick();
    this.#timers.push(setInterval(tick, this.#pace.tickMs));
  }

  #flushIfDue({ keeper, pipeline, applier }: Parts, now: number): void {
    const interval = this.#config.sync.checkpointFlushIntervalMs;
    const wait = pipeline.pendingRows === 0 ? Math.min(this.#pace.idleFlushMs, interval) : interval;
    if (applier.busyWithDdl || this.#ending.signal.aborted || now - this.#lastFlush < wait || !keeper.isDue) return;
    this.#lastFlush = now;
    keeper.flush().catch((error: unknown) => this.#failInBackground(error));
  }

  #failInBackground(error: unknown): void {
    this.#background ??= { error };
    this.#wakeReader();
  }

  #report({ keeper, pipeline, applier }: Parts, status: StatusReporter, now: number): void {
    this.#lastReport = now;
    const progress = status.progress(
      {
        counters: this.#counters,
        flushed: keeper.flushed,
        last: keeper.last.location,
        reader: applier.position,
        inTransaction: applier.inTransaction,
        pendingRows: pipeline.pendingRows,
        oldestPending: pipeline.lowestPending?.origin.timestamp,
        flushIsDue: keeper.isDue,
        applying: this.#applying,
        lastRead: this.#lastRead,
        upstream: this.#watch.location,
        upstreamAskedAt: this.#watch.askedAt,
        clockOffset: this.#watch.offset,
      },
      now,
    );
    this.#ctx.report(progress);
  }

  // --- end -----------------------------------------------------------------------------------------------------------

  #onAbort(): void {
    if (isLostContact(this.#ctx.signal)) {
      this.#die();
      return;
    }
    if (this.#parts?.applier.inTransaction !== true) this.#wakeReader();
    const reading = this.#parts === undefined ? 0 : FINISH_READING_MS;
    this.#endTimers.push(
      setTimeout(() => {
        this.#wakeReader();
        // Whoever waits for room in the pipeline, for a DDL or for a server goes on from here.
        void this.#drainThenEnd();
      }, reading),
    );
  }

  async #drainThenEnd(): Promise<void> {
    const drained = this.#parts?.pipeline.drained().catch(() => undefined);
    await Promise.race([drained, sleep(DRAIN_MS)]);
    this.#ending.abort();
    void this.#parts?.pipeline.stop();
  }

  /** From now on the end must not wait for either server: not for a lock, and not for an answer on a dead line. */
  #limitEnd(): void {
    this.#endTimers.push(setTimeout(() => void this.#cutOff(), UNDER_WAY_MS));
  }

  async #cutOff(): Promise<void> {
    const { pipeline } = this.#parts ?? {};
    // In the end itself the control connection stores the last checkpoint, which has a limit of its own.
    const control = this.#closing ? undefined : this.#control;
    const sessions = [...(pipeline?.busySessions ?? []), control?.busySession].filter((one) => one !== undefined);
    const killed = killSessions(this.#config.to, sessions, this.#dead.signal).catch((error: unknown) =>
      this.#ctx.logger.debug('sessions are not ended on the server', { error: String(error) }),
    );
    await Promise.race([killed, sleep(KILL_MS)]);
    pipeline?.interrupt();
    control?.interrupt();
    this.#upstream.interrupt();
  }

  /** Nothing may be written any more, not even what is on its way. */
  #die(): void {
    this.#dead.abort();
    this.#ending.abort();
    this.#wakeReader();
    void this.#parts?.pipeline.stop();
  }

  async #close(failure: unknown): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#watch.close();
    this.#closing = true;
    const parts = this.#parts;
    const mayWrite = !isLostContact(this.#ctx.signal) && !(failure instanceof FenceLostError);
    if (parts !== undefined) {
      if (!mayWrite) this.#die();
      else if (failure === undefined) await this.#drainThenEnd();
      else this.#ending.abort();
      await parts.pipeline.stop();
      if (mayWrite) await this.#flushLast(parts);
      this.#ctx.logger.info('replication ends', { ...this.#counters });
      parts.ddl.close();
      parts.tracker.close();
    }
    for (const timer of this.#endTimers) clearTimeout(timer);
    this.#dead.abort();
    this.#control.close();
    this.#upstream.close();
  }

  /** What cannot be stored now is found again by the bookkeeping. */
  async #flushLast({ keeper, applier }: Parts): Promise<void> {
    // The checkpoint of before a DDL is stored already; that of after it holds only together with the new structures.
    if (applier.busyWithDdl || !keeper.isDue) return;
    this.#endTimers.push(setTimeout(() => this.#dead.abort(), LAST_FLUSH_MS));
    try {
      await keeper.flush();
    } catch (error) {
      this.#ctx.logger.warn('the last checkpoint cannot be stored', { error: String(error) });
    }
  }
}
