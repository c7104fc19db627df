import { isDeepStrictEqual } from 'node:util';
import { isAlias, isMap, isScalar, isSeq, parseDocument, type Node } from 'yaml';
import { parseFileSize } from '../../../src/config/extra-args.js';
import type { EventFilterRule, SubtaskConfig } from '../../../src/config/types.js';

/** What became of a file. */
export interface Outcome {
  /** In the order of the instances. */
  subtasks: readonly SubtaskConfig[];
  warnings: readonly string[];
}

/** One key of a file with its value, texts as they are written. */
interface Leaf {
  path: readonly (string | number)[];
  value: unknown;
}

interface Context extends Outcome {
  /** The whole file as plain values. */
  file: TaskObject;
}

/** The parts of a task file that decide where a key takes effect. */
export interface TaskObject {
  [key: string]: unknown;
  'task-mode'?: string;
  'online-ddl'?: boolean;
  'online-ddl-scheme'?: string;
  'block-allow-list'?: Record<string, unknown>;
  'mysql-instances'?: Instance[];
}

interface Instance {
  [key: string]: unknown;
  mydumper?: Record<string, unknown>;
  syncer?: Record<string, unknown>;
}

/** Whether a key with this value is in effect, or a remark says that it has none. */
type Effect = (leaf: Leaf, context: Context) => boolean;

/** The keys of an accepted file that are neither in effect nor remarked upon. */
export function droppedKeys(text: string, outcome: Outcome): string[] {
  const document = parseDocument(text, { merge: true });
  const context = { ...outcome, file: document.toJS() as TaskObject };
  const dropped: string[] = [];
  const walk = (node: Node | null | undefined, path: (string | number)[], template: string): void => {
    const target = isAlias(node) ? node.resolve(document) : node;
    if (target === undefined || target === null || (isScalar(target) && target.value === null)) return;
    const effect = EFFECTS[template];
    if (effect !== undefined) {
      if (!effect({ path, value: written(target) }, context)) dropped.push(path.join('.'));
    } else if (isMap(target)) {
      for (const { key, value } of target.items) {
        const name = String(written(key as Node));
        const step = NAMED_SECTIONS.has(template) ? '*' : name;
        walk(value as Node, [...path, name], `${template}.${step}`);
      }
    } else if (isSeq(target)) {
      target.items.forEach((item, index) => walk(item as Node, [...path, index], `${template}[]`));
    } else {
      dropped.push(path.join('.'));
    }
  };
  walk(document.contents, [], '');
  return dropped;
}

/** Sections whose keys are names of the user's own. */
const NAMED_SECTIONS = new Set([
  '.routes',
  '.filters',
  '.block-allow-list',
  '.black-white-list',
  '.expression-filter',
  '.column-mappings',
  '.mydumpers',
  '.loaders',
  '.syncers',
]);

/** A value; scalars other than numbers and booleans as texts. */
function written(node: Node | null): unknown {
  if (isSeq(node)) return node.items.map((item) => written(item as Node));
  if (isMap(node)) {
    return Object.fromEntries(
      node.items.map(({ key, value }) => [String(written(key as Node)), written(value as Node)]),
    );
  }
  if (!isScalar(node)) return undefined;
  return typeof node.value === 'string' || node.value === null
    ? (node.value ?? '')
    : new Plain(node.value, node.source);
}

/** A scalar that is a number or boolean unless a text is wanted. */
class Plain {
  readonly value: unknown;
  readonly source: string;

  constructor(value: unknown, source: string | undefined) {
    this.value = value;
    this.source = source ?? String(value);
  }

  toString(): string {
    return this.source;
  }
}

const text = (value: unknown): string => String(value);
const texts = (value: unknown): string[] => (value as unknown[]).map(text);
const plain = (value: unknown): unknown => {
  if (value instanceof Plain) return value.value;
  const word = String(value).toLowerCase();
  return ['yes', 'on', 'y'].includes(word) ? true : ['no', 'off', 'n'].includes(word) ? false : value;
};
const same = isDeepStrictEqual;
const filledText = (value: unknown): string | undefined => (text(value) === '' ? undefined : text(value));
const filledTexts = (value: unknown): string[] | undefined => (texts(value).length === 0 ? undefined : texts(value));
const number = (value: unknown, fallback?: number): unknown => (plain(value) === 0 ? fallback : plain(value));

/** The key is in effect in every subtask. */
function everywhere(get: (subtask: SubtaskConfig) => unknown, expected: (value: unknown) => unknown): Effect {
  return ({ value }, { subtasks }) => subtasks.every((subtask) => same(get(subtask), expected(value)));
}

/** A remark names the key. */
function remarked(key: string, { warnings }: Outcome): boolean {
  return warnings.some((warning) => warning.includes(`\`${key}\``) || warning.includes(`\`${key}.`));
}

/** Without effect, and said so; `harmless` values ask for nothing. */
function withoutEffect(...harmless: unknown[]): Effect {
  return ({ path, value }, context) => harmless.includes(plain(value)) || remarked(formatPath(path), context);
}

function formatPath(path: readonly (string | number)[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .slice(1);
}

/** Each subtask whose instance names the rule has it as told. */
function ofRule<R extends { name: string }>(
  reference: string,
  rules: (subtask: SubtaskConfig) => readonly R[] | undefined,
  get: (rule: R) => unknown,
  expected: (value: unknown) => unknown,
): Effect {
  return ({ path, value }, { file, subtasks }) => {
    const name = text(path[1]);
    const users = subtasks.filter((_, index) => texts(instances(file)[index]?.[reference] ?? []).includes(name));
    return (
      users.length > 0 &&
      users.every((subtask) => {
        const rule = rules(subtask)?.find((one) => one.name === name);
        return rule !== undefined && same(get(rule), expected(value));
      })
    );
  };
}

function instances(file: TaskObject): Instance[] {
  return file['mysql-instances'] ?? [];
}

const route = (
  get: (rule: NonNullable<SubtaskConfig['routes']>[number]) => unknown,
  expected: (value: unknown) => unknown,
): Effect => ofRule('route-rules', (subtask) => subtask.routes, get, expected);
const filter = (get: (rule: EventFilterRule) => unknown, expected: (value: unknown) => unknown): Effect =>
  ofRule('filter-rules', (subtask) => subtask.filters, get, expected);
const expression = (get: (rule: NonNullable<SubtaskConfig['expressionFilters']>[number]) => unknown): Effect =>
  ofRule('expression-filters', (subtask) => subtask.expressionFilters, get, filledText);
const mapping = (
  get: (rule: NonNullable<SubtaskConfig['columnMappings']>[number]) => unknown,
  expected: (value: unknown) => unknown = text,
): Effect => ofRule('column-mapping-rules', (subtask) => subtask.columnMappings, get, expected);

/** A key of a unit's section, whether written at an instance or below a name. `overridden` tells of keys that win over it. */
function ofUnit(
  reference: string,
  get: (subtask: SubtaskConfig) => unknown,
  expected: (value: unknown) => unknown,
  overridden: (instance: Instance, file: TaskObject) => boolean = () => false,
): Effect {
  return ({ path, value }, { file, subtasks }) => {
    const [section, place] = path;
    const users = subtasks.flatMap((subtask, index) => {
      const instance = instances(file)[index] ?? {};
      const uses = section === 'mysql-instances' ? index === place : text(instance[reference]) === place;
      return uses ? [{ subtask, instance }] : [];
    });
    return (
      users.length > 0 &&
      users.every(({ subtask, instance }) => overridden(instance, file) || same(get(subtask), expected(value)))
    );
  };
}

/** `extra-args` in effect for an instance. */
function extraArgs(instance: Instance, file: TaskObject): string {
  const named = (file['mydumpers'] as Record<string, Record<string, unknown>> | undefined) ?? {};
  const dump = instance.mydumper ?? named[text(instance['mydumper-config-name'])] ?? {};
  return text(dump['extra-args'] ?? '');
}

const dump = (
  get: (subtask: SubtaskConfig) => unknown,
  expected: (value: unknown) => unknown,
  flags: RegExp,
  shortcut = '',
): Effect =>
  ofUnit(
    'mydumper-config-name',
    get,
    expected,
    (instance, file) => flags.test(extraArgs(instance, file)) || Number(instance[shortcut] ?? 0) !== 0,
  );
const load = (get: (subtask: SubtaskConfig) => unknown, expected: (value: unknown) => unknown, shortcut = ''): Effect =>
  ofUnit('loader-config-name', get, expected, (instance) => Number(instance[shortcut] ?? 0) !== 0);
const sync = (get: (subtask: SubtaskConfig) => unknown, expected: (value: unknown) => unknown, shortcut = ''): Effect =>
  ofUnit('syncer-config-name', get, expected, (instance) => Number(instance[shortcut] ?? 0) !== 0);

const chunkBytes = (value: unknown): unknown => (text(value) === '' ? 64 * 2 ** 20 : parseFileSize(text(value)));

/** What `extra-args` are known to do; other texts must be remarked upon. */
export const EXTRA_ARGS: Record<string, (subtask: SubtaskConfig) => boolean> = {
  '--consistency lock': (subtask) => subtask.dump.consistency === 'lock',
  '--no-locks': (subtask) => subtask.dump.consistency === 'none',
  '-t 9': ({ dump: { threads } }) => threads === 9,
  '-F 5MiB': (subtask) => subtask.dump.chunkFilesize === 5 * 2 ** 20,
  '-r 77': (subtask) => subtask.dump.rows === 77,
  '-s 4096': (subtask) => subtask.dump.statementSize === 4096,
  "--where 'a > 1'": (subtask) => subtask.dump.where === 'a > 1',
  '-B a,b': (subtask) => same(subtask.dump.databases, ['a', 'b']),
  '-T a.b': (subtask) => same(subtask.dump.tables, [{ schema: 'a', table: 'b' }]),
  '-f a.*': (subtask) => same(subtask.dump.tableFilter, ['a.*']),
};

const extra: Effect = (leaf, context) => {
  const line = text(leaf.value).trim();
  const where = formatPath(leaf.path);
  const known = EXTRA_ARGS[line];
  if (line === '' || remarked(where, context)) return true;
  const threadsFirst = (effect: (subtask: SubtaskConfig) => boolean): Effect =>
    ofUnit(
      'mydumper-config-name',
      effect,
      () => true,
      (instance) => line.startsWith('-t') && Number(instance['mydumper-thread'] ?? 0) !== 0,
    );
  return known === undefined ? /--consistency|--no-locks/.test(line) : threadsFirst(known)(leaf, context);
};

const DUMP: Record<string, Effect> = {
  threads: dump(
    (subtask) => subtask.dump.threads,
    (value) => number(value, 4),
    /-t/,
    'mydumper-thread',
  ),
  'chunk-filesize': dump((subtask) => subtask.dump.chunkFilesize, chunkBytes, /-F|--filesize/),
  rows: dump(
    (subtask) => subtask.dump.rows,
    (value) => number(value),
    /-r|--rows/,
  ),
  'statement-size': dump(
    (subtask) => subtask.dump.statementSize,
    (value) => number(value, 1_000_000),
    /-s/,
  ),
  where: dump((subtask) => subtask.dump.where, filledText, /--where/),
  'extra-args': extra,
  'skip-tz-utc': withoutEffect(),
  'mydumper-path': withoutEffect(),
};

const LOAD: Record<string, Effect> = {
  'pool-size': load(
    (subtask) => subtask.load.poolSize,
    (value) => number(value, 16),
    'loader-thread',
  ),
  dir: load(
    (subtask) => subtask.load.dir.replace(new RegExp(`\\.${subtask.task}$`), ''),
    (value) => (text(value) === '' ? './dumped_data' : text(value).replace(/\.test$/, '')),
  ),
};

const SYNC: Record<string, Effect> = {
  'worker-count': sync(
    (subtask) => subtask.sync.workerCount,
    (value) => number(value, 16),
    'syncer-thread',
  ),
  batch: sync(
    (subtask) => subtask.sync.batch,
    (value) => number(value, 100),
  ),
  'safe-mode': sync((subtask) => subtask.sync.safeMode, plain),
  compact: sync((subtask) => subtask.sync.compact, plain),
  'multiple-rows': sync((subtask) => subtask.sync.multipleRows, plain),
  'queue-size': sync(
    (subtask) => subtask.sync.queueSize,
    (value) => number(value, 1024),
  ),
  'checkpoint-flush-interval': sync(
    (subtask) => subtask.sync.checkpointFlushIntervalMs / 1000,
    (value) => number(value, 30),
  ),
  'enable-gtid': withoutEffect(),
  'auto-fix-gtid': withoutEffect(),
  'enable-ansi-quotes': withoutEffect(),
  'disable-detect': withoutEffect(),
  'max-retry': withoutEffect(),
  'meta-file': withoutEffect(),
};

const pairs = (value: unknown): unknown => {
  const entries = (value as Record<string, unknown>[]).map((entry) => ({
    dbName: text(entry['db-name']),
    tblName: text(entry['tbl-name']),
  }));
  return entries.length === 0 ? undefined : entries;
};

/** A list is in effect where an instance names it; a list that nobody names, or that an alias replaces, is remarked upon. */
function listKey(
  get: (list: NonNullable<SubtaskConfig['blockAllowList']>) => unknown,
  expected: (value: unknown) => unknown,
): Effect {
  return ({ path, value }, context) => {
    const [section, name] = path;
    if (remarked(`${section}.${name}`, context) && !context.warnings.some((one) => one.includes('beside `do-')))
      return true;
    if (context.warnings.includes(`no instance uses \`${section}.${name}\``)) return true;
    if (
      context.warnings.includes('`black-white-list` has no effect beside `block-allow-list`') &&
      section === 'black-white-list'
    )
      return true;
    const users = context.subtasks.filter((_, index) => {
      const instance = instances(context.file)[index] ?? {};
      return text(filledText(instance['block-allow-list'] ?? '') ?? instance['black-white-list'] ?? '') === name;
    });
    return (
      users.length > 0 &&
      users.every(({ blockAllowList }) => blockAllowList !== undefined && same(get(blockAllowList), expected(value)))
    );
  };
}

const LIST: Record<string, Effect> = {
  'do-dbs': listKey((list) => list.doDbs, filledTexts),
  'ignore-dbs': listKey((list) => list.ignoreDbs, filledTexts),
  'do-tables': listKey((list) => list.doTables, pairs),
  'ignore-tables': listKey((list) => list.ignoreTables, pairs),
};

/** A key of an instance itself. */
function ofInstance(check: (subtask: SubtaskConfig, value: unknown, context: Context) => boolean): Effect {
  return ({ path, value }, context) => {
    const subtask = context.subtasks[path[1] as number];
    return subtask !== undefined && check(subtask, value, context);
  };
}

const names = (get: (subtask: SubtaskConfig) => readonly { name: string }[] | undefined): Effect =>
  ofInstance((subtask, value) =>
    same(
      (get(subtask) ?? []).map((rule) => rule.name).filter((name) => !name.startsWith('filters[')),
      texts(value),
    ),
  );

const meta =
  (get: (subtask: SubtaskConfig) => unknown, expected: (value: unknown) => unknown): Effect =>
  (leaf, context) => {
    const where = formatPath(leaf.path);
    if (remarked(where, context) || remarked(where.replace(/\.[a-z-]+$/, ''), context)) return true;
    return ofInstance((subtask, value) => same(get(subtask), expected(value)))(leaf, context);
  };

const followsOnline = (file: TaskObject): boolean =>
  plainFlag(file['online-ddl']) || (file['online-ddl-scheme'] ?? '') !== '';
const plainFlag = (value: unknown): boolean =>
  plain(typeof value === 'boolean' ? new Plain(value, undefined) : value) === true;

const onlineRules =
  (get: (subtask: SubtaskConfig) => unknown): Effect =>
  (leaf, context) => {
    const rules = texts(leaf.value).map((rule) => `^${rule.replace(/^\^/, '').replace(/\$$/, '')}$`);
    if (rules.length === 0 || remarked(formatPath(leaf.path), context)) return true;
    return context.subtasks.every((subtask) => same(get(subtask), rules));
  };

function prefixed(prefix: string, effects: Record<string, Effect>): Record<string, Effect> {
  return Object.fromEntries(Object.entries(effects).map(([key, effect]) => [`${prefix}.${key}`, effect]));
}

/** What each key of a task file does, by its place. */
export const EFFECTS: Record<string, Effect> = {
  '.name': everywhere((subtask) => subtask.task, text),
  '.task-mode': everywhere((subtask) => subtask.taskMode, text),
  '.shard-mode': ({ value }) => text(value) === '',
  '.is-sharding': ({ value }) => plain(value) === false,
  '.ignore-checking-items': everywhere((subtask) => subtask.ignoreCheckingItems, texts),
  '.meta-schema': everywhere(
    (subtask) => subtask.metaSchema,
    (value) => filledText(value) ?? 'dm_meta',
  ),
  '.timezone': ({ value }, { subtasks }) =>
    text(value) === '' || subtasks.every((subtask) => subtask.timezone === text(value)),
  '.case-sensitive': everywhere((subtask) => subtask.caseSensitive, plain),
  '.online-ddl': (_leaf, { file, subtasks }) =>
    subtasks.every((subtask) => (subtask.onlineDdl !== undefined) === followsOnline(file)),
  '.online-ddl-scheme': (leaf, context) =>
    text(leaf.value) === '' ||
    (remarked('online-ddl-scheme', context) && context.subtasks.every((subtask) => subtask.onlineDdl !== undefined)),
  '.shadow-table-rules': onlineRules((subtask) => subtask.onlineDdl?.shadowTableRules),
  '.trash-table-rules': onlineRules((subtask) => subtask.onlineDdl?.trashTableRules),
  '.clean-dump-file': everywhere((subtask) => subtask.cleanDumpFile, plain),
  '.remove-meta': withoutEffect(false),
  '.enable-heartbeat': withoutEffect(false),
  '.heartbeat-update-interval': withoutEffect(),
  '.heartbeat-report-interval': withoutEffect(),
  '.ansi-quotes': withoutEffect(),
  '.tidb.status-port': withoutEffect(),
  '.tidb.pd-addr': withoutEffect(),
  '.tidb.backend': withoutEffect(),
  '.target-database.host': everywhere((subtask) => subtask.to.host, text),
  '.target-database.port': everywhere((subtask) => subtask.to.port, plain),
  '.target-database.user': everywhere((subtask) => subtask.to.user, text),
  '.target-database.password': everywhere((subtask) => subtask.to.password, text),
  '.target-database.max-allowed-packet': everywhere(
    (subtask) => subtask.to.maxAllowedPacket,
    (value) => number(value),
  ),
  '.target-database.session': everywhere(
    (subtask) => subtask.to.session ?? {},
    (value) =>
      Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name.toLowerCase(), text(one)])),
  ),
  '.target-database.security.ssl-ca': everywhere((subtask) => subtask.to.security?.sslCa, contentOf),
  '.target-database.security.ssl-cert': everywhere((subtask) => subtask.to.security?.sslCert, contentOf),
  '.target-database.security.ssl-key': everywhere((subtask) => subtask.to.security?.sslKey, contentOf),
  '.target-database.security.cert-allowed-cn': everywhere((subtask) => subtask.to.security?.certAllowedCn, filledTexts),
  '.routes.*.schema-pattern': route((rule) => rule.schemaPattern, text),
  '.routes.*.table-pattern': route((rule) => rule.tablePattern, filledText),
  '.routes.*.target-schema': route((rule) => rule.targetSchema, text),
  '.routes.*.target-table': route((rule) => rule.targetTable, filledText),
  '.filters.*.schema-pattern': filter((rule) => rule.schemaPattern, text),
  '.filters.*.table-pattern': filter((rule) => rule.tablePattern, filledText),
  '.filters.*.events': filter(
    (rule) => rule.events,
    (value) => texts(value).map((event) => event.toLowerCase()),
  ),
  '.filters.*.sql-pattern': filter((rule) => rule.sqlPattern, texts),
  '.filters.*.action': filter((rule) => rule.action, text),
  '.expression-filter.*.schema': expression((rule) => rule.schema),
  '.expression-filter.*.table': expression((rule) => rule.table),
  '.expression-filter.*.insert-value-expr': expression((rule) => rule.insertValueExpr),
  '.expression-filter.*.update-old-value-expr': expression((rule) => rule.updateOldValueExpr),
  '.expression-filter.*.update-new-value-expr': expression((rule) => rule.updateNewValueExpr),
  '.expression-filter.*.delete-value-expr': expression((rule) => rule.deleteValueExpr),
  '.column-mappings.*.schema-pattern': mapping((rule) => rule.schemaPattern),
  '.column-mappings.*.table-pattern': mapping((rule) => rule.tablePattern),
  '.column-mappings.*.source-column': mapping((rule) => rule.sourceColumn),
  '.column-mappings.*.target-column': mapping((rule) => rule.targetColumn),
  '.column-mappings.*.expression': mapping((rule) => rule.expression),
  '.column-mappings.*.arguments': mapping((rule) => rule.arguments, texts),
  '.column-mappings.*.create-table-query': withoutEffect(),
  ...prefixed('.block-allow-list.*', LIST),
  ...prefixed('.black-white-list.*', LIST),
  ...prefixed('.mydumpers.*', DUMP),
  ...prefixed('.loaders.*', LOAD),
  ...prefixed('.syncers.*', SYNC),
  '.mysql-instances[].source-id': ofInstance((subtask, value) => subtask.sourceId === text(value)),
  '.mysql-instances[].meta.binlog-name': meta((subtask) => subtask.meta?.binlogName, filledText),
  '.mysql-instances[].meta.binlog-pos': meta(
    (subtask) => subtask.meta?.binlogPos,
    (value) => Math.max(4, plain(value) as number),
  ),
  '.mysql-instances[].meta.binlog-gtid': meta((subtask) => subtask.meta?.binlogGtid, filledText),
  '.mysql-instances[].route-rules': names((subtask) => subtask.routes),
  '.mysql-instances[].filter-rules': names((subtask) => subtask.filters),
  '.mysql-instances[].column-mapping-rules': names((subtask) => subtask.columnMappings),
  '.mysql-instances[].expression-filters': names((subtask) => subtask.expressionFilters),
  '.mysql-instances[].block-allow-list': ofInstance(
    (subtask, value) => text(value) === '' || subtask.blockAllowList !== undefined,
  ),
  '.mysql-instances[].black-white-list': (leaf, context) =>
    text(leaf.value) === '' ||
    remarked(formatPath(leaf.path), context) ||
    context.subtasks[leaf.path[1] as number]?.blockAllowList !== undefined,
  // What the sections named say is looked at there.
  '.mysql-instances[].mydumper-config-name': () => true,
  '.mysql-instances[].loader-config-name': () => true,
  '.mysql-instances[].syncer-config-name': () => true,
  ...prefixed('.mysql-instances[].mydumper', DUMP),
  ...prefixed('.mysql-instances[].loader', LOAD),
  ...prefixed('.mysql-instances[].syncer', SYNC),
  '.mysql-instances[].mydumper-thread': ofInstance(
    (subtask, value) => plain(value) === 0 || subtask.dump.threads === plain(value),
  ),
  '.mysql-instances[].loader-thread': ofInstance(
    (subtask, value) => plain(value) === 0 || subtask.load.poolSize === plain(value),
  ),
  '.mysql-instances[].syncer-thread': ofInstance(
    (subtask, value) => plain(value) === 0 || subtask.sync.workerCount === plain(value),
  ),
};

/** Content of the files that the tests read. */
export function contentOf(path: unknown): string | undefined {
  return text(path) === '' ? undefined : `-----BEGIN ${text(path)}-----`;
}
