import { describe, expect, test } from 'vitest';
import type { BlockAllowList } from '../../../src/config/types.js';
import { readStatement } from '../../../src/ddl/index.js';
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
    ['BA-13', { ignoreDbs: ['mysql'] }, 'mysql', 'user', false],
    ['BA-13b', { ignoreDbs: ['mysql'] }, 'a', 'b', true],
    ['BA-13c', { ignoreDbs: ['log'] }, 'log', 'b', false],
    ['BA-14', { ignoreTables: [{ dbName: 'user', tblName: 'log' }] }, 'user', 'log', false],
    ['BA-14b', { ignoreTables: [{ dbName: 'user', tblName: 'log' }] }, 'user', 'info', true],
    ['BA-15', { ignoreDbs: ['log'], doTables: [{ dbName: 'log', tblName: '*' }] }, 'log', 'a', false],
    ['BA-16', { doTables: [{ dbName: 'a', tblName: 't' }] }, 'b', 't', false],
    ['BA-20', FORUM, 'logs', 'messages_2016', false],
    ['BA-21', FORUM, 'logs', 'messages_2017', false],
    ['BA-22', FORUM, 'logs', 'messages_2018', false],
    ['BA-23', FORUM, 'forum_backup_2016', 'messages', false],
    ['BA-24', FORUM, 'forum_backup_2017', 'messages', false],
    ['BA-25', FORUM, 'forum', 'users', false],
    ['BA-26', FORUM, 'forum', 'messages', true],
    ['BA-27', FORUM, 'forum_backup_2018', 'messages', true],
  ])('%s', (_id, rules, schema, table, expected) => {
    expect(createTableFilter(rules, false).matchesTable(schema, table)).toBe(expected);
  });

  test.each<[string, BlockAllowList, string]>([
    ['BA-07', RULE_1, 'test9'],
    ['BA-14c', { ignoreTables: [{ dbName: 'user', tblName: 'log' }] }, 'user'],
    ['BA-16b', { doTables: [{ dbName: 'a', tblName: 't' }] }, 'b'],
  ])('%s: a statement on a schema sees the lists of schemas only', (_id, rules, schema) => {
    expect(createTableFilter(rules, false).matchesSchema(schema)).toBe(true);
  });

  test.each<[string, string, string, boolean]>([
    ['BA-D1', 'test_db_2', 'CREATE TABLE test_db_1.test_table (c1 INT PRIMARY KEY)', true],
    ['BA-D2', 'test_db_1', 'CREATE TABLE test_table (c1 INT PRIMARY KEY)', true],
    ['BA-D3', 'test_db_1', 'CREATE TABLE test_db_2.test_table (c1 INT PRIMARY KEY)', false],
    ['BA-D4', 'test_db_2', 'CREATE TABLE test_table (c1 INT PRIMARY KEY)', false],
  ])('%s', (_id, defaultSchema, sql, expected) => {
    const [table] = readStatement(sql, { flavor: 'mysql', defaultSchema }).objects;
    const filter = createTableFilter({ doDbs: ['test_db_1'] }, false);
    expect(filter.matchesTable(table?.schema ?? '', table?.name ?? '')).toBe(expected);
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

  test.each<[BlockAllowList, string]>([
    [{ doDbs: ['~('] }, 'do-dbs: `~(`: missing'],
    [{ ignoreDbs: ['~^(?!test)'] }, 'ignore-dbs: `~^(?!test)`: look-around'],
    [{ doTables: [{ dbName: 'a', tblName: '*_x' }] }, 'do-tables: tbl-name: `*_x`: `*` may only'],
    [{ ignoreTables: [{ dbName: '', tblName: 'x' }] }, 'ignore-tables: db-name: ``: the pattern is empty'],
  ])('%j is error 20044', (rules, reason) => {
    expect(() => createTableFilter(rules, false)).toThrow(
      expect.objectContaining({ code: 20044, rawCause: expect.stringContaining(reason) }),
    );
  });
});

test('system schemas never pass, whatever the rules', () => {
  const filter = createTableFilter({ doDbs: ['*'] }, true);
  for (const schema of ['mysql', 'SYS', 'information_schema', 'dm_heartbeat', 'METRICS_schema']) {
    expect(filter.matchesSchema(schema)).toBe(false);
    expect(filter.matchesTable(schema, 't')).toBe(false);
  }
});
