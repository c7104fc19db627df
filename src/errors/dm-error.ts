import { ERROR_TABLE, type ErrorCode, type ErrorDefinition } from './table.js';

/** Sub-module an error belongs to (manual section 6.1.1). */
export type ErrorClass =
  | 'not-set'
  | 'database'
  | 'functional'
  | 'config'
  | 'binlog-op'
  | 'checkpoint'
  | 'task-check'
  | 'relay-event-lib'
  | 'relay-unit'
  | 'dump-unit'
  | 'load-unit'
  | 'sync-unit'
  | 'dm-master'
  | 'dm-worker'
  | 'dm-tracer'
  | 'schema-tracker'
  | 'scheduler'
  | 'dmctl'
  | 'openapi';

/** Which side the object stands on that was being worked on. */
export type ErrorScope = 'not-set' | 'upstream' | 'downstream' | 'internal';

/** Severity. */
export type ErrorLevel = 'low' | 'medium' | 'high';

/** An error as `query-status` prints it (manual section 4.4.4); key order is part of the interface. */
export interface ErrorJson {
  ErrCode: number;
  ErrClass: string;
  ErrScope: string;
  ErrLevel: string;
  Message: string;
  RawCause: string;
  Workaround: string;
}

/** Options of {@link dmError}. */
export interface DmErrorOptions {
  /** The underlying failure; its text becomes the raw cause. */
  cause?: unknown;
  /** Replaces the table's scope, for errors that can happen on both sides. */
  scope?: ErrorScope;
  /** Replaces the table's advice. */
  workaround?: string;
}

/** An error with DM's code, class, scope, level, message, raw cause and workaround. */
export class DmError extends Error {
  override readonly name = 'DmError';
  readonly code: number;
  readonly errClass: ErrorClass;
  readonly scope: ErrorScope;
  readonly level: ErrorLevel;
  readonly rawCause: string;
  readonly workaround: string;

  constructor(
    code: number,
    definition: Pick<ErrorDefinition, 'class' | 'scope' | 'level'>,
    message: string,
    rawCause: string,
    workaround: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.errClass = definition.class;
    this.scope = definition.scope;
    this.level = definition.level;
    this.rawCause = rawCause;
    this.workaround = workaround;
  }

  /** The same error with `prefix: ` before its message, as DM annotates errors on their way up. */
  annotate(prefix: string): DmError {
    return new DmError(
      this.code,
      { class: this.errClass, scope: this.scope, level: this.level },
      `${prefix}: ${this.message}`,
      this.rawCause,
      this.workaround,
      this.cause,
    );
  }

  toJSON(): ErrorJson {
    return {
      ErrCode: this.code,
      ErrClass: this.errClass,
      ErrScope: this.scope,
      ErrLevel: this.level,
      Message: this.message,
      RawCause: this.rawCause,
      Workaround: this.workaround,
    };
  }

  /** One-line form: `[code=..:class=..:scope=..:level=..], Message: .., RawCause: .., Workaround: ..`. */
  override toString(): string {
    let text = `[code=${this.code}:class=${this.errClass}:scope=${this.scope}:level=${this.level}]`;
    if (this.message !== '') text += `, Message: ${this.message}`;
    if (this.rawCause !== '') text += `, RawCause: ${this.rawCause}`;
    if (this.workaround !== '') text += `, Workaround: ${this.workaround}`;
    return text;
  }
}

/**
 * Makes the error of a code, with the place holders of its message filled by `args` in order. When `options.cause` is a
 * DmError its own text is the raw cause, so that nothing of the chain is lost.
 */
export function dmError(code: ErrorCode, args: readonly unknown[] = [], options: DmErrorOptions = {}): DmError {
  const definition: ErrorDefinition = ERROR_TABLE[code];
  const scope = options.scope ?? definition.scope;
  const workaround = options.workaround ?? definition.workaround ?? '';
  const rawCause = options.cause === undefined ? '' : causeText(options.cause);
  const message = fillPlaceholders(definition.message, args);
  return new DmError(code, { ...definition, scope }, message, rawCause, workaround, options.cause);
}

/** A DmError as it is; anything else as code 50000, class not-set, with its text as message. */
export function toDmError(error: unknown): DmError {
  if (error instanceof DmError) return error;
  return new DmError(50000, { class: 'not-set', scope: 'not-set', level: 'high' }, causeText(error), '', '', error);
}

/** Reads back what {@link DmError.toJSON} wrote, for errors that crossed a process border. */
export function dmErrorFromJson(json: ErrorJson): DmError {
  return new DmError(
    json.ErrCode,
    {
      class: json.ErrClass as ErrorClass,
      scope: json.ErrScope as ErrorScope,
      level: json.ErrLevel as ErrorLevel,
    },
    json.Message,
    json.RawCause,
    json.Workaround,
  );
}

/** Text of any thrown value, in DM's `Error 1062: text` form where it came from a MySQL server. */
export function causeText(cause: unknown): string {
  if (cause instanceof DmError) return cause.rawCause === '' ? cause.message : `${cause.message}: ${cause.rawCause}`;
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(causeText).join('; ');
  if (cause instanceof Error) {
    const serverError = cause as Error & { errno?: number; sqlMessage?: string };
    if (serverError.sqlMessage !== undefined) return `Error ${serverError.errno}: ${serverError.sqlMessage}`;
    return cause.message;
  }
  return String(cause);
}

function fillPlaceholders(template: string, args: readonly unknown[]): string {
  let next = 0;
  return template.replace(/%(?:%|\+?[sdvT])/g, (holder) => {
    if (holder === '%%') return '%';
    if (next >= args.length) return holder;
    const arg = args[next++];
    return Array.isArray(arg) ? `[${arg.join(' ')}]` : String(arg);
  });
}
