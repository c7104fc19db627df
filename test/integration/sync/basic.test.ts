import { describe, expect, test } from 'vitest';
import { expectEqual, makeFixture, replicate, RunningUnit } from './harness.js';

describe.each(['mysqlUp', 'mariadbUp'] as const)('%s', (upstream) => {
  test('rows and common DDL arrive', async () => {
    const fixture = await makeFixture(upstream);
    const { up } = fixture;
    await up.query('CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(50), b DECIMAL(20,5))');
    await up.query("INSERT INTO t VALUES (1,'a',1.5),(2,'b',2.25),(3,'c',-3)");
    await up.query("UPDATE t SET a = CONCAT(a, 'x'), id = id + 10 WHERE id < 3");
    await up.query('ALTER TABLE t ADD COLUMN c INT NOT NULL DEFAULT 7 AFTER a, ADD UNIQUE KEY uk (a)');
    await up.query("INSERT INTO t VALUES (4,'dd',1,1)");
    await up.query('DELETE FROM t WHERE id = 3');
    await up.query('RENAME TABLE t TO t2');
    await up.query('UPDATE t2 SET c = c + 1');
    const progress = await replicate(fixture);
    expect(Number(progress.totalRows)).toBe(3 + 2 + 1 + 1 + 3);
  });

  test('a live unit follows, pauses within two seconds and goes on where it was', async () => {
    const fixture = await makeFixture(upstream);
    const { up, config } = fixture;
    await up.query('CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a INT)');
    const unit = new RunningUnit(config);
    for (let i = 0; i < 50; i++) await up.query('INSERT INTO t (a) VALUES (?), (?)', [i, i]);
    await unit.synced(up);
    await expectEqual(fixture);
    expect(await unit.stop()).toBeLessThan(2_000);
    await up.query('UPDATE t SET a = a + 1');
    const second = new RunningUnit(config);
    await up.query('INSERT INTO t (a) VALUES (99)');
    await second.synced(up);
    await second.stop();
    await expectEqual(fixture);
    expect(second.progress?.totalRows).toBe('101');
  });
});
