import { z } from 'zod';

import {
  blockAllowListSchema,
  databaseSchema,
  eventFilterSchema,
  flag,
  key,
  required,
  text,
  texts,
  UINT32_MAX,
  whole,
} from './schema-parts.js';

const routeSchema = required(
  z.strictObject({
    'schema-pattern': key(text(), 'Upstream databases, with wildcards.'),
    'table-pattern': key(text(), 'Upstream tables, with wildcards; absent makes it a route of databases.'),
    'target-schema': key(text(), 'Downstream database.'),
    'target-table': key(text(), 'Downstream table.'),
  }),
  'schema-pattern',
  'target-schema',
);

const expressionFilterSchema = required(
  z.strictObject({
    schema: key(text(), 'Upstream database, an exact name.'),
    table: key(text(), 'Upstream table, an exact name.'),
    'insert-value-expr': key(text(), 'Drops inserted rows for which the expression is true.'),
    'update-old-value-expr': key(text(), 'Drops updates whose old row makes the expression true.'),
    'update-new-value-expr': key(text(), 'Drops updates whose new row makes the expression true.'),
    'delete-value-expr': key(text(), 'Drops deletes of rows for which the expression is true.'),
  }),
  'schema',
  'table',
);

const columnMappingSchema = required(
  z.strictObject({
    'schema-pattern': key(text(), 'Upstream databases, with wildcards.'),
    'table-pattern': key(text(), 'Upstream tables, with wildcards.'),
    'source-column': key(text(), 'Column that is read.'),
    'target-column': key(text(), 'Column that is written.'),
    expression: key(text(), 'How the value is made.', { enum: ['partition id'] }),
    arguments: key(texts(), 'Arguments of the expression: instance, database prefix, table prefix, separator.'),
    'create-table-query': key(text(), 'Statement that makes the downstream table.'),
  }),
  'schema-pattern',
  'target-column',
  'expression',
  'arguments',
);

/** `mydumpers.<name>`. */
export const dumpSchema = z.strictObject({
  threads: key(whole(), 'Connections that read at the same time.', { default: 4 }),
  'chunk-filesize': key(text(), 'Approximate size of one data file: MB, or a size with its unit (`256MiB`).', {
    default: '64',
  }),
  rows: key(whole(), 'Rows of one chunk of a table; switches reading one table by several connections on.'),
  'statement-size': key(whole(), 'Approximate bytes of one INSERT statement.', { default: 1_000_000 }),
  where: key(text(), 'Condition on the rows to dump, for every table.', { default: '' }),
  'extra-args': key(
    text(),
    'More arguments: `--consistency auto|flush|lock|none`, `--no-locks`, `-t/--threads`, `-F/--filesize`, ' +
      '`-s/--statement-size`, `-r/--rows`, `--where` win over the keys beside them; `-T/--tables-list` and ' +
      '`-f/--filter` name the tables to dump in place of `block-allow-list`, `-B/--database` their databases.',
    { default: '' },
  ),
  'skip-tz-utc': key(flag(), 'No effect.', { deprecated: true }),
  'mydumper-path': key(text(), 'No effect: no program of its own is run.', { deprecated: true }),
});

/** `loaders.<name>`. */
export const loadSchema = z.strictObject({
  'pool-size': key(whole(), 'Connections that load at the same time.', { default: 16 }),
  dir: key(text(), "Directory of the dump files, below the worker's data directory; the task's name is added.", {
    default: './dumped_data',
  }),
});

/** `syncers.<name>`. */
export const syncSchema = z.strictObject({
  'worker-count': key(whole(), 'Connections that apply changes at the same time.', { default: 16 }),
  batch: key(whole(), 'Rows that one downstream transaction changes.', { default: 100 }),
  'safe-mode': key(flag(), 'Always write in the repeatable form: INSERT as REPLACE, UPDATE as DELETE and REPLACE.', {
    default: false,
  }),
  compact: key(flag(), 'Merge changes of one row inside a batch into one.', { default: true }),
  'multiple-rows': key(flag(), 'Merge changes of the same kind into statements of several rows.', { default: true }),
  'queue-size': key(whole(), 'Row changes that wait for one connection at most.', { default: 1024 }),
  'checkpoint-flush-interval': key(whole(), 'Seconds between two writes of the checkpoint.', { default: 30 }),
  'enable-gtid': key(flag(), "No effect: the source's `enable-gtid` decides.", { deprecated: true }),
  'auto-fix-gtid': key(flag(), 'No effect.', { deprecated: true }),
  'enable-ansi-quotes': key(flag(), 'No effect: the sql_mode of each event is used.', { deprecated: true }),
  'disable-detect': key(flag(), 'No effect: conflicts between row changes are always detected.', { deprecated: true }),
  'max-retry': key(whole(), 'No effect.', { deprecated: true }),
  'meta-file': key(text(), 'No effect.', { deprecated: true }),
});

const tidbSchema = z.strictObject({
  'status-port': key(whole(0, 65_535), "TiDB's status port."),
  'pd-addr': key(text(), 'Address of PD.'),
  backend: key(text(), 'How to import.', { enum: ['', 'local', 'tidb'] }),
});

const metaSchema = z.strictObject({
  'binlog-name': key(text(), 'Binlog file of the upstream, e.g. `mysql-bin.000123`.'),
  'binlog-pos': key(whole(0, UINT32_MAX), 'Position in that file.', { default: 4 }),
  'binlog-gtid': key(text(), 'GTID set; required when the source has `enable-gtid: true`.'),
});

const instanceSchema = required(
  z.strictObject({
    'source-id': key(text(), 'The source. Required.'),
    meta: key(metaSchema, 'Where `task-mode: incremental` starts while the task has no checkpoint downstream.'),
    'route-rules': key(texts(), 'Names out of `routes`.', { default: [] }),
    'filter-rules': key(texts(), 'Names out of `filters`.', { default: [] }),
    'column-mapping-rules': key(texts(), 'Names out of `column-mappings`.', { default: [] }),
    'expression-filters': key(texts(), 'Names out of `expression-filter`.', { default: [] }),
    'block-allow-list': key(text(), 'One name out of `block-allow-list`.', { default: '' }),
    'black-white-list': key(text(), 'Old name of `block-allow-list`.', { deprecated: true }),
    'mydumper-config-name': key(text(), 'One name out of `mydumpers`; absent means the defaults.'),
    mydumper: key(dumpSchema, 'The same written here; excludes `mydumper-config-name`.'),
    'mydumper-thread': key(whole(), 'Overrides `threads`.'),
    'loader-config-name': key(text(), 'One name out of `loaders`; absent means the defaults.'),
    loader: key(loadSchema, 'The same written here; excludes `loader-config-name`.'),
    'loader-thread': key(whole(), 'Overrides `pool-size`.'),
    'syncer-config-name': key(text(), 'One name out of `syncers`; absent means the defaults.'),
    syncer: key(syncSchema, 'The same written here; excludes `syncer-config-name`.'),
    'syncer-thread': key(whole(), 'Overrides `worker-count`.'),
  }),
  'source-id',
);

/** Names of `ignore-checking-items`. */
export const CHECKING_ITEMS = [
  'all',
  'dump_privilege',
  'replication_privilege',
  'version',
  'server_id',
  'binlog_enable',
  'binlog_format',
  'binlog_row_image',
  'table_schema',
  'schema_of_shard_tables',
  'auto_increment_ID',
] as const;

export type CheckingItem = (typeof CHECKING_ITEMS)[number];

/** A task file (manual chapter 4.4.1 and its advanced form). */
export const taskFileSchema = required(
  z.strictObject({
    name: key(text(), 'Name of the task. Required, different from all others.'),
    'task-mode': key(text(), '`full` copies, `incremental` replicates, `all` does both. Required.', {
      enum: ['full', 'incremental', 'all'],
    }),
    'shard-mode': key(text(), 'How DDL of sharded tables is coordinated.', {
      enum: ['', 'pessimistic', 'optimistic'],
      default: '',
    }),
    'is-sharding': key(flag(), 'Old form of `shard-mode: pessimistic`.', { deprecated: true }),
    'ignore-checking-items': key(z.array(z.string().meta({ enum: CHECKING_ITEMS })), 'Prechecks to leave out.', {
      default: [],
    }),
    'meta-schema': key(text(), 'Downstream database of checkpoints and other records.', { default: 'dm_meta' }),
    timezone: key(
      text(),
      'Time zone that `where` of the dump is written for: a name (`Asia/Shanghai`) or an offset (`+08:00`).',
      {
        default: '',
      },
    ),
    'case-sensitive': key(flag(), 'Whether names and patterns are matched with regard to case.', { default: false }),
    'online-ddl': key(flag(), 'Follow table changes made by gh-ost and pt-online-schema-change.', { default: false }),
    'online-ddl-scheme': key(text(), 'Old form of `online-ddl: true`.', {
      enum: ['', 'gh-ost', 'pt'],
      deprecated: true,
    }),
    'shadow-table-rules': key(texts(), 'Regular expressions of shadow tables, with one group: the real name.', {
      default: ['^_(.+)_(?:new|gho)$'],
    }),
    'trash-table-rules': key(texts(), 'Regular expressions of trash tables, with one group: the real name.', {
      default: ['^_(.+)_(?:ghc|del|old)$'],
    }),
    'clean-dump-file': key(flag(), 'Remove the dump files once they are loaded.', { default: true }),
    'remove-meta': key(flag(), 'No effect; use `start-task --remove-meta`.', { deprecated: true }),
    'enable-heartbeat': key(flag(), 'No effect.', { deprecated: true }),
    'heartbeat-update-interval': key(whole(), 'No effect.', { deprecated: true }),
    'heartbeat-report-interval': key(whole(), 'No effect.', { deprecated: true }),
    'ansi-quotes': key(flag(), 'No effect: the sql_mode of each event is used.', { deprecated: true }),
    'target-database': key(databaseSchema, 'The downstream. Required.'),
    'mysql-instances': key(z.array(instanceSchema.nullable()), 'The upstreams of the task, at least one. Required.'),
    routes: key(z.record(z.string(), routeSchema), 'Table routing rules, by name.', { default: {} }),
    filters: key(z.record(z.string(), eventFilterSchema), 'Binlog event filters, by name.', { default: {} }),
    'block-allow-list': key(
      z.record(z.string(), blockAllowListSchema),
      'Which databases and tables are migrated, by name. A source without a list migrates all.',
      { default: {} },
    ),
    'black-white-list': key(z.record(z.string(), blockAllowListSchema), 'Old name of `block-allow-list`.', {
      deprecated: true,
    }),
    'expression-filter': key(z.record(z.string(), expressionFilterSchema), 'Row filters by expression, by name.', {
      default: {},
    }),
    'column-mappings': key(z.record(z.string(), columnMappingSchema), 'Column mapping rules, by name.', {
      default: {},
    }),
    mydumpers: key(z.record(z.string(), dumpSchema), 'Settings of the dump unit, by name.', { default: {} }),
    loaders: key(z.record(z.string(), loadSchema), 'Settings of the load unit, by name.', { default: {} }),
    syncers: key(z.record(z.string(), syncSchema), 'Settings of the sync unit, by name.', { default: {} }),
    tidb: key(tidbSchema, 'Import through TiDB Lightning.'),
  }),
  'name',
  'task-mode',
  'target-database',
  'mysql-instances',
);

/** A task file as it is written, after the check of names and types. */
export type TaskFile = z.output<typeof taskFileSchema>;
export type RouteFile = z.output<typeof routeSchema>;
export type ExpressionFilterFile = z.output<typeof expressionFilterSchema>;
export type ColumnMappingFile = z.output<typeof columnMappingSchema>;
export type InstanceFile = z.output<typeof instanceSchema>;
export type DumpFile = z.output<typeof dumpSchema>;
export type LoadFile = z.output<typeof loadSchema>;
export type SyncFile = z.output<typeof syncSchema>;
