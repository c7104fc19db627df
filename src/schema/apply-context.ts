import { dmError, type DmError } from '../errors/dm-error.js';
import type { Statement } from '../ddl/index.js';
import type { Table } from './model.js';
import type { CharsetPair } from './resolve-type.js';
import type { ServerProfile } from './server-profile.js';

/** What applying a statement may ask for. */
export interface ApplyContext {
  /** The server, with the variables of the session that ran the statement. */
  profile: ServerProfile;
  /** Default charset and collation of a database. */
  databaseDefaults(schema: string): CharsetPair;
  /** A table as it is before the statement; undefined when it is not known. */
  table(schema: string, name: string): Table | undefined;
}

/** 44006 with the statement; `reason` says what in it does not fit the tracked structure. */
export function cannotTrack(statement: Statement, reason: string): DmError {
  const text = statement.text.slice(statement.start, statement.end);
  return dmError(44006, [text], {
    cause: new Error(reason),
    workaround:
      'The tracked structure differs from the one the statement was run on. Bring the downstream table to the structure that the ' +
      'source had behind the statement, then stop the task and start it with --remove-meta as `incremental` with `meta` there.',
  });
}

/** Names of columns, indexes and constraints do not differ by case. */
export function sameName(a: string, b: string): boolean {
  return a === b || a.toLowerCase() === b.toLowerCase();
}

/** The entry of that name. */
export function byName<Named extends { name: string }>(list: readonly Named[], name: string): Named | undefined {
  return list.find((entry) => sameName(entry.name, name));
}
