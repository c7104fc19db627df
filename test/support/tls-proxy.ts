/** A proxy on loopback that speaks HTTP/2 over TLS in front of a gRPC server without TLS, as a load balancer does. */
import { readFileSync } from 'node:fs';
import { connect, createSecureServer } from 'node:http2';
import type { Http2SecureServer, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

/** Path of a file in the folder of certificates: `ca.pem`, `client-cert.pem`, `client-key.pem`, `server-...`. */
export function certificate(name: string): string {
  return fileURLToPath(new URL(`./certificates/${name}`, import.meta.url));
}

export class TlsProxy {
  /** Authorization headers of the requests so far. */
  readonly authorizations = new Set<string | undefined>();
  private readonly server: Http2SecureServer;
  private readonly target: string;

  private constructor(server: Http2SecureServer, target: string) {
    this.server = server;
    this.target = target;
    server.on('stream', (stream, headers) => this.forward(stream, headers));
    // A client that is refused ends its connection as it likes.
    server.on('sessionError', () => undefined);
  }

  /**
   * Starts one in front of `target` (`host:port`). Clients must show a certificate of the authority.
   */
  static async start(target: string): Promise<TlsProxy> {
    const [cert, key, ca] = ['server-cert.pem', 'server-key.pem', 'ca.pem'].map((name) =>
      readFileSync(certificate(name)),
    );
    const server = createSecureServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TlsProxy(server, target);
  }

  /** `host:port`. */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.close();
  }

  private forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    this.authorizations.add(headers.authorization);
    const session = connect(`http://${this.target}`);
    const end = (): void => {
      session.destroy();
      if (!stream.destroyed) stream.close();
    };
    session.on('error', end);
    const request = session.request(headers);
    request.on('error', end);
    stream.on('error', end);
    stream.on('close', () => session.destroy());
    request.on('response', (answer, flags) => {
      // A refusal consists of headers alone.
      if ((flags & 1) !== 0) stream.respond(answer, { endStream: true });
      else stream.respond(answer, { waitForTrailers: true });
      let trailers: IncomingHttpHeaders = {};
      request.on('trailers', (received) => (trailers = received));
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      if ((flags & 1) === 0) request.pipe(stream);
    });
    stream.pipe(request);
  }
}
