/** Private servers of the soak, two a flavor at most, and connections to them that come back after a restart. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection, type Connection } from 'mysql2/promise';
import type { Flavor } from '../../src/config/types.js';
import { startDatabaseServer, type DatabaseServer } from '../../tools/servers/database-server.js';

/** Numbers for statements that make many rows; outside of what is replicated. */
export const NUMBERS = '`soak_numbers`.`n`';
const NUMBERS_COUNT = 20_000;

const RECONNECT_MS = 60_000;

/** Servers that are started when they are first needed. */
export class Servers implements AsyncDisposable {
  readonly #started = new Map<string, Promise<DatabaseServer>>();

  upstream(flavor: Flavor): Promise<DatabaseServer> {
    return this.#server(flavor, 'up', async (server) => {
      const connection = await connect(server);
      await connection.query('CREATE DATABASE soak_numbers');
      await connection.query(`CREATE TABLE ${NUMBERS} (n INT PRIMARY KEY)`);
      for (let from = 1; from <= NUMBERS_COUNT; from += 5_000) {
        const rows = Array.from({ length: 5_000 }, (_, i) => `(${from + i})`);
        await connection.query(`INSERT INTO ${NUMBERS} VALUES ${rows.join(',')}`);
      }
      connection.destroy();
    });
  }

  downstream(flavor: Flavor): Promise<DatabaseServer> {
    return this.#server(flavor, 'down', async () => undefined);
  }

  #server(flavor: Flavor, side: string, prepare: (server: DatabaseServer) => Promise<void>): Promise<DatabaseServer> {
    const key = `${flavor} ${side}`;
    let starting = this.#started.get(key);
    starting ??= startDatabaseServer({ flavor, rootPassword: 'soak' }).then(async (server) => {
      await prepare(server);
      return server;
    });
    this.#started.set(key, starting);
    return starting;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const starting of this.#started.values())
      await starting.then((server) => server.stop()).catch(() => undefined);
  }
}

/** A connection, waited for while the server restarts. */
export async function connect(server: DatabaseServer, database?: string): Promise<Connection> {
  const deadline = Date.now() + RECONNECT_MS;
  for (;;) {
    try {
      const connection = await createConnection({
        host: server.host,
        port: server.port,
        user: server.user,
        password: server.password,
        supportBigNumbers: true,
        bigNumberStrings: true,
        dateStrings: true,
        charset: 'utf8mb4',
        ...(database === undefined ? {} : { database }),
      });
      // A connection that breaks between two statements; the next statement says so.
      connection.on('error', () => undefined);
      return connection;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

/** Whether the server itself answered with an error, and the connection goes on. */
export function isRefusal(error: unknown): boolean {
  const { errno, sqlState, fatal } = error as { errno?: number; sqlState?: string; fatal?: boolean };
  return typeof errno === 'number' && sqlState !== undefined && fatal !== true && errno !== 1053 && errno !== 1927;
}
