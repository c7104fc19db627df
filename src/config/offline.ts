import type { SourceDefinition } from './source-file.js';
import { resolveSubtasks, type TaskDefinition } from './task-file.js';
import type { SourceConfig, SubtaskConfig } from './types.js';

/** A subtask as far as files alone tell. */
export interface OfflineSubtask {
  config: SubtaskConfig;
  /** Parts of `config` that only place holders stand for. */
  unknown: readonly UnknownPart[];
}

/** The whole source, or what its server would have to be asked for. */
export type UnknownPart = 'source' | 'flavor' | 'server-id';

/**
 * The configuration of each subtask without asking anybody.
 *
 * @param sources source files at hand, by source id
 * @throws DmError as `resolveSubtasks`, for what the files at hand make clear
 */
export function resolveOffline(
  definition: TaskDefinition,
  sources: ReadonlyMap<string, SourceDefinition>,
): OfflineSubtask[] {
  const assumed = new Map(definition.sourceIds.map((id, index) => [id, assume(definition, index, sources.get(id))]));
  return resolveSubtasks(definition, assumed).map((config) => {
    const source = sources.get(config.sourceId)?.config;
    if (source === undefined) return { config, unknown: ['source'] };
    const unknown: UnknownPart[] = [];
    if (source.flavor === undefined) unknown.push('flavor');
    if (source.serverId === undefined) unknown.push('server-id');
    return { config, unknown };
  });
}

/** The source with place holders for what is not known. */
function assume(definition: TaskDefinition, index: number, source: SourceDefinition | undefined): SourceConfig {
  const open = { flavor: 'mysql', serverId: 1 } as const;
  if (source !== undefined) return { ...open, ...source.config };
  const meta = definition.doc.value['mysql-instances']?.[index]?.meta;
  return {
    ...open,
    sourceId: definition.sourceIds[index],
    // Whichever the start position is for.
    enableGtid: (meta?.['binlog-gtid'] ?? '') !== '',
    from: { host: '', port: 0, user: '', password: '' },
    caseSensitive: false,
    checker: {
      checkEnable: true,
      backoffRollbackMs: 0,
      backoffMaxMs: 0,
      backoffMinMs: 0,
      backoffFactor: 2,
      backoffJitter: true,
      checkIntervalMs: 0,
    },
  };
}
