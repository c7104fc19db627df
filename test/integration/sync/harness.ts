import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { expect } from 'vitest';
import type { SubtaskConfig } from '../../../src/config/types.js';
import { createLogger, type LogLevel } from '../../../src/log/logger.js';
import type { SyncProgress } from '../../../src/sync/progress.js';
import { runSync, type Pace, type SyncOptions } from '../../../src/sync/run.js';
import type { UnitResult } from '../../../src/unit.js';
import { compareDatabases, formatComparison } from '../../support/compare.js';
import { connectTo, dropAtEnd, testServers, uniqueName, type ServerAddress } from '../../support/servers.js';

/** A pair of servers with a database of the test's own on both, and a task between them. */
export interface Fixture {
  up: Connection;
  down: Connection;
  database: string;
  config: SubtaskConfig;
}

export type UpstreamName = 'mysqlUp' | 'mariadbUp';

/** Makes the database upstream; replication of it starts before anything in it exists. */
export async function makeFixture(upstreamName: UpstreamName, options: Partial<SubtaskConfig> = {}): Promise<Fixture> {
  const servers = testServers();
  const upServer = servers[upstreamName];
  const [up, down] = [await connectTo(upServer), await connectTo(servers.mysqlDown)];
  const database = uniqueName('e_sync');
  const metaSchema = uniqueName('e_meta');
  for (const server of [upServer, servers.mysqlDown]) dropAtEnd(server, database);
  dropAtEnd(servers.mysqlDown, metaSchema);
  const meta = await position(up);
  await up.query(`CREATE DATABASE \`${database}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
  await up.query(`USE \`${database}\``);
  const config: SubtaskConfig = {
    task: 't',
    taskMode: 'incremental',
    sourceId: 'source-1',
    flavor: upstreamName === 'mysqlUp' ? 'mysql' : 'mariadb',
    serverId: 100_000 + Math.floor(Math.random() * 1_000_000),
    enableGtid: false,
    metaSchema,
    timezone: '',
    caseSensitive: true,
    cleanDumpFile: true,
    ignoreCheckingItems: [],
    from: databaseConfig(upServer),
    to: databaseConfig(servers.mysqlDown),
    meta,
    blockAllowList: { doDbs: [database] },
    dump: { threads: 2, chunkFilesize: 1 << 26, statementSize: 1 << 20, consistency: 'auto' },
    load: { poolSize: 2, dir: './dumped_data.t' },
    sync: {
      workerCount: 4,
      batch: 100,
      safeMode: false,
      compact: false,
      multipleRows: false,
      queueSize: 1024,
      checkpointFlushIntervalMs: 30_000,
    },
    checker: {
      checkEnable: true,
      backoffRollbackMs: 300_000,
      backoffMaxMs: 300_000,
      backoffMinMs: 1_000,
      backoffFactor: 2,
      backoffJitter: true,
      checkIntervalMs: 5_000,
    },
    ...options,
  };
  return { up, down, database, config };
}

function databaseConfig({ host, port, user, password }: ServerAddress): SubtaskConfig['from'] {
  return { host, port, user, password };
}

/** Where the server's binlog ends. */
export async function position(connection: Connection): Promise<{ binlogName: string; binlogPos: number }> {
  const [version] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS v');
  const words = String(version[0]?.['v']).includes('MariaDB') ? 'MASTER' : 'BINARY LOG';
  const [rows] = await connection.query<RowDataPacket[]>(`SHOW ${words} STATUS`);
  return { binlogName: String(rows[0]?.['File']), binlogPos: Number(rows[0]?.['Position']) };
}

/** Most tests wait for the checkpoint that follows the last change: it comes sooner than a user would need it. */
const QUICK: Pace = { tickMs: 20, reportMs: 20, idleFlushMs: 100 };

/** A unit that runs in this process. */
export class RunningUnit {
  progress: SyncProgress | undefined;
  /** Lines of the log. */
  readonly log: string[] = [];
  readonly result: Promise<UnitResult>;
  failure: unknown;
  readonly #abort = new AbortController();

  constructor(
    config: SubtaskConfig,
    dataDir = '/nonexistent',
    level: LogLevel = 'error',
    more: Partial<SyncOptions> = {},
  ) {
    const write = (line: string): void => {
      this.log.push(line);
      if (level !== 'info' || process.env['DM_TEST_LOG'] !== undefined) process.stderr.write(line);
    };
    const context = {
      signal: this.#abort.signal,
      report: (progress: SyncProgress) => {
        this.progress = progress;
      },
      logger: createLogger({ level: (process.env['DM_TEST_LOG'] as LogLevel | undefined) ?? level, write }),
      worker: 'test-worker',
    };
    this.result = runSync(config, context, { dataDir, pace: QUICK, ...more });
    this.result.catch((error: unknown) => {
      this.failure = error;
    });
  }

  /** Asks the unit to end. @returns milliseconds that it took */
  async stop(reason?: string): Promise<number> {
    const before = Date.now();
    this.#abort.abort(reason);
    await this.result;
    return Date.now() - before;
  }

  /** Resolves when the unit has applied and stored all that the upstream has. @throws the unit's error */
  async synced(up: Connection, timeoutMs = 110_000): Promise<void> {
    const target = await position(up);
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      if (this.failure !== undefined) throw this.failure;
      const { progress } = this;
      if (hasArrived(progress, target)) return;
      if (Date.now() > deadline) throw new Error(`not synced: ${JSON.stringify(progress)}`);
      await sleep(20);
    }
  }
}

/** Whether all up to the place is applied and stored. Others may write to the same server all the time. */
export function hasArrived(
  progress: SyncProgress | undefined,
  target: { binlogName: string; binlogPos: number },
): boolean {
  if (progress === undefined) return false;
  return isAtLeast(progress.syncerBinlog, target) || (progress.synced && isAtLeast(progress.readerBinlog, target));
}

function isAtLeast(text: string, target: { binlogName: string; binlogPos: number }): boolean {
  const match = /^\((.*), (\d+)\)$/.exec(text);
  if (match === null) return false;
  const [, name = '', pos] = match;
  return name > target.binlogName || (name === target.binlogName && Number(pos) >= target.binlogPos);
}

/** Expects the database to be the same on both servers, as the servers themselves see it. */
export async function expectEqual({ up, down, database }: Fixture): Promise<void> {
  const comparison = await compareDatabases(up, down, [database]);
  expect(formatComparison(comparison), 'difference').not.toContain('differ');
  expect(comparison.differences).toEqual([]);
}

/** Runs the unit until it has everything, then compares. */
export async function replicate(fixture: Fixture): Promise<SyncProgress> {
  const unit = new RunningUnit(fixture.config);
  try {
    await unit.synced(fixture.up);
  } finally {
    await unit.stop().catch(() => undefined);
  }
  await expectEqual(fixture);
  if (unit.progress === undefined) throw new Error('no progress');
  return unit.progress;
}
