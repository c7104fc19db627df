import type { TaskFile } from './task-schema.js';
import type { KeyPath } from './yaml-reader.js';

/**
 * The first key that asks for something this version does not do. Such a file is refused: a rule that silently has no
 * effect would migrate the wrong rows.
 */
export function effectlessKey(task: TaskFile): { path: KeyPath; text: string } | undefined {
  const found = firstPath(task);
  if (found === undefined) return undefined;
  const { path, feature } = found;
  return { path, text: `${feature} is not available in this version; remove the key to run the task without it` };
}

function firstPath(task: TaskFile): { path: KeyPath; feature: string } | undefined {
  for (const [key, feature] of TOP_LEVEL) {
    if (asksForSomething(task[key])) return { path: [key], feature };
  }
  for (const [index, instance] of (task['mysql-instances'] ?? []).entries()) {
    for (const [key, feature] of INSTANCE_LEVEL) {
      if (asksForSomething(instance?.[key])) return { path: ['mysql-instances', index, key], feature };
    }
  }
  return undefined;
}

const TOP_LEVEL: readonly (readonly [keyof TaskFile, string])[] = [
  ['shard-mode', 'merging sharded tables'],
  ['is-sharding', 'merging sharded tables'],
  ['online-ddl', 'following online table changes'],
  ['online-ddl-scheme', 'following online table changes'],
  ['shadow-table-rules', 'following online table changes'],
  ['trash-table-rules', 'following online table changes'],
  ['routes', 'table routing'],
  ['filters', 'the binlog event filter'],
  ['expression-filter', 'the expression filter'],
  ['column-mappings', 'column mapping'],
  ['tidb', 'import through TiDB Lightning'],
];

const INSTANCE_LEVEL = [
  ['route-rules', 'table routing'],
  ['filter-rules', 'the binlog event filter'],
  ['column-mapping-rules', 'column mapping'],
  ['expression-filters', 'the expression filter'],
] as const;

/** Whether a value differs from leaving the key out. */
function asksForSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
