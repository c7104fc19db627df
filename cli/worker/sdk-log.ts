import { Runtime } from '@temporalio/worker';
import type { LogFields, Logger } from '../../src/log/logger.js';
import { SparingWarning } from '../../src/log/sparing.js';

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

/** While Temporal is away, a dozen pollers say so every second. */
const RETRIED = /^gRPC call \w+ retried \d+ times$/;

/** Makes the Temporal SDK log through `logger`, and leave signals to us. Once a process, before anything else of the SDK. */
export function installRuntime(logger: Logger): void {
  const sdk = new SdkLog(logger);
  Runtime.install({
    shutdownSignals: [],
    logger: {
      log: (level, message, meta) => sdk.write(level, message, meta),
      trace: () => undefined,
      debug: (message) => logger.debug(message),
      info: (message) => logger.info(message),
      warn: (message, meta) => sdk.write('WARN', message, meta),
      error: (message, meta) => sdk.write('ERROR', message, meta),
    },
    telemetryOptions: { logging: { forward: {}, filter: 'WARN' } },
  });
}

/** Writes lines of the SDK, and of workflows, in our form. */
export class SdkLog {
  readonly #logger: Logger;
  readonly #silence: SparingWarning;

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#silence = new SparingWarning(logger, 'Temporal does not answer');
  }

  write(level: string, message: string, meta: Record<string, unknown> | undefined): void {
    // Said of the worker's own queue, where there are none on purpose.
    if (message.startsWith('No workflows registered')) return;
    // A unit has told of its end itself, in its own words.
    if (message.startsWith('Activity ') && UNIT_ACTIVITIES.has(String(meta?.['activityType']))) return;
    if (RETRIED.test(message)) this.#silence.tell({ error: innerMessage(String(meta?.['error'])) }, Date.now());
    else if (level === 'ERROR') this.#logger.error(message, fieldsOf(meta));
    else if (level === 'WARN') this.#logger.warn(message, fieldsOf(meta));
    else this.#logger.debug(message);
  }
}

/** Of errors that tell the inside of the SDK's library: the words of the operating system. */
function innerMessage(text: string): string {
  return [...text.matchAll(/\bmessage: "([^"]+)"/g)].at(-1)?.[1] ?? text.slice(0, MAX_TEXT);
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
