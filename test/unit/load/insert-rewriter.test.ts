import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createColumnMapping } from '../../../src/filter/column-mapping.js';
import { InsertRewriter } from '../../../src/load/insert-rewriter.js';
import type { DumpedTable } from '../../../src/load/inventory.js';
import type { FileStatement } from '../../../src/load/statement-reader.js';
import { processorTime } from '../../support/effort.js';

const TARGET = { schema: 'all', table: 'sa`le' };

function table(target = TARGET): DumpedTable {
  return { schema: 'store_1', name: 'sale_01', target, file: 'f', fileSize: 1, data: [], bytes: 0 };
}

/** A statement as read in pieces that end at these places. */
function statement(sql: string, ...cuts: number[]): FileStatement {
  const bytes = Buffer.from(sql);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
  return { pieces, length: bytes.length, end: bytes.length + 2 };
}

function rewritten(rewriter: InsertRewriter, sql: string, ...cuts: number[]): string {
  const result = rewriter.rewrite(statement(sql, ...cuts), 'file.sql');
  const bytes = Buffer.concat(result.pieces);
  expect(result.length).toBe(bytes.length);
  expect(result.end).toBe(Buffer.byteLength(sql) + 2);
  return bytes.toString();
}

const unchanged = { change: () => undefined };
const ROUTED = new InsertRewriter({ table: table(), columns: ['a', 'b'], ...unchanged });
const NAME = '`all`.`sa``le`';

describe('INSERT statements of data files', () => {
  test.each<[sql: string, expected: string]>([
    ['INSERT INTO `sale_01` (`a`) VALUES\n(1)', `INSERT INTO ${NAME} (\`a\`) VALUES\n(1)`],
    ['INSERT INTO `store_1`.`sale_01` (a) VALUES (1)', `INSERT INTO ${NAME} (a) VALUES (1)`],
    ['INSERT INTO "sale_01" ("a", "b") VALUES (1, 2)', `INSERT INTO ${NAME} ("a", "b") VALUES (1, 2)`],
    ['insert ignore sale_01(a)values(1)', `insert ignore ${NAME}(a)values(1)`],
    ['REPLACE INTO `sa``(x` (`a)`) VALUES (1)', `REPLACE INTO ${NAME} (\`a)\`) VALUES (1)`],
    [
      '/* INSERT INTO x */ -- y\n# z\n INSERT  INTO sale_01 VALUES (1)',
      `/* INSERT INTO x */ -- y\n# z\n INSERT  INTO ${NAME} (\`a\`, \`b\`)  VALUES (1)`,
    ],
    ['INSERT INTO `sale_01`VALUES(1),(2)', `INSERT INTO ${NAME} (\`a\`, \`b\`) VALUES(1),(2)`],
    ["INSERT INTO `sale_01` (`ä😀`) VALUES ('`sale_01`')", `INSERT INTO ${NAME} (\`ä😀\`) VALUES ('\`sale_01\`')`],
  ])('%s', (sql, expected) => {
    expect(rewritten(ROUTED, sql)).toBe(expected);
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 12 }), (cuts) => {
        expect(rewritten(ROUTED, sql, ...cuts)).toBe(expected);
      }),
      { numRuns: 30 },
    );
  });

  test('stay the very same where nothing has to change', () => {
    const same = table({ schema: 'store_1', table: 'sale_01' });
    const insert = statement('INSERT INTO `sale_01` (`a`) VALUES (1)', 4, 9);
    expect(new InsertRewriter({ table: same, columns: ['a'], ...unchanged }).rewrite(insert, 'f')).toBe(insert);
    const bare = statement('INSERT INTO `sale_01` VALUES (1)');
    expect(new InsertRewriter({ table: same, columns: undefined, ...unchanged }).rewrite(bare, 'f')).toBe(bare);
  });

  test('a list of very many columns is read whole', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `\`column with a long name ${index}\``).join(', ');
    expect(rewritten(ROUTED, `INSERT INTO sale_01 (${names}) VALUES (1)`)).toBe(
      `INSERT INTO ${NAME} (${names}) VALUES (1)`,
    );
  });

  test.each([
    'DROP TABLE sale_01',
    'UPDATE sale_01 SET a = 1',
    "LOAD DATA LOCAL INFILE 'x' INTO TABLE sale_01",
    'INSERT INTO sale_01 SELECT * FROM x',
    'INSERT INTO',
    '/*! INSERT INTO sale_01 VALUES (1) */',
    `${'/* x */ '.repeat(2_000)} DELETE FROM sale_01`,
  ])('refuses %.60s', async (sql) => {
    const took = await processorTime(() =>
      expect(() => rewritten(ROUTED, sql)).toThrow(expect.objectContaining({ code: 34009 })),
    );
    expect(took).toBeLessThan(1_000);
  });
});

describe('mapped values', () => {
  const mapping = createColumnMapping(
    [
      {
        name: 'r',
        schemaPattern: 'store_*',
        tablePattern: 'sale_*',
        sourceColumn: 'id',
        targetColumn: 'id',
        expression: 'partition id',
        arguments: ['1', 'store', 'sale', '_'],
      },
    ],
    false,
  );
  const rewriter = new InsertRewriter({
    table: table({ schema: 'store_1', table: 'sale_01' }),
    columns: ['v', 'id', 'w'],
    change: (columns) => mapping.forColumns('store_1', 'sale_01', columns),
  });
  const base = (1n << 59n) | (1n << 52n) | (1n << 44n);

  test('are put into each row, whatever stands in the others', () => {
    const values = fc.oneof(
      fc.string({ unit: 'grapheme' }).map((text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
      fc.string().map((text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`),
      fc.constantFrom('NULL', '-1.5e3', "x'2829'", "_binary '),('", "b'01'", 'POINT(1, 2)', '"),("'),
    );
    const row = fc.tuple(values, fc.bigInt({ min: 0n, max: (1n << 44n) - 1n }), values);
    const text = (head: string, rows: [string, string, string][]): string =>
      `${head} (v, \`ID\`, w) VALUES ${rows.map((cells) => `(${cells.join(',')})`).join(',\n')}`;
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(500), { maxLength: 5 }),
        (rows, cuts) => {
          const before = text(
            'INSERT INTO sale_01',
            rows.map(([v, id, w]) => [v, ` ${id} `, w]),
          );
          const after = text(
            'INSERT INTO `store_1`.`sale_01`',
            rows.map(([v, id, w]) => [v, String(base + id), w]),
          );
          expect(rewritten(rewriter, before, ...cuts)).toBe(after);
        },
      ),
    );
  });

  test('numbers in quotes stay in quotes, the order of columns is that of the statement', () => {
    expect(rewritten(rewriter, "INSERT INTO sale_01 (id, v) VALUES ('7',1)")).toBe(
      `INSERT INTO \`store_1\`.\`sale_01\` (id, v) VALUES ('${base + 7n}',1)`,
    );
  });

  test.each([
    ['NULL', 36033],
    ["'x'", 36033],
    ['1.5', 36033],
    [String(1n << 44n), 36033],
  ])('%s cannot be mapped', (value, code) => {
    expect(() => rewritten(rewriter, `INSERT INTO sale_01 VALUES (1,${value},2)`)).toThrow(
      expect.objectContaining({ code }),
    );
  });

  test('rows whose columns nobody names are refused', () => {
    const nameless = new InsertRewriter({
      table: table({ schema: 'store_1', table: 'sale_01' }),
      columns: undefined,
      change: (columns) => mapping.forColumns('store_1', 'sale_01', columns),
    });
    expect(() => rewritten(nameless, 'INSERT INTO sale_01 VALUES (1,2,3)')).toThrow(
      expect.objectContaining({ code: 36033, rawCause: expect.stringContaining('column id not found') }),
    );
  });

  test('rows that are too short or do not end are errors', () => {
    expect(() => rewritten(rewriter, 'INSERT INTO sale_01 VALUES (1)')).toThrow(
      expect.objectContaining({ code: 34011 }),
    );
    expect(() => rewritten(rewriter, 'INSERT INTO sale_01 VALUES (1, 2')).toThrow(
      expect.objectContaining({ code: 34002 }),
    );
  });
});
