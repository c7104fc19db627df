/** What a test file needs of servers: addresses, connections, databases of its own, private servers. */
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { afterAll, inject } from 'vitest';
import { startDatabaseServer } from '../../tools/servers/database-server.js';
import type { DatabaseServer, DatabaseServerOptions } from '../../tools/servers/database-server.js';
import type { ServerAddress, ServerAddresses } from '../../tools/servers/server-set.js';
import { startTemporal } from '../../tools/servers/temporal-server.js';
import type { TemporalServer, TemporalServerOptions } from '../../tools/servers/temporal-server.js';

export type { DatabaseServer, ServerAddress, ServerAddresses, TemporalServer };

/** What stands when the file's tests end, undone in reverse order. */
const cleanups: (() => Promise<void>)[] = [];

afterAll(async () => {
  const errors: unknown[] = [];
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup().catch((e: unknown) => errors.push(e));
  if (errors.length > 0) throw new AggregateError(errors, 'clean-up failed');
});

/** Runs when the file's tests have ended, whatever their outcome. */
export function onFileEnd(cleanup: () => Promise<void>): void {
  cleanups.push(cleanup);
}

/** The servers shared by all test files. Never change their global variables, never restart them. */
export function testServers(): ServerAddresses {
  return inject('servers');
}

/**
 * A connection that shows values as text: 64-bit integers, decimals and dates as the server prints them. Closed when the
 * file ends.
 */
export async function connectTo(server: ServerAddress | DatabaseServer, database?: string): Promise<Connection> {
  const connection = await createConnection({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    database,
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    charset: 'utf8mb4',
  });
  onFileEnd(async () => connection.destroy());
  return connection;
}

/** A name that no other test uses: `<prefix>_<random>`. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(5).toString('hex')}`;
}

/** Makes a database with a unique name, dropped when the file ends. */
export async function createDatabase(server: ServerAddress | DatabaseServer, prefix: string): Promise<string> {
  const name = uniqueName(prefix);
  await execute(server, `CREATE DATABASE \`${name}\``);
  dropAtEnd(server, name);
  return name;
}

/** Drops a database when the file ends, also when only the program under test makes it. */
export function dropAtEnd(server: ServerAddress | DatabaseServer, database: string): void {
  onFileEnd(() => execute(server, `DROP DATABASE IF EXISTS \`${database.replaceAll('`', '``')}\``));
}

/** Starts a database server for this file alone. */
export async function startPrivateServer(options: DatabaseServerOptions): Promise<DatabaseServer> {
  const server = await startDatabaseServer({ rootPassword: 'root-pw', ...options });
  onFileEnd(() => server.stop());
  return server;
}

/** Starts a Temporal server for this file alone. */
export async function startPrivateTemporal(options: TemporalServerOptions = {}): Promise<TemporalServer> {
  const server = await startTemporal(options);
  onFileEnd(() => server.stop());
  return server;
}

async function execute(server: ServerAddress | DatabaseServer, sql: string): Promise<void> {
  const { host, port, user, password } = server;
  const connection = await createConnection({ host, port, user, password });
  try {
    await connection.query(sql);
  } finally {
    connection.destroy();
  }
}
