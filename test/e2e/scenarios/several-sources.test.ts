/** Scenarios of the manual with several sources, in the manual's files and names. One system, one test after the other. */
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { connectTo } from '../../support/servers.js';
import type { Endpoint, WorkerProgram } from '../../support/system.js';
import { allHistories } from '../history.js';
import { Bed, eventually, rowsOf, run, wellDone, type Site } from './bed.js';

let bed: Bed;
let worker: WorkerProgram;

beforeAll(async () => {
  bed = await Bed.start('mysql', 'mariadb', 'mysql');
  // As DM's workers: one source each.
  worker = await bed.worker('dm-worker-1', '--max-sources', '1');
});

/** A copy of a server's own file, for its clients. */
function pemFile(side: string, name: string): string {
  return join(bed.system.workDir, side, name);
}

/** A further user of a server, as sources need it, with nothing but these privileges. */
async function createUser(site: Site, name: string, privileges: string, require = ''): Promise<Endpoint> {
  await run(
    site,
    `CREATE USER '${name}'@'%' IDENTIFIED BY 'abc!@#123' ${require}`,
    `GRANT ${privileges} ON *.* TO '${name}'@'%'`,
  );
  return { ...site.address, user: name, password: 'abc!@#123' };
}

describe('S2: create a data source', () => {
  it('with an encrypted password and a certificate, and shows it without its secrets', async () => {
    const encrypted = await Promise.all(
      ['encrypt', '--encrypt', '-encrypt'].map(async (word) => (await bed.system.runDmctl(word, 'abc!@#123')).output),
    );
    const decrypted = await Promise.all(
      encrypted.map(async (cipher) => (await bed.system.runDmctl('decrypt', cipher.trim())).output),
    );
    expect(decrypted).toEqual(['abc!@#123\n', 'abc!@#123\n', 'abc!@#123\n']);
    const up = await createUser(bed.up(), 'with_cert', 'ALL', 'REQUIRE X509');
    for (const [side, site] of [
      ['up', bed.up()],
      ['down', bed.down],
    ] as const) {
      await mkdir(join(bed.system.workDir, side));
      for (const name of ['ca.pem', 'client-cert.pem', 'client-key.pem']) {
        await copyFile(join(site.server.dataDir, name), pemFile(side, name));
      }
    }
    const security = (cert: string): string => `  security:\n    ssl-ca: "${pemFile('up', 'ca.pem')}"\n    ${cert}\n`;
    const source = async (id: string, lines: string): Promise<string> => {
      return bed.source(id, { ...up, password: encrypted[0]?.trim() ?? '' }, '', lines);
    };
    const certificate = `ssl-cert: "${pemFile('up', 'client-cert.pem')}"\n    ssl-key: "${pemFile('up', 'client-key.pem')}"`;
    expect(await bed.refused('operate-source', 'create', await source('no-cert', security('')))).toContain(
      "Access denied for user 'with_cert'@",
    );
    const file = await source('mysql-01', security(certificate));
    expect(await bed.system.dmctl('operate-source', 'create', file)).toEqual({
      result: true,
      msg: '',
      sources: [wellDone('mysql-01', 'dm-worker-1')],
    });
    const shown = (await bed.system.runDmctl('get-config', 'source', 'mysql-01')).output;
    expect(shown).toContain('enable-gtid: false');
    expect(shown).toContain('flavor: mysql');
    expect(shown).toMatch(/password: \\?["']\*{5,6}\\?["']/);
    expect(shown).not.toMatch(/abc!@#123|PRIVATE KEY/);
  });

  it('whose certificate travels sealed, like that of the downstream, and whose files are not read again', async () => {
    await run(
      bed.up(),
      'CREATE DATABASE secure',
      'CREATE TABLE secure.t (id INT PRIMARY KEY)',
      'INSERT INTO secure.t VALUES (1)',
    );
    const down = await createUser(bed.down, 'with_cert', 'ALL', 'REQUIRE X509');
    const text = taskText('secure', ['mysql-01'], 'do-dbs: ["secure"]').replace(
      bed.target(),
      `  host: "${down.host}"\n  port: ${down.port}\n  user: "${down.user}"\n  password: "${down.password}"
  security:
    ssl-ca: "${pemFile('down', 'ca.pem')}"
    ssl-cert: "${pemFile('down', 'client-cert.pem')}"
    ssl-key: "${pemFile('down', 'client-key.pem')}"
`,
    );
    await bed.system.dmctl('start-task', await bed.file('s2.yaml', text));
    await bed.untilSyncing('secure', 'mysql-01');
    const keys = await Promise.all(['up', 'down'].map((side) => readFile(pemFile(side, 'client-key.pem'), 'utf8')));
    for (const side of ['up', 'down']) await rm(join(bed.system.workDir, side), { recursive: true });
    await worker.kill();
    await worker.start();
    await run(bed.up(), 'INSERT INTO secure.t VALUES (2)');
    await eventually(bed.down, 'SELECT id FROM secure.t ORDER BY id', [['1'], ['2']]);
    await bed.system.dmctl('stop-task', 'secure');
    const histories = await allHistories(bed.system);
    expect(histories).toContain('{gcm1}');
    expect(histories).toContain('-----BEGIN CERTIFICATE-----');
    expect(histories).not.toContain('abc!@#123');
    for (const key of keys) {
      const lines = key.split('\n').filter((line) => line.length >= 60);
      expect(lines.length).toBeGreaterThan(20);
      for (const line of lines) expect(histories.includes(line)).toBe(false);
    }
  });

  it('S1-E2, S1-E3: that waits for a worker, and gets the next one', async () => {
    const waiting = {
      result: true,
      msg: 'source is added but there is no free worker to bound',
      source: 'mysql-02',
      worker: '',
    };
    const created = await bed.createSource('mysql-02', bed.up(1).address);
    expect(created).toEqual({ result: true, msg: '', sources: [waiting] });
    const shown = JSON.parse((await bed.system.runDmctl('operate-source', 'show')).output) as { sources: unknown[] };
    expect(shown.sources).toHaveLength(2);
    expect(shown.sources).toEqual(expect.arrayContaining([waiting, wellDone('mysql-01', 'dm-worker-1')]));
    const task = await bed.file('s1e3.yaml', taskText('early', ['mysql-02'], 'do-dbs: ["none"]'));
    // S1-E3: nothing can start on a source that nobody holds.
    expect(await bed.refused('start-task', task)).toContain('[code=46009:');
    await bed.worker('dm-worker-2', '--max-sources', '1');
    await untilBound(2);
    await bed.system.dmctl('operate-source', 'stop', '-s', 'mysql-01', '-s', 'mysql-02');
  });
});

/** Waits until so many workers hold a source. */
async function untilBound(count: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const { output } = await bed.system.runDmctl('list-member', '--worker');
      expect(output.match(/"stage": "bound"/g)).toHaveLength(count);
    },
    { timeout: 20_000, interval: 500 },
  );
}

/** A task over these sources, which share one list. */
function taskText(name: string, sources: readonly string[], list: string, more = ''): string {
  const instances = sources.map(
    (source) => `- source-id: "${source}"\n  block-allow-list: "global"\n  mydumper-config-name: "global"\n`,
  );
  return `name: "${name}"
task-mode: "all"
target-database:
${bed.target()}
mysql-instances:
${instances.join('')}
block-allow-list:
  global:
    ${list}
${more || 'mydumpers:\n  global:\n    extra-args: ""\n'}`;
}

/** Writes rows of one table, round and round, until the function that it answers is called. */
function keepWriting(site: Site, table: string): () => Promise<void> {
  const state = { going: true };
  const write = async (): Promise<void> => {
    const db = await connectTo(site.address);
    for (let n = 10_000; state.going; n++) {
      await db.query(`INSERT INTO ${table} VALUES (${n}, 'new')`);
      await db.query(`UPDATE ${table} SET v = 'changed' WHERE id = ${n - 9_000}`);
      await db.query(`DELETE FROM ${table} WHERE id = ${n - 10_000}`);
    }
  };
  const done = write();
  return async () => {
    state.going = false;
    await done;
  };
}

describe('S7: upstreams without FLUSH TABLES WITH READ LOCK, as Amazon Aurora', () => {
  const TABLES = [
    ['aurora-replica-01', 'migrate_me.t1'],
    ['aurora-replica-02', 'migrate_me.t2'],
  ] as const;

  it('S7-E2: needs RELOAD unless the dump does without locks', async () => {
    for (const [number, [source, table]] of TABLES.entries()) {
      const up = bed.up(number);
      await run(
        up,
        'CREATE DATABASE migrate_me',
        'CREATE DATABASE ignore_me',
        'CREATE TABLE ignore_me.ignore_table (id INT PRIMARY KEY)',
        'INSERT INTO ignore_me.ignore_table VALUES (1)',
        `CREATE TABLE ${table} (id INT PRIMARY KEY, v VARCHAR(20))`,
        `INSERT INTO ${table} SELECT a.n * 100 + b.n * 10 + c.n, 'old' FROM ${DIGITS('a')}, ${DIGITS('b')}, ${DIGITS('c')}`,
        `INSERT INTO ${table} SELECT id + 1000, v FROM ${table}`,
      );
      const user = await createUser(up, 'aurora', 'SELECT, REPLICATION SLAVE, REPLICATION CLIENT');
      await bed.createSource(source, user);
    }
    const text = taskText('test', ['aurora-replica-01', 'aurora-replica-02'], 'do-dbs: ["migrate_me"]');
    const refusal = await bed.refused('start-task', await bed.file('s7.yaml', text));
    expect(refusal).toContain('[code=26005:');
    expect(refusal).toContain('lack of RELOAD privilege');
  });

  it('are copied while they are written to, without any lock, and become equal', async () => {
    for (const number of [0, 1]) {
      await run(bed.up(number), "SET GLOBAL log_output = 'TABLE'", 'SET GLOBAL general_log = ON');
    }
    const writers = TABLES.map(([, table], number) => keepWriting(bed.up(number), table));
    const dump = 'mydumpers:\n  global:\n    extra-args: "--consistency none"\n';
    const text = taskText('test', ['aurora-replica-01', 'aurora-replica-02'], 'do-dbs: ["migrate_me"]', dump);
    const started = await bed.system.dmctl('start-task', await bed.file('s7.yaml', text), '--remove-meta');
    expect(started).toEqual({
      result: true,
      msg: '',
      sources: [wellDone('aurora-replica-01'), wellDone('aurora-replica-02')],
    });
    expect(new Set(started.sources?.map((reply) => reply.worker)).size).toBe(2);
    for (const [source] of TABLES) await bed.untilSyncing('test', source);
    await Promise.all(writers.map((stop) => stop()));
    for (const [number, [source, table]] of TABLES.entries()) {
      await bed.caughtUp('test', source, number);
      await bed.expectEqual([table], number);
      const locks = "command_type = 'Query' AND argument REGEXP '^(FLUSH|LOCK|UNLOCK) '";
      expect(await rowsOf(bed.up(number), `SELECT argument FROM mysql.general_log WHERE ${locks}`)).toEqual([]);
      await run(bed.up(number), 'SET GLOBAL general_log = OFF');
    }
    expect(await rowsOf(bed.down, "SHOW DATABASES LIKE 'ignore_me'")).toEqual([]);
    await bed.system.dmctl('stop-task', 'test');
    await bed.system.dmctl('operate-source', 'stop', '-s', 'aurora-replica-01', '-s', 'aurora-replica-02');
  });
});

/** Ten rows, 0 to 9. */
function DIGITS(name: string): string {
  const digits = Array.from({ length: 10 }, (_, n) => `SELECT ${n} AS n`);
  return `(${digits.join(' UNION ALL ')}) AS ${name}`;
}

describe('S9: two sources into one table', () => {
  it('that has the same name in both, and nothing else', async () => {
    for (const number of [0, 1]) {
      await run(
        bed.up(number),
        'CREATE DATABASE test_db',
        'CREATE TABLE test_db.test_table (id INT NOT NULL, v VARCHAR(32), PRIMARY KEY (id))',
        `INSERT INTO test_db.test_table VALUES (${number * 3 + 1}, 'a'), (${number * 3 + 2}, 'b'), (${number * 3 + 3}, 'c')`,
        'CREATE TABLE test_db.other (id INT PRIMARY KEY)',
      );
      await bed.createSource(`mysql-replica-0${number + 1}`, bed.up(number).address, 'enable-gtid: false');
    }
    const list = 'do-tables:\n    - db-name: "test_db"\n      tbl-name: "test_table"';
    const text = taskText('test', ['mysql-replica-01', 'mysql-replica-02'], list);
    expect(await bed.system.dmctl('start-task', await bed.file('s9.yaml', text))).toEqual({
      result: true,
      msg: '',
      sources: [wellDone('mysql-replica-01'), wellDone('mysql-replica-02')],
    });
    for (const source of ['mysql-replica-01', 'mysql-replica-02']) await bed.untilSyncing('test', source);
    await eventually(bed.down, 'SELECT GROUP_CONCAT(id ORDER BY id) FROM test_db.test_table', [['1,2,3,4,5,6']]);
    await run(bed.up(0), "UPDATE test_db.test_table SET v = 'x' WHERE id = 1", 'CREATE DATABASE also_created');
    await run(bed.up(1), 'DELETE FROM test_db.test_table WHERE id = 6', 'INSERT INTO test_db.other VALUES (1)');
    await eventually(bed.down, 'SELECT GROUP_CONCAT(id, v ORDER BY id) FROM test_db.test_table', [['1x,2b,3c,4a,5b']]);
    // Statements on databases meet the list of databases alone, and there is none.
    await eventually(bed.down, "SHOW DATABASES LIKE 'also_created'", [['also_created']]);
    expect(await rowsOf(bed.down, 'SHOW TABLES IN test_db')).toEqual([['test_table']]);
    await bed.system.dmctl('stop-task', 'test');
    expect(JSON.parse((await bed.system.runDmctl('query-status')).output)).toMatchObject({ tasks: [] });
    expect(await rowsOf(bed.down, "SHOW TABLES IN dm_meta LIKE 'test_syncer_checkpoint'")).toHaveLength(1);
    await bed.system.dmctl('operate-source', 'stop', '-s', 'mysql-replica-01', '-s', 'mysql-replica-02');
  });
});
