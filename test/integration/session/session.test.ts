import type { RowDataPacket } from 'mysql2/promise';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { DatabaseConfig, SubtaskConfig } from '../../../src/config/types.js';
import { connectTo, startPrivateServer, type DatabaseServer } from '../../support/servers.js';
import { Migration } from './support.js';

let up: DatabaseServer;
let down: DatabaseServer;

beforeAll(async () => {
  [up, down] = await Promise.all([
    startPrivateServer({
      flavor: 'mysql',
      args: ['--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES', '--default-time-zone=+08:00'],
    }),
    startPrivateServer({ flavor: 'mysql', args: ['--default-time-zone=-05:00', '--max-allowed-packet=2M'] }),
  ]);
});

/** A change of the downstream's configuration. */
function to(more: Partial<DatabaseConfig>): (config: SubtaskConfig) => Partial<SubtaskConfig> {
  return (config) => ({ to: { ...config.to, ...more } });
}

async function values(migration: Migration, sql: string): Promise<unknown[]> {
  await migration.down.query(`USE \`${migration.database}\``);
  const [rows] = await migration.down.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return rows.map((row) => (row as unknown as unknown[])[0]);
}

describe('modes and time zones of the servers', () => {
  it.each([
    ['nothing', undefined],
    ['quoting and a zone', { sql_mode: 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES', time_zone: '+09:00' }],
  ])('leave the data as they are, with %s in the session', async (_, session) => {
    const migration = await Migration.prepare(up, down, to(session === undefined ? {} : { session }));
    const rows = String.raw`(1, 'a\b''c"d%', '2021-03-28 02:30:00', '2021-03-28 02:30:00'), (2, '\', NULL, '2021-10-31 02:30:00')`;
    await migration.up.query(
      'CREATE TABLE "t" ("id" INT PRIMARY KEY, "v" VARCHAR(50), "at" TIMESTAMP NULL, "day" DATETIME)',
    );
    await migration.up.query(`INSERT INTO t VALUES ${rows}`);
    await migration.copy();
    await migration.follow(async () => {
      await migration.up.query("SET SESSION time_zone = '+03:00'");
      await migration.up.query(`ALTER TABLE "t" ADD COLUMN "since" TIMESTAMP DEFAULT '2020-06-01 12:00:00'`);
      await migration.up.query(String.raw`ALTER TABLE "t" ADD COLUMN "path" VARCHAR(20) DEFAULT 'c:\x'`);
      await migration.up.query(String.raw`INSERT INTO t (id, v, at) VALUES (3, '\n\', '2021-03-28 02:30:00')`);
      await migration.up.query(`UPDATE t SET v = 'x"\\''y' WHERE id = 1`);
    });
    await migration.expectEqual();
    expect(await values(migration, 'SELECT UNIX_TIMESTAMP(since) FROM t')).toEqual(
      Array.from({ length: 3 }, () => String(Date.UTC(2020, 5, 1, 9) / 1000)),
    );
  });
});

describe('timezone', () => {
  it.each([
    ['', ['3', '4']],
    ['+08:00', ['2', '3', '4']],
    ['-03:30', ['4']],
  ])('%s says in which zone the condition of the dump is meant, not what arrives', async (timezone, ids) => {
    const migration = await Migration.prepare(up, down, (config) => ({
      timezone,
      dump: { ...config.dump, rows: 1, where: "at >= '2021-01-01 08:00:00' OR at < '1990-01-01'" },
    }));
    await migration.up.query("SET SESSION time_zone = '+00:00', sql_mode = ''");
    await migration.up.query("CREATE TABLE t (id INT PRIMARY KEY, at TIMESTAMP(3) DEFAULT '2001-01-01 00:00:00')");
    await migration.up.query(
      `INSERT INTO t VALUES (1, '2020-12-31 23:59:59.999'), (2, '2021-01-01 00:00:00.25'), (3, '2021-01-01 08:00:00'),
        (4, '2021-01-01 11:30:00.5'), (5, NULL), (6, '0000-00-00')`,
    );
    await migration.copy();
    const found = await values(migration, 'SELECT id FROM t WHERE at > 0 ORDER BY id');
    expect(found.map(String)).toEqual(ids);
    await migration.up.query(`DELETE FROM t WHERE id NOT IN (${ids.join(', ')}, 6)`);
    await migration.expectEqual();
  });
});

describe('session', () => {
  it('sets variables of every connection that writes', async () => {
    const migration = await Migration.prepare(up, down, to({ session: { innodb_lock_wait_timeout: '17' } }));
    await migration.up.query('CREATE TABLE t (id INT PRIMARY KEY)');
    await migration.copy();
    const admin = await connectTo(down);
    await migration.follow(async () => {
      await migration.up.query('INSERT INTO t VALUES (1)');
      await vi.waitFor(async () => {
        const [threads] = await admin.query<RowDataPacket[]>(
          `SELECT VARIABLE_VALUE AS v, COUNT(*) AS n FROM performance_schema.variables_by_thread
            JOIN performance_schema.threads USING (THREAD_ID) WHERE VARIABLE_NAME = 'innodb_lock_wait_timeout'
            AND PROCESSLIST_ID NOT IN (CONNECTION_ID(), ${migration.down.threadId}) GROUP BY VARIABLE_VALUE`,
        );
        const counts = Object.fromEntries(threads.map((row) => [String(row['v']), Number(row['n'])]));
        expect(counts['17']).toBeGreaterThan(1);
      }, 20_000);
    });
    await migration.expectEqual();
  });

  it.each([
    ['strict unless it says otherwise', undefined, false],
    ['strict when it says so', 'STRICT_ALL_TABLES', false],
    ['lenient when it leaves strictness out', 'NO_ENGINE_SUBSTITUTION', true],
  ])('has an sql_mode that is %s', async (_, sqlMode, passes) => {
    const session = sqlMode === undefined ? {} : { session: { sql_mode: sqlMode } };
    const migration = await Migration.prepare(up, down, to(session));
    await migration.up.query('CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20))');
    await migration.copy();
    await migration.down.query(`ALTER TABLE \`${migration.database}\`.t MODIFY v VARCHAR(3)`);
    await migration.up.query("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'");
    await migration.up.query("INSERT INTO t VALUES (0, 'long text')");
    const follow = migration.follow();
    if (passes) {
      await follow;
      expect(await values(migration, 'SELECT CONCAT(id, v) FROM t')).toEqual(['0lon']);
    } else await expect(follow).rejects.toMatchObject({ code: 10006, rawCause: expect.stringMatching(/too long/i) });
  });

  it('decides about zero dates in load and replication alike', async () => {
    const strict = { session: { sql_mode: 'STRICT_TRANS_TABLES,NO_ZERO_DATE' } };
    const refusing = await Migration.prepare(up, down, to(strict));
    const taking = await Migration.prepare(up, down);
    for (const { up: connection } of [refusing, taking]) {
      await connection.query("SET SESSION sql_mode = ''");
      await connection.query('CREATE TABLE t (id INT PRIMARY KEY, d DATE)');
      await connection.query("INSERT INTO t VALUES (1, '0000-00-00')");
    }
    await expect(refusing.copy()).rejects.toMatchObject({ rawCause: expect.stringMatching(/Incorrect date value/) });
    await refusing.up.query('DELETE FROM t');
    await refusing.copy();
    for (const { up: connection } of [refusing, taking])
      await connection.query("INSERT INTO t VALUES (2, '0000-00-00')");
    await expect(refusing.follow()).rejects.toMatchObject({
      code: 10006,
      rawCause: expect.stringMatching(/Incorrect date value/),
    });
    await taking.copy();
    await taking.follow();
    await taking.expectEqual();
  });
});

describe('max-allowed-packet', () => {
  const KEY = /`max-allowed-packet` of `target-database`/;
  const TOO_LARGE = /packet for query is too large .*Try adjusting the 'max_allowed_packet' variable/;

  it.each([
    ["the downstream's", undefined, 1_500_000, 2_200_000],
    ["the file's", 300_000, 250_000, 320_000],
  ])('is %s: longer rows are refused with its name, others pass', async (_, maxAllowedPacket, fits, tooLong) => {
    const more = maxAllowedPacket === undefined ? {} : { maxAllowedPacket };
    const migration = await Migration.prepare(up, down, to(more));
    await migration.up.query('CREATE TABLE t (id INT PRIMARY KEY, v LONGBLOB)');
    await migration.copy();
    await migration.follow(async () => {
      for (let id = 1; id <= 30; id++) {
        await migration.up.query(
          `INSERT INTO t VALUES (${id}, REPEAT(CHAR(0, 255, 39, 92), ${Math.floor(fits / 80)}))`,
        );
      }
      await migration.up.query(`INSERT INTO t VALUES (100, REPEAT(CHAR(255), ${fits}))`);
      await migration.up.query(`UPDATE t SET v = CONCAT(v, 'x') WHERE id = 100`);
    });
    await migration.expectEqual();
    await migration.up.query(`INSERT INTO t VALUES (200, REPEAT(CHAR(255), ${tooLong}))`);
    await expect(migration.follow()).rejects.toMatchObject({
      code: 10006,
      scope: 'downstream',
      rawCause: expect.stringMatching(TOO_LARGE),
      workaround: expect.stringMatching(KEY),
    });
  });

  it('holds for the load as well', async () => {
    const migration = await Migration.prepare(up, down, to({ maxAllowedPacket: 100_000 }));
    await migration.up.query('CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)');
    await migration.up.query("INSERT INTO t VALUES (1, REPEAT('x', 120000))");
    await expect(migration.copy()).rejects.toMatchObject({
      code: 34009,
      rawCause: expect.stringMatching(TOO_LARGE),
      workaround: expect.stringMatching(KEY),
    });
  });
});
