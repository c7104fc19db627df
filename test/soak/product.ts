/** The product under test: a process that runs the units, started again whenever it has ended, as Temporal does it. */
import { fork, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { StartMeta, SubtaskConfig } from '../../src/config/types.js';
import type { SyncProgress } from '../../src/sync/progress.js';
import type { SoakMessage, SoakWork } from './unit-process.js';

const SCRIPT = fileURLToPath(new URL('unit-process.js', import.meta.url));
const RESTART_MS = 150;
/** Time that a process which was taken over has to find out by itself. */
const AWAKE_MS = 4_000;
/** Lives that end with the same error one after the other while nothing disturbs them: the error does not pass. */
const SAME_ERRORS = 4;

/** How the next life of the process is to be. */
export interface Life {
  config: SubtaskConfig;
  /** Text of `DM_FAULT`. */
  faults?: string;
}

export interface ProductOptions {
  /** Where logs and dumps go. */
  dir: string;
  /** Asked before each start. */
  nextLife: () => Life;
  /** Whether an error of a process in this unit can come from what the soak does itself. */
  isExcused: (failure: Failure, unit: string) => boolean;
}

export type Failure = Extract<SoakMessage, { kind: 'failed' }>;

/** Keeps one process at work until it is stopped. */
export class Product {
  progress: SyncProgress | undefined;
  unit = '';
  /** An error that nothing excuses. */
  failure: Failure | undefined;
  lives = 0;
  /** Errors met, by their text. */
  readonly errors = new Map<string, number>();
  readonly #options: ProductOptions;
  readonly #log: WriteStream;
  readonly #dumpMeta: { value: StartMeta | undefined } = { value: undefined };
  readonly #done: Promise<void>;
  #child: ChildProcess | undefined;
  /** The unit that each process is in. */
  readonly #units = new WeakMap<ChildProcess, string>();
  #stopping = false;
  #repeated = 0;
  #disk = 0;
  readonly #frozen: ChildProcess[] = [];

  constructor(options: ProductOptions) {
    this.#options = options;
    this.#log = createWriteStream(join(options.dir, 'product.log'), { flags: 'a' });
    this.#done = this.#run();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Asks the process to end in good order. @returns milliseconds until it had */
  async pause(): Promise<number> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return 0;
    const since = performance.now();
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    await ended;
    return performance.now() - since;
  }

  /** The process goes on elsewhere, where the files of its dump are not. */
  moveAway(): void {
    this.#disk++;
  }

  /** Another process takes the subtask over while the first one is frozen; the first wakes up later and must not write. */
  takeOver(): void {
    const old = this.#child;
    if (old === undefined) return;
    old.kill('SIGSTOP');
    this.#frozen.push(old);
    this.moveAway();
    old.emit('replaced');
  }

  /** Wakes up processes that were taken over. They end, as their writing fails; those that do not write are ended. */
  async wakeUp(): Promise<void> {
    for (const old of this.#frozen.splice(0)) {
      const ended = new Promise<void>((resolve) => old.once('exit', () => resolve()));
      old.kill('SIGCONT');
      await Promise.race([ended, sleep(AWAKE_MS)]);
      if (old.exitCode === null && old.signalCode === null) old.kill('SIGKILL');
    }
  }

  /** Ends for good. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.wakeUp();
    await this.pause();
    await this.#done;
    this.#log.end();
  }

  async #run(): Promise<void> {
    while (!this.#stopping && this.failure === undefined) {
      const life = this.#options.nextLife();
      this.lives++;
      await this.#live(life);
      await sleep(RESTART_MS);
    }
  }

  #live({ config, faults }: Life): Promise<void> {
    const { env } = process;
    const child = fork(SCRIPT, ['soak-units'], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: faults === undefined ? env : { ...env, DM_FAULT: faults },
    });
    this.#child = child;
    this.#log.write(
      `--- life ${this.lives}, process ${child.pid}, faults ${faults ?? 'none'}, ${JSON.stringify(config.sync)}\n`,
    );
    child.stdout?.pipe(this.#log, { end: false });
    child.stderr?.pipe(this.#log, { end: false });
    child.on('message', (message) => this.#hear(child, message as SoakMessage));
    child.send({
      config,
      dataDir: join(this.#options.dir, `data-${this.#disk}`),
      dumpMeta: this.#dumpMeta.value,
    } satisfies SoakWork);
    return new Promise((resolve) => {
      child.once('replaced', () => resolve());
      child.once('exit', (code, signal) => {
        this.#log.write(`--- process ${child.pid} ended with ${signal ?? code}\n`);
        resolve();
      });
    });
  }

  #hear(child: ChildProcess, message: SoakMessage): void {
    // Of a process that was replaced only a failure that is none of its own would be news.
    const isCurrent = child === this.#child;
    if (message.kind === 'failed') {
      this.#log.write(`--- process ${child.pid} failed: ${message.name} ${message.text}\n`);
      if (message.name !== 'FenceLostError') this.#fail(message, this.#units.get(child) ?? '');
      return;
    }
    if (message.kind === 'unit') this.#units.set(child, message.unit);
    if (!isCurrent) return;
    if (message.kind === 'unit') this.unit = message.unit;
    else if (message.kind === 'dumped') this.#dumpMeta.value = message.meta;
    else {
      this.progress = message.progress;
      if (Number(message.progress.totalEvents) > 0) this.#repeated = 0;
    }
  }

  #fail(failure: Failure, unit: string): void {
    this.errors.set(failure.text, (this.errors.get(failure.text) ?? 0) + 1);
    this.#repeated = this.#options.isExcused(failure, unit)
      ? this.#repeated + 1 / SAME_ERRORS
      : this.#repeated + SAME_ERRORS;
    if (this.#repeated >= SAME_ERRORS) this.failure = failure;
  }
}
