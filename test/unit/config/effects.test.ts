import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { taskJsonSchema } from '../../../src/config/document.js';
import { readSourceFile } from '../../../src/config/source-file.js';
import { readTaskFile, resolveSubtasks } from '../../../src/config/task-file.js';
import type { SourceConfig, SubtaskConfig } from '../../../src/config/types.js';
import { contentOf, droppedKeys, EFFECTS, EXTRA_ARGS } from './key-effects.js';
import { baseTask, KEY_SAMPLES, setAt, type KeySample } from './key-samples.js';
import { SOURCE_FILE } from './samples.js';

const SOURCE: SourceConfig = { ...readSourceFile(SOURCE_FILE, 's').config, flavor: 'mysql', serverId: 1 };

interface Result {
  subtasks: SubtaskConfig[];
  warnings: string[];
  dropped: string[];
}

function resultOf(sample: KeySample, value: unknown): Result {
  const task = baseTask();
  for (const [path, other] of Object.entries(sample.with ?? {})) {
    setAt(
      task,
      path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step)),
      other,
    );
  }
  setAt(task, sample.path, value);
  const text = stringify(task);
  const definition = readTaskFile(text, 'task.yaml', { readFile: (path) => contentOf(path) ?? '' });
  const enableGtid = sample.key.endsWith('binlog-gtid');
  const sources = definition.sourceIds.map(
    (sourceId, index) => [sourceId, { ...SOURCE, sourceId, enableGtid: enableGtid && index === 0 }] as const,
  );
  const subtasks = resolveSubtasks(definition, new Map(sources));
  const { warnings } = definition;
  return { subtasks, warnings, dropped: droppedKeys(text, { subtasks, warnings }) };
}

describe('every key of a task file', () => {
  it.each(KEY_SAMPLES.map((sample) => [`${sample.key} (${sample.path.join('.')})`, sample] as const))(
    '%s',
    (_name, sample) => {
      const [first, second] = sample.values.map((value) => resultOf(sample, value));
      expect([first?.dropped, second?.dropped]).toEqual([[], []]);
      if (sample.remark === true) {
        expect(first?.subtasks).toEqual(second?.subtasks);
        expect(first?.warnings.join('\n')).toContain(`${sample.path.at(-1)}`);
      } else {
        expect(first?.subtasks).not.toEqual(second?.subtasks);
      }
    },
  );

  it('has such a test', () => {
    const tested = new Set(KEY_SAMPLES.map((sample) => sample.key));
    const all = keysOf(taskJsonSchema()).filter((key) => !/^\.(shard-mode|is-sharding)$/.test(key));
    expect(all.filter((key) => !tested.has(key) && key !== '.column-mappings.*.expression')).toEqual([]);
    expect(keysOf(taskJsonSchema()).filter((key) => EFFECTS[key] === undefined)).toEqual([]);
  });

  it.each([
    ['routes', 'routes.r.schema-pattern'],
    ['filters', 'filters.f.action'],
    ['expressionFilters', 'expression-filter.e.insert-value-expr'],
    ['columnMappings', 'column-mappings.c.arguments'],
    ['onlineDdl', 'online-ddl'],
    ['blockAllowList', 'block-allow-list.b.do-dbs'],
  ] as const)('would be missed: %s', (part, key) => {
    const text = stringify(baseTask());
    const { subtasks, warnings } = resultOf({ key: '', path: ['name'], values: ['', ''] }, 'test');
    const without = subtasks.map((subtask) => ({ ...subtask, [part]: undefined }));
    expect(droppedKeys(text, { subtasks, warnings })).toEqual([]);
    expect(droppedKeys(text, { subtasks: without, warnings })).toContain(key);
  });

  it('would be missed: settings of the units, unknown keys', () => {
    const text = stringify({ ...baseTask(), unheard: 1 });
    const { subtasks, warnings } = resultOf({ key: '', path: ['name'], values: ['', ''] }, 'test');
    const changed = subtasks.map((subtask) => ({
      ...subtask,
      dump: { ...subtask.dump, threads: 99 },
      load: { ...subtask.load, poolSize: 99 },
      sync: { ...subtask.sync, batch: 99 },
    }));
    expect(droppedKeys(text, { subtasks: changed, warnings })).toEqual([
      'mydumpers.m.threads',
      'loaders.l.pool-size',
      'syncers.y.batch',
      'mysql-instances.1.mydumper.threads',
      'mysql-instances.1.loader.pool-size',
      'mysql-instances.1.syncer.batch',
      'unheard',
    ]);
  });

  it.each(Object.keys(EXTRA_ARGS))('extra-args: %s', (args) => {
    const sample: KeySample = { key: '', path: ['mysql-instances', 1, 'mydumper', 'extra-args'], values: [args, ''] };
    const [without, given] = [resultOf(sample, ''), resultOf(sample, args)];
    expect(given.dropped).toEqual([]);
    expect(EXTRA_ARGS[args]?.(given.subtasks[1])).toBe(true);
    expect(EXTRA_ARGS[args]?.(without.subtasks[1])).toBe(false);
  });
});

describe('every key of a source file', () => {
  const read = (lines: string) => {
    const text = SOURCE_FILE.replace('host: 127.0.0.1', 'host: h').replace('user: root', 'user: u');
    return readSourceFile(lines.startsWith('  ') ? `${text}${lines}\n` : `${text}${lines}\n`, 'source.yaml', {
      readFile: (path) => contentOf(path) ?? '',
    });
  };

  it.each([
    ['  password: p1', '  password: p2'],
    ['  max-allowed-packet: 2048', '  max-allowed-packet: 4096'],
    ['  session: {a: 1}', '  session: {a: 2}'],
    ['  security: {ssl-ca: /a}', '  security: {ssl-ca: /b}'],
    ['  security: {ssl-cert: /a, ssl-key: /c}', '  security: {ssl-cert: /b, ssl-key: /c}'],
    ['  security: {ssl-cert: /c, ssl-key: /a}', '  security: {ssl-cert: /c, ssl-key: /b}'],
    ['  security: {cert-allowed-cn: [a]}', '  security: {cert-allowed-cn: [b]}'],
    ['enable-gtid: true', 'enable-gtid: false'],
    ['flavor: mysql', 'flavor: mariadb'],
    ['server-id: 1', 'server-id: 2'],
    ['case-sensitive: true', 'case-sensitive: false'],
    ['checker: {check-enable: true}', 'checker: {check-enable: false}'],
    ['checker: {backoff-rollback: 1m}', 'checker: {backoff-rollback: 2m}'],
    ['checker: {backoff-max: 1m}', 'checker: {backoff-max: 2m}'],
    ['checker: {backoff-min: 2s}', 'checker: {backoff-min: 3s}'],
    ['checker: {backoff-jitter: true}', 'checker: {backoff-jitter: false}'],
    ['checker: {backoff-factor: 2.5}', 'checker: {backoff-factor: 3}'],
    ['checker: {check-interval: 1s}', 'checker: {check-interval: 2s}'],
    ['filters: [{schema-pattern: a, action: Do}]', 'filters: [{schema-pattern: b, action: Do}]'],
    [
      'filters: [{schema-pattern: a, table-pattern: a, action: Do}]',
      'filters: [{schema-pattern: a, table-pattern: b, action: Do}]',
    ],
    [
      'filters: [{schema-pattern: a, events: [all], action: Do}]',
      'filters: [{schema-pattern: a, events: [none], action: Do}]',
    ],
    [
      'filters: [{schema-pattern: a, sql-pattern: [a], action: Do}]',
      'filters: [{schema-pattern: a, sql-pattern: [b], action: Do}]',
    ],
    ['filters: [{schema-pattern: a, action: Do}]', 'filters: [{schema-pattern: a, action: Ignore}]'],
  ])('%s differs from %s', (first, second) => {
    expect(read(first).config).not.toEqual(read(second).config);
    expect([read(first).warnings, read(second).warnings]).toEqual([[], []]);
  });

  it.each([
    'relay-binlog-name: a',
    'relay-binlog-gtid: a',
    'relay-dir: a',
    'purge: {interval: 1}',
    'purge: {expires: 1}',
    'purge: {remain-space: 1}',
  ])('%s is remarked upon', (line) => {
    expect(read(line).config).toEqual(read('').config);
    expect(read(line).warnings.join()).toContain(`\`${line.split(':')[0]}\` has no effect`);
  });

  it('of the connection is in effect', () => {
    expect(read('').config.from).toEqual({ host: 'h', port: 3306, user: 'u', password: '' });
    expect(read('').config.sourceId).toBe('mysql-replica-01');
  });
});

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
}

/** Paths of the innermost keys of a schema; a list of tables counts as one. */
function keysOf(schema: Schema, path = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, key]) => {
    const here = `${path}.${name}`;
    const item = key.items?.anyOf?.[0] ?? key.items;
    if (key.properties !== undefined) return keysOf(key, here);
    if (item?.properties !== undefined && !here.endsWith('-tables')) return keysOf(item, `${here}[]`);
    const named = key.additionalProperties;
    return typeof named === 'object' && named.properties !== undefined ? keysOf(named, `${here}.*`) : [here];
  });
}
