import { describe, expect, it } from 'vitest';
import { createDumpFilter } from '../../../src/filter/dump-filter.js';
import { compileTableFilter } from '../../../src/filter/table-filter.js';
import type { DumpConfig } from '../../../src/config/types.js';

const matches = (rules: string[], ...tables: string[]): boolean[] => {
  const test = compileTableFilter(rules);
  return tables.map((name) => {
    const [schema = '', table = ''] = name.split('.');
    return test(schema, table);
  });
};

describe("TiDB's table filter", () => {
  it.each([
    ['names', ['db.tbl'], ['db.tbl', 'DB.Tbl', 'db.tbl2', 'xdb.tbl'], [true, true, false, false]],
    ['star', ['db*.*_log'], ['db.x_log', 'db1._log', 'd.x_log', 'db.log'], [true, true, false, false]],
    ['question mark', ['d?.t??'], ['d1.t12', 'd1.t1', 'd.t12'], [true, false, false]],
    ['sets', ['d[0-3a].t[!0-3]'], ['d2.t4', 'da.tx', 'd4.t4', 'd2.t3'], [true, true, false, false]],
    ['the last rule wins', ['*.*', '!a.*', 'a.b'], ['x.y', 'a.c', 'a.b'], [true, false, true]],
    ['only exclusions leave all out', ['!a.*'], ['a.b', 'x.y'], [false, false]],
    ['expressions', ['/^a+$/./b\\/?/'], ['aa.b', 'aa.xb', 'ab.b'], [true, true, false]],
    ['quotes', ['"a*"."b""c"', '`d?`.`e``f`'], ['a*.b"c', 'ax.b"c', 'd?.e`f'], [true, false, true]],
    ['escapes', ['a\\*.b\\\\'], ['a*.b\\', 'ab.b\\'], [true, false]],
    ['signs of expressions stand for themselves', ['a+(b).c$'], ['a+(b).c$', 'aab.c'], [true, false]],
  ])('%s', (_what, rules, tables, expected) => {
    expect(matches(rules, ...tables)).toEqual(expected);
  });

  it.each(['a', '.a', 'a.', 'a.b.c', '"a.b', 'a[.b', '/a.b', 'a.b\\', '@f', '!', ''])('refuses %j', (rule) => {
    expect(() => compileTableFilter([rule])).toThrow();
  });
});

describe('the filter of a dump', () => {
  const dump: DumpConfig = { threads: 1, chunkFilesize: 1, statementSize: 1, consistency: 'none' };
  const filterOf = (more: Partial<DumpConfig>) =>
    createDumpFilter({ blockAllowList: { doDbs: ['a'] }, caseSensitive: false, dump: { ...dump, ...more } });

  it('is the block-allow list', () => {
    const filter = filterOf({});
    expect([filter.matchesTable('a', 't'), filter.matchesTable('b', 't')]).toEqual([true, false]);
  });

  it('-T and -f replace the list, -B does not', () => {
    const tables = filterOf({ tables: [{ schema: 'b', table: 't' }] });
    expect([tables.matchesTable('a', 't'), tables.matchesTable('b', 't'), tables.matchesSchema('b')]).toEqual([
      false,
      true,
      true,
    ]);
    const rules = filterOf({ tableFilter: ['b.*'], databases: ['b'] });
    expect([rules.matchesTable('b', 'x'), rules.matchesTable('a', 'x'), rules.matchesSchema('a')]).toEqual([
      true,
      false,
      false,
    ]);
    const databases = filterOf({ databases: ['b'] });
    expect([databases.matchesTable('a', 't'), databases.matchesTable('b', 't')]).toEqual([false, false]);
  });

  it('never holds system schemas', () => {
    expect(filterOf({ tableFilter: ['*.*'] }).matchesTable('mysql', 'user')).toBe(false);
  });
});
