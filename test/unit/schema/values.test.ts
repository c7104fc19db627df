import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatColumnType, parseColumnType } from '../../../src/schema/column-type.js';
import { formatFloating, roundDecimal } from '../../../src/schema/default-numbers.js';
import {
  normalizeDate,
  normalizeDateTime,
  normalizeTime,
  normalizeYear,
} from '../../../src/schema/default-temporal.js';
import { possibleColumns, renameInExpression } from '../../../src/schema/expression-text.js';
import { downstreamOf } from '../../../src/schema/downstream-diff.js';
import { flavorOf, versionNumberOf } from '../../../src/schema/server-profile.js';

describe('numbers as servers keep them', () => {
  test.each([
    ['1', 2, '1.00'],
    ['1.005', 2, '1.01'],
    ['-1.005', 2, '-1.01'],
    ['0.004', 2, '0.00'],
    ['-0.004', 2, '0.00'],
    ['1e3', 0, '1000'],
    ['1.5e-3', 3, '0.002'],
    ['12345678901234567890.5', 0, '12345678901234567891'],
    ['+7', 0, '7'],
    ['.5', 1, '0.5'],
    ['1e-300', 2, '0.00'],
  ])('DECIMAL %s with %i digits is %s', (text, scale, expected) => {
    expect(roundDecimal(text, scale)).toBe(expected);
  });

  test('no number is undefined', () => {
    expect(roundDecimal('abc', 0)).toBeUndefined();
    expect(formatFloating('abc', false, undefined, undefined)).toBeUndefined();
  });

  test.each([
    ['0.1', true, undefined, '0.1'],
    ['1.5e10', false, undefined, '15000000000'],
    ['1e20', false, undefined, '1e20'],
    ['1e-20', false, undefined, '1e-20'],
    ['0.00012', false, undefined, '0.00012'],
    ['-2.50', false, undefined, '-2.5'],
    ['0.25', false, 1, '0.2'],
    ['0.35', false, 1, '0.4'],
    ['1.5', false, 0, '1'],
    ['2.75', true, 2, '2.75'],
    ['1e9', false, 1, '9999.9'],
    ['-1e9', false, 5, '-0.99999'],
  ] as const)('%s (single %s, %s digits) prints as %s', (text, single, decimals, expected) => {
    expect(formatFloating(text, single, decimals === undefined ? undefined : 5, decimals)).toBe(expected);
  });
});

describe('dates and times as servers keep them', () => {
  test.each([
    ['2020-1-2', '2020-01-02'],
    ['20200102', '2020-01-02'],
    ['99-12-31', '1999-12-31'],
    ['2020/01/02', '2020-01-02'],
    ['0', '0000-00-00'],
  ])('DATE %s', (text, expected) => {
    expect(normalizeDate(text)).toBe(expected);
  });

  test.each([
    ['2020-01-02', 0, true, '2020-01-02 00:00:00'],
    ['2020-01-02T03:04:05', 2, true, '2020-01-02 03:04:05.00'],
    ['2020-01-02 03:04:05.678', 2, true, '2020-01-02 03:04:05.68'],
    ['2020-01-02 03:04:05.678', 2, false, '2020-01-02 03:04:05.67'],
    ['2020-12-31 23:59:59.9', 0, true, '2021-01-01 00:00:00'],
    ['20200102030405', 0, true, '2020-01-02 03:04:05'],
  ] as const)('DATETIME %s with %i digits', (text, digits, rounds, expected) => {
    expect(normalizeDateTime(text, digits, rounds)).toBe(expected);
  });

  test.each([
    ['1:2:3', 0, '01:02:03'],
    ['-10:00:00.5', 2, '-10:00:00.50'],
    ['838:59:59', 0, '838:59:59'],
    ['123456', 0, '12:34:56'],
    ['2 3:00', 0, '51:00:00'],
    ['1:30', 0, '01:30:00'],
  ] as const)('TIME %s with %i digits', (text, digits, expected) => {
    expect(normalizeTime(text, digits, true)).toBe(expected);
  });

  test.each([
    ['70', false, '1970'],
    ['69', true, '2069'],
    ['0', true, '0000'],
    ['0', false, '2000'],
    ['2155', true, '2155'],
  ] as const)('YEAR %s', (text, isNumber, expected) => {
    expect(normalizeYear(text, isNumber)).toBe(expected);
  });

  test('what is no date is undefined', () => {
    expect([
      normalizeDate('x'),
      normalizeDateTime('x', 0, true),
      normalizeTime('x', 0, true),
      normalizeYear('x', false),
    ]).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('printed types', () => {
  test('members of any text are read back', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('enum', 'set'),
        fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }),
        (type, members) => {
          const parts = { type, unsigned: false, zerofill: false, members };
          expect(parseColumnType(formatColumnType(parts))).toEqual(parts);
        },
      ),
    );
  });

  test.each([
    ['int(10) unsigned zerofill', { type: 'int', length: 10, unsigned: true, zerofill: true }],
    ['decimal(10,2)', { type: 'decimal', length: 10, decimals: 2, unsigned: false, zerofill: false }],
    [
      "enum('unsigned','zerofill')",
      { type: 'enum', members: ['unsigned', 'zerofill'], unsigned: false, zerofill: false },
    ],
    [
      'varchar(9) /*M!100301 COMPRESSED*/',
      { type: 'varchar', length: 9, compressed: true, unsigned: false, zerofill: false },
    ],
  ])('%s', (text, parts) => {
    expect(parseColumnType(text)).toEqual(parts);
    expect(formatColumnType({ ...parts })).toBe(text);
  });
});

describe('columns in expressions', () => {
  const names = new Map([
    ['a', 'x'],
    ['b c', 'y`z'],
  ]);

  test.each([
    ['a + 1', '`x` + 1'],
    ['`a`+A', '`x`+`x`'],
    ["concat(a, 'a', \"a\", '\\'a')", "concat(`x`, 'a', \"a\", '\\'a')"],
    ['`b c` > ab', '`y``z` > ab'],
    ['a(1) + t.a', 'a(1) + t.`x`'],
    ["_utf8mb4'a' and 0xa and 1a", "_utf8mb4'a' and 0xa and 1a"],
  ])('%s', (expression, expected) => {
    expect(renameInExpression(expression, names)).toBe(expected);
  });

  test('words that may be columns', () => {
    expect([...possibleColumns("f(`A b`, c) and 'd'")]).toEqual(['a b', 'c', 'and']);
  });
});

test('versions', () => {
  expect(versionNumberOf('8.0.36-debug')).toBe(80036);
  expect(versionNumberOf('5.5.5-10.11.6-MariaDB-log')).toBe(101106);
  expect(versionNumberOf('9.7')).toBe(90700);
  expect(flavorOf('10.11.6-MariaDB')).toBe('mariadb');
  expect(downstreamOf('8.0.11-TiDB-v7.5.1')).toEqual({ product: 'tidb', version: 70501 });
  expect(downstreamOf('5.7.25-TiDB-v5.3.0-alpha')).toEqual({ product: 'tidb', version: 50300 });
  expect(downstreamOf('10.11.6-MariaDB-log')).toEqual({ product: 'mariadb', version: 101106 });
  expect(downstreamOf('8.4.0')).toEqual({ product: 'mysql', version: 80400 });
});
