import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { beforeAll, describe, expect, it } from 'vitest';
import { startDump, type Dump } from '../../../src/binlog/transport.js';
import type { DatabaseConfig, SecurityConfig, SubtaskConfig } from '../../../src/config/types.js';
import { closeConnection, driverOptions, openConnection } from '../../../src/mysql/connect.js';
import { connectTo, startPrivateServer, type DatabaseServer } from '../../support/servers.js';
import { Migration } from './support.js';

let down: DatabaseServer;
let servers: Record<'mysql' | 'mariadb', DatabaseServer>;
/** What the downstream made for itself and its clients at its first start. */
let pem: (file: string) => string;
let path: (file: string) => string;
let serverName: string;

beforeAll(async () => {
  down = await startPrivateServer({ flavor: 'mysql' });
  path = (file) => join(down.dataDir, file);
  pem = (file) => readFileSync(path(file), 'utf8');
  const certificates = [
    `--ssl-ca=${path('ca.pem')}`,
    `--ssl-cert=${path('server-cert.pem')}`,
    `--ssl-key=${path('server-key.pem')}`,
  ];
  const [mysql, mariadb] = await Promise.all([
    startPrivateServer({ flavor: 'mysql', args: certificates }),
    startPrivateServer({ flavor: 'mariadb', args: certificates }),
  ]);
  servers = { mysql, mariadb };
  serverName = `MySQL_Server_${down.version.split('-')[0]}_Auto_Generated_Server_Certificate`;
  for (const server of [mysql, mariadb, down]) {
    const admin = await connectTo(server);
    await admin.query("CREATE USER 'tls'@'%' IDENTIFIED BY 'tls-pw' REQUIRE X509");
    await admin.query("GRANT ALL ON *.* TO 'tls'@'%'");
  }
});

function security(more: Partial<SecurityConfig> = {}): SecurityConfig {
  return { sslCa: pem('ca.pem'), sslCert: pem('client-cert.pem'), sslKey: pem('client-key.pem'), ...more };
}

function encrypted(database: DatabaseConfig, more: Partial<SecurityConfig> = {}): DatabaseConfig {
  return { ...database, user: 'tls', password: 'tls-pw', security: security(more) };
}

/** Connections of the migration's user, by number. */
async function sessions(admin: Connection): Promise<number[]> {
  const [rows] = await admin.query<RowDataPacket[]>(
    "SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = 'tls'",
  );
  return rows.map((row) => Number(row['id']));
}

describe.each(['mysql', 'mariadb'] as const)('TLS from %s', (flavor) => {
  it('carries every connection, and each new one after all were lost', async () => {
    const names = { certAllowedCn: ['another', serverName] };
    const migration = await Migration.prepare(servers[flavor], down, (config: SubtaskConfig) => ({
      from: encrypted(config.from, names),
      to: encrypted(config.to, names),
    }));
    await migration.up.query('CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(20))');
    await migration.up.query("INSERT INTO t (v) VALUES ('copied')");
    await migration.copy();
    await migration.follow(async (unit) => {
      await migration.up.query("INSERT INTO t (v) VALUES ('followed')");
      await unit.synced(migration.up, 30_000);
      for (const server of [servers[flavor], down]) {
        const admin = await connectTo(server);
        const ids = await sessions(admin);
        expect(ids.length).toBeGreaterThan(1);
        for (const id of ids) await admin.query(`KILL ${id}`).catch(() => undefined);
      }
      await migration.up.query('ALTER TABLE t ADD COLUMN w INT');
      await migration.up.query("INSERT INTO t (v, w) VALUES ('after', 1)");
    });
    await migration.expectEqual();
  });

  it('is refused without what the servers or the configuration ask for', async () => {
    const { host, port } = servers[flavor];
    const base = { host, port, user: 'tls', password: 'tls-pw' };
    const open = async (config: DatabaseConfig): Promise<void> =>
      closeConnection(await openConnection(config, { role: 'upstream' }));
    await open(encrypted(base));
    await expect(open(base)).rejects.toMatchObject({ code: 10001, rawCause: expect.stringMatching(/Access denied/) });
    const anonymous = { ...base, security: { sslCa: pem('ca.pem') } };
    await expect(open(anonymous)).rejects.toMatchObject({ rawCause: expect.stringMatching(/Access denied/) });
    const strangers = encrypted(base, { sslCa: pem('client-cert.pem') });
    await expect(open(strangers)).rejects.toMatchObject({ rawCause: expect.stringMatching(/certificate/i) });
    const misnamed = encrypted(base, { certAllowedCn: ['another'] });
    // Twice: the second connection takes the TLS session of the first up again.
    for (const _ of [1, 2]) {
      await expect(open(misnamed)).rejects.toMatchObject({
        rawCause: expect.stringContaining(`the server's certificate is for ${serverName}`),
      });
    }
  });

  it('checks the name of the server that sends the binlog', async () => {
    const { host, port } = servers[flavor];
    const source = encrypted({ host, port, user: 'tls', password: 'tls-pw' });
    const admin = await connectTo(servers[flavor]);
    const words = flavor === 'mysql' ? 'BINARY LOG' : 'MASTER';
    const [[status]] = await admin.query<RowDataPacket[]>(`SHOW ${words} STATUS`);
    /** What comes first: an event, or why there is none. */
    const begin = async (name: string): Promise<string> => {
      let dump: Dump | undefined;
      const first = new Promise<string>((resolve) => {
        const connection = driverOptions(source, { role: 'upstream' });
        const place = { name: String(status?.['File']), pos: 4 };
        dump = startDump(
          {
            connection,
            security: security({ certAllowedCn: [name] }),
            flavor,
            serverId: 777,
            heartbeatMs: 1_000,
            ...place,
          },
          { event: () => resolve('an event'), end: (error) => resolve(String(error)) },
        );
      });
      try {
        return await first;
      } finally {
        await dump?.stop();
      }
    };
    expect(await begin(serverName)).toBe('an event');
    expect(await begin('another')).toContain(`the server's certificate is for ${serverName}`);
  });
});
