import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { afterEach, describe, expect, test } from 'vitest';
import { DmError } from '../../../src/errors/dm-error.js';
import { setFaults } from '../../../src/fault/fault.js';
import { alteringSessions } from '../../support/process-list.js';
import { onFileEnd } from '../../support/servers.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { expectEqual, makeFixture, position, replicate, RunningUnit } from './harness.js';
import { Workload } from './workload.js';

afterEach(() => setFaults(undefined));

describe('errors of the downstream that pass', () => {
  test.each(['1213', '1205', '9007', '2013'])('error %s at COMMIT is met with a repetition', async (errno) => {
    const fixture = await makeFixture('mysqlUp');
    const workload = new Workload(fixture.up, Number(errno));
    await workload.prepare();
    setFaults(`sync.before-commit=fail:${errno}@7,sync.flush-before-commit=fail:${errno}@2`);
    for (let i = 0; i < 40; i++) await workload.transaction(10);
    await replicate(fixture);
  });

  test('an answer to COMMIT that is lost does not double anything', async () => {
    const fixture = await makeFixture('mysqlUp');
    const workload = new Workload(fixture.up, 3);
    await workload.prepare();
    setFaults('sync.after-commit=fail:2013@5');
    for (let i = 0; i < 40; i++) await workload.transaction(10);
    await replicate(fixture);
  });

  test('connections cut or stalled on either side are replaced', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, down, config } = fixture;
    const [above, below] = [await TcpProxy.start({ ...config.from }), await TcpProxy.start({ ...config.to })];
    onFileEnd(() => above.stop());
    onFileEnd(() => below.stop());
    Object.assign(config.from, { host: above.host, port: above.port });
    Object.assign(config.to, { host: below.host, port: below.port });
    await up.query('CREATE TABLE keyless (a INT)');
    const unit = new RunningUnit(config);
    await unit.synced(up);
    for (let round = 0; round < 8; round++) {
      for (let i = 0; i < 30; i++) await up.query('INSERT INTO keyless VALUES (?)', [i]);
      const proxy = round % 2 === 0 ? below : above;
      if (round < 4) proxy.cut();
      else {
        if (round < 6) proxy.refuse();
        else proxy.stall();
        await sleep(500);
        proxy.heal();
      }
      await sleep(100);
    }
    await unit.synced(up);
    await unit.stop();
    await expectEqual(fixture);
    const [rows] = await down.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM \`${config.metaSchema}\`.t_applied`);
    expect(Number(rows[0]?.['n'])).toBe(0);
  });
});

describe('what needs a person', () => {
  test('a row that the downstream refuses stops the unit with its place, and what follows it waits', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, down, database, config } = fixture;
    await up.query('CREATE TABLE t (id INT PRIMARY KEY, a INT)');
    await replicate(fixture);
    await down.query(`INSERT INTO \`${database}\`.t VALUES (5, 0)`);
    const start = await position(up);
    await up.query('INSERT INTO t VALUES (4, 1), (5, 1), (6, 1)');
    await up.query('UPDATE t SET a = 2 WHERE id = 5');
    const unit = new RunningUnit(config);
    const error: unknown = await unit.result.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(DmError);
    const { message, code, scope, rawCause } = error as DmError;
    expect([code, scope]).toEqual([10006, 'downstream']);
    expect(rawCause).toMatch(/^Error 1062: Duplicate entry '5'/);
    const place = /^startLocation: \[position: \((\S+), (\d+)\), gtid-set: [^\]]*\], endLocation: \[position: /.exec(
      message,
    );
    expect(place?.[1]).toBe(start.binlogName);
    expect(Number(place?.[2])).toBeGreaterThan(start.binlogPos);
    expect(message).toMatch(
      new RegExp(`: execute statement failed: INSERT INTO \`${database}\`.\`t\` \\(\`id\`, \`a\`\\)$`),
    );
    await down.query(`DELETE FROM \`${database}\`.t WHERE id = 5`);
    await replicate(fixture);
  });

  test('routed rows are told of by their tables on both sides: those refused, and those not found', async () => {
    const { up, down, database, config } = await makeFixture('mysqlUp');
    for (const table of ['shard_1', 'shard_2', 'other']) {
      await up.query(`CREATE TABLE ${table} (id INT PRIMARY KEY, a INT)`);
    }
    config.routes = [
      { name: 'r', schemaPattern: database, tablePattern: 'shard_*', targetSchema: database, targetTable: 'm`erged' },
    ];
    config.sync.workerCount = 1;
    const unit = new RunningUnit(config, undefined, 'warn');
    await up.query('INSERT INTO shard_1 VALUES (1, 1), (2, 2)');
    await up.query('INSERT INTO other VALUES (1, 1)');
    await unit.synced(up);
    await down.query(`DELETE FROM \`${database}\`.\`m\`\`erged\` WHERE id = 2`);
    await up.query('BEGIN');
    await up.query('UPDATE other SET a = 2');
    await up.query('UPDATE shard_1 SET a = 3');
    await up.query('COMMIT');
    await unit.synced(up);
    const lines = unit.log.filter((line) => line.includes('found no row'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`[table="\`${database}\`.\`m\`\`erged\`"] [rows=1] [total=1]`);

    await up.query('INSERT INTO shard_2 VALUES (1, 1)');
    const error = (await unit.result.catch((cause: unknown) => cause)) as DmError;
    expect(error.message).toMatch(
      /: execute statement failed: INSERT INTO `\w+`\.`m``erged` \(`id`, `a`\) \(a row of upstream/,
    );
    expect(error.message).toContain(`upstream table \`${database}\`.\`shard_2\`)`);
  });

  test('a DDL that fails downstream stops the unit before it; once cured it goes on', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, down, database, config } = fixture;
    await up.query('CREATE TABLE t (id INT PRIMARY KEY, a INT)');
    await up.query('INSERT INTO t VALUES (1, 1), (2, 2)');
    await replicate(fixture);
    await down.query(`INSERT INTO \`${database}\`.t VALUES (3, 2)`);
    await up.query('ALTER TABLE t ADD UNIQUE KEY uk (a)');
    await up.query('INSERT INTO t VALUES (4, 4)');
    const error: unknown = await new RunningUnit(config).result.catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 10006, rawCause: expect.stringContaining('Error 1062') });
    expect((error as DmError).message).toContain('origin SQL: [ALTER TABLE t ADD UNIQUE KEY uk (a)]');
    await down.query(`DELETE FROM \`${database}\`.t WHERE id = 3`);
    await replicate(fixture);
  });

  test('changes that are downstream already do not stop a DDL, and the others of the statement are made', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, down, database } = fixture;
    await up.query('CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, KEY kb (b))');
    await replicate(fixture);
    await down.query(`ALTER TABLE \`${database}\`.t ADD COLUMN c INT, DROP KEY kb`);
    await up.query('ALTER TABLE t ADD COLUMN c INT, ADD COLUMN d INT, DROP KEY kb, ADD KEY kd (d)');
    await up.query('INSERT INTO t VALUES (1, 2, 3, 4, 5)');
    await up.query('CREATE TABLE gone (id INT)');
    await replicate(fixture);
    await down.query(`DROP TABLE \`${database}\`.gone`);
    await up.query('DROP TABLE gone');
    await replicate(fixture);
  });

  test('a pause does not wait for a long DDL; who resumes waits for it and does not repeat it', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, down, database, config } = fixture;
    await up.query('CREATE TABLE t (id INT PRIMARY KEY)');
    await replicate(fixture);
    // An open transaction on the table keeps the ALTER waiting.
    await down.query('BEGIN');
    await down.query(`SELECT * FROM \`${database}\`.t`);
    await up.query('ALTER TABLE t ADD KEY (id)');
    await up.query('INSERT INTO t VALUES (1)');
    const unit = new RunningUnit(config);
    const waiting = async (): Promise<number> => (await alteringSessions(down, database)).length;
    while ((await waiting()) === 0) await sleep(50);
    expect(await unit.stop()).toBeLessThan(2_500);
    const next = new RunningUnit(config);
    await sleep(1_000);
    expect(await waiting()).toBeLessThanOrEqual(1);
    await down.query('COMMIT');
    await next.synced(up);
    await next.stop();
    await expectEqual(fixture);
    const [keys] = await down.query<RowDataPacket[]>(`SHOW INDEX FROM \`${database}\`.t WHERE Key_name <> 'PRIMARY'`);
    expect(keys).toHaveLength(1);
  });

  test('row changes in statement format are refused with code 36014', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, config } = fixture;
    await up.query('CREATE TABLE t (id INT PRIMARY KEY)');
    await up.query("SET SESSION binlog_format = 'STATEMENT'");
    await up.query('INSERT INTO t VALUES (1)');
    await up.query("SET SESSION binlog_format = 'ROW'");
    const error: unknown = await new RunningUnit(config).result.catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 36014, workaround: expect.stringContaining('binlog_format=ROW') });
  });

  test('an image without all columns is refused with code 11126 before anything wrong is written', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, config } = fixture;
    await up.query('CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)');
    await up.query('INSERT INTO t VALUES (1, 1, 1)');
    await up.query("SET SESSION binlog_row_image = 'MINIMAL'");
    await up.query('UPDATE t SET a = 2');
    await up.query("SET SESSION binlog_row_image = 'FULL'");
    const error: unknown = await new RunningUnit(config).result.catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 11126 });
  });
});

describe('what is there besides', () => {
  test('objects that are not replicated are passed over, all schemas but the listed ones too', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, database } = fixture;
    await up.query('CREATE TABLE t (id INT PRIMARY KEY, a INT)');
    await up.query('CREATE VIEW v AS SELECT * FROM t');
    await up.query('CREATE PROCEDURE p() SELECT 1');
    await up.query('CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a + 1');
    await up.query('CREATE TEMPORARY TABLE tmp (id INT)');
    await up.query('INSERT INTO t VALUES (1, 1)');
    await up.query(`CREATE DATABASE other_${database}`);
    await up.query(`CREATE TABLE other_${database}.t (id INT)`);
    await up.query(`DROP DATABASE other_${database}`);
    await up.query('ANALYZE TABLE t');
    await up.query('DROP VIEW v');
    await up.query('TRUNCATE TABLE t');
    await up.query('INSERT INTO t VALUES (2, 2)');
    await up.query('DROP TRIGGER tr');
    await replicate(fixture);
  });

  test('a table made from a query, swapped names, and a database that goes and comes back', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, database } = fixture;
    await up.query('CREATE TABLE a (id INT PRIMARY KEY, n VARCHAR(5))');
    await up.query("INSERT INTO a VALUES (1, 'x'), (2, 'y')");
    await up.query('CREATE TABLE b AS SELECT * FROM a');
    await up.query('RENAME TABLE a TO c, b TO a, c TO b');
    await up.query("INSERT INTO a VALUES (1, 'z')");
    await up.query('CREATE TABLE l LIKE b');
    await up.query("INSERT INTO l VALUES (9, 'l')");
    await replicate(fixture);
    await up.query(`DROP DATABASE \`${database}\``);
    await up.query(`CREATE DATABASE \`${database}\``);
    await up.query(`USE \`${database}\``);
    await up.query('CREATE TABLE a (n VARCHAR(5), extra INT, id INT PRIMARY KEY)');
    await up.query("INSERT INTO a VALUES ('new', 1, 1)");
    await replicate(fixture);
  });

  test('a downstream table with more columns and another key gets the right rows', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, down, database, config } = fixture;
    await up.query('CREATE TABLE t (id INT PRIMARY KEY, code VARCHAR(10) NOT NULL, a INT)');
    await down.query(`CREATE DATABASE \`${database}\``);
    await down.query(
      `CREATE TABLE \`${database}\`.t (note INT DEFAULT 3, a INT, code VARCHAR(10) NOT NULL PRIMARY KEY, id INT)`,
    );
    config.meta = await position(up);
    await up.query("INSERT INTO t VALUES (1, 'x', 1), (2, 'y', 2), (3, 'z', 3)");
    await up.query("UPDATE t SET code = 'yy', a = 5 WHERE id = 2");
    await up.query('DELETE FROM t WHERE id = 3');
    const unit = new RunningUnit(config);
    await unit.synced(up);
    await unit.stop();
    const [rows] = await down.query(`SELECT id, code, a, note FROM \`${database}\`.t ORDER BY id`);
    expect(rows).toEqual([
      { id: 1, code: 'x', a: 1, note: 3 },
      { id: 2, code: 'yy', a: 5, note: 3 },
    ]);
  });

  test('by GTID: the set goes on from the position it began with', async () => {
    const fixture = await makeFixture('mysqlUp', { enableGtid: true });
    const { up, config } = fixture;
    const [before] = await up.query<RowDataPacket[]>('SHOW BINARY LOG STATUS');
    config.meta = { binlogGtid: String(before[0]?.['Executed_Gtid_Set']).replaceAll('\n', '') };
    await up.query('CREATE TABLE t (id INT PRIMARY KEY)');
    await fixture.down.query(`CREATE DATABASE \`${fixture.database}\``);
    await up.query('INSERT INTO t VALUES (1)');
    const progress = await replicate(fixture);
    expect(progress.syncerBinlogGtid).toMatch(/^[0-9a-f-]{36}:/);
    await up.query('INSERT INTO t VALUES (2)');
    await replicate(fixture);
  });
});
