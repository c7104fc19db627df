import type { RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { makeFixture, position, replicate } from './harness.js';

test('sequences are left out, whatever statement is about them; tables that use them arrive', async () => {
  const fixture = await makeFixture('mariadbUp');
  const { up, down, database } = fixture;
  await up.query('CREATE SEQUENCE s START WITH 5 CACHE 2');
  await up.query('CREATE TABLE t (id INT PRIMARY KEY, v INT)');
  for (let i = 0; i < 5; i++) await up.query('INSERT INTO t SELECT NEXTVAL(s), 1');
  await up.query('ALTER SEQUENCE s RESTART 100');
  await up.query('SELECT SETVAL(s, 200)');
  await up.query('ALTER TABLE s ENGINE = Aria');
  await up.query('ALTER TABLE s COMMENT = "x"');
  await up.query('ALTER TABLE s RENAME TO s2');
  await up.query('RENAME TABLE s2 TO s3');
  await up.query(
    'CREATE TABLE q (next_not_cached_value BIGINT(21) NOT NULL, minimum_value BIGINT(21) NOT NULL, maximum_value BIGINT(21) NOT NULL, start_value BIGINT(21) NOT NULL, increment BIGINT(21) NOT NULL, cache_size BIGINT(21) UNSIGNED NOT NULL, cycle_option TINYINT(1) UNSIGNED NOT NULL, cycle_count BIGINT(21) NOT NULL) ENGINE=InnoDB SEQUENCE=1',
  );
  await up.query('INSERT INTO q VALUES (1, 1, 9223372036854775806, 1, 1, 1000, 0, 0)');
  await up.query('INSERT INTO t SELECT NEXTVAL(q) + 1000, 2');
  await up.query('DROP TABLE s3');
  await up.query('DROP SEQUENCE q');
  await up.query('INSERT INTO t VALUES (0, 0)');
  await replicate(fixture);
  const [tables] = await down.query<RowDataPacket[]>('SHOW TABLES FROM ??', [database]);
  expect(tables.map((row) => Object.values(row)[0])).toEqual(['t']);
});

test('of a sequence from before the start, and of one that is gone by now, rows are left out', async () => {
  const fixture = await makeFixture('mariadbUp');
  const { up, down, database } = fixture;
  for (const server of [up, down]) {
    await server.query(`CREATE DATABASE IF NOT EXISTS \`${database}\``);
    await server.query(`CREATE TABLE \`${database}\`.t (id INT PRIMARY KEY)`);
  }
  for (const name of ['kept', 'altered', 'gone']) await up.query(`CREATE SEQUENCE ${name} CACHE 1`);
  fixture.config.meta = await position(up);
  for (const name of ['kept', 'altered', 'gone', 'kept', 'gone']) {
    await up.query(`INSERT INTO t SELECT NEXTVAL(${name}) + ${name.length} * 100 + ${name.charCodeAt(0)} * 10000`);
  }
  await up.query('ALTER TABLE altered COMMENT = "x"');
  await up.query('DROP SEQUENCE gone');
  await replicate(fixture);
});
