/** A database server that answers as a test says, for products that are not at hand. */
import type { AddressInfo, Server } from 'node:net';
import mysql from 'mysql2';
import { onFileEnd } from './servers.js';

/** What the server says to a request: rows, done, an error, or nothing more at all, at once or after some milliseconds. */
export type Answer =
  Record<string, string | null>[] | 'ok' | 'reset' | { resetAfter: number } | { errno: number; message: string };

/** Server side of a connection, as mysql2 has it beyond its typings. */
interface ServerSide {
  stream: { resetAndDestroy(): void; destroy(): void };
  /** SET comes as `stmt_prepare`. */
  on(event: 'query' | 'stmt_prepare', listener: (sql: string) => void): void;
  on(event: 'error', listener: () => void): void;
  serverHandshake(hello: object): void;
  /** The next request begins to count its packets anew. */
  ['_resetSequenceId'](): void;
  writeOk(): void;
  writeError(error: { code: number; message: string }): void;
  writeColumns(columns: object[]): void;
  writeTextRow(values: (string | null)[]): void;
  writeEof(): void;
}

/** PROTOCOL_41, TRANSACTIONS, SECURE_CONNECTION, MULTI_STATEMENTS, MULTI_RESULTS, PLUGIN_AUTH. */
const CAPABILITIES = 0x200 | 0x2000 | 0x8000 | 0x10000 | 0x20000 | 0x80000;
const VAR_STRING = 253;

export class FakeServer {
  /** Requests in the order in which they came. */
  readonly requests: string[];
  readonly port: number;

  private constructor(port: number, requests: string[]) {
    this.port = port;
    this.requests = requests;
  }

  /** @param answer - called with each request's text, which may hold several statements */
  static async start(version: string, answer: (sql: string) => Answer): Promise<FakeServer> {
    const sides = new Set<ServerSide>();
    const requests: string[] = [];
    const server = mysql.createServer((connection) => {
      const side = connection as unknown as ServerSide;
      sides.add(side);
      side.on('error', () => undefined);
      const listen = (sql: string): void => {
        requests.push(sql);
        reply(side, answer(sql));
        side['_resetSequenceId']();
      };
      side.on('query', listen);
      side.on('stmt_prepare', listen);
      side.serverHandshake({
        protocolVersion: 10,
        serverVersion: version,
        connectionId: sides.size,
        statusFlags: 2,
        characterSet: 45,
        capabilityFlags: CAPABILITIES,
        authCallback: (_: unknown, accept: (error: null) => void) => {
          accept(null);
          side['_resetSequenceId']();
        },
      });
    });
    const { _server: socket } = server as unknown as { _server: Server };
    await new Promise<void>((resolve) => socket.listen(0, '127.0.0.1', resolve));
    onFileEnd(async () => {
      for (const side of sides) side.stream.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    });
    return new FakeServer((socket.address() as AddressInfo).port, requests);
  }

  /** Requests that hold the text. */
  asked(text: string): string[] {
    return this.requests.filter((sql) => sql.includes(text));
  }
}

function reply(side: ServerSide, answer: Answer): void {
  if (answer === 'ok') side.writeOk();
  else if (answer === 'reset') side.stream.resetAndDestroy();
  else if ('resetAfter' in answer) setTimeout(() => side.stream.resetAndDestroy(), answer.resetAfter);
  else if (!Array.isArray(answer)) side.writeError({ code: answer.errno, message: answer.message });
  else {
    const names = Object.keys(answer[0] ?? { nothing: null });
    const column = { catalog: 'def', schema: '', table: '', orgTable: '', characterSet: 45, flags: 0, decimals: 0 };
    side.writeColumns(
      names.map((name) => ({ ...column, name, orgName: name, columnLength: 1024, columnType: VAR_STRING })),
    );
    for (const row of answer) side.writeTextRow(names.map((name) => row[name] ?? null));
    side.writeEof();
  }
}
