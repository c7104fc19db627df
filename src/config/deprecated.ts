import { parseExtraArgs } from './extra-args.js';
import type { InstanceFile, TaskFile } from './task-schema.js';

/** DM's answer to `remove-meta` in a task file. */
export const REMOVE_META_DEPRECATED =
  '`remove-meta` in task config is deprecated, please use `start-task ... --remove-meta` instead';

/** One remark for each key of a task file that is accepted but has no effect. */
export function deprecatedTaskKeys(task: TaskFile): string[] {
  const remarks: string[] = [];
  if (task['remove-meta'] === true) remarks.push(REMOVE_META_DEPRECATED);
  if (task['enable-heartbeat'] === true) {
    remarks.push('`enable-heartbeat` is deprecated and has no effect: the delay is measured without it');
  }
  for (const name of ['heartbeat-update-interval', 'heartbeat-report-interval', 'ansi-quotes'] as const) {
    if (task[name] !== undefined) remarks.push(`\`${name}\` is deprecated and has no effect`);
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
  (task['mysql-instances'] ?? []).forEach((instance, index) => {
    if (instance !== null) remarks.push(...instanceRemarks(task, instance, `mysql-instances[${index}]`));
  });
  return remarks;
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

function sectionRemarks(section: string, values: object, keys: readonly string[]): string[] {
  return keys
    .filter((key) => Object.hasOwn(values, key))
    .map((key) => `\`${section}.${key}\` is deprecated and has no effect`);
}

function extraArgsRemarks(section: string, dump: { 'extra-args'?: string | undefined }): string[] {
  const parsed = parseExtraArgs(dump['extra-args'] ?? '');
  if ('problem' in parsed) return [];
  return parsed.ignored.map((why) => `\`${section}.extra-args\` holds an argument without effect: ${why}`);
}
