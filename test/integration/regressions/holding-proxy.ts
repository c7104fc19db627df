import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A TCP proxy that lets one request lose its sender: it arrives only when the test says so. */
export class HoldingProxy {
  readonly #server: Server;
  #held: { request: Buffer; to: Socket } | undefined;
  #text: string | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(target: { host: string; port: number }): Promise<HoldingProxy> {
    const server = createServer();
    const proxy = new HoldingProxy(server);
    server.on('connection', (client) => proxy.#accept(client, connect(target)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next request that holds the text is kept, and its sender's connection is reset. */
  holdNext(text: string): void {
    this.#text = text;
  }

  get isHolding(): boolean {
    return this.#held !== undefined;
  }

  /** Hands the request to the server. @returns when the server has answered it */
  async deliver(): Promise<void> {
    if (this.#held === undefined) throw new Error('no request was held');
    const { request, to } = this.#held;
    const answered = new Promise<void>((resolve) => to.once('data', () => resolve()));
    to.write(request);
    await answered;
    to.destroy();
  }

  async stop(): Promise<void> {
    this.#held?.to.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket, server: Socket): void {
    server.on('data', (chunk) => client.write(chunk));
    client.on('data', (chunk: Buffer) => {
      if (this.#text !== undefined && chunk.includes(this.#text)) {
        this.#text = undefined;
        this.#held = { request: chunk, to: server };
        client.resetAndDestroy();
      } else server.write(chunk);
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (this.#held?.to !== other) other.destroy();
      });
    }
  }
}
