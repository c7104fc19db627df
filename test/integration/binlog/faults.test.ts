import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { DmError } from '../../../src/errors/dm-error.js';
import { isConnectionError } from '../../../src/mysql/errors.js';
import { binlogFiles, masterStatus } from '../../../src/mysql/server-info.js';
import type { BinlogEvent, BinlogLocation } from '../../../src/sync/events.js';
import { startPrivateServer, type DatabaseServer } from '../../support/servers.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { eventsUpToNow, openStream, rowsOf, upstreamOf, type Upstream } from './support.js';

/** A small generator of the same numbers each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

describe.each(['mysql', 'mariadb'] as const)('reading from %s when things go wrong', (flavor) => {
  const schema = 'd_faults';
  let server: DatabaseServer;
  let upstream: Upstream;

  const query = (sql: string): Promise<unknown> => upstream.connection.query(sql);
  const status = (): Promise<BinlogLocation> => masterStatus(upstream.connection, flavor);
  const through = (proxy: TcpProxy): Upstream => ({
    ...upstream,
    config: { ...upstream.config, host: proxy.host, port: proxy.port },
  });

  beforeAll(async () => {
    server = await startPrivateServer({ flavor });
    upstream = await upstreamOf(server);
    await query(`CREATE DATABASE ${schema}`);
    await query(`USE ${schema}`);
    await query('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(2000))');
    await query('CREATE TABLE s (id INT PRIMARY KEY, v LONGBLOB)');
  });

  it('loses and doubles nothing when the connection is cut at any byte', async () => {
    const proxy = await TcpProxy.start({ host: server.host, port: server.port });
    const start = await status();
    for (let id = 0; id < 300; id++) await query(`INSERT INTO t VALUES (${id}, repeat('x', ${(id * 37) % 2000}))`);
    const target = await status();
    const random = seeded(42);
    const ids: unknown[] = [];
    let place = start;
    let cuts = 0;
    while (place.pos < target.pos) {
      const cutAt = proxy.bytes + 4_000 + Math.floor(random() * 120_000);
      const watch = setInterval(() => {
        if (proxy.bytes >= cutAt) proxy.cut();
      }, 1);
      try {
        const stream = await openStream(through(proxy), place, schema, {
          maxBufferedBytes: 8192,
          useGtid: cuts % 2 === 0,
        });
        let group: unknown[] = [];
        for await (const event of stream) {
          if (event.type === 'gtid') group = [];
          if (event.type === 'rows') for (const row of event.rows) if (row.kind === 'insert') group.push(row.after[0]);
          if (event.type === 'commit') {
            ids.push(...group);
            place = event.location;
            if (place.pos >= target.pos) break;
            // Slower than the server sends, so that cuts fall into the middle.
            if (ids.length % 10 === 0) await sleep(1);
          }
        }
      } catch (error) {
        expect(isConnectionError(error), String(error)).toBe(true);
        cuts += 1;
      } finally {
        clearInterval(watch);
      }
    }
    await proxy.stop();
    expect(ids).toEqual(Array.from({ length: 300 }, (_, id) => id));
    expect(place).toEqual(target);
    expect(cuts).toBeGreaterThan(2);
  });

  it('notices a peer that falls silent, and a heartbeat keeps an idle one alive', async () => {
    const proxy = await TcpProxy.start({ host: server.host, port: server.port });
    const stream = await openStream(through(proxy), await status(), schema, {
      heartbeatMs: 500,
      silenceLimitMs: 2_000,
    });
    setTimeout(() => proxy.stall(), 4_000);
    const begun = Date.now();
    const events: BinlogEvent[] = [];
    const error = await (async () => {
      for await (const event of stream) events.push(event);
      return undefined;
    })().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DmError);
    expect(error).toMatchObject({ code: 10003, scope: 'upstream' });
    expect(Date.now() - begun).toBeGreaterThan(5_500);
    expect(events.filter((event) => event.type === 'keepalive').length).toBeGreaterThan(5);
    await proxy.stop();
  });

  it('does not take its own slow consumer for silence of the peer', async () => {
    const start = await status();
    await query('DELETE FROM s');
    for (let id = 0; id < 40; id++) await query(`INSERT INTO s VALUES (${id}, repeat('y', 500000))`);
    const target = await status();
    const stream = await openStream(upstream, start, schema, {
      silenceLimitMs: 1_500,
      heartbeatMs: 500,
      maxBufferedBytes: 1 << 20,
    });
    let rows = 0;
    for await (const event of stream) {
      if (event.type === 'rows') {
        rows += event.rows.length;
        if (rows === 5) await sleep(4_000);
      }
      if (event.type === 'commit' && event.location.pos >= target.pos) break;
    }
    expect(rows).toBe(40);
  });

  it('decodes one row of 60 MB with little more memory than two of it', async () => {
    const size = 60 << 20;
    await query('TRUNCATE s');
    const start = await status();
    await query(`INSERT INTO s VALUES (1, repeat('z', ${size}))`);
    global.gc?.();
    const before = process.memoryUsage().rss;
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 5);
    const events = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
    clearInterval(timer);
    const [row] = rowsOf(events, 's').flatMap((event) => event.rows);
    const value = row?.kind === 'insert' ? row.after[1] : undefined;
    expect(Buffer.isBuffer(value) && value.length).toBe(size);
    expect(Math.max(peak, process.memoryUsage().rss) - before).toBeLessThan(3.5 * size);
  });

  it('follows the binlog from file to file and names the place right', async () => {
    const start = await status();
    await query("INSERT INTO t VALUES (1001, 'a')");
    await query('FLUSH BINARY LOGS');
    await query("INSERT INTO t VALUES (1002, 'b')");
    await query('FLUSH BINARY LOGS');
    await query("INSERT INTO t VALUES (1003, 'c')");
    const target = await status();
    const stream = await openStream(upstream, start, schema);
    const commits: BinlogLocation[] = [];
    for await (const event of stream) {
      if (event.type !== 'commit') continue;
      commits.push(event.location);
      if (event.location.name === target.name) break;
    }
    expect(new Set(commits.map((location) => location.name)).size).toBe(3);
    expect(commits.at(-1)).toEqual(target);
    const rest = await eventsUpToNow(upstream, await openStream(upstream, { ...commits[1], gtidSet: '' }, schema));
    expect(rest.findLast((event) => event.type === 'commit')?.location).toEqual(target);
  });

  it('takes another server id when some other reader has the same', async () => {
    const start = await status();
    const serverId = 77_001;
    const first = await openStream(upstream, start, schema, { serverId });
    const firstEnd = (async () => {
      for await (const event of first) expect(event.type).toBe('keepalive');
    })().catch((error: unknown) => error);
    await sleep(500);
    const second = await openStream(upstream, start, schema, { serverId });
    const secondEvents = eventsAfter(second, 1);
    expect(await firstEnd).toMatchObject({ code: 10003 });
    const third = await openStream(upstream, start, schema, { serverId });
    const thirdEvents = eventsAfter(third, 1);
    await sleep(500);
    await query("INSERT INTO t VALUES (2001, 'x')");
    expect(await secondEvents).toBe(1);
    expect(await thirdEvents).toBe(1);
  });

  if (flavor === 'mariadb') {
    it('reads compressed events', async () => {
      const start = await status();
      await query('SET GLOBAL log_bin_compress=ON');
      await query('SET GLOBAL log_bin_compress_min_len=10');
      await query("INSERT INTO t VALUES (3001, repeat('c', 1500)), (3002, repeat('d', 1500))");
      await query("UPDATE t SET v = repeat('e', 1900) WHERE id = 3001");
      await query('DELETE FROM t WHERE id = 3002');
      await query(`ALTER TABLE t COMMENT '${'long '.repeat(100)}'`);
      await query('SET GLOBAL log_bin_compress=OFF');
      const events = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
      expect(rowsOf(events, 't').flatMap((event) => event.rows.map((row) => row.kind))).toEqual([
        'insert',
        'insert',
        'update',
        'delete',
      ]);
      expect(events.find((event) => event.type === 'query')?.sql).toMatch(/^ALTER TABLE t COMMENT '(long ){100}'$/);
    });
  }

  it('ends with a connection error when the server is killed', async () => {
    const stream = await openStream(upstream, await status(), schema);
    const end = (async () => {
      for await (const event of stream) expect(event.type).toBe('keepalive');
    })().catch((error: unknown) => error);
    await sleep(300);
    await server.kill();
    expect(await end).toMatchObject({ code: 10003, scope: 'upstream' });
    await server.restart();
    upstream = await upstreamOf(server);
    await query(`USE ${schema}`);
  });

  it('says that binlogs are purged, by position and by GTID', async () => {
    const start = await status();
    await query("INSERT INTO t VALUES (4001, 'x')");
    await query('FLUSH BINARY LOGS');
    await query("INSERT INTO t VALUES (4002, 'x')");
    const { name } = await status();
    // MariaDB keeps a file until its engines have nothing left to recover from it.
    const purge = async (): Promise<string | undefined> => {
      await query(`PURGE BINARY LOGS TO '${name}'`);
      return (await binlogFiles(upstream.connection))[0]?.name;
    };
    await expect.poll(purge, { timeout: 20_000 }).toBe(name);
    for (const useGtid of [true, false]) {
      const error = await (async () =>
        eventsUpToNow(upstream, await openStream(upstream, start, schema, { useGtid })))().catch(
        (caught: unknown) => caught,
      );
      expect(error).toMatchObject({ code: 36069, workaround: expect.stringContaining('purged') });
    }
  });
});

/** Waits for so many commits and closes the stream. */
async function eventsAfter(stream: AsyncIterable<BinlogEvent>, commits: number): Promise<number> {
  let seen = 0;
  for await (const event of stream) {
    if (event.type === 'commit') seen += 1;
    if (seen >= commits) break;
  }
  return seen;
}
