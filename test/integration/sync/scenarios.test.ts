/** Cases of the manual's scenarios that need no worker, by their ids. */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { describe, expect, test } from 'vitest';
import type { SubtaskConfig } from '../../../src/config/types.js';
import { dropMetaTables, metaTables } from '../../../src/meta/tables.js';
import { dropAtEnd, testServers } from '../../support/servers.js';
import { makeFixture, position, RunningUnit, type Fixture } from './harness.js';

/** Runs the unit until it has everything. */
async function sync({ up, config }: Pick<Fixture, 'up' | 'config'>): Promise<void> {
  const unit = new RunningUnit(config);
  try {
    await unit.synced(up);
  } finally {
    await unit.stop().catch(() => undefined);
  }
}

async function values(connection: Connection, sql: string): Promise<unknown[][]> {
  const [rows] = await connection.query<RowDataPacket[][]>({ sql, rowsAsArray: true });
  return rows;
}

function safely(config: SubtaskConfig): SubtaskConfig {
  return { ...config, sync: { ...config.sync, safeMode: true } };
}

async function forget({ down, config }: Fixture): Promise<void> {
  await dropMetaTables(down, metaTables(config.metaSchema, config.task));
}

/** A task whose table was made on both sides before it begins. */
async function prepared(above: string, below: string, options: Partial<SubtaskConfig> = {}): Promise<Fixture> {
  const fixture = await makeFixture('mysqlUp', options);
  const { up, down, database, config } = fixture;
  await up.query(above);
  await down.query(`CREATE DATABASE \`${database}\``);
  await down.query(`USE \`${database}\``);
  await down.query(below);
  config.meta = await position(up);
  return fixture;
}

const INFORMATION = (key: string): string =>
  `CREATE TABLE information (id INT NOT NULL AUTO_INCREMENT, uid INT, name VARCHAR(255), ${key}, UNIQUE KEY uid (uid))`;

describe('S4: shards into one table', () => {
  test('S4 row 5: a row without a key is there twice when safe mode replays it, one with a key is not', async () => {
    const fixture = await prepared(INFORMATION('PRIMARY KEY (id)'), INFORMATION('INDEX (id)'));
    fixture.config = safely(fixture.config);
    const { up, down } = fixture;
    await up.query("INSERT INTO information VALUES (1, 101, 'keyed'), (2, NULL, 'none')");
    await sync(fixture);
    await sync(fixture);
    const rows = 'SELECT id, uid, name FROM information ORDER BY id';
    expect(await values(down, rows)).toEqual([
      [1, 101, 'keyed'],
      [2, null, 'none'],
    ]);
    await forget(fixture);
    await sync(fixture);
    expect(await values(down, rows)).toEqual([
      [1, 101, 'keyed'],
      [2, null, 'none'],
      [2, null, 'none'],
    ]);
  });

  test('S4 row 13: a row that a filter has kept is in the way of a new one, except in safe mode', async () => {
    const create = 'CREATE TABLE sale (sid INT PRIMARY KEY, comment VARCHAR(255))';
    const fixture = await prepared(create, create);
    const { up, down, database, config } = fixture;
    config.filters = [
      {
        name: 'sale',
        schemaPattern: database,
        tablePattern: 'sale',
        events: ['delete'],
        caseSensitive: true,
        sqlPattern: [],
        action: 'Ignore',
      },
    ];
    await up.query("INSERT INTO sale VALUES (1, 'first')");
    await up.query('DELETE FROM sale WHERE sid = 1');
    await up.query("INSERT INTO sale VALUES (1, 'again')");
    await expect(sync(fixture)).rejects.toMatchObject({
      code: 10006,
      rawCause: expect.stringContaining("Error 1062: Duplicate entry '1'") as string,
    });
    expect(await values(down, 'SELECT * FROM sale')).toEqual([[1, 'first']]);
    await sync({ up, config: safely(config) });
    expect(await values(down, 'SELECT * FROM sale')).toEqual([[1, 'again']]);
  });

  test('S4 row 14: without coordination, what one source does to its table is done to the merged one', async () => {
    const { mariadbUp } = testServers();
    const first = await makeFixture('mysqlUp');
    const other = await makeFixture('mariadbUp');
    const { database, down } = first;
    dropAtEnd(mariadbUp, database);
    await other.up.query(`CREATE DATABASE \`${database}\``);
    await other.up.query(`USE \`${database}\``);
    const second: Fixture = {
      ...other,
      database,
      config: { ...first.config, ...other.config, sourceId: 'source-2', metaSchema: first.config.metaSchema },
    };
    second.config.blockAllowList = { doDbs: [database] };
    for (const [n, { up }] of [first, second].entries()) {
      await up.query(INFORMATION('PRIMARY KEY (id)'));
      await up.query(`INSERT INTO information VALUES (${n + 1}, ${n + 1}01, 'x')`);
    }
    const both = async (): Promise<void> => {
      for (const fixture of [first, second]) await sync(fixture);
    };
    await both();
    await down.query(`USE \`${database}\``);
    expect(await values(down, 'SELECT id FROM information ORDER BY id')).toEqual([[1], [2]]);
    await first.up.query('TRUNCATE TABLE information');
    await both();
    expect(await values(down, 'SELECT id FROM information')).toEqual([]);
    await first.up.query('DROP TABLE information');
    await sync(first);
    expect(await values(down, 'SHOW TABLES')).toEqual([]);
    await second.up.query("INSERT INTO information VALUES (5, 205, 'x')");
    await expect(sync(second)).rejects.toMatchObject({ rawCause: expect.stringContaining('information') as string });
    await first.up.query(`DROP DATABASE \`${database}\``);
    await sync(first);
    expect(await values(down, `SHOW DATABASES LIKE '${database}'`)).toEqual([]);
  });

  test('S4-E2: without a table made before, shards in safe mode take the place of each other', async () => {
    const fixture = await makeFixture('mysqlUp');
    const { up, down, database } = fixture;
    fixture.config = safely(fixture.config);
    fixture.config.routes = [
      {
        name: 'r',
        schemaPattern: database,
        tablePattern: 'user_*',
        targetSchema: database,
        targetTable: 'information',
      },
    ];
    for (const shard of ['user_1', 'user_2']) {
      await up.query(INFORMATION('PRIMARY KEY (id)').replace('information', shard));
      await up.query(`INSERT INTO ${shard} VALUES (1, NULL, '${shard}'), (2, NULL, '${shard}')`);
    }
    await sync(fixture);
    expect(await values(down, `SELECT id, name FROM \`${database}\`.information`)).toEqual([
      [1, 'user_2'],
      [2, 'user_2'],
    ]);
  });
});

describe('S5: incremental only', () => {
  const MESSAGES = 'CREATE TABLE messages (id INT NOT NULL PRIMARY KEY, message VARCHAR(255))';

  test('S5-V3: rows that are there already stop a replay from `meta`, except in safe mode', async () => {
    const fixture = await prepared(MESSAGES, MESSAGES);
    const { up, down, config } = fixture;
    await up.query("INSERT INTO messages VALUES (4, 'msg4'), (5, 'msg5')");
    await sync(fixture);
    await forget(fixture);
    await expect(sync(fixture)).rejects.toMatchObject({ code: 10006 });
    await forget(fixture);
    await sync({ up, config: safely(config) });
    expect(await values(down, 'SELECT id FROM messages ORDER BY id')).toEqual([[4], [5]]);
  });

  test('S5-V5: each source begins at its own place', async () => {
    const first = await prepared(MESSAGES, MESSAGES);
    const second = await makeFixture('mariadbUp');
    const { database, down, config } = first;
    dropAtEnd(testServers().mariadbUp, database);
    await second.up.query(`CREATE DATABASE \`${database}\``);
    await second.up.query(`USE \`${database}\``);
    await second.up.query(MESSAGES);
    await second.up.query("INSERT INTO messages VALUES (11, 'before')");
    Object.assign(second.config, {
      sourceId: 'source-2',
      metaSchema: config.metaSchema,
      blockAllowList: config.blockAllowList,
      meta: await position(second.up),
    });
    await first.up.query("INSERT INTO messages VALUES (1, 'first')");
    await second.up.query("INSERT INTO messages VALUES (12, 'second')");
    for (const fixture of [first, second, first, second]) await sync(fixture);
    expect(await values(down, 'SELECT id FROM messages ORDER BY id')).toEqual([[1], [12]]);
    const checkpoint = metaTables(config.metaSchema, config.task).syncerCheckpoint;
    expect(await values(down, `SELECT id FROM ${checkpoint} WHERE is_global ORDER BY id`)).toEqual([
      ['source-1'],
      ['source-2'],
    ]);
  });
});

describe('S6: the downstream table has more columns', () => {
  const UP = 'CREATE TABLE messages (id INT NOT NULL PRIMARY KEY, message VARCHAR(255), author VARCHAR(255))';

  test('S6-V1: the structure that the rows were read with is still known after a restart', async () => {
    const fixture = await prepared(
      UP,
      'CREATE TABLE messages (id INT NOT NULL PRIMARY KEY, note VARCHAR(9), message VARCHAR(255), author VARCHAR(255))',
    );
    const { up, down } = fixture;
    await up.query("INSERT INTO messages VALUES (4, 'msg4', 'a')");
    await sync(fixture);
    await up.query("INSERT INTO messages VALUES (5, 'msg5', 'b')");
    await up.query('ALTER TABLE messages DROP COLUMN message');
    await up.query("INSERT INTO messages VALUES (6, 'c')");
    await sync(fixture);
    expect(await values(down, 'SELECT * FROM messages ORDER BY id')).toEqual([
      [4, null, 'a'],
      [5, null, 'b'],
      [6, null, 'c'],
    ]);
  });

  test('S6-V4: the same columns in another order are told apart by their names', async () => {
    const fixture = await prepared(
      UP,
      'CREATE TABLE messages (id INT NOT NULL PRIMARY KEY, author VARCHAR(255), message VARCHAR(255))',
    );
    const { up, down } = fixture;
    await up.query("INSERT INTO messages VALUES (4, 'msg4', 'somebody')");
    await up.query("UPDATE messages SET message = 'x' WHERE id = 4");
    await sync(fixture);
    expect(await values(down, 'SELECT id, message, author FROM messages')).toEqual([[4, 'x', 'somebody']]);
  });

  test('S6-V5: a structure that was removed from the checkpoint is looked up again', async () => {
    const fixture = await prepared(
      UP,
      'CREATE TABLE messages (id INT NOT NULL PRIMARY KEY, message VARCHAR(255), author VARCHAR(255), more INT)',
    );
    const { up, down, config } = fixture;
    await up.query("INSERT INTO messages VALUES (4, 'msg4', 'a')");
    await sync(fixture);
    const checkpoint = metaTables(config.metaSchema, config.task).syncerCheckpoint;
    const stored = `FROM ${checkpoint} WHERE cp_table = 'messages'`;
    expect(await values(down, `SELECT cp_table ${stored}`)).toEqual([['messages']]);
    await down.query(`DELETE ${stored}`);
    await up.query("INSERT INTO messages VALUES (5, 'msg5', 'b')");
    await sync(fixture);
    expect(await values(down, 'SELECT * FROM messages ORDER BY id')).toEqual([
      [4, 'msg4', 'a', null],
      [5, 'msg5', 'b', null],
    ]);
    expect(await values(down, `SELECT cp_table ${stored}`)).toEqual([['messages']]);
  });
});
