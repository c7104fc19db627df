import type { TaskFile } from './task-schema.js';
import type { KeyPath } from './yaml-reader.js';

/**
 * The first key that asks for something this version does not do. Such a file is refused: merging shards without
 * coordination would apply their DDL several times.
 */
export function effectlessKey(task: TaskFile): { path: KeyPath; text: string } | undefined {
  const key = (task['shard-mode'] ?? '') === '' ? 'is-sharding' : 'shard-mode';
  if (key === 'is-sharding' && task['is-sharding'] !== true) return undefined;
  return {
    path: [key],
    text: 'merging sharded tables is not available in this version; remove the key to run the task without it',
  };
}
