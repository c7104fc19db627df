/** What a dm-worker's workflow bundle holds. */
export { checkTaskWorkflow, completeSourceWorkflow, startTimeWorkflow } from './check.js';
export { clusterWorkflow } from './cluster.js';
export { sourceWorkflow } from './source.js';
export { subtaskWorkflow } from './subtask.js';
export { taskWorkflow } from './task.js';
