/** With `binlog_row_metadata=FULL` each event names its columns: structures of another time are found out. */
import { beforeAll, describe, expect, test } from 'vitest';
import { connectTo, startPrivateServer, type DatabaseServer } from '../../support/servers.js';
import { makeFixture, position, type Fixture } from '../sync/harness.js';
import { catchUp, createDownstream, failure, rows } from './support.js';

describe.each(['mysql', 'mariadb'] as const)('%s with binlog_row_metadata=FULL', (flavor) => {
  let server: DatabaseServer;

  beforeAll(async () => {
    server = await startPrivateServer({ flavor, args: ['--binlog-row-metadata=FULL'] });
  });

  async function fixtureThere(sql: string): Promise<Fixture> {
    const fixture = await makeFixture(flavor === 'mysql' ? 'mysqlUp' : 'mariadbUp');
    const { database, down, config } = fixture;
    await createDownstream(fixture);
    const up = await connectTo(server);
    await up.query(`CREATE DATABASE \`${database}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`);
    await up.query(`USE \`${database}\``);
    await up.query(sql);
    await down.query(sql);
    const { host, port, user, password } = server;
    return { ...fixture, up, config: { ...config, from: { host, port, user, password }, meta: await position(up) } };
  }

  test('SYN-10: a stored structure with other names is an error before any row is written', async () => {
    const fixture = await fixtureThere('CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)');
    const { up, down, database, config } = fixture;
    await up.query('INSERT INTO t VALUES (1, 10, 100)');
    await catchUp(fixture);
    await down.query(
      `UPDATE \`${config.metaSchema}\`.t_syncer_checkpoint
       SET table_info = REPLACE(REPLACE(REPLACE(table_info, '"a"', '"x"'), '"b"', '"a"'), '"x"', '"b"')
       WHERE cp_table = 't'`,
    );
    await up.query('INSERT INTO t VALUES (2, 20, 200)');
    const error = await failure(fixture);
    expect(error).toMatchObject({ code: 44005, rawCause: expect.stringContaining('in the binlog') as unknown });
    expect(await rows(down, database, 't')).toEqual([{ id: 1, a: 10, b: 100 }]);
  });

  test('SYN-11: columns that changed places before the start: the rows choose the structure', async () => {
    const fixture = await fixtureThere('CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)');
    const { up, down, database } = fixture;
    await up.query('INSERT INTO t VALUES (1, 10, 100)');
    await up.query('ALTER TABLE t MODIFY b INT AFTER id');
    await up.query('INSERT INTO t VALUES (2, 200, 20)');
    await catchUp(fixture);
    expect(await rows(down, database, 't')).toMatchObject([
      { id: 1, a: 10, b: 100 },
      { id: 2, a: 20, b: 200 },
    ]);
  });
});
