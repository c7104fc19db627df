/** Safe mode and foreign keys whose cascades are the downstream's to follow, since MariaDB does not log them. */
import { describe, expect, test } from 'vitest';
import type { RowDataPacket } from 'mysql2/promise';
import { runAll } from '../dump/support.js';
import { makeFixture, replicate, type Fixture } from '../sync/harness.js';

const TABLES = [
  'CREATE TABLE parent (id INT PRIMARY KEY, a INT, u INT UNIQUE)',
  `CREATE TABLE follows (id INT PRIMARY KEY, p INT,
    FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE)`,
  'CREATE TABLE forgets (p INT, a INT, FOREIGN KEY (p) REFERENCES parent (id) ON DELETE SET NULL ON UPDATE CASCADE)',
  'CREATE TABLE holds (id INT PRIMARY KEY, u INT, FOREIGN KEY (u) REFERENCES parent (u))',
  'INSERT INTO parent VALUES (1, 1, 10), (2, 2, 20), (3, 3, 30), (4, 4, NULL), (5, 5, NULL)',
  'INSERT INTO follows VALUES (1, 1), (2, 1), (3, 2), (4, 4)',
  'INSERT INTO forgets VALUES (1, 0), (1, 0), (2, 0), (4, 0)',
  'INSERT INTO holds VALUES (1, 10), (2, 20)',
];

async function inSafeMode(compact: boolean): Promise<Fixture> {
  const fixture = await makeFixture('mariadbUp');
  fixture.config.sync.safeMode = true;
  fixture.config.sync.compact = compact;
  await runAll(fixture.up, TABLES);
  return fixture;
}

describe.each([true, false])('with compact %s', (compact) => {
  test('a parent that is updated keeps its children', async () => {
    const fixture = await inSafeMode(compact);
    await runAll(fixture.up, [
      'UPDATE parent SET a = a + 100',
      'UPDATE parent SET u = 31 WHERE id = 3',
      'UPDATE parent SET id = 21, a = 0 WHERE id = 2',
      'DELETE FROM parent WHERE id = 4',
      'UPDATE parent SET id = 4 WHERE id = 5',
    ]);
    await replicate(fixture);
    const [rows] = await fixture.down.query<RowDataPacket[]>(`SELECT id FROM \`${fixture.database}\`.follows`);
    expect(rows).toHaveLength(3);
  });

  test('children without a parent can be changed, and may get one', async () => {
    const fixture = await inSafeMode(compact);
    await runAll(fixture.up, [
      'SET SESSION foreign_key_checks = 0',
      'INSERT INTO forgets VALUES (80, 0), (90, 0)',
      'INSERT INTO holds VALUES (8, 80)',
      'SET SESSION foreign_key_checks = 1',
      'UPDATE forgets SET a = 100 WHERE p >= 80',
      'INSERT INTO parent VALUES (80, 0, 0)',
      'DELETE FROM parent WHERE id = 80',
    ]);
    await replicate(fixture);
  });
});
