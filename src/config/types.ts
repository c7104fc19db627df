/** TLS files by content, so that a configuration can travel to another machine. */
export interface SecurityConfig {
  /** PEM text of the certificate authorities. */
  sslCa?: string;
  /** PEM text of the client certificate. */
  sslCert?: string;
  /** PEM text of the client key. Secret. */
  sslKey?: string;
  certAllowedCn?: string[];
}

/** How to reach one MySQL-compatible server. */
export interface DatabaseConfig {
  host: string;
  port: number;
  user: string;
  /** Plain text in memory; sealed (see `secret.ts`) wherever a configuration is stored or sent. */
  password: string;
  /** Bytes. */
  maxAllowedPacket?: number;
  /** Session variables, names in lower case. */
  session?: Record<string, string>;
  security?: SecurityConfig;
}

/** Server family whose binlog is read. */
export type Flavor = 'mysql' | 'mariadb';

/** `checker` of the source file: automatic resume (manual section 8.3.4.2.3). Durations in milliseconds. */
export interface CheckerConfig {
  checkEnable: boolean;
  backoffRollbackMs: number;
  backoffMaxMs: number;
  backoffMinMs: number;
  backoffFactor: number;
  backoffJitter: boolean;
  checkIntervalMs: number;
}

/** A source file (manual section 8.3.4), complete: every default filled in. */
export interface SourceConfig {
  sourceId: string;
  enableGtid: boolean;
  flavor: Flavor;
  serverId: number;
  /** The user chose `serverId`; otherwise each task derives an id of its own from it. */
  serverIdGiven?: boolean;
  from: DatabaseConfig;
  caseSensitive: boolean;
  /** Binlog event filter of every task on this source. */
  filters?: EventFilterRule[];
  checker: CheckerConfig;
}

export type TaskMode = 'full' | 'incremental' | 'all';

/** Where incremental replication starts when there is no checkpoint (`mysql-instances[].meta`). */
export interface StartMeta {
  binlogName?: string;
  binlogPos?: number;
  binlogGtid?: string;
}

/** `block-allow-list`; names may hold `*` and `?`, or be regular expressions after `~`. */
export interface BlockAllowList {
  doDbs?: string[];
  ignoreDbs?: string[];
  doTables?: { dbName: string; tblName: string }[];
  ignoreTables?: { dbName: string; tblName: string }[];
}

/** One rule of `routes` (manual section 1.3.1.1). Without `tablePattern` it is a route of databases. */
export interface RouteRule {
  /** Name in the task file, for messages. */
  name: string;
  schemaPattern: string;
  tablePattern?: string;
  targetSchema: string;
  /** Absent, tables keep their names. */
  targetTable?: string;
}

/** One rule of `filters`, of the task or the source (manual section 1.3.1.3). */
export interface EventFilterRule {
  /** Name in the task file, or its place in the source file, for messages. */
  name: string;
  schemaPattern: string;
  tablePattern?: string;
  /** In lower case, as the manual lists them. */
  events: string[];
  /** Regular expressions (RE2) over the text of DDL. */
  sqlPattern: string[];
  action: 'Do' | 'Ignore';
  /** Differs between rules of the task and of the source. */
  caseSensitive: boolean;
}

/** One rule of `expression-filter` (manual section 1.4.3). Names are exact. */
export interface ExpressionFilterRule {
  name: string;
  schema: string;
  table: string;
  insertValueExpr?: string;
  updateOldValueExpr?: string;
  updateNewValueExpr?: string;
  deleteValueExpr?: string;
}

/** Following of gh-ost and pt-online-schema-change (manual section 1.4.2). Anchored regular expressions of one group. */
export interface OnlineDdlConfig {
  shadowTableRules: string[];
  trashTableRules: string[];
}

/** One rule of `column-mappings`: the value of a column is made from another's by `partition id`. */
export interface ColumnMappingRule {
  name: string;
  schemaPattern: string;
  tablePattern: string;
  sourceColumn: string;
  targetColumn: string;
  expression: 'partition id';
  /** Instance, prefix of databases, prefix of tables, separator. */
  arguments: string[];
}

export type DumpConsistency = 'auto' | 'flush' | 'lock' | 'none';

/** `mydumpers.<name>` with its `extra-args` read. */
export interface DumpConfig {
  threads: number;
  /** Bytes. */
  chunkFilesize: number;
  /** Rows of one chunk; undefined lets the unit choose. */
  rows?: number;
  /** Bytes of one INSERT statement. */
  statementSize: number;
  where?: string;
  consistency: DumpConsistency;
  /** `--database`: of what is selected, only these databases. */
  databases?: string[];
  /** `--tables-list`: exactly these tables, whatever `block-allow-list` selects. */
  tables?: { schema: string; table: string }[];
  /** `--filter`: rules of the dump tool's language in the place of `block-allow-list`. */
  tableFilter?: string[];
}

/** `loaders.<name>`. */
export interface LoadConfig {
  poolSize: number;
  /** Directory of the dump files. Relative to the worker's data directory; holds the task's name already. */
  dir: string;
}

/** `syncers.<name>`. */
export interface SyncConfig {
  workerCount: number;
  batch: number;
  safeMode: boolean;
  /** Changes of one row inside a batch become one. */
  compact: boolean;
  /** Changes of one kind become statements of several rows. */
  multipleRows: boolean;
  queueSize: number;
  checkpointFlushIntervalMs: number;
}

/** One source's part of a task: everything that the units of a subtask need, nothing to look up elsewhere. */
export interface SubtaskConfig {
  task: string;
  taskMode: TaskMode;
  sourceId: string;
  flavor: Flavor;
  serverId: number;
  enableGtid: boolean;
  metaSchema: string;
  /** `+00:00` form or a zone name; empty = UTC on every connection. */
  timezone: string;
  caseSensitive: boolean;
  cleanDumpFile: boolean;
  ignoreCheckingItems: string[];
  from: DatabaseConfig;
  to: DatabaseConfig;
  meta?: StartMeta;
  blockAllowList?: BlockAllowList;
  routes?: RouteRule[];
  /** Rules of the task and of its source. */
  filters?: EventFilterRule[];
  expressionFilters?: ExpressionFilterRule[];
  /** Present when `online-ddl` is on. */
  onlineDdl?: OnlineDdlConfig;
  columnMappings?: ColumnMappingRule[];
  dump: DumpConfig;
  load: LoadConfig;
  sync: SyncConfig;
  checker: CheckerConfig;
}
