import type { DmError } from '../errors/dm-error.js';
import { databaseError, serverErrno } from '../mysql/errors.js';

const ER_DUP_ENTRY = 1062;

/** What a downstream table is to the load, as far as a row that is there already can come from it. */
export type TargetKind = 'held-rows' | 'merged' | 'own';

/** Resuming alone meets the same row again. The statement was not executed, so that the load can go on with it. */
const DUPLICATE_ADVICE: Record<TargetKind, string> = {
  'held-rows':
    'The table held rows before the task began. To copy it anew: `stop-task`, drop the tables of the task downstream, ' +
    '`start-task --remove-meta`. When the row is of no use there: remove it downstream, then use `resume-task`.',
  merged:
    'Tables that `routes` merge need keys that are distinct in all of them: `stop-task`, set `column-mappings` or make the ' +
    'downstream table with a key that tells them apart, drop what was copied, `start-task --remove-meta`.',
  own:
    'Something else writes to the table, or its collation downstream takes two keys for equal. Remove the cause and the ' +
    'row downstream, then use `resume-task`.',
};

/**
 * What the user is told when the downstream refuses a statement of a data file.
 *
 * @param statement - its beginning, without values
 * @returns DmError 10006, or 10002 and 10003 where the connection was the matter
 */
export function refusal(error: unknown, statement: string, target: TargetKind): DmError {
  const workaround = serverErrno(error) === ER_DUP_ENTRY ? { workaround: DUPLICATE_ADVICE[target] } : {};
  return databaseError(error, { scope: 'downstream', kind: 'execute', sql: statement, ...workaround });
}
