import { expect, test } from 'vitest';
import { dmError } from '../../../src/errors/dm-error.js';
import { createTableFilter } from '../../../src/filter/block-allow-list.js';
import { withAdvice } from '../../../src/sync/ddl-advice.js';
import { planDdl, type DdlPlan, type DdlPlanOptions } from '../../../src/sync/ddl-plan.js';
import type { QueryEvent } from '../../../src/sync/events.js';
import { createEventFilter } from '../../../src/filter/event-filter.js';
import { SAME_NAMES } from '../../../src/filter/router.js';

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

test('a refusal carries the advice for what the downstream is known to refuse', () => {
  const finding = { rule: 'r', severity: 'error' as const, message: 'not that', workaround: 'Do this.' };
  const refusal = dmError(10006, ['sql'], { scope: 'downstream' });
  expect(withAdvice(refusal, [finding])).toMatchObject({ code: 10006, workaround: 'not that. Do this.' });
  expect(withAdvice(refusal, [{ ...finding, severity: 'warning' }])).toBe(refusal);
  const broken = dmError(10003);
  expect(withAdvice(broken, [finding])).toBe(broken);
});
