import { limitReport, type CheckReport, type ReportLimits } from '../src/check/report.js';
import { runCheck } from '../src/check/run.js';
import { completeSource } from '../src/check/source.js';
import { openSecrets } from '../src/config/secret.js';
import type { SourceDefinition } from '../src/config/source-file.js';
import type { SubtaskConfig } from '../src/config/types.js';
import type { Logger } from '../src/log/logger.js';
import { startAtTime } from '../src/sync/start/start-time.js';
import type { CheckActivities } from '../workflows/contract.js';
import { toFailure } from './failures.js';
import { withHeartbeat } from './heartbeat.js';

/** Most findings of one weight in an answer: a payload has a limit, and nobody reads more. */
const MOST_FINDINGS = 1_000;

/** Activities that answer a question about servers; of them only `startAtTime` changes something. */
export function createCheckActivities(worker: string, logger: Logger): CheckActivities {
  return {
    checkTask: (input) =>
      guarded(async () => {
        const configs = input.subtasks.map((subtask) => openSecrets<SubtaskConfig>(subtask));
        const report: CheckReport = await withHeartbeat((heart) =>
          runCheck(configs, { signal: heart.signal, removeMeta: input.removeMeta }),
        );
        return limitReport(report, clamp(input.limits));
      }),
    completeSource: (input) =>
      guarded(async () => {
        const definition = openSecrets<SourceDefinition['config']>(input.definition);
        const { flavor, serverId } = await withHeartbeat((heart) =>
          completeSource(definition, { signal: heart.signal }),
        );
        return { flavor, serverId };
      }),
    startAtTime: (input) =>
      guarded(async () => {
        const configs = input.subtasks.map((subtask) => openSecrets<SubtaskConfig>(subtask));
        return withHeartbeat(({ signal }) => startAtTime(configs, input.time, { worker, logger, signal }));
      }),
  };
}

function clamp(limits: ReportLimits): ReportLimits {
  const most = (limit: number): number => (limit < 0 ? MOST_FINDINGS : Math.min(limit, MOST_FINDINGS));
  return { errors: most(limits.errors), warnings: most(limits.warnings) };
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toFailure(error);
  }
}
