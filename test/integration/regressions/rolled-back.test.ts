import type { RowDataPacket } from 'mysql2/promise';
import { describe, expect, test } from 'vitest';
import { makeFixture, replicate, type Fixture } from '../sync/harness.js';

/** MariaDB writes what a transaction has taken back to its binlog once the transaction has touched a temporary table. */
const TEMPORARY = 'CREATE OR REPLACE TEMPORARY TABLE scratch (a INT)';

async function run({ up }: Fixture, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await up.query(statement);
}

describe('rows that MariaDB has rolled back', () => {
  test('are left out with all of their transaction', async () => {
    const fixture = await makeFixture('mariadbUp');
    await run(fixture, [
      'CREATE TABLE t (a INT, b INT)',
      'INSERT INTO t VALUES (1, 1), (2, 2)',
      'BEGIN',
      'INSERT INTO t VALUES (3, 3)',
      TEMPORARY,
      'DELETE FROM t WHERE a = 1',
      'ROLLBACK',
      'INSERT INTO t VALUES (4, 4)',
    ]);
    await replicate(fixture);
  });

  test('are left out behind a savepoint, and those around stay', async () => {
    const fixture = await makeFixture('mariadbUp');
    await run(fixture, [
      'CREATE TABLE parent (id INT PRIMARY KEY)',
      'CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES parent (id) ON DELETE CASCADE)',
      'INSERT INTO parent VALUES (1), (2), (3), (4)',
      'INSERT INTO t VALUES (1), (1), (2)',
      'BEGIN',
      TEMPORARY,
      'INSERT INTO t VALUES (3)',
      'SAVEPOINT s',
      'DELETE FROM parent WHERE id = 1',
      'SAVEPOINT `S 2`',
      'INSERT INTO t VALUES (2)',
      'ROLLBACK TO `S 2`',
      'INSERT INTO t VALUES (4)',
      'ROLLBACK TO s',
      'INSERT INTO t VALUES (4)',
      'SAVEPOINT s',
      'INSERT INTO t VALUES (4)',
      'COMMIT',
    ]);
    await replicate(fixture);
    const [rows] = await fixture.down.query<RowDataPacket[]>(`SELECT a FROM \`${fixture.database}\`.t ORDER BY a`);
    expect(rows.map(({ a }) => String(a))).toEqual(['1', '1', '2', '3', '4', '4']);
  });

  test.each([false, true])('are left out of a transaction that is too big to be held; GTID %s', async (enableGtid) => {
    const fixture = await makeFixture('mariadbUp', { enableGtid });
    const many = "INSERT INTO t SELECT seq, REPEAT('x', 1000) FROM seq_1_to_4000";
    await run(fixture, [
      'CREATE TABLE t (a INT, v VARCHAR(1000))',
      'BEGIN',
      TEMPORARY,
      many,
      'SAVEPOINT s',
      many,
      'ROLLBACK TO s',
      'INSERT INTO t VALUES (7, NULL)',
      'COMMIT',
      'BEGIN',
      TEMPORARY,
      many,
      many,
      'ROLLBACK',
      'BEGIN',
      many,
      many,
      'COMMIT',
      'INSERT INTO t VALUES (8, NULL)',
    ]);
    const { totalRows } = await replicate(fixture);
    expect(totalRows).toBe('12002');
  });
});
