import { stringify } from 'yaml';

import { formatGoDuration } from './go-duration.js';
import { MASK } from './mask.js';
import type { OfflineSubtask, UnknownPart } from './offline.js';
import type {
  BlockAllowList,
  CheckerConfig,
  ColumnMappingRule,
  DatabaseConfig,
  DumpConfig,
  EventFilterRule,
  ExpressionFilterRule,
  RouteRule,
  SecurityConfig,
  SourceConfig,
  StartMeta,
  SyncConfig,
} from './types.js';

type Keys = Record<string, unknown>;

/** A complete source configuration as a source file, secrets masked and TLS files left out. */
export function renderSource(config: SourceConfig): string {
  return stringify(
    withoutAbsent({
      'enable-gtid': config.enableGtid,
      flavor: config.flavor,
      'source-id': config.sourceId,
      from: renderDatabase(config.from),
      // An id that was chosen for the source is none of the file: given there, it would serve one task alone.
      'server-id': config.serverIdGiven === true ? config.serverId : undefined,
      'case-sensitive': config.caseSensitive,
      checker: renderChecker(config.checker),
      filters: config.filters?.map(renderEventFilter),
    }),
    { lineWidth: 0 },
  );
}

/**
 * What one source of a task gets, in the words of the files, every default filled in: secrets masked, TLS files by their
 * mention. What is not known without the source is left out and said so.
 */
export function renderSubtask({ config, unknown }: OfflineSubtask): string {
  const known = (part: UnknownPart): boolean => !unknown.includes(part) && !unknown.includes('source');
  const source: Keys = {
    from: { ...renderDatabase(config.from), ...renderSecurity(config.from.security) },
    flavor: known('flavor') ? config.flavor : undefined,
    'server-id': known('server-id') ? config.serverId : undefined,
    'enable-gtid': config.enableGtid,
    checker: renderChecker(config.checker),
  };
  const keys = withoutAbsent({
    'source-id': config.sourceId,
    name: config.task,
    'task-mode': config.taskMode,
    'meta-schema': config.metaSchema,
    timezone: config.timezone,
    'case-sensitive': config.caseSensitive,
    'clean-dump-file': config.cleanDumpFile,
    'ignore-checking-items': config.ignoreCheckingItems,
    ...(known('source') ? source : {}),
    'target-database': { ...renderDatabase(config.to), ...renderSecurity(config.to.security) },
    meta: config.meta === undefined ? undefined : renderMeta(config.meta),
    'block-allow-list': config.blockAllowList === undefined ? undefined : renderList(config.blockAllowList),
    routes: config.routes?.map(renderRoute),
    filters: config.filters?.map((rule) => ({ name: rule.name, ...renderEventFilter(rule) })),
    'expression-filter': config.expressionFilters?.map(renderExpressionFilter),
    'column-mappings': config.columnMappings?.map(renderColumnMapping),
    'online-ddl': config.onlineDdl !== undefined,
    'shadow-table-rules': config.onlineDdl?.shadowTableRules,
    'trash-table-rules': config.onlineDdl?.trashTableRules,
    mydumper: renderDump(config.dump),
    loader: { 'pool-size': config.load.poolSize, dir: config.load.dir },
    syncer: renderSync(config.sync),
  });
  return `# ${heading(config.sourceId, unknown)}\n${stringify(keys, { lineWidth: 0 })}`;
}

function heading(sourceId: string, unknown: readonly UnknownPart[]): string {
  if (unknown.includes('source')) return `source ${JSON.stringify(sourceId)}, whose own file was not given`;
  const open = unknown.length === 0 ? '' : `; ${unknown.join(' and ')} will be asked of its server`;
  return `source ${JSON.stringify(sourceId)}${open}`;
}

function renderDatabase(database: DatabaseConfig): Keys {
  const { host, port, user, password, maxAllowedPacket, session } = database;
  return withoutAbsent({
    host,
    port,
    user,
    password: password === '' ? '' : MASK,
    'max-allowed-packet': maxAllowedPacket,
    session,
  });
}

const CONTENT = '(content of the file)';

function renderSecurity(security: SecurityConfig | undefined): Keys {
  if (security === undefined) return {};
  return {
    security: withoutAbsent({
      'ssl-ca': security.sslCa === undefined ? undefined : CONTENT,
      'ssl-cert': security.sslCert === undefined ? undefined : CONTENT,
      'ssl-key': security.sslKey === undefined ? undefined : MASK,
      'cert-allowed-cn': security.certAllowedCn,
    }),
  };
}

function renderChecker(checker: CheckerConfig): Keys {
  return {
    'check-enable': checker.checkEnable,
    'backoff-rollback': formatGoDuration(checker.backoffRollbackMs),
    'backoff-max': formatGoDuration(checker.backoffMaxMs),
    'check-interval': formatGoDuration(checker.checkIntervalMs),
    'backoff-min': formatGoDuration(checker.backoffMinMs),
    'backoff-jitter': checker.backoffJitter,
    'backoff-factor': checker.backoffFactor,
  };
}

function renderMeta(meta: StartMeta): Keys {
  return withoutAbsent({
    'binlog-name': meta.binlogName,
    'binlog-pos': meta.binlogPos,
    'binlog-gtid': meta.binlogGtid,
  });
}

function renderList(list: BlockAllowList): Keys {
  const tables = (entries: BlockAllowList['doTables']): Keys[] | undefined =>
    entries?.map((entry) => ({ 'db-name': entry.dbName, 'tbl-name': entry.tblName }));
  return withoutAbsent({
    'do-dbs': list.doDbs,
    'ignore-dbs': list.ignoreDbs,
    'do-tables': tables(list.doTables),
    'ignore-tables': tables(list.ignoreTables),
  });
}

function renderRoute(rule: RouteRule): Keys {
  return withoutAbsent({
    name: rule.name,
    'schema-pattern': rule.schemaPattern,
    'table-pattern': rule.tablePattern,
    'target-schema': rule.targetSchema,
    'target-table': rule.targetTable,
  });
}

function renderEventFilter(rule: EventFilterRule): Keys {
  return withoutAbsent({
    'schema-pattern': rule.schemaPattern,
    'table-pattern': rule.tablePattern,
    events: rule.events,
    'sql-pattern': rule.sqlPattern,
    action: rule.action,
  });
}

function renderExpressionFilter(rule: ExpressionFilterRule): Keys {
  return withoutAbsent({
    name: rule.name,
    schema: rule.schema,
    table: rule.table,
    'insert-value-expr': rule.insertValueExpr,
    'update-old-value-expr': rule.updateOldValueExpr,
    'update-new-value-expr': rule.updateNewValueExpr,
    'delete-value-expr': rule.deleteValueExpr,
  });
}

function renderColumnMapping(rule: ColumnMappingRule): Keys {
  return {
    name: rule.name,
    'schema-pattern': rule.schemaPattern,
    'table-pattern': rule.tablePattern,
    'source-column': rule.sourceColumn,
    'target-column': rule.targetColumn,
    expression: rule.expression,
    arguments: rule.arguments,
  };
}

/** `extra-args` hold what has no key of its own. */
function renderDump(dump: DumpConfig): Keys {
  const extra = [`--consistency ${dump.consistency}`];
  if (dump.databases !== undefined) extra.push(`-B ${dump.databases.join(',')}`);
  if (dump.tables !== undefined) extra.push(`-T ${dump.tables.map((one) => `${one.schema}.${one.table}`).join(',')}`);
  if (dump.tableFilter !== undefined) extra.push(`-f ${dump.tableFilter.join(',')}`);
  return withoutAbsent({
    threads: dump.threads,
    'chunk-filesize': sizeText(dump.chunkFilesize),
    rows: dump.rows,
    'statement-size': dump.statementSize,
    where: dump.where,
    'extra-args': extra.join(' '),
  });
}

function sizeText(bytes: number): string {
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}MiB` : `${bytes}B`;
}

function renderSync(sync: SyncConfig): Keys {
  return {
    'worker-count': sync.workerCount,
    batch: sync.batch,
    'safe-mode': sync.safeMode,
    compact: sync.compact,
    'multiple-rows': sync.multipleRows,
    'queue-size': sync.queueSize,
    'checkpoint-flush-interval': sync.checkpointFlushIntervalMs / 1000,
  };
}

function withoutAbsent(keys: Keys): Keys {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
}
