/** Scenarios of the manual with one source each, in the manual's files and names. One system, one test after the other. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { upstreamPosition } from '../../../tools/product/position.js';
import { connectTo } from '../../support/servers.js';
import type { WorkerProgram } from '../../support/system.js';
import { Bed, eventually, rowsOf, run, wellDone, type Site } from './bed.js';

let bed: Bed;
let worker: WorkerProgram;
const MYSQL = 0;
const MARIADB = 1;

beforeAll(async () => {
  bed = await Bed.start('mysql', 'mariadb');
});

describe('S1: quick start', () => {
  const QUICK_START = (): string => `---
name: testdm
task-mode: all

target-database:
${bed.target()}
mysql-instances:
  - source-id: "mysql-replica-01"
    block-allow-list: "ba-rule1"

block-allow-list:
  ba-rule1:
    do-dbs: ["testdm"]
`;
  let task: string;

  it('S1-E1: refuses a task whose source nobody has created', async () => {
    await run(
      bed.up(),
      'CREATE DATABASE testdm',
      'CREATE TABLE testdm.t1 (id bigint, uid int, name varchar(80), info varchar(100), primary key (`id`), unique key(`uid`)) DEFAULT CHARSET=utf8mb4',
      'CREATE TABLE testdm.t2 (id bigint, uid int, name varchar(80), info varchar(100), primary key (`id`), unique key(`uid`)) DEFAULT CHARSET=utf8mb4',
      "INSERT INTO testdm.t1 (id, uid, name) VALUES (1, 10001, 'Gabriel García Márquez'), (2 ,10002, 'Cien años de soledad')",
      "INSERT INTO testdm.t2 (id, uid, name) VALUES (3,20001, 'José Arcadio Buendía'), (4,20002, 'Úrsula Iguarán'), (5,20003, 'José Arcadio')",
    );
    task = await bed.file('testdm-task.yaml', QUICK_START());
    worker = await bed.worker('worker1');
    const { members } = JSON.parse((await bed.system.runDmctl('list-member')).output) as { members: object[] };
    expect(members.map((member) => Object.keys(member))).toEqual([['leader'], ['master'], ['worker']]);
    expect(members[2]).toMatchObject({ worker: { workers: [{ name: 'worker1', stage: 'free', source: '' }] } });
    expect(await bed.refused('start-task', task)).toContain('[code=20031:');
  });

  it('S1-E6: creates the source with an encrypted password, once', async () => {
    const cipher = (await bed.system.runDmctl('--encrypt', 'root-pw')).output.trim();
    expect(cipher).not.toContain('root-pw');
    const source = { ...bed.up().address, password: cipher };
    expect(await bed.createSource('mysql-replica-01', source)).toEqual({
      result: true,
      msg: '',
      sources: [wellDone('mysql-replica-01', 'worker1')],
    });
    const { output } = await bed.system.runDmctl('list-member', '--worker');
    expect(JSON.parse(output)).toMatchObject({
      members: [{ worker: { workers: [{ name: 'worker1', stage: 'bound', source: 'mysql-replica-01' }] } }],
    });
    const again = await bed.source('mysql-replica-01', source);
    expect(await bed.refused('operate-source', 'create', again)).toContain('[code=46007:');
  });

  it('S1-E5, S1-E7: refuses a source with a wrong password, or with an id that is none', async () => {
    const address = bed.up().address;
    const wrong = await bed.source('wrong', { ...address, password: 'not-it' });
    expect(await bed.refused('operate-source', 'create', wrong)).toContain("Access denied for user 'root'@");
    const long = await bed.source('x'.repeat(33), address);
    expect(await bed.refused('operate-source', 'create', long)).toContain('[code=20006:');
    const empty = await bed.source('', address);
    expect(await bed.refused('operate-source', 'create', empty)).toContain(
      '[code=20005:class=config:scope=internal:level=medium]',
    );
  });

  it('copies everything, follows changes, and leaves other databases alone', async () => {
    await run(bed.up(), 'CREATE DATABASE unrelated', 'CREATE TABLE unrelated.t (id INT PRIMARY KEY)');
    expect(await bed.system.dmctl('start-task', task)).toEqual({
      result: true,
      msg: '',
      sources: [wellDone('mysql-replica-01', 'worker1')],
    });
    await bed.untilSyncing('testdm', 'mysql-replica-01');
    expect(JSON.parse((await bed.system.runDmctl('query-status')).output)).toEqual({
      result: true,
      msg: '',
      tasks: [{ taskName: 'testdm', taskStatus: 'Running', sources: ['mysql-replica-01'] }],
    });
    await bed.expectEqual(['testdm.t1', 'testdm.t2']);
    expect(await rowsOf(bed.down, 'SELECT COUNT(*), COUNT(info) FROM testdm.t2')).toEqual([['3', '0']]);
    await run(
      bed.up(),
      "INSERT INTO testdm.t1 (id, uid, name) VALUES (6, 10006, 'Aureliano')",
      "UPDATE testdm.t1 SET info = 'x' WHERE id = 1",
      'DELETE FROM testdm.t2 WHERE id = 5',
      'ALTER TABLE testdm.t2 ADD COLUMN ext INT NULL',
      "INSERT INTO testdm.t2 (id, uid, name, ext) VALUES (7, 20007, 'Rebeca', 9)",
      'CREATE TABLE testdm.t3 (id INT PRIMARY KEY)',
      'INSERT INTO testdm.t3 VALUES (1)',
      'INSERT INTO unrelated.t VALUES (1)',
    );
    await bed.caughtUp('testdm', 'mysql-replica-01');
    await bed.expectEqual(['testdm.t1', 'testdm.t2', 'testdm.t3']);
    expect(await rowsOf(bed.down, 'SELECT id, ext FROM testdm.t2 ORDER BY id')).toEqual([
      ['3', null],
      ['4', null],
      ['7', '9'],
    ]);
    const schemas = await rowsOf(bed.down, "SHOW DATABASES WHERE `Database` IN ('testdm', 'unrelated', 'dm_meta')");
    expect(schemas).toEqual([['dm_meta'], ['testdm']]);
    expect(await rowsOf(bed.down, "SHOW TABLES IN dm_meta LIKE 'testdm_syncer_checkpoint'")).toHaveLength(1);
  });

  it('S1-E4: keeps the name of a task, paused or not, until it is stopped', async () => {
    expect(await bed.refused('start-task', task)).toContain('[code=46014:');
    await bed.system.dmctl('pause-task', 'testdm');
    expect(await bed.refused('start-task', task)).toContain('[code=46014:');
    await bed.system.dmctl('stop-task', 'testdm');
    await bed.system.dmctl('start-task', task);
    await bed.untilSyncing('testdm', 'mysql-replica-01');
    await bed.system.dmctl('stop-task', 'testdm');
  });
});

describe.each([
  ['mysql', MYSQL],
  ['mariadb', MARIADB],
] as const)('S5: incremental only, from %s', (flavor, number) => {
  const source = `${flavor}-01`;
  const task = `task-test-${flavor}`;
  const schema = `log_${flavor}`;
  let up: Site;
  let position: { file: string; pos: number };
  let gtids: string;
  /** By the upstream's clock: before row 4, and after the rows before it. */
  let time: string;

  const taskText = (meta: string, syncers = 'safe-mode: true', more = ''): string => `name: ${task}
task-mode: incremental
${more}
target-database:
${bed.target()}
block-allow-list:
  bw-rule-1:
    do-dbs: ["${schema}"]
syncers:
  global:
    checkpoint-flush-interval: 1
    ${syncers}
mysql-instances:
  - source-id: "${source}"
    block-allow-list: "bw-rule-1"
    syncer-config-name: "global"
${meta}`;
  const byPosition = (): string => `    meta:
      binlog-name: "${position.file}"
      binlog-pos: ${position.pos}
      binlog-gtid: "${gtids}"
`;
  const start = async (text: string, ...flags: string[]): Promise<void> => {
    await bed.system.dmctl('start-task', await bed.file('s5.yaml', text), ...flags);
  };
  const messages = `SELECT * FROM ${schema}.messages ORDER BY id`;

  it('begins behind the position, not at it', async () => {
    up = bed.up(number);
    await run(
      up,
      `CREATE DATABASE ${schema}`,
      `CREATE TABLE ${schema}.messages (id int(11) NOT NULL, message varchar(255) DEFAULT NULL, PRIMARY KEY (id))`,
      `INSERT INTO ${schema}.messages VALUES (1, 'msg1'), (2, 'msg2'), (3, 'msg3')`,
    );
    position = await upstreamPosition(up.db);
    const variable = flavor === 'mysql' ? 'gtid_executed' : 'gtid_binlog_pos';
    gtids = String((await rowsOf(up, `SELECT REPLACE(@@GLOBAL.${variable}, '\\n', '')`))[0]?.[0]);
    await bed.createSource(source, up.address);
    await run(
      bed.down,
      `CREATE DATABASE ${schema}`,
      `CREATE TABLE ${schema}.messages (id int(11) NOT NULL, message varchar(255) DEFAULT NULL, PRIMARY KEY (id))`,
    );
    await start(taskText(byPosition()));
    await bed.untilSyncing(task, source);
    const idle = (await bed.queryStatus(task)).sources[0]?.subTaskStatus[0];
    expect(idle).toMatchObject({ stage: 'Running', unit: 'Sync', result: null, unresolvedDDLLockID: '' });
    expect(idle?.['sync']).toMatchObject({ syncerBinlogGtid: '', blockingDDLs: [], binlogType: 'remote' });
    expect(await bed.refused('query-status', 'test')).toContain('test');
    time = String((await rowsOf(up, "SELECT DATE_FORMAT(NOW(), '%Y-%m-%d %H:%i:%s')"))[0]?.[0]);
    await run(up, `INSERT INTO ${schema}.messages VALUES (4, 'msg4'), (5, 'msg5')`);
    await eventually(bed.down, messages, [
      ['4', 'msg4'],
      ['5', 'msg5'],
    ]);
    await bed.caughtUp(task, source, number);
    await bed.system.dmctl('stop-task', task);
  });

  it('S5-V1, S5-V2: goes on at its checkpoint, and from `meta` again without one', async () => {
    await run(bed.down, `DELETE FROM ${schema}.messages WHERE id = 4`);
    await start(taskText(byPosition()));
    await bed.untilSyncing(task, source);
    await run(up, `INSERT INTO ${schema}.messages VALUES (6, 'msg6')`);
    await eventually(bed.down, messages, [
      ['5', 'msg5'],
      ['6', 'msg6'],
    ]);
    await bed.system.dmctl('stop-task', task);
    await start(taskText(byPosition()), '--remove-meta');
    await eventually(bed.down, messages, [
      ['4', 'msg4'],
      ['5', 'msg5'],
      ['6', 'msg6'],
    ]);
    await bed.caughtUp(task, source, number);
    await bed.system.dmctl('stop-task', task);
  });

  it('S5-V4: begins behind a GTID set alone', async () => {
    await bed.system.dmctl('operate-source', 'stop', source);
    await bed.createSource(source, up.address, 'enable-gtid: true');
    await run(bed.down, `DELETE FROM ${schema}.messages WHERE id < 6`);
    const byGtid = `    meta:\n      binlog-gtid: "${gtids}"\n`;
    await start(taskText(byGtid), '--remove-meta');
    await eventually(bed.down, messages, [
      ['4', 'msg4'],
      ['5', 'msg5'],
      ['6', 'msg6'],
    ]);
    await bed.caughtUp(task, source, number);
    const [entry] = (await bed.queryStatus(task)).sources;
    const sync = entry?.subTaskStatus[0]?.['sync'] as { syncerBinlogGtid: string };
    expect(sync.syncerBinlogGtid).toMatch(flavor === 'mysql' ? /^[0-9a-f-]{36}:1-\d+/ : /^0-\d+-\d+$/);
    await bed.system.dmctl('stop-task', task);
  });

  it('begins at a start time, whatever its checkpoint says', async () => {
    const file = await bed.file('s5.yaml', taskText(''));
    expect(await bed.refused('start-task', file, '--start-time', 'yesterday')).toContain('[code=20003:');
    expect(await bed.refused('start-task', file, '--start-time', '2037-01-01T00:00:00')).toContain('[code=20057:');
    await run(bed.down, `DELETE FROM ${schema}.messages WHERE id = 5`);
    await bed.system.dmctl('start-task', file, '--start-time', time);
    await eventually(bed.down, messages, [
      ['4', 'msg4'],
      ['5', 'msg5'],
      ['6', 'msg6'],
    ]);
    await bed.caughtUp(task, source, number);
    await bed.system.dmctl('stop-task', task);
  });

  // Nothing of it depends on the kind of server.
  if (flavor === 'mysql') {
    it('S5-E2, S5-E3: refuses a task that does not say where to begin', async () => {
      const none = await bed.file('none.yaml', taskText(''));
      expect(await bed.refused('start-task', none)).toContain('[code=20022:');
      const half = await bed.file('half.yaml', taskText(`    meta:\n      binlog-name: "${position.file}"\n`));
      expect(await bed.refused('start-task', half)).toContain('[code=20011:');
    });

    it('S5-E4: refuses to begin where the binlog is gone', async () => {
      const gone = `    meta:\n      binlog-name: "binlog.009999"\n      binlog-pos: 4\n      binlog-gtid: "${gtids}"\n`;
      await bed.system.dmctl('operate-source', 'stop', source);
      await bed.createSource(source, up.address);
      const text = await bed.refused('start-task', await bed.file('gone.yaml', taskText(gone)), '--remove-meta');
      expect(text).toContain('[code=26005:');
      expect(text).toContain('binlog.009999');
    });

    it('S5-E1: pauses at rows of a table that the downstream lacks, and goes on when it is there', async () => {
      const create = `CREATE TABLE ${schema}.absent (id INT PRIMARY KEY)`;
      await run(up, create);
      position = await upstreamPosition(up.db);
      await start(taskText(byPosition()), '--remove-meta');
      await bed.untilSyncing(task, source);
      await run(up, `INSERT INTO ${schema}.absent VALUES (1)`);
      expect((await bed.untilFailed(task, source)).text).toContain(`${schema}.absent`.replace('.', '`.`'));
      await run(bed.down, create);
      await bed.system.dmctl('resume-task', task);
      await eventually(bed.down, `SELECT id FROM ${schema}.absent`, [['1']]);
      await bed.system.dmctl('stop-task', task);
    });
  }

  it('S6 case B, S6-V2, S6-V3: fills the columns that only the downstream has with their defaults', async () => {
    await run(bed.down, `ALTER TABLE ${schema}.messages ADD COLUMN annotation varchar(255) DEFAULT 'none' AFTER id`);
    position = await upstreamPosition(up.db);
    await start(taskText(byPosition()), '--remove-meta');
    await bed.untilSyncing(task, source);
    await run(
      up,
      `INSERT INTO ${schema}.messages VALUES (7, 'msg7')`,
      `UPDATE ${schema}.messages SET message = 'six' WHERE id = 6`,
    );
    await eventually(bed.down, `SELECT id, annotation, message FROM ${schema}.messages WHERE id > 5 ORDER BY id`, [
      ['6', 'none', 'six'],
      ['7', 'none', 'msg7'],
    ]);
    // S6-V2: a column that is added downstream while the task runs.
    await run(bed.down, `ALTER TABLE ${schema}.messages ADD COLUMN extra INT NULL`);
    await run(up, `INSERT INTO ${schema}.messages VALUES (8, 'msg8')`);
    await eventually(bed.down, `SELECT id, annotation, message, extra FROM ${schema}.messages WHERE id = 8`, [
      ['8', 'none', 'msg8', null],
    ]);
    await bed.system.dmctl('stop-task', task);
  });
});

describe('S6: the downstream table has more columns', () => {
  it('case A: loads into them and replicates into them', async () => {
    await run(
      bed.up(),
      'CREATE DATABASE log',
      'CREATE TABLE log.messages (id int(11) NOT NULL, message varchar(255) DEFAULT NULL, PRIMARY KEY (id))',
      "INSERT INTO log.messages VALUES (1, 'msg1'), (2, 'msg2')",
    );
    await run(
      bed.down,
      'CREATE DATABASE log',
      `CREATE TABLE log.messages (id int(11) NOT NULL, annotation varchar(255) DEFAULT NULL,
        message varchar(255) DEFAULT NULL, PRIMARY KEY (id))`,
    );
    const text = `name: more-columns
task-mode: all
target-database:
${bed.target()}
mysql-instances:
  - source-id: "mysql-replica-01"
    block-allow-list: "log"
block-allow-list:
  log:
    do-dbs: ["log"]
`;
    await bed.system.dmctl('start-task', await bed.file('s6a.yaml', text));
    await bed.untilSyncing('more-columns', 'mysql-replica-01');
    await run(
      bed.up(),
      "INSERT INTO log.messages VALUES (3, 'msg3')",
      "UPDATE log.messages SET message = 'x' WHERE id = 1",
    );
    await eventually(bed.down, 'SELECT id, annotation, message FROM log.messages ORDER BY id', [
      ['1', null, 'x'],
      ['2', null, 'msg2'],
      ['3', null, 'msg3'],
    ]);
    await bed.system.dmctl('stop-task', 'more-columns');
  });

  it('S6-E1: pauses when such a column has no value of its own', async () => {
    await run(bed.down, 'ALTER TABLE log.messages ADD COLUMN must INT NOT NULL');
    await bed.system.dmctl('start-task', `${bed.system.workDir}/s6a.yaml`);
    await bed.untilSyncing('more-columns', 'mysql-replica-01');
    await run(bed.up(), "INSERT INTO log.messages VALUES (4, 'msg4')");
    const { text } = await bed.untilFailed('more-columns', 'mysql-replica-01');
    expect(text).toContain("Field 'must' doesn't have a default value");
    await run(bed.down, 'ALTER TABLE log.messages DROP COLUMN must');
    await bed.system.dmctl('resume-task', 'more-columns');
    await eventually(bed.down, 'SELECT message FROM log.messages WHERE id = 4', [['msg4']]);
    await bed.system.dmctl('stop-task', 'more-columns');
  });
});

describe('S10 case F: a full copy alone', () => {
  it('ends when everything is there, and says how long the load took', async () => {
    await run(
      bed.up(),
      'CREATE DATABASE dm_benchmark',
      `CREATE TABLE dm_benchmark.sbtest1 (id int(11) NOT NULL AUTO_INCREMENT, k int(11) NOT NULL DEFAULT '0',
        c char(120) CHARSET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '',
        pad char(60) CHARSET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '', PRIMARY KEY (id), KEY k_1 (k)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`,
      "INSERT INTO dm_benchmark.sbtest1 (k, c, pad) VALUES (1, REPEAT('c', 120), REPEAT('p', 60))",
    );
    for (let rows = 1; rows < 4_096; rows *= 2) {
      await run(
        bed.up(),
        'INSERT INTO dm_benchmark.sbtest1 (k, c, pad) SELECT k + id, c, pad FROM dm_benchmark.sbtest1',
      );
    }
    const text = `name: test-full
task-mode: full
target-database:
${bed.target()}
mysql-instances:
  -
    source-id: "mysql-replica-01"
    block-allow-list:  "instance"
    mydumper-config-name: "global"
    loader-thread: 16
block-allow-list:
  instance:
    do-dbs: ["dm_benchmark"]
mydumpers:
  global:
    rows: 1000
    threads: 32
`;
    await bed.system.dmctl('start-task', await bed.file('s10.yaml', text));
    await bed.system.until('test-full', 'mysql-replica-01', ({ state }) => state.stage === 'Finished');
    await bed.expectEqual(['dm_benchmark.sbtest1']);
    const [task] = (JSON.parse((await bed.system.runDmctl('query-status')).output) as { tasks: object[] }).tasks;
    expect(task).toMatchObject({ taskName: 'test-full', taskStatus: 'Finished' });
    const log = await readFile(worker.logFile, 'utf8');
    expect(log).toMatch(/\["all data files have been finished"\] \[task=test-full\].*\["cost time"=\d+\.\d+s\]/);
    await bed.system.dmctl('stop-task', 'test-full');
  });
});

describe('S10 case I: changes of many clients', () => {
  it('are followed while they are made, and everything is equal in the end', async () => {
    const tables = ['sbtest1', 'sbtest2', 'sbtest3', 'sbtest4'].map((name) => `dm_benchmark.${name}`);
    await run(bed.down, 'DROP DATABASE dm_benchmark');
    await run(bed.up(), ...tables.slice(1).map((table) => `CREATE TABLE ${table} LIKE dm_benchmark.sbtest1`));
    const text = `name: test-all
task-mode: all
target-database:
${bed.target()}
mysql-instances:
  -
    source-id: "mysql-replica-01"
    block-allow-list:  "instance"
    syncer-config-name: "global"
block-allow-list:
  instance:
    do-dbs: ["dm_benchmark"]
syncers:
  global:
    worker-count: 16
    batch: 100
`;
    await bed.system.dmctl('start-task', await bed.file('s10i.yaml', text));
    await bed.untilSyncing('test-all', 'mysql-replica-01');
    const clients = Array.from({ length: 8 }, async (_, client) => {
      const db = await connectTo(bed.up().address);
      for (let n = 0; n < 100; n++) {
        const table = tables[(client + n) % tables.length];
        const id = 10_000 + client * 1_000 + n;
        await db.query(`INSERT INTO ${table} VALUES (${id}, ${n}, REPEAT('c', 120), REPEAT('p', 60))`);
        await db.query(`UPDATE ${table} SET k = k + 1 WHERE id = ${id}`);
      }
    });
    await Promise.all(clients);
    await bed.caughtUp('test-all', 'mysql-replica-01');
    await bed.expectEqual(tables);
    const sync = (await bed.queryStatus('test-all')).sources[0]?.subTaskStatus[0]?.['sync'] as { totalEvents: string };
    expect(Number(sync.totalEvents)).toBeGreaterThanOrEqual(1_600);
    await bed.system.dmctl('stop-task', 'test-all');
  });
});
