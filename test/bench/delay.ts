/** Delay from commit upstream to visible downstream while transactions come at a steady rate. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { assertSame, Bench, percentile, say, subtask, waitForTable } from './environment.js';
import type { ReportRow } from './report.js';
import type { Settings } from './settings.js';
import { UnitProcess } from './unit-process.js';

const DATABASE = 'steady';
const WRITERS = 8;
const STOCK = 10_000;
/** Seconds at the start that do not count. */
const WARM_UP = 5;
const TARGET_MS = 300;

export async function benchDelay(settings: Settings): Promise<ReportRow[]> {
  await using bench = new Bench();
  const [up, down] = await Promise.all([bench.server(), bench.server()]);
  const [source, target] = [await bench.connect(up), await bench.connect(down)];
  const dataDir = await bench.directory();
  await source.query(`CREATE DATABASE ${DATABASE}`);
  await source.query(`CREATE TABLE ${DATABASE}.orders (id INT PRIMARY KEY, item INT, note VARCHAR(100), KEY (item))`);
  await source.query(`CREATE TABLE ${DATABASE}.stock (item INT PRIMARY KEY, amount INT)`);
  await source.query('SET SESSION cte_max_recursion_depth = 1000000');
  await source.query(
    `INSERT INTO ${DATABASE}.stock WITH RECURSIVE n AS (SELECT 0 i UNION ALL SELECT i + 1 FROM n WHERE i < ${STOCK - 1}) SELECT i, 0 FROM n`,
  );
  const units = new UnitProcess({ config: subtask(up, down, DATABASE), dataDir, units: ['dump', 'load', 'sync'] });
  const alive = (): void => {
    const failed = units.reports.find((report) => report.error !== undefined);
    if (failed !== undefined) throw new Error(failed.error);
  };
  await source.query(`CREATE TABLE ${DATABASE}.begun (id INT PRIMARY KEY)`);
  await waitForTable(target, `${DATABASE}.begun`, alive);

  const writers = await Promise.all(Array.from({ length: WRITERS }, () => bench.connect(up, DATABASE)));
  const committed = new Map<number, number>();
  const seen = new Map<number, number>();
  const watcher = await bench.connect(down, DATABASE);
  const stop = new AbortController();
  const writing = write(writers, settings, committed).catch((error: unknown) => {
    stop.abort(error);
    throw error;
  });
  const watching = watch(watcher, settings.rate * settings.seconds, seen, () => {
    stop.signal.throwIfAborted();
    alive();
  });
  const [elapsed] = await Promise.all([writing, watching]);
  await source.query(`CREATE TABLE ${DATABASE}.finished (id INT PRIMARY KEY)`);
  await waitForTable(target, `${DATABASE}.finished`, alive);
  await units.stop();
  await assertSame(source, target, DATABASE);

  const delays = [...committed]
    .filter(([id]) => id >= WARM_UP * settings.rate)
    .map(([id, at]) => Math.max(0, (seen.get(id) ?? Number.POSITIVE_INFINITY) - at));
  const [p50, p99] = [percentile(delays, 0.5), percentile(delays, 0.99)];
  const rate = committed.size / (elapsed / 1000);
  say(
    `${committed.size} transactions, ${rate.toFixed(0)} a second; p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, most ${percentile(delays, 1).toFixed(0)} ms`,
  );
  return [
    {
      what: `delay at ${rate.toFixed(0)} transactions a second`,
      ours: `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`,
      reference: '',
      result: `p99 ${p99.toFixed(0)} ms`,
      target: `p99 <= ${TARGET_MS} ms`,
      reached: p99 <= TARGET_MS,
    },
  ];
}

/** Writes one transaction each 1/rate seconds, by the clock, and notes when each was committed. @returns milliseconds */
async function write(
  writers: Connection[],
  { rate, seconds }: Settings,
  committed: Map<number, number>,
): Promise<number> {
  const total = rate * seconds;
  const start = performance.now();
  let next = 0;
  const working = writers.map(async (writer) => {
    while (next < total) {
      const id = next++;
      const due = start + (id * 1000) / rate;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait);
      await writer.query('BEGIN');
      await writer.query(`INSERT INTO orders VALUES (${id}, ${id % STOCK}, 'a note about the order')`);
      await writer.query(`UPDATE stock SET amount = amount + 1 WHERE item = ${(id * 7919) % STOCK}`);
      await writer.query('COMMIT');
      committed.set(id, performance.now());
    }
  });
  await Promise.all(working);
  return performance.now() - start;
}

/** Asks the downstream some hundred times a second what is new, and notes when each row was first seen. */
async function watch(
  connection: Connection,
  total: number,
  seen: Map<number, number>,
  alive: () => void,
): Promise<void> {
  // Rows may become visible out of order: all below `low` have been seen.
  for (let low = 0; seen.size < total;) {
    alive();
    const [rows] = await connection.query<RowDataPacket[]>(`SELECT id FROM orders WHERE id >= ${low}`);
    const now = performance.now();
    for (const row of rows) if (!seen.has(Number(row['id']))) seen.set(Number(row['id']), now);
    while (seen.has(low)) low++;
    await sleep(2);
  }
}
