import { readFileSync } from 'node:fs';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { renderConfigurationDocs, sourceJsonSchema, taskJsonSchema } from '../../../src/config/document.js';

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
