import type { Socket } from 'node:net';
import type { Connection as CallbackConnection } from 'mysql2';
import type { DbConnection } from '../mysql/connect.js';

/**
 * The part of mysql2's connection that reading and writing at the level of the wire protocol needs and its typings leave
 * out. Everything that touches the driver's inside goes through here.
 */
export interface WireConnection {
  stream: Socket;
  packetParser: { execute(chunk: Buffer): void };
  /** Sends bytes; failures come as the connection's error. */
  write(bytes: Buffer): void;
  writePacket(packet: { buffer: Buffer; length(): number }): void;
  /** Number that the next packet, ours or the server's, must have. */
  sequenceId: number;
  serverCapabilityFlags: number;
  config: { clientFlags: number };
  /** Command under way. */
  _command?: unknown;
}

/** The wire side of a connection, and the connection with its callback interface. */
export function wireOf(connection: DbConnection): { wire: WireConnection; driver: CallbackConnection } {
  const driver = (connection as unknown as { connection: CallbackConnection }).connection;
  const wire = driver as unknown as WireConnection;
  if (typeof wire.packetParser?.execute !== 'function' || typeof wire.writePacket !== 'function') {
    throw new TypeError('the MySQL driver has another inside than expected: its version is not supported');
  }
  return { wire, driver };
}

/** Whether no statement is under way, so that the next one is sent at once. */
export function isIdle(wire: WireConnection): boolean {
  // oxlint-disable-next-line no-underscore-dangle -- the driver's own name
  return (wire._command ?? undefined) === undefined;
}
