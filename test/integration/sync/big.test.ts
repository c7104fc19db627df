import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { beforeAll, describe, expect, test } from 'vitest';
import { build, ChildUnit } from './child-unit.js';
import { expectEqual, hasArrived, makeFixture, position, replicate, RunningUnit, type Fixture } from './harness.js';

beforeAll(build);

const LIMIT_MB = 600;

/** Highest resident memory of a process so far, in MB. */
async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** Runs the unit as a process until it has everything, and tells the most memory it had. */
async function replicateMeasured(fixture: Fixture): Promise<number> {
  const target = await position(fixture.up);
  const child = new ChildUnit(fixture.config);
  let peak = 0;
  for (const deadline = Date.now() + 280_000; ;) {
    peak = await peakMegabytes(child.pid);
    if (hasArrived(child.progress, target)) break;
    if (Date.now() > deadline) throw new Error(`not synced: ${JSON.stringify(child.progress)} ${child.stderr}`);
    await sleep(100);
  }
  child.kill('SIGTERM');
  expect(await child.end).toEqual({ code: 0, signal: null });
  await expectEqual(fixture);
  return peak;
}

async function fillMillion({ up }: Fixture, rows = 1_000_000): Promise<void> {
  await up.query('CREATE TABLE big (id INT PRIMARY KEY, a INT, v VARCHAR(60))');
  await up.query('CREATE TABLE digits (d INT)');
  await up.query('INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)');
  await up.query(`INSERT INTO big SELECT n, n % 97, REPEAT('x', n % 50) FROM
    (SELECT a.d + 10*b.d + 100*c.d + 1000*e.d + 10000*f.d + 100000*g.d AS n
     FROM digits a, digits b, digits c, digits e, digits f, digits g) numbers WHERE n < ${rows}`);
}

describe.each(['mysqlUp', 'mariadbUp'] as const)('%s', (upstream) => {
  test('one transaction of a million rows stays below 600 MB', async () => {
    const fixture = await makeFixture(upstream);
    await fillMillion(fixture);
    const peak = await replicateMeasured(fixture);
    console.log(`${upstream}: transaction of 1,000,000 rows, ${peak.toFixed(0)} MB resident at most`);
    expect(peak).toBeLessThan(LIMIT_MB);
  }, 300_000);

  test('one row of 60 MB stays below 600 MB', async () => {
    const fixture = await makeFixture(upstream);
    const { up } = fixture;
    const [limit] = await up.query<RowDataPacket[]>('SELECT @@max_allowed_packet AS bytes');
    const bytes = Math.min(60 * 1024 * 1024, Number(limit[0]?.['bytes']) - 1024 * 1024);
    await up.query('CREATE TABLE huge (id INT PRIMARY KEY, n INT, b LONGBLOB, t LONGTEXT)');
    await up.query("INSERT INTO huge VALUES (1, 1, REPEAT(x'00ff2741', ?), 'small')", [Math.floor(bytes / 4)]);
    await up.query('UPDATE huge SET n = 2 WHERE id = 1');
    await up.query("INSERT INTO huge VALUES (2, 1, 'small', REPEAT('ä', ?))", [1_000_000]);
    await up.query('DELETE FROM huge WHERE id = 2');
    const peak = await replicateMeasured(fixture);
    console.log(`${upstream}: row of ${bytes} bytes, ${peak.toFixed(0)} MB resident at most`);
    expect(peak).toBeLessThan(LIMIT_MB);
  }, 300_000);

  test('a pause inside a big transaction takes less than two seconds, and nothing is done twice', async () => {
    const fixture = await makeFixture(upstream);
    const { up, down, database, config } = fixture;
    await fillMillion(fixture, 200_000);
    await up.query('CREATE TABLE keyless AS SELECT a, v FROM big');
    const counted = async (): Promise<number> => {
      const [rows] = await down.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM \`${database}\`.keyless`);
      return Number(rows[0]?.['n']);
    };
    for (;;) {
      const unit = new RunningUnit(config);
      await sleep(700);
      expect(await unit.stop()).toBeLessThan(2_500);
      const done = await counted().catch(() => 0);
      if (done > 0 && done < 200_000) break;
      if (done === 200_000) throw new Error('the transaction was over before the pause');
    }
    const unit = new RunningUnit(config);
    await unit.synced(up);
    await unit.stop();
    await expectEqual(fixture);
  });

  test('tables of 1,000 columns, and names that need quoting', async () => {
    const fixture = await makeFixture(upstream);
    const { up } = fixture;
    const columns = Array.from({ length: 999 }, (_, i) => `\`c ${i}\` INT`);
    await up.query(`CREATE TABLE wide (id INT PRIMARY KEY, ${columns.join(', ')})`);
    await up.query(`INSERT INTO wide VALUES (1${', 7'.repeat(999)}), (2${', NULL'.repeat(999)})`);
    await up.query('UPDATE wide SET `c 500` = id, `c 998` = 5');
    await up.query('DELETE FROM wide WHERE id = 2');
    const odd = ['a`b', 'select', 'sp ace', 'd.o.t', 'ünïcödé', 'x'.repeat(64), "it's", '"q"', '%_\\', '中文'];
    for (const name of odd) {
      const quoted = `\`${name.replaceAll('`', '``')}\``;
      await up.query(`CREATE TABLE ${quoted} (${quoted} VARCHAR(20) PRIMARY KEY, \`desc\` INT)`);
      await up.query(`INSERT INTO ${quoted} VALUES (?, 1), ('b', 2), ('c', 3)`, [name.slice(0, 20)]);
      await up.query(`UPDATE ${quoted} SET ${quoted} = 'd', \`desc\` = 9 WHERE ${quoted} = 'b'`);
      await up.query(`ALTER TABLE ${quoted} ADD COLUMN \`after \`\` all\` INT`);
      await up.query(`DELETE FROM ${quoted} WHERE ${quoted} = 'c'`);
    }
    await replicate(fixture);
  });
});
