import { createWriteStream, openSync } from 'node:fs';
import { createLogger, type Logger } from '../../src/log/logger.js';
import type { WorkerOptions } from './options.js';
import { UsageError } from './usage-error.js';

/**
 * The worker's logger: into its log file, which is made or continued, or on standard error.
 *
 * @throws UsageError when the file cannot be written: who asked for a log must not find none later
 */
export function openLog({ logFile, logLevel }: Pick<WorkerOptions, 'logFile' | 'logLevel'>): Logger {
  if (logFile === undefined) return createLogger({ level: logLevel });
  const stream = createWriteStream('', { fd: openForAppending(logFile) });
  // A disk that is full later is no reason to stop replicating.
  stream.on('error', (error) => process.stderr.write(`dm-worker: cannot write the log file: ${error.message}\n`));
  return createLogger({ level: logLevel, write: (line) => void stream.write(line) });
}

function openForAppending(path: string): number {
  try {
    return openSync(path, 'a');
  } catch (error) {
    throw new UsageError(`cannot write the log file: ${(error as Error).message}`, 1);
  }
}
