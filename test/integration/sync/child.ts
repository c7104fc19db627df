/**
 * Runs the sync unit as a process of its own that a test kills: `node child.js <config as JSON>`. Faults come by the
 * environment. SIGTERM asks it to end. Prints a line of JSON for each progress; ends with 0 after a pause, 3 on an error.
 */
import type { SubtaskConfig } from '../../../src/config/types.js';
import { createLogger, type LogLevel } from '../../../src/log/logger.js';
import { runSync } from '../../../src/sync/run.js';

const config = JSON.parse(process.argv[2] ?? '') as SubtaskConfig;
const abort = new AbortController();
process.on('SIGTERM', () => abort.abort());
try {
  await runSync(
    config,
    {
      signal: abort.signal,
      report: (progress) => process.stdout.write(`${JSON.stringify(progress)}\n`),
      logger: createLogger({ level: (process.env['DM_TEST_LOG'] as LogLevel | undefined) ?? 'error' }),
      worker: `child-${process.pid}`,
    },
    { dataDir: process.argv[3] ?? '/nonexistent' },
  );
  process.exit(0);
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exit(3);
}
