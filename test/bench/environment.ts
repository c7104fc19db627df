/** Servers, tools, connections and configurations of the benchmarks. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { SubtaskConfig } from '../../src/config/types.js';
import { openConnection } from '../../src/mysql/connect.js';
import { run } from '../../tools/parts/command.js';
import { resolveSysbench } from '../../tools/parts/load-tools.js';
import { startDatabaseServer, type DatabaseServer } from '../../tools/servers/database-server.js';

/** Starts servers and undoes everything at the end, whatever happens. */
export class Bench implements AsyncDisposable {
  readonly #cleanups: (() => Promise<unknown>)[] = [];

  /** A MySQL server with room for the whole data in memory. */
  async server(args: string[] = []): Promise<DatabaseServer> {
    const common = ['--innodb-buffer-pool-size=1G', '--innodb-redo-log-capacity=1G'];
    const server = await startDatabaseServer({ flavor: 'mysql', rootPassword: 'bench', args: [...common, ...args] });
    this.#cleanups.push(() => server.stop());
    return server;
  }

  async connect(server: DatabaseServer, database?: string): Promise<Connection> {
    const connection = await openConnection(login(server), {
      role: 'upstream',
      ...(database === undefined ? {} : { database }),
    });
    this.#cleanups.push(async () => connection.destroy());
    return connection;
  }

  async directory(): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'dm-bench-'));
    this.#cleanups.push(() => rm(dir, { recursive: true, force: true }));
    return dir;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).toReversed()) await cleanup().catch(() => undefined);
  }
}

function login({ host, port, user, password }: DatabaseServer): SubtaskConfig['from'] {
  return { host, port, user, password };
}

/** A subtask with the default settings of a task file. */
export function subtask(up: DatabaseServer, down: DatabaseServer, database: string): SubtaskConfig {
  return {
    task: 'bench',
    taskMode: 'all',
    sourceId: 'bench-source',
    flavor: up.flavor,
    serverId: 900_000 + (process.pid % 90_000),
    enableGtid: true,
    metaSchema: 'dm_meta',
    timezone: '',
    caseSensitive: true,
    cleanDumpFile: false,
    ignoreCheckingItems: [],
    from: login(up),
    to: login(down),
    blockAllowList: { doDbs: [database] },
    dump: { threads: 4, chunkFilesize: 64 * 1024 * 1024, statementSize: 1_000_000, consistency: 'auto' },
    load: { poolSize: 16, dir: './dumped_data.bench' },
    sync: {
      workerCount: 16,
      batch: 100,
      safeMode: false,
      compact: false,
      multipleRows: false,
      queueSize: 1024,
      checkpointFlushIntervalMs: 30_000,
    },
    checker: {
      checkEnable: false,
      backoffRollbackMs: 300_000,
      backoffMaxMs: 300_000,
      backoffMinMs: 1_000,
      backoffFactor: 2,
      backoffJitter: true,
      checkIntervalMs: 5_000,
    },
  };
}

/** Runs a sysbench command on a server's database `sbtest`. */
export async function sysbench(
  server: DatabaseServer,
  script: string,
  options: string[],
  command: string,
): Promise<void> {
  const tool = await resolveSysbench();
  const target = [
    `--mysql-host=${server.host}`,
    `--mysql-port=${server.port}`,
    `--mysql-user=${server.user}`,
    `--mysql-password=${server.password}`,
  ];
  await run(
    tool.command,
    [...tool.args, script, ...target, ...options, command],
    tool.env === undefined ? {} : { env: tool.env },
  );
}

/** Whether all tables of a database hold the same on both sides, by the servers' own checksums. */
export async function assertSame(up: Connection, down: Connection, database: string): Promise<void> {
  const [tables] = await up.query<RowDataPacket[]>(
    `SHOW FULL TABLES FROM \`${database}\` WHERE Table_type = 'BASE TABLE'`,
  );
  if (tables.length === 0) throw new Error(`no table in ${database}`);
  for (const row of tables) {
    const name = `\`${database}\`.\`${String(Object.values(row)[0])}\``;
    const [ours, theirs] = await Promise.all(
      [up, down].map((side) => side.query<RowDataPacket[]>(`CHECKSUM TABLE ${name}`)),
    );
    const [left, right] = [ours?.[0][0]?.['Checksum'], theirs?.[0][0]?.['Checksum']];
    if (left === null || left !== right) throw new Error(`${name} differs: ${left} upstream, ${right} downstream`);
  }
}

/** Waits until a table exists. A DDL is executed when all changes before it are: it marks the end of a load. */
export async function waitForTable(connection: Connection, table: string, alive: () => void): Promise<void> {
  for (;;) {
    alive();
    try {
      await connection.query(`SELECT 1 FROM ${table} LIMIT 0`);
      return;
    } catch (error) {
      if (![1146, 1049].includes(Number((error as { errno?: unknown }).errno))) throw error;
    }
    await sleep(20);
  }
}

/** Processor time that a process has used so far, milliseconds; NaN where the system does not tell. */
export async function processorTime(pid: number): Promise<number> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The fields behind the program's name, which may hold blanks; times are in hundredths of a second.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Number.NaN;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** The value below which `share` of all lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Says on standard error what is being done. */
export function say(text: string): void {
  process.stderr.write(`  ${text}\n`);
}
