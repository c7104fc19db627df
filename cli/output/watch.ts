import { gauge, progressLine, type Sample } from './progress.js';
import type { SubtaskSnapshot } from './status.js';

/** Where a screen is drawn. */
export interface ScreenOutput {
  out(text: string): void;
  /** Width of the terminal; absent when the output is none. */
  columns?: number;
}

/** Oldest sample that a rate is told from. */
const RATE_WINDOW_MS = 5_000;

/** Progress of subtasks, drawn over and over: in place on a terminal, as new lines elsewhere. */
export class StatusScreen {
  private readonly output: ScreenOutput;
  private readonly samples = new Map<string, Sample[]>();
  private drawnLines = 0;
  private lastPlain = '';

  constructor(output: ScreenOutput) {
    this.output = output;
  }

  /** @param now milliseconds */
  draw(subtasks: readonly SubtaskSnapshot[], now: number): void {
    const lines = subtasks.length === 0 ? ['no task'] : subtasks.map((subtask) => this.line(subtask, now));
    if (this.output.columns === undefined) this.drawPlain(lines);
    else this.drawInPlace(lines, this.output.columns);
  }

  private line(subtask: SubtaskSnapshot, now: number): string {
    const key = `${subtask.task}/${subtask.sourceId}/${subtask.state.unit}`;
    const history = this.samples.get(key) ?? [];
    const text = progressLine(subtask, history[0], now);
    if (subtask.progress?.unit === subtask.state.unit) {
      const { rows, bytes } = gauge(subtask.progress);
      history.push({ at: now, rows, bytes });
    }
    this.samples.set(
      key,
      history.filter((sample) => now - sample.at <= RATE_WINDOW_MS),
    );
    return text;
  }

  private drawPlain(lines: string[]): void {
    const text = `${lines.join('\n')}\n`;
    // A log does not need to hear the same twice.
    if (text !== this.lastPlain) this.output.out(text);
    this.lastPlain = text;
  }

  private drawInPlace(lines: string[], columns: number): void {
    const up = this.drawnLines > 0 ? `\u001b[${this.drawnLines}A` : '';
    const body = lines.map((line) => `\u001b[2K${line.slice(0, Math.max(20, columns - 1))}\n`).join('');
    this.output.out(`${up}\u001b[J${body}`);
    this.drawnLines = lines.length;
  }
}
