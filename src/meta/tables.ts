import { quoteIdent } from '../mysql/quote.js';

/**
 * What the meta code needs of a downstream connection; mysql2's promise connection satisfies it. Answers `[result,
 * fields]`.
 */
export interface MetaConnection {
  query(sql: string): Promise<[unknown, unknown]>;
}

/** Quoted, qualified names of a task's tables in the downstream's meta schema. */
export interface MetaTables {
  readonly schema: string;
  /** DM's checkpoint of the sync unit: one global row a source and one row a table (with its structure). */
  readonly syncerCheckpoint: string;
  /** What DM's checkpoint has no room for: position beyond 4 GiB, sequence number, DDL in progress. */
  readonly syncState: string;
  /** Sequence numbers applied beyond the checkpoint: one row a committed batch. */
  readonly applied: string;
  /** XA transactions that are prepared at the checkpoint and not ended. */
  readonly xa: string;
  /** Fencing epochs, one row a writing connection. */
  readonly fence: string;
  /** DM's checkpoint of the load unit, one row a data file. */
  readonly loaderCheckpoint: string;
  /** DM's tables of sharding and online DDL. */
  readonly shardingMeta: string;
  readonly onlineDdl: string;
}

/** Names of the meta tables of `task`. */
export function metaTables(metaSchema: string, task: string): MetaTables {
  const schema = quoteIdent(metaSchema);
  const table = (suffix: string): string => `${schema}.${quoteIdent(`${task}_${suffix}`)}`;
  return {
    schema,
    syncerCheckpoint: table('syncer_checkpoint'),
    syncState: table('sync_state'),
    applied: table('applied'),
    xa: table('xa'),
    fence: table('fence'),
    loaderCheckpoint: table('loader_checkpoint'),
    shardingMeta: table('syncer_sharding_meta'),
    onlineDdl: table('onlineddl'),
  };
}

/**
 * Creates the meta schema and the tables that dump, load and sync use, those that exist already left as they are.
 * Columns of DM's own tables are DM 5.3's.
 */
export async function createMetaTables(connection: MetaConnection, tables: MetaTables): Promise<void> {
  await connection.query(`CREATE DATABASE IF NOT EXISTS ${tables.schema}`);
  for (const statement of createStatements(tables)) await connection.query(statement);
}

/** Drops every meta table of the task, of all its sources; the meta schema stays, it may hold other tasks' tables. */
export async function dropMetaTables(connection: MetaConnection, tables: MetaTables): Promise<void> {
  const { syncerCheckpoint, syncState, applied, xa, fence, loaderCheckpoint, shardingMeta, onlineDdl } = tables;
  // The fence goes first: without its row no writer that is still around can commit anything.
  for (const table of [fence, syncerCheckpoint, syncState, applied, xa, loaderCheckpoint, shardingMeta, onlineDdl]) {
    await connection.query(`DROP TABLE IF EXISTS ${table}`);
  }
}

function createStatements(tables: MetaTables): string[] {
  const times = `create_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP`;
  const options = 'DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin';
  return [
    `CREATE TABLE IF NOT EXISTS ${tables.fence} (
    id VARCHAR(32) NOT NULL COMMENT 'source id',
    slot INT NOT NULL COMMENT 'one for each writing connection of the unit',
    epoch BIGINT NOT NULL COMMENT 'raised by each new owner of the subtask',
    owner VARCHAR(255) NOT NULL DEFAULT '' COMMENT 'worker, for people',
    update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    PRIMARY KEY (id, slot)) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${tables.syncerCheckpoint} (
    id VARCHAR(32) NOT NULL,
    cp_schema VARCHAR(128) NOT NULL,
    cp_table VARCHAR(128) NOT NULL,
    binlog_name VARCHAR(128),
    binlog_pos INT UNSIGNED,
    binlog_gtid LONGTEXT,
    exit_safe_binlog_name VARCHAR(128) DEFAULT '',
    exit_safe_binlog_pos INT UNSIGNED DEFAULT 0,
    exit_safe_binlog_gtid LONGTEXT,
    table_info JSON NOT NULL,
    is_global BOOLEAN,
    ${times},
    UNIQUE KEY uk_id_schema_table (id, cp_schema, cp_table)) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${tables.syncState} (
    id VARCHAR(32) NOT NULL COMMENT 'source id',
    binlog_name VARCHAR(128) NOT NULL,
    binlog_pos BIGINT UNSIGNED NOT NULL,
    seq BIGINT UNSIGNED NOT NULL COMMENT 'changes of the binlog since the start of the task, up to the position',
    applied_seq BIGINT UNSIGNED NOT NULL COMMENT 'every change up to this one is applied; beyond the position inside a transaction',
    ddl LONGTEXT COMMENT 'JSON: statement about to be executed',
    filter LONGTEXT COMMENT 'JSON: filter under which the changes were counted',
    update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    PRIMARY KEY (id)) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${tables.applied} (
    id VARCHAR(32) NOT NULL COMMENT 'source id',
    epoch BIGINT NOT NULL,
    slot INT NOT NULL,
    n BIGINT NOT NULL COMMENT 'number of the batch within epoch and slot',
    max_seq BIGINT UNSIGNED NOT NULL,
    seqs LONGBLOB NOT NULL COMMENT 'delta-encoded row numbers',
    PRIMARY KEY (id, epoch, slot, n)) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${tables.xa} (
    id VARCHAR(32) NOT NULL COMMENT 'source id',
    xid VARCHAR(300) NOT NULL COMMENT 'as in XA COMMIT',
    binlog_name VARCHAR(128) NOT NULL COMMENT 'where its group begins',
    binlog_pos BIGINT UNSIGNED NOT NULL,
    gtid VARCHAR(160) NOT NULL COMMENT 'of its group, empty when it has none',
    gtid_before LONGTEXT NOT NULL COMMENT 'MariaDB: GTID set before its group',
    has_rows BOOLEAN NOT NULL COMMENT 'it changed tables that take part',
    update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    PRIMARY KEY (id, xid)) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${tables.loaderCheckpoint} (
    id CHAR(32) NOT NULL,
    filename VARCHAR(255) NOT NULL,
    cp_schema VARCHAR(128) NOT NULL,
    cp_table VARCHAR(128) NOT NULL,
    \`offset\` BIGINT NOT NULL,
    end_pos BIGINT NOT NULL,
    ${times},
    UNIQUE KEY uk_id_f (id, filename)) ${options}`,
    // DM's `ddls` is a TEXT, which long statements do not fit.
    `CREATE TABLE IF NOT EXISTS ${tables.onlineDdl} (
    id VARCHAR(32) NOT NULL,
    ghost_schema VARCHAR(128) NOT NULL,
    ghost_table VARCHAR(128) NOT NULL,
    ddls LONGTEXT,
    update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    UNIQUE KEY uk_id_schema_table (id, ghost_schema, ghost_table)) ${options}`,
  ];
}
