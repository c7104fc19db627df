import { describe, expect, test } from 'vitest';
import type { RouteRule } from '../../../src/config/types.js';
import { readStatement, rewriteStatement } from '../../../src/ddl/index.js';
import { createRouter, SAME_NAMES, type TableMapping } from '../../../src/filter/router.js';

type Rule = Omit<RouteRule, 'name'>;

function rules(...all: Rule[]): RouteRule[] {
  return all.map((rule, index) => ({ name: `rule-${index + 1}`, ...rule }));
}

const TABLE_RULE: Rule = { schemaPattern: 'test_*', tablePattern: 't_*', targetSchema: 'test', targetTable: 't' };
const SCHEMA_RULE: Rule = { schemaPattern: 'test_*', targetSchema: 'test' };
const A = rules(TABLE_RULE, SCHEMA_RULE);
const WRONG: RouteRule[] = [
  { name: 'rule-0', ...SCHEMA_RULE },
  { name: 'rule-1', ...TABLE_RULE },
  {
    name: 'rule-2',
    schemaPattern: 'test_1_bak',
    tablePattern: 't_1_bak',
    targetSchema: 'test',
    targetTable: 't_bak',
  },
];

/** Name of the table downstream, as `schema.table`. */
function routed(router: TableMapping, schema: string, table: string): string {
  const target = router.target(schema, table);
  return `${target.schema}.${target.table}`;
}

function rewritten(router: TableMapping, sql: string): string {
  return rewriteStatement(readStatement(sql, { flavor: 'mysql', defaultSchema: 'test_1' }), {
    target: (schema, table) =>
      table === '' ? { schema: router.targetSchema(schema), table: '' } : router.target(schema, table),
  });
}

describe('vectors of the manual', () => {
  test.each<[id: string, rules: RouteRule[], schema: string, table: string, expected: string]>([
    ['RT-01', A, 'test_1', 't_1', 'test.t'],
    ['RT-02', A, 'test_3', 't_2', 'test.t'],
    ['RT-04', A, 'test_1', 'other', 'test.other'],
    ['RT-05', A, 'prod', 't_1', 'prod.t_1'],
    ['RT-06', rules(TABLE_RULE), 'test_1', 't_1', 'test.t'],
    ['RT-07', rules(TABLE_RULE), 'test_9', 't_9', 'test.t'],
    ['RT-08', rules(SCHEMA_RULE), 'test_2', 't_3', 'test.t_3'],
    ['RT-10', WRONG, 'test_1', 't_1', 'test.t'],
    ['RT-11', WRONG, 'test_1', 'x', 'test.x'],
  ])('%s', (_id, config, schema, table, expected) => {
    const router = createRouter(config, false);
    expect(routed(router, schema, table)).toBe(expected);
    const [targetSchema, targetTable] = expected.split('.');
    expect(rewritten(router, `ALTER TABLE \`${schema}\`.\`${table}\` ADD COLUMN c INT`)).toBe(
      `ALTER TABLE \`${targetSchema}\`.\`${targetTable}\` ADD COLUMN c INT`,
    );
  });

  test('RT-03', () => {
    const router = createRouter(A, false);
    expect(router.targetSchema('test_1')).toBe('test');
    expect(rewritten(router, 'CREATE SCHEMA test_1')).toBe('CREATE SCHEMA `test`');
    expect(rewritten(router, 'DROP SCHEMA test_1')).toBe('DROP SCHEMA `test`');
  });

  test('RT-07: without a rule for schemas a schema keeps its name', () => {
    expect(createRouter(rules(TABLE_RULE), false).targetSchema('test_9')).toBe('test_9');
  });

  test('RT-09', () => {
    const router = createRouter(WRONG, false);
    const matched = { code: 36031, rawCause: expect.stringMatching(/`test_1_bak`\.`t_1_bak`.*rule-1 and rule-2/) };
    expect(() => router.target('test_1_bak', 't_1_bak')).toThrow(expect.objectContaining(matched));
    // It is an error each time, not only the first.
    expect(() => router.target('test_1_bak', 't_1_bak')).toThrow(expect.objectContaining(matched));
    expect(router.targetSchema('test_1_bak')).toBe('test');
  });
});

describe('routes', () => {
  test('without rules names stay', () => {
    expect(createRouter(undefined, false)).toBe(SAME_NAMES);
    expect(createRouter([], false)).toBe(SAME_NAMES);
  });

  test('two rules for one schema are an error for it and for tables without a rule of their own', () => {
    const router = createRouter(
      rules(SCHEMA_RULE, { schemaPattern: 'test_1', targetSchema: 'x' }, TABLE_RULE),
      false,
      26003,
    );
    const conflict = expect.objectContaining({ code: 26003 });
    expect(() => router.targetSchema('test_1')).toThrow(conflict);
    expect(() => router.target('test_1', 'other')).toThrow(conflict);
    expect(routed(router, 'test_1', 't_1')).toBe('test.t');
    expect(router.targetSchema('test_2')).toBe('test');
  });

  test('a rule of tables without a target table keeps their names; one of schemas with a target table does not', () => {
    const router = createRouter(
      rules(
        { schemaPattern: 'a', tablePattern: 't*', targetSchema: 'b' },
        { schemaPattern: 'c', targetSchema: 'd', targetTable: 'all' },
      ),
      false,
    );
    expect(routed(router, 'a', 'T1')).toBe('b.T1');
    expect(routed(router, 'c', 'x')).toBe('d.all');
    expect(router.targetSchema('c')).toBe('d');
  });

  test('case counts only when asked to, targets are taken as they are written', () => {
    const rule = { schemaPattern: 'Shop', tablePattern: 'Orders', targetSchema: 'SHOP', targetTable: 'Ord' };
    expect(routed(createRouter(rules(rule), false), 'sHOP', 'orders')).toBe('SHOP.Ord');
    expect(routed(createRouter(rules(rule), true), 'sHOP', 'orders')).toBe('sHOP.orders');
    expect(routed(createRouter(rules(rule), true), 'Shop', 'Orders')).toBe('SHOP.Ord');
  });

  test('names that look alike when joined stay apart', () => {
    const router = createRouter(rules({ schemaPattern: 'a', tablePattern: 'b.c', targetSchema: 'x' }), false);
    expect(routed(router, 'a', 'b.c')).toBe('x.b.c');
    expect(routed(router, 'a.b', 'c')).toBe('a.b.c');
  });

  test('all names of a statement are routed', () => {
    expect(
      rewritten(createRouter(A, false), 'CREATE TABLE t_1 (a INT, FOREIGN KEY (a) REFERENCES test_2.other (a))'),
    ).toBe('CREATE TABLE `test`.`t` (a INT, FOREIGN KEY (a) REFERENCES `test`.`other` (a))');
    expect(rewritten(createRouter(A, false), 'RENAME TABLE x TO test_2.y')).toBe(
      'RENAME TABLE `test`.`x` TO `test`.`y`',
    );
  });

  test.each<[what: string, rule: Partial<Rule>, reason: string]>([
    ['a star in the middle', { schemaPattern: 'a*b' }, 'schema-pattern `a*b`: `*` may only be the last character'],
    ['an empty schema pattern', { schemaPattern: '' }, 'the pattern is empty'],
    ['a bad table pattern', { tablePattern: '**' }, 'table-pattern'],
    ['an empty target schema', { targetSchema: '' }, 'target-schema: a value is required'],
  ])('%s is error 20045', (_what, change, reason) => {
    const bad = rules({ ...TABLE_RULE, ...change });
    expect(() => createRouter(bad, false)).toThrow(
      expect.objectContaining({ code: 20045, rawCause: expect.stringContaining('rule rule-1 of `routes`') }),
    );
    expect(() => createRouter(bad, false)).toThrow(
      expect.objectContaining({ rawCause: expect.stringContaining(reason) }),
    );
  });

  test('two rules with the same patterns are error 20045', () => {
    const twice = rules(TABLE_RULE, { ...TABLE_RULE, schemaPattern: 'TEST_*', targetTable: 'x' });
    expect(() => createRouter(twice, false)).toThrow(expect.objectContaining({ code: 20045 }));
    expect(() => createRouter(twice, true)).not.toThrow();
  });
});
