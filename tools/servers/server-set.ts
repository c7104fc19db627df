/** The set of servers that tests and development share: two upstreams, a downstream and Temporal. */
import { startDatabaseServer } from './database-server.js';
import type { DatabaseServer } from './database-server.js';
import { startTemporal } from './temporal-server.js';
import type { TemporalServer } from './temporal-server.js';

/** How to reach a database server; what the addresses file holds for each. */
export interface ServerAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  flavor: 'mysql' | 'mariadb';
}

/** The addresses file. */
export interface ServerAddresses {
  mysqlUp: ServerAddress;
  mariadbUp: ServerAddress;
  mysqlDown: ServerAddress;
  temporal: { address: string; uiUrl: string; namespace: string };
}

/** Servers started together. */
export interface RunningServers {
  addresses: ServerAddresses;
  stop(): Promise<void>;
}

/** Starts the whole set, databases at the same time. When one fails, none stays behind. */
export async function startServers(rootPassword: string, bufferPool: string): Promise<RunningServers> {
  const args = [`--innodb-buffer-pool-size=${bufferPool}`];
  const started: { stop(): Promise<void> }[] = [];
  const track = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const server = await starting;
    started.push(server);
    return server;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()));
  };
  const outcomes = await Promise.allSettled([
    track(startDatabaseServer({ flavor: 'mysql', rootPassword, args })),
    track(startDatabaseServer({ flavor: 'mariadb', rootPassword, args })),
    track(startDatabaseServer({ flavor: 'mysql', rootPassword, args })),
    track(startTemporal()),
  ]);
  const failed = outcomes.find((o) => o.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const [mysqlUp, mariadbUp, mysqlDown, temporal] = outcomes.map(
    (o) => (o as PromiseFulfilledResult<unknown>).value,
  ) as [DatabaseServer, DatabaseServer, DatabaseServer, TemporalServer];
  return {
    addresses: {
      mysqlUp: addressOf(mysqlUp),
      mariadbUp: addressOf(mariadbUp),
      mysqlDown: addressOf(mysqlDown),
      temporal: { address: temporal.address, uiUrl: temporal.uiUrl, namespace: temporal.namespace },
    },
    stop,
  };
}

export function addressOf(server: DatabaseServer): ServerAddress {
  const { host, port, user, password, flavor } = server;
  return { host, port, user, password, flavor };
}
