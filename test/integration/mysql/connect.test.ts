import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { DatabaseConfig } from '../../../src/config/types.js';
import { DmError } from '../../../src/errors/dm-error.js';
import {
  closeConnection,
  openConnection,
  queryRows,
  type ConnectOptions,
  type DbConnection,
} from '../../../src/mysql/connect.js';
import { databaseError, isConnectionError, isRetryable } from '../../../src/mysql/errors.js';
import { quoteIdent, quoteString } from '../../../src/mysql/quote.js';
import {
  binlogFiles,
  detectServer,
  masterStatus,
  purgedGtidSet,
  versionAtLeast,
} from '../../../src/mysql/server-info.js';
import { createDatabase, onFileEnd, startPrivateServer } from '../../support/servers.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

const ODD = '\0 \b\t\n\r\x1a"\'`\\%_ü日本🙂';

describe.each(['mysqlUp', 'mariadbUp'] as const)('connections to %s', (which) => {
  let config: DatabaseConfig;

  const open = async (
    options: Partial<ConnectOptions> = {},
    more: Partial<DatabaseConfig> = {},
  ): Promise<DbConnection> => {
    const connection = await openConnection({ ...config, ...more }, { role: 'downstream', ...options });
    onFileEnd(() => closeConnection(connection));
    return connection;
  };
  const failure = async (more: Partial<DatabaseConfig>, options: Partial<ConnectOptions> = {}): Promise<DmError> => {
    const error = await openConnection({ ...config, ...more }, { role: 'upstream', ...options }).catch(
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(DmError);
    return error as DmError;
  };

  beforeAll(() => {
    const { host, port, user, password } = inject('servers')[which];
    config = { host, port, user, password };
  });

  it('set their session up whatever the server says', async () => {
    const connection = await open({ sqlMode: 'ANSI_QUOTES', session: { group_concat_max_len: '4321' } });
    const sql = `SELECT @@time_zone AS z, @@sql_mode AS m, @@character_set_client AS c, @@character_set_results AS r,
      @@character_set_connection AS n, @@wait_timeout AS w, @@group_concat_max_len AS g`;
    const [row] = await queryRows(connection, 'downstream', sql);
    expect(row).toMatchObject({
      z: '+00:00',
      m: 'ANSI_QUOTES',
      c: 'utf8mb4',
      r: 'utf8mb4',
      n: 'utf8mb4',
      w: 86400,
      g: 4321,
    });
  });

  it('hand values over without loss', async () => {
    const connection = await open();
    const sql = `SELECT 18446744073709551615 AS u, CAST(1.10 AS DECIMAL(5,2)) AS d, TIMESTAMP'2020-01-01 10:00:00' AS t, DATE'2020-01-01' AS a, NULL AS n, x'00ff' AS b`;
    const [row] = await queryRows(connection, 'downstream', sql);
    expect(row).toEqual({
      u: '18446744073709551615',
      d: '1.10',
      t: '2020-01-01 10:00:00',
      a: '2020-01-01',
      n: null,
      b: Buffer.from('00ff', 'hex'),
    });
    const raw = await open({ rawValues: true, rowsAsArray: true });
    const [values] = (await queryRows(raw, 'downstream', 'SELECT 1.50, NULL, 0.1e0')) as unknown as (Buffer | null)[][];
    expect(values.map((value) => value?.toString())).toEqual(['1.50', undefined, '0.1']);
  });

  it('carry any text through both quotings, and any name', async () => {
    const plain = await open();
    const [first] = await queryRows(plain, 'downstream', `SELECT ${quoteString(ODD)} AS ${quoteIdent('a`b 日')}`);
    expect(first).toEqual({ 'a`b 日': ODD });
    const strict = await open({ sqlMode: 'NO_BACKSLASH_ESCAPES' });
    const [second] = await queryRows(
      strict,
      'downstream',
      `SELECT ${quoteString(ODD, { noBackslashEscapes: true })} AS a`,
    );
    expect(second).toEqual({ a: ODD });
  });

  it('tell a refusal, an unreachable host and a dead port apart, without the password', async () => {
    const refused = await failure({ password: 'wrong-secret' });
    expect(refused).toMatchObject({ code: 10001, scope: 'upstream' });
    expect(refused.rawCause).toMatch(/Access denied/);
    expect(refused.toString()).not.toContain('wrong-secret');
    expect(isConnectionError(refused)).toBe(false);
    expect(await failure({ host: 'no-such-host.invalid' })).toMatchObject({ code: 10002 });
    expect(await failure({ port: 1 })).toMatchObject({ code: 10002 });
  });

  it('do not wait for ever for a server that does not answer', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const begun = Date.now();
    const { port } = silent.address() as AddressInfo;
    expect(await failure({ host: '127.0.0.1', port }, { connectTimeoutMs: 500 })).toMatchObject({ code: 10002 });
    expect(Date.now() - begun).toBeLessThan(3000);
    silent.close();
  });

  it('refuse a session variable that is not a name', async () => {
    expect(await failure({ session: { 'a=1; DROP TABLE x; --': '1' } })).toMatchObject({ code: 10001 });
    expect(await failure({ session: { no_such_variable: '1' } })).toMatchObject({ code: 10001 });
  });

  it('fail the statement under way when the signal fires', async () => {
    const controller = new AbortController();
    const connection = await open({ signal: controller.signal });
    const running = connection.query('SELECT SLEEP(30)');
    setTimeout(() => controller.abort(), 100);
    const begun = Date.now();
    const error = await running.catch((caught: unknown) => caught);
    expect(isConnectionError(error)).toBe(true);
    expect(Date.now() - begun).toBeLessThan(3000);
    const reason = await openConnection(config, { role: 'upstream', signal: controller.signal }).catch(
      (caught: unknown) => caught,
    );
    expect(reason).toBe(controller.signal.reason);
  });

  it('notice a server that falls silent in the middle of a statement, but leave idle ones alone', async () => {
    const proxy = await TcpProxy.start({ host: config.host, port: config.port });
    const connection = await open({ readTimeoutMs: 400 }, { host: proxy.host, port: proxy.port });
    await sleep(1000);
    await connection.query('SELECT 1');
    proxy.stall();
    const error = await connection.query('SELECT 1').catch((caught: unknown) => caught);
    expect(databaseError(error, { scope: 'downstream', kind: 'execute' })).toMatchObject({ code: 10003 });
    expect(isRetryable(error)).toBe(true);
    await proxy.stop();
  });

  it('survive being killed while idle, and say so with the next statement', async () => {
    const victim = await open();
    const [row] = await queryRows(victim, 'downstream', 'SELECT CONNECTION_ID() AS id');
    const killer = await open();
    await killer.query(`KILL ${String(row['id'])}`);
    await sleep(200);
    const error = await queryRows(victim, 'downstream', 'SELECT 1').catch((caught: unknown) => caught);
    expect(isConnectionError(error), String(error)).toBe(true);
    await closeConnection(victim);
  });

  // MySQL switches local_infile off for the whole server by default.
  if (which === 'mariadbUp') {
    it('serve LOAD DATA LOCAL from memory only when asked to', async () => {
      const database = await createDatabase(inject('servers')[which], 'd_local');
      const connection = await open({ database, localInfile: () => Readable.from([Buffer.from('1\n2\n')]) });
      await connection.query('CREATE TABLE t (id INT)');
      await connection.query("LOAD DATA LOCAL INFILE 'x' INTO TABLE t");
      const [row] = await queryRows(connection, 'downstream', 'SELECT SUM(id) AS s FROM t');
      expect(row['s']).toBe('3');
      const plain = await open({ database });
      await expect(plain.query("LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t")).rejects.toThrow();
    });
  }

  it('describe the server and where its binlog ends', async () => {
    const connection = await open();
    const info = await detectServer(connection, 'upstream');
    expect(info).toMatchObject({
      flavor: inject('servers')[which].flavor,
      isTiDB: false,
      logBin: true,
      binlogFormat: 'ROW',
    });
    expect(versionAtLeast(info, 5, 7, 0)).toBe(true);
    const status = await masterStatus(connection, info.flavor);
    const files = await binlogFiles(connection);
    expect(files.map((file) => file.name)).toContain(status.name);
    expect(status.gtidSet).not.toBe('');
    expect((await purgedGtidSet(connection, info.flavor)).flavor).toBe(info.flavor);
  });
});

describe('TLS', () => {
  it('encrypts, verifies the authority and checks the name in the certificate', async () => {
    const server = await startPrivateServer({ flavor: 'mysql' });
    const sslCa = readFileSync(join(server.dataDir, 'ca.pem'), 'utf8');
    const { host, port, user, password } = server;
    const open = async (security: DatabaseConfig['security']): Promise<DbConnection> => {
      const connection = await openConnection({ host, port, user, password, security }, { role: 'upstream' });
      onFileEnd(() => closeConnection(connection));
      return connection;
    };
    const cipher = async (connection: DbConnection): Promise<string> => {
      const [row] = await queryRows(connection, 'upstream', "SHOW STATUS LIKE 'Ssl_cipher'");
      return String(row['Value']);
    };
    expect(await cipher(await open({ sslCa }))).not.toBe('');
    expect(await cipher(await open({}))).not.toBe('');
    expect(await cipher(await open(undefined))).toBe('');
    const [certificate] = await queryRows(await open({ sslCa }), 'upstream', 'SELECT VERSION() AS v');
    const name = `MySQL_Server_${String(certificate['v']).split('-')[0]}_Auto_Generated_Server_Certificate`;
    expect(await cipher(await open({ sslCa, certAllowedCn: [name] }))).not.toBe('');
    await expect(open({ sslCa, certAllowedCn: ['someone-else'] })).rejects.toMatchObject({ code: 10001 });
    const otherCa = readFileSync(join(server.dataDir, 'client-cert.pem'), 'utf8');
    await expect(open({ sslCa: otherCa })).rejects.toBeInstanceOf(DmError);
    const key = readFileSync(join(server.dataDir, 'client-key.pem'), 'utf8');
    expect(await cipher(await open({ sslCa, sslCert: otherCa, sslKey: key }))).not.toBe('');
  });
});
