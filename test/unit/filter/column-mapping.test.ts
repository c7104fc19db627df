import { describe, expect, it } from 'vitest';
import type { ColumnMappingRule } from '../../../src/config/types.js';
import { DmError } from '../../../src/errors/dm-error.js';
import { createColumnMapping } from '../../../src/filter/column-mapping.js';
import type { Table } from '../../../src/schema/model.js';
import type { CellValue, RowImage } from '../../../src/sync/events.js';
import { column, index, table } from '../sync/support.js';

function rule(more: Partial<ColumnMappingRule> = {}): ColumnMappingRule {
  return {
    name: 'rule-1',
    schemaPattern: 'test_*',
    tablePattern: 't_*',
    sourceColumn: 'id',
    targetColumn: 'id',
    expression: 'partition id',
    arguments: ['1', 'test_', 't_'],
    ...more,
  };
}

function structure(schema: string, name: string, names = ['v', 'id']): Table {
  const columns = names.map((columnName) => column(columnName, columnName === 'v' ? 'varchar' : 'bigint'));
  return { ...table(name, columns, [index('PRIMARY', 'id')]), schema };
}

/** The value of `id` in a row of the table after the mapping. */
function mapped(
  rules: ColumnMappingRule[],
  schema: string,
  name: string,
  id: CellValue,
  caseSensitive = false,
): CellValue {
  const change = createColumnMapping(rules, caseSensitive).forTable(structure(schema, name));
  return change === undefined ? id : change(['x', id])[1];
}

function errorOf(action: () => unknown): DmError {
  try {
    action();
  } catch (error) {
    if (error instanceof DmError) return error;
    throw error;
  }
  throw new Error('no error');
}

describe('partition id', () => {
  it.each([
    // The examples of DM's documentation: 1 << 59 | 1 << 52 | 1 << 44 | 1 and 2 << 59 | 1 << 52 | 2 << 44 | 2.
    { arguments: ['1', 'test_', 't_'], at: ['test_1', 't_1'], id: 1, result: 580981944116838401n },
    { arguments: ['2', 'test_', 't_'], at: ['test_1', 't_2'], id: 2, result: 1157460288606306306n },
    { arguments: ['15', 'test_', 't_'], at: ['test_127', 't_255'], id: 17592186044415, result: 9223372036854775807n },
    { arguments: ['1', 'test', 't', '_'], at: ['test_1', 't_1'], id: 1, result: 580981944116838401n },
    // A name that is the prefix alone counts as number 0.
    { arguments: ['1', 'test_1', 't', '_'], at: ['test_1', 't_3'], id: 7, result: (1n << 59n) | (3n << 44n) | 7n },
    // Parts whose argument is empty take no bits: the others move up.
    { arguments: ['', 'test_', 't_'], at: ['test_1', 't_1'], id: 1, result: (1n << 56n) | (1n << 48n) | 1n },
    { arguments: ['1', '', 't_'], at: ['test_1', 't_5'], id: 1, result: (1n << 59n) | (5n << 51n) | 1n },
    { arguments: ['1', 'test_', ''], at: ['test_2', 't_5'], id: 0, result: (1n << 59n) | (2n << 52n) },
    { arguments: ['', '', ''], at: ['test_2', 't_5'], id: 9, result: 9 },
  ])('$arguments in $at: $id becomes $result', ({ arguments: list, at, id, result }) => {
    const [schema = '', name = ''] = at;
    expect(mapped([rule({ arguments: list })], schema, name, id)).toBe(result);
  });

  it('gives every number of every place a place of its own', () => {
    const seen = new Set<CellValue>();
    for (const instance of ['0', '1', '15']) {
      const rules = [rule({ arguments: [instance, 'test_', 't_'] })];
      for (const schema of [0, 1, 127]) {
        for (const name of [0, 1, 255]) {
          for (const id of [0, 1, 2 ** 44 - 1])
            seen.add(BigInt(mapped(rules, `test_${schema}`, `t_${name}`, id) as number));
        }
      }
    }
    expect(seen.size).toBe(81);
  });

  it('takes numbers of any form and leaves text as text', () => {
    expect(mapped([rule()], 'test_1', 't_1', 1n)).toBe(580981944116838401n);
    expect(mapped([rule()], 'test_1', 't_1', '1')).toBe('580981944116838401');
    const latin1 = mapped([rule()], 'test_1', 't_1', { charset: 'latin1', bytes: Buffer.from('1') });
    expect(latin1).toEqual({ charset: 'latin1', bytes: Buffer.from('580981944116838401') });
  });

  it.each([null, -1, 17592186044416, 1.5, 'a1', Buffer.from('1')])('refuses %s', (value) => {
    const error = errorOf(() => mapped([rule()], 'test_1', 't_1', value));
    expect(error.code).toBe(36033);
    expect(error.message).toContain('`test_1`.`t_1`');
    expect(error.rawCause).toContain('from 0 to 17592186044415');
  });

  it('leaves columns alone that a row image does not hold, and never changes the image it is given', () => {
    const change = createColumnMapping([rule()], false).forTable(structure('test_1', 't_1'));
    const image: RowImage = ['x', 1];
    expect(change?.(image)).toEqual(['x', 580981944116838401n]);
    expect(image).toEqual(['x', 1]);
    expect(change?.(['x', undefined])).toEqual(['x', undefined]);
  });

  it('writes into another column than it reads', () => {
    const rules = [rule({ sourceColumn: 'old', targetColumn: 'ID' })];
    const change = createColumnMapping(rules, true).forTable(structure('test_1', 't_1', ['id', 'v', 'old']));
    expect(change?.([5, 'x', 1])).toEqual([580981944116838401n, 'x', 1]);
  });
});

describe('column mapping rules', () => {
  it('apply to the tables that their patterns name, by case where names differ by case', () => {
    expect(mapped([rule()], 'other_1', 't_1', 1)).toBe(1);
    expect(mapped([rule()], 'test_1', 'x_1', 1)).toBe(1);
    expect(mapped([rule()], 'TEST_1', 'T_1', 1)).toBe(580981944116838401n);
    expect(mapped([rule()], 'TEST_1', 'T_1', 1, true)).toBe(1);
    expect(mapped([rule({ arguments: ['1', 'Test_', 'T_'] })], 'test_1', 't_1', 1)).toBe(580981944116838401n);
    expect(createColumnMapping(undefined, true).forTable(structure('test_1', 't_1'))).toBeUndefined();
  });

  it('with a table pattern come before those of whole databases', () => {
    const whole = rule({ name: 'whole', tablePattern: '', arguments: ['2', 'test_', 'x_'] });
    expect(mapped([whole, rule()], 'test_1', 't_1', 1)).toBe(580981944116838401n);
    expect(mapped([whole, rule()], 'test_1', 'x_1', 1)).toBe((2n << 59n) | (1n << 52n) | (1n << 44n) | 1n);
  });

  it.each([
    ['a table matched twice', [rule(), rule({ name: 'rule-2', tablePattern: '*' })], /rule-1, rule-2/],
    ['a column that is not there', [rule({ targetColumn: 'nr' })], /column nr not found/],
    ['a source column that is not there', [rule({ sourceColumn: 'nr' })], /column nr not found/],
    ['a database without a number', [rule({ arguments: ['1', 'tes', 't_'] })], /name test_1 is not tes and a number/],
    [
      'a table name with another prefix',
      [rule({ arguments: ['1', 'test_', 'x_'] })],
      /name t_1 is not x_ and a number/,
    ],
  ])('are refused for %s', (_, rules, reason) => {
    const error = errorOf(() => mapped(rules, 'test_1', 't_1', 1));
    expect(error.code).toBe(36033);
    expect(error.rawCause).toMatch(reason);
  });

  it.each([
    ['t_256', 'test_1'],
    ['t_1x', 'test_1'],
    ['t_-1', 'test_1'],
    ['t_1', 'test_128'],
  ])('refuse the table %s of %s', (name, schema) => {
    expect(errorOf(() => mapped([rule()], schema, name, 1)).code).toBe(36033);
  });

  it.each([
    ['too few arguments', [rule({ arguments: ['1', 'test_'] })]],
    ['too many arguments', [rule({ arguments: ['1', 'a', 'b', 'c', 'd'] })]],
    ['an instance that is no number', [rule({ arguments: ['x', 'test_', 't_'] })]],
    ['an instance that is too large', [rule({ arguments: ['16', 'test_', 't_'] })]],
    ['no target column', [rule({ targetColumn: '' })]],
    ['a pattern that is none', [rule({ schemaPattern: 'a*b' })]],
    ['the same patterns twice', [rule(), rule({ name: 'rule-2', schemaPattern: 'TEST_*' })]],
  ])('can never work with %s', (_, rules) => {
    expect(errorOf(() => createColumnMapping(rules, false)).code).toBe(20046);
  });

  it('serve rows whose columns are listed', () => {
    const mapping = createColumnMapping([rule()], false);
    expect(mapping.forColumns('test_1', 't_1', ['a', 'b', 'ID'])).toMatchObject({ source: 2, target: 2 });
    expect(mapping.forColumns('test_1', 'x', ['a', 'b', 'ID'])).toBeUndefined();
  });
});
