import type { CheckReport, ReportLimits } from '../src/check/report.js';
import type { SealedConfig } from '../src/config/secret.js';
import type { SourceDefinition } from '../src/config/source-file.js';
import type { SourceConfig, SubtaskConfig } from '../src/config/types.js';
import type { ErrorJson } from '../src/errors/dm-error.js';

/** Names of the workflows that answer one question and end. */
export const CHECK_WORKFLOWS = { checkTask: 'checkTaskWorkflow', completeSource: 'completeSourceWorkflow' } as const;

/** Input of `checkTaskWorkflow`. */
export interface CheckTaskInput {
  subtasks: SealedConfig<SubtaskConfig>[];
  /** The task starts without its old checkpoints. */
  removeMeta: boolean;
  limits: ReportLimits;
}

/** The report, cut to the limits asked for, or why there is none. */
export type CheckAnswer = { report: CheckReport } | { error: ErrorJson };

/** Input of `completeSourceWorkflow`. */
export interface CompleteSourceInput {
  definition: SealedConfig<SourceDefinition['config']>;
}

/** What only the server could tell. */
export type FoundSource = Pick<SourceConfig, 'flavor' | 'serverId'>;

export type CompleteSourceAnswer = { found: FoundSource } | { error: ErrorJson };

/** Activities on the shared queue: any worker does. */
export interface CheckActivities {
  checkTask(input: CheckTaskInput): Promise<CheckReport>;
  completeSource(input: CompleteSourceInput): Promise<FoundSource>;
}
