import { describe, expect, it } from 'vitest';
import { DmError } from '../../../src/errors/dm-error.js';
import { readTaskFile } from '../../../src/config/task-file.js';
import { SHORT_TASK_FILE, TASK_FILE } from './samples.js';

/** A wrong file as a change of a good one: what is replaced by what, the code, the line, and a part of the message. */
type Case = readonly [change: readonly [from: string, to: string], code: number, line: number, text: string];

function errorOf(text: string): DmError {
  try {
    readTaskFile(text, 'task.yaml', {
      readFile: (path) => {
        if (path.includes('missing')) throw new Error(`no such file ${path}`);
        return path.includes('empty') ? '' : '-----BEGIN CERTIFICATE-----';
      },
    });
  } catch (error) {
    if (error instanceof DmError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}

function run(base: string, cases: readonly Case[]): void {
  it.each(cases.map(([change, code, line, text]) => ({ change, code, line, text })))(
    '$code at line $line: $text',
    ({ change: [from, to], code, line, text }) => {
      expect(base).toContain(from);
      const error = errorOf(base.replace(from, () => to));
      expect(error.code).toBe(code);
      expect(error.message).toMatch(new RegExp(`^task\\.yaml, line ${line}, column \\d+`));
      expect(error.message).toContain(text);
      expect(error.workaround).not.toBe('');
    },
  );
}

const key = (name: string, text = ''): string => `key "${name}": ${text}`;

describe('unknown and misspelled keys', () => {
  run(TASK_FILE, [
    [['name: test', 'nme: test'], 20003, 2, key('nme', 'unknown key; did you mean "name"?')],
    [['task-mode: all', 'task_mode: all'], 20003, 3, key('task_mode', 'unknown key; did you mean "task-mode"?')],
    [['meta-schema:', 'metaschema:'], 20003, 4, 'did you mean "meta-schema"?'],
    [['timezone:', 'time-zone:'], 20003, 5, 'did you mean "timezone"?'],
    [['case-sensitive:', 'case-sensitiv:'], 20003, 6, 'did you mean "case-sensitive"?'],
    [['ignore-checking-items:', 'ignore-checking:'], 20003, 8, key('ignore-checking', 'unknown key')],
    [['clean-dump-file:', 'clean-dump-files:'], 20003, 9, 'did you mean "clean-dump-file"?'],
    [['target-database:', 'target-databse:'], 20003, 11, 'did you mean "target-database"?'],
    [['  host:', '  hots:'], 20003, 12, key('target-database.hots', 'unknown key; did you mean "host"?')],
    [['  port:', '  prot:'], 20003, 13, key('target-database.prot', 'unknown key; did you mean "port"?')],
    [['  user: "root"', '  username: "root"'], 20003, 14, key('target-database.username', 'unknown key')],
    [['  password: "secret"', '  passwd: "secret"'], 20003, 15, 'did you mean "password"?'],
    [['max-allowed-packet', 'max_allowed_packet'], 20003, 16, 'did you mean "max-allowed-packet"?'],
    [['block-allow-list:', 'block-allowlist:'], 20003, 21, 'did you mean "block-allow-list"?'],
    [['do-dbs:', 'do-db:'], 20003, 23, key('block-allow-list.bw-rule-1.do-db', 'unknown key; did you mean "do-dbs"?')],
    [['ignore-dbs:', 'ignored-dbs:'], 20003, 24, 'did you mean "ignore-dbs"?'],
    [['do-tables:', 'do-table:'], 20003, 25, 'did you mean "do-tables"?'],
    [['- db-name:', '- dbname:'], 20003, 26, key('block-allow-list.bw-rule-1.do-tables[0].dbname', 'unknown key')],
    [['mydumpers:', 'mydumper:'], 20003, 31, 'did you mean "mydumpers"?'],
    [
      ['    threads:', '    thread:'],
      20003,
      33,
      key('mydumpers.global.thread', 'unknown key; did you mean "threads"?'),
    ],
    [['chunk-filesize', 'chunk-file-size'], 20003, 34, 'did you mean "chunk-filesize"?'],
    [['extra-args', 'extra_args'], 20003, 36, 'did you mean "extra-args"?'],
    [['pool-size', 'poolsize'], 20003, 40, 'did you mean "pool-size"?'],
    [['worker-count', 'workers-count'], 20003, 45, 'did you mean "worker-count"?'],
    [['safe-mode', 'safemode'], 20003, 47, 'did you mean "safe-mode"?'],
    [['multiple-rows', 'multi-rows'], 20003, 49, key('syncers.global.multi-rows', 'unknown key')],
    [['mysql-instances:', 'mysql-instance:'], 20003, 53, 'did you mean "mysql-instances"?'],
    [['- source-id: "mysql-replica-01"', '- sourceid: "mysql-replica-01"'], 20003, 54, 'did you mean "source-id"?'],
    [['syncer-thread: 18', 'sync-thread: 18'], 20003, 62, 'did you mean "syncer-thread"?'],
  ]);
});

describe('syntax', () => {
  run(SHORT_TASK_FILE, [
    [['name: test', 'name: test\nname: test2'], 20003, 2, 'key "name": stands twice'],
    [['  port: 4000', '  port: 4000\n  port: 4001'], 20003, 6, 'key "port": stands twice'],
    [['task-mode: all', 'task-mode: [all'], 20003, 3, ': '],
    [['name: test', 'name: "test'], 20003, 9, 'Missing closing "quote'],
    [['  host: 127.0.0.1', '\thost: 127.0.0.1'], 20003, 4, ''],
    [['name: test', 'name: test\n---\nname: other'], 20003, 2, ''],
    [['name: test', 'name: *nobody'], 20003, 1, ''],
    [['name: test', 'name: test: x'], 20003, 1, ''],
  ]);
});

describe('files that are none', () => {
  it('are repeated in a message in part, without control characters', () => {
    const { message } = errorOf(`\u0085binary ${'x'.repeat(1_000_000)}`);
    expect(message).toContain('expected a map of keys, got the text "');
    expect(message.length).toBeLessThan(200);
    expect(errorOf('"a\\e[2Jb"').message).toContain('got the text "a\\u001b[2Jb"');
  });
});

describe('types', () => {
  run(TASK_FILE, [
    [['name: test', 'name: [test]'], 20003, 2, key('name', 'expected a text, got a list')],
    [['name: test', 'name: {a: b}'], 20003, 2, key('name', 'expected a text, got a map of keys')],
    [['task-mode: all', 'task-mode: [all]'], 20003, 3, key('task-mode', 'expected a text')],
    [['case-sensitive: true', 'case-sensitive: maybe'], 20003, 6, 'expected true or false, got the text "maybe"'],
    [['case-sensitive: true', 'case-sensitive: 1'], 20003, 6, 'expected true or false, got 1'],
    [['online-ddl: false', 'online-ddl: "x"'], 20003, 7, key('online-ddl', 'expected true or false')],
    [['["version"]', 'version'], 20003, 8, key('ignore-checking-items', 'expected a list, got the text "version"')],
    [['clean-dump-file: false', 'clean-dump-file: {}'], 20003, 9, 'expected true or false, got a map of keys'],
    [['port: 4000', 'port: "four"'], 20003, 13, 'expected a number, got the text "four"'],
    [['port: 4000', 'port: 4000.5'], 20003, 13, 'expected a whole number'],
    [['port: 4000', 'port: 70000'], 20003, 13, 'must not be more than 65535'],
    [['port: 4000', 'port: 0'], 20003, 13, 'must not be less than 1'],
    [['port: 4000', 'port: [4000]'], 20003, 13, 'expected a number, got a list'],
    [['67108864', '10'], 20003, 16, 'must not be less than 1024'],
    [['67108864', '64MB'], 20003, 16, 'expected a number, got the text "64MB"'],
    [['    tidb_skip_utf8_check: 1', '    tidb_skip_utf8_check: [1]'], 20003, 19, 'expected a text, got a list'],
    [['do-dbs: ["~^test.*", "user"]', 'do-dbs: user'], 20003, 23, 'expected a list, got the text "user"'],
    [['do-dbs: ["~^test.*", "user"]', 'do-dbs: [[a]]'], 20003, 23, 'bw-rule-1.do-dbs[0]": expected a text'],
    [['- db-name: "user"\n      tbl-name: "information"', '- user'], 20003, 28, 'expected a map of keys'],
    [['threads: 6', 'threads: six'], 20003, 33, 'expected a number'],
    [['threads: 6', 'threads: -1'], 20003, 33, 'must not be less than 0'],
    [['pool-size: 8', 'pool-size: 8.5'], 20003, 40, 'expected a whole number'],
    [['batch: 200', 'batch: "200"'], 20003, 46, 'expected a number, got the text "200"'],
    [['safe-mode: true', 'safe-mode: 2'], 20003, 47, 'expected true or false, got 2'],
    [['checkpoint-flush-interval: 10', 'checkpoint-flush-interval: 30s'], 20003, 51, 'got the text "30s"'],
    [
      ['mydumper-thread: 5', 'mydumper-thread: many'],
      20003,
      60,
      'mysql-instances[1].mydumper-thread": expected a number',
    ],
  ]);
  run(SHORT_TASK_FILE, [
    [['\n  - source-id: mysql-replica-01', ' none'], 20003, 7, key('mysql-instances', 'expected a list')],
    [['\n  - source-id: mysql-replica-01', '\n  source-id: a'], 20003, 7, 'expected a list, got a map of keys'],
    [['  - source-id: mysql-replica-01', '  - mysql-replica-01'], 20003, 8, 'expected a map of keys'],
    [['  - source-id: mysql-replica-01', '  - source-id: a\n    meta: x'], 20003, 9, 'meta": expected a map of keys'],
  ]);
});

describe("DM's rules, in DM's order", () => {
  run(SHORT_TASK_FILE, [
    [['name: test', 'timezone: ""'], 20019, 1, 'must specify a unique task name'],
    [['name: test', 'name: ""'], 20019, 1, key('name', 'must specify a unique task name')],
    [['name: test', 'name:'], 20019, 1, 'must specify a unique task name'],
    [['task-mode: all', 'task-mode: both'], 20020, 2, 'please specify right task-mode'],
    [['task-mode: all', 'task-mode: ALL'], 20020, 2, 'please specify right task-mode'],
    [['task-mode: all\n', ''], 20020, 1, 'please specify right task-mode'],
    [['task-mode: all', 'task-mode: all\nshard-mode: strict'], 20033, 3, 'shard mode strict not supported'],
    [['task-mode: all', 'task-mode: all\nignore-checking-items: [versions]'], 20001, 3, 'checking item versions'],
    [['task-mode: all', 'task-mode: all\nignore-checking-items: [all, ALL]'], 20001, 3, 'checking item ALL is not'],
    [['task-mode: all', 'task-mode: all\nignore-checking-items: [auto_increment_id]'], 20001, 3, 'auto_increment_ID'],
    [['task-mode: all', 'task-mode: all\nonline-ddl-scheme: ghost'], 20007, 3, 'online scheme ghost not supported'],
    [['  host: 127.0.0.1\n  port: 4000\n  user: root\n', ''], 20021, 3, 'must specify target-database'],
    [['\n  - source-id: mysql-replica-01', ''], 20013, 7, 'must specify at least one mysql-instances'],
    [['\n  - source-id: mysql-replica-01', ' []'], 20013, 7, 'must specify at least one mysql-instances'],
    [['  - source-id: mysql-replica-01', '  -'], 20012, 8, 'mysql instance config must specify'],
    [['  - source-id: mysql-replica-01', '  - source-id: ""'], 20005, 8, 'empty source-id not valid'],
    [['  - source-id: mysql-replica-01', '  - loader-thread: 3'], 20005, 8, 'empty source-id not valid'],
    [['replica-01\n', 'replica-01\n    meta: {binlog-pos: 4}\n'], 20011, 9, 'must specify `binlog-name`'],
    [['replica-01\n', 'replica-01\n  - source-id: mysql-replica-01\n'], 20014, 9, '(0) and (1) have same source-id'],
    [['task-mode: all', 'task-mode: incremental'], 20022, 8, 'must set meta for task-mode incremental'],
    [['replica-01\n', `replica-01\n    source-id2: x\n`], 20003, 9, 'unknown key'],
    [['replica-01\n', 'replica-01\n    route-rules: [r]\n'], 20023, 9, 'route-rules r not exist in routes'],
    [['replica-01\n', 'replica-01\n    filter-rules: [f]\n'], 20024, 9, 'filter-rules f not exist in filters'],
    [['replica-01\n', 'replica-01\n    column-mapping-rules: [c]\n'], 20025, 9, 'column-mapping-rules c not exist'],
    [['replica-01\n', 'replica-01\n    block-allow-list: b\n'], 20026, 9, 'list b not exist in block allow list'],
    [['replica-01\n', 'replica-01\n    black-white-list: b\n'], 20026, 9, 'list b not exist in block allow list'],
    [['replica-01\n', 'replica-01\n    mydumper-config-name: m\n'], 20027, 9, 'mydumper config m not exist'],
    [['replica-01\n', 'replica-01\n    loader-config-name: l\n'], 20029, 9, 'loader config l not exist'],
    [['replica-01\n', 'replica-01\n    syncer-config-name: s\n'], 20030, 9, 'syncer config s not exist'],
    [['replica-01\n', 'replica-01\n    expression-filters: [e]\n'], 20040, 9, 'expression-filters e not exist'],
    [
      ['replica-01\n', 'replica-01\n    syncer-config-name: s\n    syncer: {batch: 1}\n'],
      20017,
      10,
      'syncer-config-name and syncer should only specify one',
    ],
    [['replica-01\n', 'replica-01\n    loader-config-name: s\n    loader: {}\n'], 20016, 10, 'should only specify one'],
    [['replica-01\n', 'replica-01\n    mydumper-config-name: s\n    mydumper: {}\n'], 20015, 10, 'only specify one'],
    [['name: test', 'name: test\nroutes: {r: {}}'], 20038, 2, '[r] are set in global configuration'],
    [['name: test', 'name: test\nfilters: {f: {}}'], 20038, 2, '[f] are set'],
    [['name: test', 'name: test\nmydumpers: {m: {}, a: {}}'], 20038, 2, '[a m] are set'],
    [['name: test', 'name: test\nloaders:\n  l:\n    dir: x'], 20038, 3, '[l] are set'],
    [['name: test', 'name: test\nsyncers: {s: }'], 20038, 2, '[s] are set'],
    [['name: test', 'name: test\ntimezone: SYSTEM'], 20008, 2, 'invalid timezone string: SYSTEM'],
    [['name: test', 'name: test\ntimezone: Local'], 20008, 2, 'invalid timezone string: Local'],
    [['name: test', 'name: test\ntimezone: "+15:00"'], 20008, 2, 'invalid timezone string: +15:00'],
    [['name: test', 'name: test\ntimezone: Mars/Base'], 20008, 2, 'invalid timezone string: Mars/Base'],
    [['mysql-replica-01', 'a'.repeat(33)], 20006, 8, 'too long source-id not valid'],
    [['name: test', 'name: test\nblock-allow-list: {b: {do-dbs: ["a*b"]}}'], 20044, 2, 'generate block allow list'],
    [['name: test', 'name: test\nblock-allow-list: {b: {ignore-dbs: ["~("]}}'], 20044, 2, 'ignore-dbs[0]"'],
    [['name: test', 'name: test\nblock-allow-list: {b: {do-dbs: ["~^(?!x)"]}}'], 20044, 2, 'do-dbs[0]"'],
    [['name: test', 'name: test\nblock-allow-list: {b: {do-tables: [{db-name: a}]}}'], 20044, 2, 'tbl-name"'],
    [['name: test', 'name: test\nshadow-table-rules: ["^_(.+)_(new)$"]'], 20048, 2, 'exactly one group, not 2'],
    [['name: test', 'name: test\ntrash-table-rules: ["("]'], 20048, 2, 'trash-table-rules'],
    [
      ['name: test', 'name: test\nexpression-filter: {e: {table: t}}'],
      20042,
      2,
      'expression-filter e has empty schema',
    ],
    [
      [
        'name: test',
        'name: test\nexpression-filter: {e: {schema: s, table: t, insert-value-expr: a, delete-value-expr: b}}',
      ],
      20039,
      2,
      'e has specified [insert delete]',
    ],
    [['replica-01\n', 'replica-01\n    mydumper: {chunk-filesize: 64XB}\n'], 20047, 9, 'invalid `chunk-filesize` 64XB'],
    [['replica-01\n', 'replica-01\n    mydumper: {chunk-filesize: -1}\n'], 20047, 9, 'invalid `chunk-filesize` -1'],
  ]);

  it('collects what is named twice', () => {
    const text = `routes: {r: {}, q: {}}
filters: {f: {}}
${SHORT_TASK_FILE}    route-rules: [r, r, q]
    filter-rules: [f, f]
`;
    const error = errorOf(text);
    expect([error.code, error.message]).toEqual([
      20032,
      'task.yaml, line 11, column 5, key "mysql-instances[0].route-rules": the following mysql configs have duplicate items, please remove the duplicates: ' +
        "mysql-instance(0)'s route-rules: r\nmysql-instance(0)'s filter-rules: f",
    ]);
  });

  it('suggests the name that was meant', () => {
    const text = `block-allow-list: {bw-rule-1: {}}\n${SHORT_TASK_FILE}    block-allow-list: bw-rule1\n`;
    expect(errorOf(text).workaround).toBe('Did you mean "bw-rule-1"?');
  });

  it('names every wrong key at once', () => {
    const error = errorOf(SHORT_TASK_FILE.replace('host', 'hst').replace('4000', 'x').replace('name', 'nam'));
    expect(error.message.split('; task.yaml')).toHaveLength(3);
  });
});

describe('values nobody else judges', () => {
  run(SHORT_TASK_FILE, [
    [['  host: 127.0.0.1\n', ''], 20003, 3, key('target-database.host', 'a value is required')],
    [['host: 127.0.0.1', 'host: ""'], 20003, 4, key('target-database.host', 'a value is required')],
    [['  port: 4000\n', ''], 20003, 3, key('target-database.port', 'a value is required')],
    [['user: root', 'user:'], 20003, 6, key('target-database.user', 'a value is required')],
    [['name: test', `name: ${'x'.repeat(44)}`], 20003, 1, 'must not be longer than 43 characters'],
    [['name: test', 'name: a/b'], 20003, 1, 'must not hold a slash'],
    [['name: test', 'name: "a\\nb"'], 20003, 1, 'control characters'],
    [['name: test', `name: test\nmeta-schema: ${'x'.repeat(65)}`], 20003, 2, 'longer than 64'],
    [['user: root', 'user: root\n  session: {"a b": 1}'], 20003, 7, 'not the name of a session variable'],
    [['user: root', 'user: root\n  session: {sql_mode: a, SQL_MODE: b}'], 20003, 7, 'stands twice, in different case'],
    [['user: root', 'user: root\n  security: {ssl-ca: /missing.pem}'], 20018, 7, 'read config file /missing.pem'],
    [['user: root', 'user: root\n  security: {ssl-ca: /empty.pem}'], 11112, 7, 'invalid TLS config'],
    [['user: root', 'user: root\n  security: {ssl-cert: /c.pem}'], 11112, 7, 'ssl-key": invalid TLS config'],
    [['user: root', 'user: root\n  security: {ssl-key: /c.pem}'], 11112, 7, 'ssl-cert": invalid TLS config'],
    [['user: root', 'user: root\n  password: ZqMLjZ2j5khNe1DEfDoUhkD5aV5fIJ0e0fiog9w='], 20010, 7, 'password'],
  ]);
});

describe('extra-args', () => {
  const line = (args: string): readonly [string, string] => [
    'replica-01\n',
    `replica-01\n    mydumper:\n      extra-args: ${JSON.stringify(args)}\n`,
  ];
  run(SHORT_TASK_FILE, [
    [line('--consistency snapshot'), 20003, 10, '"snapshot" needs an upstream'],
    [line('--consistency maybe'), 20003, 10, '"maybe" is none of auto, flush, lock, none'],
    [line('--no-locks --consistency flush'), 20003, 10, '--consistency flush contradicts'],
    [line('-T test'), 20003, 10, '"test" is not of the form database.table'],
    [line('-T a.b --filter c.*'), 20003, 10, '--tables-list and --filter exclude each other'],
    [line('-f test'), 20003, 10, '`test` lacks a dot'],
    [line('-f /(?!a)/.*'), 20003, 10, 'look-around'],
    [line('-f @tables.txt'), 20003, 10, 'rules out of a file'],
    [line('--ca /ca.pem'), 20003, 10, "use `from.security` of the source's file"],
    [line('--snapshot 123'), 20003, 10, 'argument "--snapshot" needs an upstream that keeps old versions'],
    [line('-t'), 20003, 10, '-t needs a value'],
    [line('-t zero'), 20003, 10, '"zero" is not a whole number'],
    [line('-t 0'), 20003, 10, 'must not be less than 1'],
    [line('-F abc'), 20003, 10, '"abc" is not a size'],
    [line('--where "a > 1'), 20003, 10, 'a quote is not closed'],
    [line('--no-views=false'), 20003, 10, 'views are never dumped'],
  ]);
});

describe('features of later versions are refused, never ignored', () => {
  const not = 'is not available in this version';
  run(SHORT_TASK_FILE, [
    [['name: test', 'name: test\nshard-mode: pessimistic'], 20003, 2, not],
    [['name: test', 'name: test\nshard-mode: optimistic'], 20003, 2, not],
    [['name: test', 'name: test\nis-sharding: true'], 20003, 2, not],
  ]);

  it('but not when they ask for nothing', () => {
    const text = `online-ddl: false
online-ddl-scheme: ""
shard-mode: ""
is-sharding: false
routes: {}
filters:
shadow-table-rules: []
${SHORT_TASK_FILE}    route-rules: []
`;
    expect(readTaskFile(text, 'task.yaml').name).toBe('test');
  });
});
