/** Free TCP ports on loopback. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Ports handed out by this process: two servers that start at the same time must not get one port. */
const handedOut = new Set<number>();

/** A port on 127.0.0.1 that nothing listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await new Promise<number>((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const { port: found } = server.address() as AddressInfo;
        server.close(() => resolve(found));
      });
    });
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    return port;
  }
}
