import { describe, expect, it } from 'vitest';
import { readStatement, rewriteStatement } from '../../../src/ddl/index.js';
import { read } from './help.js';

function elsewhere(sql: string): string {
  return rewriteStatement(read(sql, { flavor: 'mariadb' }), { leavesMariadb: true });
}

const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';

describe('a statement of MariaDB for another product', () => {
  it.each([
    ['CREATE TABLE t (a UUID NOT NULL)', `CREATE TABLE \`db\`.\`t\` (a CHAR(36) ${ASCII} NOT NULL)`],
    ['ALTER TABLE t ADD a INET6 AFTER b', `ALTER TABLE \`db\`.\`t\` ADD a VARCHAR(39) ${ASCII} AFTER b`],
    ['ALTER TABLE t MODIFY a INET4 NULL', `ALTER TABLE \`db\`.\`t\` MODIFY a VARCHAR(15) ${ASCII} NULL`],
    [
      'ALTER TABLE t CHANGE a uuid UUID DEFAULT uuid() COMMENT "UUID"',
      `ALTER TABLE \`db\`.\`t\` CHANGE a uuid CHAR(36) ${ASCII} DEFAULT (uuid()) COMMENT 'UUID'`,
    ],
    ['CREATE TABLE t (a DATE DEFAULT curdate())', 'CREATE TABLE `db`.`t` (a DATE DEFAULT (curdate()))'],
    ['CREATE TABLE t (a DATE DEFAULT (1 + 1))', 'CREATE TABLE `db`.`t` (a DATE DEFAULT (1 + 1))'],
    [
      "CREATE TABLE t (a TEXT DEFAULT 'x', b BLOB DEFAULT NULL)",
      "CREATE TABLE `db`.`t` (a TEXT DEFAULT ('x'), b BLOB DEFAULT NULL)",
    ],
    [
      'CREATE TABLE t (ts DATETIME DEFAULT current_timestamp() ON UPDATE current_timestamp())',
      'CREATE TABLE `db`.`t` (ts DATETIME DEFAULT current_timestamp() ON UPDATE current_timestamp())',
    ],
    [
      'CREATE TABLE t (a VARCHAR(9) COMPRESSED CHARACTER SET latin1, b TEXT COMPRESSED=zlib NULL)',
      'CREATE TABLE `db`.`t` (a VARCHAR(9)  CHARACTER SET latin1, b TEXT  NULL)',
    ],
    [
      "CREATE TABLE t (compressed INT COMMENT 'COMPRESSED', `PERSISTENT` INT CHECK (compressed > 0))",
      "CREATE TABLE `db`.`t` (compressed INT COMMENT 'COMPRESSED', `PERSISTENT` INT CHECK (compressed > 0))",
    ],
    ['CREATE TABLE t (a INT, b INT AS (a) PERSISTENT)', 'CREATE TABLE `db`.`t` (a INT, b INT AS (a) STORED)'],
    ['CREATE TABLE t (p POINT REF_SYSTEM_ID=4326 NOT NULL)', 'CREATE TABLE `db`.`t` (p POINT  NOT NULL)'],
    [
      'CREATE TABLE t (a INT, b INT WITHOUT SYSTEM VERSIONING NOT NULL) WITH SYSTEM VERSIONING COMMENT "c"',
      "CREATE TABLE `db`.`t` (a INT, b INT  NOT NULL)  COMMENT 'c'",
    ],
    ['CREATE TABLE t (a INT) PAGE_CHECKSUM=1, ENGINE=Aria', 'CREATE TABLE `db`.`t` (a INT)  ENGINE=Aria'],
    ['CREATE TABLE t (a INT, KEY k (a) IGNORED)', 'CREATE TABLE `db`.`t` (a INT, KEY k (a) INVISIBLE)'],
    ['CREATE TABLE t (a INT, KEY k (a) NOT IGNORED)', 'CREATE TABLE `db`.`t` (a INT, KEY k (a) )'],
    [
      'CREATE TABLE t (a CHAR(3) COLLATE utf8mb4_uca1400_as_cs, b CHAR(3) CHARACTER SET utf8mb3 COLLATE utf8mb3_uca1400_ai_ci) COLLATE=utf8mb4_uca1400_ai_ci',
      'CREATE TABLE `db`.`t` (a CHAR(3) COLLATE utf8mb4_0900_as_cs, b CHAR(3) CHARACTER SET utf8mb3 COLLATE utf8mb3_unicode_ci) COLLATE=utf8mb4_0900_ai_ci',
    ],
    [
      "ALTER TABLE t CONVERT TO CHARACTER SET latin1 COLLATE latin1_nopad_bin, COMMENT 'utf8mb4_uca1400_ai_ci'",
      "ALTER TABLE `db`.`t` CONVERT TO CHARACTER SET latin1 COLLATE latin1_bin, COMMENT 'utf8mb4_uca1400_ai_ci'",
    ],
    [
      'CREATE TABLE t (a CHAR(3) COLLATE uca1400_as_cs, b CHAR(3) CHARACTER SET utf8mb3 COLLATE uca1400_ai_ci, uca1400_ai_ci INT) CHARSET=utf8mb4 COLLATE=uca1400_ai_ci',
      'CREATE TABLE `db`.`t` (a CHAR(3) COLLATE utf8mb4_0900_as_cs, b CHAR(3) CHARACTER SET utf8mb3 COLLATE utf8mb3_unicode_ci, uca1400_ai_ci INT) CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci',
    ],
    [
      'CREATE TABLE t (a CHAR(3) COLLATE uca1400_ai_ci) COLLATE uca1400_as_ci, CHARACTER SET = ucs2',
      'CREATE TABLE `db`.`t` (a CHAR(3) COLLATE ucs2_unicode_ci) COLLATE ucs2_bin, CHARACTER SET = ucs2',
    ],
    [
      'ALTER TABLE t CONVERT TO CHARACTER SET utf8mb3 COLLATE uca1400_ai_ci, MODIFY a CHAR(3) COLLATE uca1400_ai_cs',
      'ALTER TABLE `db`.`t` CONVERT TO CHARACTER SET utf8mb3 COLLATE utf8mb3_unicode_ci, MODIFY a CHAR(3) COLLATE utf8mb4_0900_as_cs',
    ],
    ['CREATE DATABASE d COLLATE uca1400_ai_ci', 'CREATE DATABASE `d` COLLATE utf8mb4_0900_ai_ci'],
    ['CREATE DATABASE d COLLATE utf8mb4_uca1400_swedish_nopad_as_ci', 'CREATE DATABASE `d` COLLATE utf8mb4_0900_as_ci'],
    [
      'ALTER TABLE IF EXISTS t ADD COLUMN IF NOT EXISTS a INT DEFAULT (IF(1, 2, 3)), DROP KEY IF EXISTS k, MODIFY IF EXISTS b INT',
      'ALTER TABLE  `db`.`t` ADD COLUMN  a INT DEFAULT (IF(1, 2, 3)), DROP KEY  k, MODIFY  b INT',
    ],
    ['DROP INDEX IF EXISTS k ON t', 'DROP INDEX  k ON `db`.`t`'],
    ['CREATE INDEX IF NOT EXISTS k ON t (a)', 'CREATE INDEX  k ON `db`.`t` (a)'],
    ['CREATE INDEX k ON t (a) IGNORED', 'CREATE INDEX k ON `db`.`t` (a) INVISIBLE'],
    ['ALTER TABLE t ADD KEY ignored (ignored)', 'ALTER TABLE `db`.`t` ADD KEY ignored (ignored)'],
    [
      'CREATE TABLE t (a VARCHAR(9) /*M!100301 COMPRESSED*/ DEFAULT NULL)',
      'CREATE TABLE `db`.`t` (a VARCHAR(9)     DEFAULT NULL)',
    ],
  ])('%s', (sql, expected) => {
    const text = elsewhere(sql);
    expect(text).toBe(expected);
    const again = readStatement(text, { flavor: 'mysql', serverVersion: 80036, defaultSchema: 'db' });
    expect(again.kind).not.toBe('other');
  });

  it('stays as it is between servers of MariaDB, and so do statements of MySQL', () => {
    const sql = 'CREATE TABLE `db`.`t` (a UUID COMPRESSED DEFAULT uuid())';
    expect(rewriteStatement(read(sql, { flavor: 'mariadb' }))).toBe(sql);
    const mysql = "CREATE TABLE `db`.`t` (a VARCHAR(9) DEFAULT 'COMPRESSED')";
    expect(rewriteStatement(read(mysql), { leavesMariadb: true })).toBe(mysql);
  });
});
