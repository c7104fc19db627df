import { toDmError, type DmError } from '../errors/dm-error.js';
import { FenceLostError } from '../meta/fence.js';
import { databaseError } from '../mysql/errors.js';
import { formatLocation } from '../mysql/position.js';
import { quoteTable } from '../mysql/quote.js';
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

const VERBS = { insert: 'INSERT INTO', update: 'UPDATE', delete: 'DELETE FROM' } as const;

/** What a failed batch becomes for the user; values of rows are never part of our own text. */
export function rowFailure(error: unknown): unknown {
  if (!(error instanceof RowError)) return error;
  const { change, origin } = error.job;
  const sql = `${VERBS[change.kind]} ${quoteTable(origin.schema, origin.table)}`;
  const cause = databaseError(error.cause, { scope: 'downstream', kind: 'execute', sql });
  return atPlace(cause, origin);
}
