import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { isMap, isSeq, parseDocument, type Document, type Pair } from 'yaml';
import { readSourceFile, SAMPLE_SOURCE_FILE } from '../../../src/config/source-file.js';
import { readTaskFile, resolveSubtasks } from '../../../src/config/task-file.js';
import type { SourceConfig } from '../../../src/config/types.js';
import { DmError } from '../../../src/errors/dm-error.js';
import { processorTime, tries } from '../../support/effort.js';
import { contentOf, droppedKeys, type TaskObject } from './key-effects.js';
import { baseTask, KEY_SAMPLES, setAt } from './key-samples.js';
import { SOURCE_FILE, TASK_FILE } from './samples.js';

// Seconds when nothing else runs.
vi.setConfig({ testTimeout: 240_000 });

const read = {
  task: (text: string) => readTaskFile(text, 'f.yaml', { readFile: (path) => contentOf(path) ?? '' }),
  source: (text: string) => readSourceFile(text, 'f.yaml', { readFile: () => '-----BEGIN X-----' }),
};

/** Reading either succeeds or gives one of the documented errors, with its place. */
function judge(kind: 'task' | 'source', text: string): DmError | undefined {
  try {
    read[kind](text);
    return undefined;
  } catch (error) {
    if (!(error instanceof DmError)) throw error;
    expect(error.message.startsWith('f.yaml, line ') || error.message.startsWith('the file holds')).toBe(true);
    return error;
  }
}

const SOURCE: SourceConfig = { ...readSourceFile(SOURCE_FILE, 's').config, flavor: 'mysql', serverId: 1 };

/** A number from 0 up to, not including, the limit. */
type Draw = (limit: number) => number;

/** Numbers that follow from a seed (mulberry32). */
function drawing(seed: number): Draw {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const SECTIONS = [
  ['routes', 'route-rules'],
  ['filters', 'filter-rules'],
  ['expression-filter', 'expression-filters'],
  ['column-mappings', 'column-mapping-rules'],
  ['block-allow-list', 'block-allow-list'],
  ['mydumpers', 'mydumper-config-name'],
  ['loaders', 'loader-config-name'],
  ['syncers', 'syncer-config-name'],
] as const;

const VALUES: readonly unknown[] = [
  '',
  'a',
  'r',
  'b',
  'a*b',
  '~(',
  '~^x',
  '^_(.+)_x$',
  'full',
  'incremental',
  'pt',
  'SYSTEM',
  '+08:00',
  'insert',
  'Do',
  '-t 9',
  '-f a.*',
  '0x10',
  '__proto__',
  0,
  1,
  7,
  -1,
  4096,
  1.5,
  1e30,
  true,
  false,
  null,
  [],
  ['a'],
  ['r', 'r'],
  [null],
  {},
  { a: 'b' },
  { threads: 9 },
];

/** A task file made of some sections of a good one, with values, keys and places changed: some still good, most not. */
function mutatedTask(draw: Draw): string {
  const task = baseTask();
  for (const [section, reference] of SECTIONS) {
    if (draw(4) === 0) continue;
    delete task[section];
    delete task['mysql-instances']?.[0]?.[reference];
  }
  if (draw(3) > 0) task['mysql-instances']?.pop();
  for (let left = draw(4); left > 0; left--) changeByExample(task, draw);
  for (let left = draw(5) % 3; left > 0; left--) changeSomewhere(task, draw);
  const text = JSON.stringify(task);
  if (draw(6) > 0) return text;
  const at = draw(text.length);
  const insert = ['', ' ', '"', ',', '\n', ': ', '#', '&a ', '- '][draw(9)] ?? '';
  return text.slice(0, at) + insert + text.slice(at + draw(4));
}

function changeByExample(task: TaskObject, draw: Draw): void {
  const sample = KEY_SAMPLES[draw(KEY_SAMPLES.length)];
  for (const [path, value] of Object.entries(sample.with ?? {})) setAt(task, path.split('.'), structuredClone(value));
  setAt(task, sample.path, structuredClone(sample.values[draw(2)]));
}

/** Gives a value, a key or both to a place anywhere in the file. */
function changeSomewhere(task: TaskObject, draw: Draw): void {
  const places: [Record<string, unknown>, string][] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      places.push([value as Record<string, unknown>, key]);
      walk(inner);
    }
  };
  walk(task);
  const [map, key] = places[draw(places.length)];
  const other = places[draw(places.length)];
  const kind = draw(5);
  if (kind === 0) delete map[key];
  else if (kind === 1) map[other[1]] = structuredClone(map[key]);
  else if (kind === 2) map[key] = structuredClone(other[0][other[1]]);
  else map[key] = structuredClone(VALUES[draw(VALUES.length)]);
}

/** Every pair of a document, with its path. */
function pairsOf(document: Document): Pair[] {
  const found: Pair[] = [];
  const walk = (node: unknown): void => {
    if (isMap(node)) {
      for (const pair of node.items) {
        found.push(pair);
        walk(pair.value);
      }
    }
    if (isSeq(node)) for (const item of node.items) walk(item);
  };
  walk(document.contents);
  return found;
}

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '*',
    '&a',
    '!!int x',
    '{',
    '[',
    '- -',
    '~',
    'null',
    '0x',
    '.inf',
    '<<',
    '%YAML 1.1',
    '---',
    '\t',
    '#',
    '|',
    '>',
  ),
);

describe('mutated files', () => {
  it('never crash the reader, whatever bytes are put in, taken out or doubled', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          ...([
            ['task', TASK_FILE],
            ['source', SAMPLE_SOURCE_FILE],
          ] as const),
        ),
        fc.array(fc.tuple(fc.nat(3000), fc.nat(40), anyText), { minLength: 1, maxLength: 4 }),
        ([kind, base], edits) => {
          let text: string = base;
          for (const [at, length, insert] of edits) {
            const start = at % (text.length + 1);
            text = text.slice(0, start) + insert + text.slice(start + length);
          }
          judge(kind, text);
        },
      ),
      { numRuns: 1200 },
    );
  });

  it('never pass with a key that nobody looks at', () => {
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const text = mutatedTask(drawing(seed));
        const error = judge('task', text);
        if (error !== undefined) {
          seen.refused++;
          return;
        }
        const definition = read.task(text);
        const sources = definition.sourceIds.map((sourceId) => [sourceId, { ...SOURCE, sourceId }] as const);
        try {
          const subtasks = resolveSubtasks(definition, new Map(sources));
          expect(droppedKeys(text, { subtasks, warnings: definition.warnings }), text).toEqual([]);
          seen.accepted++;
        } catch (failure) {
          if (!(failure instanceof DmError)) throw failure;
          expect(failure.message).toMatch(/^f\.yaml, line \d+/);
          seen.refused++;
        }
      }),
      { numRuns: tries(10_000), seed: 5_300 },
    );
    // Both ends must have been looked at.
    expect(seen.accepted).toBeGreaterThan(tries(1_500));
    expect(seen.refused).toBeGreaterThan(tries(2_000));
  }, 120_000);

  it('are refused when any key has another name', () => {
    const count = pairsOf(parseDocument(TASK_FILE)).length;
    fc.assert(
      fc.property(fc.nat(count - 1), fc.stringMatching(/^[a-z][a-z-]{0,20}$/), (index, name) => {
        const document = parseDocument(TASK_FILE);
        const pair = pairsOf(document)[index];
        const old = String(pair.key);
        // Names of definitions and of session variables are the user's own.
        if (/^(bw-rule-1|global|SQL_MODE|tidb_skip_utf8_check)$/.test(old)) return;
        pair.key = document.createNode(`${name}-zz`);
        const error = judge('task', document.toString());
        expect(error?.code).toBe(20003);
        expect(error?.message).toContain(`${name}-zz": unknown key`);
      }),
      { numRuns: 400 },
    );
  });

  it('are refused when any value has another kind', () => {
    const count = pairsOf(parseDocument(TASK_FILE)).length;
    for (let index = 0; index < count; index++) {
      const document = parseDocument(TASK_FILE);
      const pair = pairsOf(document)[index];
      const wrong = isMap(pair.value) ? ['x'] : isSeq(pair.value) ? { x: 1 } : { x: { y: 1 } };
      pair.value = document.createNode(wrong);
      expect(judge('task', document.toString())?.code, String(pair.key)).toBe(20003);
    }
  });

  it('cannot make the reader work for ever by aliases of aliases', async () => {
    const levels = Array.from({ length: 30 }, (_, n) => `  r${n}: &r${n} {do-dbs: [${n === 0 ? 'a' : `*l${n - 1}`}]}`);
    const bomb = `a: &l0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, n) => `b${n}: &l${n + 1} [${`*l${n},`.repeat(10)}]`).join('\n')}\n${levels.join('\n')}`;
    const took = await processorTime(() => {
      expect(judge('task', bomb)).toBeDefined();
      expect(judge('task', 'name: &a [*a]\n')?.code).toBe(20003);
      expect(judge('task', 'routes: &r\n  x: &x\n    <<: *x\n')).toBeDefined();
    });
    expect(took).toBeLessThan(5000);
  });
});
