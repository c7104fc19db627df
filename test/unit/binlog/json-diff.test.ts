import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyJsonDiffs } from '../../../src/binlog/json-diff.js';

type Doc = number | string | Doc[] | { [key: string]: Doc };

/** `$."a"[1]`, as the server writes paths. */
function pathText(legs: readonly (string | number)[]): string {
  return `$${legs.map((leg) => (typeof leg === 'number' ? `[${leg}]` : `.${JSON.stringify(leg)}`)).join('')}`;
}

function withLength(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** A difference whose value is a small number in binary form. */
function diff(operation: number, legs: readonly (string | number)[], value?: number): Buffer {
  const path = withLength(Buffer.from(pathText(legs)));
  if (value === undefined) return Buffer.concat([Buffer.from([operation]), path]);
  const binary = Buffer.from([5, value & 0xff, value >> 8]);
  return Buffer.concat([Buffer.from([operation]), path, withLength(binary)]);
}

/** The document as the server prints it: members by length, then by bytes. */
function printed(doc: Doc): string {
  if (typeof doc === 'number') return String(doc);
  if (typeof doc === 'string') return JSON.stringify(doc);
  if (Array.isArray(doc)) return `[${doc.map(printed).join(', ')}]`;
  const keys = Object.keys(doc).sort((a, b) => {
    const [first, second] = [Buffer.from(a), Buffer.from(b)];
    return first.length - second.length || Buffer.compare(first, second);
  });
  return `{${keys.map((key) => `${JSON.stringify(key)}: ${printed(doc[key])}`).join(', ')}}`;
}

const key = fc.constantFrom('a', 'b', 'long key', 'q"uote', 'é', '', '[0]', 'a.b');
const { doc: documents } = fc.letrec<{ doc: Doc; object: Doc; array: Doc }>((tie) => ({
  doc: fc.oneof({ maxDepth: 4 }, fc.nat(1000), fc.constantFrom('', 'x, [y]: {z}', '\\"'), tie('object'), tie('array')),
  object: fc.dictionary(key, tie('doc'), { maxKeys: 5, noNullPrototype: true }),
  array: fc.array(tie('doc'), { maxLength: 5 }),
}));

/** Walks down at random, and makes a difference there and in the document itself. */
function changeAt(root: Doc, steps: readonly number[], operation: number, value: number): Buffer | undefined {
  const legs: (string | number)[] = [];
  let parent: Doc = root;
  for (const step of steps) {
    if (typeof parent !== 'object') return undefined;
    const names: (string | number)[] = Array.isArray(parent) ? [...parent.keys()] : Object.keys(parent);
    const leg = names[step % Math.max(1, names.length)];
    if (leg === undefined) return undefined;
    const child: Doc | undefined = Array.isArray(parent) ? parent[Number(leg)] : parent[leg];
    legs.push(leg);
    if (child === undefined) return undefined;
    if (legs.length === steps.length || typeof child !== 'object') {
      if (Array.isArray(parent)) {
        const put = operation === 2 ? [] : [value];
        parent.splice(Number(leg), operation === 1 ? 0 : 1, ...put);
      } else if (operation === 2) delete parent[leg];
      else parent[leg] = value;
      return diff(operation, legs, operation === 2 ? undefined : value);
    }
    parent = child;
  }
  return undefined;
}

describe('differences of JSON documents', () => {
  test('make in the text what they made upstream', () => {
    const changes = fc.array(fc.tuple(fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }), fc.nat(2), fc.nat(30_000)), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(documents, changes, (doc, wanted) => {
        const before = printed(doc);
        const after = structuredClone(doc);
        const diffs = wanted.flatMap(([steps, operation, value]) => changeAt(after, steps, operation, value) ?? []);
        expect(applyJsonDiffs(before, Buffer.concat(diffs))).toBe(printed(after));
      }),
      { numRuns: 500 },
    );
  });

  test('keep the types of values around them, and of those that move', () => {
    const typed = [{ path: '$[1]', value: { type: 'date', text: '2020-01-02' } }] as const;
    const before = { charset: 'utf8mb4', bytes: Buffer.from('[1, "2020-01-02"]'), typed } as const;
    expect(applyJsonDiffs(before, diff(1, [0], 7))).toMatchObject({
      bytes: Buffer.from('[7, 1, "2020-01-02"]'),
      typed: [{ path: '$[2]', value: { type: 'date', text: '2020-01-02' } }],
    });
    expect(applyJsonDiffs(before, diff(2, [1]))).toBe('[1]');
  });

  test.each([
    ['a path that is not there', '{"a": 1}', diff(0, ['b'], 1)],
    ['a member of an array', '[1]', diff(0, ['b'], 1)],
    ['bytes that end too early', '[1]', diff(0, [0], 1).subarray(0, 5)],
  ])('that do not fit are an error: %s', (_what, before, diffs) => {
    expect(() => applyJsonDiffs(before, diffs)).toThrow();
  });

  test('of random bytes end, with an error or not', () => {
    fc.assert(
      fc.property(documents, fc.uint8Array({ maxLength: 40 }), (doc, bytes) => {
        try {
          applyJsonDiffs(printed(doc), Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});
