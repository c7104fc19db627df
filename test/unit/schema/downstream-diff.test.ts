import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkStatement, checkTable, type Downstream } from '../../../src/schema/downstream-diff.js';
import { mariadb, mysql, read, table } from './helpers.js';

const TIDB: Downstream = { product: 'tidb', version: 70500 };
const OLD_TIDB: Downstream = { product: 'tidb', version: 50300 };
const MYSQL: Downstream = { product: 'mysql', version: 80400 };

function rules(sql: string, downstream: Downstream, profile = mysql): string[] {
  return checkTable(table(sql, profile), downstream).map(({ rule, severity }) => `${severity} ${rule}`);
}

describe('tables for TiDB', () => {
  test.each([
    ['CREATE TABLE t (a INT PRIMARY KEY, b VARCHAR(9), KEY (b(3)))', []],
    ['CREATE TABLE t (a POINT)', ['error spatial-type']],
    ['CREATE TABLE t (a POINT NOT NULL, SPATIAL KEY (a))', ['error spatial-type', 'error spatial-index']],
    ['CREATE TABLE t (a TEXT, FULLTEXT KEY (a))', ['warning fulltext-index']],
    ['CREATE TABLE t (a INT, KEY (a DESC))', ['warning descending-index']],
    ['CREATE TABLE t (a INT, b INT INVISIBLE)', ['error invisible-column']],
    ['CREATE TABLE t (a CHAR(1) CHARACTER SET big5)', ['error charset']],
    ['CREATE TABLE t (a CHAR(1) CHARACTER SET gbk)', []],
    ['CREATE TABLE t (a CHAR(1)) COLLATE latin1_swedish_ci', ['error collation']],
    ['CREATE TABLE t (a CHAR(1)) COLLATE utf8mb4_0900_as_cs', ['error collation']],
    ['CREATE TABLE t (a INT DEFAULT (1 + 1))', ['error default-expression']],
    ['CREATE TABLE t (a VARCHAR(40) DEFAULT (UUID()))', []],
    ["CREATE TABLE t (a JSON DEFAULT ('[]'))", ['error default-expression']],
    ['CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES p (id))', ['warning foreign-key']],
    ['CREATE TABLE t (a INT CHECK (a > 0))', ['warning check']],
    [
      'CREATE TABLE t (a INT) PARTITION BY RANGE (a) SUBPARTITION BY HASH (a) (PARTITION p VALUES LESS THAN (1))',
      ['error partitioning'],
    ],
  ])('%s', (sql, expected) => {
    expect(rules(sql, TIDB)).toEqual(expected);
  });

  test('older versions have less', () => {
    expect(rules('CREATE TABLE t (a CHAR(1))', OLD_TIDB)).toEqual(['error collation']);
    expect(rules('CREATE TABLE t (a CHAR(1) CHARACTER SET gbk) CHARSET utf8mb4 COLLATE utf8mb4_bin', OLD_TIDB)).toEqual(
      ['error charset'],
    );
    expect(rules('CREATE TABLE t (a INT) COLLATE utf8mb4_bin PARTITION BY KEY (a)', OLD_TIDB)).toEqual([
      'warning partitioning',
    ]);
  });

  test('the columns of one charset are named in one finding with a way out', () => {
    const findings = checkTable(table('CREATE TABLE t (a CHAR(1), b TEXT) CHARSET big5'), TIDB);
    expect(findings).toHaveLength(1);
    expect(findings[0]?.message).toBe(
      'table `db`.`t`: TiDB does not have the character set big5 (default of the table, `a`, `b`)',
    );
    expect(findings[0]?.workaround).not.toBe('');
  });
});

describe('tables of one flavor for the other', () => {
  test("MariaDB's types, versioning and collations", () => {
    const sql = 'CREATE TABLE t (a UUID, b CHAR(1) COLLATE utf8mb4_uca1400_ai_ci) WITH SYSTEM VERSIONING';
    expect(rules(sql, MYSQL, mariadb)).toEqual([
      'warning collation',
      'warning mariadb-type',
      'warning system-versioning',
    ]);
  });

  test("MySQL's collations and functional indexes for MariaDB", () => {
    const downstream: Downstream = { product: 'mariadb', version: 101106 };
    expect(rules('CREATE TABLE t (a CHAR(1), KEY ((a)))', downstream)).toEqual([
      'error collation',
      'error functional-index',
    ]);
  });
});

describe('statements', () => {
  const before = table(
    `CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, n INT, g INT AS (n) VIRTUAL, v VARCHAR(9) CHARACTER SET latin1,
     w VARCHAR(9) CHARACTER SET gbk)`,
  );

  function found(sql: string, downstream = TIDB): string[] {
    return checkStatement(read(sql), downstream, { before }).map(({ rule }) => rule);
  }

  test.each([
    ['ALTER TABLE t ADD x INT, ADD y INT', []],
    ['ALTER TABLE t ADD x INT PRIMARY KEY', ['add-key-column']],
    ['ALTER TABLE t ADD x INT AUTO_INCREMENT UNIQUE', ['add-auto-increment']],
    ['ALTER TABLE t ADD x INT AS (n) STORED', ['add-stored-generated']],
    ['ALTER TABLE t MODIFY id INT', ['remove-auto-increment']],
    ['ALTER TABLE t MODIFY n INT AUTO_INCREMENT', ['add-auto-increment']],
    ['ALTER TABLE t MODIFY n BIGINT', []],
    ['ALTER TABLE t MODIFY id BIGINT AUTO_INCREMENT', []],
    ['ALTER TABLE t MODIFY id VARCHAR(9)', ['remove-auto-increment', 'change-key-type']],
    ['ALTER TABLE t MODIFY g INT', ['change-generated']],
    ['ALTER TABLE t CHANGE n m JSON', ['change-type']],
    ['ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4', ['convert-charset']],
    ['ALTER TABLE t DROP PRIMARY KEY', ['primary-key']],
    ['ALTER TABLE t ORDER BY n', ['order-by']],
    ['ALTER TABLE t REBUILD PARTITION p', ['partition-operation']],
    ['ALTER TABLE t TRUNCATE PARTITION p', []],
    ['CREATE TABLE u SELECT 1 AS a', ['create-select']],
    ['DROP TABLE t', []],
  ])('%s', (sql, expected) => {
    expect(found(sql)).toEqual(expected);
  });

  test('several changes in one ALTER are split for a TiDB before 6.2', () => {
    expect(found('ALTER TABLE t ADD x INT, ADD y INT', OLD_TIDB)).toEqual(['multi-change']);
    expect(found('ALTER TABLE t ADD x INT, ALGORITHM=INPLACE', OLD_TIDB)).toEqual([]);
  });

  test('what the statement adds to the table is found, what was there before is not told again', () => {
    const old = table('CREATE TABLE t (a POINT)');
    const after = table('CREATE TABLE t (a POINT, b GEOMETRY)');
    const findings = checkStatement(read('ALTER TABLE t ADD b GEOMETRY'), TIDB, { before: old, after });
    expect(findings.map(({ message }) => message)).toEqual([
      'table `db`.`t`: TiDB does not have the type geometry of column `b`',
    ]);
  });

  test("MariaDB's own words", () => {
    const kinds = (sql: string): string[] => checkStatement(read(sql, mariadb), MYSQL).map(({ rule }) => rule);
    expect(kinds('CREATE OR REPLACE TABLE t (a INT)')).toEqual(['or-replace']);
    expect(kinds('ALTER TABLE t ADD SYSTEM VERSIONING')).toEqual(['system-versioning']);
    expect(kinds('ALTER TABLE t CONVERT PARTITION p TO TABLE u')).toEqual(['convert-partition']);
  });
});

test('every rule is described in docs/compatibility-ddl.md', () => {
  const manual = readFileSync(new URL('../../../docs/compatibility-ddl.md', import.meta.url), 'utf8');
  const sources = ['downstream-table', 'downstream-statement'].map((name) =>
    readFileSync(new URL(`../../../src/schema/${name}.ts`, import.meta.url), 'utf8'),
  );
  const named = sources.join('\n').matchAll(/(?:add\(\s*|rule: )'([a-z-]+)'/g);
  const missing = [...new Set([...named].map((match) => match[1] ?? ''))].filter(
    (rule) => !manual.includes(`\`${rule}\``),
  );
  expect(missing).toEqual([]);
});
