import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCreateTable } from '../../../src/schema/parse-create.js';
import { showCreateTable } from '../../../src/schema/show-create.js';
import { columnNames, mariadb, mysql, table } from './helpers.js';

const ODD_NAME = fc
  .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  .filter((name) => name.trim() === name && !name.includes('\0'));

const TYPES = [
  'INT',
  'TINYINT(1)',
  'BIGINT UNSIGNED ZEROFILL',
  'DECIMAL(10,3)',
  'FLOAT(7,2)',
  'DOUBLE',
  'BIT(9)',
  'CHAR(5)',
  'VARCHAR(30) CHARACTER SET latin1 COLLATE latin1_bin',
  'TEXT',
  'BLOB',
  'BINARY(3)',
  'VARBINARY(9)',
  "ENUM('a','it''s','x,y')",
  "SET('p','q')",
  'DATE',
  'DATETIME(3)',
  'TIMESTAMP(6)',
  'TIME',
  'YEAR',
  'JSON',
];

const ATTRIBUTES = ['', 'NOT NULL', 'NULL', "COMMENT 'it''s'", 'INVISIBLE'];

describe('print and read', () => {
  const column = fc.record({
    name: ODD_NAME,
    type: fc.constantFrom(...TYPES),
    attribute: fc.constantFrom(...ATTRIBUTES),
  });
  const columns = fc.uniqueArray(column, { minLength: 1, maxLength: 6, selector: ({ name }) => name.toLowerCase() });

  test.each([
    ['mysql', mysql],
    ['mariadb', mariadb],
  ] as const)('the text of a structure is read as the same structure: %s', (dialect, profile) => {
    fc.assert(
      fc.property(columns, ODD_NAME, ODD_NAME, (list, name, index) => {
        const quote = (word: string): string => `\`${word.replaceAll('`', '``')}\``;
        const lines = list.map(({ name: word, type, attribute }) => `${quote(word)} ${type} ${attribute}`);
        const key = `n_${index}`;
        const sql = `CREATE TABLE ${quote(name)} (n_1 INT DEFAULT 5, ${lines.map((line) => line.replace(/^`n_1`/i, '`n_2`')).join(', ')}, KEY ${quote(key)} (n_1 DESC))`;
        const structure = table(sql, profile);
        const printed = showCreateTable(structure, { dialect });
        expect(parseCreateTable(printed, profile, { schema: 'db' })).toEqual(structure);
      }),
    );
  });

  test('everything of MySQL 8', () => {
    const structure = table(
      `CREATE TABLE t (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, a ENUM('x','it''s') DEFAULT 'x', b INT ZEROFILL INVISIBLE,
       c INT AS (b + 1) STORED, d DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
       e VARCHAR(9) NOT NULL COMMENT 'e', f BINARY(2) DEFAULT 'a', g BIT(3) DEFAULT b'101', h JSON DEFAULT (JSON_ARRAY()),
       i POINT NOT NULL SRID 4326, j TIMESTAMP NULL, KEY k (e(3) DESC, b), UNIQUE KEY l ((b + 1)) INVISIBLE, FULLTEXT KEY m (e),
       SPATIAL KEY n (i), KEY o (b), CONSTRAINT fk FOREIGN KEY (b) REFERENCES other.p (x) ON DELETE CASCADE, CHECK (b > 0))
       COMMENT 'all' DEFAULT CHARSET latin1 PARTITION BY HASH (id) PARTITIONS 2`,
    );
    expect(parseCreateTable(showCreateTable(structure, { dialect: 'mysql' }), mysql, { schema: 'db' })).toEqual(
      structure,
    );
  });
});

describe('for another product', () => {
  test('TiDB gets neither full-text nor spatial indexes nor invisible columns', () => {
    const structure = table(
      'CREATE TABLE t (a VARCHAR(9) INVISIBLE, b POINT NOT NULL, FULLTEXT KEY f (a), SPATIAL KEY s (b))',
    );
    const text = showCreateTable(structure, { dialect: 'tidb', ifNotExists: true, qualified: true });
    expect(text).toMatch(/^CREATE TABLE IF NOT EXISTS `db`\.`t` \(/);
    expect(text).not.toMatch(/FULLTEXT|SPATIAL|INVISIBLE|ENGINE/);
  });

  test("MariaDB's types become what holds their values", () => {
    const structure = table(
      "CREATE TABLE t (a UUID, b INET4, c INET6, d JSON, e TEXT DEFAULT 'x', KEY (a) IGNORED)",
      mariadb,
    );
    const text = showCreateTable(structure, { dialect: 'mysql' });
    expect(text).toContain('`a` CHAR(36) CHARACTER SET ascii');
    expect(text).toContain('`b` VARCHAR(15) CHARACTER SET ascii');
    expect(text).toContain('`c` VARCHAR(39) CHARACTER SET ascii');
    expect(text).toContain("DEFAULT ('x')");
    expect(text).toContain('KEY `a` (`a`) INVISIBLE');
    expect(text).toContain('CHECK (json_valid(`d`))');
  });

  test('collations of one flavor become their nearest relative', () => {
    expect(showCreateTable(table('CREATE TABLE t (a CHAR(1))'), { dialect: 'mariadb' })).toContain(
      'COLLATE=utf8mb4_unicode_520_ci',
    );
    const uca = table('CREATE TABLE t (a CHAR(1)) COLLATE utf8mb4_uca1400_ai_ci', mariadb);
    expect(showCreateTable(uca, { dialect: 'tidb' })).toContain('COLLATE=utf8mb4_0900_ai_ci');
  });

  test('foreign keys can be left for later', () => {
    const structure = table('CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES p (id))');
    expect(showCreateTable(structure, { dialect: 'mysql', withoutForeignKeys: true })).not.toContain('FOREIGN');
  });
});

describe('reading', () => {
  test.each([
    'CREATE TABLE t (id BIGINT AUTO_RANDOM PRIMARY KEY, a INT)',
    'CREATE TABLE t (`id` bigint(20) NOT NULL /*T![auto_rand] AUTO_RANDOM(5) */, a int(11), PRIMARY KEY (`id`) /*T![clustered_index] CLUSTERED */)',
    'CREATE TABLE t (id bigint /*T![auto_rand] AUTO_RANDOM(3, 54) */ NOT NULL, a int, PRIMARY KEY (id) /*T![clustered_index] NONCLUSTERED */)',
  ])('SCH-04: AUTO_RANDOM of the downstream does not disturb: %s', (sql) => {
    const structure = parseCreateTable(sql, mysql, { schema: 'db', dialect: 'tidb' });
    expect(columnNames(structure)).toEqual(['id', 'a']);
    expect(structure.columns[0]).toMatchObject({ type: 'bigint', nullable: false, autoIncrement: false });
    expect(structure.indexes).toMatchObject([{ kind: 'PRIMARY', parts: [{ column: 'id' }] }]);
  });

  test.each([
    '',
    'SELECT 1',
    'ALTER TABLE t ADD a INT',
    'CREATE TABLE t LIKE u',
    'CREATE TABLE t SELECT 1',
    'CREATE TABLE t (',
    'CREATE TABLE t (a INT, A INT)',
  ])('44009: %s', (sql) => {
    expect(() => table(sql)).toThrow(
      expect.objectContaining({ code: 44009, message: `${sql} is not a valid \`CREATE TABLE\` statement` }),
    );
  });

  test('known defect: the structure for replication comes from the text that the dump holds, attributes and all', () => {
    const structure = table(
      "CREATE TABLE `t` (\n  `a` int DEFAULT NULL,\n  `b` int NOT NULL DEFAULT '7'\n) ENGINE=InnoDB;\n",
    );
    expect(columnNames(structure)).toEqual(['a', 'b']);
    expect(structure.columns[1]?.default).toEqual({ kind: 'literal', value: '7' });
  });
});
