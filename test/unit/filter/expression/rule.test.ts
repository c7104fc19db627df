import { expect, test } from 'vitest';
import type { ExpressionFilterRule } from '../../../../src/config/types.js';
import { checkExpression, createExpressionFilter } from '../../../../src/filter/expression/index.js';
import { column, table } from '../../sync/support.js';

const RULE: ExpressionFilterRule = { name: 'r', schema: 'db', table: 't', insertValueExpr: 'c = 1' };
const server = () => Promise.reject(new Error('a server was asked'));

test('a good rule passes', () => {
  expect(checkExpression(RULE)).toBeUndefined();
});

test.each([
  [{ schema: '' }, 20042, 'expression-filter r has empty schema'],
  [{ table: '' }, 20042, 'expression-filter r has empty table'],
  [{ insertValueExpr: undefined }, 20042, 'expression-filter r has empty expression'],
  [{ insertValueExpr: '  ' }, 20042, 'expression-filter r has empty expression'],
  [
    { insertValueExpr: 'c = ' },
    20041,
    'expression-filter name(r) SQL(c = ) has wrong grammar: expected a value, found the end',
  ],
  [
    { deleteValueExpr: 'c = 1' },
    20039,
    'expression filter can only specify one of (insert, update, delete) expressions, but r has specified [insert delete]',
  ],
])('%o is refused', (change, code, message) => {
  expect(checkExpression({ ...RULE, ...change })).toMatchObject({ code, message });
});

test.each(['d = 1', 'c = 1 AND other.c = 2', 'x.t.c = 1', '`c ` = 1'])(
  '%s names a column that is not there',
  (text) => {
    const filter = createExpressionFilter([{ ...RULE, insertValueExpr: text }], { server, caseSensitive: true });
    const act = () => filter.forTable(table('t', [column('c', 'int')], []));
    expect(act).toThrow(expect.objectContaining({ code: 20041 }) as Error);
    expect(act).toThrow(`has wrong grammar: unknown column`);
  },
);

test.each([
  [true, 'DB', false],
  [true, 'db', true],
  [false, 'DB', true],
])('case-sensitive %s: a rule for schema %s concerns db: %s', (caseSensitive, schema, concerned) => {
  const filter = createExpressionFilter([{ ...RULE, schema }], { server, caseSensitive });
  expect(filter.forTable(table('t', [column('c', 'int')], [])) !== undefined).toBe(concerned);
});

test('names of columns differ by no letter case, and may be qualified', () => {
  const rule = { ...RULE, insertValueExpr: 'C = 1 AND t.c = 1 AND DB.T.`c` = 1' };
  const filter = createExpressionFilter([rule], { server, caseSensitive: true }).forTable(
    table('t', [column('c', 'int')], []),
  );
  expect(
    filter?.dropped([
      { kind: 'insert', after: [1] },
      { kind: 'insert', after: [2] },
    ]),
  ).toEqual([true, false]);
});

test('a failed question is an error of the rows it was about, and of those alone', async () => {
  const rule = { ...RULE, insertValueExpr: 'c < 10 AND SQRT(c) = 3' };
  const filter = createExpressionFilter([rule], { server, caseSensitive: true }).forTable(
    table('t', [column('c', 'int')], []),
  );
  expect(filter?.dropped([{ kind: 'insert', after: [11] }])).toEqual([false]);
  await expect(filter?.dropped([{ kind: 'insert', after: [9] }])).rejects.toThrow('a server was asked');
});

test('speed of evaluation', () => {
  const rule = { ...RULE, insertValueExpr: "c % 2 = 0 AND (name LIKE 'a%' OR price > 10.5) AND at < '2021-01-01'" };
  const columns = [
    column('c', 'int'),
    column('name', 'varchar', { charset: 'utf8mb4', collation: 'utf8mb4_general_ci' }),
    column('price', 'decimal', { length: 10, decimals: 2 }),
    column('at', 'datetime'),
  ];
  const filter = createExpressionFilter([rule], { server, caseSensitive: true }).forTable(table('t', columns, []));
  const rows = Array.from({ length: 1000 }, (_, c) => {
    return { kind: 'insert' as const, after: [c, c % 3 === 0 ? 'abc' : 'xyz', `${c}.50`, '2020-06-01 00:00:00'] };
  });
  const begin = process.cpuUsage();
  const seconds = () => process.cpuUsage(begin).user / 1e6;
  let passes = 0;
  for (; seconds() < 0.3; passes++) expect(filter?.dropped(rows)).not.toBeInstanceOf(Promise);
  const rate = Math.round((passes * rows.length) / seconds());
  console.log(`expression filter: ${rate} rows per second of processor time`);
  expect(rate).toBeGreaterThan(20_000);
});
