import { createHash } from 'node:crypto';
import type { ConnectionOptions } from 'mysql2';
import ZongJi from 'zongji';
import type { Flavor, SecurityConfig } from '../config/types.js';
import { verifyPeer } from '../mysql/connect.js';
import { formatUuid } from '../mysql/gtid-set-mysql.js';
import { quoteString } from '../mysql/quote.js';

/** Seconds for which the server waits for us to read before it gives up: a slow consumer is no reason to. */
const NET_TIMEOUT_S = 86_400;

/** Where and as whom to read. */
export interface DumpRequest {
  connection: ConnectionOptions;
  /** What the server's certificate must satisfy, besides what the driver checks. */
  security?: SecurityConfig | undefined;
  flavor: Flavor;
  serverId: number;
  /** Milliseconds between the server's heartbeats when nothing else is sent. */
  heartbeatMs: number;
  /** With a set the server finds the place itself; else `name` and `pos` say it. */
  gtidSet?: string;
  name: string;
  pos: number;
}

/** Takes what the server sends. */
export interface DumpHandler {
  /** One event: header, body, checksum. The bytes stay unchanged. */
  event(bytes: Buffer): void;
  /** The stream is over: by an error, or without one when the server said so. Called once. */
  end(error: Error | undefined): void;
}

/** mysql2's packet as the dump command sees it. */
interface Packet {
  buffer: Buffer;
  offset: number;
  end: number;
  isEOF(): boolean;
  isError(): boolean;
  asError(encoding: string): Error;
}

/** The parts of mysql2's connection that the transport uses. */
interface DumpConnection {
  query(sql: string, callback: (error: Error | null) => void): void;
  on(event: 'error' | 'end' | 'connect', listener: (error?: Error) => void): void;
  pause(): void;
  resume(): void;
  stream: { bytesRead: number };
  clientEncoding: string;
}

/** zongji's dump command: `start` sends the request, what it returns takes each packet after that. */
type Step = (packet: Packet, connection: DumpConnection) => Step | null;
interface DumpCommand {
  onResult?: (error: Error) => void;
  start(packet: Packet, connection: DumpConnection): Step;
}
type DumpCommandClass = new (callback: unknown) => DumpCommand;

/** What zongji keeps to itself and a subclass has to reach. */
interface ZongJiInternals {
  connection: DumpConnection | null;
  /** Beside the dump, for questions and for ending it. */
  ctrlConnection: DumpConnection | null;
  _establishConnection(dsn: ConnectionOptions): void;
}

/**
 * zongji as transport alone: it connects, announces what we understand, asks for the dump and kills the server's thread when
 * stopped. Every packet behind the request goes to the handler as bytes; zongji's own decoding never sees one.
 */
class DumpTransport extends ZongJi {
  private readonly handler: DumpHandler;
  private readonly request: DumpRequest;
  private ended = false;
  private command: DumpCommandClass | undefined;

  constructor(request: DumpRequest, handler: DumpHandler) {
    super(request.connection);
    this.request = request;
    this.handler = handler;
    this.on('error', (error: Error) => this.finish(error));
  }

  /** zongji puts the class of its dump command here just before it uses it. */
  get BinlogClass(): DumpCommandClass | undefined {
    return this.command;
  }

  set BinlogClass(base: DumpCommandClass | undefined) {
    this.command = base === undefined ? undefined : this.wrap(base);
  }

  get dumpConnection(): DumpConnection | null {
    return (this as unknown as ZongJiInternals).connection;
  }

  /** zongji's hook where both connections are made: the dump's session has to be prepared before anything else runs. */
  ['_establishConnection'](dsn: ConnectionOptions): void {
    const base = ZongJi.prototype as unknown as ZongJiInternals;
    base['_establishConnection'].call(this as unknown as ZongJiInternals, dsn);
    const connection = this.dumpConnection;
    connection?.on('connect', () => this.verify(connection));
    connection?.query(dumpSession(this.request), (error) => {
      if (error !== null) this.finish(error);
    });
    // Idle for as long as the dump runs.
    const control = (this as unknown as ZongJiInternals).ctrlConnection;
    control?.query(`SET wait_timeout=${NET_TIMEOUT_S}`, () => undefined);
    connection?.on('end', () => this.finish(new ConnectionLostError()));
  }

  private verify(connection: DumpConnection): void {
    try {
      verifyPeer(connection, this.request.security);
    } catch (error) {
      this.finish(error as Error);
      (connection.stream as unknown as { destroy(): void }).destroy();
    }
  }

  finish(error: Error | undefined): void {
    if (this.ended) return;
    this.ended = true;
    this.handler.end(error);
  }

  private wrap(base: DumpCommandClass): DumpCommandClass {
    const { handler } = this;
    const finish = (error: Error | undefined): void => this.finish(error);
    const takePacket: Step = (packet, connection) => {
      if (packet.isEOF()) {
        finish(undefined);
        return null;
      }
      if (packet.isError()) {
        finish(packet.asError(connection.clientEncoding));
        return null;
      }
      // The first byte says "OK"; the packet object is used again, its bytes are not.
      handler.event(packet.buffer.subarray(packet.offset + 1, packet.end));
      return takePacket;
    };
    return class extends base {
      constructor(callback: unknown) {
        super(callback);
        // Both the server's and the network's errors come this way.
        this.onResult = finish;
      }

      override start(packet: Packet, connection: DumpConnection): Step {
        super.start(packet, connection);
        return takePacket;
      }
    };
  }
}

/** The server or the network closed the connection without saying why. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
  readonly code = 'PROTOCOL_CONNECTION_LOST';

  constructor() {
    super('connection lost while reading the binlog');
  }
}

/** A dump under way. */
export interface Dump {
  /** Stops and restarts reading from the socket. */
  pause(): void;
  resume(): void;
  /** Bytes read from the socket so far. */
  bytesRead(): number;
  /** Ends the dump here and on the server. Resolves within about a second. */
  stop(): Promise<void>;
}

/** Asks a server for its binlog. Errors come by `handler.end`. */
export function startDump(request: DumpRequest, handler: DumpHandler): Dump {
  const transport = new DumpTransport(request, handler);
  const start: Parameters<ZongJi['start']>[0] = { serverId: request.serverId };
  if (request.gtidSet === undefined) Object.assign(start, { filename: request.name, position: request.pos });
  else start.gtidSet = request.gtidSet;
  transport.start(start);
  return {
    pause: () => transport.dumpConnection?.pause(),
    resume: () => transport.dumpConnection?.resume(),
    bytesRead: () => transport.dumpConnection?.stream.bytesRead ?? 0,
    stop: () =>
      new Promise((resolve) => {
        transport.once('stopped', () => resolve());
        transport.finish(undefined);
        transport.stop();
      }),
  };
}

/**
 * Our UUID towards MySQL, one for each server id: when a reader connects again, the server ends the dump of its former
 * connection, as MariaDB does by server id.
 */
function readerUuid(serverId: number): string {
  return formatUuid(createHash('sha256').update(`dm reader ${serverId}`).digest(), 0);
}

/** Session of the dump: heartbeat in nanoseconds, an identity of its own, checksums understood. */
function dumpSession(request: DumpRequest): string {
  const heartbeat = String(request.heartbeatMs * 1_000_000);
  const uuid = quoteString(readerUuid(request.serverId));
  const variables = [
    `@master_heartbeat_period=${heartbeat}`,
    `@source_heartbeat_period=${heartbeat}`,
    `@slave_uuid=${uuid}`,
    `@replica_uuid=${uuid}`,
    "@master_binlog_checksum='CRC32'",
    "@source_binlog_checksum='CRC32'",
    `net_write_timeout=${NET_TIMEOUT_S}`,
    `net_read_timeout=${NET_TIMEOUT_S}`,
    `wait_timeout=${NET_TIMEOUT_S}`,
  ];
  if (request.flavor === 'mariadb') variables.push('@mariadb_slave_capability=4');
  return `SET ${variables.join(', ')}`;
}
