/** Follows one subtask and draws its stage, unit and progress. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { StatusClient, SubtaskView } from '../../cli/status-client.js';
import type { Progress } from '../../workflows/contract.js';
import { readPosition } from '../product/position.js';
import { bar, bytes, count, seconds } from './screen.js';
import type { Screen } from './screen.js';

const POLL_MS = 400;
/** A status that cannot be read for this long ends the demo. */
const UNREADABLE_MS = 30_000;
/** Rates are means over about this time. */
const RATE_WINDOW_MS = 3_000;

interface Sample {
  at: number;
  unit: string;
  rows: number;
  bytes: number;
}

export class Watcher {
  private readonly client: StatusClient;
  private readonly task: string;
  private readonly source: string;
  private readonly screen: Screen;
  private samples: Sample[] = [];
  private lastStage = '';

  constructor(client: StatusClient, task: string, source: string, screen: Screen) {
    this.client = client;
    this.task = task;
    this.source = source;
    this.screen = screen;
  }

  /**
   * Draws until the condition holds; answers the milliseconds it took. Throws after `limitMs`, with the subtask's error
   * when it has one.
   */
  async until(what: string, condition: (view: SubtaskView) => boolean, limitMs: number): Promise<number> {
    const start = performance.now();
    let readable = start;
    for (;;) {
      const view = await this.read();
      const now = performance.now();
      if (view) {
        readable = now;
        this.draw(view);
        if (condition(view)) return now - start;
      } else if (now - readable > UNREADABLE_MS) {
        throw new Error(`the status of the task cannot be read (waiting for: ${what})`);
      }
      if (now - start > limitMs) throw new Error(`${what}: not after ${seconds(limitMs)}${describeProblem(view)}`);
      await sleep(POLL_MS);
    }
  }

  /** Draws for a while. */
  async during(ms: number): Promise<void> {
    const end = performance.now() + ms;
    await this.until('a while', () => performance.now() >= end, ms + UNREADABLE_MS);
  }

  private async read(): Promise<SubtaskView | undefined> {
    // While Temporal or the worker restarts, reading fails; it is tried again until the caller's time is over.
    return this.client.subtask(this.task, this.source).catch(() => undefined);
  }

  private draw(view: SubtaskView): void {
    const { stage, unit, worker } = view.state;
    const label = `${unit} ${stage}`;
    if (label !== this.lastStage) {
      this.screen.say(`${this.screen.mark()}   ${unit}: ${stage}${worker ? ` on ${worker}` : ''}`);
      this.lastStage = label;
    }
    this.screen.status(`        ${label.padEnd(13)} ${this.describe(view.progress)}`);
  }

  private describe(progress: Progress | undefined): string {
    if (!progress || progress.unit === 'Check') return '';
    if (progress.unit === 'Sync') {
      const behind = progress.synced ? 'caught up' : `${progress.secondsBehindMaster} s behind`;
      const rate = `${count(Number(progress.recentRps))} rows/s`;
      return `${bar(syncShare(progress.syncerBinlog, progress.masterBinlog))} ${rate}, ${count(Number(progress.totalRows))} rows, ${behind}, ${progress.syncerBinlog} of ${progress.masterBinlog}`;
    }
    const done = { rows: Number(progress.finishedRows), bytes: Number(progress.finishedBytes) };
    const rate = this.rate(progress.unit, done.rows, done.bytes);
    const share =
      progress.unit === 'Dump'
        ? done.rows / Math.max(1, Number(progress.estimateTotalRows))
        : done.bytes / Math.max(1, Number(progress.totalBytes));
    const left = share > 0 && share < 1 ? `, ${seconds((rate.elapsed * (1 - share)) / share)} left` : '';
    return `${bar(share)} ${count(done.rows)} rows, ${count(rate.rows)} rows/s, ${bytes(done.bytes)}, ${bytes(rate.bytes)}/s${left}`;
  }

  private rate(unit: string, rows: number, size: number): { rows: number; bytes: number; elapsed: number } {
    const now = performance.now();
    if (this.samples[0]?.unit !== unit) this.samples = [{ at: now - POLL_MS, unit, rows: 0, bytes: 0 }];
    const [begin] = this.samples;
    this.samples.push({ at: now, unit, rows, bytes: size });
    const window = this.samples.findLast((s) => now - s.at >= RATE_WINDOW_MS) ?? begin;
    if (!begin || !window) return { rows: 0, bytes: 0, elapsed: 0 };
    const past = (now - window.at) / 1000;
    return { rows: (rows - window.rows) / past, bytes: (size - window.bytes) / past, elapsed: now - begin.at };
  }
}

/** Share of the binlog file that is behind us; a coarse figure, for the bar alone. */
function syncShare(ours: string, theirs: string): number {
  const a = readPosition(ours);
  const b = readPosition(theirs);
  if (!a || !b) return 0;
  return a.file === b.file ? a.pos / Math.max(1, b.pos) : 0;
}

/** The error that stopped the subtask, or that its last attempt met. */
export function describeProblem(view: SubtaskView | undefined): string {
  const error = view?.state.result?.errors[0] ?? view?.running?.lastError;
  if (!error) return view ? ` (${view.state.unit} ${view.state.stage})` : '';
  return `: [${error.ErrCode}] ${error.Message} ${error.RawCause} ${error.Workaround}`.trimEnd();
}
