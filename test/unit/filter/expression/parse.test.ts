import { describe, expect, test } from 'vitest';
import type { Expr } from '../../../../src/filter/expression/ast.js';
import { parseExpression } from '../../../../src/filter/expression/parse.js';

/** The tree as text with all parentheses written. */
function show(expr: Expr): string {
  const list = (items: readonly Expr[]): string => items.map(show).join(' ');
  switch (expr.kind) {
    case 'null':
      return 'NULL';
    case 'integer':
    case 'double':
      return `${expr.kind === 'double' ? 'double ' : ''}${expr.value}`;
    case 'decimal':
      return `decimal ${expr.text}`;
    case 'string':
      return `${expr.charset === undefined ? '' : `_${expr.charset}`}${JSON.stringify(expr.value)}`;
    case 'bytes':
      return `${expr.charset === undefined ? '' : `_${expr.charset}`}x${expr.value.toString('hex')}`;
    case 'temporal':
      return `${expr.type} ${expr.text}`;
    case 'column':
      return [expr.schema, expr.table, expr.name].filter((part) => part !== undefined).join('.');
    case 'unary':
      return `(${expr.op} ${show(expr.arg)})`;
    case 'operation':
      return `(${show(expr.left)} ${expr.op} ${show(expr.right)})`;
    case 'is':
      return `(${show(expr.arg)} is ${expr.not ? 'not ' : ''}${expr.what})`;
    case 'in':
      return `(${show(expr.arg)} ${expr.not ? 'not ' : ''}in ${list(expr.list)})`;
    case 'between':
      return `(${show(expr.arg)} ${expr.not ? 'not ' : ''}between ${show(expr.low)} ${show(expr.high)})`;
    case 'like':
      return `(${show(expr.arg)} ${expr.not ? 'not ' : ''}like ${show(expr.pattern)}${expr.escape === undefined ? '' : ` escape ${show(expr.escape)}`})`;
    case 'regexp':
      return `(${show(expr.arg)} ${expr.not ? 'not ' : ''}regexp ${show(expr.pattern)})`;
    case 'case':
      return `(case ${expr.subject === undefined ? '' : `${show(expr.subject)} `}${expr.branches.map(({ when, value }) => `${show(when)}: ${show(value)}`).join(' ')} else ${expr.otherwise === undefined ? 'NULL' : show(expr.otherwise)})`;
    case 'call':
      return `${expr.name}(${list(expr.args)})`;
    case 'cast':
      return `(cast ${show(expr.arg)} ${expr.type.name}${expr.type.length === undefined ? '' : ` ${expr.type.length}`}${expr.type.decimals === undefined ? '' : ` ${expr.type.decimals}`})`;
    case 'collate':
      return `(${show(expr.arg)} collate ${expr.collation})`;
    case 'shift':
      return `(${show(expr.arg)} ${expr.sign > 0 ? '+' : '-'} ${show(expr.amount)} ${expr.unit})`;
    case 'row':
      return `[${list(expr.items)}]`;
    default:
      return `?(${list(expr.args)})`;
  }
}

describe('precedence, as in the grammar of MySQL', () => {
  test.each([
    ['a OR b XOR c AND d', '(a or (b xor (c and d)))'],
    ['a || b && c', '(a or (b and c))'],
    ['a IS NOT NULL AND b IS NULL OR NOT c', '(((a is not null) and (b is null)) or (not c))'],
    ['NOT a = b', '(not (a = b))'],
    ['NOT a BETWEEN 1 AND 2 AND c', '((not (a between 1 2)) and c)'],
    ['! a = b', '((not a) = b)'],
    ['NOT NOT a', '(not (not a))'],
    ['a = b = c', '((a = b) = c)'],
    ['a = b IS NULL', '((a = b) is null)'],
    ['a = b IS TRUE AND c', '(((a = b) is true) and c)'],
    ['a <=> b <> c != d', '(((a <=> b) <> c) <> d)'],
    ['a > b >= c < d <= e', '((((a > b) >= c) < d) <= e)'],
    ['a BETWEEN 1 AND 2 OR b', '((a between 1 2) or b)'],
    ['a NOT BETWEEN b + 1 AND c IN (1, 2)', '(a not between (b + 1) (c in 1 2))'],
    ['a | b & c', '(a | (b & c))'],
    ['a & b << c + d * e ^ f', '(a & (b << (c + (d * (e ^ f)))))'],
    ['a - b - c + d', '(((a - b) - c) + d)'],
    ['a / b * c % d', '(((a / b) * c) % d)'],
    ['a DIV b MOD c', '((a div b) % c)'],
    ['-a ^ b', '((- a) ^ b)'],
    ['- -a--b', '((- (- a)) - (- b))'],
    ['~a + +b', '((~ a) + (+ b))'],
    ['a << 1 >> 2', '((a << 1) >> 2)'],
    ["a COLLATE utf8mb4_bin = 'x'", '((a collate utf8mb4_bin) = "x")'],
    ["BINARY a = 'x'", '((binary a) = "x")'],
    ["a LIKE 'x' ESCAPE '|' AND b", '((a like "x" escape "|") and b)'],
    ["a NOT LIKE 'x' OR b NOT REGEXP c + 1", '((a not like "x") or (b not regexp (c + 1)))'],
    ["a RLIKE 'x'", '(a regexp "x")'],
    ['a NOT IN (1, b + 2)', '(a not in 1 (b + 2))'],
    ['(a, b) IN ((1, 2), (3, 4))', '([a b] in [1 2] [3 4])'],
    ['ROW(a, b) = (1, 2)', '([a b] = [1 2])'],
    ['a + INTERVAL 1 DAY > b', '((a + 1 DAY) > b)'],
    ['a - INTERVAL b * 2 MONTH', '(a - (b * 2) MONTH)'],
    ["a > NOW() - INTERVAL '1 2' DAY_HOUR", '(a > (NOW() - "1 2" DAY_HOUR))'],
    ['INTERVAL(a, 1, 2) = 1', '(INTERVAL(a 1 2) = 1)'],
    ['INTERVAL (1) DAY + a', '(a + 1 DAY)'],
    ['DATE_SUB(a, INTERVAL 1 HOUR)', '(a - 1 HOUR)'],
    ['ADDDATE(a, 31)', '(a + 31 DAY)'],
    ['CASE WHEN a THEN b ELSE c END = 1', '((case a: b else c) = 1)'],
    ['CASE a WHEN 1 THEN 2 WHEN 3 THEN 4 END', '(case a 1: 2 3: 4 else NULL)'],
  ])('%s', (text, expected) => {
    expect(show(parseExpression(text))).toBe(expected);
  });
});

describe('literals, names and calls', () => {
  test.each([
    ['18446744073709551615', '18446744073709551615'],
    ['18446744073709551616', 'decimal 18446744073709551616'],
    ['1.00000000000000000000001', 'decimal 1.00000000000000000000001'],
    ['.5 + 1.', '(decimal .5 + decimal 1.)'],
    ['1e5', 'double 100000'],
    ["'it''s' 'x'", '"it\'sx"'],
    ["'a\\'b\\n\\%\\\\'", '"a\'b\\n\\\\%\\\\"'],
    ['"d""q"', '"d\\"q"'],
    ["x'4D' = 0x4d", '(x4d = x4d)'],
    ["b'101' = 0b101", '(x05 = x05)'],
    ["_latin1 x'e4'", '_latin1xe4'],
    ["_utf8mb4'x'", '_utf8mb4"x"'],
    ["N'x'", '_utf8mb3"x"'],
    ['\\N IS NULL', '(NULL is null)'],
    ['TRUE AND FALSE', '(1 and 0)'],
    ["DATE '2020-01-01' < TIMESTAMP'2020-01-01 00:00:00'", '(date 2020-01-01 < datetime 2020-01-01 00:00:00)'],
    ["{d '2020-01-01'}", 'date 2020-01-01'],
    ['`a b`.`c``d` = db.t.c', '(a b.c`d = db.t.c)'],
    ['date > time', '(date > time)'],
    ['CURRENT_TIMESTAMP > CURRENT_TIMESTAMP(3)', '(CURRENT_TIMESTAMP() > CURRENT_TIMESTAMP(3))'],
    ['CAST(a AS DECIMAL(10, 2))', '(cast a DECIMAL 10 2)'],
    ['CONVERT(a, UNSIGNED INTEGER)', '(cast a UNSIGNED)'],
    ['CONVERT(a USING latin1)', '?(a)'],
    ['SUBSTRING(a FROM 2 FOR 3) = SUBSTR(a, 2, 3)', '(SUBSTRING(a 2 3) = SUBSTRING(a 2 3))'],
    ["TRIM(BOTH 'x' FROM a)", '?("x" a)'],
    ['TRIM(LEADING FROM a)', 'LTRIM(a)'],
    ["POSITION('a' IN b)", 'LOCATE("a" b)'],
    ['EXTRACT(YEAR FROM a)', 'YEAR(a)'],
    ["a->'$.x' = a ->> '$.y'", '(?(a "$.x") = ?(a "$.y"))'],
    ["a MEMBER OF ('[1]')", '?(a "[1]")'],
    ['a SOUNDS LIKE b', '?(a b)'],
    ['LEFT(a, 2) = `left`', '(LEFT(a 2) = left)'],
    ['a = 1 -- comment', '(a = 1)'],
    ['a /* comment */ = # other\n 1', '(a = 1)'],
  ])('%s', (text, expected) => {
    expect(show(parseExpression(text))).toBe(expected);
  });
});

test.each([
  ['', 'expected a value, found the end'],
  ['c =', 'expected a value, found the end'],
  ['c = 1 c', 'expected an operator or the end, at column 7 near "c"'],
  ['c = 1; DROP TABLE t', 'expected an operator or the end, at column 6 near "; DROP TABLE t"'],
  ['(c = 1', 'expected ), found the end'],
  ['c == 1', 'expected a value, at column 4 near "= 1"'],
  ["c = 'x", 'a quoted text or comment does not end'],
  ['c = 1 /* x', 'a quoted text or comment does not end'],
  ['c NOT = 1', 'expected an operator or the end, at column 3'],
  ['a = NOT b', 'expected a value, at column 5'],
  ['a IS 1', 'expected NULL, TRUE, FALSE or UNKNOWN'],
  ['a IN ()', 'expected a value'],
  ['CASE a END', 'expected WHEN'],
  ['CAST(a AS TEXT)', 'expected a type of CAST'],
  ['DATE_ADD(a, 1)', 'expected INTERVAL'],
  ['a + INTERVAL 1 FORTNIGHT', 'expected a unit of time'],
  ['select = 1', 'sub-queries cannot be used in an expression filter'],
  ['c IN (SELECT 1)', 'sub-queries'],
  ['c > (SELECT 1)', 'sub-queries'],
  ['EXISTS (SELECT 1)', 'sub-queries'],
  ['c >= ALL (SELECT 1)', 'sub-queries'],
  ['@a = 1', 'variables cannot be used in an expression filter'],
  ['@@sql_mode = 1', 'variables'],
  ['c := 1', 'expected an operator or the end, at column 3'],
  ['COUNT(*) > 1', 'aggregate and window functions have no meaning for one row'],
  ['sum(c) > 1', 'aggregate and window functions'],
  ['f(c) OVER () > 1', 'aggregate and window functions'],
  ["MATCH (a) AGAINST ('x')", 'MATCH needs an index'],
  ['DEFAULT(a) = a', 'DEFAULT cannot be used'],
  ['/*!50000 c = 1 */', 'versioned comments have no place here'],
  [`${'('.repeat(5000)}c${')'.repeat(5000)}`, 'nested too deeply'],
  [`${'-'.repeat(1)}${' -'.repeat(5000)}c`, 'nested too deeply'],
])('refused: %s', (text, message) => {
  expect(() => parseExpression(text)).toThrow(message);
});
