/**
 * A subtask's units in a process of their own, as a worker runs them: whichever the checkpoints ask for, one after the other.
 * Started by {@link Product}; gets its work as the first message. `stop` asks it to end in good order.
 */
import type { StartMeta, SubtaskConfig } from '../../src/config/types.js';
import { DmError } from '../../src/errors/dm-error.js';
import { createLogger } from '../../src/log/logger.js';
import type { SyncProgress } from '../../src/sync/progress.js';
import type { UnitResult } from '../../src/unit.js';
import { engineUnits } from '../../activities/engine.js';

export interface SoakWork {
  config: SubtaskConfig;
  dataDir: string;
  dumpMeta: StartMeta | undefined;
}

/** What the process tells. */
export type SoakMessage =
  | { kind: 'unit'; unit: string }
  | { kind: 'dumped'; meta: StartMeta | undefined }
  | { kind: 'progress'; progress: SyncProgress }
  | { kind: 'failed'; name: string; code: number | undefined; text: string };

function tell(message: SoakMessage): void {
  process.send?.(message);
}

async function runUnits({ config, dataDir, dumpMeta }: SoakWork, signal: AbortSignal): Promise<void> {
  const context = {
    signal,
    worker: `soak-${process.pid}`,
    logger: createLogger({ level: 'info' }),
    report: (progress: { unit: string }) => {
      if (progress.unit === 'Sync') tell({ kind: 'progress', progress: progress as SyncProgress });
    },
  };
  let meta = dumpMeta;
  let unit = await engineUnits.chooseUnit(config, dataDir, meta);
  for (;;) {
    tell({ kind: 'unit', unit });
    let result: UnitResult;
    if (unit === 'Dump') {
      tell({ kind: 'dumped', meta: undefined });
      const outcome = await engineUnits.dump(config, context, dataDir);
      meta = outcome.meta;
      if (outcome.finished) tell({ kind: 'dumped', meta });
      result = outcome;
    } else if (unit === 'Load') {
      const outcome = await engineUnits.load(config, context, dataDir);
      if (outcome.meta !== undefined) {
        meta = outcome.meta;
        tell({ kind: 'dumped', meta });
      }
      result = outcome;
    } else result = await engineUnits.sync(config, context, dataDir, meta);
    if (!result.finished || signal.aborted) return;
    unit = unit === 'Dump' ? 'Load' : 'Sync';
  }
}

if (process.argv[2] === 'soak-units') {
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  // Whoever started it has died.
  process.on('disconnect', () => stop.abort());
  process.on('message', (message) => {
    runUnits(message as SoakWork, stop.signal)
      .catch((error: unknown) => {
        const code = error instanceof DmError ? error.code : undefined;
        const text = error instanceof DmError ? `${error.message} ${error.rawCause ?? ''}` : String(error);
        tell({ kind: 'failed', name: error instanceof Error ? error.name : '', code, text });
      })
      .finally(() => process.disconnect());
  });
}
