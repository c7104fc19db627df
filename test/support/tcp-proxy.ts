/** A TCP proxy on loopback that fails on demand, for network faults between two processes. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** How bytes travel now. */
type Mode = 'forward' | 'stall' | 'refuse';

export class TcpProxy {
  readonly host = '127.0.0.1';
  readonly port: number;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly waiting = new Set<() => void>();
  private mode: Mode = 'forward';
  private delayMs = 0;
  private forwarded = 0;

  private constructor(server: Server, target: { host: string; port: number }) {
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.accept(client, target));
  }

  static async start(target: { host: string; port: number }): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new TcpProxy(server, target);
  }

  /** `host:port`. */
  get address(): string {
    return `${this.host}:${this.port}`;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.sockets.size / 2;
  }

  /** Bytes that have passed in both directions. */
  get bytes(): number {
    return this.forwarded;
  }

  /** Resets all connections; new ones are accepted again at once. */
  cut(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Resets all connections and every new one, until `heal()`. */
  refuse(): void {
    this.mode = 'refuse';
    this.cut();
  }

  /** Connections stay open, new ones are accepted, and no byte passes, until `heal()`. */
  stall(): void {
    this.mode = 'stall';
  }

  /** Each piece of data arrives this much later. */
  delay(ms: number): void {
    this.delayMs = ms;
  }

  /** Back to normal; what was held back is delivered. */
  heal(): void {
    this.mode = 'forward';
    this.delayMs = 0;
    for (const release of this.waiting) release();
    this.waiting.clear();
  }

  async stop(): Promise<void> {
    this.heal();
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(client: Socket, target: { host: string; port: number }): void {
    if (this.mode === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ ...target, noDelay: true });
    client.setNoDelay(true);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      void this.pump(from, to);
    }
  }

  private async pump(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
        while (this.mode === 'stall') await new Promise<void>((resolve) => this.waiting.add(resolve));
        if (to.destroyed) return;
        this.forwarded += chunk.length;
        if (!to.write(chunk)) await writable(to);
      }
      while (this.mode === 'stall') await new Promise<void>((resolve) => this.waiting.add(resolve));
      to.end();
    } catch {
      // A broken connection is what this proxy is for; its other half is destroyed by the listeners above.
    }
  }
}

function writable(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
  });
}
