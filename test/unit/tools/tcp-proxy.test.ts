import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TcpProxy } from '../../support/tcp-proxy.js';

describe('TcpProxy', () => {
  let echo: Server;
  let proxy: TcpProxy;
  let client: Socket;
  let received: string;

  beforeEach(async () => {
    echo = createServer((socket) => socket.on('error', () => {}).pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    proxy = await TcpProxy.start({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
    client = await open();
  });

  afterEach(async () => {
    client.destroy();
    await proxy.stop();
    await new Promise((resolve) => echo.close(resolve));
  });

  async function open(): Promise<Socket> {
    const socket = connect({ host: proxy.host, port: proxy.port });
    received = '';
    socket.on('data', (data) => (received += String(data)));
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.on('error', () => {});
    return socket;
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  it('forwards both ways, large data in order', async () => {
    const text = 'abcdefghij'.repeat(500_000);
    client.write(text);
    await until(() => received.length === text.length);
    expect(received).toBe(text);
    expect(proxy.bytes).toBe(2 * text.length);
  });

  it('cuts open connections and takes new ones', async () => {
    client.write('x');
    await until(() => received === 'x');
    const closed = new Promise((resolve) => client.once('close', resolve));
    proxy.cut();
    await closed;
    client = await open();
    client.write('again');
    await until(() => received === 'again');
  });

  it('holds data back while stalled and delivers it when healed', async () => {
    proxy.stall();
    client.write('held');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(received).toBe('');
    proxy.heal();
    await until(() => received === 'held');
  });

  it('refuses new connections until healed', async () => {
    proxy.refuse();
    const refused = connect({ host: proxy.host, port: proxy.port });
    refused.on('error', () => {});
    await new Promise((resolve) => refused.once('close', resolve));
    proxy.heal();
    client = await open();
    client.write('y');
    await until(() => received === 'y');
  });

  it('delays', async () => {
    proxy.delay(40);
    const start = performance.now();
    client.write('late');
    await until(() => received === 'late');
    expect(performance.now() - start).toBeGreaterThanOrEqual(75);
  });
});
