/** What sessions of a server do at this moment. */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { vi } from 'vitest';
import { connectTo, onFileEnd, type ServerAddress } from './servers.js';

/** A session, with the statement that it executes or lets wait. */
export interface Session {
  id: number;
  user: string;
  command: string;
  statement: string;
}

/**
 * All sessions but the one that asks. Not from information_schema: MySQL fails there while any session's statement holds a
 * character that its three-byte column cannot.
 */
export async function sessions(connection: Connection): Promise<Session[]> {
  const [rows] = await connection.query<RowDataPacket[]>('SHOW FULL PROCESSLIST');
  return rows
    .map((row) => ({
      id: Number(row['Id']),
      user: String(row['User']),
      command: String(row['Command']),
      statement: String(row['Info'] ?? ''),
    }))
    .filter(({ id }) => id !== connection.threadId);
}

/** Sessions that execute the product's own ALTER TABLE on a table of the database, or let it wait. */
export async function alteringSessions(connection: Connection, database: string): Promise<Session[]> {
  const ours = /^\/\* dm-\w+ \*\/ ALTER TABLE/;
  return (await sessions(connection)).filter(({ statement }) => ours.test(statement) && statement.includes(database));
}

/** Keeps a session busy, until the file ends, with a statement that MySQL's information_schema cannot show. */
export async function awkwardSession(server: ServerAddress): Promise<void> {
  const connection = await connectTo(server);
  connection.query("SELECT SLEEP(300), '🐘'").catch(() => undefined);
  const own = connection.threadId;
  const admin = await connectTo(server);
  onFileEnd(async () => void (await admin.query(`KILL ${own}`)));
  await vi.waitUntil(async () => (await sessions(admin)).some(({ id, statement }) => id === own && statement !== ''));
}
