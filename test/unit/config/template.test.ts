import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { sourceJsonSchema, taskJsonSchema } from '../../../src/config/document.js';
import { SAMPLE_SOURCE_FILE } from '../../../src/config/source-file.js';
import { readTaskFile } from '../../../src/config/task-file.js';
import { TASK_TEMPLATE } from '../../../src/config/task-template.js';
import { ADVANCED_TASK_FILE, TASK_FILE, WIZARD_TASK_FILE } from './samples.js';

const ajv = new Ajv({ strict: true, allowUnionTypes: true });
const task = ajv.compile(taskJsonSchema());
const source = ajv.compile(sourceJsonSchema());

/** The template with everything in effect. */
const WHOLE_TEMPLATE = TASK_TEMPLATE.replaceAll(/^( *)#(?=[^ \n]|  )/gm, '$1');

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  deprecated?: boolean;
}

/** Paths of the keys of a schema that are not only there for old files. */
function keysOf(schema: Schema, path = ''): string[] {
  const inner = schema.items?.anyOf?.[0] ?? schema.items ?? schema;
  const named = inner.additionalProperties;
  if (typeof named === 'object' && named.properties !== undefined) return keysOf(named, `${path}.*`);
  return Object.entries(inner.properties ?? {})
    .filter(([, key]) => key.deprecated !== true)
    .flatMap(([name, key]) => [`${path}.${name}`, ...keysOf(key, `${path}.${name}`)]);
}

/** Paths of the keys of a file. */
function keysIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => keysIn(item, path));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const here = `${path}.${/^\.(?:routes|filters|block-allow-list|expression-filter|column-mappings|mydumpers|loaders|syncers)$/.test(path) ? '*' : name}`;
    return [here, ...keysIn(inner, here)];
  });
}

describe('the template of task files', () => {
  it('is a valid file as it is printed', () => {
    expect(readTaskFile(TASK_TEMPLATE, 'template').warnings).toEqual([]);
    expect(task(parse(TASK_TEMPLATE)), JSON.stringify(task.errors)).toBe(true);
  });

  it('is a valid file with all comments in effect', () => {
    // It does not copy, so its start position counts.
    const file = WHOLE_TEMPLATE.replace('task-mode: "all"', 'task-mode: "incremental"');
    const definition = readTaskFile(file, 'template', { readFile: () => '-----BEGIN X-----' });
    expect(definition.warnings).toEqual([
      '`block-allow-list.tables.ignore-dbs` has no effect beside `do-dbs`',
      '`block-allow-list.tables.ignore-tables` has no effect beside `do-tables`',
    ]);
    expect(task(parse(WHOLE_TEMPLATE)), JSON.stringify(task.errors)).toBe(true);
  });

  it('shows every key that has a meaning', () => {
    const shown = new Set(keysIn(parse(WHOLE_TEMPLATE)));
    // Written in place of `*-config-name`, and not of interest to anybody new.
    const left = keysOf(taskJsonSchema())
      .filter(
        (key) =>
          !/^\.mysql-instances\.(?:mydumper|loader|syncer)(?:\.|$)|^\.tidb|create-table-query|-value-expr$/.test(key),
      )
      .filter((key) => !shown.has(key));
    expect(left).toEqual([]);
  });

  it('shows the defaults', () => {
    const defaults = (keys: Record<string, { default?: unknown }>, shown: Record<string, unknown>): void => {
      for (const [name, { default: value }] of Object.entries(keys)) {
        if (value !== undefined && value !== '' && Object.hasOwn(shown, name))
          expect([name, shown[name]]).toEqual([name, value]);
      }
    };
    const whole = parse(WHOLE_TEMPLATE) as Record<string, Record<string, Record<string, unknown>>>;
    const schema = taskJsonSchema() as {
      properties: Record<string, { default?: unknown; additionalProperties: { properties: Record<string, object> } }>;
    };
    defaults(schema.properties.mydumpers.additionalProperties.properties, {
      ...whole.mydumpers.global,
      'extra-args': '',
    });
    defaults(schema.properties.loaders.additionalProperties.properties, whole.loaders.global);
    defaults(schema.properties.syncers.additionalProperties.properties, whole.syncers.global);
    for (const name of [
      'meta-schema',
      'case-sensitive',
      'clean-dump-file',
      'shadow-table-rules',
      'trash-table-rules',
    ]) {
      defaults({ [name]: schema.properties[name] }, whole);
    }
  });
});

describe('JSON Schemas', () => {
  it.each([
    ["the manual's samples", WIZARD_TASK_FILE],
    ['the sample with almost every key', ADVANCED_TASK_FILE],
    ['a whole file', TASK_FILE],
  ])('take %s', (_name, text) => {
    expect(task(parse(text)), JSON.stringify(task.errors)).toBe(true);
  });

  it('take source files', () => {
    expect(source(parse(SAMPLE_SOURCE_FILE)), JSON.stringify(source.errors)).toBe(true);
  });

  it.each([
    ['an unknown key', { nme: 1 }],
    ['an unknown key inside', { 'target-database': { host: 'h', port: 1, user: 'u', pasword: 'x' } }],
    [
      'an unknown key of a rule',
      { routes: { r: { 'schema-pattern': 'a', 'target-schema': 'b', 'target-tables': 'c' } } },
    ],
    ['a wrong type', { 'case-sensitive': 'maybe' }],
    ['a value that is none of those listed', { 'task-mode': 'both' }],
    ['a rule that lacks something', { routes: { r: { 'schema-pattern': 'a' } } }],
    ['an event that there is not', { filters: { f: { 'schema-pattern': 'a', action: 'Do', events: ['drop'] } } }],
  ])('refuse %s', (_what, change) => {
    const file = parse(TASK_FILE) as object;
    expect(task(file)).toBe(true);
    expect(task({ ...file, ...change })).toBe(false);
  });

  it.each(['name', 'task-mode', 'target-database', 'mysql-instances'])('refuse a task file without %s', (key) => {
    const file = parse(TASK_FILE) as Record<string, unknown>;
    delete file[key];
    expect(task(file)).toBe(false);
  });

  it('are shipped', () => {
    const { files } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      files: string[];
    };
    expect(files).toContain('docs');
  });
});
