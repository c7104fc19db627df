import type { ResultSetHeader } from 'mysql2';
import type { DbConnection } from '../mysql/connect.js';
import { isIdle, wireOf, type WireConnection } from '../dump/wire.js';

const MAX_PACKET = 0xffffff;
const HEADER = 4;

/** Answer of one statement of a request: a result of writing, or rows. */
export type RawResult = ResultSetHeader | unknown[];

/**
 * Sends a request made of byte pieces without copying or decoding them, and gives the answers of its statements in order.
 * Nothing else may use the connection meanwhile.
 *
 * @throws the server's or the driver's error
 */
export function rawQuery(connection: DbConnection, pieces: readonly Buffer[]): Promise<RawResult[]> {
  const { wire, driver } = wireOf(connection);
  if (!isIdle(wire)) return Promise.reject(new Error('the connection is busy'));
  return new Promise((resolve, reject) => {
    // An own property hides the class's method for this one request.
    const restore = (): void => void Reflect.deleteProperty(wire, 'writePacket');
    // The driver makes an empty request, which shows how it has to begin on this connection, and reads the answer.
    wire.writePacket = (packet) => {
      restore();
      writeRequest(wire, packet.buffer.subarray(HEADER), pieces);
    };
    driver.query('', (error, result) => {
      if (error) reject(error);
      else resolve(asList(result));
    });
    restore();
  });
}

/** One statement answers with its result or its rows, several with a list of such. */
function asList(result: unknown): RawResult[] {
  if (!Array.isArray(result)) return [result as ResultSetHeader];
  const isList = result.some((entry) => Array.isArray(entry) || isHeader(entry));
  return isList ? (result as RawResult[]) : [result];
}

function isHeader(entry: unknown): boolean {
  return typeof entry === 'object' && entry !== null && 'affectedRows' in entry && 'serverStatus' in entry;
}

/** Writes a request as packets of the protocol: a header before each 16 MiB. */
function writeRequest(wire: WireConnection, prefix: Buffer, pieces: readonly Buffer[]): void {
  const all = [prefix, ...pieces];
  let left = all.reduce((sum, piece) => sum + piece.length, 0);
  let index = 0;
  let at = 0;
  wire.stream.cork();
  for (let last = false; !last;) {
    let room = Math.min(left, MAX_PACKET);
    last = room < MAX_PACKET;
    wire.write(packetHeader(wire, room));
    left -= room;
    while (room > 0) {
      const piece = all[index] ?? prefix;
      const take = Math.min(room, piece.length - at);
      if (take > 0) wire.write(piece.subarray(at, at + take));
      room -= take;
      at += take;
      if (at === piece.length) {
        index++;
        at = 0;
      }
    }
  }
  wire.stream.uncork();
}

function packetHeader(wire: WireConnection, length: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER);
  header.writeUIntLE(length, 0, 3);
  header[3] = wire.sequenceId;
  wire.sequenceId = (wire.sequenceId + 1) % 256;
  return header;
}
