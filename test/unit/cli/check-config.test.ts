import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { complete } from '../../../cli/commands/completion.js';
import { runCommandLine } from '../../../cli/commands/program.js';
import { TASK_TEMPLATE } from '../../../src/config/task-template.js';
import { SOURCE_FILE, TASK_FILE, WIZARD_TASK_FILE } from '../config/samples.js';

const SOURCE = `${SOURCE_FILE.replace('user: root', 'user: root\n  password: up-secret')}enable-gtid: true
server-id: 7
flavor: mariadb
filters:
- {schema-pattern: "*", events: [drop table], action: Ignore}
`;

const FILES: Record<string, string> = {
  'task.yaml': TASK_FILE,
  'source.yaml': SOURCE,
  'bare-source.yaml': SOURCE_FILE,
  'other.yaml': SOURCE_FILE.replace('mysql-replica-01', 'other'),
  'sharded.yaml': WIZARD_TASK_FILE,
  'bad.yaml': TASK_FILE.replace('task-mode: all', 'task-mode: some'),
  'bad-source.yaml': SOURCE_FILE.replace('port:', 'prt:'),
  'incremental.yaml': `${TASK_FILE.replace('task-mode: all', 'task-mode: incremental')}    meta: {binlog-gtid: "0-1-2"}
`.replace('syncer-config-name: "global"', 'syncer-config-name: "global"\n    meta: {binlog-name: b.000001}'),
};

/** dmctl that cannot reach anything. */
async function dmctl(...argv: string[]) {
  const printed = { out: '', err: '' };
  const { exitCode } = await runCommandLine(
    {
      output: { out: (text) => void (printed.out += text), err: (text) => void (printed.err += text) },
      services: () => Promise.reject(new Error('offline commands connect to nothing')),
      signal: new AbortController().signal,
      readFile: (path) => {
        const text = FILES[path];
        if (text === undefined) throw new Error(`no such file ${path}`);
        return text;
      },
      writeFile: () => undefined,
    },
    argv,
  );
  return { exitCode, ...printed };
}

function documents(text: string): Record<string, unknown>[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Record<string, unknown>);
}

describe('check-config', () => {
  it('prints what each source gets, as far as the files tell', async () => {
    const { exitCode, out, err } = await dmctl('check-config', 'task.yaml', '--source-file', 'source.yaml');
    expect(exitCode).toBe(0);
    const [first, second, ...more] = documents(out);
    expect(more).toEqual([]);
    expect(first).toEqual({
      'source-id': 'mysql-replica-01',
      name: 'test',
      'task-mode': 'all',
      'meta-schema': 'dm_meta',
      timezone: 'Asia/Shanghai',
      'case-sensitive': true,
      'clean-dump-file': false,
      'ignore-checking-items': ['version'],
      from: { host: '127.0.0.1', port: 3306, user: 'root', password: '******' },
      flavor: 'mariadb',
      'server-id': 7,
      'enable-gtid': true,
      checker: {
        'check-enable': true,
        'backoff-rollback': '5m0s',
        'backoff-max': '5m0s',
        'check-interval': '5s',
        'backoff-min': '1s',
        'backoff-jitter': true,
        'backoff-factor': 2,
      },
      'target-database': {
        host: '192.168.0.1',
        port: 4000,
        user: 'root',
        password: '******',
        'max-allowed-packet': 67_108_864,
        session: { sql_mode: 'ANSI_QUOTES,NO_ZERO_IN_DATE,NO_ZERO_DATE', tidb_skip_utf8_check: '1' },
      },
      'block-allow-list': {
        'do-dbs': ['~^test.*', 'user'],
        'ignore-dbs': ['mysql', 'account'],
        'do-tables': [
          { 'db-name': '~^test.*', 'tbl-name': '~^t.*' },
          { 'db-name': 'user', 'tbl-name': 'information' },
        ],
      },
      filters: [
        { name: 'filters[0]', 'schema-pattern': '*', events: ['drop table'], 'sql-pattern': [], action: 'Ignore' },
      ],
      'online-ddl': false,
      mydumper: {
        threads: 6,
        'chunk-filesize': '32MiB',
        'statement-size': 1_000_000,
        where: 'id > 5',
        'extra-args': '--consistency none',
      },
      loader: { 'pool-size': 8, dir: './dumped_data.test' },
      syncer: {
        'worker-count': 12,
        batch: 200,
        'safe-mode': true,
        compact: true,
        'multiple-rows': true,
        'queue-size': 2048,
        'checkpoint-flush-interval': 10,
      },
    });
    expect(second).toMatchObject({ 'source-id': 'mysql-replica-02', syncer: { 'worker-count': 18, batch: 100 } });
    expect(Object.keys(second)).not.toEqual(expect.arrayContaining(['from']));
    expect(Object.keys(second).filter((key) => ['from', 'flavor', 'server-id', 'checker'].includes(key))).toEqual([]);
    expect(out).toContain('# source "mysql-replica-02", whose own file was not given\n');
    expect(out + err).not.toContain('secret');
    expect(err).toContain('[warn] task.yaml: `mysql-instances[1]` names no `syncer-config-name`');
  });

  it('prints all features in the words of the files', async () => {
    FILES['features.yaml'] = WIZARD_TASK_FILE.replace('shard-mode: "pessimistic"', 'online-ddl: true')
      .replace('password: ""', 'password: ""\n  security: {cert-allowed-cn: [tidb]}')
      .replace(
        'route-rules: ["route-rule-1", "route-rule-2"]',
        `route-rules: ["route-rule-1", "route-rule-2"]
  expression-filters: [e]
  column-mapping-rules: [c]
  mydumper: {rows: 10, chunk-filesize: 100B, extra-args: "-B a -f a.* -f b.* --consistency lock"}`,
      ).concat(`
expression-filter:
  e: {schema: s, table: t, update-old-value-expr: a = 1, update-new-value-expr: a = 2}
column-mappings:
  c: {schema-pattern: s, table-pattern: t, expression: partition id, source-column: id, target-column: id, arguments: ["1", s, t]}
`);
    const { exitCode, out, err } = await dmctl('check-config', 'features.yaml');
    expect([exitCode, err]).toEqual([
      0,
      '[warn] features.yaml: `mysql-instances[0].mydumper.extra-args` names the tables to dump: `block-allow-list` has no say in the dump\n',
    ]);
    expect(documents(out)[0]).toMatchObject({
      'target-database': { security: { 'cert-allowed-cn': ['tidb'] } },
      routes: [
        {
          name: 'route-rule-1',
          'schema-pattern': 'test_*',
          'table-pattern': 't_*',
          'target-schema': 'test',
          'target-table': 't',
        },
        { name: 'route-rule-2', 'schema-pattern': 'test_*', 'target-schema': 'test' },
      ],
      filters: [{ name: 'filter-rule-1', events: ['truncate table', 'drop table'], action: 'Ignore' }],
      'expression-filter': [
        { name: 'e', schema: 's', table: 't', 'update-old-value-expr': 'a = 1', 'update-new-value-expr': 'a = 2' },
      ],
      'column-mappings': [{ name: 'c', expression: 'partition id', arguments: ['1', 's', 't'] }],
      'online-ddl': true,
      'shadow-table-rules': ['^_(.+)_(?:new|gho)$'],
      'trash-table-rules': ['^_(.+)_(?:ghc|del|old)$'],
      mydumper: {
        rows: 10,
        'chunk-filesize': '100B',
        'extra-args': '--consistency lock -B a -f a.*,b.*',
      },
    });
  });

  it('says what only the server knows', async () => {
    const { out } = await dmctl('check-config', 'task.yaml', '--source-file', 'bare-source.yaml');
    expect(out).toContain('# source "mysql-replica-01"; flavor and server-id will be asked of its server\n');
    expect(Object.keys(documents(out)[0])).not.toContain('flavor');
  });

  it('accepts a start position of either kind while the source is not known, and judges it when it is', async () => {
    const alone = await dmctl('check-config', 'incremental.yaml');
    expect(alone.exitCode).toBe(0);
    expect(documents(alone.out).map((one) => one['meta'])).toEqual([
      { 'binlog-name': 'b.000001', 'binlog-pos': 4 },
      { 'binlog-gtid': '0-1-2' },
    ]);
    const { exitCode, out, err } = await dmctl('check-config', 'incremental.yaml', '--source-file=source.yaml');
    expect([exitCode, out]).toEqual([1, '']);
    expect(err).toMatch(/^\[warn\].*\nError: \[code=20011:.*Message: incremental\.yaml, line 59, column 5/ms);
  });

  it('needs no start position when the task will be given one', async () => {
    FILES['at.yaml'] = TASK_FILE.replace('task-mode: all', 'task-mode: incremental');
    expect((await dmctl('check-config', 'at.yaml')).err).toContain('code=20022:');
    expect((await dmctl('check-config', 'at.yaml', '--start-time', '2021-10-21 00:01:00')).exitCode).toBe(0);
    expect((await dmctl('check-config', 'at.yaml', '--start-time', 'now')).err).toContain('--start-time now');
  });

  it('warns of a source file that the task has no use for', async () => {
    const { exitCode, err } = await dmctl('check-config', 'task.yaml', '--source-file', 'source.yaml,other.yaml');
    expect(exitCode).toBe(0);
    expect(err).toContain('[warn] other.yaml: the task has no source other\n');
  });

  it.each([
    [['bad.yaml'], 'code=20020:', 'bad.yaml, line 3, column 1, key "task-mode"'],
    [['sharded.yaml'], 'code=20003:', 'sharded.yaml, line 3'],
    [['none.yaml'], 'code=20018:', 'none.yaml'],
    [['task.yaml', '--source-file', 'bad-source.yaml'], 'code=20003:', 'bad-source.yaml, line 4, column 3'],
    [['task.yaml', '--source-file', 'source.yaml,bare-source.yaml'], 'code=46007:', 'mysql-replica-01'],
  ])('%j ends with exit code 1', async (argv, code, text) => {
    const { exitCode, out, err } = await dmctl('check-config', ...argv);
    expect([exitCode, out]).toEqual([1, '']);
    expect(err).toContain(code);
    expect(err).toContain(text);
  });

  it('is completed with files', () => {
    const names = { tasks: [], sources: ['s1'] };
    expect(complete('check-c', names)[0]).toEqual(['check-config ']);
    expect(complete('check-config t.yaml --so', names)[0]).toEqual(['--source-file ', '--source ']);
    expect(complete('check-config t.yaml --source-file docs/', names)[0]).toContain('docs/schemas/');
  });
});

describe('get-task-template', () => {
  it('prints a task file that editors can check', async () => {
    const { exitCode, out, err } = await dmctl('get-task-template');
    expect([exitCode, err]).toEqual([0, '']);
    const [, place] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(out) ?? [];
    expect(existsSync(new URL(place))).toBe(true);
    expect(place).toMatch(/docs\/schemas\/task\.schema\.json$/);
    expect(out.slice(out.indexOf('\n') + 1)).toBe(TASK_TEMPLATE);
    FILES['template.yaml'] = out;
    expect((await dmctl('check-config', 'template.yaml')).exitCode).toBe(0);
  });

  it('has its counterpart for sources', async () => {
    const { out } = await dmctl('operate-source', '--print-sample-config');
    expect(out).toMatch(/^# yaml-language-server: \$schema=file:\S+\/docs\/schemas\/source\.schema\.json\n/);
    expect(parse(out)).toMatchObject({ 'source-id': 'mysql-replica-01' });
  });
});
