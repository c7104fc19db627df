import { sessionProfile, type StatementContext } from '../../schema/tracker.js';
import type { ServerProfile } from '../../schema/server-profile.js';
import type { QueryEvent } from '../events.js';
import { sqlModeNames } from '../sql-mode.js';

/** The session variables of a query event that decide what its statement means. `profile` is the upstream's. */
export function statementContext(event: QueryEvent, profile: ServerProfile): StatementContext {
  const context: StatementContext = {};
  if (event.sqlMode !== undefined) context.sqlMode = sqlModeNames(event.sqlMode);
  if (event.collationServer !== undefined) context.collationServer = event.collationServer;
  if (event.defaultUtf8mb4Collation !== undefined) context.defaultUtf8mb4Collation = event.defaultUtf8mb4Collation;
  const explicit = event.explicitDefaultsForTimestamp ?? mariadbExplicitDefaults(event, profile);
  if (explicit !== undefined) context.explicitDefaultsForTimestamp = explicit;
  return context;
}

/** Whether TIMESTAMP columns of the statement have the defaults of other columns, by the event or else by the server. */
export function hasExplicitDefaults(event: QueryEvent, profile: ServerProfile): boolean {
  return sessionProfile(profile, statementContext(event, profile)).explicitDefaultsForTimestamp;
}

/** MariaDB's bit for `explicit_defaults_for_timestamp` among the options of a session. */
const EXPLICIT_DEFAULTS = 1 << 24;

/** Patch release of each series of MariaDB 10 that was the first to write the bit. */
const FIRST_PATCH: Record<number, number> = { 5: 17, 6: 9, 7: 5, 8: 4, 9: 2 };

function mariadbExplicitDefaults(event: QueryEvent, profile: ServerProfile): boolean | undefined {
  if (profile.flavor !== 'mariadb' || event.options === undefined || !writesExplicitDefaults(profile.versionNumber)) {
    return undefined;
  }
  return (event.options & EXPLICIT_DEFAULTS) !== 0;
}

function writesExplicitDefaults(version: number): boolean {
  if (version >= 101000) return true;
  const first = FIRST_PATCH[Math.floor(version / 100) % 100];
  return version >= 100000 && first !== undefined && version % 100 >= first;
}
