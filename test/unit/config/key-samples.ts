import type { TaskObject } from './key-effects.js';

type Path = (string | number)[];

/** A valid file in which every section is used, to change one key of. */
export function baseTask(): TaskObject {
  return {
    name: 'test',
    'task-mode': 'all',
    'online-ddl': true,
    'target-database': { host: 'h', port: 4000, user: 'u' },
    routes: { r: { 'schema-pattern': 's', 'table-pattern': 't', 'target-schema': 'd' } },
    filters: { f: { 'schema-pattern': 's', action: 'Do' } },
    'expression-filter': { e: { schema: 's', table: 't', 'insert-value-expr': 'a = 1' } },
    'column-mappings': {
      c: {
        'schema-pattern': 's',
        'table-pattern': 't',
        expression: 'partition id',
        'source-column': 'a',
        'target-column': 'a',
        arguments: ['1', 's', 't'],
      },
    },
    'block-allow-list': { b: { 'do-dbs': ['s'] } },
    mydumpers: { m: { threads: 2 } },
    loaders: { l: { 'pool-size': 2 } },
    syncers: { y: { batch: 2 } },
    'mysql-instances': [
      {
        'source-id': 'one',
        'route-rules': ['r'],
        'filter-rules': ['f'],
        'expression-filters': ['e'],
        'column-mapping-rules': ['c'],
        'block-allow-list': 'b',
        'mydumper-config-name': 'm',
        'loader-config-name': 'l',
        'syncer-config-name': 'y',
      },
      { 'source-id': 'two', mydumper: { threads: 3 }, loader: { 'pool-size': 3 }, syncer: { batch: 3 } },
    ],
  };
}

/** Changes of the base, and two values that must give two different outcomes. */
export interface KeySample {
  key: string;
  path: Path;
  values: readonly [unknown, unknown];
  /** What else must be as told for the key to count. */
  with?: Record<string, unknown>;
  /** The key only ever gives a remark. */
  remark?: true;
}

const unit = (section: string, inline: string, keys: Record<string, readonly [unknown, unknown]>): KeySample[] =>
  Object.entries(keys).flatMap(([key, values]) => [
    { key: `.${section}.*.${key}`, path: [section, section === 'syncers' ? 'y' : (section[0] ?? ''), key], values },
    { key: `.mysql-instances[].${inline}.${key}`, path: ['mysql-instances', 1, inline, key], values },
  ]);

const remarks = (samples: readonly KeySample[]): KeySample[] => samples.map((sample) => ({ ...sample, remark: true }));

const rule = (
  section: string,
  name: string,
  keys: Record<string, readonly [unknown, unknown]>,
  more: Partial<KeySample> = {},
): KeySample[] =>
  Object.entries(keys).map(([key, values]) => ({
    key: `.${section}.*.${key}`,
    path: [section, name, key],
    values,
    ...more,
  }));

const top = (keys: Record<string, readonly [unknown, unknown]>, more: Partial<KeySample> = {}): KeySample[] =>
  Object.entries(keys).map(([key, values]) => ({ key: `.${key}`, path: key.split('.'), values, ...more }));

const instance = (keys: Record<string, readonly [unknown, unknown]>, more: Partial<KeySample> = {}): KeySample[] =>
  Object.entries(keys).map(([key, values]) => ({
    key: `.mysql-instances[].${key}`,
    path: ['mysql-instances', 0, ...key.split('.')],
    values,
    ...more,
  }));

const TABLES = [
  [{ 'db-name': 's', 'tbl-name': 'a' }],
  [
    { 'db-name': 's', 'tbl-name': 'b' },
    { 'db-name': 'q', 'tbl-name': '~^c' },
  ],
] as const;
const LISTS = {
  'do-dbs': [['a'], ['~^b', 'c*']],
  'ignore-dbs': [['a'], ['b', 'c']],
  'do-tables': TABLES,
  'ignore-tables': TABLES,
} as const;

export const KEY_SAMPLES: readonly KeySample[] = [
  ...top({
    name: ['one', 'two'],
    'ignore-checking-items': [['version'], ['all', 'server_id']],
    'meta-schema': ['m1', 'm2'],
    timezone: ['Asia/Shanghai', '+08:00'],
    'case-sensitive': [true, false],
    'online-ddl': [true, false],
    'online-ddl-scheme': ['pt', ''],
    'clean-dump-file': [true, false],
    'target-database.host': ['h1', 'h2'],
    'target-database.port': [1, 65_535],
    'target-database.user': ['u1', 'u2'],
    'target-database.password': ['p 1', '0x10'],
    'target-database.max-allowed-packet': [1024, 134_217_728],
    'target-database.session': [{ SQL_mode: 'ANSI_QUOTES' }, { tidb_skip_utf8_check: 1, tidb_x: 'y' }],
    'target-database.security.ssl-ca': ['/a.pem', '/b.pem'],
    'target-database.security.cert-allowed-cn': [['a'], ['b', 'c']],
  }).map((sample) => (sample.key === '.online-ddl-scheme' ? { ...sample, with: { 'online-ddl': false } } : sample)),
  ...top(
    { 'target-database.security.ssl-cert': ['/a.pem', '/b.pem'] },
    { with: { 'target-database.security.ssl-key': '/k.pem' } },
  ),
  ...top(
    { 'target-database.security.ssl-key': ['/a.pem', '/b.pem'] },
    { with: { 'target-database.security.ssl-cert': '/c.pem' } },
  ),
  { key: '.task-mode', path: ['task-mode'], values: ['full', 'all'] },
  ...top({
    'shadow-table-rules': [['^_(.+)_n$'], ['(.+)_g', '_(.+)_n']],
    'trash-table-rules': [['^_(.+)_o$'], ['(.+)_o']],
  }),
  ...remarks(
    top({
      'remove-meta': [true, false],
      'enable-heartbeat': [true, false],
      'heartbeat-update-interval': [1, 2],
      'heartbeat-report-interval': [1, 2],
      'ansi-quotes': [true, false],
      'tidb.status-port': [1, 2],
      'tidb.pd-addr': ['a', 'b'],
      'tidb.backend': ['local', 'tidb'],
    }),
  ),
  ...rule('routes', 'r', {
    'schema-pattern': ['a_*', 'b'],
    'table-pattern': ['a?', 'b[1-3]'],
    'target-schema': ['a', 'b'],
    'target-table': ['a', 'b'],
  }),
  ...rule('filters', 'f', {
    'schema-pattern': ['a_*', 'b'],
    'table-pattern': ['a?', 'b[1-3]'],
    events: [['All DML'], ['drop table', 'insert']],
    'sql-pattern': [['^DROP'], ['a', 'b|c']],
    action: ['Do', 'Ignore'],
  }),
  ...rule('expression-filter', 'e', {
    schema: ['a', 'b'],
    table: ['a', 'b'],
    'insert-value-expr': ['a = 2', 'b IS NULL'],
  }),
  ...rule(
    'expression-filter',
    'e',
    {
      'update-old-value-expr': ['a = 2', 'a = 3'],
      'update-new-value-expr': ['a = 2', 'a = 3'],
      'delete-value-expr': ['a = 2', 'a = 3'],
    },
    { with: { 'expression-filter.e.insert-value-expr': '' } },
  ),
  ...rule('column-mappings', 'c', {
    'schema-pattern': ['a_*', 'b'],
    'table-pattern': ['a?', 'b[1-3]'],
    'source-column': ['b', 'c'],
    'target-column': ['b', 'c'],
    arguments: [
      ['2', 's', 't', '_'],
      ['', 's', 't'],
    ],
  }),
  ...remarks(rule('column-mappings', 'c', { 'create-table-query': ['x', 'y'] })),
  ...rule('block-allow-list', 'b', LISTS),
  ...rule('black-white-list', 'b', LISTS, { with: { 'block-allow-list': {}, 'black-white-list.b': {} } }),
  ...unit('mydumpers', 'mydumper', {
    threads: [5, 6],
    'chunk-filesize': [32, '1GiB'],
    rows: [5, 6],
    'statement-size': [5000, 6000],
    where: ['a > 1', 'b'],
    'extra-args': ['-f a.*', '--no-locks'],
  }),
  ...remarks(unit('mydumpers', 'mydumper', { 'skip-tz-utc': [true, false], 'mydumper-path': ['./a', './b'] })),
  ...unit('loaders', 'loader', { 'pool-size': [5, 6], dir: ['./a', '/b'] }),
  ...unit('syncers', 'syncer', {
    'worker-count': [5, 6],
    batch: [5, 6],
    'safe-mode': [true, false],
    compact: [true, false],
    'multiple-rows': [true, false],
    'queue-size': [5, 6],
    'checkpoint-flush-interval': [5, 6],
  }),
  ...remarks(
    unit('syncers', 'syncer', {
      'enable-gtid': [true, false],
      'auto-fix-gtid': [true, false],
      'enable-ansi-quotes': [true, false],
      'disable-detect': [true, false],
      'max-retry': [1, 2],
      'meta-file': ['a', 'b'],
    }),
  ),
  ...instance({ 'source-id': ['a', 'b'], 'mydumper-thread': [7, 8], 'loader-thread': [7, 8], 'syncer-thread': [7, 8] }),
  ...instance(
    { 'meta.binlog-name': ['a.000001', 'b.000002'], 'meta.binlog-pos': [5, 4_294_967_295] },
    {
      with: {
        'task-mode': 'incremental',
        'mysql-instances.0.meta': { 'binlog-name': 'x.000001' },
        'mysql-instances.1.meta': { 'binlog-name': 'x.000001' },
      },
    },
  ),
  ...instance(
    { 'meta.binlog-gtid': ['0-1-2', '0-1-3'] },
    {
      with: {
        'task-mode': 'incremental',
        'mysql-instances.0.meta': {},
        'mysql-instances.1.meta': { 'binlog-name': 'x.000001' },
      },
    },
  ),
  ...instance(
    { 'route-rules': [['r'], ['r', 'q']] },
    {
      with: {
        'routes.q': { 'schema-pattern': 'q', 'target-schema': 'q' },
        'mysql-instances.1.route-rules': ['r', 'q'],
      },
    },
  ),
  ...instance(
    { 'filter-rules': [['f'], ['g', 'f']] },
    { with: { 'filters.g': { 'schema-pattern': 'q', action: 'Do' }, 'mysql-instances.1.filter-rules': ['g', 'f'] } },
  ),
  ...instance(
    { 'expression-filters': [['e'], ['d', 'e']] },
    {
      with: {
        'expression-filter.d': { schema: 's', table: 't', 'delete-value-expr': 'a' },
        'mysql-instances.1.expression-filters': ['d', 'e'],
      },
    },
  ),
  ...instance({ 'column-mapping-rules': [['c'], []] }, { with: { 'mysql-instances.1.column-mapping-rules': ['c'] } }),
  ...instance({ 'block-allow-list': ['b', ''] }),
  ...instance({ 'black-white-list': ['b', ''] }, { with: { 'mysql-instances.0.block-allow-list': '' } }),
  ...instance(
    { 'mydumper-config-name': ['m', ''] },
    { with: { 'mysql-instances.1.mydumper': null, 'mysql-instances.1.mydumper-config-name': 'm' } },
  ),
  ...instance(
    { 'loader-config-name': ['l', ''] },
    { with: { 'mysql-instances.1.loader': null, 'mysql-instances.1.loader-config-name': 'l' } },
  ),
  ...instance(
    { 'syncer-config-name': ['y', ''] },
    { with: { 'mysql-instances.1.syncer': null, 'mysql-instances.1.syncer-config-name': 'y' } },
  ),
];

/** Sets the value at a path, making maps on the way. */
export function setAt(task: TaskObject, path: readonly (string | number)[], value: unknown): void {
  let at = task as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) {
    if (typeof at[step] !== 'object' || at[step] === null) at[step] = {};
    at = at[step] as Record<string | number, unknown>;
  }
  at[path.at(-1) ?? ''] = value;
}
