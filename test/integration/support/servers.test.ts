import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { RowDataPacket } from 'mysql2';
import { createConnection } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import { isAlive } from '../../../tools/parts/cache.js';
import { SEARCH_ATTRIBUTES } from '../../../workflows/contract.js';
import type { DatabaseServer } from '../../support/servers.js';
import { startPrivateServer, startPrivateTemporal } from '../../support/servers.js';

async function query(server: DatabaseServer, sql: string): Promise<RowDataPacket[]> {
  const { host, port, user, password } = server;
  const connection = await createConnection({ host, port, user, password, connectTimeout: 1_000 });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows;
  } finally {
    connection.destroy();
  }
}

describe.each(['mysql', 'mariadb'] as const)('a private %s server', (flavor) => {
  it('keeps its rows over SIGKILL and restart, freezes, and takes other arguments', async () => {
    const server = await startPrivateServer({ flavor });
    await query(server, 'CREATE DATABASE d');
    await query(server, 'CREATE TABLE d.t AS SELECT 42 AS a');

    await server.kill();
    await expect(query(server, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
    await server.restart();
    expect(await query(server, 'SELECT a FROM d.t')).toEqual([{ a: 42 }]);

    server.freeze();
    const answer = query(server, 'SELECT 1 AS one');
    answer.catch(() => {});
    expect(await Promise.race([answer, sleep(300, 'silence')])).toBe('silence');
    server.resume();
    expect(await answer).toEqual([{ one: 1 }]);

    await server.restart(['--binlog-row-image=MINIMAL']);
    expect(await query(server, 'SELECT @@binlog_row_image AS image')).toEqual([{ image: 'MINIMAL' }]);

    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
    expect(existsSync(server.dataDir)).toBe(false);
  });

  it('logs whole rows', async () => {
    const server = await startPrivateServer({ flavor });
    const [row] = await query(server, 'SELECT @@log_bin b, @@binlog_format f, @@binlog_row_image i, @@server_id > 0 s');
    expect(row).toEqual({ b: 1, f: 'ROW', i: 'FULL', s: 1 });
  });
});

it('a server says why it cannot start', async () => {
  const starting = startPrivateServer({ flavor: 'mariadb', args: ['--no-such-option=1'] });
  const error = await starting.then(
    () => undefined,
    (e: Error) => e,
  );
  expect(String(error?.cause)).toMatch(/ended with .*no-such-option/s);
});

it('no server outlives a process that is killed', async () => {
  // The compiled module: a plain process must be able to load it.
  const script = `
    const { startDatabaseServer } = await import('./dist/tools/servers/database-server.js');
    const server = await startDatabaseServer({ flavor: 'mariadb' });
    console.log(JSON.stringify({ pid: server.pid, dataDir: server.dataDir }));
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve) => owner.stdout.once('data', (data) => resolve(String(data))));
  const server = JSON.parse(line) as { pid: number; dataDir: string };
  expect(isAlive(server.pid)).toBe(true);
  owner.kill('SIGKILL');
  for (let i = 0; i < 100 && (isAlive(server.pid) || existsSync(server.dataDir)); i++) await sleep(100);
  expect(isAlive(server.pid)).toBe(false);
  expect(existsSync(server.dataDir)).toBe(false);
});

it('a Temporal server keeps its workflows over a restart and knows our search attributes', async () => {
  const server = await startPrivateTemporal();
  const connect = (): Promise<Connection> => Connection.connect({ address: server.address });
  let connection = await connect();
  const { namespace } = server;
  const known = await connection.operatorService.listSearchAttributes({ namespace });
  for (const name of Object.values(SEARCH_ATTRIBUTES)) expect(known.customAttributes).toHaveProperty([name]);
  await new Client({ connection }).workflow.start('any', { taskQueue: 'nobody', workflowId: 'kept' });
  await connection.close();

  await server.kill();
  await server.restart();
  connection = await connect();
  const description = await new Client({ connection }).workflow.getHandle('kept').describe();
  expect(description.status.name).toBe('RUNNING');
  await connection.close();
  expect((await fetch(server.uiUrl)).ok).toBe(true);
});
