/** What a test file needs of servers: addresses, connections, databases of its own, private servers. */
import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { afterAll, afterEach, beforeEach, inject } from 'vitest';
import { startDatabaseServer } from '../../tools/servers/database-server.js';
import type { DatabaseServer, DatabaseServerOptions } from '../../tools/servers/database-server.js';
import type { ServerAddress, ServerAddresses } from '../../tools/servers/server-set.js';
import { startTemporal } from '../../tools/servers/temporal-server.js';
import type { TemporalServer, TemporalServerOptions } from '../../tools/servers/temporal-server.js';

export type { DatabaseServer, ServerAddress, ServerAddresses, TemporalServer };

/** What stands when the file's tests end, undone in reverse order. */
const cleanups: (() => Promise<void>)[] = [];

/** Undoes all of them but the first ones. */
async function cleanUp(but: number): Promise<void> {
  const errors: unknown[] = [];
  for (const cleanup of cleanups.splice(but).toReversed()) await cleanup().catch((e: unknown) => errors.push(e));
  if (errors.length > 0) throw new AggregateError(errors, 'clean-up failed');
}

afterAll(() => cleanUp(0));

/**
 * What a test of the file has started ends with that test, not with the file: for tests that each start servers or workers
 * of their own, which would use memory and processors until the last one is done. To be called once, outside of any test.
 */
export function endWithEachTest(): void {
  let before = 0;
  beforeEach(() => {
    before = cleanups.length;
  });
  afterEach(() => cleanUp(before));
}

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

/** A server for few tables needs a quarter of the memory less. */
const SMALL = {
  mysql: ['--innodb-log-buffer-size=8M', '--table-open-cache=400', '--table-definition-cache=400'],
  mariadb: [],
};

/** Starts a database server for this file alone. */
export async function startPrivateServer(options: DatabaseServerOptions): Promise<DatabaseServer> {
  const args = [...SMALL[options.flavor], ...(options.args ?? [])];
  const server = await startDatabaseServer({ rootPassword: 'root-pw', ...options, args });
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
