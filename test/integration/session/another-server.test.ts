import { beforeAll, describe, expect, it } from 'vitest';
import { connectTo, onFileEnd, startPrivateServer, type DatabaseServer } from '../../support/servers.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { Migration } from './support.js';

/** Where the address of the source leads. */
const target = { host: '127.0.0.1', port: 0 };
let servers: DatabaseServer[];
let down: DatabaseServer;
let proxy: TcpProxy;

beforeAll(async () => {
  [down, ...servers] = await Promise.all([
    startPrivateServer({ flavor: 'mysql' }),
    startPrivateServer({ flavor: 'mysql' }),
    startPrivateServer({ flavor: 'mysql' }),
  ]);
  proxy = await TcpProxy.start(target);
  onFileEnd(() => proxy.stop());
});

describe('S8-E1, S8-E2: an address that leads to another server while a task runs', () => {
  it('ends replication by position: the same place is another one there', async () => {
    const [first, second] = servers;
    if (first === undefined || second === undefined) throw new Error('two upstreams are needed');
    target.port = first.port;
    const migration = await Migration.prepare(first, down, (config) => ({
      from: { ...config.from, port: proxy.port },
    }));
    // The other server has the same table, and a binlog that is as long at least.
    const other = await connectTo(second);
    await other.query(`CREATE DATABASE \`${migration.database}\``);
    await other.query(`CREATE TABLE \`${migration.database}\`.t (id INT PRIMARY KEY)`);
    await other.query(`INSERT INTO \`${migration.database}\`.t VALUES (100), (101), (102), (103)`);
    await migration.up.query('CREATE TABLE t (id INT PRIMARY KEY)');
    await migration.copy();
    const following = migration.follow(async (unit) => {
      await migration.up.query('INSERT INTO t VALUES (1)');
      await unit.synced(migration.up, 30_000);
      target.port = second.port;
      proxy.cut();
      await unit.result;
    });
    await expect(following).rejects.toMatchObject({
      code: 36069,
      message: expect.stringContaining('the upstream is another server than before'),
      workaround: expect.stringContaining('enable-gtid: true'),
    });
    const [rows] = await migration.down.query(`SELECT id FROM \`${migration.database}\`.t`);
    expect(rows).toEqual([{ id: 1 }]);
  });
});
