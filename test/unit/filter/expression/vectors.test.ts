import { describe, expect, test } from 'vitest';
import type { ExpressionFilterRule } from '../../../../src/config/types.js';
import { createExpressionFilter, type RowFilter } from '../../../../src/filter/expression/index.js';
import type { Column } from '../../../../src/schema/model.js';
import type { RowChange, RowImage } from '../../../../src/sync/events.js';
import { column, table } from '../../sync/support.js';

/** No vector needs a server: asking one fails the test. */
const server = () => Promise.reject(new Error('a server was asked'));

const INT = (name: string): Column => column(name, 'int');

function rule(more: Partial<ExpressionFilterRule>): ExpressionFilterRule {
  return { name: 'r', schema: 'expr_filter', table: 'tbl', ...more };
}

const EVEN_C = rule({ name: 'even_c', insertValueExpr: 'c % 2 = 0' });

function filterOf(rules: ExpressionFilterRule[], columns: Column[], name = 'tbl'): RowFilter | undefined {
  const structure = { ...table(name, columns, []), schema: 'expr_filter' };
  return createExpressionFilter(rules, { server, caseSensitive: false }).forTable(structure);
}

/** Which of the rows are dropped. */
function dropped(rules: ExpressionFilterRule[], columns: Column[], rows: RowChange[]): boolean[] {
  const result = filterOf(rules, columns)?.dropped(rows);
  if (!Array.isArray(result)) throw new Error('not decided here');
  return result;
}

const insert = (...after: RowImage): RowChange => ({ kind: 'insert', after });
const remove = (...before: RowImage): RowChange => ({ kind: 'delete', before });
const update = (before: RowImage, after: RowImage): RowChange => ({ kind: 'update', before, after });

const ID_C = [INT('id'), INT('c')];

describe('vectors of the manual (section 1.4.3)', () => {
  test('EX-01 inserted rows with an even c are dropped, each row by itself', () => {
    const rows = [insert(1, 1), insert(2, 2), insert(3, 3), insert(4, 4)];
    expect(dropped([EVEN_C], ID_C, rows)).toEqual([false, true, false, true]);
  });

  test('EX-03 an insert expression does not concern updates', () => {
    expect(dropped([EVEN_C], ID_C, [update([1, 1], [1, 2])])).toEqual([false]);
  });

  test('EX-04 an insert expression does not concern deletes', () => {
    expect(dropped([EVEN_C], ID_C, [remove(1, 2)])).toEqual([false]);
  });

  test('EX-05 NULL is not TRUE', () => {
    expect(dropped([EVEN_C], ID_C, [insert(5, null)])).toEqual([false]);
  });

  test('EX-06 a rule that the source does not use has no effect', () => {
    expect(filterOf([], ID_C)).toBeUndefined();
  });

  test('EX-07 another table is not concerned', () => {
    expect(filterOf([EVEN_C], ID_C, 'tbl2')).toBeUndefined();
  });

  test('EX-08 only an expression of old values', () => {
    const rules = [rule({ updateOldValueExpr: 'c = 1' })];
    expect(dropped(rules, ID_C, [update([1, 1], [1, 2]), update([1, 3], [1, 1])])).toEqual([true, false]);
  });

  test('EX-09 only an expression of new values', () => {
    const rules = [rule({ updateNewValueExpr: 'c = 2' })];
    expect(dropped(rules, ID_C, [update([1, 1], [1, 2]), update([1, 1], [1, 3])])).toEqual([true, false]);
  });

  test('EX-10 both expressions of updates must be TRUE', () => {
    const rules = [rule({ updateOldValueExpr: 'age < 18', updateNewValueExpr: 'age >= 18' })];
    const rows = (
      [
        [17, 18],
        [16, 17],
        [18, 19],
        [20, 17],
      ] as const
    ).map(([a, b]) => update([1, a], [1, b]));
    expect(dropped(rules, [INT('id'), INT('age')], rows)).toEqual([true, false, false, false]);
  });

  test('EX-11 deleted rows', () => {
    const rules = [rule({ deleteValueExpr: 'keep = 1' })];
    expect(dropped(rules, [INT('id'), INT('keep')], [remove(1, 1), remove(2, 0)])).toEqual([true, false]);
  });

  test('EX-12 several columns', () => {
    const rules = [rule({ insertValueExpr: 'a*a + b*b = c*c' })];
    expect(dropped(rules, [INT('a'), INT('b'), INT('c')], [insert(3, 4, 5), insert(3, 4, 6)])).toEqual([true, false]);
  });

  const TS = [INT('id'), column('c_timestamp', 'timestamp', { length: 4 })];
  const AT_0434 = insert(1, '2021-01-01 04:34:56.5678');
  const AT_1234 = insert(2, '2021-01-01 12:34:56.5678');

  test('EX-13 a literal with an offset is counted back to UTC', () => {
    const rules = [rule({ insertValueExpr: "c_timestamp = '2021-01-01 12:34:56.5678+08:00'" })];
    expect(dropped(rules, TS, [AT_0434, AT_1234])).toEqual([true, false]);
  });

  test('EX-14 a literal without an offset is UTC', () => {
    const rules = [rule({ insertValueExpr: "c_timestamp = '2021-01-01 04:34:56.5678'" })];
    expect(dropped(rules, TS, [AT_0434, AT_1234])).toEqual([true, false]);
  });

  test('EX-15 any of several rules drops a row', () => {
    const rules = [EVEN_C, rule({ name: 'large', insertValueExpr: 'c > 10' })];
    const rows = [2, 11, 12, 1, 3].map((c) => insert(1, c));
    expect(dropped(rules, ID_C, rows)).toEqual([true, true, true, false, false]);
  });

  test.each([
    [{ insertValueExpr: 'c = 1', deleteValueExpr: 'c = 1' }, '[insert delete]'],
    [{ insertValueExpr: 'c = 1', updateOldValueExpr: 'c = 1' }, '[insert update]'],
    [{ updateNewValueExpr: 'c = 1', deleteValueExpr: 'c = 1' }, '[update delete]'],
  ])('EX-16 expressions of several kinds are refused: %o', (more, kinds) => {
    const message = `expression filter can only specify one of (insert, update, delete) expressions, but r has specified ${kinds}`;
    expect(() => filterOf([rule(more)], ID_C)).toThrow(expect.objectContaining({ code: 20039, message }) as Error);
  });

  test('EX-17 both expressions of updates are accepted', () => {
    expect(filterOf([rule({ updateOldValueExpr: 'c = 1', updateNewValueExpr: 'c = 1' })], ID_C)).toBeDefined();
  });

  test('EX-18 a name with a wildcard is taken literally', () => {
    expect(filterOf([{ ...EVEN_C, schema: 'expr_*' }], ID_C)).toBeUndefined();
  });
});
