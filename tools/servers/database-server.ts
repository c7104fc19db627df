/** Starting, stopping, killing and freezing one MySQL or MariaDB server on loopback. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { resolveMariadb, resolveMysql } from '../parts/databases.js';
import type { DatabasePart } from '../parts/databases.js';
import { ServerChild } from './child.js';
import { createDataDir, userArgs, writeInitFile } from './data-dir.js';
import { freePort } from './ports.js';

const START_TIMEOUT_MS = 120_000;
const STOP_GRACE_MS = 60_000;

export interface DatabaseServerOptions {
  flavor: 'mysql' | 'mariadb';
  /** Further arguments of the server, after ours, so that they win. */
  args?: string[];
  /** Kept after `stop()` when given; made when missing. */
  dataDir?: string;
  port?: number;
  /** Default: none. */
  rootPassword?: string;
  /** Every commit and binlog event reaches the disk, as on a production server. Default false: they reach the OS. */
  durable?: boolean;
}

/** A server that we started. */
export interface DatabaseServer {
  readonly host: string;
  readonly port: number;
  readonly user: 'root';
  readonly password: string;
  readonly flavor: 'mysql' | 'mariadb';
  readonly version: string;
  readonly dataDir: string;
  readonly pid: number;
  /** Clean shutdown; removes the data directory unless the caller named it. */
  stop(): Promise<void>;
  /** SIGKILL; the data directory stays for `restart()`. */
  kill(): Promise<void>;
  /** Clean shutdown when running, then a start on the same data and port, with other arguments when given. */
  restart(args?: string[]): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void;
  /** SIGCONT. */
  resume(): void;
}

let lastServerId = 100 + (process.pid % 10_000) * 100;

/** Starts a server and waits until it answers. Throws with the last lines of its log when it does not. */
export async function startDatabaseServer(options: DatabaseServerOptions): Promise<DatabaseServer> {
  const part = await (options.flavor === 'mysql' ? resolveMysql() : resolveMariadb());
  const workDir = await mkdtemp(join(tmpdir(), `dm-${options.flavor}-`));
  const server = new LocalServer(part, options, workDir, options.port ?? (await freePort()));
  try {
    await server.start();
  } catch (error) {
    await rm(workDir, { recursive: true, force: true });
    throw new Error(`${part.flavor} ${part.version} did not start`, { cause: error });
  }
  return server;
}

class LocalServer implements DatabaseServer {
  readonly host = '127.0.0.1';
  readonly user = 'root';
  readonly port: number;
  readonly password: string;
  readonly flavor: 'mysql' | 'mariadb';
  readonly version: string;
  readonly dataDir: string;
  private readonly part: DatabasePart;
  private readonly workDir: string;
  private readonly options: DatabaseServerOptions;
  private readonly serverId: number;
  private extraArgs: string[];
  private child: ServerChild | undefined;

  constructor(part: DatabasePart, options: DatabaseServerOptions, workDir: string, port: number) {
    this.part = part;
    this.options = options;
    this.workDir = workDir;
    this.port = port;
    this.flavor = part.flavor;
    this.version = part.version;
    this.password = options.rootPassword ?? '';
    this.dataDir = options.dataDir ?? join(workDir, 'data');
    this.extraArgs = options.args ?? [];
    this.serverId = lastServerId++;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  async start(): Promise<void> {
    if (!existsSync(this.dataDir)) await createDataDir(this.part, this.dataDir);
    await mkdir(join(this.workDir, 'tmp'), { recursive: true });
    await writeInitFile(join(this.workDir, 'init.sql'), this.flavor, this.password);
    this.child = await ServerChild.start(this.part.server, this.arguments(), {
      logFile: join(this.workDir, 'server.log'),
      ownedDir: this.workDir,
    });
    await this.child.ready(() => this.answers(), START_TIMEOUT_MS);
  }

  async stop(): Promise<void> {
    await this.child?.stop(STOP_GRACE_MS);
    await rm(this.workDir, { recursive: true, force: true });
  }

  async kill(): Promise<void> {
    await this.child?.kill();
  }

  async restart(args?: string[]): Promise<void> {
    await this.child?.stop(STOP_GRACE_MS);
    if (args) this.extraArgs = args;
    await this.start();
  }

  freeze(): void {
    this.child?.signal('SIGSTOP');
  }

  resume(): void {
    this.child?.signal('SIGCONT');
  }

  private async answers(): Promise<boolean> {
    try {
      const connection = await createConnection({
        host: this.host,
        port: this.port,
        user: this.user,
        password: this.password,
        connectTimeout: 2_000,
      });
      await connection.end();
      return true;
    } catch {
      return false;
    }
  }

  private arguments(): string[] {
    const { flavor, workDir } = this;
    return [
      '--no-defaults',
      ...this.part.serverArgs,
      ...userArgs(),
      `--datadir=${this.dataDir}`,
      `--tmpdir=${join(workDir, 'tmp')}`,
      `--socket=${join(workDir, 'sock')}`,
      `--pid-file=${join(workDir, 'pid')}`,
      `--init-file=${join(workDir, 'init.sql')}`,
      '--bind-address=127.0.0.1',
      `--port=${this.port}`,
      '--skip-name-resolve',
      '--secure-file-priv=',
      '--local-infile=ON',
      '--max-allowed-packet=1G',
      '--max-connections=1000',
      '--character-set-server=utf8mb4',
      `--server-id=${this.serverId}`,
      '--log-bin=binlog',
      '--binlog-format=ROW',
      '--binlog-row-image=FULL',
      '--innodb-buffer-pool-size=128M',
      ...(this.options.durable
        ? ['--innodb-flush-log-at-trx-commit=1', '--sync-binlog=1']
        : ['--innodb-flush-log-at-trx-commit=2', '--sync-binlog=0']),
      ...(flavor === 'mysql'
        ? ['--mysqlx=OFF', '--gtid-mode=ON', '--enforce-gtid-consistency=ON', '--innodb-redo-log-capacity=256M']
        : ['--innodb-log-file-size=128M', '--gtid-strict-mode=ON', '--log-slave-updates=ON']),
      ...this.extraArgs,
    ];
  }
}
