import { formatPosition } from '../mysql/position.js';
import { SpeedMeter } from '../speed-meter.js';
import type { BinlogLocation } from '../sync/events.js';
import type { LoadProgress } from './progress.js';

const REPORT_MS = 250;

/** Counts what a load has done and reports it some times a second. */
export class LoadTally {
  totalBytes = 0;
  finishedBytes = 0;
  finishedRows = 0;
  readonly #start: BinlogLocation;
  readonly #report: (progress: LoadProgress) => void;
  readonly #speed = new SpeedMeter();
  #timer: NodeJS.Timeout | undefined;

  constructor(start: BinlogLocation, report: (progress: LoadProgress) => void) {
    this.#start = start;
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
      unit: 'Load',
      finishedBytes: String(this.finishedBytes),
      totalBytes: String(this.totalBytes),
      finishedRows: String(this.finishedRows),
      bps: String(this.#speed.sample(Date.now(), this.finishedBytes)),
      metaBinlog: formatPosition(this.#start),
      metaBinlogGTID: this.#start.gtidSet,
    });
  }
}
