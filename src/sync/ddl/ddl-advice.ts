import { DmError } from '../../errors/dm-error.js';
import type { Finding } from '../../schema/downstream-diff.js';

/** Code of a statement that the downstream refused. */
const REFUSED = 10006;

/**
 * What the downstream said about a statement, with the way out that its kind and version are known for. Only a real refusal
 * ends in an error: what is known of a downstream may be older than the downstream.
 */
export function withAdvice(error: unknown, findings: readonly Finding[]): unknown {
  const known = findings.filter(({ severity }) => severity === 'error');
  if (!(error instanceof DmError) || error.code !== REFUSED || known.length === 0) return error;
  const advice = known.map(({ message, workaround }) => `${message}. ${workaround}`);
  return new DmError(
    error.code,
    { class: error.errClass, scope: error.scope, level: error.level },
    error.message,
    error.rawCause,
    advice.join(' '),
    error.cause,
  );
}
