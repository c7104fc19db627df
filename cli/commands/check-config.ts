import { existsSync } from 'node:fs';
import { resolveOffline } from '../../src/config/offline.js';
import { renderSubtask } from '../../src/config/render.js';
import { readSourceFile, type SourceDefinition } from '../../src/config/source-file.js';
import { readStartTime } from '../../src/config/start-time.js';
import { TASK_TEMPLATE } from '../../src/config/task-template.js';
import { dmError } from '../../src/errors/dm-error.js';
import { readRequiredFile, readTask } from './arguments.js';
import type { DmctlContext } from './context.js';

/**
 * `check-config <task-file> [--source-file file ...] [--start-time time]`: judges the files without asking anybody and prints what each source
 * of the task gets, as YAML.
 *
 * @throws DmError of the first mistake, with its place
 */
export function checkConfig(
  context: DmctlContext,
  file: string,
  flags: { sourceFile?: string[]; startTime?: string },
): void {
  if (flags.startTime !== undefined) readStartTime(flags.startTime);
  const definition = readTask(context, file, flags.startTime !== undefined);
  const sources = readSources(context, flags.sourceFile ?? []);
  for (const [id, { path }] of sources) {
    if (!definition.sourceIds.includes(id)) context.output.err(`[warn] ${path}: the task has no source ${id}\n`);
  }
  const known = new Map([...sources].map(([id, { source }]) => [id, source]));
  context.output.out(resolveOffline(definition, known).map(renderSubtask).join('---\n'));
}

function readSources(context: DmctlContext, files: readonly string[]): Map<string, SourceAndPath> {
  const sources = new Map<string, SourceAndPath>();
  for (const path of files) {
    const source = readSourceFile(readRequiredFile(context, path), path);
    for (const warning of source.warnings) context.output.err(`[warn] ${path}: ${warning}\n`);
    const id = source.config.sourceId;
    if (sources.has(id)) throw dmError(46007, [id]);
    sources.set(id, { source, path });
  }
  return sources;
}

interface SourceAndPath {
  source: SourceDefinition;
  path: string;
}

/** `get-task-template`: a commented task file to start from. */
export function getTaskTemplate(context: DmctlContext): void {
  context.output.out(`${schemaLine('task')}${TASK_TEMPLATE}`);
}

/** The comment that tells editors which schema completes and checks a file. */
export function schemaLine(kind: 'task' | 'source'): string {
  // Compiled files stand one directory deeper than their sources.
  const places = ['../../', '../../../'].map((up) => new URL(`${up}docs/schemas/${kind}.schema.json`, import.meta.url));
  const place = places.find((url) => existsSync(url));
  return place === undefined ? '' : `# yaml-language-server: $schema=${place.href}\n`;
}
