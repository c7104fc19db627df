/** Settings of the units that show in nothing but how they work: counted by the servers, each with two values. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import type { SubtaskConfig } from '../../../src/config/types.js';
import { runDump } from '../../../src/dump/run.js';
import { runLoad } from '../../../src/load/run.js';
import { metaTables } from '../../../src/meta/tables.js';
import { runSync } from '../../../src/sync/run.js';
import { connectTo, createDatabase, dropAtEnd, onFileEnd, testServers, uniqueName } from '../../support/servers.js';
import { dataDirectory, fillNumbers, subtask, unitContext } from '../dump/support.js';
import { makeFixture, position, RunningUnit } from '../sync/harness.js';

const { mysqlUp, mysqlDown } = testServers();

/** A user whose connections and transactions are its own alone. */
class Counted {
  readonly login: { user: string; password: string };
  readonly #db: Connection;

  private constructor(db: Connection, user: string) {
    this.#db = db;
    this.login = { user, password: 'counted-pw' };
  }

  static async on(server: typeof mysqlUp): Promise<Counted> {
    const db = await connectTo(server);
    const user = uniqueName('s_count').slice(0, 30);
    await db.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'counted-pw'`);
    await db.query(`GRANT ALL ON *.* TO '${user}'@'%'`);
    onFileEnd(async () => void (await db.query(`DROP USER '${user}'@'%'`)));
    return new Counted(db, user);
  }

  connections(): Promise<number> {
    return this.#sum('SUM(TOTAL_CONNECTIONS) AS n FROM performance_schema.accounts');
  }

  transactions(): Promise<number> {
    return this.#sum(
      'SUM(COUNT_STAR) AS n FROM performance_schema.events_transactions_summary_by_account_by_event_name',
    );
  }

  inserts(): Promise<number> {
    return this.#sum(
      `SUM(IF(EVENT_NAME = 'statement/sql/insert', COUNT_STAR, 0)) AS n FROM performance_schema.events_statements_summary_by_account_by_event_name`,
    );
  }

  async #sum(what: string): Promise<number> {
    const [rows] = await this.#db.query<RowDataPacket[]>(`SELECT ${what} WHERE USER = '${this.login.user}'`);
    return Number(rows[0]?.['n'] ?? 0);
  }
}

/** What was counted with each of two settings. */
async function twice<T>(values: readonly [T, T], measure: (value: T) => Promise<number>): Promise<[number, number]> {
  return [await measure(values[0]), await measure(values[1])];
}

test('threads of mydumpers and pool-size of loaders are connections', async () => {
  const database = await createDatabase(mysqlUp, 's_units');
  const up = await connectTo(mysqlUp, database);
  await up.query('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(200))');
  await fillNumbers(up, 't', 20_000, { id: 'n', v: "REPEAT('v', 200)" });
  // The dump goes by the server's guess when it cuts a table into files.
  await up.query('ANALYZE TABLE t');
  const config = (from: Counted, to: Counted, threads: number, poolSize: number): SubtaskConfig => {
    const base = subtask(mysqlUp, mysqlDown, [database]);
    return {
      ...base,
      from: { ...base.from, ...from.login },
      to: { ...base.to, ...to.login },
      dump: { ...base.dump, threads, rows: 1_000, statementSize: 50_000 },
      load: { ...base.load, poolSize },
    };
  };
  const dumps = await twice([2, 6], async (threads) => {
    const [from, to] = [await Counted.on(mysqlUp), await Counted.on(mysqlDown)];
    await runDump(config(from, to, threads, 1), unitContext(), { dataDir: await dataDirectory() });
    return from.connections();
  });
  expect(dumps[1] - dumps[0]).toBe(4);
  const dataDir = await dataDirectory();
  const root = { login: { user: mysqlUp.user, password: mysqlUp.password } } as Counted;
  await runDump(config(root, root, 2, 1), unitContext(), { dataDir });
  const loads = await twice([1, 5], async (poolSize) => {
    const to = await Counted.on(mysqlDown);
    const down = await connectTo(mysqlDown);
    await down.query(`DROP DATABASE IF EXISTS \`${database}\``);
    expect(await runLoad(config(root, to, 2, poolSize), unitContext(), { dataDir })).toEqual({ finished: true });
    return to.connections();
  });
  expect(loads[1] - loads[0]).toBe(4);
});

test('worker-count of syncers is connections, batch the rows of a transaction', async () => {
  const replicated = async (sync: Partial<SubtaskConfig['sync']>): Promise<Counted> => {
    const fixture = await makeFixture('mysqlUp');
    const { up, config, database } = fixture;
    const to = await Counted.on(mysqlDown);
    Object.assign(config.to, to.login);
    Object.assign(config.sync, sync);
    dropAtEnd(mysqlDown, database);
    await up.query('CREATE TABLE t (id INT PRIMARY KEY)');
    await up.query(`INSERT INTO t VALUES ${Array.from({ length: 200 }, (_, id) => `(${id})`).join(', ')}`);
    const unit = new RunningUnit(config);
    await unit.synced(up);
    await unit.stop();
    return to;
  };
  const connections = await twice([1, 6], async (workerCount) =>
    (await replicated({ workerCount, batch: 5 })).connections(),
  );
  expect(connections[1]).toBeGreaterThan(connections[0] + 2);
  const transactions = await twice([100, 2], async (batch) =>
    (await replicated({ workerCount: 1, batch })).transactions(),
  );
  expect(transactions[1]).toBeGreaterThan(transactions[0] + 80);
});

test('compact and multiple-rows of syncers merge changes into fewer statements', async () => {
  const inserts = async (sync: Partial<SubtaskConfig['sync']>): Promise<number> => {
    const { up, config, database } = await makeFixture('mysqlUp');
    const to = await Counted.on(mysqlDown);
    Object.assign(config.to, to.login);
    Object.assign(config.sync, { workerCount: 1, ...sync });
    dropAtEnd(mysqlDown, database);
    await up.query('CREATE TABLE t (id INT PRIMARY KEY)');
    const rows = Array.from({ length: 100 }, (_, id) => `(${id})`).join(', ');
    await up.query(`INSERT INTO t VALUES ${rows}`);
    await up.beginTransaction();
    for (let id = 100; id < 200; id++) {
      await up.query(`INSERT INTO t VALUES (${id})`);
      await up.query(`DELETE FROM t WHERE id = ${id}`);
    }
    await up.commit();
    const unit = new RunningUnit(config);
    await unit.synced(up);
    await unit.stop();
    return to.inserts();
  };
  const both = await inserts({ compact: true, multipleRows: true });
  const compact = await inserts({ compact: true, multipleRows: false });
  const neither = await inserts({ compact: false, multipleRows: false });
  expect(compact).toBeGreaterThan(both + 80);
  expect(neither).toBeGreaterThan(compact + 80);
});

test('queue-size of syncers bounds what is read while the downstream does not take anything', async () => {
  const readsAll = async (queueSize: number): Promise<boolean> => {
    const { up, down, config, database } = await makeFixture('mysqlUp');
    Object.assign(config.sync, { workerCount: 1, batch: 1, queueSize });
    await up.query('CREATE TABLE t (id INT PRIMARY KEY)');
    const unit = new RunningUnit(config);
    await unit.synced(up);
    await down.query(`LOCK TABLES \`${database}\`.t WRITE`);
    for (let id = 0; id < 100; id++) await up.query(`INSERT INTO t VALUES (${id})`);
    const { binlogName, binlogPos } = await position(up);
    const hasAll = (): boolean => {
      const [, name = '', pos] = /^\((.*), (\d+)\)$/.exec(unit.progress?.readerBinlog ?? '') ?? [];
      return name > binlogName || (name === binlogName && Number(pos) >= binlogPos);
    };
    for (let waited = 0; waited < 2_000 && !hasAll(); waited += 50) await sleep(50);
    const result = hasAll();
    await down.query('UNLOCK TABLES');
    await unit.synced(up);
    await unit.stop();
    return result;
  };
  expect(await readsAll(4)).toBe(false);
  expect(await readsAll(10_000)).toBe(true);
});

test('checkpoint-flush-interval of syncers is the time until the checkpoint moves', async () => {
  const { up, down, config, database } = await makeFixture('mysqlUp');
  await up.query('CREATE TABLE t (id INT PRIMARY KEY)');
  const { syncerCheckpoint } = metaTables(config.metaSchema, config.task);
  const stored = async (): Promise<string> => {
    const [rows] = await down.query<RowDataPacket[]>(
      `SELECT binlog_name n, binlog_pos p FROM ${syncerCheckpoint} WHERE is_global`,
    );
    return JSON.stringify(rows);
  };
  const moves = async (checkpointFlushIntervalMs: number, id: number): Promise<boolean> => {
    const abort = new AbortController();
    // Nothing else makes it move: a unit that has nothing to do flushes as well.
    const pace = { tickMs: 20, reportMs: 20, idleFlushMs: 600_000 };
    const changed = { ...config, sync: { ...config.sync, checkpointFlushIntervalMs } };
    const unit = runSync(changed, { ...unitContext(abort.signal) }, { dataDir: '/nonexistent', pace });
    const isThere = async (): Promise<boolean> => {
      const found = down.query<RowDataPacket[]>(`SELECT 1 FROM \`${database}\`.t WHERE id = ${id}`);
      return (await found.catch(() => [[]]))[0].length === 1;
    };
    await up.query(`INSERT INTO t VALUES (${id})`);
    while (!(await isThere())) await sleep(20);
    const before = await stored();
    await up.query(`INSERT INTO t VALUES (${id + 1})`);
    const deadline = Date.now() + 2_000;
    while ((await stored()) === before && Date.now() < deadline) await sleep(50);
    const moved = (await stored()) !== before;
    abort.abort();
    await unit;
    return moved;
  };
  expect(await moves(200, 1)).toBe(true);
  expect(await moves(600_000, 11)).toBe(false);
});
