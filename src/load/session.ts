import type { DatabaseConfig } from '../config/types.js';
import { DOWNSTREAM_SQL_MODE, openConnection, type DbConnection } from '../mysql/connect.js';
import { WRITER_WAIT_TIMEOUT_SECONDS } from '../meta/fence.js';

/** A statement that hangs for longer has lost its server. Covers INSERTs of any sane size. */
const WRITE_TIMEOUT_MS = 5 * 60_000;

/** Opens a connection that loads rows: its transactions check the fence, its statements come from dump files. */
export function openLoadConnection(to: DatabaseConfig, signal: AbortSignal): Promise<DbConnection> {
  return openConnection(to, {
    role: 'downstream',
    multipleStatements: true,
    signal,
    readTimeoutMs: WRITE_TIMEOUT_MS,
    sessionTimeoutS: WRITER_WAIT_TIMEOUT_SECONDS,
    session: loadSession(to),
  });
}

/** Opens a connection for DDL, which may take as long as it takes. */
export function openSchemaConnection(to: DatabaseConfig, signal: AbortSignal): Promise<DbConnection> {
  return openConnection(to, { role: 'downstream', multipleStatements: true, signal, session: loadSession(to) });
}

/**
 * Session variables of the load. A user's `sql_mode` counts, except for what decides how dump files are read: in them
 * backslashes escape and double quotes enclose strings. 0 in an AUTO_INCREMENT column and any stored date must pass.
 */
export function loadSession(to: DatabaseConfig): Record<string, string> {
  const wanted = to.session?.['sql_mode'] ?? DOWNSTREAM_SQL_MODE;
  const modes = new Set(
    wanted
      .split(',')
      .map((mode) => mode.trim().toUpperCase())
      .filter((mode) => mode !== ''),
  );
  for (const mode of ['NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES', 'ANSI', 'NO_ZERO_DATE', 'NO_ZERO_IN_DATE'])
    modes.delete(mode);
  if (modes.has('TRADITIONAL')) {
    modes.delete('TRADITIONAL');
    modes.add('STRICT_TRANS_TABLES');
  }
  modes.add('ALLOW_INVALID_DATES');
  modes.add('NO_AUTO_VALUE_ON_ZERO');
  return { sql_mode: [...modes].join(','), time_zone: '+00:00', foreign_key_checks: '0' };
}

/** Undoes what the statements at the top of a dump file may have set, and selects the file's database. */
export function resetStatement(to: DatabaseConfig, quotedSchema: string): string {
  const { sql_mode: sqlMode } = loadSession(to);
  return `USE ${quotedSchema}; SET NAMES utf8mb4, sql_mode='${sqlMode}', time_zone='+00:00', foreign_key_checks=0`;
}
