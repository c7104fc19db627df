import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, test } from 'vitest';
import type { SubtaskConfig } from '../../../src/config/types.js';
import type { DumpProgress } from '../../../src/dump/progress.js';
import { runDump } from '../../../src/dump/run.js';
import { setFaults } from '../../../src/fault/fault.js';
import type { LoadProgress } from '../../../src/load/progress.js';
import { runLoad } from '../../../src/load/run.js';
import { quoteString } from '../../../src/mysql/quote.js';
import { LOST_CONTACT } from '../../../src/unit.js';
import {
  connectTo,
  createDatabase,
  dropAtEnd,
  onFileEnd,
  startPrivateServer,
  testServers,
} from '../../support/servers.js';
import { dataDirectory, unitContext } from '../dump/support.js';
import { expectEqual, makeFixture, position, RunningUnit, type Fixture, type UpstreamName } from './harness.js';
import { randomSource } from './workload.js';

afterEach(() => setFaults(undefined));

/** The xid for `name:branch:format` of a test as the server writes it. Xids hold for the whole server. */
function xidOf({ database }: Fixture, name: string): string {
  const [part = '', branch = '', format = '1'] = name.split(':');
  return `X'00ff27${Buffer.from(`${database} ${part}`).toString('hex')}',X'${branch}',${format}`;
}

/** Prepares a transaction in a session of its own, that others may end. */
async function prepare(upstream: UpstreamName, fixture: Fixture, name: string, ...sql: string[]): Promise<void> {
  const session = await connectTo(testServers()[upstream], fixture.database);
  await prepareIn(session, fixture, name, ...sql);
  await session.end();
}

async function prepareIn(session: Connection, fixture: Fixture, name: string, ...sql: string[]): Promise<void> {
  const xid = xidOf(fixture, name);
  // What a failed test leaves would keep its database from being dropped.
  onFileEnd(async () => {
    await fixture.up.query(`XA ROLLBACK ${xid}`).catch(() => undefined);
  });
  for (const statement of [`XA START ${xid}`, ...sql, `XA END ${xid}`, `XA PREPARE ${xid}`]) {
    await session.query(statement);
  }
}

/** The server gives a session's prepared transactions free some time after the session has ended. */
async function end(fixture: Fixture, how: 'COMMIT' | 'ROLLBACK', name: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await fixture.up.query(`XA ${how} ${xidOf(fixture, name)}`);
      return;
    } catch (error) {
      if (attempt > 50) throw error;
      await sleep(50);
    }
  }
}

async function makeTables({ up }: Fixture): Promise<void> {
  await up.query('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(2000))');
  // Without a key a change that is made twice shows.
  await up.query('CREATE TABLE k (id INT, v VARCHAR(2000))');
}

/** Stored xids of the test's own transactions, and whether they have rows: others use the server at the same time. */
async function storedXids({ down, config, database }: Fixture): Promise<string[]> {
  const [rows] = await down.query<RowDataPacket[]>(
    `SELECT xid, has_rows FROM \`${config.metaSchema}\`.t_xa ORDER BY binlog_name, binlog_pos`,
  );
  const own = rows.filter((row) => String(row['xid']).includes(Buffer.from(database).toString('hex')));
  return own.map((row) => `${String(row['xid'])} ${String(row['has_rows'])}`);
}

async function ids(connection: Connection, { database }: Fixture, table = 'k'): Promise<number[]> {
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT id FROM \`${database}\`.${table} ORDER BY id`);
  return rows.map((row) => Number(row['id']));
}

/** Runs a unit until it has everything. */
async function catchUp(fixture: Fixture, xaBytes?: number): Promise<RunningUnit> {
  const unit = startUnit(fixture.config, xaBytes);
  try {
    await unit.synced(fixture.up, 30_000);
  } finally {
    await unit.stop().catch(() => undefined);
  }
  return unit;
}

function startUnit(config: SubtaskConfig, xaBytes?: number): RunningUnit {
  return new RunningUnit(config, '/nonexistent', 'info', xaBytes === undefined ? {} : { xaBytes });
}

function readsAgain({ log }: RunningUnit): number {
  return log.filter((line) => line.includes('are read again')).length;
}

const text = (length: number): string => `REPEAT('x', ${length})`;

describe.each<UpstreamName>(['mysqlUp', 'mariadbUp'])('two-phase XA on %s', (upstream) => {
  test('several at once are applied where they are committed, and not at all when rolled back', async () => {
    const fixture = await makeFixture(upstream);
    const { up, down } = fixture;
    await makeTables(fixture);
    const unit = startUnit(fixture.config);
    await prepare(upstream, fixture, 'a:62:7', "INSERT INTO k VALUES (1, 'a')", "INSERT INTO t VALUES (1, 'a')");
    await prepare(upstream, fixture, 'a:63:8', "INSERT INTO k VALUES (2, 'b'), (2, 'b')");
    await prepare(upstream, fixture, 'a:64:0', "INSERT INTO k VALUES (3, 'c')", "INSERT INTO t VALUES (3, 'c')");
    await up.query("INSERT INTO k VALUES (4, 'between')");
    await unit.synced(up);
    expect(unit.progress?.secondsBehindMaster).toBe('0');
    expect(await ids(down, fixture)).toEqual([4]);
    await end(fixture, 'COMMIT', 'a:63:8');
    await end(fixture, 'ROLLBACK', 'a:64:0');
    await end(fixture, 'COMMIT', 'a:62:7');
    // The same name again, and rows that depend on those committed before.
    await prepare(upstream, fixture, 'a:63:8', "UPDATE k SET v = 'two' WHERE id = 2", 'DELETE FROM k WHERE id = 4');
    await end(fixture, 'COMMIT', 'a:63:8');
    await up.query("UPDATE t SET v = 'after' WHERE id = 1");
    await up.query("XA START 'one'");
    await up.query("INSERT INTO t VALUES (9, 'one phase')");
    await up.query("XA END 'one'");
    await up.query("XA COMMIT 'one' ONE PHASE");
    await up.query('ALTER TABLE t ADD COLUMN w INT');
    await unit.synced(up);
    await unit.stop();
    await expectEqual(fixture);
    expect(await ids(down, fixture)).toEqual([1, 2, 2]);
    expect(await storedXids(fixture)).toEqual([]);
    expect(readsAgain(unit)).toBe(0);
  });

  test.each([false, true])(
    'one that is committed after a restart is read again, GTIDs in use: %s',
    async (enableGtid) => {
      const fixture = await makeFixture(upstream, { enableGtid });
      const { down } = fixture;
      await makeTables(fixture);
      await prepare(
        upstream,
        fixture,
        'r:01',
        "INSERT INTO k VALUES (1, 'a')",
        "INSERT INTO t VALUES (1, 'a'), (2, 'a')",
        'DELETE FROM t WHERE id = 2',
      );
      await prepare(upstream, fixture, 'lost', "INSERT INTO k VALUES (9, 'lost')");
      await catchUp(fixture);
      expect(await storedXids(fixture)).toEqual([`${xidOf(fixture, 'r:01')} 1`, `${xidOf(fixture, 'lost')} 1`]);
      await catchUp(fixture);
      expect(await storedXids(fixture)).toHaveLength(2);
      // As on another server of the cluster, where GTIDs alone say where it is.
      const own = `xid = ${quoteString(xidOf(fixture, 'r:01'))}`;
      const stored = `\`${fixture.config.metaSchema}\`.t_xa`;
      if (enableGtid) await down.query(`UPDATE ${stored} SET binlog_name = 'other.000001' WHERE ${own}`);
      await end(fixture, 'COMMIT', 'r:01');
      await end(fixture, 'ROLLBACK', 'lost');
      const unit = await catchUp(fixture);
      expect(readsAgain(unit)).toBe(1);
      expect(await ids(down, fixture)).toEqual([1]);
      await expectEqual(fixture);
      expect(await storedXids(fixture)).toEqual([]);
    },
  );

  test('what does not fit the budget is read again, in one phase too', async () => {
    const fixture = await makeFixture(upstream);
    const { up } = fixture;
    await makeTables(fixture);
    const unit = startUnit(fixture.config, 3_000);
    const big = (id: number): string[] => [1, 2, 3].map((n) => `INSERT INTO k VALUES (${id + n}, ${text(1_500)})`);
    await prepare(upstream, fixture, 'big', ...big(0));
    await prepare(upstream, fixture, 'first', `INSERT INTO k VALUES (10, ${text(1_500)})`);
    await prepare(upstream, fixture, 'second', `INSERT INTO k VALUES (11, ${text(1_500)})`);
    for (const sql of ["XA START 'o'", ...big(20), "XA END 'o'", "XA COMMIT 'o' ONE PHASE"]) await up.query(sql);
    await unit.synced(up);
    // MariaDB writes the one-phase form as a plain transaction.
    const onePhase = upstream === 'mysqlUp' ? 1 : 0;
    expect(readsAgain(unit)).toBe(onePhase);
    for (const xid of ['second', 'first', 'big']) await end(fixture, 'COMMIT', xid);
    await unit.synced(up);
    await unit.stop();
    await expectEqual(fixture);
    // The one that waited longest made room for the last.
    expect(readsAgain(unit)).toBe(onePhase + 2);
  });

  test('dead in the middle of the rows of a commit, nothing is lost or doubled', async () => {
    const fixture = await makeFixture(upstream);
    const { up, down } = fixture;
    let partial = false;
    await makeTables(fixture);
    await prepare(
      upstream,
      fixture,
      'd',
      ...Array.from({ length: 40 }, (_, n) => `INSERT INTO k VALUES (${n}, 'a'), (${n}, 'b')`),
    );
    fixture.config.sync.batch = 3;
    await catchUp(fixture);
    await end(fixture, 'COMMIT', 'd');
    await up.query("UPDATE k SET v = 'c' WHERE id < 20");
    const points = ['sync.before-commit', 'sync.after-commit', 'sync.flush-before-commit'];
    const restless = { ...fixture.config, sync: { ...fixture.config.sync, checkpointFlushIntervalMs: 100 } };
    for (const point of points) {
      const before = (await ids(down, fixture)).length;
      setFaults(`${point}=stall:1000@3`);
      const unit = startUnit(restless);
      const deadline = Date.now() + 2_000;
      while ((await ids(down, fixture)).length === before && Date.now() < deadline) await sleep(20);
      await unit.stop(LOST_CONTACT);
      setFaults(undefined);
      partial ||= new Set(await ids(down, fixture)).size < 40;
    }
    expect(partial).toBe(true);
    await catchUp(fixture);
    await expectEqual(fixture);
    expect(await storedXids(fixture)).toEqual([]);
  });

  test('one that was prepared before the task began is looked for in the binlog', async () => {
    const fixture = await makeFixture(upstream);
    const { up, config } = fixture;
    await makeTables(fixture);
    await catchUp(fixture);
    await prepare(upstream, fixture, 'early', "INSERT INTO k VALUES (7, 'rolled back')");
    await end(fixture, 'ROLLBACK', 'early');
    await prepare(upstream, fixture, 'early', "INSERT INTO k VALUES (1, 'early'), (1, 'early')");
    await prepare(upstream, fixture, 'gone', "INSERT INTO k VALUES (2, 'gone')");
    await prepare(upstream, fixture, 'early too', "INSERT INTO t VALUES (5, 'early')");
    await up.query('FLUSH BINARY LOGS');
    const late: Fixture = { ...fixture, config: { ...config, task: 'late', meta: await position(up) } };
    await end(fixture, 'ROLLBACK', 'gone');
    await end(fixture, 'COMMIT', 'early');
    await end(fixture, 'COMMIT', 'early too');
    const unit = await catchUp(late);
    await expectEqual(fixture);
    // What is found by the way is not looked for again.
    const searches = unit.log.filter((line) => line.includes('looking for the begin'));
    expect(searches.length).toBeGreaterThan(1);
    expect(searches.filter((line) => line.includes(xidOf(fixture, 'early too')))).toEqual([]);
  });

  test('one whose rows are not to be had stops the unit with its name', async () => {
    const fixture = await makeFixture(upstream);
    const { down, config } = fixture;
    await makeTables(fixture);
    await prepare(upstream, fixture, 'purged', "INSERT INTO k VALUES (1, 'a')");
    await catchUp(fixture);
    await down.query(`UPDATE \`${config.metaSchema}\`.t_xa SET binlog_name = 'no-such.000001'`);
    await end(fixture, 'COMMIT', 'purged');
    await expect(catchUp(fixture)).rejects.toMatchObject({
      code: 36069,
      message: expect.stringContaining(`XA transaction ${xidOf(fixture, 'purged')}, prepared at (no-such.000001`),
    });
    expect(await ids(down, fixture)).toEqual([]);
    // Where nothing is known of it, and its begin is in no binlog before.
    await down.query(`DELETE FROM \`${config.metaSchema}\`.t_xa`);
    await catchUp(fixture);
    await expectEqual(fixture);
  });

  test('those of other tables hold nothing; a list that lets their table in holds from its commit on', async () => {
    const other = await createDatabase(testServers()[upstream], 'e_other');
    const fixture = await makeFixture(upstream);
    const { up, down, config } = fixture;
    await makeTables(fixture);
    await up.query('CREATE TABLE late (id INT PRIMARY KEY)');
    const rules = { ...config.blockAllowList, ignoreTables: [{ dbName: fixture.database, tblName: 'late' }] };
    const narrow: Fixture = { ...fixture, config: { ...config, blockAllowList: rules } };
    await up.query(`CREATE TABLE \`${other}\`.o (id INT PRIMARY KEY)`);
    await prepare(upstream, fixture, 'other', `INSERT INTO \`${other}\`.o VALUES (1)`);
    await prepare(upstream, fixture, 'late', 'INSERT INTO late VALUES (1)');
    await catchUp(narrow);
    expect(await storedXids(fixture)).toEqual([`${xidOf(fixture, 'other')} 0`, `${xidOf(fixture, 'late')} 0`]);
    await down.query(`CREATE TABLE \`${fixture.database}\`.late (id INT PRIMARY KEY)`);
    await end(fixture, 'COMMIT', 'other');
    await end(fixture, 'COMMIT', 'late');
    await catchUp(fixture);
    expect(await ids(down, fixture, 'late')).toEqual([1]);
    await expectEqual(fixture);
  });

  test('a full copy made while one is prepared lacks its rows, and replication brings them', async () => {
    const fixture = await makeFixture(upstream, { taskMode: 'all' });
    const { up, down, config } = fixture;
    await makeTables(fixture);
    await up.query("INSERT INTO k VALUES (1, 'copied')");
    await prepare(upstream, fixture, 'open', "INSERT INTO k VALUES (2, 'prepared')", "INSERT INTO t VALUES (2, 'x')");
    await prepare(upstream, fixture, 'undone', "INSERT INTO k VALUES (3, 'prepared')");
    const dataDir = await dataDirectory();
    const dumping = unitContext<DumpProgress>();
    expect((await runDump(config, dumping, { dataDir })).finished).toBe(true);
    const warning = dumping.lines.find((line) => line.includes('prepared with XA')) ?? '';
    expect(warning).toContain(xidOf(fixture, 'open'));
    await runLoad(config, unitContext<LoadProgress>(), { dataDir });
    expect(await ids(down, fixture)).toEqual([1]);
    await end(fixture, 'ROLLBACK', 'undone');
    await end(fixture, 'COMMIT', 'open');
    const unit = new RunningUnit(config, dataDir);
    await unit.synced(up);
    await unit.stop();
    expect(await ids(down, fixture)).toEqual([1, 2]);
    await expectEqual(fixture);
  });

  test('an upstream that breaks down keeps what is prepared, and so do we', async () => {
    const flavor = upstream === 'mysqlUp' ? 'mysql' : 'mariadb';
    const server = await startPrivateServer({ flavor, durable: true });
    const { down, config: base } = await makeFixture(upstream);
    const database = await createDatabase(server, 'e_xa');
    dropAtEnd(testServers().mysqlDown, database);
    let up = await connectTo(server, database);
    const { host, port, user, password } = server;
    const config: SubtaskConfig = {
      ...base,
      from: { host, port, user, password },
      meta: { ...(await position(up)), binlogPos: 4 },
      blockAllowList: { doDbs: [database] },
    };
    let fixture: Fixture = { up, down, database, config };
    await makeTables(fixture);
    const unit = startUnit(config);
    const session = await connectTo(server, database);
    await prepareIn(session, fixture, 'kept', "INSERT INTO k VALUES (1, 'kept')");
    await unit.synced(up);
    await server.kill();
    await server.restart();
    up = await connectTo(server, database);
    fixture = { ...fixture, up };
    const [found] = await up.query<RowDataPacket[]>('XA RECOVER');
    expect(found).toHaveLength(1);
    await up.query('SET SESSION lock_wait_timeout = 1, innodb_lock_wait_timeout = 1');
    // What the rows look like cannot change before they are committed.
    await expect(up.query('ALTER TABLE k ADD COLUMN w INT FIRST')).rejects.toMatchObject({ errno: 1205 });
    await end(fixture, 'COMMIT', 'kept');
    await up.query('ALTER TABLE k ADD COLUMN w INT FIRST');
    await unit.synced(up);
    await unit.stop();
    expect(readsAgain(unit)).toBe(0);
    await expectEqual(fixture);
    // MySQL does not log the commit of what was prepared without its log; MariaDB does.
    if (flavor === 'mysql') return;
    const silent = await connectTo(server, database);
    await silent.query('SET SESSION sql_log_bin = 0');
    await prepareIn(silent, fixture, 'silent', "INSERT INTO t VALUES (1, 'silent')");
    await silent.end();
    await end(fixture, 'COMMIT', 'silent');
    await expect(catchUp(fixture)).rejects.toMatchObject({
      code: 36069,
      message: expect.stringContaining(xidOf(fixture, 'silent')),
      workaround: expect.stringContaining('--start-time'),
    });
  });

  test('random transactions, prepared or not, arrive over restarts and deaths', async () => {
    const fixture = await makeFixture(upstream, { enableGtid: true });
    const { up } = fixture;
    await makeTables(fixture);
    const seed = Number(process.env['DM_TEST_SEED'] ?? 4);
    const random = randomSource(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const restless = { ...fixture.config, sync: { ...fixture.config.sync, batch: 5, checkpointFlushIntervalMs: 50 } };
    let open: string[] = [];
    let unit = startUnit(restless, 2_000);
    for (let step = 0; step < 160; step++) {
      const what = below(10);
      const rows = Array.from({ length: 1 + below(4) }, (_, n) => `(${step * 10 + n}, ${text(below(600))})`);
      if (what < 4) {
        await prepare(upstream, fixture, `r${step}`, `INSERT INTO k VALUES ${rows.join(', ')}`);
        open.push(`r${step}`);
      } else if (what < 7 && open.length > 0) {
        const [name = ''] = open.splice(below(open.length), 1);
        await end(fixture, below(3) === 0 ? 'ROLLBACK' : 'COMMIT', name);
      } else if (what < 9) {
        await up.query(`INSERT INTO t VALUES ${rows.join(', ')}`);
        await up.query(`INSERT INTO k SELECT id, v FROM t WHERE id = ${step * 10}`);
      } else {
        await unit.stop(below(2) === 0 ? LOST_CONTACT : undefined);
        unit = startUnit(restless, 2_000);
      }
    }
    await unit.synced(up, 40_000);
    for (const name of open) await end(fixture, 'COMMIT', name);
    open = [];
    await unit.synced(up, 40_000);
    await unit.stop();
    await expectEqual(fixture);
    expect(await storedXids(fixture)).toEqual([]);
  });
});

test.each([undefined, 100])(
  'a compressed group is held, or read again where %s bytes are its room',
  async (xaBytes) => {
    const fixture = await makeFixture('mysqlUp');
    const { up } = fixture;
    await makeTables(fixture);
    const session = await connectTo(testServers().mysqlUp, fixture.database);
    await session.query('SET SESSION binlog_transaction_compression = ON');
    const unit = startUnit(fixture.config, xaBytes);
    await prepareIn(session, fixture, 'c', `INSERT INTO k VALUES (1, ${text(1_000)})`, 'INSERT INTO t (id) VALUES (1)');
    await unit.synced(up);
    await end(fixture, 'COMMIT', 'c');
    await unit.synced(up);
    await unit.stop();
    await expectEqual(fixture);
    expect(readsAgain(unit)).toBe(xaBytes === undefined ? 0 : 1);
  },
);
