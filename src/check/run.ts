import type { SubtaskConfig } from '../config/types.js';
import { DmError, dmError } from '../errors/dm-error.js';
import { createTableFilter } from '../filter/block-allow-list.js';
import { createDumpFilter } from '../filter/dump-filter.js';
import { createOnlineTables } from '../filter/online-tables.js';
import { createRouter } from '../filter/router.js';
import { metaTables } from '../meta/tables.js';
import { queryRows, type DbConnection } from '../mysql/connect.js';
import { quoteString } from '../mysql/quote.js';
import { serverErrno } from '../mysql/errors.js';
import { closeAfterCheck, openForCheck, type CheckConnections } from './connections.js';
import { judgeDumpCondition, judgeDumpSelection } from './dump-checks.js';
import { judgeExpressions } from './expression-checks.js';
import {
  filledTargets,
  isThere,
  readDownstream,
  readUpstream,
  type DownstreamFacts,
  type TableFacts,
  type UpstreamFacts,
} from './facts.js';
import { CHECKS, isWanted, type Check } from './kinds.js';
import { judgeColumnMappings } from './mapping-checks.js';
import { buildReport, type CheckOutcome, type CheckReport } from './report.js';
import {
  collectConflicts,
  judgeOnlineDdl,
  judgeRoutes,
  judgeTargetColumns,
  judgeTargetSchemas,
  type ColumnPair,
} from './route-checks.js';
import * as server from './server-checks.js';
import type { Judgement, StartPoint } from './server-checks.js';
import { groupShards, judgeAutoIncrement, judgeShardStructures } from './shard-checks.js';
import { findStructureProblems, judgeStructures } from './structure-checks.js';
import { readColumns, readKeys, readStructures, tableKey } from './structure-facts.js';
import * as tables from './table-checks.js';

/** Options of {@link runCheck}. */
export interface CheckOptions {
  signal?: AbortSignal;
  /** The task starts without its old checkpoints, so they say nothing about where it starts. */
  removeMeta?: boolean;
}

/** Longest time for the whole check, as in DM. */
const CHECK_TIMEOUT_MS = 30 * 60_000;

/**
 * Checks everything a task needs of its upstreams and its downstream (manual section 4.4.2) and reports every problem,
 * not only the first. Changes nothing. Connects to all servers even when every item is left out.
 *
 * @param configs the subtasks of one task
 * @throws DmError 26002 when a server cannot be reached, 26001 when names of tables clash, 10003 and 10005 when one fails
 * while it is asked
 */
export async function runCheck(configs: readonly SubtaskConfig[], options: CheckOptions = {}): Promise<CheckReport> {
  if (configs.length === 0) return buildReport([]);
  const limit = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  const signal = options.signal === undefined ? limit : AbortSignal.any([options.signal, limit]);
  const connections = await openForCheck(configs, signal);
  try {
    const down = await readDownstream(connections.downstream);
    const upstreams = await Promise.all(configs.map((config, index) => facts(connections.upstreams[index], config)));
    const perSource = await Promise.all(
      configs.map(async (config, index) => {
        const up = upstreams[index];
        const start = options.removeMeta === true ? undefined : await checkpoint(connections.downstream, config);
        const outcomes = outcomesOf(config, up, down, start ?? fileStart(config));
        // With a checkpoint the task goes on where it was, with its own rows and structures downstream.
        if (start === undefined) {
          // A load that has begun tells its own rows from others, and one that is done copies nothing again.
          const copies = options.removeMeta === true || !(await hasBegunLoad(connections.downstream, config));
          outcomes.push(...(await targetOutcomes(config, connections, index, { up, down, copies })));
        }
        outcomes.push(...(await ruleOutcomes(config, connections, index, up)));
        return outcomes;
      }),
    );
    return buildReport([...perSource.flat(), ...(await shardOutcomes(configs, upstreams, connections.upstreams))]);
  } finally {
    await closeAfterCheck(connections);
  }
}

function facts(connection: DbConnection, config: SubtaskConfig): Promise<UpstreamFacts> {
  const wanted = (check: Check): boolean => isWanted(check, config.taskMode, config.ignoreCheckingItems);
  const { taskMode, blockAllowList, caseSensitive, dump } = config;
  const chosen = dump.tables !== undefined || dump.tableFilter !== undefined;
  const rules = {
    ...(taskMode === 'full' ? {} : { filter: createTableFilter(blockAllowList, caseSensitive) }),
    ...(taskMode === 'incremental' ? {} : { copied: createDumpFilter(config) }),
    // Where tables are chosen one by one, the dump leaves databases without a chosen one out.
    onlyFilled: chosen || (blockAllowList?.doTables ?? []).length > 0,
    online: createOnlineTables(config.onlineDdl),
    routed: collectConflicts(createRouter(config.routes, config.caseSensitive, 26003)),
  };
  return readUpstream(connection, config, rules, {
    tables: NEED_TABLES.some(wanted),
    binlog: [CHECKS.startPosition, CHECKS.binlogDatabases].some(wanted),
  });
}

/** What is there downstream already, where a full copy goes. */
async function targetOutcomes(
  config: SubtaskConfig,
  { upstreams, downstream }: CheckConnections,
  index: number,
  { up, down, copies }: { up: UpstreamFacts; down: DownstreamFacts; copies: boolean },
): Promise<CheckOutcome[]> {
  const wanted = (check: Check): boolean => isWanted(check, config.taskMode, config.ignoreCheckingItems);
  const outcomes: CheckOutcome[] = [];
  const copied = up.tables.filter((table) => table.copied);
  const existing = up.tables.filter((table) => isThere(table, down));
  const [source, target] = [
    `source ${config.sourceId}`,
    `address of db instance - ${config.to.host}:${config.to.port}`,
  ];
  if (copies && wanted(CHECKS.dumpSelection))
    outcomes.push(...(await dumpOutcomes(config, upstreams[index], up, down)));
  if (copies && wanted(CHECKS.targetRows)) {
    const filled = await filledTargets(downstream, copied, down);
    outcomes.push(outcome(CHECKS.targetRows, tables.judgeTargetRows(filled), target));
  }
  if (wanted(CHECKS.targetColumns)) {
    const pairs = await columnPairs(upstreams[index], downstream, existing);
    outcomes.push(outcome(CHECKS.targetColumns, judgeTargetColumns(pairs), source));
  }
  if (wanted(CHECKS.targetKeys)) {
    const names = existing.map((table) => ({ schema: table.target.schema, name: table.target.table }));
    const keys = await readKeys(downstream, 'downstream', names);
    outcomes.push(outcome(CHECKS.targetKeys, tables.judgeTargetKeys(existing, keys), target));
  }
  if (wanted(CHECKS.structures)) {
    const problems = await findStructureProblems(upstreams[index], copied, down);
    outcomes.push(outcome(CHECKS.structures, judgeStructures(problems), source));
  }
  return outcomes;
}

/** What the arguments of the dump make of the tables. */
async function dumpOutcomes(
  config: SubtaskConfig,
  upstream: DbConnection,
  up: UpstreamFacts,
  down: DownstreamFacts,
): Promise<CheckOutcome[]> {
  const source = `source ${config.sourceId}`;
  return [
    outcome(CHECKS.dumpSelection, await judgeDumpSelection(config, upstream, up, down), source),
    outcome(CHECKS.dumpCondition, await judgeDumpCondition(config, upstream, up), source),
  ];
}

/** Whether rules that name columns fit the tables. */
async function ruleOutcomes(
  config: SubtaskConfig,
  { upstreams, downstream }: CheckConnections,
  index: number,
  { tables: taken }: UpstreamFacts,
): Promise<CheckOutcome[]> {
  const wanted = (check: Check): boolean => isWanted(check, config.taskMode, config.ignoreCheckingItems);
  const outcomes: CheckOutcome[] = [];
  const source = `source ${config.sourceId}`;
  const upstream = upstreams[index];
  if (wanted(CHECKS.expressions)) {
    outcomes.push(outcome(CHECKS.expressions, await judgeExpressions(config, upstream, taken), source));
  }
  if (wanted(CHECKS.columnMappings)) {
    const judgement = await judgeColumnMappings(config, { upstream, downstream }, taken);
    outcomes.push(outcome(CHECKS.columnMappings, judgement, source));
  }
  return outcomes;
}

/** The columns of the tables that exist on both sides. */
async function columnPairs(
  upstream: DbConnection,
  downstream: DbConnection,
  existing: readonly TableFacts[],
): Promise<ColumnPair[]> {
  const [ours, theirs] = await Promise.all([
    readColumns(upstream, 'upstream', existing),
    readColumns(
      downstream,
      'downstream',
      existing.map(({ target }) => ({ schema: target.schema, name: target.table })),
    ),
  ]);
  return existing.flatMap((table) => {
    const from = ours.get(tableKey(table.schema, table.name));
    const to = theirs.get(tableKey(table.target.schema, table.target.table));
    return from === undefined || to === undefined ? [] : [{ table, upstream: from, downstream: to }];
  });
}

const NEED_TABLES: readonly Check[] = [
  CHECKS.selection,
  CHECKS.tableSchema,
  CHECKS.structures,
  CHECKS.expressions,
  CHECKS.columnMappings,
  CHECKS.dumpSelection,
  CHECKS.shardTables,
  CHECKS.routes,
  CHECKS.targetSchemas,
  CHECKS.dumpPrivilege,
  CHECKS.targetPrivilege,
];

/** Tables of all sources that go into one are compared with each other; their keys are looked at along with that. */
async function shardOutcomes(
  configs: readonly SubtaskConfig[],
  upstreams: readonly UpstreamFacts[],
  connections: readonly DbConnection[],
): Promise<CheckOutcome[]> {
  const { taskMode, ignoreCheckingItems } = configs[0];
  const wanted = (check: Check): boolean => isWanted(check, taskMode, ignoreCheckingItems);
  if (!wanted(CHECKS.shardTables)) return [];
  const groups = groupShards(configs.map((config, index) => ({ config, tables: upstreams[index].tables })));
  const shards = [...groups.values()].flat();
  await Promise.all(
    configs.map(async (config, index) => {
      const own = shards.filter((shard) => shard.config === config);
      const structures = await readStructures(
        connections[index],
        own.map(({ table }) => table),
      );
      for (const shard of own) {
        const structure = structures.get(shard.table);
        if (structure !== undefined) shard.structure = structure;
      }
    }),
  );
  return [...groups].flatMap(([target, group]) => {
    const name = `sharding table ${target} consistency checking`;
    const same = outcome({ ...CHECKS.shardTables, name }, judgeShardStructures(group), 'sharding structure checking');
    if (!wanted(CHECKS.autoIncrement)) return [same];
    const keys = outcome(
      { ...CHECKS.autoIncrement, name },
      judgeAutoIncrement(target, group),
      'auto-increment key checking',
    );
    return [same, keys];
  });
}

function outcomesOf(
  config: SubtaskConfig,
  up: UpstreamFacts,
  down: DownstreamFacts,
  start: StartPoint | undefined,
): CheckOutcome[] {
  const outcomes: CheckOutcome[] = [];
  const upstream = `address of db instance - ${config.from.host}:${config.from.port}`;
  const add = (check: Check, judge: () => Judgement, extra = upstream): void => {
    if (isWanted(check, config.taskMode, config.ignoreCheckingItems)) outcomes.push(outcome(check, judge(), extra));
  };
  add(CHECKS.version, () => server.judgeVersion(up));
  add(CHECKS.serverId, () => server.judgeServerId(up));
  add(CHECKS.binlogEnable, () => server.judgeBinlogEnabled(up));
  add(CHECKS.binlogFormat, () => server.judgeBinlogFormat(up));
  add(CHECKS.binlogRowImage, () => server.judgeRowImage(up));
  add(CHECKS.rowValueOptions, () => server.judgeRowValueOptions(up));
  add(CHECKS.gtidMode, () => server.judgeGtidMode(up, config.enableGtid));
  add(CHECKS.dumpPrivilege, () => server.judgeDumpPrivileges(up, config.dump.consistency));
  add(CHECKS.replicationPrivilege, () => server.judgeReplicationPrivileges(up));
  add(CHECKS.startPosition, () => server.judgeStartPosition(up, start, config.enableGtid));
  add(CHECKS.binlogRetention, () => server.judgeRetention(up));
  add(CHECKS.binlogDatabases, () => server.judgeBinlogDatabases(up));
  addTableChecks(add, config, up, down);
  addTargetChecks(add, config, up, down);
  return outcomes;
}

type Add = (check: Check, judge: () => Judgement, extra?: string) => void;

function addTableChecks(add: Add, config: SubtaskConfig, up: UpstreamFacts, down: DownstreamFacts): void {
  if (up.info.lowerCaseTableNames === 0 && down.info.lowerCaseTableNames !== 0) {
    const conflicts = tables.caseConflicts(up.tables);
    if (conflicts.length > 0) throw dmError(26001, [conflicts]);
  }
  add(CHECKS.selection, () => tables.judgeSelection(up));
  add(CHECKS.routes, () => judgeRoutes(up.routed.conflicts), `source ${config.sourceId}`);
  add(CHECKS.timezone, () => server.judgeTimezone(up, config.timezone), `source ${config.sourceId}`);
  add(CHECKS.onlineDdl, () => judgeOnlineDdl(up), `source ${config.sourceId}`);
  add(CHECKS.tableSchema, () => tables.judgeTables(up, down), `source ${config.sourceId}`);
  add(CHECKS.cascades, () => tables.judgeCascades(up), `source ${config.sourceId}`);
  add(CHECKS.engines, () => tables.judgeEngines(up), `source ${config.sourceId}`);
}

function addTargetChecks(add: Add, config: SubtaskConfig, up: UpstreamFacts, down: DownstreamFacts): void {
  const target = `address of db instance - ${config.to.host}:${config.to.port}`;
  const schemas = [
    ...up.schemas.map((schema) => up.routed.targetSchema(schema)),
    ...up.tables.map((table) => table.target.schema),
    config.metaSchema,
  ];
  add(CHECKS.targetSchemas, () => judgeTargetSchemas(config, up, down), target);
  add(CHECKS.sameServer, () => server.judgeSameServer(up, down), target);
  add(CHECKS.targetPrivilege, () => server.judgeTargetPrivileges(down, schemas, config.taskMode !== 'full'), target);
  add(CHECKS.targetReadOnly, () => server.judgeReadOnly(down), target);
  add(CHECKS.targetPacket, () => server.judgePacket(up, down, config), target);
  add(CHECKS.nameCase, () => server.judgeNameCase(up, down), target);
}

function outcome(check: Check, judgement: Judgement, extra: string): CheckOutcome {
  const result: CheckOutcome = { kind: check, findings: judgement.findings, extra };
  if (judgement.instruction !== undefined) result.instruction = judgement.instruction;
  return result;
}

function fileStart(config: SubtaskConfig): StartPoint | undefined {
  return config.meta === undefined ? undefined : { origin: "the task file's `meta`", ...config.meta };
}

const ER_NO_SUCH_TABLE = 1146;
const ER_BAD_DB = 1049;
const ER_BAD_FIELD = 1054;
const DENIED = [1044, 1142, 1143];

/** The global checkpoint of an earlier run: replication goes on from there, whatever the task file says. */
async function checkpoint(downstream: DbConnection, config: SubtaskConfig): Promise<StartPoint | undefined> {
  const table = metaTables(config.metaSchema, config.task).syncerCheckpoint;
  const where = `id = ${quoteString(config.sourceId)} AND is_global`;
  try {
    const sql = `SELECT binlog_name AS name, binlog_gtid AS gtid FROM ${table} WHERE ${where}`;
    const [row] = await queryRows(downstream, 'downstream', sql);
    if (row === undefined) return undefined;
    const name = (row['name'] ?? '') as string;
    return {
      origin: `the checkpoint of the task (${config.metaSchema})`,
      // A relay log's name carries the number of its directory: `mysql-bin|000001.000003`.
      binlogName: name.replace(/\|\d+(?=\.)/, ''),
      binlogGtid: (row['gtid'] ?? '') as string,
    };
  } catch (error) {
    if (isWithoutTable(error)) return undefined;
    throw error;
  }
}

/** Whether an earlier run of the task has begun to load this source. */
async function hasBegunLoad(downstream: DbConnection, config: SubtaskConfig): Promise<boolean> {
  const table = metaTables(config.metaSchema, config.task).loaderCheckpoint;
  try {
    const sql = `SELECT 1 FROM ${table} WHERE id = ${quoteString(config.sourceId)} LIMIT 1`;
    return (await queryRows(downstream, 'downstream', sql)).length > 0;
  } catch (error) {
    if (isWithoutTable(error)) return false;
    throw error;
  }
}

/** No table that could be read, or none of ours. */
function isWithoutTable(error: unknown): boolean {
  const none = [ER_NO_SUCH_TABLE, ER_BAD_DB, ER_BAD_FIELD, ...DENIED];
  return error instanceof DmError && none.includes(serverErrno(error) ?? 0);
}
