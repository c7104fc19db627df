import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DmError } from '../../../src/errors/dm-error.js';
import {
  readStatement,
  rewriteStatement,
  splitStatement,
  type Flavor,
  type Statement,
} from '../../../src/ddl/index.js';
import { dialectOf } from '../../../src/ddl/dialect.js';
import { tokenize } from '../../../src/ddl/lexer.js';

const SEEDS = [
  "CREATE TABLE s.t (a INT UNSIGNED NOT NULL DEFAULT 5 COMMENT 'x', b VARCHAR(9) CHARACTER SET latin1 COLLATE latin1_bin, c ENUM('a','b') AS (t.a + 1) STORED, PRIMARY KEY (a), KEY k (b(3) DESC), CONSTRAINT f FOREIGN KEY (a) REFERENCES p (x) ON DELETE SET NULL, CHECK (a > 0)) ENGINE=InnoDB /*!50100 PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (5)) */",
  'ALTER TABLE t ADD COLUMN (a INT, KEY (a)), CHANGE a `b c` DECIMAL(5,2) AFTER d, DROP INDEX i, RENAME COLUMN x TO y, ALTER COLUMN z SET DEFAULT (now()), RENAME TO s.u, ALGORITHM=INPLACE',
  'ALTER TABLE t EXCHANGE PARTITION p WITH TABLE s.u WITHOUT VALIDATION, CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  "CREATE TABLE t (a INT DEFAULT nextval(s), r TIMESTAMP(6) AS ROW START, PERIOD FOR p (a, b)) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME INTERVAL 1 DAY STARTS '2020-01-01' (p0 HISTORY)",
  'CREATE OR REPLACE UNIQUE INDEX i USING BTREE ON s.t (a(5), (lower(b)) DESC) COMMENT "x" LOCK=NONE',
  'RENAME TABLE a TO s.b, c TO d',
  'DROP TABLE IF EXISTS a, s.b CASCADE',
  "ALTER DATABASE d CHARACTER SET utf8mb4 COLLATE 'utf8mb4_bin'",
  'CREATE DEFINER = `a`@`b` TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = 1; END',
  'WITH x AS (SELECT 1) UPDATE s.t AS u SET a = 1',
];

/** Pieces that are put where they do not belong. */
const STRANGERS = [
  '(',
  ')',
  ',',
  ';',
  '.',
  "'",
  '`',
  '"',
  '/*',
  '*/',
  '/*!',
  '--',
  'SELECT',
  'AS',
  'DEFAULT',
  'FIRST',
  'x',
  '5',
  '0x',
  '@',
  '{',
  '',
];

const flavors = fc.constantFrom<Flavor>('mysql', 'mariadb', 'tidb');

const mutated = fc
  .tuple(
    fc.constantFrom(...SEEDS),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom('drop', 'twice', 'stranger', 'cut'), fc.constantFrom(...STRANGERS)), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([sql, mutations]) => {
    const pieces = tokenize(sql, dialectOf({ flavor: 'mysql' })).map((token) => sql.slice(token.start, token.end));
    for (const [at, how, stranger] of mutations) {
      if (pieces.length === 0) break;
      const index = at % pieces.length;
      if (how === 'drop') pieces.splice(index, 1);
      else if (how === 'twice') pieces.splice(index, 0, pieces[index] ?? '');
      else if (how === 'stranger') pieces.splice(index, 0, stranger);
      else pieces.length = index + 1;
    }
    return pieces.join('');
  });

/** The statement, or undefined for a clear error; anything else thrown fails the test. */
function attempt(sql: string, flavor: Flavor): Statement | undefined {
  try {
    return readStatement(sql, { flavor, defaultSchema: 'db' });
  } catch (error) {
    if (!(error instanceof DmError) || error.code !== 11006) throw error;
    expect(error.message).toMatch(/line \d+ column \d+: /);
    return undefined;
  }
}

function names(statement: Statement): string[] {
  return statement.objects
    .filter((object) => object.role !== 'qualifier')
    .map(({ type, role, schema, name }) => `${type} ${role} ${schema}.${name}`);
}

describe('damaged statements', () => {
  it('fail clearly or are read, and then survive rewriting and splitting', () => {
    const property = fc.property(mutated, flavors, (sql, flavor) => {
      const statement = attempt(sql, flavor);
      if (statement === undefined || (statement.kind === 'create-table' && statement.select !== undefined)) return;
      const again = readStatement(rewriteStatement(statement), { flavor });
      expect(again.kind).toBe(statement.kind);
      expect(names(again)).toEqual(names(statement));
      for (const part of splitStatement(statement).parts) readStatement(rewriteStatement(part), { flavor });
    });
    fc.assert(property, { numRuns: 1500 });
  });

  it('never take long, whatever the text', () => {
    const text = fc.string({ unit: 'binary', maxLength: 200 });
    fc.assert(
      fc.property(text, flavors, (sql, flavor) => void attempt(sql, flavor)),
      { numRuns: 300 },
    );
    const deep = `CREATE TABLE t (a INT DEFAULT ${'('.repeat(50_000)}1${')'.repeat(50_000)})`;
    expect(attempt(deep, 'mysql')?.kind).toBe('create-table');
    expect(attempt(deep.slice(0, -1), 'mysql')).toBeUndefined();
  });
});
