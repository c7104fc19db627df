import { describe, expect, it } from 'vitest';
import { rewriteStatement, splitStatement } from '../../../src/ddl/index.js';
import type { SplitOptions } from '../../../src/ddl/index.js';
import { read, type Options } from './help.js';

const prefix = 'ALTER TABLE t ';

function parts(sql: string, options: SplitOptions = {}, reading: Options = {}): string[] {
  return splitStatement(read(sql, reading), options).parts.map((part) => part.text);
}

/** Parts of ALTER TABLE t without these words. */
function clauses(text: string, options: SplitOptions = {}, reading: Options = {}): string[] {
  return parts(prefix + text, options, reading).map((part) => part.slice(prefix.length));
}

describe('lists of tables', () => {
  it('splits DROP TABLE', () => {
    expect(parts('DROP TABLE IF EXISTS a, s.b, `c d` CASCADE')).toEqual([
      'DROP TABLE IF EXISTS a',
      'DROP TABLE IF EXISTS s.b',
      'DROP TABLE IF EXISTS `c d`',
    ]);
    expect(parts('DROP TEMPORARY TABLE a, b')).toEqual(['DROP TEMPORARY TABLE a', 'DROP TEMPORARY TABLE b']);
  });

  it('splits RENAME TABLE in order', () => {
    expect(parts('RENAME TABLE a TO b, s.c TO d')).toEqual(['RENAME TABLE a TO b', 'RENAME TABLE s.c TO d']);
  });

  it('keeps a swap in one piece unless asked not to', () => {
    const swap = 'RENAME TABLE a TO tmp, b TO a, tmp TO b';
    expect(splitStatement(read(swap))).toMatchObject({
      parts: [{ text: swap }],
      atomic: expect.stringContaining('name'),
    });
    expect(parts(swap, { separateDependent: true })).toEqual([
      'RENAME TABLE a TO tmp',
      'RENAME TABLE b TO a',
      'RENAME TABLE tmp TO b',
    ]);
  });

  it('leaves everything else whole', () => {
    for (const sql of [
      'TRUNCATE t',
      'CREATE TABLE t (a INT)',
      'DROP TABLE t',
      'ALTER TABLE t ADD a INT',
      'GRANT ALL ON a.* TO b',
    ]) {
      expect(parts(sql)).toEqual([sql]);
    }
  });

  it('makes DROP and CREATE of CREATE OR REPLACE', () => {
    const mariadb = { flavor: 'mariadb' } as const;
    expect(parts('CREATE OR REPLACE TABLE s.t (a INT)', {}, mariadb)).toEqual([
      'DROP TABLE IF EXISTS s.t',
      'CREATE TABLE s.t (a INT)',
    ]);
    expect(parts('CREATE OR REPLACE UNIQUE INDEX i ON t (a)', {}, mariadb)).toEqual([
      'DROP INDEX i ON t',
      'CREATE UNIQUE INDEX i ON t (a)',
    ]);
    expect(parts('CREATE OR REPLACE DATABASE d', {}, mariadb)).toEqual([
      'DROP DATABASE IF EXISTS d',
      'CREATE DATABASE d',
    ]);
  });
});

describe('clauses of ALTER TABLE', () => {
  const cases: [text: string, expected: string[]][] = [
    [
      'ADD a INT AFTER x, ADD b INT AFTER a, ADD c INT FIRST',
      ['ADD a INT AFTER x', 'ADD b INT AFTER a', 'ADD c INT FIRST'],
    ],
    ['ADD COLUMN (a INT, b INT, KEY k (a))', ['ADD COLUMN a INT', 'ADD COLUMN b INT', 'ADD KEY k (a)']],
    ['ADD INDEX (a), ADD a INT', ['ADD a INT', 'ADD INDEX (a)']],
    ['RENAME TO u, ADD a INT, RENAME v', ['ADD a INT', 'RENAME v']],
    ['RENAME TO u, ADD a INT', ['ADD a INT', 'RENAME TO u']],
    ['ADD a INT, DROP b, DROP INDEX i', ['DROP INDEX i', 'DROP b', 'ADD a INT']],
    ['ADD b INT AFTER n, CHANGE o n INT', ['CHANGE o n INT', 'ADD b INT AFTER n']],
    ['MODIFY a INT AFTER c, ADD x INT AFTER c', ['MODIFY a INT AFTER c', 'ADD x INT AFTER c']],
    ['ADD a VARCHAR(9), DEFAULT CHARSET latin1', ['DEFAULT CHARSET latin1', 'ADD a VARCHAR(9)']],
    ['ENGINE=InnoDB, ADD a INT, COMMENT="x"', ['ADD a INT', 'ENGINE=InnoDB', "COMMENT='x'"]],
    ['ADD a INT, ALGORITHM=INPLACE, LOCK=NONE', ['ADD a INT']],
    ['ALGORITHM=INPLACE', []],
    ['', []],
    ['ADD a INT PARTITION BY HASH (a)', ['ADD a INT', 'PARTITION BY HASH (a)']],
    ['DROP FOREIGN KEY f, DROP INDEX f', ['DROP FOREIGN KEY f', 'DROP INDEX f']],
    ['/*!50100 ADD a INT */, ADD b INT', ['ADD a INT', 'ADD b INT']],
    ['ADD a INT, -- first\n ADD b INT # second\n', ['ADD a INT', 'ADD b INT']],
  ];
  it.each(cases)('%s', (text, expected) => {
    expect(clauses(text)).toEqual(expected);
    expect(splitStatement(read(prefix + text)).atomic).toBeUndefined();
  });

  it('keeps IF NOT EXISTS for each column', () => {
    expect(clauses('ADD COLUMN IF NOT EXISTS (a INT, b INT)', {}, { flavor: 'mariadb' })).toEqual([
      'ADD COLUMN IF NOT EXISTS a INT',
      'ADD COLUMN IF NOT EXISTS b INT',
    ]);
  });

  const dependent = [
    'CHANGE a b INT, CHANGE b a INT',
    'RENAME COLUMN a TO b, RENAME COLUMN b TO c',
    'MODIFY a INT, ALTER a SET DEFAULT 5',
    'ADD a INT, CHANGE a b INT',
    'DROP a, ADD a BIGINT',
    'RENAME INDEX i TO j, DROP a',
    'DROP CONSTRAINT c, DROP CHECK c',
    'DROP PRIMARY KEY, ADD PRIMARY KEY (a)',
    'DROP PRIMARY KEY, MODIFY a INT NULL',
    'DROP INDEX i, ADD UNIQUE j (a)',
    'DROP INDEX i, ADD INDEX i (a, b)',
    'RENAME INDEX i TO j, RENAME INDEX j TO i',
    'ADD a INT AUTO_INCREMENT, ADD PRIMARY KEY (a)',
    'ADD g INT AS (x + 1), ADD x INT',
    'CONVERT TO CHARACTER SET utf8mb4, ADD a VARCHAR(3) CHARACTER SET latin1',
  ];
  it.each(dependent)('keeps together: %s', (text) => {
    const result = splitStatement(read(prefix + text));
    expect(result.parts.map((part) => part.text)).toEqual([prefix + text]);
    expect(result.atomic).toBeTypeOf('string');
    expect(clauses(text, { separateDependent: true })).toHaveLength(2);
  });

  it('keeps only what depends on each other together', () => {
    expect(clauses('COMMENT="x", CHANGE a b INT, CHANGE b a INT, RENAME u')).toEqual([
      'CHANGE a b INT, CHANGE b a INT',
      "COMMENT='x'",
      'RENAME u',
    ]);
  });

  it('orders by what is known of the columns', () => {
    const columns = [{ name: 'a' }, { name: 'g', generated: { expression: 'a + 1' } }, { name: 'z' }];
    expect(clauses('DROP a, DROP g', { columns })).toEqual(['DROP g', 'DROP a']);
    expect(clauses('DROP a, DROP z, ADD b INT', { columns: [{ name: 'a' }, { name: 'z' }] })).toEqual([
      'DROP a, DROP z, ADD b INT',
    ]);
  });

  it('gives parts that can be rewritten', () => {
    const statement = read('ALTER TABLE "t" ADD "a b" INT, RENAME "u"', { sqlMode: 'ANSI_QUOTES' });
    const texts = splitStatement(statement).parts.map((part) => rewriteStatement(part));
    expect(texts).toEqual(['ALTER TABLE `db`.`t` ADD `a b` INT', 'ALTER TABLE `db`.`t` RENAME `db`.`u`']);
  });
});
