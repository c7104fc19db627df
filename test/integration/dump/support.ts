/** What tests of dump and load share: configurations, contexts, directories, a whole copy. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from 'mysql2/promise';
import type { SubtaskConfig } from '../../../src/config/types.js';
import type { DumpMetadata } from '../../../src/dump/metadata.js';
import type { DumpProgress } from '../../../src/dump/progress.js';
import { dumpDirectory, runDump } from '../../../src/dump/run.js';
import type { LoadProgress } from '../../../src/load/progress.js';
import { runLoad } from '../../../src/load/run.js';
import { createLogger } from '../../../src/log/logger.js';
import type { UnitContext } from '../../../src/unit.js';
import { dropAtEnd, onFileEnd, uniqueName, type DatabaseServer, type ServerAddress } from '../../support/servers.js';

type Server = ServerAddress | DatabaseServer;

/** A directory for the files of a test, removed when the file's tests have ended. */
export async function dataDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'dm-dump-'));
  onFileEnd(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A subtask in full mode for some databases, with a meta schema of its own. */
export function subtask(
  up: Server,
  down: Server,
  databases: string[],
  changes: Partial<SubtaskConfig> = {},
): SubtaskConfig {
  const metaSchema = uniqueName('f_meta');
  dropAtEnd(down, metaSchema);
  for (const database of databases) dropAtEnd(down, database);
  const address = ({ host, port, user, password }: Server) => ({ host, port, user, password });
  return {
    task: 'copy',
    taskMode: 'full',
    sourceId: 'source-1',
    flavor: up.flavor,
    serverId: 4711,
    enableGtid: false,
    metaSchema,
    timezone: '',
    caseSensitive: true,
    cleanDumpFile: false,
    ignoreCheckingItems: [],
    from: address(up),
    to: address(down),
    blockAllowList: { doDbs: databases },
    dump: { threads: 4, chunkFilesize: 64 * 1024 * 1024, statementSize: 1_000_000, consistency: 'auto' },
    load: { poolSize: 8, dir: './dumped_data.copy' },
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
      checkEnable: false,
      backoffRollbackMs: 300_000,
      backoffMaxMs: 300_000,
      backoffMinMs: 1_000,
      backoffFactor: 2,
      backoffJitter: true,
      checkIntervalMs: 5_000,
    },
    ...changes,
  };
}

/** A context that keeps what the unit reported and logged. */
export interface TestContext<Progress> extends UnitContext<Progress> {
  progress: Progress[];
  lines: string[];
}

export function unitContext<Progress>(signal = new AbortController().signal): TestContext<Progress> {
  const progress: Progress[] = [];
  const lines: string[] = [];
  return {
    signal,
    worker: 'worker-1',
    progress,
    lines,
    report: (entry) => void progress.push(entry),
    logger: createLogger({ level: 'debug', write: (line) => void lines.push(line) }),
  };
}

/** Dumps and loads. @returns the directory of the dump and its place in the binlog */
export async function copy(
  config: SubtaskConfig,
  dataDir: string,
): Promise<{ dir: string; metadata: DumpMetadata; dumped: DumpProgress; loaded: LoadProgress }> {
  const dumping = unitContext<DumpProgress>();
  const { finished, metadata } = await runDump(config, dumping, { dataDir });
  const loading = unitContext<LoadProgress>();
  const result = await runLoad(config, loading, { dataDir });
  const [dumped, loaded] = [dumping.progress.at(-1), loading.progress.at(-1)];
  if (!finished || !result.finished || metadata === undefined || dumped === undefined || loaded === undefined) {
    throw new Error('the copy did not finish');
  }
  return { dir: dumpDirectory(config, dataDir), metadata, dumped, loaded };
}

/** Runs statements one after the other. */
export async function runAll(connection: Connection, statements: string[]): Promise<void> {
  for (const statement of statements) await connection.query(statement);
}

/** Fills a table with `rows` rows whose column `id` counts from 1; further columns are given as expressions of `n`. */
export async function fillNumbers(
  connection: Connection,
  table: string,
  rows: number,
  columns: Record<string, string>,
): Promise<void> {
  const names = Object.keys(columns)
    .map((name) => `\`${name}\``)
    .join(', ');
  const digits =
    '(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)';
  const numbers = `SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 1 AS n FROM ${digits} a, ${digits} b, ${digits} c, ${digits} e, ${digits} f`;
  await connection.query(
    `INSERT INTO ${table} (${names}) SELECT ${Object.values(columns).join(', ')} FROM (${numbers}) numbers WHERE n <= ${rows}`,
  );
}
