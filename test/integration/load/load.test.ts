import { appendFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SubtaskConfig } from '../../../src/config/types.js';
import { runDump } from '../../../src/dump/run.js';
import { dumpDirectory } from '../../../src/dump/run.js';
import { setFaults } from '../../../src/fault/fault.js';
import type { LoadProgress } from '../../../src/load/progress.js';
import { readLoadStage, runLoad } from '../../../src/load/run.js';
import { acquireFence, FenceLostError } from '../../../src/meta/fence.js';
import { metaTables } from '../../../src/meta/tables.js';
import { compareDatabases, formatComparison } from '../../support/compare.js';
import { connectTo, createDatabase, onFileEnd, startPrivateServer, testServers } from '../../support/servers.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { copy, dataDirectory, fillNumbers, subtask, unitContext } from '../dump/support.js';

const ROWS = 20_000;
let config: SubtaskConfig;
let database = '';
let dataDir = '';

beforeEach(async () => {
  const { mysqlUp, mysqlDown } = testServers();
  database = await createDatabase(mysqlUp, 'f_load');
  const up = await connectTo(mysqlUp, database);
  await up.query('CREATE TABLE no_key (a INT, b VARCHAR(100))');
  await up.query('CREATE TABLE keyed (id INT PRIMARY KEY, v VARCHAR(300))');
  await fillNumbers(up, 'no_key', ROWS, { a: 'n % 10', b: "'the same'" });
  await fillNumbers(up, 'keyed', ROWS, { id: 'n', v: "REPEAT('v', 90)" });
  config = subtask(mysqlUp, mysqlDown, [database]);
  config.dump.statementSize = 50_000;
  config.dump.rows = 7_000;
  dataDir = await dataDirectory();
  expect(await runDump(config, unitContext(), { dataDir })).toMatchObject({ finished: true });
});

afterEach(() => setFaults(undefined));

async function expectEqual(): Promise<void> {
  const up = await connectTo(testServers().mysqlUp);
  const comparison = await compareDatabases(up, await connectTo({ ...testServers().mysqlDown, ...config.to }), [
    database,
  ]);
  expect(formatComparison(comparison)).toBe(`2 tables, ${2 * ROWS} rows: equal`);
}

test('a second run changes nothing, with and without files', async () => {
  expect(await readLoadStage(config)).toBe('none');
  expect(await runLoad(config, unitContext(), { dataDir })).toEqual({ finished: true });
  expect(await readLoadStage(config)).toBe('finished');
  const down = await connectTo(testServers().mysqlDown, database);
  await down.query('INSERT INTO keyed VALUES (-1, NULL)');
  expect(await runLoad(config, unitContext(), { dataDir })).toEqual({ finished: true });
  await rm(dumpDirectory(config, dataDir), { recursive: true });
  expect(await runLoad(config, unitContext(), { dataDir })).toEqual({ finished: true });
  const [rows] = await down.query('SELECT COUNT(*) AS n FROM keyed');
  expect(rows).toEqual([{ n: String(ROWS + 1) }]);
});

test('with replication to follow, a newer dump is loaded in place of the one before', async () => {
  const following = { ...config, taskMode: 'all' as const };
  expect(await runLoad(following, unitContext(), { dataDir })).toEqual({ finished: true });
  const up = await connectTo(testServers().mysqlUp, database);
  await up.query("UPDATE keyed SET v = 'new' WHERE id < 100");
  await up.query('DELETE FROM no_key LIMIT 100');
  await up.query("INSERT INTO no_key SELECT id, 'new' FROM keyed WHERE id <= 100");
  expect(await runDump(following, unitContext(), { dataDir })).toMatchObject({ finished: true });
  expect(await runLoad(following, unitContext(), { dataDir })).toEqual({ finished: true });
  await expectEqual();
});

test.each([1213, 1205, 9007, 2013])('error %i of the downstream is met by trying again', async (errno) => {
  setFaults(`load.before-commit=fail:${errno}@5`);
  const context = unitContext<LoadProgress>();
  expect(await runLoad(config, context, { dataDir })).toEqual({ finished: true });
  expect(context.lines.join('')).toContain('trying again');
  await expectEqual();
});

test('a commit whose answer is lost is not made twice', async () => {
  setFaults('load.after-commit=fail:2013@5');
  const context = unitContext<LoadProgress>();
  expect(await runLoad(config, context, { dataDir })).toEqual({ finished: true });
  await expectEqual();
  const last = context.progress.at(-1);
  expect(last?.finishedBytes).toBe(last?.totalBytes);
});

test('connections that break all the time and a downstream that is restarted lose and double nothing', async () => {
  const server = await startPrivateServer({ flavor: 'mysql' });
  const proxy = await TcpProxy.start(server);
  onFileEnd(() => proxy.stop());
  config.to = { host: proxy.host, port: proxy.port, user: server.user, password: server.password };
  config.load.poolSize = 3;
  setFaults('load.before-commit=stall:40');
  const context = unitContext<LoadProgress>();
  const loading = runLoad(config, context, { dataDir });
  // What breaks before the load has begun ends it: there is nothing to go on with yet.
  await vi.waitUntil(() => Number(context.progress.at(-1)?.finishedBytes ?? 0) > 0, { timeout: 60_000, interval: 20 });
  for (let cut = 0; cut < 6; cut++) {
    await sleep(350);
    proxy.cut();
  }
  await server.kill();
  await server.restart();
  setFaults(undefined);
  expect(await loading).toEqual({ finished: true });
  await expectEqual();
});

test('asked to pause, the load ends soon, also when the downstream hangs, and goes on later', async () => {
  const proxy = await TcpProxy.start(testServers().mysqlDown);
  onFileEnd(() => proxy.stop());
  const direct = config.to;
  config.to = { ...direct, host: proxy.host, port: proxy.port };
  config.load.poolSize = 2;
  setFaults('load.before-commit=stall:30');
  const done: number[] = [];
  for (const hang of [false, true]) {
    const abort = new AbortController();
    const context = unitContext<LoadProgress>(abort.signal);
    const loading = runLoad(config, context, { dataDir });
    while (Number(context.progress.at(-1)?.finishedBytes ?? 0) <= (done.at(-1) ?? 0)) await sleep(20);
    if (hang) proxy.stall();
    const since = Date.now();
    abort.abort();
    expect(await loading).toEqual({ finished: false });
    expect(Date.now() - since).toBeLessThan(2_000);
    done.push(Number(context.progress.at(-1)?.finishedBytes));
    expect(await readLoadStage({ ...config, to: direct })).toBe('partial');
  }
  proxy.heal();
  setFaults(undefined);
  const context = unitContext<LoadProgress>();
  expect(await runLoad(config, context, { dataDir })).toEqual({ finished: true });
  const [first, last] = [context.progress[0], context.progress.at(-1)];
  expect(Number(first?.finishedBytes)).toBeGreaterThanOrEqual(done[0] ?? 0);
  expect(last?.finishedBytes).toBe(last?.totalBytes);
  await expectEqual();
});

test('a worker that has been replaced cannot commit any more', async () => {
  config.load.poolSize = 2;
  setFaults('load.before-commit=stall:100');
  const context = unitContext<LoadProgress>();
  const loading = runLoad(config, context, { dataDir });
  const outcome = loading.then(
    () => undefined,
    (error: unknown) => error,
  );
  while (Number(context.progress.at(-1)?.finishedBytes ?? 0) === 0) await sleep(20);
  const connection = await connectTo(testServers().mysqlDown);
  await acquireFence(connection, {
    tables: metaTables(config.metaSchema, config.task),
    sourceId: config.sourceId,
    slots: 1,
    owner: 'other',
  });
  expect(await outcome).toBeInstanceOf(FenceLostError);
  setFaults(undefined);
  expect(await runLoad(config, unitContext(), { dataDir })).toEqual({ finished: true });
  await expectEqual();
});

test('rows that are there already are a clear error, and stay', async () => {
  const down = await connectTo(testServers().mysqlDown);
  await down.query(`CREATE DATABASE \`${database}\``);
  await down.query(`CREATE TABLE \`${database}\`.keyed (id INT PRIMARY KEY, v VARCHAR(300))`);
  await down.query(`INSERT INTO \`${database}\`.keyed VALUES (10000, 'mine')`);
  await expect(runLoad(config, unitContext(), { dataDir })).rejects.toMatchObject({
    scope: 'downstream',
    rawCause: expect.stringContaining('Error 1062: Duplicate entry'),
    workaround: expect.stringMatching(/held rows before.*drop the tables of the task.*--remove-meta.*resume-task/),
  });
  const [rows] = await down.query(`SELECT v FROM \`${database}\`.keyed WHERE id = 10000`);
  expect(rows).toEqual([{ v: 'mine' }]);
});

test('files that do not fit the checkpoint or each other are refused by name', async () => {
  const dir = dumpDirectory(config, dataDir);
  setFaults('load.before-commit=fail@3');
  await expect(runLoad(config, unitContext(), { dataDir })).rejects.toThrow();
  setFaults(undefined);
  const file = (await readdir(dir)).find((name) => /\.keyed\.\d+\.sql$/.test(name)) ?? '';
  await appendFile(join(dir, file), '\n');
  await expect(runLoad(config, unitContext(), { dataDir })).rejects.toMatchObject({
    code: 34018,
    rawCause: expect.stringContaining(file),
  });
  await rm(join(dir, file));
  await expect(runLoad(config, unitContext(), { dataDir })).rejects.toMatchObject({ code: 24005 });
  await writeFile(join(dir, 'what.is.this.sql'), '');
  await expect(runLoad(config, unitContext(), { dataDir })).rejects.toMatchObject({ code: 24003 });
  await rm(join(dir, 'what.is.this.sql'));
  await writeFile(join(dir, `${database}.other.000000000.sql`), '');
  await expect(runLoad(config, unitContext(), { dataDir })).rejects.toMatchObject({ code: 34013 });
  await rm(dir, { recursive: true });
  await expect(runLoad(config, unitContext(), { dataDir })).rejects.toMatchObject({ code: 11001 });
});

test('a statement that is no INSERT is not executed', async () => {
  const dir = dumpDirectory(config, dataDir);
  const file = (await readdir(dir)).find((name) => /\.keyed\.\d+\.sql$/.test(name)) ?? '';
  await appendFile(join(dir, file), 'DROP TABLE no_key;\n');
  await expect(runLoad(config, unitContext(), { dataDir })).rejects.toMatchObject({ code: 34009 });
});

test('invalid values that an ENUM holds arrive, other truncated values are refused', async () => {
  const up = await connectTo(testServers().mysqlUp, database);
  await up.query("SET SESSION sql_mode = ''");
  await up.query("CREATE TABLE invalid (id INT PRIMARY KEY, e ENUM('a','b'), v VARCHAR(20))");
  await up.query("INSERT INTO invalid VALUES (1, 'a', 'x'), (2, 'no member', 'y'), (3, NULL, REPEAT('z', 20))");
  const { mysqlDown } = testServers();
  await copy(config, dataDir);
  const down = await connectTo(mysqlDown);
  expect(formatComparison(await compareDatabases(up, down, [database]))).toMatch(/: equal$/);

  const narrow = subtask(testServers().mysqlUp, mysqlDown, [database]);
  await down.query(`DROP DATABASE \`${database}\``);
  await down.query(`CREATE DATABASE \`${database}\``);
  await down.query(`CREATE TABLE \`${database}\`.invalid (id INT PRIMARY KEY, e ENUM('a','b'), v VARCHAR(10))`);
  await expect(copy(narrow, dataDir)).rejects.toMatchObject({ rawCause: expect.stringMatching(/^Error (1265|1406)/) });
});

test('data files go when the load has finished, the rest when replication needs it no more', async () => {
  const clean = { ...config, cleanDumpFile: true, taskMode: 'all' as const };
  await copy(clean, dataDir);
  const left = await readdir(dumpDirectory(clean, dataDir));
  expect(left.filter((name) => /\.\d+\.sql$/.test(name))).toEqual([]);
  expect(left).toContain('metadata');
  expect(left.filter((name) => name.endsWith('-schema.sql')).length).toBe(2);
  expect(await runLoad({ ...clean, taskMode: 'full' }, unitContext(), { dataDir })).toEqual({ finished: true });
  await expect(readdir(dumpDirectory(clean, dataDir))).rejects.toThrow('ENOENT');
});
