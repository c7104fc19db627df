import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { afterEach, expect, test } from 'vitest';
import type { SubtaskConfig } from '../../../src/config/types.js';
import type { DumpProgress } from '../../../src/dump/progress.js';
import { dumpDirectory, runDump } from '../../../src/dump/run.js';
import { runLoad } from '../../../src/load/run.js';
import { setFaults } from '../../../src/fault/fault.js';
import { createLogger } from '../../../src/log/logger.js';
import type { UnitContext } from '../../../src/unit.js';
import { compareDatabases, formatComparison } from '../../support/compare.js';
import {
  connectTo,
  createDatabase,
  onFileEnd,
  startPrivateServer,
  testServers,
  uniqueName,
} from '../../support/servers.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { copy, dataDirectory, fillNumbers, runAll, subtask, unitContext } from './support.js';

afterEach(() => setFaults(undefined));

/** Moves money between two tables until told to stop; each transaction leaves the sum as it was. */
function moveMoney(connections: Connection[]): { stop: () => Promise<number> } {
  const state = { stopped: false };
  let moves = 0;
  const working = connections.map(async (connection, worker) => {
    while (!state.stopped) {
      const id = 1 + ((moves * 7 + worker) % 1000);
      try {
        await connection.query('BEGIN');
        await connection.query(`UPDATE debit SET amount = amount - 1 WHERE id = ${id}`);
        await connection.query(`UPDATE credit SET amount = amount + 1 WHERE id = ${id}`);
        await connection.query('UPDATE counter SET n = n + 1');
        await connection.query('COMMIT');
        moves++;
      } catch {
        // Deadlocks of writers among each other: the whole transaction counts as not made.
        await connection.query('ROLLBACK');
      }
    }
  });
  return {
    stop: async () => {
      state.stopped = true;
      await Promise.all(working);
      return moves;
    },
  };
}

async function number(connection: Connection, sql: string): Promise<number> {
  const [rows] = await connection.query(sql);
  return Number(Object.values((rows as Record<string, unknown>[])[0] ?? {})[0]);
}

test.each([
  ['mysqlUp', 'flush'],
  ['mysqlUp', 'lock'],
  ['mariadbUp', 'auto'],
  ['mariadbUp', 'lock'],
] as const)('a dump of %s with consistency %s shows one moment, that of its position', async (name, consistency) => {
  const server = testServers()[name];
  const target = testServers().mysqlDown;
  const database = await createDatabase(server, 'f_money');
  const setUp = await connectTo(server, database);
  for (const table of ['debit', 'credit']) {
    await setUp.query(`CREATE TABLE ${table} (id INT PRIMARY KEY, amount INT)`);
    await fillNumbers(setUp, table, 1000, { id: 'n', amount: '100' });
  }
  await runAll(setUp, ['CREATE TABLE counter (n INT)', 'INSERT INTO counter VALUES (0)']);
  const writers = await Promise.all(Array.from({ length: 4 }, () => connectTo(server, database)));
  const config = subtask(server, target, [database]);
  config.dump.consistency = consistency;
  const money = moveMoney(writers);
  await sleep(300);
  const { metadata } = await copy(config, await dataDirectory());
  expect(await money.stop()).toBeGreaterThan(20);
  const down = await connectTo(target, database);
  expect(await number(down, 'SELECT (SELECT SUM(amount) FROM debit) + (SELECT SUM(amount) FROM credit)')).toBe(200_000);
  const moved = await number(down, 'SELECT n FROM counter');
  expect(await number(down, 'SELECT SUM(amount) FROM credit')).toBe(100_000 + moved);
  // What the binlog holds behind the position is exactly what the dump does not show.
  const total = await number(setUp, 'SELECT n FROM counter');
  const later = await commitsSince(setUp, metadata.start, database);
  expect(later).toBe(total - moved);
  expect(metadata.exitSafe).toBeUndefined();
});

/** Updates of table `counter` in the binlog behind a place. */
async function commitsSince(
  connection: Connection,
  from: { name: string; pos: number },
  database: string,
): Promise<number> {
  let { pos } = from;
  let found = 0;
  const [files] = await connection.query('SHOW BINARY LOGS');
  const names = (files as { Log_name: string }[]).map((row) => row.Log_name);
  for (let file = from.name; ;) {
    const [events] = await connection.query(`SHOW BINLOG EVENTS IN '${file}' FROM ${pos}`);
    for (const event of events as { Event_type: string; Info: string }[]) {
      if (event.Event_type === 'Table_map' && event.Info.includes(`${database}.counter`)) found++;
    }
    const next = names[names.indexOf(file) + 1];
    if (next === undefined) return found;
    file = next;
    pos = 4;
  }
}

test('without locks the dump says from where to where its rows may be ahead', async () => {
  const server = await startPrivateServer({ flavor: 'mysql', args: ['--general-log=ON', '--log-output=TABLE'] });
  const database = await createDatabase(server, 'f_none');
  const up = await connectTo(server, database);
  await runAll(up, [
    'CREATE TABLE counter (n INT)',
    'INSERT INTO counter VALUES (0)',
    'CREATE TABLE debit (id INT, amount INT)',
    'CREATE TABLE credit (id INT, amount INT)',
  ]);
  const money = moveMoney([await connectTo(server, database)]);
  const config = subtask(server, testServers().mysqlDown, [database]);
  config.dump.consistency = 'none';
  const { metadata } = await copy(config, await dataDirectory());
  await money.stop();
  expect(metadata.exitSafe?.pos).toBeGreaterThan(metadata.start.pos);
  const log = 'SELECT COUNT(*) FROM mysql.general_log WHERE';
  expect(await number(up, `${log} CONVERT(argument USING utf8mb4) RLIKE '^(FLUSH|LOCK) TABLES'`)).toBe(0);
  expect(await number(up, `${log} argument LIKE 'START TRANSACTION%'`)).toBe(config.dump.threads);
});

async function userWith(up: Connection, config: SubtaskConfig, privileges: string[]): Promise<void> {
  const user = uniqueName('f_user');
  await up.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'secret'`);
  onFileEnd(async () => void (await up.query(`DROP USER '${user}'@'%'`)));
  for (const privilege of privileges) await up.query(`GRANT ${privilege} TO '${user}'@'%'`);
  config.from = { ...config.from, user, password: 'secret' };
}

test('without RELOAD the tables are locked one by one; without that as well the dump says what to grant', async () => {
  const { mysqlUp, mysqlDown } = testServers();
  const database = await createDatabase(mysqlUp, 'f_grants');
  const up = await connectTo(mysqlUp, database);
  await runAll(up, ['CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1), (2)']);
  const locking = subtask(mysqlUp, mysqlDown, [database]);
  await userWith(up, locking, ['REPLICATION CLIENT ON *.*', `SELECT, LOCK TABLES ON ${database}.*`]);
  const dataDir = await dataDirectory();
  const context = unitContext<DumpProgress>();
  expect(await runDump(locking, context, { dataDir })).toMatchObject({ finished: true });
  expect(context.lines.join('')).toContain('locking the tables one by one');
  locking.dump.consistency = 'flush';
  await expect(runDump(locking, unitContext(), { dataDir })).rejects.toMatchObject({ code: 32004, scope: 'upstream' });

  const reading = subtask(mysqlUp, mysqlDown, [database]);
  await userWith(up, reading, ['REPLICATION CLIENT ON *.*', `SELECT ON ${database}.*`]);
  const failing = runDump(reading, unitContext(), { dataDir });
  await expect(failing).rejects.toMatchObject({ code: 32004, workaround: expect.stringContaining('RELOAD') });
  reading.dump.consistency = 'none';
  expect(await runDump(reading, unitContext(), { dataDir })).toMatchObject({ finished: true });
});

test('a long statement upstream does not make the dump hold up the writers', async () => {
  const server = await startPrivateServer({ flavor: 'mysql' });
  const database = await createDatabase(server, 'f_long');
  const up = await connectTo(server, database);
  await runAll(up, ['CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1)']);
  const long = up.query('SELECT SLEEP(12) FROM t');
  await sleep(2_500);
  const context = unitContext<DumpProgress>();
  const dumping = runDump(subtask(server, testServers().mysqlDown, [database]), context, {
    dataDir: await dataDirectory(),
  });
  await sleep(500);
  const writer = await connectTo(server, database);
  const since = Date.now();
  await writer.query('INSERT INTO t VALUES (2)');
  expect(Date.now() - since).toBeLessThan(2_000);
  expect(await dumping).toMatchObject({ finished: true });
  expect(context.lines.join('')).toContain('statements have been running for long');
  await long;
});

test.each([
  ['dropped', 'DROP TABLE t2', undefined],
  ['renamed', 'RENAME TABLE t2 TO t9', /`t2` was dropped or renamed/],
  ['altered', 'ALTER TABLE t2 ADD COLUMN c INT', /structure of .*`t2` was changed/],
  ['made anew', 'DROP TABLE t2; CREATE TABLE t2 (id INT PRIMARY KEY, v INT)', /structure of .*`t2` was changed/],
])('a table that is %s while the dump runs', async (_what, ddl, message) => {
  const { mysqlUp, mysqlDown } = testServers();
  const database = await createDatabase(mysqlUp, 'f_ddl');
  const up = await connectTo(mysqlUp, database);
  for (const table of ['t1', 't2', 't3'])
    await runAll(up, [`CREATE TABLE ${table} (id INT PRIMARY KEY, v INT)`, `INSERT INTO ${table} VALUES (1, 1)`]);
  const config = subtask(mysqlUp, mysqlDown, [database]);
  config.dump.threads = 1;
  setFaults('dump.before-table=stall:1500@1');
  const context = unitContext<DumpProgress>();
  const dataDir = await dataDirectory();
  const dumping = runDump(config, context, { dataDir });
  const outcome = dumping.then(
    () => undefined,
    (error: unknown) => error,
  );
  while (!context.lines.some((line) => line.includes('snapshot taken'))) await sleep(20);
  await sleep(300);
  for (const statement of ddl.split('; ')) await up.query(statement);
  if (message === undefined) {
    expect(await outcome).toBeUndefined();
    expect(context.lines.join('')).toContain('its rows are left out');
    await runLoad(config, unitContext(), { dataDir });
    expect(await number(await connectTo(mysqlDown, database), 'SELECT COUNT(*) FROM t3')).toBe(1);
  } else {
    expect(await outcome).toMatchObject({ code: 32001, message: expect.stringMatching(message) });
    await expect(access(join(dumpDirectory(config, dataDir), 'metadata'))).rejects.toThrow('ENOENT');
  }
});

test('asked to end, the dump ends at once; a lost connection is an error that says so', async () => {
  const { mysqlUp, mysqlDown } = testServers();
  const database = await createDatabase(mysqlUp, 'f_abort');
  const up = await connectTo(mysqlUp, database);
  await up.query('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(300))');
  await fillNumbers(up, 't', 90_000, { id: 'n', v: "REPEAT('v', 300)" });
  const proxy = await TcpProxy.start(mysqlUp);
  onFileEnd(() => proxy.stop());
  const config = subtask(mysqlUp, mysqlDown, [database]);
  config.from = { ...config.from, host: proxy.host, port: proxy.port };
  const dataDir = await dataDirectory();

  /** Does something to the connections before the dump has read a row. */
  const atSnapshot = (
    signal: AbortSignal,
    act: () => void,
  ): { context: UnitContext<DumpProgress>; reached: Promise<void> } => {
    let logger = createLogger();
    const reached = new Promise<void>((resolve) => {
      const write = (line: string): void => {
        if (!line.includes('snapshot taken')) return;
        act();
        resolve();
      };
      logger = createLogger({ level: 'debug', write });
    });
    return { context: { ...unitContext<DumpProgress>(signal), logger }, reached };
  };
  const abort = new AbortController();
  const silent = atSnapshot(abort.signal, () => proxy.stall());
  const aborted = runDump(config, silent.context, { dataDir });
  await silent.reached;
  const since = Date.now();
  abort.abort();
  expect(await aborted).toEqual({ finished: false });
  expect(Date.now() - since).toBeLessThan(2_000);
  proxy.heal();

  const cut = atSnapshot(new AbortController().signal, () => proxy.cut());
  const outcome = runDump(config, cut.context, { dataDir }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(await outcome).toMatchObject({ code: 10003, scope: 'upstream' });
  await copy(config, dataDir);
  expect(formatComparison(await compareDatabases(up, await connectTo(mysqlDown), [database]))).toBe(
    '1 tables, 90000 rows: equal',
  );
});

test('a pending DDL on another table does not hold up the dump', async () => {
  const { mysqlUp, mysqlDown } = testServers();
  const [database, other] = [await createDatabase(mysqlUp, 'p_ddl'), await createDatabase(mysqlUp, 'p_other')];
  const up = await connectTo(mysqlUp, database);
  await up.query('CREATE TABLE t (id INT PRIMARY KEY)');
  await fillNumbers(up, 't', 1_000, { id: 'n' });
  const [reader, changer] = [await connectTo(mysqlUp, other), await connectTo(mysqlUp, other)];
  await runAll(reader, ['CREATE TABLE held (a INT)', 'BEGIN', 'SELECT * FROM held']);
  const pending = changer.query('ALTER TABLE held ADD COLUMN b INT');
  try {
    await sleep(300);
    const started = Date.now();
    const config = subtask(mysqlUp, mysqlDown, [database]);
    config.dump.consistency = 'lock';
    await copy(config, await dataDirectory());
    expect(Date.now() - started).toBeLessThan(10_000);
    expect(await number(await connectTo(mysqlDown, database), 'SELECT COUNT(*) FROM t')).toBe(1_000);
  } finally {
    await reader.query('COMMIT');
    await pending;
  }
});

test.each(['mysqlUp', 'mariadbUp'] as const)(
  'a FLUSH of somebody else on %s that waits for the locks of the dump does not make both wait for ever',
  async (upstream) => {
    const servers = testServers();
    const database = await createDatabase(servers[upstream], 'p_flush');
    const up = await connectTo(servers[upstream], database);
    await runAll(up, ['CREATE TABLE t (id INT PRIMARY KEY)', 'INSERT INTO t VALUES (1)']);
    const config = subtask(servers[upstream], servers.mysqlDown, [database]);
    config.dump.consistency = 'lock';
    setFaults('dump.locked=stall:2500');
    const started = Date.now();
    const dumping = runDump(config, unitContext(), { dataDir: await dataDirectory() });
    await sleep(1_000);
    // The server keeps the table marked as to be closed, and lets nobody open it, until the dump has unlocked it.
    await up.query('SET SESSION lock_wait_timeout = 1');
    await expect(up.query('FLUSH TABLES t')).rejects.toMatchObject({ errno: 1205 });
    expect(await dumping).toMatchObject({ finished: true });
    expect(Date.now() - started).toBeLessThan(10_000);
  },
);
