import type { DatabaseConfig } from '../config/types.js';
import { closeConnection, openConnection, queryRows, type ServerSession } from '../mysql/connect.js';
import { detectServer } from '../mysql/server-info.js';

const CONNECT_TIMEOUT_MS = 1_000;

/**
 * Asks the server to end sessions whose statements may wait for a lock much longer than a user waits for a pause: the server
 * would go on with them although nobody listens any more. Only sessions that the server knows by the port of our own socket
 * are ended: behind a proxy that gives out the numbers of sessions of several servers, another one might be hit.
 *
 * @throws DmError 10001, 10002, 10003, 10005; the driver's error
 */
export async function killSessions(
  to: DatabaseConfig,
  sessions: readonly ServerSession[],
  signal: AbortSignal,
): Promise<void> {
  if (sessions.length === 0) return;
  const connection = await openConnection(to, { role: 'downstream', connectTimeoutMs: CONNECT_TIMEOUT_MS, signal });
  try {
    const { isTiDB } = await detectServer(connection, 'downstream');
    // Not from information_schema: MySQL fails there while any statement holds a character of four bytes.
    const found = await queryRows(connection, 'downstream', 'SHOW PROCESSLIST');
    for (const { id, localPort } of sessions) {
      const ours = found.some((row) => Number(row['Id']) === id && String(row['Host']).endsWith(`:${localPort}`));
      if (ours) await connection.query(`KILL ${isTiDB ? 'TIDB ' : ''}${id}`);
    }
  } finally {
    await closeConnection(connection);
  }
}
