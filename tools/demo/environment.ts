/** Where the demo runs: servers of the user's, or servers that we start. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { startDatabaseServer } from '../servers/database-server.js';
import { addressOf } from '../servers/server-set.js';
import type { ServerAddress } from '../servers/server-set.js';
import { startTemporal } from '../servers/temporal-server.js';
import type { DemoOptions } from './options.js';

/** Speed of the upstream and downstream that we start; small enough for a laptop. */
const SERVER_ARGS = ['--innodb-buffer-pool-size=512M', '--innodb-log-buffer-size=32M'];

export interface Environment {
  up: ServerAddress;
  down: ServerAddress;
  /** Text that says where workflows can be looked at. */
  webUi: string;
  /** Environment of dmctl and dm-worker. */
  env: Record<string, string>;
  workDir: string;
  /** Whether the upstream and Temporal go away with the demo. */
  own: { up: boolean; down: boolean; temporal: boolean };
  stop(): Promise<void>;
}

export async function startEnvironment(options: DemoOptions): Promise<Environment> {
  const workDir = await mkdtemp(join(tmpdir(), 'dm-demo-'));
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((s) => s.stop()));
    await rm(workDir, { recursive: true, force: true });
  };
  const keep = <T extends { stop(): Promise<void> }>(server: T): T => {
    started.push(server);
    return server;
  };
  const password = randomBytes(9).toString('base64url');
  const database = async (given: DemoOptions['upstream']): Promise<ServerAddress> => {
    if (given) return { ...given, flavor: await flavorOf(given) };
    return addressOf(keep(await startDatabaseServer({ flavor: 'mysql', rootPassword: password, args: SERVER_ARGS })));
  };
  const outcomes = await Promise.allSettled([
    database(options.upstream),
    database(options.downstream),
    temporal(keep, workDir),
    secretEnv(workDir),
  ] as const);
  const [up, down, place, secret] = outcomes;
  if (
    up.status === 'fulfilled' &&
    down.status === 'fulfilled' &&
    place.status === 'fulfilled' &&
    secret.status === 'fulfilled'
  ) {
    return {
      up: up.value,
      down: down.value,
      webUi: place.value.webUi,
      env: { ...place.value.env, ...secret.value },
      workDir,
      own: { up: !options.upstream, down: !options.downstream, temporal: place.value.own },
      stop,
    };
  }
  await stop();
  throw outcomes.find((o) => o.status === 'rejected')?.reason;
}

/** The user's Temporal when the environment names one, else a server of ours. */
async function temporal(
  keep: <T extends { stop(): Promise<void> }>(server: T) => T,
  workDir: string,
): Promise<{ env: Record<string, string>; webUi: string; own: boolean }> {
  const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_PROFILE } = process.env;
  if (TEMPORAL_ADDRESS || TEMPORAL_PROFILE) {
    const place = TEMPORAL_ADDRESS ?? `profile ${TEMPORAL_PROFILE}`;
    const webUi = `the Web UI of your Temporal (${place}), namespace ${TEMPORAL_NAMESPACE ?? 'default'}`;
    return { env: {}, webUi, own: false };
  }
  const server = keep(await startTemporal());
  const env = {
    TEMPORAL_ADDRESS: server.address,
    TEMPORAL_NAMESPACE: server.namespace,
    // Certificates and keys in a configuration file belong to another server.
    TEMPORAL_CONFIG_FILE: join(workDir, 'none.toml'),
  };
  return { env, webUi: `${server.uiUrl}/namespaces/${server.namespace}/workflows`, own: true };
}

/** The key that passwords are encrypted with: the user's, or one for this run. */
async function secretEnv(workDir: string): Promise<Record<string, string>> {
  if (process.env.DM_SECRET_KEY || process.env.DM_SECRET_KEY_FILE) return {};
  const path = join(workDir, 'secret.key');
  await writeFile(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  return { DM_SECRET_KEY_FILE: path };
}

export async function connect(server: Omit<ServerAddress, 'flavor'>): Promise<Connection> {
  const { host, port, user, password } = server;
  return createConnection({ host, port, user, password, charset: 'utf8mb4', connectTimeout: 10_000 });
}

async function flavorOf(server: Omit<ServerAddress, 'flavor'>): Promise<'mysql' | 'mariadb'> {
  const connection = await connect(server);
  try {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version');
    return /mariadb/i.test(String(rows[0]?.version)) ? 'mariadb' : 'mysql';
  } finally {
    connection.destroy();
  }
}
