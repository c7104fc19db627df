import type { DatabaseConfig } from '../config/types.js';
import { openConnection, UTC, type DbConnection } from '../mysql/connect.js';
import { rowSqlMode } from '../mysql/row-session.js';
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

/** Session variables of the load. Dump files hold texts with backslashes as escapes, and TIMESTAMPs in UTC. */
export function loadSession(to: DatabaseConfig): Record<string, string> {
  return { sql_mode: rowSqlMode(to), time_zone: UTC, foreign_key_checks: '0' };
}

/** Undoes what the statements at the top of a dump file may have set, and selects the file's database. */
export function resetStatement(to: DatabaseConfig, quotedSchema: string): string {
  const { sql_mode: sqlMode } = loadSession(to);
  return `USE ${quotedSchema}; SET NAMES utf8mb4, sql_mode='${sqlMode}', time_zone='${UTC}', foreign_key_checks=0`;
}
