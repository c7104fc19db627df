import { describe, expect, test } from 'vitest';
import { createTableFilter } from '../../../src/filter/block-allow-list.js';
import { createOnlineTables, realTablesOnly, type OnlineTable } from '../../../src/filter/online-tables.js';

const DEFAULTS = { shadowTableRules: ['^_(.+)_(?:new|gho)$'], trashTableRules: ['^_(.+)_(?:ghc|del|old)$'] };

describe('the default rules', () => {
  const tables = createOnlineTables(DEFAULTS);
  const classify = (table: string): OnlineTable => tables.classify(table);

  test.each([
    ['ON-01', '_test4_gho', 'ghost', 'test4'],
    ['ON-02', '_test4_new', 'ghost', 'test4'],
    ['ON-03', '_test4_ghc', 'trash', 'test4'],
    ['ON-03', '_test4_del', 'trash', 'test4'],
    ['ON-03', '_test4_old', 'trash', 'test4'],
    ['ON-04', 'test4', 'real', 'test4'],
    ['ON-04', 'test4_new', 'real', 'test4_new'],
    ['ON-04', '_test4', 'real', '_test4'],
    ['ON-04', 'test_gho', 'real', 'test_gho'],
    ['ON-05', '__a_b_new', 'ghost', '_a_b'],
    ['ON-06', '_report_old', 'trash', 'report'],
  ])('%s: %s is %s of %s', (_id, table, kind, origin) => {
    expect(classify(table)).toEqual({ kind, origin });
    expect(classify(table)).toEqual({ kind, origin });
  });

  test('a name in other case or with nothing between is no table of a tool', () => {
    expect(classify('_T_GHO').kind).toBe('real');
    expect(classify('__gho').kind).toBe('real');
  });
});

test('custom rules take the place of the default ones, anchored or not', () => {
  const tables = createOnlineTables({
    shadowTableRules: ['_(.+)_pcnew'],
    trashTableRules: ['^_(.+)_(?:pcold)$'],
  });
  expect(tables.classify('_t_pcnew')).toEqual({ kind: 'ghost', origin: 't' });
  expect(tables.classify('_t_pcold')).toEqual({ kind: 'trash', origin: 't' });
  expect(tables.classify('_t_gho').kind).toBe('real');
  expect(tables.classify('x_t_pcnew_y').kind).toBe('real');
});

test('a name that both kinds of rules fit is a ghost', () => {
  const tables = createOnlineTables({ shadowTableRules: ['^_(.+)_new$'], trashTableRules: ['^_(.+)_.*$'] });
  expect(tables.classify('_t_new')).toEqual({ kind: 'ghost', origin: 't' });
});

test.each([['^_.+_new$'], ['^_(.+)_(new|gho)$'], ['^_(.+_new$'], ['^_(?=x)(.+)$']])('%s is no rule', (rule) => {
  const error = expect.objectContaining({ code: 20048 }) as unknown;
  expect(() => createOnlineTables({ ...DEFAULTS, shadowTableRules: [rule] })).toThrow(error);
  expect(() => createOnlineTables({ ...DEFAULTS, trashTableRules: [rule] })).toThrow(error);
});

test('without a configuration every table is real', () => {
  expect(createOnlineTables(undefined).classify('_t_gho')).toEqual({ kind: 'real', origin: '_t_gho' });
});

test('rows of the tools are filtered whatever the lists say', () => {
  const tables = createTableFilter({ doTables: [{ dbName: 'a', tblName: '*' }] }, true);
  const filter = realTablesOnly(tables, createOnlineTables(DEFAULTS));
  expect(filter.matchesTable('a', 't')).toBe(true);
  expect(filter.matchesTable('a', '_t_gho')).toBe(false);
  expect(filter.matchesTable('a', '_t_del')).toBe(false);
  expect(filter.matchesTable('b', 't')).toBe(false);
  expect(filter.matchesSchema('a')).toBe(true);
});
