import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { SubtaskConfig } from '../../../src/config/types.js';
import type { SyncProgress } from '../../../src/sync/progress.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');

let built: Promise<unknown> | undefined;

/** Processes run what the build makes of these sources; `npm test` has built already. */
export function build(): Promise<unknown> {
  built ??= promisify(execFile)(process.execPath, [join(ROOT, 'tools/build.mjs'), '--if-needed'])
    // Errors elsewhere in the tree are other tests' business.
    .catch(() => undefined);
  return built;
}

/** How a process ended. */
export interface ChildEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** The sync unit as a process that can be killed at any moment. */
export class ChildUnit {
  progress: SyncProgress | undefined;
  readonly end: Promise<ChildEnd>;
  stderr = '';
  readonly #process: ChildProcess;

  constructor(config: SubtaskConfig, fault?: string, nodeOptions: string[] = []) {
    const env = { ...process.env };
    if (fault !== undefined) env['DM_FAULT'] = fault;
    const script = join(ROOT, 'dist/test/integration/sync/child.js');
    this.#process = spawn(process.execPath, [...nodeOptions, script, JSON.stringify(config)], { env });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
      if (process.env['DM_TEST_LOG'] !== undefined) process.stderr.write(chunk);
    });
    if (this.#process.stdout !== null) {
      createInterface(this.#process.stdout).on('line', (line) => {
        this.progress = JSON.parse(line) as SyncProgress;
      });
    }
    this.end = new Promise((resolve) => {
      this.#process.on('exit', (code, signal) => resolve({ code, signal }));
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#process.kill(signal);
  }
}
