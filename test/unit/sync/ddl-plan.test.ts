import { describe, expect, test } from 'vitest';
import type { EventFilterRule } from '../../../src/config/types.js';
import { dmError } from '../../../src/errors/dm-error.js';
import { createTableFilter } from '../../../src/filter/block-allow-list.js';
import { withAdvice } from '../../../src/sync/ddl/ddl-advice.js';
import { planDdl, type DdlPlan, type DdlPlanOptions } from '../../../src/sync/ddl/ddl-plan.js';
import type { QueryEvent } from '../../../src/sync/events.js';
import { createEventFilter } from '../../../src/filter/event-filter.js';
import { createRouter, SAME_NAMES } from '../../../src/filter/router.js';

const place = { name: 'bin.000001', pos: 4 };

function plan(sql: string, more: Partial<DdlPlanOptions> = {}): DdlPlan {
  const event: QueryEvent = {
    type: 'query',
    start: place,
    end: place,
    timestamp: 0,
    schema: 'db',
    sql,
    inTransaction: false,
  };
  return planDdl(event, {
    flavor: 'mysql',
    serverVersion: 80036,
    filter: createTableFilter({ ignoreTables: [{ dbName: 'db', tblName: 'left_out' }] }, true),
    events: createEventFilter(undefined),
    mapping: SAME_NAMES,
    splitAlways: false,
    dropIndexExistence: false,
    dropForeignOptions: false,
    leavesMariadb: false,
    ...more,
  });
}

function texts(decided: DdlPlan): string[] {
  return decided.action === 'execute' ? decided.parts.map((part) => part.sql) : [];
}

test('a statement that is also about filtered tables is marked', () => {
  const partly = plan('DROP TABLE t, left_out');
  expect(partly).toMatchObject({ action: 'execute', partly: true });
  expect(texts(partly)).toEqual(['DROP TABLE IF EXISTS `db`.`t`']);
  expect(plan('RENAME TABLE t TO left_out')).toMatchObject({ action: 'track', partly: true });
  expect(plan('DROP TABLE t, u')).toMatchObject({ action: 'execute', partly: false });
});

test('generated columns are dropped before those that they are made of', () => {
  const columns = [{ name: 'a' }, { name: 'b', generated: { expression: 'a + 1' } }, { name: 'c' }];
  const sql = 'ALTER TABLE t DROP COLUMN a, DROP COLUMN b';
  expect(texts(plan(sql, { splitAlways: true, columns }))).toEqual([
    'ALTER TABLE `db`.`t` DROP COLUMN b',
    'ALTER TABLE `db`.`t` DROP COLUMN a',
  ]);
});

test('options of other engines are left out where the downstream would refuse them', () => {
  const sql = "CREATE TABLE t (a INT) TABLESPACE x COMMENT 'c'";
  expect(texts(plan(sql, { dropForeignOptions: true }))[0]).not.toContain('TABLESPACE');
  expect(texts(plan(sql))[0]).toContain('TABLESPACE');
});

test('views and words of MariaDB do not go downstream', () => {
  const isTable = (_: string, name: string): boolean => name !== 'v';
  expect(plan('RENAME TABLE v TO w', { isTable })).toMatchObject({ action: 'track', why: 'unexecutable' });
  expect(texts(plan('RENAME TABLE v TO w, t TO u', { isTable }))).toEqual(['RENAME TABLE `db`.`t` TO `db`.`u`']);
  const mariadb = { flavor: 'mariadb', serverVersion: 101100, leavesMariadb: true } as const;
  expect(plan('ALTER TABLE t ADD SYSTEM VERSIONING', mariadb)).toMatchObject({ action: 'track', why: 'unexecutable' });
  expect(texts(plan('ALTER TABLE t ADD a INET4, ADD SYSTEM VERSIONING', mariadb))).toEqual([
    'ALTER TABLE `db`.`t` ADD a VARCHAR(15) CHARACTER SET ascii COLLATE ascii_bin',
  ]);
});

test('a refusal carries the advice for what the downstream is known to refuse', () => {
  const finding = { rule: 'r', severity: 'error' as const, message: 'not that', workaround: 'Do this.' };
  const refusal = dmError(10006, ['sql'], { scope: 'downstream' });
  expect(withAdvice(refusal, [finding])).toMatchObject({ code: 10006, workaround: 'not that. Do this.' });
  expect(withAdvice(refusal, [{ ...finding, severity: 'warning' }])).toBe(refusal);
  const broken = dmError(10003);
  expect(withAdvice(broken, [finding])).toBe(broken);
});

const ignore = (more: Partial<EventFilterRule>): DdlPlanOptions['events'] =>
  createEventFilter([
    { name: 'r', schemaPattern: '*', events: [], sqlPattern: [], action: 'Ignore', caseSensitive: false, ...more },
  ]);

describe('the event filter', () => {
  test.each(['FROBNICATE TABLE t', 'ALTER TABLE t FROBNICATE c'])('%s: a rule for all schemas leaves it out', (sql) => {
    const refused = expect.objectContaining({ code: 36067 }) as Error;
    expect(() => plan(sql)).toThrow(refused);
    expect(plan(sql, { events: ignore({ sqlPattern: ['frobnicate'] }) })).toMatchObject({ action: 'skip' });
    const events = ignore({ schemaPattern: 'd*', sqlPattern: ['frobnicate'] });
    expect(() => plan(sql, { events })).toThrow(refused);
  });

  test('what it drops is tracked, whether or not the table passes the list', () => {
    const events = ignore({ tablePattern: 't', events: ['alter table', 'truncate table'] });
    expect(plan('ALTER TABLE t ADD c INT', { events })).toMatchObject({ action: 'track', why: 'dropped' });
    expect(plan('TRUNCATE TABLE t', { events })).toMatchObject({ action: 'track', why: 'dropped' });
    expect(plan('ALTER TABLE u ADD c INT', { events })).toMatchObject({ action: 'execute' });
    expect(plan('ALTER TABLE left_out ADD c INT', { events })).toMatchObject({ action: 'track', why: 'filtered' });
  });

  test('it drops the part of a statement that it is about', () => {
    const events = ignore({ tablePattern: 't', events: ['drop table', 'rename table'] });
    expect(texts(plan('DROP TABLE t, u', { events }))).toEqual(['DROP TABLE IF EXISTS `db`.`u`']);
    expect(texts(plan('RENAME TABLE u TO v, t TO w', { events }))).toEqual(['RENAME TABLE `db`.`u` TO `db`.`v`']);
  });

  test('statements on databases are for rules of databases', () => {
    const events = ignore({ events: ['drop database'] });
    expect(plan('DROP DATABASE d', { events })).toMatchObject({ action: 'track', why: 'dropped' });
    const ofTables = ignore({ tablePattern: '*', events: ['drop database'] });
    expect(plan('DROP DATABASE d', { events: ofTables })).toMatchObject({ action: 'execute' });
  });

  test('patterns see the statement without the comments around it', () => {
    const events = ignore({ sqlPattern: ['^ALTER TABLE t ADD c INT$'] });
    expect(plan('/* a tool */ ALTER TABLE t ADD c INT;', { events })).toMatchObject({ why: 'dropped' });
  });
});

describe('tables that are merged', () => {
  const mapping = createRouter(
    [{ name: 'r', schemaPattern: 'db', tablePattern: 't_*', targetSchema: 'all', targetTable: 't' }],
    true,
  );

  test('a rename among them is nothing downstream', () => {
    expect(plan('RENAME TABLE t_1 TO t_9', { mapping })).toMatchObject({ action: 'track', why: 'unexecutable' });
    expect(texts(plan('RENAME TABLE t_1 TO t_9, u TO v', { mapping }))).toEqual(['RENAME TABLE `db`.`u` TO `db`.`v`']);
    expect(texts(plan('RENAME TABLE t_1 TO v', { mapping }))).toEqual(['RENAME TABLE `all`.`t` TO `db`.`v`']);
  });

  test('creating the target once more is no error', () => {
    expect(texts(plan('CREATE TABLE t_2 (a INT)', { mapping }))).toEqual([
      'CREATE TABLE IF NOT EXISTS `all`.`t` (a INT)',
    ]);
  });
});
