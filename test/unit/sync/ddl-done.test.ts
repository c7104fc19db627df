import { expect, test } from 'vitest';
import { readStatement, type Statement } from '../../../src/ddl/index.js';
import { isDoneAlready } from '../../../src/sync/ddl/ddl-done.js';
import { splitFurther } from '../../../src/sync/ddl/ddl-plan.js';
import { SAME_NAMES } from '../../../src/filter/router.js';

function read(sql: string): Statement {
  return readStatement(sql, { flavor: 'mysql', serverVersion: 80036, defaultSchema: 'db' });
}

test.each([
  ['ALTER TABLE t ADD c INT', 1060],
  ['ALTER TABLE t ADD (c INT)', 1060],
  ['ALTER TABLE t ADD INDEX k (c), ALGORITHM=INPLACE', 1061],
  ['CREATE INDEX k ON t (c)', 1061],
  ['ALTER TABLE t DROP COLUMN c', 1091],
  ['ALTER TABLE t DROP INDEX k', 1091],
  ['DROP INDEX k ON t', 1091],
  ['CREATE TABLE t (a INT)', 1050],
])('%s: %d says that it is done', (sql, errno) => {
  expect(isDoneAlready(read(sql), errno)).toBe(true);
});

test.each([
  ['ALTER TABLE t CHANGE a b INT', 1060],
  ['ALTER TABLE t RENAME COLUMN a TO b', 1060],
  ['ALTER TABLE t RENAME INDEX a TO b', 1061],
  ['ALTER TABLE t ADD c INT UNIQUE', 1061],
  ['ALTER TABLE t ADD c INT', 1091],
  ['ALTER TABLE t DROP COLUMN c', 1060],
  ['ALTER TABLE t ADD c INT, CHANGE a b INT', 1060],
  ['RENAME TABLE t TO u', 1050],
])('%s: %d is a failure', (sql, errno) => {
  expect(isDoneAlready(read(sql), errno)).toBe(false);
});

test('changes between which names of columns go over are never separated', () => {
  const options = {
    flavor: 'mysql' as const,
    serverVersion: 80036,
    mapping: SAME_NAMES,
    splitAlways: false,
    dropIndexExistence: false,
    dropForeignOptions: false,
    leavesMariadb: false,
  };
  const parts = (sql: string): string[] => splitFurther({ statement: read(sql), sql }, options).map((part) => part.sql);
  expect(parts('ALTER TABLE t RENAME COLUMN a TO b, RENAME COLUMN b TO a')).toHaveLength(1);
  expect(parts('ALTER TABLE t DROP COLUMN a, ADD COLUMN a INT')).toHaveLength(1);
  expect(parts('ALTER TABLE t ADD c INT, ADD d INT AS (c + 1)')).toHaveLength(2);
  expect(parts('RENAME TABLE t TO tmp, u TO t, tmp TO u')).toHaveLength(3);
});
