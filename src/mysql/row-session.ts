import type { DatabaseConfig } from '../config/types.js';
import { DOWNSTREAM_SQL_MODE } from './connect.js';

/** Modes, and names for several modes, under which a text of ours would be read as something else. */
const MODES_OF_QUOTING = new Set([
  'NO_BACKSLASH_ESCAPES',
  'ANSI_QUOTES',
  'DB2',
  'MAXDB',
  'MSSQL',
  'MYSQL323',
  'MYSQL40',
  'ORACLE',
  'POSTGRESQL',
]);

/** `ANSI` without ANSI_QUOTES and ONLY_FULL_GROUP_BY, which no statement of ours is about. */
const ANSI = ['REAL_AS_FLOAT', 'PIPES_AS_CONCAT', 'IGNORE_SPACE'];

/**
 * `sql_mode` of connections that write rows downstream: what `target-database.session` says, which has priority (manual,
 * section 4.4.1), else {@link DOWNSTREAM_SQL_MODE}. Of the user's modes those are left out that change how a statement is
 * read, and 0 in an AUTO_INCREMENT column always stays 0: the rows are there already, they are not made here.
 */
export function rowSqlMode(to: DatabaseConfig): string {
  const wanted = to.session?.['sql_mode'];
  if (wanted === undefined) return DOWNSTREAM_SQL_MODE;
  const modes = wanted
    .toUpperCase()
    .split(',')
    .map((mode) => mode.trim())
    .flatMap((mode) => (mode === 'ANSI' ? ANSI : [mode]))
    .filter((mode) => mode !== '' && !MODES_OF_QUOTING.has(mode));
  return [...new Set([...modes, 'NO_AUTO_VALUE_ON_ZERO'])].join(',');
}
