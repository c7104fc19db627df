import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.js';
import { UsageError } from './usage-error.js';

const KEYWORD = 2;

/**
 * Registers the search attributes that the namespace does not have yet. Without them Temporal refuses the workflow tasks that
 * set them, for ever; so a worker that can neither find nor make them must not start.
 *
 * @throws UsageError with the command that an operator has to run
 */
export async function ensureSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const wanted = Object.values(SEARCH_ATTRIBUTES);
  let missing: string[] = wanted;
  try {
    missing = await missingAttributes(connection, namespace, wanted);
    if (missing.length === 0) return;
    const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    // Another worker may have been faster, and some services do not let us look or add: what counts is the outcome.
    const still = await missingAttributes(connection, namespace, wanted).catch(() => missing);
    if (still.length === 0) return;
    const text = error instanceof Error ? error.message : String(error);
    if (/namespace .*not found/i.test(text)) throw new UsageError(noNamespace(namespace), 1);
    const flags = still.map((name) => `--name ${name}`).join(' ');
    throw new UsageError(
      `the namespace ${namespace} lacks the search attributes ${still.join(', ')} and they cannot be added ` +
        `(${text}); please run: ` +
        `temporal operator search-attribute create --namespace ${namespace} --type Keyword ${flags}`,
      1,
    );
  }
}

function noNamespace(namespace: string): string {
  return `the namespace ${namespace} does not exist; please correct TEMPORAL_NAMESPACE, or run: temporal operator namespace create --namespace ${namespace}`;
}

async function missingAttributes(
  connection: NativeConnection,
  namespace: string,
  wanted: readonly string[],
): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return wanted.filter((name) => customAttributes?.[name] === undefined);
}
