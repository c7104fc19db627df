import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileNamePattern } from '../../../src/filter/name-pattern.js';
import { PatternError } from '../../../src/filter/pattern-error.js';
import { compileRegex } from '../../../src/filter/regex.js';
import { processorTime } from '../../support/effort.js';

const matches = (pattern: string, name: string, caseSensitive = false): boolean =>
  compileNamePattern(pattern, caseSensitive)(name);

describe('vectors of the manual', () => {
  test.each<[id: string, pattern: string, matching: string[], other: string[]]>([
    ['WC-01', 'test_*', ['test_1'], []],
    ['WC-02', 'test_*', ['test_'], []],
    ['WC-03', 'test_*', [], ['test']],
    ['WC-04', 'test*', ['test'], []],
    ['WC-05', 'test[123]', ['test1', 'test2', 'test3'], []],
    ['WC-06', 'test[123]', [], ['test4', 'test12', 'test']],
    ['WC-07', 't[1-5]', ['t1', 't2', 't3', 't4', 't5'], []],
    ['WC-08', 't[1-5]', [], ['t6', 't0', 't15']],
    ['WC-09', 'table_parttern_[0-63]', ['0', '1', '2', '3', '4', '5', '6'].map((n) => `table_parttern_${n}`), []],
    ['WC-10', 'table_parttern_[0-63]', [], ['7', '10', '63'].map((n) => `table_parttern_${n}`)],
    ['WC-11', 't[!1-5]', ['t6', 'ta'], []],
    ['WC-12', 't[!1-5]', [], ['t3', 't', 't66']],
    ['WC-13', 't_?', ['t_1'], ['t_', 't_12']],
    ['WC-15', 'test.*', ['test.a'], ['test', 'test1']],
    ['WC-16', '*', ['anything', ''], []],
    ['WC-17', '^messages.*', [], ['messages', 'messages_2016']],
  ])('%s', (_id, pattern, matching, other) => {
    for (const name of matching) expect(matches(pattern, name), name).toBe(true);
    for (const name of other) expect(matches(pattern, name), name).toBe(false);
  });

  test.each(['te*st', '**', '*_bak', 't**'])('WC-14 %s', (pattern) => {
    expect(() => compileNamePattern(pattern, false)).toThrow(PatternError);
  });
});

describe('wildcards', () => {
  test.each<[pattern: string, name: string, expected: boolean]>([
    ['a[b', 'a[b', true],
    ['a[b', 'ab', false],
    ['a[]', 'a[]', true],
    ['[a-]', '-', true],
    ['[-a]', '-', true],
    ['[!!]', '!', false],
    ['[!]', '!', true],
    ['a\\b', 'a\\b', true],
    ['a`b?', 'a`bc', true],
    ['t?st', 'tést', true],
    ['t?', 't😀', true],
    ['t??', 't😀', false],
    ['[α-ω]x', 'δx', true],
    ['a[0-9]*', 'a5', true],
    ['a[0-9]*', 'a', false],
    ['?*', '', false],
    ['a.b', 'axb', false],
  ])('%s against %s', (pattern, name, expected) => expect(matches(pattern, name)).toBe(expected));

  test('case counts only when asked to', () => {
    for (const [pattern, name] of [
      ['Shop', 'shop'],
      ['shop*', 'SHOPS'],
      ['s[H-H]op', 'shop'],
      ['?Hop', 'shoP'],
      ['[A-Z]x', 'qX'],
      ['t[!A]', 'tB'],
    ] as const) {
      expect(matches(pattern, name), pattern).toBe(true);
    }
    expect(matches('t[!A]', 'ta')).toBe(false);
    expect(matches('Shop', 'shop', true)).toBe(false);
    expect(matches('shop*', 'SHOPS', true)).toBe(false);
    expect(matches('[A-Z]x', 'qx', true)).toBe(false);
    expect(matches('t[!A]', 'ta', true)).toBe(true);
  });

  test('a range the wrong way round and an empty pattern are refused', () => {
    expect(() => compileNamePattern('t[5-1]', true)).toThrow('`5-1` is the wrong way round');
    expect(() => compileNamePattern('', true)).toThrow('empty');
  });

  test('a name without wildcards matches itself alone, and with a star behind it all that begin so', () => {
    const plain = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[*?[]/.test(text));
    fc.assert(
      fc.property(plain, plain, (name, other) => {
        expect(matches(name, name, true)).toBe(true);
        expect(matches(name, other, true)).toBe(name === other);
        expect(matches(`${name}*`, name + other, true)).toBe(true);
        expect(matches(`${name}*`, other, true)).toBe(other.startsWith(name));
      }),
    );
  });

  test('agree with the same pattern as a regular expression', () => {
    const part = fc.constantFrom('a', 'b', '?', '[ab]', '[!a]', '[b-c]');
    const regexOf = (parts: string[], star: boolean): RegExp =>
      new RegExp(`^${parts.join('').replaceAll('?', '.').replaceAll('[!', '[^')}${star ? '.*' : ''}$`);
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1 }),
        fc.boolean(),
        fc.stringMatching(/^[abc]*$/),
        (parts, star, name) => {
          const pattern = parts.join('') + (star ? '*' : '');
          expect(matches(pattern, name, true)).toBe(regexOf(parts, star).test(name));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('regular expressions', () => {
  test.each<[pattern: string, text: string, expected: boolean]>([
    ['b', 'abc', true],
    ['^b', 'abc', false],
    ['(?i)^B', 'bc', true],
    [String.raw`\Aab\z`, 'ab', true],
    [String.raw`\Aab\z`, 'abc', false],
    ['[[:digit:]]+$', 'a12', true],
    [String.raw`^\d{4}$`, '2018', true],
    [String.raw`\p{Greek}`, 'aδ', true],
    ['(?s)a.b', 'a\nb', true],
    ['a.b', 'a\nb', false],
    [String.raw`\Qa.b\E`, 'axb', false],
    ['(?P<year>20..)', 'x2018', true],
  ])('%s against %j', (pattern, text, expected) => expect(compileRegex(pattern).test(text)).toBe(expected));

  test.each([
    ['(?!a)b', 'look-around'],
    ['a(?=b)', 'look-around'],
    ['(?<=a)b', 'look-around'],
    ['(?<!a)b', 'look-around'],
    [String.raw`(a)\1`, 'back-references'],
    ['(', 'missing'],
    ['a**', '`**`'],
    ['[z-a]', '`z-a`'],
    ['a{1001}', '`{1001}`'],
  ])('refuses %s', (pattern, reason) => {
    expect(() => compileRegex(pattern)).toThrow(PatternError);
    expect(() => compileRegex(pattern)).toThrow(reason);
  });

  test('gives the groups of the first match', () => {
    const regex = compileRegex('^_(.+)_gho$');
    expect(regex.groups).toBe(1);
    expect(regex.match('_orders_gho')).toEqual(['_orders_gho', 'orders']);
    expect(regex.match('orders')).toBeUndefined();
    expect(compileRegex('a(b)?(c)').match('ac')).toEqual(['ac', undefined, 'c']);
  });

  test('take time in proportion to the text, whatever the pattern', async () => {
    const took = await processorTime(() => {
      expect(compileRegex('(a+)+$').test(`${'a'.repeat(100_000)}b`)).toBe(false);
      expect(compileRegex('(a|aa)+(b|bb)+c').test('a'.repeat(100_000))).toBe(false);
    });
    expect(took).toBeLessThan(2_000);
  });
});
