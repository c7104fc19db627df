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
  compact: boolean;
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
  dump: DumpConfig;
  load: LoadConfig;
  sync: SyncConfig;
  checker: CheckerConfig;
}
