import { runCheck, type CheckOptions } from '../../../src/check/run.js';
import type { CheckFinding, CheckReport } from '../../../src/check/report.js';
import { readSourceFile } from '../../../src/config/source-file.js';
import { completeSource } from '../../../src/check/source.js';
import { readTaskFile, resolveSubtasks } from '../../../src/config/task-file.js';
import type { SourceConfig, SubtaskConfig } from '../../../src/config/types.js';
import { stringify } from 'yaml';

/** Whoever can be connected to. */
export interface Login {
  host: string;
  port: number;
  user: string;
  password: string;
}

/** The configuration of a source, found out from its server. */
export function sourceOf(server: Login, more: Record<string, unknown> = {}): Promise<SourceConfig> {
  return completeSource(definitionOf(server, more));
}

/** What a source file on the server says. */
export function definitionOf({ host, port, user, password }: Login, more: Record<string, unknown> = {}) {
  const text = stringify({ 'source-id': 'src', from: { host, port, user, password }, ...more });
  return readSourceFile(text, 'source.yaml').config;
}

/** One subtask of a task that takes the databases named. */
export function subtaskOf(
  source: SourceConfig,
  { host, port, user, password }: Login,
  databases: string[],
  more: { top?: Record<string, unknown>; instance?: Record<string, unknown> } = {},
): SubtaskConfig {
  const text = stringify({
    name: 'h_check',
    'task-mode': 'all',
    'meta-schema': 'h_check_meta',
    'target-database': { host, port, user, password },
    'mysql-instances': [{ 'source-id': 'src', 'block-allow-list': 'l', ...more.instance }],
    'block-allow-list': { l: { 'do-dbs': databases } },
    ...more.top,
  });
  return resolveSubtasks(readTaskFile(text, 'task.yaml'), new Map([[source.sourceId, source]]))[0];
}

/** Findings of a check by the name of the check. */
export type Findings = Record<string, string[]>;

export async function findingsOf(config: SubtaskConfig, options?: CheckOptions): Promise<Findings> {
  return byName(await runCheck([config], options));
}

export function byName(report: CheckReport): Findings {
  const text = ({ severity, short_error }: CheckFinding): string => `${severity}: ${short_error}`;
  return Object.fromEntries(
    report.results.filter((r) => r.errors !== undefined).map((r) => [r.name, (r.errors ?? []).map(text)]),
  );
}
