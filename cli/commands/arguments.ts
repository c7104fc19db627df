import { parse } from 'yaml';
import type { ReportLimits } from '../../src/check/report.js';
import { readTaskFile, resolveSubtasks, type TaskDefinition } from '../../src/config/task-file.js';
import { openSecrets } from '../../src/config/secret.js';
import type { SourceConfig, SubtaskConfig } from '../../src/config/types.js';
import { dmError } from '../../src/errors/dm-error.js';
import { type DmctlContext, type Services } from './context.js';
import { noWorker } from './no-worker.js';

/** The task that `<task-name | task-file>` means: the `name` of a YAML file that can be read, else the text itself. */
export function taskNameOf(context: DmctlContext, argument: string): string {
  if (!/\.ya?ml$/i.test(argument)) return argument;
  try {
    const content: unknown = parse(context.readFile(argument), { logLevel: 'silent' });
    const name: unknown = (content as { name?: unknown } | null)?.name;
    return typeof name === 'string' || typeof name === 'number' ? String(name) : argument;
  } catch {
    return argument;
  }
}

/**
 * Reads a configuration file that a command needs.
 *
 * @throws DmError 20018
 */
export function readRequiredFile(context: DmctlContext, path: string): string {
  try {
    return context.readFile(path);
  } catch (cause) {
    throw dmError(20018, [path], { cause });
  }
}

/**
 * Reads a task file and tells of keys without effect.
 *
 * @param startKnown the start is said elsewhere: an incremental task needs no `meta`
 */
export function readTask(context: DmctlContext, path: string, startKnown = false): TaskDefinition {
  const definition = readTaskFile(readRequiredFile(context, path), path, { startKnown });
  for (const warning of definition.warnings) context.output.err(`[warn] ${path}: ${warning}\n`);
  return definition;
}

/**
 * The subtasks of a task with what is known of its sources.
 *
 * @throws DmError 20031 for a source that nobody has added, 20010 when its secrets were sealed with another key
 */
export async function resolveTask(services: Services, definition: TaskDefinition): Promise<SubtaskConfig[]> {
  const cluster = await services.checks.liveCluster();
  const known = new Map<string, SourceConfig>();
  await Promise.all(
    Object.keys(cluster.sources)
      .filter((id) => definition.sourceIds.includes(id))
      .map(async (id) => {
        const input = await services.status.sourceInput(id);
        if (input === undefined) throw noWorker();
        known.set(id, openSecrets(input.config));
      }),
  );
  return resolveSubtasks(definition, known, Object.keys(cluster.sources));
}

/** `-e` and `-w` of check-task. */
export function readLimits(errors: string, warnings: string): ReportLimits {
  return { errors: wholeNumber('--error', errors), warnings: wholeNumber('--warn', warnings) };
}

/**
 * A whole number out of an option.
 *
 * @throws DmError 20009
 */
export function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw dmError(20009, [], {
    cause: `${option} ${text} is not a whole number`,
    workaround: `Please give ${option} a whole number.`,
  });
}
