import { describe, expect, it } from 'vitest';
import { masterStatus } from '../../../src/mysql/server-info.js';
import type { BinlogEvent } from '../../../src/sync/events.js';
import { startPrivateServer } from '../../support/servers.js';
import { eventsUpToNow, openStream, rowsOf, upstreamOf, type Upstream } from './support.js';

const SCHEMA = 'd_setups';

async function prepared(flavor: 'mysql' | 'mariadb', args: string[]): Promise<Upstream> {
  const upstream = await upstreamOf(await startPrivateServer({ flavor, args }));
  await upstream.connection.query(`CREATE DATABASE ${SCHEMA}`);
  await upstream.connection.query(`USE ${SCHEMA}`);
  await upstream.connection.query('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))');
  return upstream;
}

async function writeAndRead(upstream: Upstream, gtidSet?: string): Promise<BinlogEvent[]> {
  const start = await masterStatus(upstream.connection, upstream.flavor);
  await upstream.connection.query("INSERT INTO t VALUES (1, 'a')");
  await upstream.connection.query('ALTER TABLE t ADD COLUMN n INT');
  await upstream.connection.query('ALTER TABLE t DROP COLUMN n');
  await upstream.connection.query("UPDATE t SET v = 'b'");
  await upstream.connection.query('TRUNCATE t');
  const from = gtidSet === undefined ? start : { ...start, gtidSet };
  return eventsUpToNow(upstream, await openStream(upstream, from, SCHEMA));
}

const kinds = (events: BinlogEvent[]): string[] =>
  rowsOf(events, 't').flatMap((event) => event.rows.map((row) => row.kind));

describe('upstreams set up in other ways', () => {
  it.each(['mysql', 'mariadb'] as const)('%s without checksums and with full row metadata', async (flavor) => {
    const upstream = await prepared(flavor, ['--binlog-checksum=NONE', '--binlog-row-metadata=FULL']);
    const events = await writeAndRead(upstream);
    expect(kinds(events)).toEqual(['insert', 'update']);
    expect(events.filter((event) => event.type === 'query')).toHaveLength(3);
  });

  it('MySQL without GTIDs is read by position, whatever set the checkpoint holds', async () => {
    const upstream = await prepared('mysql', ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF']);
    const events = await writeAndRead(upstream, 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee:1-5');
    expect(kinds(events)).toEqual(['insert', 'update']);
    for (const event of events) if (event.type === 'gtid') expect(event.gtid).toBeUndefined();
    const plain = await writeAndRead(upstream, '');
    expect(kinds(plain)).toEqual(['insert', 'update']);
    expect(plain.findLast((event) => event.type === 'commit')?.location.gtidSet).toBe('');
  });

  it('MySQL without a binlog, and a user who may not read it, are told apart', async () => {
    const dumb = await upstreamOf(
      await startPrivateServer({
        flavor: 'mysql',
        args: ['--skip-log-bin', '--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'],
      }),
    );
    const start = { name: 'binlog.000001', pos: 4, gtidSet: '' };
    const events = async (): Promise<void> => {
      for await (const event of await openStream(dumb, start, SCHEMA)) expect(event.type).toBe('keepalive');
    };
    await expect(events()).rejects.toMatchObject({ code: 36069, workaround: expect.stringContaining('log_bin') });

    await dumb.connection.query("CREATE USER 'reader' IDENTIFIED BY 'reader-pw'");
    const reader = { ...dumb, config: { ...dumb.config, user: 'reader', password: 'reader-pw' } };
    const denied = async (): Promise<void> => {
      for await (const event of await openStream(reader, start, SCHEMA)) expect(event.type).toBe('keepalive');
    };
    await expect(denied()).rejects.toMatchObject({
      code: 36069,
      workaround: expect.stringContaining('REPLICATION SLAVE'),
    });
  });
});
