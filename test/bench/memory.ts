/** Resident memory of a process that replicates a huge transaction, or copies and replicates a huge row. */
import type { Connection } from 'mysql2/promise';
import { assertSame, Bench, say, subtask, waitForTable } from './environment.js';
import { seconds, type ReportRow } from './report.js';
import type { Settings } from './settings.js';
import { UnitProcess, type UnitReport } from './unit-process.js';

const LIMIT_MIB = 600;
const ROW_BYTES = 60_000_000;

export async function benchMemory(settings: Settings): Promise<ReportRow[]> {
  const big = await measure('big_transaction', {
    before: [
      'CREATE TABLE numbers (n INT PRIMARY KEY)',
      'CREATE TABLE big (id INT PRIMARY KEY, v VARCHAR(200))',
      ...numbers(),
    ],
    // The cross join gives up to a million rows in one transaction.
    change: [
      `INSERT INTO big SELECT a.n * 1000 + b.n, CONCAT(REPEAT('x', 100), b.n) FROM numbers a JOIN numbers b WHERE a.n * 1000 + b.n < ${settings.bigRows}`,
    ],
  });
  say(`transaction of ${settings.bigRows} rows: ${big.peakMiB.toFixed(0)} MiB, ${seconds(big.ms)} from its commit on`);
  const row = `INSERT INTO rows_of_60_mb VALUES (%, REPEAT(UNHEX('00ff275c0a22'), ${ROW_BYTES / 6}))`;
  const long = await measure('long_row', {
    before: ['CREATE TABLE rows_of_60_mb (id INT PRIMARY KEY, v LONGBLOB)', row.replace('%', '1')],
    change: [row.replace('%', '2')],
  });
  say(`row of 60 MB: ${long.peakMiB.toFixed(0)} MiB through dump, load and sync`);
  const line = (what: string, peak: number): ReportRow => ({
    what,
    ours: `${peak.toFixed(0)} MiB`,
    reference: '',
    result: `${peak.toFixed(0)} MiB`,
    target: `<= ${LIMIT_MIB} MiB`,
    reached: peak <= LIMIT_MIB,
  });
  return [
    line(`resident memory, one transaction of ${settings.bigRows} rows`, big.peakMiB),
    line('resident memory, rows of 60 MB in dump, load and sync', long.peakMiB),
  ];
}

function numbers(): string[] {
  return [
    'SET SESSION cte_max_recursion_depth = 10000',
    'INSERT INTO numbers WITH RECURSIVE r AS (SELECT 0 n UNION ALL SELECT n + 1 FROM r WHERE n < 999) SELECT n FROM r',
  ];
}

/** Copies what `before` makes, replicates what `change` does. @returns the process's peak, and how long the change took */
async function measure(
  database: string,
  statements: { before: string[]; change: string[] },
): Promise<{ peakMiB: number; ms: number }> {
  await using bench = new Bench();
  const [up, down] = await Promise.all([bench.server(), bench.server()]);
  const [source, target] = [await bench.connect(up), await bench.connect(down)];
  await source.query(`CREATE DATABASE ${database}`);
  await source.query(`USE ${database}`);
  await runAll(source, statements.before);
  const config = subtask(up, down, database);
  const units = new UnitProcess({ config, dataDir: await bench.directory(), units: ['dump', 'load', 'sync'] });
  const alive = (): void => {
    const failed = units.reports.find((report) => report.error !== undefined);
    if (failed !== undefined) throw new Error(failed.error);
  };
  // Only once replication runs: what came earlier would travel with the dump.
  await loaded(units, alive);
  await runAll(source, statements.change);
  const since = performance.now();
  await source.query(`CREATE TABLE ${database}.finished (id INT PRIMARY KEY)`);
  await waitForTable(target, `${database}.finished`, alive);
  const ms = performance.now() - since;
  const reports: UnitReport[] = await units.stop();
  await assertSame(source, target, database);
  return { peakMiB: Math.max(...reports.map((report) => report.peakMiB)), ms };
}

async function loaded(units: UnitProcess, alive: () => void): Promise<void> {
  while (!units.reports.some((report) => report.unit === 'load')) {
    alive();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function runAll(connection: Connection, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await connection.query(statement);
}
