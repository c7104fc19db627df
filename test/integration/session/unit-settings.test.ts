/** Settings of the units that show in nothing but how they work: counted by the servers, each with two values. */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import type { SubtaskConfig } from '../../../src/config/types.js';
import { runDump } from '../../../src/dump/run.js';
import { runLoad } from '../../../src/load/run.js';
import { connectTo, createDatabase, dropAtEnd, onFileEnd, testServers, uniqueName } from '../../support/servers.js';
import { dataDirectory, fillNumbers, subtask, unitContext } from '../dump/support.js';
import { makeFixture, RunningUnit } from '../sync/harness.js';

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
