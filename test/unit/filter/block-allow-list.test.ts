import { describe, expect, test } from 'vitest';
import type { BlockAllowList } from '../../../src/config/types.js';
import { createTableFilter } from '../../../src/filter/block-allow-list.js';

const RULE_1: BlockAllowList = {
  doDbs: ['test*'],
  doTables: [
    { dbName: 'test[123]', tblName: 't[1-5]' },
    { dbName: 'test', tblName: 't' },
  ],
};
const RULE_2: BlockAllowList = {
  doDbs: ['~^test.*'],
  ignoreDbs: ['mysql'],
  doTables: [
    { dbName: '~^test.*', tblName: '~^t.*' },
    { dbName: 'test', tblName: 't' },
  ],
  ignoreTables: [{ dbName: 'test', tblName: 'log' }],
};
const FORUM: BlockAllowList = {
  doDbs: ['forum_backup_2018', 'forum'],
  ignoreDbs: ['~^forum_backup_'],
  doTables: [
    { dbName: 'logs', tblName: '~_2018$' },
    { dbName: '~^forum.*', tblName: 'messages' },
  ],
  ignoreTables: [{ dbName: '~.*', tblName: '^messages.*' }],
};

describe('vectors of the manual', () => {
  test.each<[string, BlockAllowList | undefined, string, string, boolean]>([
    ['BA-01', RULE_1, 'test1', 't1', true],
    ['BA-02', RULE_1, 'test3', 't5', true],
    ['BA-03', RULE_1, 'test4', 't1', false],
    ['BA-04', RULE_1, 'test1', 't6', false],
    ['BA-05', RULE_1, 'test', 't', true],
    ['BA-06', RULE_1, 'prod', 't1', false],
    ['BA-08', RULE_2, 'test_a', 't_b', true],
    ['BA-09', RULE_2, 'test', 'log', false],
    ['BA-10', RULE_2, 'test', 'tlog', true],
    ['BA-11', RULE_2, 'mysql', 'user', false],
    ['BA-12', {}, 'any', 'thing', true],
    ['BA-12b', undefined, 'any', 'thing', true],
    ['BA-13', { ignoreDbs: ['a'] }, 'a', 'b', false],
    ['BA-14', { ignoreTables: [{ dbName: 'user', tblName: 'log' }] }, 'user', 'log', false],
    ['BA-14b', { ignoreTables: [{ dbName: 'user', tblName: 'log' }] }, 'user', 'info', true],
    ['BA-15', { ignoreDbs: ['log'], doTables: [{ dbName: 'log', tblName: '*' }] }, 'log', 'a', false],
    ['BA-16', { doTables: [{ dbName: 'a', tblName: 't' }] }, 'b', 't', false],
    ['BA-22', FORUM, 'logs', 'messages_2018', false],
    ['BA-23', FORUM, 'forum_backup_2016', 'messages', false],
    ['BA-25', FORUM, 'forum', 'users', false],
    ['BA-26', FORUM, 'forum', 'messages', true],
    ['BA-27', FORUM, 'forum_backup_2018', 'messages', true],
  ])('%s', (_id, rules, schema, table, expected) => {
    expect(createTableFilter(rules, false).matchesTable(schema, table)).toBe(expected);
  });

  test('a schema statement sees the schema lists only', () => {
    expect(createTableFilter(RULE_1, false).matchesSchema('test9')).toBe(true);
    expect(createTableFilter({ doTables: [{ dbName: 'a', tblName: 't' }] }, false).matchesSchema('b')).toBe(true);
  });
});

describe('patterns', () => {
  const matches = (pattern: string, name: string, caseSensitive = false): boolean =>
    createTableFilter({ doDbs: [pattern] }, caseSensitive).matchesSchema(name);

  test.each([
    ['test_*', 'test_1', true],
    ['test_*', 'test_', true],
    ['test_*', 'test', false],
    ['test[!1-3]', 'test4', true],
    ['test[!1-3]', 'test2', false],
    ['t?st', 'tést', true],
    ['a[b', 'a[b', true],
    ['a.b', 'axb', false],
    ['a(b)+c$', 'a(b)+c$', true],
    ['~b', 'abc', true],
    ['~(?i)^B', 'bc', true],
    [String.raw`~\Aab\z`, 'ab', true],
    ['^messages.*', 'messages_1', false],
  ])('%s against %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  test('case counts only when the source says so', () => {
    expect(matches('Shop', 'shop')).toBe(true);
    expect(matches('Shop', 'shop', true)).toBe(false);
    expect(matches('~^Shop', 'shop', true)).toBe(false);
  });

  test('a regular expression that does not compile is error 20044', () => {
    expect(() => createTableFilter({ doDbs: ['~('] }, false)).toThrow(expect.objectContaining({ code: 20044 }));
  });
});

test('system schemas never pass, whatever the rules', () => {
  const filter = createTableFilter({ doDbs: ['*'] }, true);
  for (const schema of ['mysql', 'SYS', 'information_schema', 'dm_heartbeat', 'METRICS_schema']) {
    expect(filter.matchesSchema(schema)).toBe(false);
    expect(filter.matchesTable(schema, 't')).toBe(false);
  }
});
