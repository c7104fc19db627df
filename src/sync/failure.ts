import { toDmError, type DmError } from '../errors/dm-error.js';
import { FenceLostError } from '../meta/fence.js';
import { databaseError, serverErrno } from '../mysql/errors.js';
import { formatLocation } from '../mysql/position.js';
import { quoteTable } from '../mysql/quote.js';
import type { RowJob } from './write/row-job.js';
import { RowError } from './write/writer.js';

/** Place in the binlog of what failed. */
export interface FailurePlace {
  start: { name: string; pos: number };
  end: { name: string; pos: number };
  /** Executed before the transaction. */
  gtidSet: string;
}

/**
 * The error with its place in front, as operators and `handle-error` read it (task-operations 4.4.4):
 * `startLocation: [position: (file, pos), gtid-set: ...], endLocation: [...], origin SQL: [...]: message`.
 */
export function atPlace(error: unknown, { start, end, gtidSet }: FailurePlace, originSql?: string): DmError {
  const dm = toDmError(error);
  if (dm.message.startsWith('startLocation: ')) return dm;
  let place = `startLocation: [${formatLocation({ ...start, gtidSet })}], endLocation: [${formatLocation({ ...end, gtidSet })}]`;
  if (originSql !== undefined) place += `, origin SQL: [${originSql}]`;
  return dm.annotate(place);
}

/** Throws the error with its place. That the unit has a new owner is no failure of anything there: it is thrown as it is. */
export function fail(error: unknown, place: FailurePlace, originSql?: string): never {
  throw error instanceof FenceLostError ? error : atPlace(error, place, originSql);
}

/** What helps when a downstream refuses a row with one of these errors; `resume-task` tries the same row again. */
const ROW_ADVICE = new Map<number, string>([
  [
    1062,
    'The downstream holds a row of this key already: something else wrote it, or tables that `routes` merge share keys. Remove or correct that row downstream, then use `resume-task`.',
  ],
  [1146, 'The table is not there downstream. Make it as it is at the source, then use `resume-task`.'],
  [1054, 'The downstream table lacks a column of the source. Add it, then use `resume-task`.'],
  [1142, 'Grant the privilege to the user of `target-database`, then use `resume-task`.'],
  [1264, 'The column is too narrow downstream. Widen it, then use `resume-task`.'],
  [1406, 'The column is too short downstream. Lengthen it, then use `resume-task`.'],
  [
    1366,
    'The character set or type of the column downstream cannot hold the value. Change the column, then use `resume-task`.',
  ],
  [
    1452,
    'The row that this one refers to is not there downstream. Bring it there, or drop the foreign key downstream, then use `resume-task`.',
  ],
]);

/** Characters of a list of columns that a message shows. */
const MAX_COLUMNS_TEXT = 200;

/** What a failed batch becomes for the user: the change that was refused, by its tables on both sides. */
export function rowFailure(error: unknown): unknown {
  if (!(error instanceof RowError)) return error;
  const { job } = error;
  const workaround = ROW_ADVICE.get(serverErrno(error.cause) ?? 0);
  const cause = databaseError(error.cause, {
    scope: 'downstream',
    kind: 'execute',
    sql: statementText(job),
    ...(workaround === undefined ? {} : { workaround }),
  });
  return atPlace(cause, job.origin);
}

/** The statement as far as it says what was tried; values of rows are never part of our own text. */
function statementText({ change, plan, origin }: Pick<RowJob, 'change' | 'plan' | 'origin'>): string {
  const { target, columnList } = plan;
  const source = quoteTable(origin.schema, origin.table);
  const from = source === target ? '' : ` (a row of upstream table ${source})`;
  if (change.kind === 'update') return `UPDATE ${target}${from}`;
  if (change.kind === 'delete') return `DELETE FROM ${target}${from}`;
  const columns = columnList.length <= MAX_COLUMNS_TEXT ? columnList : `${columnList.slice(0, MAX_COLUMNS_TEXT)}...`;
  return `INSERT INTO ${target} (${columns})${from}`;
}
