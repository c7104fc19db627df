/** Dumps and loads in a process of its own, which a fault point or a signal may kill. Arguments: configuration as JSON, data directory. */
import type { SubtaskConfig } from '../../../src/config/types.js';
import { dumpDirectory, runDump } from '../../../src/dump/run.js';
import { readDumpMetadata } from '../../../src/dump/metadata.js';
import { readLoadStage, runLoad } from '../../../src/load/run.js';
import { silentLogger } from '../../../src/log/logger.js';

const config = JSON.parse(process.argv[2] ?? '') as SubtaskConfig;
const dataDir = process.argv[3] ?? '';
const context = {
  signal: new AbortController().signal,
  report: () => undefined,
  logger: silentLogger,
  worker: 'child',
};

// What the subtask does on each start: nothing when all is loaded, a new dump unless a complete one lies there.
if ((await readLoadStage(config)) !== 'finished') {
  const complete = await readDumpMetadata(dumpDirectory(config, dataDir)).then(
    () => true,
    () => false,
  );
  if (!complete) await runDump(config, context, { dataDir });
}
await runLoad(config, context, { dataDir });
