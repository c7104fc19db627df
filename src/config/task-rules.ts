import { dmError, type DmError } from '../errors/dm-error.js';
import type { ErrorCode } from '../errors/table.js';
import { parseExtraArgs, parseFileSize } from './extra-args.js';
import {
  checkBlockAllowList,
  checkColumnMapping,
  checkEventFilter,
  checkExpressionFilter,
  checkOnlineRule,
  checkRoute,
} from './rule-checks.js';
import { CHECKING_ITEMS, type DumpFile, type InstanceFile, type TaskFile } from './task-schema.js';
import type { BlockAllowListFile } from './schema-parts.js';
import { suggest } from './suggest.js';
import { isTimezone, sessionTimezoneKey, timezoneOf } from './timezone.js';
import { effectlessKey } from './not-yet.js';
import type { ConfigDocument, KeyPath } from './yaml-reader.js';

/** Longest task name: `<task>_syncer_sharding_meta` must be a table name of at most 64 characters. */
const MAX_TASK_NAME = 64 - '_syncer_sharding_meta'.length;

const MAX_SOURCE_ID = 32;

type TaskDocument = ConfigDocument<TaskFile>;

/** A kind of named definition: where it stands, how an instance refers to it, and the error of a missing one. */
interface Reference {
  definitions: keyof TaskFile;
  key: keyof InstanceFile;
  missing: ErrorCode;
}

const LIST_REFERENCES: readonly Reference[] = [
  { definitions: 'routes', key: 'route-rules', missing: 20023 },
  { definitions: 'filters', key: 'filter-rules', missing: 20024 },
  { definitions: 'column-mappings', key: 'column-mapping-rules', missing: 20025 },
];

const UNIT_REFERENCES: readonly (Reference & { inline: keyof InstanceFile; both: ErrorCode })[] = [
  { definitions: 'mydumpers', key: 'mydumper-config-name', missing: 20027, inline: 'mydumper', both: 20015 },
  { definitions: 'loaders', key: 'loader-config-name', missing: 20029, inline: 'loader', both: 20016 },
  { definitions: 'syncers', key: 'syncer-config-name', missing: 20030, inline: 'syncer', both: 20017 },
];

const EXPRESSION_REFERENCE: Reference = {
  definitions: 'expression-filter',
  key: 'expression-filters',
  missing: 20040,
};

/**
 * Judges a task file in DM's order (manual of DM 5.3, validation of a task): the first rule that is broken wins.
 *
 * @param startKnown the start is said elsewhere: an incremental task needs no `meta`
 * @throws DmError with DM's code, its message led by file, line and key
 */
export function checkTaskRules(doc: TaskDocument, startKnown = false): void {
  checkBasics(doc);
  checkTarget(doc);
  if ((doc.value['mysql-instances'] ?? []).length === 0) throw doc.errorAt(['mysql-instances'], 20013);
  checkExpressionFilters(doc);
  checkInstances(doc, startKnown);
  checkDuplicateNames(doc);
  checkUnusedDefinitions(doc);
  const timezone = doc.value.timezone ?? '';
  if (timezone !== '' && !isTimezone(timezone)) throw doc.errorAt(['timezone'], 20008, [timezone]);
  const zoneKey = sessionTimezoneKey(doc.value);
  const zone = timezoneOf(doc.value);
  if (zoneKey !== undefined && !isTimezone(zone)) {
    throw doc.errorAt(['target-database', 'session', zoneKey], 20008, [zone]);
  }
  checkSubtasks(doc);
  const effectless = effectlessKey(doc.value);
  if (effectless !== undefined) throw doc.errorAt(effectless.path, 20003, [effectless.text]);
}

function checkBasics(doc: TaskDocument): void {
  const task = doc.value;
  if ((task.name ?? '') === '') throw doc.errorAt(['name'], 20019);
  const mode = task['task-mode'] ?? '';
  if (!['full', 'incremental', 'all'].includes(mode)) throw doc.errorAt(['task-mode'], 20020);
  const shardMode = task['shard-mode'] ?? '';
  if (!['', 'pessimistic', 'optimistic'].includes(shardMode)) {
    throw doc.errorAt(['shard-mode'], 20033, [shardMode]);
  }
  (task['ignore-checking-items'] ?? []).forEach((item, index) => {
    if ((CHECKING_ITEMS as readonly string[]).includes(item)) return;
    const hint = `${suggest(item, CHECKING_ITEMS)}; supported items: ${CHECKING_ITEMS.join(', ')}`.replace(/^; /, '');
    throw doc.errorAt(['ignore-checking-items', index], 20001, [item, `(${hint})`]);
  });
  const scheme = task['online-ddl-scheme'] ?? '';
  if (!['', 'gh-ost', 'pt'].includes(scheme)) throw doc.errorAt(['online-ddl-scheme'], 20007, [scheme]);
}

function checkTarget(doc: TaskDocument): void {
  const target = doc.value['target-database'];
  if (target === undefined) throw doc.errorAt(['target-database'], 20021);
  for (const key of ['host', 'port', 'user'] as const) requireKey(doc, ['target-database', key], target[key]);
}

/** Complains about a key that must have a value and for whose absence DM has no code. */
export function requireKey(doc: ConfigDocument<unknown>, path: KeyPath, value: string | number | undefined): void {
  if (value === undefined || value === '') throw doc.errorAt(path, 20003, ['a value is required']);
}

function checkExpressionFilters(doc: TaskDocument): void {
  for (const [name, filter] of Object.entries(doc.value['expression-filter'] ?? {})) {
    checkExpressionFilter(doc, name, filter, ['expression-filter', name]);
  }
}

function checkInstances(doc: TaskDocument, startKnown: boolean): void {
  const seen = new Map<string, number>();
  const mode = doc.value['task-mode'] ?? '';
  (doc.value['mysql-instances'] ?? []).forEach((instance, index) => {
    const path: KeyPath = ['mysql-instances', index];
    if (instance === null) throw doc.errorAt(path, 20012);
    const sourceId = instance['source-id'] ?? '';
    if (sourceId === '') throw doc.errorAt([...path, 'source-id'], 20005);
    const { meta } = instance;
    if (meta !== undefined && (meta['binlog-name'] ?? '') === '' && (meta['binlog-gtid'] ?? '') === '') {
      throw doc.errorAt([...path, 'meta'], 20011);
    }
    for (const unit of UNIT_REFERENCES) {
      if ((instance[unit.key] ?? '') !== '' && instance[unit.inline] !== undefined) {
        throw doc.errorAt([...path, unit.inline], unit.both);
      }
    }
    const before = seen.get(sourceId);
    if (before !== undefined) throw doc.errorAt([...path, 'source-id'], 20014, [before, index, sourceId]);
    seen.set(sourceId, index);
    if (mode === 'incremental' && meta === undefined && !startKnown)
      throw doc.errorAt([...path, 'meta'], 20022, [index, mode]);
    checkReferences(doc, instance, index);
  });
}

function checkReferences(doc: TaskDocument, instance: InstanceFile, index: number): void {
  const path: KeyPath = ['mysql-instances', index];
  for (const reference of LIST_REFERENCES) checkListReference(doc, instance, index, reference);
  const list = blockAllowListName(instance);
  if (list !== '' && !Object.hasOwn(blockAllowLists(doc.value), list)) {
    const key = instance['block-allow-list'] === list ? 'block-allow-list' : 'black-white-list';
    throw missing(doc, [...path, key], 20026, index, list, Object.keys(blockAllowLists(doc.value)));
  }
  for (const unit of UNIT_REFERENCES) {
    const name = (instance[unit.key] as string | undefined) ?? '';
    const defined = namesOf(doc.value, unit.definitions);
    if (name !== '' && !defined.includes(name))
      throw missing(doc, [...path, unit.key], unit.missing, index, name, defined);
    if (unit.key === 'mydumper-config-name') checkDumperPath(doc, instance, index);
  }
  checkListReference(doc, instance, index, EXPRESSION_REFERENCE);
}

/** Nothing is run from there, but a file that DM refuses is no better here. */
function checkDumperPath(doc: TaskDocument, instance: InstanceFile, index: number): void {
  const task = doc.value;
  const name = instance['mydumper-config-name'] ?? '';
  const dump = instance.mydumper ?? (task.mydumpers ?? {})[name];
  if (task['task-mode'] === 'incremental' || dump?.['mydumper-path'] !== '') return;
  const path = instance.mydumper === undefined ? ['mydumpers', name] : ['mysql-instances', index, 'mydumper'];
  throw doc.errorAt([...path, 'mydumper-path'], 20028, [index]);
}

function checkListReference(doc: TaskDocument, instance: InstanceFile, index: number, reference: Reference): void {
  const defined = namesOf(doc.value, reference.definitions);
  ((instance[reference.key] as string[] | undefined) ?? []).forEach((name, position) => {
    if (defined.includes(name)) return;
    throw missing(doc, ['mysql-instances', index, reference.key, position], reference.missing, index, name, defined);
  });
}

function missing(
  doc: TaskDocument,
  path: KeyPath,
  code: ErrorCode,
  index: number,
  name: string,
  defined: readonly string[],
): DmError {
  const hint = suggest(name, defined).replace(/^; d/, 'D');
  const workaround = hint === '' ? undefined : hint;
  return doc.errorAt(path, code, [index, name], workaround === undefined ? {} : { workaround });
}

function namesOf(task: TaskFile, definitions: keyof TaskFile): string[] {
  return Object.keys((task[definitions] as Record<string, unknown> | undefined) ?? {});
}

function checkDuplicateNames(doc: TaskDocument): void {
  const findings: { path: KeyPath; text: string }[] = [];
  (doc.value['mysql-instances'] ?? []).forEach((instance, index) => {
    for (const { key } of [...LIST_REFERENCES, EXPRESSION_REFERENCE]) {
      const names = (instance?.[key] as string[] | undefined) ?? [];
      const twice = [...new Set(names.filter((name, position) => names.indexOf(name) !== position))];
      if (twice.length > 0) {
        const path = ['mysql-instances', index, key];
        findings.push({ path, text: `mysql-instance(${index})'s ${key}: ${twice.join(', ')}` });
      }
    }
  });
  const first = findings[0];
  if (first !== undefined) {
    throw doc.errorAt(first.path, 20032, [findings.map((finding) => finding.text).join('\n')]);
  }
}

function checkUnusedDefinitions(doc: TaskDocument): void {
  const instances = doc.value['mysql-instances'] ?? [];
  const unused: { path: KeyPath; name: string }[] = [];
  for (const { definitions, key } of [...LIST_REFERENCES, ...UNIT_REFERENCES, EXPRESSION_REFERENCE]) {
    const used = new Set(instances.flatMap((instance) => (instance?.[key] as string[] | string | undefined) ?? []));
    for (const name of namesOf(doc.value, definitions)) {
      if (!used.has(name)) unused.push({ path: [definitions, name], name });
    }
  }
  const first = unused[0];
  if (first !== undefined) throw doc.errorAt(first.path, 20038, [unused.map((item) => item.name).sort()]);
}

/** Rules on what each subtask gets, after everything about names is known to be right. */
function checkSubtasks(doc: TaskDocument): void {
  const task = doc.value;
  const name = task.name ?? '';
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[/\u0000-\u001f\u007f]/.test(name)) {
    throw doc.errorAt(['name'], 20003, ['must not hold a slash or control characters']);
  }
  if (Array.from(name).length > MAX_TASK_NAME) {
    const why = `must not be longer than ${MAX_TASK_NAME} characters: the names of its tables downstream start with it`;
    throw doc.errorAt(['name'], 20003, [why]);
  }
  if (Array.from(task['meta-schema'] ?? '').length > 64) {
    throw doc.errorAt(['meta-schema'], 20003, ['must not be longer than 64 characters']);
  }
  const backend = task.tidb?.backend ?? '';
  if (!['', 'local', 'tidb'].includes(backend)) {
    throw doc.errorAt(['tidb', 'backend'], 20003, [`"${backend}" is none of "", "local", "tidb"`]);
  }
  (task['mysql-instances'] ?? []).forEach((instance, index) => {
    if (instance !== null) checkSubtask(doc, instance, ['mysql-instances', index]);
  });
  // Nobody needs to refer to a list, so the rest is looked at too.
  for (const [listName, list] of Object.entries(blockAllowLists(task))) {
    checkBlockAllowList(doc, list, [blockAllowListKey(task), listName]);
  }
}

/** What DM finds when it builds one subtask, in its order. */
function checkSubtask(doc: TaskDocument, instance: InstanceFile, path: KeyPath): void {
  const task = doc.value;
  if (Array.from(instance['source-id'] ?? '').length > MAX_SOURCE_ID) throw doc.errorAt([...path, 'source-id'], 20006);
  for (const key of ['shadow-table-rules', 'trash-table-rules'] as const) {
    (task[key] ?? []).forEach((rule, index) => checkOnlineRule(doc, rule, [key, index]));
  }
  const list = blockAllowListName(instance);
  if (list !== '') checkBlockAllowList(doc, blockAllowLists(task)[list], [blockAllowListKey(task), list]);
  for (const name of instance['route-rules'] ?? []) checkRoute(doc, (task.routes ?? {})[name], ['routes', name]);
  for (const name of instance['column-mapping-rules'] ?? []) {
    checkColumnMapping(doc, (task['column-mappings'] ?? {})[name], ['column-mappings', name]);
  }
  if (instance.mydumper !== undefined) checkDump(doc, instance.mydumper, [...path, 'mydumper']);
  const dump = instance['mydumper-config-name'] ?? '';
  if (dump !== '') checkDump(doc, (task.mydumpers ?? {})[dump], ['mydumpers', dump]);
  for (const name of instance['filter-rules'] ?? []) {
    checkEventFilter(doc, (task.filters ?? {})[name], ['filters', name]);
  }
}

function checkDump(doc: TaskDocument, dump: DumpFile, path: KeyPath): void {
  const size = dump['chunk-filesize'];
  if (size !== undefined && size !== '' && parseFileSize(size) === undefined) {
    throw doc.errorAt([...path, 'chunk-filesize'], 20047, [size]);
  }
  const extra = parseExtraArgs(dump['extra-args'] ?? '');
  if ('problem' in extra) throw doc.errorAt([...path, 'extra-args'], 20003, [extra.problem]);
}

function hasEntries(map: object | undefined): boolean {
  return map !== undefined && Object.keys(map).length > 0;
}

function blockAllowListKey(task: TaskFile): 'block-allow-list' | 'black-white-list' {
  return hasEntries(task['block-allow-list']) ? 'block-allow-list' : 'black-white-list';
}

/** The lists in effect: `block-allow-list`, or its old name when that is empty. */
export function blockAllowLists(task: TaskFile): Record<string, BlockAllowListFile> {
  return task[blockAllowListKey(task)] ?? {};
}

/** The list that an instance refers to, `''` = none. */
export function blockAllowListName(instance: InstanceFile): string {
  const name = instance['block-allow-list'] ?? '';
  return name === '' ? (instance['black-white-list'] ?? '') : name;
}

/** Error of a source that the task names and nobody has added. */
export function unknownSource(doc: TaskDocument, index: number, sourceId: string, known: readonly string[]): DmError {
  const registered = known.length === 0 ? 'No source is registered.' : `Registered sources: ${known.join(', ')}.`;
  const base = dmError(20031, [sourceId]);
  return doc.errorAt(['mysql-instances', index, 'source-id'], 20031, [sourceId], {
    workaround: `${registered} ${base.workaround}`.trim(),
  });
}
