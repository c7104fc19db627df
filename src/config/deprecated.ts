import { parseExtraArgs } from './extra-args.js';
import { followsOnlineDdl } from './feature-rules.js';
import type { BlockAllowListFile } from './schema-parts.js';
import { sessionTimezoneKey } from './timezone.js';
import type { InstanceFile, TaskFile } from './task-schema.js';

/** DM's answer to `remove-meta` in a task file. */
export const REMOVE_META_DEPRECATED =
  '`remove-meta` in task config is deprecated, please use `start-task ... --remove-meta` instead';

/** One remark for each key of a task file that is accepted but has no effect, or will not be accepted for ever. */
export function deprecatedTaskKeys(task: TaskFile): string[] {
  const remarks = topLevelRemarks(task);
  for (const [name, rule] of Object.entries(task['column-mappings'] ?? {})) {
    remarks.push(...sectionRemarks(`column-mappings.${name}`, rule, ['create-table-query']));
  }
  for (const [name, dump] of Object.entries(task.mydumpers ?? {})) {
    remarks.push(
      ...sectionRemarks(`mydumpers.${name}`, dump, DUMP_KEYS),
      ...extraArgsRemarks(`mydumpers.${name}`, dump),
    );
  }
  for (const [name, sync] of Object.entries(task.syncers ?? {})) {
    remarks.push(...sectionRemarks(`syncers.${name}`, sync, SYNC_KEYS));
  }
  remarks.push(...listRemarks(task));
  (task['mysql-instances'] ?? []).forEach((instance, index) => {
    if (instance !== null) remarks.push(...instanceRemarks(task, instance, `mysql-instances[${index}]`));
  });
  return remarks;
}

function topLevelRemarks(task: TaskFile): string[] {
  const remarks: string[] = [];
  if (task['remove-meta'] === true) remarks.push(REMOVE_META_DEPRECATED);
  if (task['enable-heartbeat'] === true) {
    remarks.push('`enable-heartbeat` is deprecated and has no effect: the delay is measured without it');
  }
  for (const name of ['heartbeat-update-interval', 'heartbeat-report-interval', 'ansi-quotes'] as const) {
    if (task[name] !== undefined) remarks.push(`\`${name}\` is deprecated and has no effect`);
  }
  if ((task['online-ddl-scheme'] ?? '') !== '') {
    remarks.push('`online-ddl-scheme` is deprecated and means `online-ddl: true`, for the tables of both tools');
  }
  for (const name of ['shadow-table-rules', 'trash-table-rules'] as const) {
    if ((task[name] ?? []).length > 0 && !followsOnlineDdl(task)) {
      remarks.push(`\`${name}\` has no effect without \`online-ddl: true\``);
    }
  }
  for (const name of Object.keys(task.tidb ?? {})) {
    remarks.push(`\`tidb.${name}\` has no effect: dump files are loaded by SQL statements`);
  }
  const zone = sessionZone(task);
  if (zone !== undefined) remarks.push(zone);
  return remarks;
}

/** `time_zone` of the downstream's session gives way to `timezone`, and the server's own zone is never used. */
function sessionZone(task: TaskFile): string | undefined {
  const session = Object.keys(task['target-database']?.session ?? {});
  const key = session.find((name) => name.toLowerCase() === 'time_zone');
  if (key === undefined) return undefined;
  const where = `\`target-database.session.${key}\` has no effect`;
  if ((task.timezone ?? '') !== '') return `${where} beside \`timezone\``;
  return sessionTimezoneKey(task) === undefined ? `${where}: all connections use UTC` : undefined;
}

const DUMP_KEYS = ['skip-tz-utc', 'mydumper-path'];

const SYNC_KEYS = ['enable-gtid', 'auto-fix-gtid', 'enable-ansi-quotes', 'disable-detect', 'max-retry', 'meta-file'];

const UNIT_SECTIONS = [
  ['mydumpers', 'mydumper-config-name', 'mydumper'],
  ['loaders', 'loader-config-name', 'loader'],
  ['syncers', 'syncer-config-name', 'syncer'],
] as const;

function instanceRemarks(task: TaskFile, instance: InstanceFile, where: string): string[] {
  const remarks: string[] = [];
  if (instance.meta !== undefined && task['task-mode'] !== 'incremental') {
    remarks.push(`\`${where}.meta\` has no effect with \`task-mode: ${task['task-mode']}\``);
  }
  if (instance.meta?.['binlog-pos'] !== undefined && (instance.meta['binlog-name'] ?? '') === '') {
    remarks.push(`\`${where}.meta.binlog-pos\` has no effect without \`binlog-name\``);
  }
  if ((instance['block-allow-list'] ?? '') !== '' && (instance['black-white-list'] ?? '') !== '') {
    remarks.push(`\`${where}.black-white-list\` has no effect beside \`block-allow-list\``);
  }
  for (const [definitions, reference, inline] of UNIT_SECTIONS) {
    const defined = Object.keys(task[definitions] ?? {}).length > 0;
    if (defined && (instance[reference] ?? '') === '' && instance[inline] === undefined) {
      remarks.push(`\`${where}\` names no \`${reference}\`: it gets the defaults, not \`${definitions}\``);
    }
  }
  if (instance.mydumper !== undefined) {
    const section = `${where}.mydumper`;
    remarks.push(
      ...sectionRemarks(section, instance.mydumper, DUMP_KEYS),
      ...extraArgsRemarks(section, instance.mydumper),
    );
  }
  if (instance.syncer !== undefined) remarks.push(...sectionRemarks(`${where}.syncer`, instance.syncer, SYNC_KEYS));
  return remarks;
}

/** Lists that nobody uses, and lists inside them that another one makes dead. */
function listRemarks(task: TaskFile): string[] {
  const remarks: string[] = [];
  const inEffect = Object.keys(task['block-allow-list'] ?? {}).length > 0 ? 'block-allow-list' : 'black-white-list';
  if (inEffect === 'block-allow-list' && Object.keys(task['black-white-list'] ?? {}).length > 0) {
    remarks.push('`black-white-list` has no effect beside `block-allow-list`');
  }
  const instances = task['mysql-instances'] ?? [];
  const used = new Set(instances.flatMap((one) => [one?.['block-allow-list'], one?.['black-white-list']]));
  for (const [name, list] of Object.entries(task[inEffect] ?? {})) {
    const where = `${inEffect}.${name}`;
    if (!used.has(name)) remarks.push(`no instance uses \`${where}\``);
    remarks.push(...deadLists(where, list));
  }
  return remarks;
}

function deadLists(where: string, list: BlockAllowListFile): string[] {
  const remarks: string[] = [];
  for (const what of ['dbs', 'tables'] as const) {
    if ((list[`do-${what}`] ?? []).length > 0 && (list[`ignore-${what}`] ?? []).length > 0) {
      remarks.push(`\`${where}.ignore-${what}\` has no effect beside \`do-${what}\``);
    }
  }
  return remarks;
}

function sectionRemarks(section: string, values: object, keys: readonly string[]): string[] {
  return keys
    .filter((key) => Object.hasOwn(values, key))
    .map((key) => `\`${section}.${key}\` is deprecated and has no effect`);
}

function extraArgsRemarks(section: string, dump: { 'extra-args'?: string | undefined }): string[] {
  const parsed = parseExtraArgs(dump['extra-args'] ?? '');
  if ('problem' in parsed) return [];
  const remarks = parsed.ignored.map((why) => `\`${section}.extra-args\` holds an argument without effect: ${why}`);
  if (parsed.tables !== undefined || parsed.tableFilter !== undefined) {
    remarks.push(`\`${section}.extra-args\` names the tables to dump: \`block-allow-list\` has no say in the dump`);
  }
  return remarks;
}
