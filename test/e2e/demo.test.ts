import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SHOP } from '../../tools/demo/shop.js';
import { META } from '../../tools/demo/files.js';
import { repositoryRoot } from '../../tools/parts/cache.js';
import { connectTo, dropAtEnd, onFileEnd, type ServerAddress, testServers } from '../support/servers.js';
import { System } from '../support/system.js';

function urlOf({ host, port, user, password }: ServerAddress): string {
  return `mysql://${user}:${encodeURIComponent(password)}@${host}:${port}`;
}

it('the demo runs on servers of the user, and ends with 1 when a row differs', async () => {
  const { mysqlUp: up, mysqlDown: down } = testServers();
  const system = await System.start();
  for (const server of [up, down]) dropAtEnd(server, SHOP);
  dropAtEnd(down, META);
  const main = join(repositoryRoot(), 'dist', 'tools', 'demo', 'main.js');
  const child = spawn(process.execPath, [main, '--upstream', urlOf(up), '--downstream', urlOf(down)], {
    env: { ...process.env, ...system.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onFileEnd(async () => void child.kill('SIGTERM'));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const other = await connectTo(down);
  let output = '';
  let meddled: Promise<unknown> | undefined;
  child.stdout.on('data', (data) => {
    output += String(data);
    // Somebody meddles with the downstream behind the migration's back.
    if (!output.includes('full copy done')) return;
    meddled ??= other.query(`INSERT INTO ${SHOP}.categories (id, name) VALUES (65000, 'not of the upstream')`);
  });
  expect(await ended, output).toBe(1);
  await meddled;
  expect(output).toContain('DIFFERENT: ');
  expect(output).toMatch(/categories/);
  expect(output).toContain('the task is running again');
  expect(output).toContain('the Web UI of your Temporal');
  expect(output).not.toContain(encodeURIComponent(up.password));
}, 600_000);
