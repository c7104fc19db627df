import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { streamRows, type RowSink } from '../../../src/dump/result-stream.js';
import type { DbConnection } from '../../../src/mysql/connect.js';

const MAX_PACKET = 0xffffff;

/** Stands in for the driver's connection: takes a query, and what its parser is given after the result is kept. */
class FakeDriver {
  readonly stream = {
    pauses: 0,
    pause: () => void this.stream.pauses++,
    resume: () => undefined,
    destroy: (error: Error) => this.#done?.(error),
  };
  packetParser = { execute: (chunk: Buffer) => this.#afterResult(chunk) };
  sequenceId = 1;
  serverCapabilityFlags = 0;
  config = { clientFlags: 0 };
  final: Buffer | undefined;
  #done: ((error: Error | null) => void) | undefined;

  writePacket(): void {
    throw new Error('not used');
  }

  query(_sql: string, done: (error: Error | null) => void): void {
    this.#done = done;
  }

  #afterResult(chunk: Buffer): void {
    this.final = Buffer.from(chunk);
    this.#done?.(chunk[4] === 0xff ? new Error(chunk.toString('latin1', 5)) : null);
  }
}

class Collector implements RowSink {
  rows: Buffer[] = [];
  large: Buffer[] = [];
  wait: Promise<void> | undefined;

  row(buffer: Buffer, start: number, end: number): void {
    this.rows.push(Buffer.from(buffer.subarray(start, end)));
  }

  largeRowStart(): void {
    this.large = [];
  }

  largeRowPiece(buffer: Buffer, start: number, end: number): void {
    this.large.push(Buffer.from(buffer.subarray(start, end)));
  }

  largeRowEnd(): void {
    this.rows.push(Buffer.concat(this.large));
  }

  backlog(): Promise<void> | undefined {
    return this.wait;
  }
}

function packet(payload: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ; at += MAX_PACKET) {
    const piece = payload.subarray(at, at + MAX_PACKET);
    const header = Buffer.alloc(4);
    header.writeUIntLE(piece.length, 0, 3);
    parts.push(header, piece);
    if (piece.length < MAX_PACKET) return Buffer.concat(parts);
  }
}

const EOF_PACKET = packet(Buffer.from([0xfe, 0, 0, 2, 0]));

function resultOf(rows: Buffer[], end = EOF_PACKET): Buffer {
  const columns = [packet(Buffer.from('def-column-1')), packet(Buffer.from('def-column-2'))];
  return Buffer.concat([packet(Buffer.from([2])), ...columns, EOF_PACKET, ...rows.map(packet), end]);
}

async function read(driver: FakeDriver, sink: RowSink, wire: Buffer, cuts: number[]): Promise<void> {
  const reading = streamRows({ connection: driver } as unknown as DbConnection, 'SELECT', sink);
  let at = 0;
  for (const cut of cuts) {
    const piece = wire.subarray(at, at + cut);
    if (piece.length > 0) driver.packetParser.execute(piece);
    at += piece.length;
  }
  if (at < wire.length) driver.packetParser.execute(wire.subarray(at));
  await reading;
}

test('rows arrive whole and in order however the network cuts the stream', async () => {
  const row = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => {
    const copy = Buffer.from(bytes);
    // A row cannot begin like an error, nor a short one like the end of the result.
    if (copy[0] === 0xff || copy[0] === 0xfe) copy[0] = 1;
    return copy;
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 200 })),
      async (rows, cuts) => {
        const driver = new FakeDriver();
        const parser = driver.packetParser;
        const sink = new Collector();
        await read(driver, sink, resultOf(rows), cuts);
        expect(Buffer.concat(sink.rows).equals(Buffer.concat(rows))).toBe(true);
        expect(sink.rows.length).toBe(rows.length);
        expect(driver.packetParser).toBe(parser);
        expect(driver.final).toEqual(Buffer.from([7, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]));
      },
    ),
  );
});

test.each([600_000, MAX_PACKET - 1, MAX_PACKET, MAX_PACKET + 1, 2 * MAX_PACKET, 2 * MAX_PACKET + 70_000])(
  'a row of %i bytes comes in pieces and is complete',
  async (length) => {
    const rows = [Buffer.alloc(10, 1), Buffer.alloc(length, 'abc'), Buffer.alloc(10, 2)];
    const sink = new Collector();
    const wire = resultOf(rows);
    await read(
      new FakeDriver(),
      sink,
      wire,
      Array.from({ length: Math.ceil(wire.length / 65_536) }, () => 65_536),
    );
    expect(sink.rows.map((row) => row.length)).toEqual(rows.map((row) => row.length));
    expect(sink.rows[1]?.equals(rows[1] ?? Buffer.alloc(0))).toBe(true);
  },
);

test("the server's error reaches the caller, at once or between rows", async () => {
  const error = packet(Buffer.concat([Buffer.from([0xff]), Buffer.from('snapshot too old')]));
  await expect(read(new FakeDriver(), new Collector(), error, [])).rejects.toThrow('snapshot too old');
  const late = resultOf([Buffer.from('row')], error);
  await expect(read(new FakeDriver(), new Collector(), late, [30, 1, 1])).rejects.toThrow('snapshot too old');
});

test('a sink that cannot follow makes the reader pause, one that fails ends the reading with its error', async () => {
  const driver = new FakeDriver();
  const sink = new Collector();
  sink.wait = Promise.resolve();
  await read(driver, sink, resultOf([Buffer.from('row')]), [60]);
  expect(driver.stream.pauses).toBeGreaterThan(0);
  const failing = new Collector();
  failing.row = () => {
    throw new Error('disk full');
  };
  await expect(read(new FakeDriver(), failing, resultOf([Buffer.from('row')]), [])).rejects.toThrow('disk full');
});
