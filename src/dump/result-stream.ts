import type { DbConnection } from '../mysql/connect.js';
import { isIdle, wireOf, type WireConnection } from './wire.js';

/** Takes the rows of a result as the bytes the server sent (text protocol: length-prefixed values, 0xfb for NULL). */
export interface RowSink {
  /** One whole row. The bytes are only valid during the call. */
  row(buffer: Buffer, start: number, end: number): void;
  /** A row begins that does not fit in memory comfortably; its bytes follow in pieces. */
  largeRowStart(): void;
  largeRowPiece(buffer: Buffer, start: number, end: number): void;
  largeRowEnd(): void;
  /** Asked after each piece of input: a promise makes the reader wait, so that the server does. */
  backlog(): Promise<void> | undefined;
}

/** Rows longer than this are handed on in pieces. */
const LARGE_ROW = 512 * 1024;
const MAX_PACKET = 0xffffff;
const CLIENT_DEPRECATE_EOF = 1 << 24;
const HEADER = 4;

type State = 'header' | 'columns' | 'columns-end' | 'rows' | 'done';

/**
 * Runs a SELECT and hands its rows to the sink as raw bytes, at the pace the sink allows. The memory in use does not
 * depend on the number or the size of rows. Nothing else may use the connection meanwhile.
 *
 * @throws the server's or the driver's error, or what the sink threw (the connection is destroyed then)
 */
export function streamRows(connection: DbConnection, sql: string, sink: RowSink): Promise<void> {
  const { wire, driver } = wireOf(connection);
  if (!isIdle(wire)) return Promise.reject(new Error('the connection is busy'));
  return new Promise((resolve, reject) => {
    let sinkError: unknown;
    driver.query(sql, (error) => {
      if (sinkError !== undefined) reject(sinkError);
      else if (error) reject(error);
      else resolve();
    });
    // Sent at once, since the connection was idle; the answer cannot have come yet.
    const reader = new ResultReader(wire, sink, (error) => {
      sinkError = error;
      wire.stream.destroy(error instanceof Error ? error : new Error(String(error)));
    });
    reader.attach();
  });
}

/** Reads one result set in place of the driver's own packet parser, and gives the connection back at its end. */
class ResultReader {
  readonly #wire: WireConnection;
  readonly #sink: RowSink;
  readonly #fail: (error: unknown) => void;
  readonly #driverParser: WireConnection['packetParser'];
  readonly #deprecateEof: boolean;
  #state: State = 'header';
  #columnsLeft = 0;
  /** Begin of a packet whose rest has not come yet. */
  #carry: Buffer | undefined;
  /** Bytes still to come of the current packet of a large row; -1 when the next packet's header is due. */
  #largeLeft = 0;
  #largeContinues = false;
  #inLargeRow = false;

  constructor(wire: WireConnection, sink: RowSink, fail: (error: unknown) => void) {
    this.#wire = wire;
    this.#sink = sink;
    this.#fail = fail;
    this.#driverParser = wire.packetParser;
    const flags = wire.config.clientFlags & (wire.serverCapabilityFlags || 0);
    this.#deprecateEof = (flags & CLIENT_DEPRECATE_EOF) !== 0;
  }

  attach(): void {
    this.#wire.packetParser = { execute: (chunk) => this.#take(chunk) };
  }

  #take(chunk: Buffer): void {
    try {
      this.#parse(this.#withCarry(chunk));
      this.#throttle();
    } catch (error) {
      this.#state = 'done';
      this.#wire.packetParser = { execute: () => undefined };
      this.#fail(error);
    }
  }

  #throttle(): void {
    if (this.#state === 'done') return;
    const wait = this.#sink.backlog();
    if (wait === undefined) return;
    const { stream } = this.#wire;
    stream.pause();
    wait.then(
      () => stream.resume(),
      (error: unknown) => {
        stream.resume();
        this.#fail(error);
      },
    );
  }

  #withCarry(chunk: Buffer): Buffer {
    const carry = this.#carry;
    if (carry === undefined) return chunk;
    this.#carry = undefined;
    if (carry.length < HEADER) return Buffer.concat([carry, chunk]);
    // Only the packet under way is put together; the rest of the chunk is used where it lies.
    const missing = HEADER + packetLength(carry, 0) - carry.length;
    if (chunk.length <= missing) return Buffer.concat([carry, chunk]);
    this.#parse(Buffer.concat([carry, chunk.subarray(0, missing)]));
    return chunk.subarray(missing);
  }

  #parse(chunk: Buffer): void {
    let pos = 0;
    const end = chunk.length;
    while (pos < end && this.#state !== 'done') {
      if (this.#inLargeRow && this.#largeLeft > 0) {
        pos = this.#largePiece(chunk, pos);
        continue;
      }
      if (end - pos < HEADER) break;
      const length = packetLength(chunk, pos);
      if (this.#inLargeRow || (this.#state === 'rows' && length > LARGE_ROW)) {
        this.#largePacket(length);
        pos += HEADER;
        if (length === 0) this.#endLargePacket();
        continue;
      }
      if (end - pos < HEADER + length) break;
      this.#packet(chunk, pos + HEADER, pos + HEADER + length, length);
      pos += HEADER + length;
    }
    if (pos < end && this.#state !== 'done') this.#carry = pos === 0 ? chunk : Buffer.from(chunk.subarray(pos));
  }

  #packet(chunk: Buffer, start: number, end: number, length: number): void {
    const marker = chunk[start];
    if (this.#state === 'rows') {
      if (marker === 0xfe && length < (this.#deprecateEof ? MAX_PACKET : 9)) this.#finish(OK_PAYLOAD);
      else if (marker === 0xff) this.#finish(chunk.subarray(start, end));
      else this.#sink.row(chunk, start, end);
      return;
    }
    if (marker === 0xff) return this.#finish(chunk.subarray(start, end));
    if (this.#state === 'header') {
      this.#columnsLeft = columnCount(chunk, start);
      this.#state = 'columns';
    } else if (this.#state === 'columns') {
      if (--this.#columnsLeft === 0) this.#state = this.#deprecateEof ? 'rows' : 'columns-end';
    } else {
      this.#state = 'rows';
    }
  }

  #largePacket(length: number): void {
    if (!this.#inLargeRow) this.#sink.largeRowStart();
    this.#inLargeRow = true;
    this.#largeLeft = length;
    this.#largeContinues = length === MAX_PACKET;
  }

  #largePiece(chunk: Buffer, pos: number): number {
    const take = Math.min(this.#largeLeft, chunk.length - pos);
    this.#sink.largeRowPiece(chunk, pos, pos + take);
    this.#largeLeft -= take;
    if (this.#largeLeft === 0) this.#endLargePacket();
    return pos + take;
  }

  #endLargePacket(): void {
    if (this.#largeContinues) return;
    this.#inLargeRow = false;
    this.#sink.largeRowEnd();
  }

  /** Gives the connection back; the driver sees an empty result or the server's error. */
  #finish(payload: Buffer): void {
    this.#state = 'done';
    this.#wire.packetParser = this.#driverParser;
    const packet = Buffer.allocUnsafe(HEADER + payload.length);
    packet.writeUIntLE(payload.length, 0, 3);
    packet[3] = this.#wire.sequenceId;
    payload.copy(packet, HEADER);
    this.#driverParser.execute(packet);
  }
}

/** OK packet: no rows affected, autocommit status, no warnings. */
const OK_PAYLOAD = Buffer.from([0, 0, 0, 2, 0, 0, 0]);

function packetLength(buffer: Buffer, pos: number): number {
  return (buffer[pos] ?? 0) | ((buffer[pos + 1] ?? 0) << 8) | ((buffer[pos + 2] ?? 0) << 16);
}

function columnCount(buffer: Buffer, pos: number): number {
  const first = buffer[pos] ?? 0;
  return first < 0xfb ? first : buffer.readUInt16LE(pos + 1);
}
