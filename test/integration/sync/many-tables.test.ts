import type { Connection } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { expectEqual, makeFixture, position, RunningUnit } from './harness.js';

const TABLES = 1_000;
const ROUNDS = 5;

/** Growth of memory allowed for the structures and plans of the tables. */
const MOST_BYTES = 200 * 1024 * 1024;
/** On a machine with nothing else to do it takes a tenth of this, beside two other files half of it. */
const MOST_MS = 120_000;

async function makeTables(connection: Connection): Promise<void> {
  for (let i = 0; i < TABLES; i++) {
    await connection.query(`CREATE TABLE t${i} (id INT PRIMARY KEY, a INT, v VARCHAR(20), KEY (a))`);
  }
}

test('1,000 tables that all change, structures too, are caught up with', async () => {
  const fixture = await makeFixture('mysqlUp');
  const { up, down, database, config } = fixture;
  // As a dump leaves them: on both sides, unknown to the tracker.
  await down.query(`CREATE DATABASE \`${database}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
  await down.query(`USE \`${database}\``);
  await Promise.all([makeTables(up), makeTables(down)]);
  config.meta = await position(up);
  for (let round = 0; round < ROUNDS; round++) {
    for (let first = 0; first < TABLES; first += 50) {
      await up.query('BEGIN');
      for (let i = first; i < first + 50; i++)
        await up.query(`INSERT INTO t${i} (id, a, v) VALUES (${round}, ${i}, 'v')`);
      await up.query('COMMIT');
    }
    for (let i = round; i < TABLES; i += 100)
      await up.query(`ALTER TABLE t${i} ADD COLUMN c${round} INT DEFAULT ${round}`);
  }
  const before = process.memoryUsage.rss();
  const began = Date.now();
  const unit = new RunningUnit(config);
  await unit.synced(up);
  const took = Date.now() - began;
  const grown = process.memoryUsage.rss() - before;
  await unit.stop();
  console.log(`${TABLES} tables: ${took} ms, ${Math.round(grown / 1024 / 1024)} MiB more`);
  await expectEqual(fixture);
  expect(grown).toBeLessThan(MOST_BYTES);
  expect(took).toBeLessThan(MOST_MS);
}, 300_000);
