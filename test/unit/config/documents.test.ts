import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderConfigurationDocs, sourceJsonSchema, taskJsonSchema } from '../../../src/config/document.js';
import { SAMPLE_SOURCE_FILE } from '../../../src/config/source-file.js';
import { TASK_FILE } from './samples.js';

const written = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
const options = { printWidth: 120, singleQuote: true, trailingComma: 'all' } as const;

describe('documents made from the schemas (node tools/generate-docs.mjs)', () => {
  it('docs/configuration.md', async () => {
    expect(written('configuration.md')).toBe(
      await format(renderConfigurationDocs(), { ...options, parser: 'markdown' }),
    );
  });

  it.each([
    ['schemas/task.schema.json', taskJsonSchema()],
    ['schemas/source.schema.json', sourceJsonSchema()],
  ])('docs/%s', async (name, schema) => {
    expect(written(name)).toBe(await format(JSON.stringify(schema), { ...options, parser: 'json' }));
  });
});

describe('JSON Schemas', () => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });

  it('take good files and refuse unknown keys', () => {
    const task = ajv.compile(taskJsonSchema());
    const file = parse(TASK_FILE.replace('check: 1', 'check: "1"').replace('filesize: 32', 'filesize: "32"')) as object;
    expect(task(file), JSON.stringify(task.errors)).toBe(true);
    expect(task({ ...file, nme: 1 })).toBe(false);
    const source = ajv.compile(sourceJsonSchema());
    expect(source(parse(SAMPLE_SOURCE_FILE)), JSON.stringify(source.errors)).toBe(true);
    expect(source({ 'source-id': 5 })).toBe(false);
  });

  it('describe every key', () => {
    const keys: string[] = [];
    const walk = (schema: unknown): void => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [name, value] of Object.entries(schema)) {
        if (name === 'properties') {
          for (const [key, inner] of Object.entries(value as Record<string, { description?: string }>)) {
            if (inner.description === undefined) keys.push(key);
          }
        }
        walk(value);
      }
    };
    walk(taskJsonSchema());
    walk(sourceJsonSchema());
    expect(keys).toEqual([]);
  });
});
