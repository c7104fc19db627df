import { readDatabase, type FileEnvironment } from './database.js';
import { deprecatedTaskKeys } from './deprecated.js';
import { parseExtraArgs, parseFileSize } from './extra-args.js';
import { featureRules } from './feature-rules.js';
import { checkRulesTogether } from './rule-checks.js';
import { blockAllowListName, blockAllowLists, checkTaskRules, unknownSource } from './task-rules.js';
import { timezoneOf } from './timezone.js';
import {
  taskFileSchema,
  type DumpFile,
  type InstanceFile,
  type LoadFile,
  type SyncFile,
  type TaskFile,
} from './task-schema.js';
import type { BlockAllowListFile } from './schema-parts.js';
import type {
  BlockAllowList,
  DatabaseConfig,
  DumpConfig,
  LoadConfig,
  SourceConfig,
  StartMeta,
  SubtaskConfig,
  SyncConfig,
  TaskMode,
} from './types.js';
import { readYaml, type ConfigDocument } from './yaml-reader.js';

/** A task file that was read and found valid. */
export interface TaskDefinition {
  name: string;
  taskMode: TaskMode;
  /** Source ids in the order of the file. */
  sourceIds: string[];
  /** The downstream. */
  target: DatabaseConfig;
  /** Remarks on keys that have no effect. */
  warnings: string[];
  /** The file's text, secrets included. */
  text: string;
  readonly doc: ConfigDocument<TaskFile>;
}

/** What reading a task file needs of its surroundings. */
export interface TaskEnvironment extends FileEnvironment {
  /** The command line says where replication starts: `meta` may be left out. */
  startKnown?: boolean;
}

/**
 * Reads a task file and judges everything that can be judged without the sources.
 *
 * @param file name for messages
 * @throws DmError with DM's code and order of rules; the message names file, line, column and key
 */
export function readTaskFile(text: string, file: string, env: TaskEnvironment = {}): TaskDefinition {
  const doc = readYaml(text, file, taskFileSchema);
  checkTaskRules(doc, env.startKnown);
  const task = doc.value;
  return {
    name: task.name ?? '',
    taskMode: task['task-mode'] as TaskMode,
    sourceIds: instancesOf(task).map((instance) => instance['source-id'] ?? ''),
    target: readDatabase(doc, ['target-database'], task['target-database'] ?? {}, env),
    warnings: deprecatedTaskKeys(task),
    text,
    doc,
  };
}

/**
 * The configuration of each subtask, every default filled in.
 *
 * @param sources configurations of the task's sources, by id
 * @param registered ids of all sources there are, for the message about one that is not
 * @throws DmError 20031 for a source that nobody has added, 20011 when the start position does not suit the source,
 *   20045 when two routes are for the same names, 20046 when two column mappings are
 */
export function resolveSubtasks(
  definition: TaskDefinition,
  sources: ReadonlyMap<string, SourceConfig>,
  registered: readonly string[] = [...sources.keys()],
): SubtaskConfig[] {
  const { doc } = definition;
  const instances = instancesOf(doc.value);
  instances.forEach((instance, index) => {
    const id = instance['source-id'] ?? '';
    if (!sources.has(id)) throw unknownSource(doc, index, id, [...registered].sort());
  });
  return instances.map((instance, index) => {
    const source = sources.get(instance['source-id'] ?? '')!;
    const config = resolveSubtask(definition, instance, source);
    checkRulesTogether(doc, config, config.caseSensitive, ['mysql-instances', index]);
    if (config.meta !== undefined && !metaSuits(config.meta, source)) {
      throw doc.errorAt(['mysql-instances', index, 'meta'], 20011);
    }
    return config;
  });
}

function instancesOf(task: TaskFile): InstanceFile[] {
  return (task['mysql-instances'] ?? []).filter((instance) => instance !== null);
}

function resolveSubtask(definition: TaskDefinition, instance: InstanceFile, source: SourceConfig): SubtaskConfig {
  const task = definition.doc.value;
  const caseSensitive = task['case-sensitive'] ?? source.caseSensitive;
  const config: SubtaskConfig = {
    task: definition.name,
    taskMode: definition.taskMode,
    sourceId: source.sourceId,
    flavor: source.flavor,
    serverId: source.serverIdGiven === true ? source.serverId : taskServerId(source.serverId, definition.name),
    enableGtid: source.enableGtid,
    metaSchema: orDefault(task['meta-schema'], 'dm_meta'),
    timezone: timezoneOf(task),
    caseSensitive,
    cleanDumpFile: task['clean-dump-file'] ?? true,
    ignoreCheckingItems: [...(task['ignore-checking-items'] ?? [])],
    from: source.from,
    to: definition.target,
    ...featureRules(task, instance, source, caseSensitive),
    dump: resolveDump(pick(instance.mydumper, task.mydumpers, instance['mydumper-config-name']), instance),
    load: resolveLoad(pick(instance.loader, task.loaders, instance['loader-config-name']), instance, definition.name),
    sync: resolveSync(pick(instance.syncer, task.syncers, instance['syncer-config-name']), instance),
    checker: source.checker,
  };
  const meta = definition.taskMode === 'incremental' ? startMeta(instance.meta) : undefined;
  if (meta !== undefined) config.meta = meta;
  const list = blockAllowLists(task)[blockAllowListName(instance)];
  if (list !== undefined) config.blockAllowList = resolveList(list);
  return config;
}

/** The section written at the instance, or the one it names, or the defaults. */
function pick<T extends object>(inline: T | undefined, named: Record<string, T> | undefined, name = ''): Partial<T> {
  return inline ?? (name === '' ? undefined : named?.[name]) ?? {};
}

function orDefault(value: string | undefined, fallback: string): string {
  return value === undefined || value === '' ? fallback : value;
}

/** The first of the values that is set; 0 counts as not set, as in DM. */
function firstNumber(...values: (number | undefined)[]): number {
  return values.find((value) => value !== undefined && value !== 0) ?? 0;
}

const DEFAULT_CHUNK_BYTES = 64 * 2 ** 20;

function resolveDump(dump: Partial<DumpFile>, instance: InstanceFile): DumpConfig {
  const parsed = parseExtraArgs(dump['extra-args'] ?? '');
  const extra = 'problem' in parsed ? { ignored: [] } : parsed;
  const rows = firstNumber(extra.rows, dump.rows);
  const where = extra.where ?? dump.where ?? '';
  const chunk = dump['chunk-filesize'] ?? '';
  return {
    threads: firstNumber(instance['mydumper-thread'], extra.threads, dump.threads, 4),
    chunkFilesize: extra.chunkFilesize ?? (chunk === '' ? undefined : parseFileSize(chunk)) ?? DEFAULT_CHUNK_BYTES,
    ...(rows === 0 ? {} : { rows }),
    statementSize: firstNumber(extra.statementSize, dump['statement-size'], 1_000_000),
    ...(where === '' ? {} : { where }),
    consistency: extra.consistency ?? 'auto',
    ...(extra.databases === undefined ? {} : { databases: extra.databases }),
    ...(extra.tables === undefined ? {} : { tables: extra.tables }),
    ...(extra.tableFilter === undefined ? {} : { tableFilter: extra.tableFilter }),
  };
}

function resolveLoad(load: Partial<LoadFile>, instance: InstanceFile, task: string): LoadConfig {
  const dir = orDefault(load.dir, './dumped_data');
  return {
    poolSize: firstNumber(instance['loader-thread'], load['pool-size'], 16),
    dir: dir.endsWith(`.${task}`) ? dir : `${dir}.${task}`,
  };
}

function resolveSync(sync: Partial<SyncFile>, instance: InstanceFile): SyncConfig {
  return {
    workerCount: firstNumber(instance['syncer-thread'], sync['worker-count'], 16),
    batch: firstNumber(sync.batch, 100),
    safeMode: sync['safe-mode'] ?? false,
    // Not DM's defaults: merging changes nothing but the speed. Who wants one statement a change says so.
    compact: sync.compact ?? true,
    multipleRows: sync['multiple-rows'] ?? true,
    queueSize: firstNumber(sync['queue-size'], 1024),
    checkpointFlushIntervalMs: firstNumber(sync['checkpoint-flush-interval'], 30) * 1000,
  };
}

function startMeta(meta: InstanceFile['meta']): StartMeta | undefined {
  if (meta === undefined) return undefined;
  const result: StartMeta = {};
  if ((meta['binlog-name'] ?? '') !== '') {
    result.binlogName = meta['binlog-name']!;
    // A binlog file starts with 4 magic bytes; 0 means its beginning as well.
    result.binlogPos = Math.max(meta['binlog-pos'] ?? 4, 4);
  }
  if ((meta['binlog-gtid'] ?? '') !== '') result.binlogGtid = meta['binlog-gtid']!;
  return result;
}

function metaSuits(meta: StartMeta, source: SourceConfig): boolean {
  return source.enableGtid ? meta.binlogGtid !== undefined : meta.binlogName !== undefined;
}

function resolveList(list: BlockAllowListFile): BlockAllowList {
  return {
    ...(filled(list['do-dbs']) ? { doDbs: list['do-dbs'] } : {}),
    ...(filled(list['ignore-dbs']) ? { ignoreDbs: list['ignore-dbs'] } : {}),
    ...(filled(list['do-tables']) ? { doTables: tables(list['do-tables']) } : {}),
    ...(filled(list['ignore-tables']) ? { ignoreTables: tables(list['ignore-tables']) } : {}),
  };
}

function tables(items: BlockAllowListFile['do-tables']): { dbName: string; tblName: string }[] {
  return (items ?? []).map((item) => ({ dbName: item['db-name'] ?? '', tblName: item['tbl-name'] ?? '' }));
}

function filled<T>(list: T[] | undefined): list is T[] {
  return list !== undefined && list.length > 0;
}

/** DM takes replica ids above a tenth of the 32-bit range, where those of real servers are rare. */
const SERVER_ID_BASE = 429_496_729;
const SERVER_ID_SPAN = 3_000_000_000;

/**
 * Replica id of one task on a source. Tasks that read one upstream under the same id would throw each other out, so each
 * gets its own, always the same one.
 */
export function taskServerId(sourceServerId: number, task: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${sourceServerId}/${task}`, 'utf8')) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return SERVER_ID_BASE + (hash % SERVER_ID_SPAN);
}
