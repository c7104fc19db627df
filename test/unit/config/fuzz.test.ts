import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMap, isSeq, parseDocument, type Document, type Pair } from 'yaml';
import { readSourceFile, SAMPLE_SOURCE_FILE } from '../../../src/config/source-file.js';
import { readTaskFile } from '../../../src/config/task-file.js';
import { DmError } from '../../../src/errors/dm-error.js';
import { TASK_FILE } from './samples.js';

const read = {
  task: (text: string) => readTaskFile(text, 'f.yaml', { readFile: () => '-----BEGIN X-----' }),
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

  it('cannot make the reader work for ever by aliases of aliases', () => {
    const levels = Array.from({ length: 30 }, (_, n) => `  r${n}: &r${n} {do-dbs: [${n === 0 ? 'a' : `*l${n - 1}`}]}`);
    const bomb = `a: &l0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, n) => `b${n}: &l${n + 1} [${`*l${n},`.repeat(10)}]`).join('\n')}\n${levels.join('\n')}`;
    const started = performance.now();
    expect(judge('task', bomb)).toBeDefined();
    expect(judge('task', 'name: &a [*a]\n')?.code).toBe(20003);
    expect(judge('task', 'routes: &r\n  x: &x\n    <<: *x\n')).toBeDefined();
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
