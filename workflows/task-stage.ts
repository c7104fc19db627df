import type { Stage, SubtaskState } from './contract.js';

/**
 * The stage of a whole task, from those of its subtasks, by DM's rules (manual section 4.4.4.3) without the states of relay
 * units: paused when any is, New, Finished or Stopped when all are, Running otherwise.
 */
export function overallStage(subtasks: readonly SubtaskState[]): Stage {
  if (subtasks.some((subtask) => subtask.stage === 'Paused')) return 'Paused';
  for (const stage of ['New', 'Finished', 'Stopped'] as const) {
    if (subtasks.every((subtask) => subtask.stage === stage)) return stage;
  }
  return 'Running';
}
