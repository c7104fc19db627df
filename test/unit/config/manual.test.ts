/** The files that the manual prints, as it prints them, read by the product and judged by its JSON Schemas. */
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { sourceJsonSchema, taskJsonSchema } from '../../../src/config/document.js';
import { readSourceFile } from '../../../src/config/source-file.js';
import { readTaskFile } from '../../../src/config/task-file.js';
import { baseTask, KEY_SAMPLES, setAt } from './key-samples.js';

const ajv = new Ajv({ strict: true, allowUnionTypes: true });
const task = ajv.compile(taskJsonSchema());
const source = ajv.compile(sourceJsonSchema());

const FILES = new URL('manual/', import.meta.url);
const files = (kind: string): string[] => readdirSync(FILES).filter((name) => name.startsWith(`${kind}-`));
/** Their passwords were encrypted with DM's own key, which is not ours. */
const textOf = (name: string): string =>
  readFileSync(new URL(name, FILES), 'utf8').replace(/password: ['"][^'"]{20,}['"]/, 'password: "123456"');
const options = { readFile: () => '-----BEGIN X-----' };

/** What the manual prints and cannot be taken as it stands, and what has to be mended. */
const MENDED: Record<string, { code: number; mend: (text: string) => string }> = {
  // The list that all instances name stands elsewhere in the manual.
  'task-s3.yaml': {
    code: 20026,
    mend: (text) => `${text}block-allow-list:\n  log-ignored:\n    ignore-dbs: ["log"]\n`,
  },
  // The coordination of shards is not available yet.
  'task-wizard.yaml': { code: 20003, mend: (text) => text.replace(/^shard-mode: .*\n/m, '') },
  'task-every-key.yaml': { code: 20003, mend: (text) => text.replace(/^shard-mode: .*\n/m, '') },
};

describe('task files of the manual', () => {
  it.each(files('task'))('%s', (name) => {
    const text = textOf(name);
    expect(task(parse(text)), JSON.stringify(task.errors)).toBe(true);
    const mended = MENDED[name];
    if (mended === undefined) {
      expect(readTaskFile(text, name, options).sourceIds.length).toBeGreaterThan(0);
      return;
    }
    expect(() => readTaskFile(text, name, options)).toThrow(expect.objectContaining({ code: mended.code }) as Error);
    const whole = mended.mend(text);
    expect(readTaskFile(whole, name, options).sourceIds.length).toBeGreaterThan(0);
    expect(task(parse(whole)), JSON.stringify(task.errors)).toBe(true);
  });

  it('are all of them', () => {
    expect(files('task')).toHaveLength(11);
    expect(files('source')).toHaveLength(8);
  });
});

describe('source files of the manual', () => {
  it.each(files('source'))('%s', (name) => {
    const text = textOf(name);
    expect(source(parse(text)), JSON.stringify(source.errors)).toBe(true);
    expect(readSourceFile(text, name, options).config.sourceId).not.toBe('');
  });
});

describe('JSON Schemas take what is read', () => {
  it.each(KEY_SAMPLES.map((sample) => [`${sample.key} (${sample.path.join('.')})`, sample] as const))(
    '%s',
    (_name, sample) => {
      for (const value of sample.values) {
        const file = baseTask();
        for (const [path, other] of Object.entries(sample.with ?? {})) {
          const steps = path.split('.').map((step) => (/^\d+$/.test(step) ? Number(step) : step));
          setAt(file, steps, other);
        }
        setAt(file, sample.path, value);
        const text = stringify(file);
        readTaskFile(text, 'task.yaml', options);
        expect(task(parse(text)), JSON.stringify(task.errors)).toBe(true);
      }
    },
  );
});
