import { expect, it } from 'vitest';
import type { Stage, SubtaskState } from '../../../workflows/contract.js';
import { overallStage } from '../../../workflows/task-stage.js';

it.each<[Stage[], Stage]>([
  [['Running', 'Paused'], 'Paused'],
  [['New', 'New'], 'New'],
  [['Finished', 'Finished'], 'Finished'],
  [['Stopped'], 'Stopped'],
  [['Finished', 'Running'], 'Running'],
  [['New', 'Running'], 'Running'],
  [['Finished', 'Stopped'], 'Running'],
])('subtasks %j make a task %s', (stages, expected) => {
  const states = stages.map((stage) => ({ stage }) as SubtaskState);
  expect(overallStage(states)).toBe(expected);
});
