import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addExistence, readStatement, renameObjects, rewriteStatement } from '../../../src/ddl/index.js';
import { read, type Options } from './help.js';

const target = (schema: string, table: string): { schema: string; table: string } => ({
  schema: `${schema}2`,
  table: table === '' ? '' : `${table}2`,
});

function renamed(sql: string, options: Options = {}): string {
  return renameObjects(read(sql, options), target);
}

describe('renaming', () => {
  const cases: [sql: string, expected: string, options?: Options][] = [
    ['CREATE TABLE t (a INT)', 'CREATE TABLE `db2`.`t2` (a INT)'],
    ['CREATE TABLE t LIKE s.u', 'CREATE TABLE `db2`.`t2` LIKE `s2`.`u2`'],
    [
      'CREATE TABLE s.t (a INT, FOREIGN KEY (a) REFERENCES p (x), b INT REFERENCES q.p(y))',
      'CREATE TABLE `s2`.`t2` (a INT, FOREIGN KEY (a) REFERENCES `s2`.`p2` (x), b INT REFERENCES `q2`.`p2`(y))',
    ],
    [
      'CREATE TABLE t (a INT) ENGINE=MERGE UNION=(x, s.y)',
      'CREATE TABLE `db2`.`t2` (a INT) ENGINE=MERGE UNION=(`db2`.`x2`, `s2`.`y2`)',
    ],
    ['ALTER TABLE s.t RENAME u', 'ALTER TABLE `s2`.`t2` RENAME `db2`.`u2`'],
    ['ALTER TABLE t ADD a INT, RENAME TO `x y`', 'ALTER TABLE `db2`.`t2` ADD a INT, RENAME TO `db2`.`x y2`'],
    [
      'ALTER TABLE t EXCHANGE PARTITION p WITH TABLE s.u',
      'ALTER TABLE `db2`.`t2` EXCHANGE PARTITION p WITH TABLE `s2`.`u2`',
    ],
    ['ALTER TABLE t CHANGE db.t.a b INT CHECK (t.b > 0)', 'ALTER TABLE `db2`.`t2` CHANGE `a` b INT CHECK (`b` > 0)'],
    ['CREATE TABLE t (t.index INT, t.`b` INT)', 'CREATE TABLE `db2`.`t2` (`index` INT, `b` INT)'],
    ['DROP TABLE a, s.b', 'DROP TABLE `db2`.`a2`, `s2`.`b2`'],
    ['RENAME TABLE a TO b, s.c TO d', 'RENAME TABLE `db2`.`a2` TO `db2`.`b2`, `s2`.`c2` TO `db2`.`d2`'],
    ['TRUNCATE t', 'TRUNCATE `db2`.`t2`'],
    ['CREATE INDEX i ON t (a)', 'CREATE INDEX i ON `db2`.`t2` (a)'],
    ['DROP INDEX i ON t', 'DROP INDEX i ON `db2`.`t2`'],
    ['CREATE DATABASE d CHARSET utf8mb4', 'CREATE DATABASE `d2` CHARSET utf8mb4'],
    ['DROP DATABASE `d``e`', 'DROP DATABASE `d``e2`'],
    ['ALTER DATABASE COLLATE utf8mb4_bin', 'ALTER DATABASE `db2`  COLLATE utf8mb4_bin'],
    ['CREATE TABLE .t (a INT)', 'CREATE TABLE `db2`.`t2` (a INT)'],
    [
      'CREATE TABLE t (a INT DEFAULT NEXT VALUE FOR s.q)',
      'CREATE TABLE `db2`.`t2` (a INT DEFAULT NEXT VALUE FOR `s2`.`q2`)',
      { flavor: 'mariadb' },
    ],
    [
      'ALTER TABLE t CONVERT PARTITION p TO TABLE u',
      'ALTER TABLE `db2`.`t2` CONVERT PARTITION p TO TABLE `db2`.`u2`',
      { flavor: 'mariadb' },
    ],
  ];
  it.each(cases)('%s', (sql, expected, options) => {
    expect(renamed(sql, options)).toBe(expected);
  });

  it('leaves all other text alone', () => {
    const body = "(`t` INT COMMENT 'db.t', -- t\n b VARCHAR(3) DEFAULT 't' /* t */) COMMENT='CREATE TABLE t'";
    expect(renamed(`CREATE TABLE t ${body}`)).toBe(`CREATE TABLE \`db2\`.\`t2\` ${body}`);
  });

  it('quotes any name', () => {
    const name = fc.string({ unit: 'binary', minLength: 1 });
    const property = fc.property(name, name, (schema, table) => {
      const quoted = `\`${table.replaceAll('`', '``')}\``;
      const text = renameObjects(read(`ALTER TABLE ${quoted} RENAME ${quoted}`), () => ({ schema, table }));
      const again = readStatement(text, { flavor: 'mysql' });
      expect(again.objects.map((object) => [object.schema, object.name])).toEqual([
        [schema, table],
        [schema, table],
      ]);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('refuses what it cannot resolve', () => {
    expect(() => renamed('CREATE TABLE t SELECT * FROM u')).toThrow(expect.objectContaining({ code: 11119 }));
    expect(() => renamed('DROP TABLE t', { defaultSchema: '' })).toThrow(expect.objectContaining({ code: 11119 }));
  });
});

describe('text for every downstream', () => {
  const cases: [sql: string, expected: string, options?: Options][] = [
    [
      'CREATE TABLE t (a INT) /*!50100 PARTITION BY HASH (a) */',
      'CREATE TABLE `db2`.`t2` (a INT)   PARTITION BY HASH (a)',
    ],
    ['CREATE TABLE t (a INT /*!90000 INVISIBLE */)', 'CREATE TABLE `db2`.`t2` (a INT  )', { serverVersion: 80036 }],
    [
      'CREATE TABLE t (a INT /*M!100300 INVISIBLE */)',
      'CREATE TABLE `db2`.`t2` (a INT   INVISIBLE  )',
      { flavor: 'mariadb' },
    ],
    ['CREATE TABLE t (a INT /*!50701 b */)', 'CREATE TABLE `db2`.`t2` (a INT  )', { flavor: 'mariadb' }],
    [
      'CREATE TABLE t (a BIGINT /*T![auto_rand] AUTO_RANDOM */)',
      'CREATE TABLE `db2`.`t2` (a BIGINT /*T![auto_rand] AUTO_RANDOM */)',
    ],
    [
      'CREATE TABLE "t" ("a""b" CHAR(9) DEFAULT \'"\')',
      'CREATE TABLE `db2`.`t2` (`a"b` CHAR(9) DEFAULT \'"\')',
      { sqlMode: 'ANSI_QUOTES' },
    ],
    [
      String.raw`CREATE TABLE t (a CHAR(9) DEFAULT "it's \"""")`,
      String.raw`CREATE TABLE ${'`db2`.`t2`'} (a CHAR(9) DEFAULT 'it''s \""')`,
    ],
    [
      String.raw`CREATE TABLE t (a CHAR(9) DEFAULT 'a\')`,
      String.raw`CREATE TABLE ${'`db2`.`t2`'} (a CHAR(9) DEFAULT 'a\\')`,
      { sqlMode: 'NO_BACKSLASH_ESCAPES' },
    ],
    ['CREATE TABLE t (a INT) START TRANSACTION', 'CREATE TABLE `db2`.`t2` (a INT)'],
    ['/* gh-ost */ DROP TABLE t /* generated by server */ ;', 'DROP TABLE `db2`.`t2`'],
  ];
  it.each(cases)('%s', (sql, expected, options) => {
    expect(renamed(sql, options)).toBe(expected);
  });

  it('means the same under every sql_mode that it was read under', () => {
    const piece = fc.constantFrom("'", '"', '\\', '`', 'a', '%', '_', '\n', 'é');
    const value = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    const modes = fc.constantFrom('', 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES');
    const property = fc.property(value, modes, fc.boolean(), (text, sqlMode, double) => {
      const quote = double && !sqlMode.includes('ANSI_QUOTES') ? '"' : "'";
      const escaped = sqlMode.includes('NO_BACKSLASH') ? text : text.replaceAll('\\', '\\\\');
      const literal = quote + escaped.replaceAll(quote, quote + quote) + quote;
      const once = read(`CREATE TABLE t (a INT COMMENT ${literal})`, { sqlMode });
      const twice = read(renameObjects(once, target), { sqlMode: '' });
      const comments = [once, twice].map((statement) =>
        statement.kind === 'create-table' && statement.elements[0]?.element === 'column'
          ? statement.elements[0].comment
          : undefined,
      );
      expect(comments).toEqual([text, text]);
    });
    fc.assert(property, { numRuns: 1000 });
  });
});

describe('additions and omissions', () => {
  const existence: [sql: string, expected: string][] = [
    ['CREATE TABLE t (a INT)', 'CREATE TABLE IF NOT EXISTS `db`.`t` (a INT)'],
    ['CREATE TABLE IF NOT EXISTS t (a INT)', 'CREATE TABLE IF NOT EXISTS `db`.`t` (a INT)'],
    ['CREATE TABLE t LIKE u', 'CREATE TABLE IF NOT EXISTS `db`.`t` LIKE `db`.`u`'],
    ['CREATE DATABASE d', 'CREATE DATABASE IF NOT EXISTS `d`'],
    ['DROP DATABASE d', 'DROP DATABASE IF EXISTS `d`'],
    ['DROP TABLE a, b', 'DROP TABLE IF EXISTS `db`.`a`, `db`.`b`'],
    ['DROP TABLE IF EXISTS a', 'DROP TABLE IF EXISTS `db`.`a`'],
    ['DROP INDEX i ON t', 'DROP INDEX i ON `db`.`t`'],
    ['TRUNCATE TABLE t', 'TRUNCATE TABLE `db`.`t`'],
  ];
  it.each(existence)('existence: %s', (sql, expected) => {
    expect(addExistence(read(sql))).toBe(expected);
    expect(addExistence(read(expected))).toBe(expected);
  });

  it('adds IF EXISTS to DROP INDEX when the downstream knows it', () => {
    expect(rewriteStatement(read('DROP INDEX i ON t'), { dropIndexExistence: true })).toBe(
      'DROP INDEX IF EXISTS i ON `db`.`t`',
    );
  });

  it('leaves out options of other engines when asked to', () => {
    const sql = "CREATE TABLE t (a INT) ENGINE=InnoDB, DATA DIRECTORY='/x', COMMENT='y' TABLESPACE ts";
    expect(rewriteStatement(read(sql), { dropForeignOptions: true })).toBe(
      "CREATE TABLE `db`.`t` (a INT) ENGINE=InnoDB,  COMMENT='y'",
    );
    expect(rewriteStatement(read(sql))).toContain("DATA DIRECTORY='/x'");
  });
});
