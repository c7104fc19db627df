import { writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Connection } from 'mysql2/promise';
import { Ajv } from 'ajv';
import {
  connectTo,
  createDatabase,
  dropAtEnd,
  onFileEnd,
  startPrivateServer,
  testServers,
  uniqueName,
} from '../../support/servers.js';
import { System, type Endpoint } from '../../support/system.js';

// Each command is a process of its own; one test runs up to thirty of them.
vi.setConfig({ testTimeout: 300_000 });

/** An answer to wrong input must be there after this. */
const AT_ONCE_MS = 10_000;

const { mysqlUp, mysqlDown } = testServers();

let system: System;
let db: Connection;
let schema: string;
let sourceFile: string;

beforeAll(async () => {
  system = await System.start();
  db = await connectTo(mysqlUp);
  schema = await createDatabase(mysqlUp, 'h_cli');
  dropAtEnd(mysqlDown, schema);
  dropAtEnd(mysqlDown, 'h_cli_meta');
  await db.query(`CREATE TABLE \`${schema}\`.t (id INT PRIMARY KEY, v VARCHAR(20))`);
  await db.query(`INSERT INTO \`${schema}\`.t VALUES (1, 'a'), (2, 'b')`);
  sourceFile = await system.writeSource('src', mysqlUp, { 'enable-gtid': true });
});

/** Runs dmctl and expects a negative answer soon; answers its text and exit code. */
async function refused(...args: string[]): Promise<string> {
  const started = Date.now();
  const { code, output, errors } = await system.runDmctl(...args);
  expect(Date.now() - started, `dmctl ${args.join(' ')}`).toBeLessThan(AT_ONCE_MS);
  expect(code, output + errors).toBe(1);
  if (output !== '') expect(JSON.parse(output)).toMatchObject({ result: false });
  const text = output + errors;
  expect(text).not.toContain('root-pw');
  return text;
}

/** A task file with this file's own meta schema. */
function task(
  name: string,
  down: Endpoint = mysqlDown,
  more: { sourceId?: string; top?: Record<string, unknown>; consistency?: string } = {},
): Promise<string> {
  const { sourceId = 'src', top = {}, consistency = 'none' } = more;
  return system.writeTask({
    name,
    sourceId,
    down,
    databases: [schema],
    dump: { 'extra-args': `--consistency ${consistency}` },
    top: { 'meta-schema': 'h_cli_meta', ...top },
  });
}

/** Nothing of a task may be left. */
async function expectNoTask(name: string): Promise<void> {
  expect(JSON.parse((await system.runDmctl('query-status')).output)).toEqual({ result: true, msg: '', tasks: [] });
  expect(await system.status.exists(`dm-task/${name}`)).toBe(false);
}

describe('without a dm-worker', () => {
  it('says so at once', async () => {
    const text = await refused('operate-source', 'create', sourceFile);
    expect(text).toContain('[code=38008:');
    expect(text).toContain('no dm-worker is online');
    expect(text).toContain('Please start at least one dm-worker');
    expect(await refused('start-task', await task('h_none'))).toContain('[code=38008:');
  });
});

describe('Temporal out of reach', () => {
  it('is error 48001 with advice', async () => {
    const text = await refused('--master-addr', '127.0.0.1:1', 'query-status');
    expect(text).toContain('[code=48001:class=dmctl:scope=internal:level=high]');
    expect(text).toContain('Workaround: Check that Temporal runs');
  });
});

describe('with a dm-worker', () => {
  beforeAll(async () => {
    await system.worker('h-worker').start();
  });

  describe('wrong sources', () => {
    it('wrong password, unknown host, closed port, wrong flavor, a typo: none is added', async () => {
      const wrong = (name: string, endpoint: Partial<Endpoint>, more = {}): Promise<string> =>
        system.writeSource(name, { ...mysqlUp, ...endpoint }, more);
      expect(await refused('operate-source', 'create', await wrong('w1', { password: 'wrong' }))).toMatch(
        /code=26002.*failed to open DSN root:\*\*\*@127\.0\.0\.1.*Error 1045.*Workaround/,
      );
      expect(await refused('operate-source', 'create', await wrong('w2', { host: 'no-such.invalid' }))).toMatch(
        /code=26002.*ENOTFOUND no-such\.invalid.*Workaround/,
      );
      expect(await refused('operate-source', 'create', await wrong('w3', { port: 1 }))).toMatch(
        /code=26002.*ECONNREFUSED/,
      );
      expect(await refused('operate-source', 'create', await wrong('w4', {}, { flavor: 'mariadb' }))).toContain(
        'code=20003',
      );
      expect(await refused('operate-source', 'create', await wrong('w5', {}, { 'enable-gitd': true }))).toMatch(
        /code=20003.*w5\.yaml, line \d+, column 1, key \\"enable-gitd\\": unknown key; did you mean \\"enable-gtid\\"/,
      );
      expect(await refused('operate-source', 'create', join(system.workDir, 'none.yaml'))).toContain('code=20018');
      expect(JSON.parse((await system.runDmctl('operate-source', 'show')).output)).toEqual({
        result: true,
        msg: '',
        sources: [],
      });
    });

    it('several of which one fails are not added at all', async () => {
      const bad = await system.writeSource('bad', { ...mysqlUp, password: 'wrong' });
      expect(await refused('operate-source', 'create', sourceFile, bad)).toContain('code=26002');
      expect(await refused('operate-source', 'create', sourceFile, sourceFile)).toContain('code=46007');
      expect(JSON.parse((await system.runDmctl('operate-source', 'show')).output)).toMatchObject({ sources: [] });
    });
  });

  it('adds, shows, prints, updates and removes a source', async () => {
    const entry = { result: true, msg: '', source: 'src', worker: 'h-worker' };
    const added = await system.runDmctl('operate-source', 'create', sourceFile);
    expect([added.code, added.output]).toEqual([
      0,
      `{
    "result": true,
    "msg": "",
    "sources": [
        {
            "result": true,
            "msg": "",
            "source": "src",
            "worker": "h-worker"
        }
    ]
}
`,
    ]);
    expect(await refused('operate-source', 'create', sourceFile)).toContain('code=46007');
    expect(await system.dmctl('operate-source', 'show')).toEqual({ result: true, msg: '', sources: [entry] });
    expect(await system.dmctl('operate-source', 'show', '-s', 'src')).toMatchObject({ sources: [entry] });
    expect(await refused('operate-source', 'show', '-s', 'other')).toContain("sources [other] haven't been added");
    const config = JSON.parse((await system.runDmctl('get-config', 'source', 'src')).output) as { cfg: string };
    expect(config.cfg).toMatch(/^enable-gtid: true\nflavor: mysql\nsource-id: src\nfrom:\n {2}host: 127\.0\.0\.1\n/);
    expect(config.cfg).toContain('password: "******"');
    const changed = await system.writeSource('src', mysqlUp, { 'enable-gtid': true, checker: { 'backoff-max': '1m' } });
    expect(await system.dmctl('operate-source', 'update', changed)).toMatchObject({ sources: [entry] });
    const after = JSON.parse((await system.runDmctl('get-config', 'source', 'src')).output) as { cfg: string };
    expect(after.cfg).toContain('backoff-max: 1m0s');
    expect(await system.dmctl('operate-source', 'stop', 'src')).toMatchObject({
      sources: [{ result: true, source: 'src' }],
    });
    expect(await refused('operate-source', 'stop', 'src')).toContain('code=46008');
    await system.dmctl('operate-source', 'create', sourceFile);
  });

  describe('wrong tasks leave nothing behind', () => {
    it('a typo, a missing value, a source that nobody has added', async () => {
      const typo = join(system.workDir, 'typo.yaml');
      await writeFile(typo, (await readFile(await task('h_typo'), 'utf8')).replace('pool-size', 'poolsize'));
      expect(await refused('start-task', typo)).toMatch(
        /code=20003.*typo\.yaml, line \d+, column \d+, key \\"loaders\.load\.poolsize\\": unknown key; did you mean \\"pool-size\\"/,
      );
      expect(await refused('check-task', typo)).toContain('code=20003');
      const stranger = await task('h_stranger', mysqlDown, { sourceId: 'nobody' });
      expect(await refused('start-task', stranger)).toMatch(
        /code=20031.*source nobody in deployment.*Registered sources: src/,
      );
      expect(
        await refused('start-task', await task('h_shard', mysqlDown, { top: { 'shard-mode': 'pessimistic' } })),
      ).toMatch(/key \\"shard-mode\\": merging sharded tables is not available in this version/);
      await expectNoTask('h_typo');
    });

    it('a downstream that is not there, refuses the password, or is the upstream', async () => {
      expect(await refused('start-task', await task('h_d1', { ...mysqlDown, port: 1 }))).toMatch(
        /code=26002.*scope=downstream/,
      );
      expect(await refused('start-task', await task('h_d2', { ...mysqlDown, password: 'wrong' }))).toMatch(
        /code=26002.*scope=downstream.*Error 1045/,
      );
      expect(await refused('start-task', await task('h_d3', mysqlUp))).toMatch(/code=26005.*same server/);
      await expectNoTask('h_d1');
    });

    it('a user without privileges, a server without a usable binlog', async () => {
      const user = uniqueName('h').slice(0, 20);
      await db.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'pw'`);
      onFileEnd(async () => void (await db.query(`DROP USER '${user}'@'%'`)));
      await db.query(`GRANT SELECT ON \`${schema}\`.* TO '${user}'@'%'`);
      await system.dmctl(
        'operate-source',
        'create',
        await system.writeSource('poor', { ...mysqlUp, user, password: 'pw' }),
      );
      const poor = await refused(
        'start-task',
        await task('h_poor', mysqlDown, { sourceId: 'poor', consistency: 'auto' }),
      );
      expect(poor).toMatch(/code=26005/);
      expect(poor).toContain('lack of RELOAD privilege');
      expect(poor).toContain('lack of REPLICATION SLAVE, REPLICATION CLIENT privilege');
      await system.dmctl('operate-source', 'stop', 'poor');

      const server = await startPrivateServer({
        flavor: 'mysql',
        args: ['--binlog-format=STATEMENT', '--binlog-row-image=MINIMAL', '--server-id=0'],
      });
      await system.dmctl('operate-source', 'create', await system.writeSource('odd', server));
      const odd = await refused('check-task', await task('h_odd', mysqlDown, { sourceId: 'odd' }));
      for (const text of [
        'binlog_format is STATEMENT',
        'binlog_row_image is MINIMAL',
        'server_id is 0',
        'please execute',
      ]) {
        expect(odd).toContain(text);
      }
      expect(await refused('start-task', await task('h_odd', mysqlDown, { sourceId: 'odd' }))).toContain('code=26005');
      await server.restart(['--skip-log-bin']);
      expect(await refused('start-task', await task('h_odd', mysqlDown, { sourceId: 'odd' }))).toContain(
        'log_bin is OFF',
      );
      await system.dmctl('operate-source', 'stop', 'odd');
      await expectNoTask('h_odd');
    });
  });

  it('runs a task: check, start, status, pause, resume, stop, start again', async () => {
    const file = await task('h_task');
    expect(await system.dmctl('check-task', file)).toEqual({ result: true, msg: 'check pass!!!' });
    const started = await system.dmctl('start-task', file);
    expect(started).toEqual({
      result: true,
      msg: '',
      sources: [{ result: true, msg: '', source: 'src', worker: 'h-worker' }],
    });
    expect(await refused('start-task', file)).toMatch(
      /code=46014.*subtasks with name h_task for sources \[src\] already exist/,
    );
    expect(await refused('start-task', '--remove-meta', file)).toContain('while remove-meta is true');
    expect(await refused('start-task', '-s', 'other', file)).toContain("source not found in task's config");
    expect(await refused('operate-source', 'stop', 'src')).toContain('code=46010');
    await system.untilCaughtUp('h_task', 'src', mysqlUp);
    const short = JSON.parse((await system.runDmctl('query-status')).output) as object;
    expect(short).toEqual({
      result: true,
      msg: '',
      tasks: [{ taskName: 'h_task', taskStatus: 'Running', sources: ['src'] }],
    });
    const detail: unknown = JSON.parse((await system.runDmctl('query-status', file)).output);
    const valid = new Ajv().compile(STATUS_SCHEMA);
    expect(valid(detail), JSON.stringify([valid.errors, detail])).toBe(true);
    for (const args of [
      ['query-status', '-s', 'src'],
      ['query-status', '--more'],
    ]) {
      const more = JSON.parse((await system.runDmctl(...args)).output) as { sources: { subTaskStatus: unknown[] }[] };
      expect(more.sources[0].subTaskStatus).toHaveLength(1);
    }
    expect(await refused('query-status', 'nothing')).toContain('task nothing has no source or not exist');
    expect(await refused('query-status', '-s', 'nothing')).toContain("sources [nothing] haven't been added");
    expect(await system.dmctl('pause-task', 'h_task')).toMatchObject({ op: 'Pause', result: true });
    const paused = JSON.parse((await system.runDmctl('query-status')).output) as { tasks: { taskStatus: string }[] };
    expect(paused.tasks[0].taskStatus).toBe('Paused');
    const text = JSON.parse((await system.runDmctl('get-config', 'task', 'h_task')).output) as { cfg: string };
    expect(text.cfg).toContain('name: h_task');
    expect(text.cfg).not.toContain('root-pw');
    expect(await system.dmctl('resume-task', '-s', 'src')).toMatchObject({
      tasks: [{ task: 'h_task', op: 'Resume', result: true }],
    });
    expect(await refused('pause-task', 'h_task', '-s', 'other')).toContain('code=46017');
    expect(await system.dmctl('stop-task', file)).toMatchObject({ op: 'Stop', result: true });
    expect(await refused('stop-task', 'h_task')).toContain(
      'has no source or not exist, please check the task name and status',
    );
    await expectNoTask('h_task');
    expect(await system.dmctl('start-task', file, '--remove-meta')).toMatchObject({ result: true });
    await system.dmctl('stop-task', 'h_task');
  });

  it('watches until a full copy has finished', async () => {
    const down = await connectTo(mysqlDown);
    await down.query(`DROP DATABASE IF EXISTS \`${schema}\``);
    const file = await task('h_full', mysqlDown, { top: { 'task-mode': 'full' } });
    await system.dmctl('start-task', file, '--remove-meta');
    const { code, output } = await system.runDmctl('query-status', 'h_full', '--watch');
    expect(code).toBe(0);
    expect(output).toMatch(/h_full\/src {2}Load {2}Finished {2}\[#{24}\] 100\.00 %/);
    const [rows] = await down.query(`SELECT COUNT(*) AS n FROM \`${schema}\`.t`);
    expect(rows).toEqual([{ n: '2' }]);
    await system.dmctl('stop-task', 'h_full');
  });

  it('stops watching at an error that needs somebody, and says it', async () => {
    const down = await connectTo(mysqlDown);
    await down.query(`DROP DATABASE IF EXISTS \`${schema}\``);
    await down.query(`CREATE DATABASE \`${schema}\``);
    await down.query(`CREATE TABLE \`${schema}\`.t (id INT PRIMARY KEY, v INT)`);
    const file = await task('h_stuck', mysqlDown, { top: { 'task-mode': 'full', 'ignore-checking-items': ['all'] } });
    await system.dmctl('start-task', file, '--remove-meta');
    const { code, errors } = await system.runDmctl('query-status', 'h_stuck', '--watch');
    expect(code).toBe(1);
    expect(errors).toMatch(
      /^h_stuck on src is paused by an error:\n\[code=10006:.* RawCause: Error 1366: Incorrect integer/,
    );
    await system.dmctl('stop-task', 'h_stuck');
    await down.query(`DROP DATABASE \`${schema}\``);
  });

  it('shows its members', async () => {
    const { output } = await system.runDmctl('list-member', '--worker');
    const { members } = JSON.parse(output) as { members: { worker: { workers: object[] } }[] };
    expect(members[0].worker.workers).toEqual([
      { name: 'h-worker', addr: expect.any(String), stage: 'bound', source: 'src' },
    ]);
    const all = JSON.parse((await system.runDmctl('list-member')).output) as { members: object[] };
    expect(all.members.map((member) => Object.keys(member)[0])).toEqual(['leader', 'master', 'worker']);
  });
});

const text = { type: 'string' };
const int64 = { type: 'string', pattern: '^-?\\d+$' };
/** Every field of DM's detailed status, in the Sync unit. */
const STATUS_SCHEMA = {
  type: 'object',
  required: ['result', 'msg', 'sources'],
  additionalProperties: false,
  properties: {
    result: { const: true },
    msg: { const: '' },
    sources: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['result', 'msg', 'sourceStatus', 'subTaskStatus'],
        additionalProperties: false,
        properties: {
          result: { const: true },
          msg: text,
          sourceStatus: {
            type: 'object',
            required: ['source', 'worker', 'result', 'relayStatus'],
            additionalProperties: false,
            properties: { source: { const: 'src' }, worker: { const: 'h-worker' }, result: {}, relayStatus: {} },
          },
          subTaskStatus: {
            type: 'array',
            minItems: 1,
            items: {
              type: 'object',
              required: ['name', 'stage', 'unit', 'result', 'unresolvedDDLLockID', 'sync'],
              additionalProperties: false,
              properties: {
                name: { const: 'h_task' },
                stage: { const: 'Running' },
                unit: { const: 'Sync' },
                result: {},
                unresolvedDDLLockID: { const: '' },
                sync: {
                  type: 'object',
                  required: [
                    'totalEvents',
                    'totalTps',
                    'recentTps',
                    'masterBinlog',
                    'masterBinlogGtid',
                    'syncerBinlog',
                    'syncerBinlogGtid',
                    'blockingDDLs',
                    'unresolvedGroups',
                    'synced',
                    'binlogType',
                    'secondsBehindMaster',
                  ],
                  additionalProperties: false,
                  properties: {
                    totalEvents: int64,
                    totalTps: int64,
                    recentTps: int64,
                    masterBinlog: { type: 'string', pattern: '^\\(.+, \\d+\\)$' },
                    masterBinlogGtid: text,
                    syncerBinlog: { type: 'string', pattern: '^\\(.+, \\d+\\)$' },
                    syncerBinlogGtid: text,
                    blockingDDLs: { const: [] },
                    unresolvedGroups: { const: [] },
                    synced: { type: 'boolean' },
                    binlogType: { const: 'remote' },
                    secondsBehindMaster: int64,
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};
