import { beforeAll, describe, expect, it } from 'vitest';
import { decodeBinlogFile } from '../../../src/binlog/file.js';
import { DmError } from '../../../src/errors/dm-error.js';
import { parseGtidSet } from '../../../src/mysql/gtid-set.js';
import { binlogFiles, masterStatus } from '../../../src/mysql/server-info.js';
import type { BinlogEvent, BinlogLocation, HeldRows } from '../../../src/sync/events.js';
import { startPrivateServer } from '../../support/servers.js';
import { eventsUpToNow, openStream, rowsOf, tableNow, upstreamOf, type Upstream } from './support.js';

/** Short form of an event, for comparing whole sequences. */
function outline(event: BinlogEvent): string {
  if (event.type === 'rows') return `${event.rows[0]?.kind ?? 'no'} ${event.table} ${event.rows.length}`;
  if (event.type === 'query') return `${event.inTransaction ? 'in ' : ''}query ${event.sql}`;
  if (event.type === 'commit') return event.committed ? 'commit' : 'rollback';
  return event.type;
}

const outlines = (events: readonly BinlogEvent[]): string[] =>
  events.filter((event) => event.type !== 'keepalive').map(outline);

describe.each(['mysql', 'mariadb'] as const)('transactions of %s', (flavor) => {
  const schema = 'd_stream';
  let upstream: Upstream;

  const run = async (...statements: string[]): Promise<BinlogLocation> => {
    const start = await masterStatus(upstream.connection, upstream.flavor);
    for (const sql of statements) await upstream.connection.query(sql);
    return start;
  };
  const eventsOf = async (...statements: string[]): Promise<BinlogEvent[]> => {
    const start = await run(...statements);
    const events = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
    expectWholeGroups(events);
    return events;
  };
  const expectWholeGroups = (events: readonly BinlogEvent[]): void => {
    let open = false;
    for (const event of events) {
      if (event.type === 'keepalive') continue;
      expect(event.type === 'gtid').toBe(!open);
      open = event.type !== 'commit';
    }
    expect(open).toBe(false);
  };

  beforeAll(async () => {
    // A server of its own: the tests compare whole stretches of the binlog.
    upstream = await upstreamOf(await startPrivateServer({ flavor }));
    await run(
      `CREATE DATABASE ${schema}`,
      `USE ${schema}`,
      'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))',
      'CREATE TABLE u (id INT PRIMARY KEY, v VARCHAR(20))',
      'CREATE TABLE m (id INT PRIMARY KEY) ENGINE=MyISAM',
    );
  });

  it('keeps the rows of several statements and tables of one transaction in order', async () => {
    const events = await eventsOf(
      'BEGIN',
      "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
      "INSERT INTO u VALUES (1, 'x')",
      'UPDATE t, u SET t.v = u.v, u.v = t.v WHERE t.id = u.id',
      'DELETE FROM t WHERE id = 2',
      'COMMIT',
    );
    const lines = outlines(events);
    expect(lines.slice(0, 3)).toEqual(['gtid', 'insert t 2', 'insert u 1']);
    expect(lines.slice(3, 5).sort()).toEqual(['update t 1', 'update u 1']);
    expect(lines.slice(5)).toEqual(['delete t 1', 'commit']);
  });

  it('ends transactions of engines without transactions', async () => {
    expect(outlines(await eventsOf('INSERT INTO m VALUES (1)'))).toEqual(['gtid', 'insert m 1', 'commit']);
  });

  it('passes on SAVEPOINT and leaves out what was rolled back to it', async () => {
    const events = await eventsOf(
      'BEGIN',
      "INSERT INTO t VALUES (10, 'a')",
      'SAVEPOINT s',
      "INSERT INTO t VALUES (11, 'a')",
      'ROLLBACK TO s',
      "INSERT INTO t VALUES (12, 'a')",
      'COMMIT',
    );
    const rows = rowsOf(events, 't').flatMap((event) => event.rows);
    expect(rows.map((row) => (row.kind === 'insert' ? row.after[0] : row.kind))).toEqual([10, 12]);
  });

  it('gives DDL a group of its own, with the text and the session it ran in', async () => {
    const events = await eventsOf("SET sql_mode='ANSI_QUOTES'", 'ALTER TABLE "u" ADD "n" INT', "SET sql_mode=''");
    expect(outlines(events)).toEqual(['gtid', 'query ALTER TABLE "u" ADD "n" INT', 'commit']);
    const query = events.find((event) => event.type === 'query');
    expect(query).toMatchObject({ schema, sqlMode: 4n, charsetClient: 'utf8mb4' });
  });

  it('decodes a statement in the charset of its client', async () => {
    const { connection } = upstream;
    await connection.query('SET NAMES latin1');
    const start = await masterStatus(connection, upstream.flavor);
    await connection.query("ALTER TABLE u COMMENT 'ü'");
    await connection.query('SET NAMES utf8mb4');
    const events = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
    const query = events.find((event) => event.type === 'query');
    expect(query).toMatchObject({ sql: "ALTER TABLE u COMMENT 'ü'", charsetClient: 'latin1' });
  });

  it('splits CREATE TABLE ... SELECT into the statement and its rows', async () => {
    const events = await eventsOf('CREATE TABLE c SELECT 1 AS a UNION SELECT 2');
    const sql = events.flatMap((event) => (event.type === 'query' ? [event.sql] : []));
    expect(sql).toHaveLength(1);
    expect(sql[0]).toMatch(/^CREATE TABLE/);
    expect(sql[0]).not.toMatch(/START TRANSACTION/);
    expect(outlines(events).slice(2)).toEqual(['insert c 2', 'commit']);
  });

  it('hands on statements logged as text, so that their user can refuse them', async () => {
    const events = await eventsOf(
      'SET SESSION binlog_format=STATEMENT',
      "INSERT INTO t VALUES (30, 'x')",
      'SET SESSION binlog_format=ROW',
    );
    expect(outlines(events)).toEqual(['gtid', "in query INSERT INTO t VALUES (30, 'x')", 'commit']);
  });

  it('takes the one-phase form of XA as a commit, held or not', async () => {
    const start = await run("XA START 'a'", "INSERT INTO t VALUES (40, 'x')", "XA END 'a'", "XA COMMIT 'a' ONE PHASE");
    for (const xa of [{}, { xa: { maxBytes: 10_000, rows: () => [] } }]) {
      const stream = await openStream(upstream, start, schema, xa);
      expect(outlines(await eventsUpToNow(upstream, stream))).toEqual(['gtid', 'insert t 1', 'commit']);
    }
  });

  it('hands on rows of a two-phase XA transaction at its commit', async () => {
    const start = await run(
      "XA START 'b','x',7",
      "INSERT INTO t VALUES (41, 'x')",
      'SAVEPOINT s',
      "INSERT INTO t VALUES (42, 'x')",
      'ROLLBACK TO SAVEPOINT s',
      "UPDATE t SET v = 'y' WHERE id = 41",
      "XA END 'b','x',7",
      "XA PREPARE 'b','x',7",
      "XA COMMIT 'b','x',7",
      "XA START 'c'",
      "INSERT INTO t VALUES (43, 'x')",
      "XA END 'c'",
      "XA PREPARE 'c'",
      "XA ROLLBACK 'c'",
    );
    let held: readonly HeldRows[] = [];
    const asked: string[] = [];
    const rows = ({ xid }: { xid: string }): readonly HeldRows[] => {
      asked.push(xid);
      return held;
    };
    const stream = await openStream(upstream, start, schema, { xa: { maxBytes: 10_000, rows } });
    const target = await masterStatus(upstream.connection, upstream.flavor);
    const events: BinlogEvent[] = [];
    for await (const event of stream) {
      if (event.type === 'commit' && event.xa !== undefined && 'prepared' in event.xa) {
        if (event.xa.prepared.rows?.length === 2) held = event.xa.prepared.rows;
      }
      events.push(event);
      if (event.type === 'commit' && event.location.pos >= target.pos) break;
    }
    expect(asked).toEqual(["X'62',X'78',7"]);
    const lines = outlines(events);
    expect(lines.slice(0, 3)).toEqual(['gtid', 'in query SAVEPOINT `s`', 'commit']);
    expect(lines.slice(3, 7)).toEqual(['gtid', 'insert t 1', 'update t 1', 'commit']);
    expect(lines.slice(7)).toEqual(['gtid', 'commit', 'gtid', 'commit']);
    const ends = events.flatMap((event) => (event.type === 'commit' && event.xa !== undefined ? [event.xa] : []));
    expect(ends.map((xa) => ('ended' in xa ? xa.ended : 'prepared'))).toEqual([
      'prepared',
      "X'62',X'78',7",
      'prepared',
      "X'63',X'',1",
    ]);
  });

  it('skips rows of tables that the lookup does not know, but not their commits', async () => {
    const start = await run("INSERT INTO t VALUES (50, 'x')");
    const stream = await openStream(upstream, start, schema, { lookup: () => undefined });
    expect(outlines(await eventsUpToNow(upstream, stream))).toEqual(['gtid', 'commit']);
  });

  it('asks for structures anew only behind a DDL, after it was taken', async () => {
    const start = await run(
      "INSERT INTO t VALUES (60, 'x')",
      "INSERT INTO t VALUES (61, 'x')",
      'ALTER TABLE t ADD COLUMN extra INT',
      "INSERT INTO t VALUES (62, 'x', 7)",
      'ALTER TABLE t DROP COLUMN extra',
    );
    const two = await tableNow(upstream.connection, schema, 't');
    const extra = { ...two.columns[0], name: 'extra' };
    let current = two;
    const asked: number[] = [];
    const stream = await openStream(upstream, start, schema, {
      lookup: () => {
        asked.push(current.columns.length);
        return current;
      },
    });
    const target = await masterStatus(upstream.connection, upstream.flavor);
    const widths: number[] = [];
    for await (const event of stream) {
      if (event.type === 'query')
        current = event.sql.includes('ADD') ? { ...two, columns: [...two.columns, extra] } : two;
      if (event.type === 'rows') widths.push(event.structure.columns.length);
      if (event.type === 'commit' && event.location.pos >= target.pos) break;
    }
    expect(widths).toEqual([2, 2, 3]);
    expect(asked).toEqual([2, 3]);
  });

  it('refuses a structure with another number of columns', async () => {
    const start = await run("INSERT INTO t VALUES (70, 'x')");
    const table = await tableNow(upstream.connection, schema, 't');
    const lookup = (): typeof table => ({ ...table, columns: table.columns.slice(0, 1) });
    const stream = await openStream(upstream, start, schema, { lookup });
    await expect(eventsUpToNow(upstream, stream)).rejects.toMatchObject({ code: 36027 });
  });

  it('refuses a structure whose column is of another type', async () => {
    const start = await run("INSERT INTO t VALUES (71, 'x')");
    const table = await tableNow(upstream.connection, schema, 't');
    const lookup = (): typeof table => ({ ...table, columns: [table.columns[1], table.columns[0]] });
    const stream = await openStream(upstream, start, schema, { lookup });
    await expect(eventsUpToNow(upstream, stream)).rejects.toMatchObject({ code: 44005 });
  });

  it('starts by position and by GTID set with the same result, from any commit', async () => {
    const start = await run(
      "INSERT INTO t VALUES (80, 'x')",
      'CREATE TABLE g1 (a INT PRIMARY KEY)',
      'INSERT INTO g1 VALUES (1)',
      "UPDATE t SET v = 'y' WHERE id = 80",
    );
    const all = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
    const commits = all.filter((event) => event.type === 'commit');
    expect(commits.length).toBe(4);
    const end = await masterStatus(upstream.connection, upstream.flavor);
    for (const [index, { location }] of commits.slice(0, 3).entries()) {
      const rest = outlines(all).slice(outlines(all).indexOf('commit') + 1);
      const expected = index === 0 ? rest : undefined;
      for (const from of [location, { gtidSet: location.gtidSet }, { ...location, gtidSet: '' }]) {
        const events = await eventsUpToNow(upstream, await openStream(upstream, from, schema));
        const last = events.findLast((event) => event.type === 'commit');
        expect(last?.location).toEqual(end);
        expect(events.filter((event) => event.type === 'commit')).toHaveLength(3 - index);
        if (expected !== undefined) expect(outlines(events)).toEqual(expected);
      }
      const byPosition = await openStream(upstream, { ...location, gtidSet: '' }, schema, { useGtid: false });
      const events = await eventsUpToNow(upstream, byPosition);
      expect(events.filter((event) => event.type === 'commit').map((event) => event.location.gtidSet)).toEqual(
        Array.from({ length: 3 - index }, () => ''),
      );
    }
  });

  it('tells the executed set with each commit, as the server counts it', async () => {
    const start = await run("INSERT INTO t VALUES (90, 'x')", "INSERT INTO t VALUES (91, 'x')");
    const events = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
    let before = parseGtidSet(upstream.flavor, start.gtidSet);
    for (const event of events) {
      if (event.type !== 'commit') continue;
      const after = parseGtidSet(upstream.flavor, event.location.gtidSet);
      expect(after.contains(before) && !before.contains(after)).toBe(true);
      before = after;
    }
    expect(before.toString()).toBe((await masterStatus(upstream.connection, upstream.flavor)).gtidSet);
  });

  it('says what is wrong with a start that the server does not have', async () => {
    const { name } = await masterStatus(upstream.connection, upstream.flavor);
    const stream = await openStream(upstream, { name: `${name}9`, pos: 4, gtidSet: '' }, schema, { useGtid: false });
    const error = await eventsUpToNow(upstream, stream).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DmError);
    expect(error).toMatchObject({ code: 36069, scope: 'upstream' });
    expect((error as DmError).rawCause).toMatch(/Could not find first log file name/i);
    expect((error as DmError).workaround).not.toBe('');
  });

  it('ends at once when its signal fires', async () => {
    const controller = new AbortController();
    const start = await masterStatus(upstream.connection, upstream.flavor);
    const stream = await openStream(upstream, start, schema, { signal: controller.signal });
    setTimeout(() => controller.abort(), 200);
    const begun = Date.now();
    for await (const event of stream) expect(event.type).toBe('keepalive');
    expect(Date.now() - begun).toBeLessThan(3000);
    await stream.close();
  });

  it('leaves no dump thread on the server when it is closed', async () => {
    const start = await masterStatus(upstream.connection, upstream.flavor);
    const dumps = async (): Promise<number> => {
      const [rows] = await upstream.connection.query(
        "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'",
      );
      return (rows as { n: number }[])[0]?.n ?? 0;
    };
    const before = await dumps();
    const streams = await Promise.all([1, 2, 3].map(() => openStream(upstream, start, schema)));
    for (const stream of streams) {
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
    }
    expect(await dumps()).toBeGreaterThanOrEqual(before + 3);
    await Promise.all(streams.map((stream) => stream.close()));
    await expect.poll(dumps, { timeout: 5000 }).toBeLessThanOrEqual(before);
  });

  it('reads the rows of a large transaction in slices, with little in memory', async () => {
    const { connection } = upstream;
    await connection.query('CREATE TABLE big (id INT PRIMARY KEY, v VARCHAR(200))');
    const start = await masterStatus(connection, upstream.flavor);
    await connection.query(
      "INSERT INTO big SELECT a.d * 10000 + b.n, repeat('x', 150) FROM (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) a, (WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT n FROM s) b",
    );
    const stream = await openStream(upstream, start, schema, { maxBufferedBytes: 65_536 });
    const events = await eventsUpToNow(upstream, stream);
    const rows = rowsOf(events, 'big');
    expect(rows.reduce((sum, event) => sum + event.rows.length, 0)).toBe(9010);
    for (const event of rows) expect(event.rows.length).toBeLessThanOrEqual(1000);
  });

  it('reads a file of the server as it reads its stream', async () => {
    const { connection } = upstream;
    const { name } = await masterStatus(connection, upstream.flavor);
    const [rows] = await connection.query('SELECT @@log_bin_basename AS base');
    const base = (rows as { base: string }[])[0]?.base ?? '';
    const path = `${base.slice(0, base.lastIndexOf('/'))}/${name}`;
    const start = await run("INSERT INTO t VALUES (95, 'x')", 'DELETE FROM t WHERE id = 95');
    const fromServer = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
    const target = fromServer.findLast((event) => event.type === 'commit');
    const lookup = (db: string, table: string): ReturnType<typeof tableNow> | undefined =>
      db === schema ? tableNow(connection, db, table) : undefined;
    const executed = parseGtidSet(upstream.flavor, start.gtidSet);
    const fromFile: BinlogEvent[] = [];
    for await (const event of decodeBinlogFile(path, { lookup, start: start.pos, executed, allowPartialEnd: true })) {
      fromFile.push(event);
      if (event.type === 'commit' && event.end.pos === target?.end.pos) break;
    }
    const plain = (events: BinlogEvent[]): BinlogEvent[] => events.filter((event) => event.type !== 'keepalive');
    expect(plain(fromFile).map(outline)).toEqual(plain(fromServer).map(outline));
    expect(plain(fromFile).map((event) => event.end)).toEqual(plain(fromServer).map((event) => event.end));
    expect((await binlogFiles(connection)).map((file) => file.name)).toContain(name);
  });
});

describe('what only MySQL writes', () => {
  const schema = 'd_stream_only';
  let upstream: Upstream;
  let big: string;

  beforeAll(async () => {
    upstream = await upstreamOf(await startPrivateServer({ flavor: 'mysql' }));
    await upstream.connection.query(`CREATE DATABASE ${schema}`);
    await upstream.connection.query(`USE ${schema}`);
    await upstream.connection.query('CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)');
    big =
      'WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 900) SELECT n, repeat(lpad(n, 32, "0"), 300) FROM s';
  });

  it('unwraps compressed transactions', async () => {
    const { connection } = upstream;
    const start = await masterStatus(connection, 'mysql');
    await connection.query('SET binlog_transaction_compression=ON');
    await connection.query(`INSERT INTO t ${big}`);
    await connection.query("UPDATE t SET v = 'small' WHERE id = 1");
    await connection.query('SET binlog_transaction_compression=OFF');
    const events = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
    const rows = rowsOf(events, 't').flatMap((event) => event.rows);
    expect(rows).toHaveLength(901);
    expect(rows[899]).toMatchObject({ kind: 'insert', after: [900, expect.stringMatching(/^(\d{32})\1{299}$/)] });
    const commits = events.filter((event) => event.type === 'commit');
    expect(commits.at(-1)?.location).toEqual(await masterStatus(connection, 'mysql'));
    // Behind the payload another reader may start.
    const rest = await eventsUpToNow(upstream, await openStream(upstream, commits[0].location, schema));
    expect(rowsOf(rest, 't')).toHaveLength(1);
  });

  it('knows tagged GTIDs', async () => {
    const { connection } = upstream;
    const start = await masterStatus(connection, 'mysql');
    await connection.query("SET gtid_next='AUTOMATIC:d_tag'");
    await connection.query("INSERT INTO t VALUES (10001, 'x')");
    await connection.query("SET gtid_next='AUTOMATIC'");
    await connection.query("INSERT INTO t VALUES (10002, 'x')");
    const status = await masterStatus(connection, 'mysql');
    expect(status.gtidSet).toMatch(/:d_tag:/);
    for (const from of [start, { ...start, gtidSet: '' }, { gtidSet: start.gtidSet }]) {
      const events = await eventsUpToNow(upstream, await openStream(upstream, from, schema));
      const gtids = events.filter((event) => event.type === 'gtid');
      expect(gtids[0].gtid).toMatch(/^[0-9a-f-]{36}:d_tag:\d+$/);
      expect(Math.abs((gtids[0].commitMicros ?? 0) / 1e6 - Date.now() / 1000)).toBeLessThan(600);
      expect(events.findLast((event) => event.type === 'commit')?.location).toEqual(status);
    }
  });

  it('sees the columns that the user sees: no hidden ones of functional indexes, but generated keys', async () => {
    const { connection } = upstream;
    await connection.query(
      'CREATE TABLE f (id INT PRIMARY KEY, a VARCHAR(20), j JSON, KEY k1 ((UPPER(a))), KEY k2 ((CAST(j AS UNSIGNED ARRAY)))) PARTITION BY HASH (id) PARTITIONS 4',
    );
    await connection.query('SET sql_generate_invisible_primary_key=ON');
    await connection.query('CREATE TABLE g (a INT)');
    await connection.query('SET sql_generate_invisible_primary_key=OFF');
    const start = await masterStatus(connection, 'mysql');
    await connection.query("INSERT INTO f VALUES (1, 'x', '[1, 2]'), (2, 'y', '[3]')");
    await connection.query("UPDATE f SET id = 7, a = 'z' WHERE id = 1");
    await connection.query('INSERT INTO g VALUES (5)');
    const events = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
    const changes = rowsOf(events, 'f').flatMap((event) => event.rows);
    expect(changes).toHaveLength(3);
    expect(changes).toContainEqual({ kind: 'insert', after: [1, 'x', '[1, 2]'] });
    expect(changes).toContainEqual({ kind: 'update', before: [1, 'x', '[1, 2]'], after: [7, 'z', '[1, 2]'] });
    expect(rowsOf(events, 'g').flatMap((event) => event.rows)).toEqual([{ kind: 'insert', after: [1, 5] }]);
  });

  it('knows a statement whose session checks no foreign keys, and rows that cascades changed', async () => {
    const { connection } = upstream;
    await connection.query('CREATE TABLE parent (id INT PRIMARY KEY)');
    await connection.query(
      'CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE)',
    );
    const start = await masterStatus(connection, 'mysql');
    await connection.query('INSERT INTO parent VALUES (1)');
    await connection.query('INSERT INTO child VALUES (1, 1)');
    await connection.query('DELETE FROM parent');
    const events = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
    // MySQL 9.6 and later log what a cascade does, before the row that caused it.
    expect(outlines(events).filter((line) => line.startsWith('delete'))).toEqual(['delete child 1', 'delete parent 1']);
    for (const event of events) if (event.type === 'rows') expect(event.noForeignKeyChecks).toBe(true);
  });

  it('makes whole documents of partial JSON updates', async () => {
    const { connection } = upstream;
    await connection.query('CREATE TABLE j (id INT PRIMARY KEY, d JSON, n INT, e JSON)');
    await connection.query(`INSERT INTO j VALUES (1, '{"a": 1, "b": "${'x'.repeat(500)}"}', 1, '[1, 2]')`);
    const start = await masterStatus(connection, 'mysql');
    await connection.query("SET binlog_row_value_options='PARTIAL_JSON'");
    await connection.query("UPDATE j SET d = JSON_SET(d, '$.a', 2), n = NULL");
    await connection.query("SET binlog_row_value_options=''");
    const events = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
    const rows = events.flatMap((event) => (event.type === 'rows' ? event.rows : []));
    const after = [1, `{"a": 2, "b": "${'x'.repeat(500)}"}`, null, '[1, 2]'];
    expect(rows).toMatchObject([{ kind: 'update', after }]);
  });

  it('tells absent columns of minimal images from NULL', async () => {
    const { connection } = upstream;
    await connection.query('CREATE TABLE mi (id INT PRIMARY KEY, a INT, b INT)');
    const start = await masterStatus(connection, 'mysql');
    await connection.query("SET binlog_row_image='MINIMAL'");
    await connection.query('INSERT INTO mi VALUES (1, NULL, 2)');
    await connection.query('UPDATE mi SET b = NULL WHERE id = 1');
    await connection.query("SET binlog_row_image='FULL'");
    const events = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
    expect(rowsOf(events, 'mi').flatMap((event) => event.rows)).toEqual([
      { kind: 'insert', after: [1, null, 2] },
      { kind: 'update', before: [1, undefined, undefined], after: [undefined, undefined, null] },
    ]);
  });

  it('says that the upstream lacks transactions of a foreign history', async () => {
    const gtidSet = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee:1-5';
    const error = await openStream(upstream, { gtidSet }, schema).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 36069, rawCause: expect.stringContaining(gtidSet) });
  });
});
