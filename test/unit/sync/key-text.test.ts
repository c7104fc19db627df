import { describe, expect, test } from 'vitest';
import { keyTextWriter } from '../../../src/sync/write/key-text.js';
import { column, text } from './support.js';

const write = (collation: string, value: string, prefix?: number): string | number | undefined =>
  keyTextWriter(text('c', collation), [collation], prefix)(value);

describe('values that a server may call equal have one text', () => {
  test.each([
    ['utf8mb4_general_ci', 'abc', 'ABC'],
    ['utf8mb4_0900_ai_ci', 'abc', 'aBc'],
    ['utf8mb4_general_ci', 'abc', 'abc  '],
    ['utf8mb4_bin', 'abc', 'abc '],
    ['latin1_swedish_ci', 'x', 'X'],
    // Lithuanian: y sorts as i; Swedish of old: w as v.
    ['utf8mb4_lithuanian_ci', 'yes', 'ies'],
    ['utf8mb3_swedish_ci', 'wow', 'vov'],
  ])('%s: %j and %j', (collation, a, b) => {
    expect(write(collation, a)).toBe(write(collation, b));
    expect(write(collation, a)).toBeDefined();
  });

  test.each([
    ['utf8mb4_general_ci', 'ß'],
    ['utf8mb4_0900_ai_ci', 'é'],
    ['utf8mb4_unicode_ci', 'a\u0000b'],
    ['utf8mb4_general_ci', '😀'],
  ])('%s: %j cannot be told', (collation, value) => {
    expect(write(collation, value)).toBeUndefined();
  });
});

describe('values that no server calls equal differ', () => {
  test.each([
    ['utf8mb4_bin', 'é', 'e'],
    ['utf8mb4_bin', 'a', 'A'],
    ['utf8mb4_general_ci', '中', '文'],
    ['utf8mb4_0900_ai_ci', 'a-b', 'ab'],
  ])('%s: %j and %j', (collation, a, b) => {
    expect(write(collation, a)).not.toBe(write(collation, b));
  });
});

test('a prefix index sees the first characters only', () => {
  expect(write('utf8mb4_bin', 'abcdef', 3)).toBe(write('utf8mb4_bin', 'abcxyz', 3));
  expect(write('utf8mb4_bin', '😀😀x', 2)).toBe(write('utf8mb4_bin', '😀😀y', 2));
});

test('numbers stay numbers, FLOAT as the server rounds it', () => {
  expect(keyTextWriter(column('c', 'int'), [])(5)).toBe(5);
  expect(keyTextWriter(column('c', 'bigint'), [])(2n ** 63n)).toBe('9223372036854775808');
  const float = keyTextWriter(column('c', 'float'), []);
  expect(float(0.1)).toBe(float(Math.fround(0.1)));
});

test('the stricter of two collations decides', () => {
  const both = keyTextWriter(text('c', 'utf8mb4_bin'), ['utf8mb4_bin', 'utf8mb4_general_ci']);
  expect(both('A')).toBe(both('a'));
});
