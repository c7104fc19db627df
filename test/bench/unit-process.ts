/**
 * Runs units of the engine in a process of its own, so that its time, memory and event loop are its own. Started by
 * {@link startUnits}; gets its work as the first message and answers with an {@link UnitReport} for each unit.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SubtaskConfig } from '../../src/config/types.js';
import { runDump } from '../../src/dump/run.js';
import { runLoad } from '../../src/load/run.js';
import { createLogger } from '../../src/log/logger.js';
import { runSync } from '../../src/sync/run.js';

export type UnitKind = 'dump' | 'load' | 'sync';

export interface UnitWork {
  config: SubtaskConfig;
  dataDir: string;
  units: UnitKind[];
}

export interface UnitReport {
  unit: UnitKind;
  ms: number;
  /** Highest resident memory of the process so far, MiB. */
  peakMiB: number;
  /** Processor time of the process so far, milliseconds. */
  cpuMs: number;
  error?: string;
}

/** A process that runs units. */
export class UnitProcess {
  readonly #child: ChildProcess;
  readonly reports: UnitReport[] = [];
  readonly #done: Promise<void>;

  constructor(work: UnitWork) {
    this.#child = fork(fileURLToPath(import.meta.url), ['unit-process'], { serialization: 'json' });
    this.#done = new Promise((resolve, reject) => {
      this.#child.on('message', (report) => void this.reports.push(report as UnitReport));
      this.#child.once('error', reject);
      this.#child.once('exit', (code, signal) => {
        const failed = this.reports.find((report) => report.error !== undefined);
        if (failed !== undefined) reject(new Error(`${failed.unit} failed: ${failed.error}`));
        else if (code !== 0) reject(new Error(`the process of the units ended with ${signal ?? code}`));
        else resolve();
      });
    });
    // Who waits for something else meanwhile hears of a failure from `finished`.
    this.#done.catch(() => undefined);
    this.#child.send(work);
  }

  /** Waits until all units have ended. */
  async finished(): Promise<UnitReport[]> {
    await this.#done;
    return this.reports;
  }

  /** Asks the unit under way to end in good order, and waits. */
  async stop(): Promise<UnitReport[]> {
    if (this.#child.connected) this.#child.send('stop');
    return this.finished();
  }
}

async function runUnits({ config, dataDir, units }: UnitWork, signal: AbortSignal): Promise<void> {
  const context = { signal, worker: 'bench', logger: createLogger({ level: 'warn' }), report: () => undefined };
  for (const unit of units) {
    const since = performance.now();
    let error: string | undefined;
    try {
      if (unit === 'dump') await runDump(config, context, { dataDir });
      else if (unit === 'load') await runLoad(config, context, { dataDir });
      else await runSync(config, context, { dataDir });
    } catch (caught) {
      error = String(caught);
    }
    const usage = process.resourceUsage();
    const report: UnitReport = {
      unit,
      ms: performance.now() - since,
      peakMiB: usage.maxRSS / 1024,
      cpuMs: (usage.userCPUTime + usage.systemCPUTime) / 1000,
      ...(error === undefined ? {} : { error }),
    };
    process.send?.(report);
    if (error !== undefined) return;
  }
}

if (process.argv[2] === 'unit-process') {
  const stop = new AbortController();
  process.on('message', (message) => {
    if (message === 'stop') stop.abort();
    else void runUnits(message as UnitWork, stop.signal).then(() => process.disconnect());
  });
}
