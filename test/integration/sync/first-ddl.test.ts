import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setFaults } from '../../../src/fault/fault.js';
import { build, ChildUnit } from './child-unit.js';
import { makeFixture, position, replicate, RunningUnit, type Fixture } from './harness.js';

const TABLE = 'CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci';

/** A task without a checkpoint whose tables are on both sides before it starts. */
async function prepared(...statements: string[]): Promise<Fixture> {
  const fixture = await makeFixture('mysqlUp');
  const { up, down, database } = fixture;
  await down.query(`CREATE DATABASE \`${database}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
  await down.query(`USE \`${database}\``);
  for (const statement of statements) {
    await up.query(statement);
    await down.query(statement);
  }
  return { ...fixture, config: { ...fixture.config, meta: await position(up) } };
}

async function hasColumn(down: Connection, database: string, column: string): Promise<boolean> {
  const [rows] = await down.query<RowDataPacket[]>(
    'SELECT 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND COLUMN_NAME = ?',
    [database, column],
  );
  return rows.length > 0;
}

describe('a DDL is the first that a task sees of a table', () => {
  beforeAll(build);

  test.each(
    ['ADD c INT', 'DROP COLUMN b'].flatMap((change) =>
      ['before-old-flush', 'before-track', 'before-execute', 'before-save', 'before-new-flush'].map(
        (point) => [change, point] as const,
      ),
    ),
  )('%s, killed at ddl.%s', async (change, point) => {
    const fixture = await prepared(TABLE);
    await fixture.up.query(`ALTER TABLE t ${change}`);
    await fixture.up.query('INSERT INTO t (id, a) VALUES (1, 2), (2, 3)');
    const child = new ChildUnit(fixture.config, `ddl.${point}=crash`);
    expect((await child.end).signal, child.stderr).toBe('SIGKILL');
    await replicate(fixture);
  });
});

describe('the end of a DDL', () => {
  afterEach(() => setFaults(undefined));

  test('that cannot be stored is not passed over by the last checkpoint', async () => {
    const fixture = await prepared(TABLE);
    const { up, down, database } = fixture;
    await up.query('INSERT INTO t VALUES (1, 1, 1)');
    setFaults('ddl.before-save=stall:1500');
    const unit = new RunningUnit(fixture.config);
    await up.query('ALTER TABLE t ADD c INT FIRST');
    await up.query('INSERT INTO t VALUES (9, 2, 2, 2)');
    while (!(await hasColumn(down, database, 'c'))) await sleep(20);
    await sleep(100);
    setFaults('sync.before-flush=fail@1');
    await expect(unit.result).rejects.toThrow('injected fault');
    setFaults(undefined);
    await replicate(fixture);
  });
});
