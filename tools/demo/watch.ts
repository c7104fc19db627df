/** Follows one subtask and draws its stage, unit and progress. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { StatusClient, SubtaskView } from '../../cli/status-client.js';
import type { SyncProgress } from '../../workflows/contract.js';
import { readPosition } from '../product/position.js';
import { bar, bytes, count, seconds } from './screen.js';
import type { Screen } from './screen.js';

const POLL_MS = 400;
/** A status that cannot be read for this long ends the demo. */
const UNREADABLE_MS = 30_000;
/** A worker reports each second; after this long its figures are not shown any more. */
const SILENCE_MS = 3_000;
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
    this.screen.status(`        ${label.padEnd(13)} ${this.describe(view)}`);
  }

  private describe({ state, progress, running }: SubtaskView): string {
    const silence = Date.now() - (running?.lastHeartbeat ?? Date.now());
    if (silence > SILENCE_MS) return `no sign of life of the worker for ${seconds(silence)}`;
    // A new unit begins with the last progress of the one before.
    if (!progress || progress.unit === 'Check' || progress.unit !== state.unit || state.stage !== 'Running') return '';
    if (progress.unit === 'Sync') return this.describeSync(progress);
    const done = { rows: Number(progress.finishedRows), bytes: Number(progress.finishedBytes) };
    const rate = this.rate(progress.unit, done.rows, done.bytes);
    const share =
      progress.unit === 'Dump'
        ? done.rows / Math.max(1, Number(progress.estimateTotalRows))
        : done.bytes / Math.max(1, Number(progress.totalBytes));
    const left = share > 0 && share < 1 ? `, ETA ${seconds((rate.elapsed * (1 - share)) / share)}` : '';
    return `${bar(share)} ${count(done.rows)} rows, ${count(rate.rows)} rows/s, ${bytes(done.bytes)}, ${bytes(rate.bytes)}/s${left}`;
  }

  private describeSync(progress: SyncProgress): string {
    const rows = `${count(Number(progress.totalRows))} rows, ${count(Number(progress.recentRps))} rows/s`;
    const lag = `lag ${progress.secondsBehindMaster} s`;
    const ours = readPosition(progress.readerBinlog);
    const theirs = readPosition(progress.masterBinlog);
    // Bytes are counted within one binlog file alone.
    if (!ours || !theirs || ours.file !== theirs.file) return `${rows}, ${lag}, at ${progress.readerBinlog}`;
    const rate = this.rate(`Sync ${ours.file}`, Number(progress.totalRows), ours.pos);
    const [begin] = this.samples;
    const total = theirs.pos - (begin?.bytes ?? 0);
    const behind = Math.max(0, theirs.pos - ours.pos);
    const eta = behind > 0 && rate.bytes > 0 ? `, ETA ${seconds((behind / rate.bytes) * 1000)}` : '';
    return `${bar(1 - behind / Math.max(1, total))} ${rows}, ${bytes(rate.bytes)}/s, ${bytes(behind)} behind, ${lag}${eta}`;
  }

  private rate(unit: string, rows: number, size: number): { rows: number; bytes: number; elapsed: number } {
    const now = performance.now();
    const copying = !unit.startsWith('Sync');
    if (this.samples[0]?.unit !== unit)
      this.samples = [{ at: now - POLL_MS, unit, rows: copying ? 0 : rows, bytes: copying ? 0 : size }];
    const [begin] = this.samples;
    this.samples.push({ at: now, unit, rows, bytes: size });
    const window = this.samples.findLast((s) => now - s.at >= RATE_WINDOW_MS) ?? begin;
    if (!begin || !window) return { rows: 0, bytes: 0, elapsed: 0 };
    const past = (now - window.at) / 1000;
    return { rows: (rows - window.rows) / past, bytes: (size - window.bytes) / past, elapsed: now - begin.at };
  }
}

/** The error that stopped the subtask, or that its last attempt met. */
export function describeProblem(view: SubtaskView | undefined): string {
  const error = view?.state.result?.errors[0] ?? view?.running?.lastError;
  if (!error) return view ? ` (${view.state.unit} ${view.state.stage})` : '';
  return `: [${error.ErrCode}] ${error.Message} ${error.RawCause} ${error.Workaround}`.trimEnd();
}
