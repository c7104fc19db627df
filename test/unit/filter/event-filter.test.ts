import { describe, expect, test } from 'vitest';
import type { EventFilterRule } from '../../../src/config/types.js';
import { eventKind, readStatement } from '../../../src/ddl/index.js';
import { createEventFilter, type EventFilter } from '../../../src/filter/event-filter.js';

type Rule = Partial<EventFilterRule> & Pick<EventFilterRule, 'schemaPattern' | 'action'>;

function filterOf(...rules: Rule[]): EventFilter {
  return createEventFilter(
    rules.map((rule, index) => ({
      name: `rule-${index + 1}`,
      events: [],
      sqlPattern: [],
      caseSensitive: false,
      ...rule,
    })),
  );
}

/** Whether a row change (`insert test_1.t_1`) or a statement is left out. */
function drops(filter: EventFilter, what: string, defaultSchema = ''): boolean {
  const row = /^(insert|update|delete) (\S+)\.(\S+)$/.exec(what);
  if (row !== null) return filter.dropsRows(row[2] ?? '', row[3] ?? '', row[1] as 'insert');
  const statement = readStatement(what, { flavor: 'mysql', defaultSchema });
  const event = eventKind(statement);
  const target = statement.objects[0];
  return filter.dropsStatement({
    schema: target?.schema ?? defaultSchema,
    ...(target === undefined || target.type === 'database' ? {} : { table: target.name }),
    ...(event === undefined ? {} : { event }),
    sql: what,
  });
}

const SHARDS = { schemaPattern: 'test_*', tablePattern: 't_*' };
const EXAMPLE_1 = filterOf(
  { ...SHARDS, events: ['truncate table', 'drop table', 'delete'], action: 'Ignore' },
  { schemaPattern: 'test_*', events: ['drop database'], action: 'Ignore' },
);
const EXAMPLE_2 = filterOf(
  { ...SHARDS, events: ['create table', 'all dml'], action: 'Do' },
  { schemaPattern: 'test_*', events: ['create database'], action: 'Do' },
);
const EXAMPLE_3 = filterOf({
  ...SHARDS,
  sqlPattern: ['^DROP\\s+PROCEDURE', '^CREATE\\s+PROCEDURE'],
  action: 'Ignore',
});
const EXAMPLE_4 = filterOf({
  schemaPattern: '*',
  sqlPattern: ['ALTER\\s+TABLE[\\s\\S]*ADD\\s+PARTITION', 'ALTER\\s+TABLE[\\s\\S]*DROP\\s+PARTITION'],
  action: 'Ignore',
});
const SAMPLE = filterOf({
  ...SHARDS,
  events: ['truncate table', 'drop table'],
  sqlPattern: ['^DROP\\s+PROCEDURE', '^CREATE\\s+PROCEDURE'],
  action: 'Ignore',
});
const PRIORITY = filterOf(
  { ...SHARDS, events: ['delete'], action: 'Ignore' },
  { ...SHARDS, events: ['all dml'], action: 'Do' },
);
const STORE = filterOf({
  schemaPattern: 'store',
  events: ['drop database', 'truncate table', 'drop table', 'delete'],
  action: 'Ignore',
});
const allow = (events: string[], sqlPattern: string[] = []): EventFilter =>
  filterOf({ ...SHARDS, events, sqlPattern, action: 'Do' });
const block = (events: string[]): EventFilter => filterOf({ ...SHARDS, events, action: 'Ignore' });

const ROWS = ['insert test_1.t_1', 'update test_1.t_1', 'delete test_1.t_1'];
const ALTER = 'ALTER TABLE test_1.t_1 ADD COLUMN c INT';
const CREATE = 'CREATE TABLE test_1.t_1 (a INT)';
const DROP = 'DROP TABLE test_1.t_1';
const TRUNCATE = 'TRUNCATE TABLE test_1.t_1';

describe('vectors of the manual', () => {
  test.each<[id: string, filter: EventFilter, dropped: string[], passed: string[]]>([
    ['BF-01', EXAMPLE_1, ['delete test_1.t_1'], []],
    ['BF-02', EXAMPLE_1, [TRUNCATE], []],
    ['BF-03', EXAMPLE_1, [DROP], []],
    ['BF-04', EXAMPLE_1, ['DROP DATABASE test_1'], []],
    ['BF-05', EXAMPLE_1, [], ['insert test_1.t_1', 'update test_1.t_1', ALTER, CREATE]],
    ['BF-06', EXAMPLE_1, [], ['delete test_1.other']],
    ['BF-07', EXAMPLE_1, [], ['DROP DATABASE prod', 'delete prod.t_1']],
    ['BF-08', EXAMPLE_1, [], ['CREATE DATABASE test_1']],
    ['BF-10', EXAMPLE_2, [], ['CREATE DATABASE test_1']],
    ['BF-11', EXAMPLE_2, [], [CREATE]],
    ['BF-12', EXAMPLE_2, [], ROWS],
    [
      'BF-13',
      EXAMPLE_2,
      [
        ALTER,
        'CREATE INDEX i ON test_1.t_1 (a)',
        'DROP INDEX i ON test_1.t_1',
        TRUNCATE,
        DROP,
        'RENAME TABLE test_1.t_1 TO test_1.t_2',
      ],
      [],
    ],
    ['BF-14', EXAMPLE_2, ['DROP DATABASE test_1'], []],
    ['BF-15', EXAMPLE_2, ['insert test_1.other'], []],
    ['BF-16', EXAMPLE_2, [], ['insert prod.t_1', 'DROP TABLE prod.t_1', 'DROP DATABASE prod', 'CREATE DATABASE prod']],
    ['BF-20', EXAMPLE_3, ['DROP   PROCEDURE test_1.t_1'], ['DROP PROCEDURE prod.t_1', 'DROP PROCEDURE test_1.x']],
    [
      'BF-21',
      EXAMPLE_3,
      ['CREATE PROCEDURE test_1.t_1() SELECT 1', 'create procedure `test_1` . `t_9` () SELECT 1'],
      ['CREATE PROCEDURE other.p() SELECT 1'],
    ],
    ['BF-22', EXAMPLE_3, [], [ALTER, ...ROWS]],
    ['BF-30', EXAMPLE_4, ['ALTER TABLE a.t ADD PARTITION (PARTITION p3 VALUES LESS THAN (2000))'], []],
    ['BF-31', EXAMPLE_4, ['ALTER TABLE a.t\n  DROP\n PARTITION p0'], []],
    ['BF-32', EXAMPLE_4, [], ['ALTER TABLE a.t ADD COLUMN c INT']],
    ['BF-33', EXAMPLE_4, ['alter table a.t add partition (partition p3 values less than (2000))'], []],
    ['BF-34', EXAMPLE_4, ["ALTER TABLE a.t ADD COLUMN c VARCHAR(30) DEFAULT 'ADD PARTITION'"], []],
    ['BF-40', SAMPLE, [DROP, TRUNCATE], []],
    ['BF-41', SAMPLE, [], ['insert test_1.t_1', ALTER]],
    ['BF-42', PRIORITY, ['delete test_1.t_1'], []],
    ['BF-43', PRIORITY, [], ['insert test_1.t_1']],
    ['BF-44', PRIORITY, [ALTER], []],
    ['BF-45', allow(['all ddl'], ['^ALTER']), [DROP, 'insert test_1.t_1'], [ALTER]],
    ['BF-46', allow(['all'], ['^ALTER']), [DROP], ['insert test_1.t_1', ALTER]],
    ['BF-47', allow([]), [...ROWS, ALTER, CREATE, DROP, TRUNCATE], []],
    ['BF-48', block(['none']), [], [...ROWS, ALTER, CREATE, DROP, TRUNCATE]],
    ['BF-49', allow(['none']), [...ROWS, ALTER, CREATE, DROP, TRUNCATE], []],
    ['BF-50', block(['all dml']), ROWS, [CREATE]],
    [
      'BF-51',
      STORE,
      ['delete store.store_sz', 'DROP DATABASE store', 'DROP TABLE store.store_sz', 'TRUNCATE TABLE store.store_sz'],
      ['insert store.store_sz', 'CREATE TABLE store.x (a INT)'],
    ],
  ])('%s', (_id, filter, dropped, passed) => {
    for (const what of dropped) expect(drops(filter, what), what).toBe(true);
    for (const what of passed) expect(drops(filter, what), what).toBe(false);
  });
});

describe('binlog event filters', () => {
  test('without rules everything passes', () => {
    for (const what of [...ROWS, ALTER, DROP]) {
      expect(drops(createEventFilter(undefined), what)).toBe(false);
      expect(drops(createEventFilter([]), what)).toBe(false);
    }
  });

  test('the first entry that speaks about an event decides', () => {
    expect(drops(allow(['none ddl', 'insert']), ALTER)).toBe(true);
    expect(drops(allow(['none ddl', 'insert']), 'insert test_1.t_1')).toBe(false);
    expect(drops(allow(['none ddl', 'all']), ALTER)).toBe(true);
    expect(drops(allow(['all', 'none']), ALTER)).toBe(false);
    expect(drops(allow(['none dml', 'all']), 'insert test_1.t_1')).toBe(true);
    expect(drops(allow(['none dml', 'all']), ALTER)).toBe(false);
    expect(drops(allow(['alter table', 'none']), ALTER)).toBe(false);
    expect(drops(allow(['none', 'alter table']), ALTER)).toBe(true);
    expect(drops(block(['all ddl', 'insert']), 'update test_1.t_1')).toBe(false);
  });

  test('events are known in any case', () => {
    expect(drops(block(['Drop Table']), DROP)).toBe(true);
  });

  test('what cannot be read is left out by patterns for all schemas alone', () => {
    const text = { schema: '', sql: 'FROBNICATE TABLE test_1.t_1' };
    const patterns = { sqlPattern: ['^FROBNICATE'] };
    expect(filterOf({ schemaPattern: '*', ...patterns, action: 'Ignore' }).dropsStatement(text)).toBe(true);
    expect(filterOf({ schemaPattern: 'test_*', ...patterns, action: 'Ignore' }).dropsStatement(text)).toBe(false);
    expect(
      filterOf({ schemaPattern: '*', tablePattern: '*', ...patterns, action: 'Ignore' }).dropsStatement(text),
    ).toBe(false);
    expect(filterOf({ schemaPattern: '*', events: ['all'], action: 'Ignore' }).dropsStatement(text)).toBe(false);
    expect(filterOf({ schemaPattern: '*', sqlPattern: ['^OTHER'], action: 'Do' }).dropsStatement(text)).toBe(true);
  });

  test('a statement of no listed kind is decided by patterns alone', () => {
    expect(drops(allow([]), 'CREATE VIEW test_1.t_v AS SELECT 1')).toBe(false);
    expect(drops(allow(['all'], ['^ALTER']), 'CREATE VIEW test_1.t_v AS SELECT 1')).toBe(true);
    expect(drops(block(['all']), 'CREATE VIEW test_1.t_v AS SELECT 1')).toBe(false);
  });

  test('a routine named without its schema stands in the default one', () => {
    expect(EXAMPLE_3.dropsStatement({ schema: 'test_2', sql: 'DROP PROCEDURE IF EXISTS t_1' })).toBe(true);
    expect(EXAMPLE_3.dropsStatement({ schema: 'prod', sql: 'DROP PROCEDURE IF EXISTS t_1' })).toBe(false);
    expect(
      EXAMPLE_3.dropsStatement({ schema: 'test_2', sql: 'CREATE DEFINER=`root`@`%` PROCEDURE t_1() SELECT 1' }),
    ).toBe(false);
  });

  test('a rule with a table pattern says nothing about statements on a schema', () => {
    expect(
      drops(filterOf({ schemaPattern: '*', tablePattern: '*', events: ['all'], action: 'Ignore' }), 'DROP DATABASE a'),
    ).toBe(false);
  });

  test('patterns are searched in any case and anywhere', () => {
    const filter = filterOf({
      schemaPattern: 'dmctl',
      sqlPattern: ['alter table .* add column `aaa` int'],
      action: 'Ignore',
    });
    expect(drops(filter, 'ALTER TABLE dmctl.t_1 ADD COLUMN `aaa` INT')).toBe(true);
    expect(drops(filter, '/* x */ Alter Table dmctl.t_1 Add Column `AAA` Int')).toBe(true);
    expect(drops(filter, 'ALTER TABLE dmctl.t_1 ADD COLUMN `b` INT')).toBe(false);
  });

  test('case of names counts only in rules that say so, each for itself', () => {
    const filter = filterOf(
      { schemaPattern: 'Shop', events: ['delete'], action: 'Ignore', caseSensitive: true },
      { schemaPattern: 'Shop', events: ['update'], action: 'Ignore' },
    );
    expect(drops(filter, 'delete shop.t')).toBe(false);
    expect(drops(filter, 'delete Shop.t')).toBe(true);
    expect(drops(filter, 'update shop.t')).toBe(true);
  });

  test.each<[what: string, rule: Partial<EventFilterRule>, reason: string]>([
    ['an unknown event', { events: ['explode'] }, '`explode` is no event type'],
    ['an empty schema pattern', { schemaPattern: '' }, 'schema-pattern: the pattern is empty'],
    ['a bad table pattern', { tablePattern: 'a*b' }, 'table-pattern: `*` may only be the last character'],
    ['look-around', { sqlPattern: ['^(?!DROP)'] }, 'sql-pattern `^(?!DROP)`: look-around'],
    ['a pattern that does not compile', { sqlPattern: ['ALTER('] }, 'sql-pattern'],
  ])('%s is error 20037', (_what, change, reason) => {
    expect(() => filterOf({ schemaPattern: 'a', action: 'Ignore', ...change })).toThrow(
      expect.objectContaining({ code: 20037, rawCause: expect.stringContaining(reason) }),
    );
    expect(() => filterOf({ schemaPattern: 'a', action: 'Ignore', ...change })).toThrow(
      expect.objectContaining({ rawCause: expect.stringContaining('rule rule-1 of `filters`') }),
    );
  });
});
