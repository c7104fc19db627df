import { SpeedMeter } from '../speed-meter.js';
import type { DumpProgress } from './progress.js';

const REPORT_MS = 250;

/** Counts what a dump has done and reports it some times a second. */
export class DumpTally {
  totalTables = 0;
  completedTables = 0;
  rows = 0;
  bytes = 0;
  estimateTotalRows = 0;
  readonly #report: (progress: DumpProgress) => void;
  readonly #speed = new SpeedMeter();
  #timer: NodeJS.Timeout | undefined;

  constructor(report: (progress: DumpProgress) => void) {
    this.#report = report;
  }

  start(): void {
    this.#timer = setInterval(() => this.report(), REPORT_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.report();
  }

  report(): void {
    this.#report({
      unit: 'Dump',
      totalTables: this.totalTables,
      completedTables: this.completedTables,
      finishedBytes: String(this.bytes),
      finishedRows: String(this.rows),
      // The server's guess may be too low; a progress of more than all would look wrong.
      estimateTotalRows: String(Math.max(this.estimateTotalRows, this.rows)),
      bps: String(this.#speed.sample(Date.now(), this.bytes)),
    });
  }
}
