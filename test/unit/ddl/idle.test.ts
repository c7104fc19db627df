import { describe, expect, it } from 'vitest';
import { withoutIdle } from '../../../src/ddl/index.js';
import { read } from './help.js';

function rest(sql: string, tables: string[]): string | undefined {
  const isTable = (schema: string, name: string): boolean => tables.includes(`${schema}.${name}`);
  return withoutIdle(read(sql, { flavor: 'mariadb' }), { isTable, leavesMariadb: true })?.text;
}

describe('what has no counterpart downstream is left out', () => {
  it.each<[sql: string, tables: string[], expected: string | undefined]>([
    ['RENAME TABLE t TO u', ['db.t'], 'RENAME TABLE t TO u'],
    ['RENAME TABLE v TO w', ['db.t'], undefined],
    ['RENAME TABLE v TO w, t TO u', ['db.t'], 'RENAME TABLE t TO u'],
    ['RENAME TABLE t TO x, v TO t, x TO v', ['db.t'], 'RENAME TABLE t TO x, x TO v'],
    ['RENAME TABLE v TO x, t TO v, x TO t', ['db.t'], 'RENAME TABLE t TO v'],
    ['RENAME TABLE v TO x, x TO y', [], undefined],
    ['RENAME TABLE s.t TO t, v TO w', ['s.t'], 'RENAME TABLE s.t TO t'],
    ['ALTER TABLE t ADD SYSTEM VERSIONING', ['db.t'], undefined],
    ['ALTER TABLE seq ENGINE = Aria', ['db.t'], undefined],
    ['ALTER TABLE seq RENAME TO q', ['db.t'], undefined],
    ['CREATE SEQUENCE seq', [], undefined],
    ['ALTER SEQUENCE seq RESTART', [], undefined],
    ['DROP SEQUENCE seq', [], undefined],
    ['CREATE TABLE seq (a BIGINT) SEQUENCE=1', [], undefined],
    ['CREATE TABLE t (a BIGINT) SEQUENCE=0', [], 'CREATE TABLE t (a BIGINT) SEQUENCE=0'],
    ['ALTER TABLE IF EXISTS t ADD a INT', [], undefined],
    ['ALTER TABLE IF EXISTS t ADD a INT', ['db.t'], 'ALTER TABLE IF EXISTS t ADD a INT'],
    ['ALTER TABLE t DROP SYSTEM VERSIONING, ALGORITHM=COPY', ['db.t'], undefined],
    [
      'ALTER TABLE t ADD a INT, ADD SYSTEM VERSIONING, ADD b INT FIRST',
      ['db.t'],
      'ALTER TABLE t ADD a INT, ADD b INT FIRST',
    ],
    [
      'ALTER TABLE t ADD a INT, DROP SYSTEM VERSIONING PARTITION BY HASH (a)',
      ['db.t'],
      'ALTER TABLE t ADD a INT PARTITION BY HASH (a)',
    ],
  ])('%s', (sql, tables, expected) => {
    expect(rest(sql, tables)).toBe(expected);
  });

  it('but nothing where all are tables and the downstream is MariaDB too', () => {
    for (const sql of ['RENAME TABLE v TO w', 'ALTER TABLE t ADD SYSTEM VERSIONING']) {
      const statement = read(sql, { flavor: 'mariadb' });
      expect(withoutIdle(statement, {})).toBe(statement);
    }
  });
});
