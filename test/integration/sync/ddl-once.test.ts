import { expect, beforeAll, describe, test } from 'vitest';
import type { RowDataPacket } from 'mysql2/promise';
import { quoteIdent } from '../../../src/mysql/quote.js';
import { build, ChildUnit } from './child-unit.js';
import { expectEqual, makeFixture, position, replicate, RunningUnit, type Fixture } from './harness.js';

const COLUMNS = '(id INT PRIMARY KEY, v INT) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci';

/** Both sides have the statements' tables; the task begins behind them. */
async function prepared(...statements: string[]): Promise<Fixture> {
  const fixture = await makeFixture('mysqlUp');
  const { up, down, database } = fixture;
  await down.query(`CREATE DATABASE ${quoteIdent(database)} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
  await down.query(`USE ${quoteIdent(database)}`);
  for (const statement of statements) {
    await up.query(statement);
    await down.query(statement);
  }
  return { ...fixture, config: { ...fixture.config, meta: await position(up) } };
}

async function crash(fixture: Fixture, fault: string): Promise<void> {
  const child = new ChildUnit(fixture.config, fault);
  expect((await child.end).signal, child.stderr).toBe('SIGKILL');
}

/** A downstream user that cannot see the numbers of InnoDB's tables. */
async function withoutProcess(fixture: Fixture): Promise<Fixture> {
  const { down, database, config } = fixture;
  const user = `u_${database.slice(-20)}`;
  await down.query(`CREATE USER '${user}'@'%' IDENTIFIED BY 'pw'`);
  for (const schema of [database, config.metaSchema]) {
    await down.query(`GRANT ALL ON ${quoteIdent(schema)}.* TO '${user}'@'%'`);
  }
  return { ...fixture, config: { ...config, to: { ...config.to, user, password: 'pw' } } };
}

beforeAll(build);

describe('tables of equal structure change places once', () => {
  const tables = [`CREATE TABLE t ${COLUMNS}`, `CREATE TABLE t_new ${COLUMNS}`];
  const rows = ['INSERT INTO t VALUES (1, 10)', 'INSERT INTO t_new VALUES (2, 20)'];
  const swap = 'RENAME TABLE t TO tmp, t_new TO t, tmp TO t_new';

  test.each(['ddl.before-execute', 'ddl.before-save'])('by RENAME, killed at %s', async (point) => {
    const fixture = await prepared(...tables, ...rows);
    await fixture.up.query(swap);
    await crash(fixture, `${point}=crash`);
    await replicate(fixture);
  });

  test.each(['ddl.before-execute=crash@2', 'ddl.before-execute=crash@3', 'ddl.before-save=crash'])(
    'by RENAME where tables have no readable numbers, killed at %s',
    async (fault) => {
      const fixture = await withoutProcess(await prepared(...tables, ...rows));
      await fixture.up.query(swap);
      await crash(fixture, fault);
      await replicate(fixture);
      await fixture.down.query(`DROP USER '${fixture.config.to.user}'@'%'`);
    },
  );

  test('by EXCHANGE PARTITION, killed at ddl.before-save', async () => {
    const fixture = await prepared(
      `CREATE TABLE t ${COLUMNS} PARTITION BY HASH (id) PARTITIONS 1`,
      `CREATE TABLE t_new ${COLUMNS}`,
      ...rows,
    );
    await fixture.up.query('ALTER TABLE t EXCHANGE PARTITION p0 WITH TABLE t_new');
    await crash(fixture, 'ddl.before-save=crash');
    await replicate(fixture);
  });
});

describe('a statement of which one change is there already', () => {
  test('brings the others, also when killed between them', async () => {
    const fixture = await prepared(`CREATE TABLE t ${COLUMNS}`);
    const { up, down } = fixture;
    await up.query('INSERT INTO t VALUES (1, 1)');
    const unit = new RunningUnit(fixture.config);
    await unit.synced(up);
    await unit.stop();
    await down.query('ALTER TABLE t ADD c INT');
    await up.query('ALTER TABLE t ADD c INT, ADD d INT, ADD INDEX k (d)');
    await up.query('INSERT INTO t VALUES (2, 2, 2, 2)');
    await crash(fixture, 'ddl.before-execute=crash@4');
    await replicate(fixture);
  });

  test('fails where a column cannot get its new name', async () => {
    const fixture = await prepared(`CREATE TABLE t ${COLUMNS}`);
    const { up, down } = fixture;
    await up.query('INSERT INTO t VALUES (1, 1)');
    const first = new RunningUnit(fixture.config);
    await first.synced(up);
    await first.stop();
    await down.query('ALTER TABLE t ADD w INT');
    await up.query('ALTER TABLE t CHANGE v w INT');
    const unit = new RunningUnit(fixture.config);
    await expect(unit.result).rejects.toMatchObject({ code: 10006 });
    const [columns] = await down.query<RowDataPacket[]>("SHOW COLUMNS FROM t LIKE 'v'");
    expect(columns).toHaveLength(1);
    await down.query('ALTER TABLE t DROP COLUMN w');
    await replicate(fixture);
    await expectEqual(fixture);
  });
});

describe('what the downstream refuses', () => {
  test('comes with the advice for its kind', async () => {
    const fixture = await makeFixture('mariadbUp');
    await fixture.up.query(
      'CREATE TABLE t (id INT PRIMARY KEY, s TIMESTAMP(6) GENERATED ALWAYS AS ROW START, ' +
        'e TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING',
    );
    const unit = new RunningUnit(fixture.config);
    await expect(unit.result).rejects.toMatchObject({
      code: 10006,
      workaround: expect.stringContaining('TIMESTAMP(6)') as unknown,
    });
  });
});

describe('a statement whose effect cannot be looked at', () => {
  test('is not sent again for that', async () => {
    const whole = await prepared(`CREATE TABLE t ${COLUMNS}`, `CREATE TABLE t_new ${COLUMNS}`);
    const { up, down, config } = whole;
    await up.query('INSERT INTO t VALUES (1, 10)');
    await up.query('RENAME TABLE t TO tmp, t_new TO t, tmp TO t_new');
    await crash(whole, 'ddl.before-save=crash');
    const limited = await withoutProcess(whole);
    await expect(new RunningUnit(limited.config).result).rejects.toMatchObject({ code: 10005 });
    await down.query(`DROP USER '${limited.config.to.user}'@'%'`);
    await replicate({ ...whole, config });
  });
});
