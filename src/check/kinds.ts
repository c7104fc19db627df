import type { CheckingItem } from '../config/task-schema.js';
import type { TaskMode } from '../config/types.js';
import type { CheckKind } from './report.js';

/** A check, by which item of `ignore-checking-items` it is left out, and in which modes it makes sense. */
export interface Check extends CheckKind {
  item: CheckingItem;
  modes: readonly TaskMode[];
}

const EVERY: readonly TaskMode[] = ['full', 'incremental', 'all'];
const WITH_DUMP: readonly TaskMode[] = ['full', 'all'];
const WITH_SYNC: readonly TaskMode[] = ['incremental', 'all'];

/** DM's checks carry DM's names and descriptions; the others are this product's own, left out by `all` or a related item. */
export const CHECKS = {
  version: check('version', EVERY, 'mysql_version', 'check whether mysql version is satisfied'),
  serverId: check('server_id', WITH_SYNC, 'mysql_server_id', 'check whether mysql server_id has been greater than 0'),
  binlogEnable: check('binlog_enable', WITH_SYNC, 'mysql_binlog_enable', 'check whether mysql binlog is enabled'),
  binlogFormat: check('binlog_format', WITH_SYNC, 'mysql_binlog_format', 'check whether mysql binlog_format is ROW'),
  binlogRowImage: check(
    'binlog_row_image',
    WITH_SYNC,
    'mysql_binlog_row_image',
    'check whether mysql binlog_row_image is FULL',
  ),
  rowValueOptions: check(
    'binlog_row_image',
    WITH_SYNC,
    'mysql_binlog_row_value_options',
    'check whether JSON columns are logged with their whole values',
  ),
  dumpPrivilege: check(
    'dump_privilege',
    WITH_DUMP,
    'source db dump privilege checker',
    'check dump privileges of source DB',
  ),
  replicationPrivilege: check(
    'replication_privilege',
    WITH_SYNC,
    'source db replication privilege checker',
    'check replication privileges of source DB',
  ),
  gtidMode: check('all', WITH_SYNC, 'mysql_gtid_mode', 'check whether GTID is on where the source follows it'),
  startPosition: check('all', WITH_SYNC, 'start position', 'check whether the upstream still has the start position'),
  binlogRetention: check(
    'all',
    WITH_SYNC,
    'binlog retention',
    'check whether the upstream keeps its binlog long enough',
  ),
  binlogDatabases: check('all', WITH_SYNC, 'binlog databases', 'check whether the upstream logs all databases'),
  selection: check('all', EVERY, 'table selection', 'check whether the task selects any table'),
  tableSchema: check(
    'table_schema',
    EVERY,
    'table structure compatibility check',
    'check compatibility of table structure',
  ),
  structures: check(
    'table_schema',
    WITH_DUMP,
    'table structures downstream',
    'check what the target DB makes of structures that it does not have yet',
  ),
  expressions: check(
    'table_schema',
    WITH_SYNC,
    'expression filters',
    'check whether the expressions of `expression-filter` can be evaluated',
  ),
  columnMappings: check('table_schema', EVERY, 'column mappings', 'check whether `column-mappings` fit the tables'),
  dumpSelection: check('table_schema', WITH_DUMP, 'dump selection', 'check what the arguments of the dump select'),
  dumpCondition: check(
    'table_schema',
    WITH_DUMP,
    'dump condition',
    'check whether `where` of the dump can be used on the tables',
  ),
  shardTables: check(
    'schema_of_shard_tables',
    EVERY,
    'sharding table consistency checking',
    'check consistency of sharding table structures',
  ),
  autoIncrement: check(
    'auto_increment_ID',
    EVERY,
    'sharding table auto-increment checking',
    'check conflict of auto-increment keys of sharding tables',
  ),
  routes: check('all', EVERY, 'table routes', 'check whether the routes agree about every table'),
  targetSchemas: check('all', EVERY, 'target schemas', 'check whether the schemas of the target DB exist'),
  targetColumns: check(
    'table_schema',
    WITH_DUMP,
    'target table structures',
    'check whether rows fit the tables of the target DB',
  ),
  targetKeys: check(
    'table_schema',
    EVERY,
    'target table keys',
    'check whether rows can be told apart in the target DB',
  ),
  onlineDdl: check('all', WITH_SYNC, 'online ddl', 'check whether an online DDL is under way'),
  cascades: check('table_schema', WITH_SYNC, 'foreign key cascades', 'check whether cascaded changes are logged'),
  engines: check('table_schema', WITH_DUMP, 'storage engines', 'check whether tables can be read in one snapshot'),
  targetRows: check('all', WITH_DUMP, 'target tables', 'check whether the tables of the target DB are empty'),
  sameServer: check('all', EVERY, 'same server', 'check whether upstream and downstream are different servers'),
  targetPrivilege: check('all', EVERY, 'target db privilege checker', 'check privileges of target DB'),
  targetReadOnly: check('all', EVERY, 'target db read_only', 'check whether the target DB takes writes'),
  timezone: check('all', WITH_DUMP, 'source db time zone', "check whether the source DB knows the task's time zone"),
  targetPacket: check('all', EVERY, 'max_allowed_packet', 'check whether the target DB takes the largest rows'),
  nameCase: check('all', EVERY, 'lower_case_table_names', 'check whether both sides treat the case of names alike'),
} as const satisfies Record<string, Check>;

function check(item: CheckingItem, modes: readonly TaskMode[], name: string, desc: string): Check {
  return { item, modes, name, desc };
}

/** Whether a check is wanted in a mode, with some items left out. */
export function isWanted(wanted: Check, mode: TaskMode, ignored: readonly string[]): boolean {
  return wanted.modes.includes(mode) && !ignored.includes('all') && !ignored.includes(wanted.item);
}
