#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { engineUnits } from '../activities/engine.js';
import type { Logger } from '../src/log/logger.js';
import { openLog } from './worker/log-file.js';
import { readWorkerOptions } from './worker/options.js';
import { UsageError } from './worker/usage-error.js';
import { installRuntime } from './worker/sdk-log.js';
import { WorkerProcess } from './worker/worker-process.js';

/** An end in good order that takes longer than this is cut off: whoever sent the signal is about to use a harder one. */
const END_LIMIT_MS = 9_500;

async function main(): Promise<number> {
  const options = readWorkerOptions(process.argv.slice(2), version());
  const logger = openLog(options);
  installRuntime(logger);
  const worker = await WorkerProcess.start(options, { units: engineUnits, logger });
  endOnSignals(worker, logger);
  logger.info('dm-worker is ready', { worker: options.name });
  console.log(`dm-worker "${options.name}" is ready`);
  await worker.ended();
  return 0;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String((manifest as { version?: unknown }).version);
}

function endOnSignals(worker: WorkerProcess, logger: Logger): void {
  let ending = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (ending) process.exit(1);
      ending = true;
      setTimeout(() => process.exit(1), END_LIMIT_MS).unref();
      worker.end().catch((error: unknown) => logger.error('could not end in good order', { error: String(error) }));
    });
  }
}

/** One clear sentence; a stack only for what nobody foresaw. */
function explain(error: unknown): string {
  if (error instanceof UsageError) return error.message;
  if (error instanceof Error && error.name === 'TemporalUnreachableError') return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

try {
  process.exitCode = await main();
} catch (error) {
  const text = explain(error);
  if (text !== '') process.stderr.write(`dm-worker: ${text}\n`);
  process.exitCode = error instanceof UsageError ? error.exitCode : 1;
}
// Native handles of the SDK must not hold up a process that has nothing left to do.
process.exit();
