import { Runtime } from '@temporalio/worker';
import type { LogFields, Logger } from '../../src/log/logger.js';

/** Longest text of one field. */
const MAX_TEXT = 2_000;

/** What the SDK says beside its message that tells an operator nothing: its own numbers and addresses. */
const NOISE: ReadonlySet<string> = new Set([
  'sdkComponent',
  'taskQueue',
  'namespace',
  'taskToken',
  'isLocal',
  'activityId',
  'runId',
  'workflowRunId',
  'workflowType',
]);

/** Makes the Temporal SDK log through `logger`, and leave signals to us. Once a process, before anything else of the SDK. */
export function installRuntime(logger: Logger): void {
  Runtime.install({
    shutdownSignals: [],
    logger: {
      log: (level, message, meta) => writeSdkLine(logger, level, message, meta),
      trace: () => undefined,
      debug: (message) => logger.debug(message),
      info: (message) => logger.info(message),
      warn: (message, meta) => writeSdkLine(logger, 'WARN', message, meta),
      error: (message, meta) => writeSdkLine(logger, 'ERROR', message, meta),
    },
    telemetryOptions: { logging: { forward: {}, filter: 'WARN' } },
  });
}

/** Writes a line of the SDK, or of a workflow, in our form. */
export function writeSdkLine(
  logger: Logger,
  level: string,
  message: string,
  meta: Record<string, unknown> | undefined,
): void {
  // Said of the worker's own queue, where there are none on purpose.
  if (message.startsWith('No workflows registered')) return;
  // A unit has told of its end itself, in its own words.
  if (message.startsWith('Activity ') && UNIT_ACTIVITIES.has(String(meta?.['activityType']))) return;
  if (level === 'ERROR') logger.error(message, fieldsOf(meta));
  else if (level === 'WARN') logger.warn(message, fieldsOf(meta));
  else logger.debug(message);
}

const UNIT_ACTIVITIES: ReadonlySet<string> = new Set(['dump', 'load', 'sync']);

/** `task`, `source` and whatever else says something; texts are cut, for they may hold a whole stack. */
function fieldsOf(meta: Record<string, unknown> | undefined): LogFields {
  const fields: LogFields = {};
  for (const [key, value] of Object.entries(meta ?? {})) {
    if (NOISE.has(key) || value === undefined || value === null) continue;
    if (key === 'workflowId') Object.assign(fields, placeOf(String(textOf(value))));
    else fields[key === 'activityType' ? 'activity' : key] = textOf(value);
  }
  return fields;
}

/** What a workflow's id says: `dm-task/<task>/<source>`. */
function placeOf(workflowId: string): LogFields {
  const [kind, task, source] = workflowId.split('/');
  if (kind !== 'dm-task' || task === undefined) return { workflow: workflowId };
  return source === undefined ? { task } : { task, source };
}

function textOf(value: unknown): string | number | boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return value.slice(0, MAX_TEXT);
  if (value instanceof Error) return value.message.slice(0, MAX_TEXT);
  const text = JSON.stringify(value, (_key, part: unknown) =>
    part instanceof Error ? part.message : typeof part === 'bigint' ? String(part) : part,
  );
  return (text ?? '').slice(0, MAX_TEXT);
}
