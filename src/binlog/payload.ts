import { Decompress } from 'fzstd';
import { HEADER_LENGTH } from './constants.js';
import { CorruptEventError, Cursor } from './cursor.js';

/** Fields of a Transaction_payload event's head. */
const Field = { end: 0, size: 1, compression: 2, uncompressedSize: 3 } as const;

const Compression = { zstd: 0, none: 255 } as const;

/** Compressed bytes given to the decompressor at a time: what they grow to is in memory at once. */
const STEP_BYTES = 4096;

/**
 * Events inside a Transaction_payload event, in order, each with its header and without checksum. Decompression goes on
 * only as they are taken, so memory holds one event and a few steps' output whatever the size of the transaction.
 * @throws CorruptEventError
 */
export function* payloadEvents(body: Buffer): Generator<Buffer, void, void> {
  const { compression, uncompressedSize, data } = parseHead(body);
  if (compression === Compression.none) yield* splitEvents([data]);
  else if (compression === Compression.zstd) yield* splitEvents(decompress(data, uncompressedSize));
  else throw new CorruptEventError(`transaction payload with unknown compression ${compression}`);
}

function parseHead(body: Buffer): { compression: number; uncompressedSize: number; data: Buffer } {
  const cursor = new Cursor(body);
  let size = 0;
  let uncompressedSize = 0;
  let compression: number = Compression.none;
  for (;;) {
    const field = cursor.lengthEncoded();
    if (field === Field.end) break;
    const value = new Cursor(cursor.slice(cursor.lengthEncoded()));
    if (field === Field.size) size = value.lengthEncoded();
    else if (field === Field.compression) compression = value.lengthEncoded();
    else if (field === Field.uncompressedSize) uncompressedSize = value.lengthEncoded();
  }
  return { compression, uncompressedSize, data: cursor.slice(size) };
}

/** Memory that decompression may ask for: the window of zstd's own default limit. */
const MAX_WINDOW = 1 << 27;

const SINGLE_SEGMENT = 0x20;

/** Size of the window that a zstd frame asks for (RFC 8878, 3.1.1.1); servers ask for a few MB. */
function checkWindow(data: Buffer): void {
  const cursor = new Cursor(data, 4);
  const descriptor = cursor.u8();
  let window: number;
  if ((descriptor & SINGLE_SEGMENT) === 0) {
    const byte = cursor.u8();
    const base = 2 ** (10 + (byte >> 3));
    window = base + (base / 8) * (byte & 7);
  } else {
    cursor.skip([0, 1, 2, 4][descriptor & 3]); // dictionary id
    const size = descriptor >> 6;
    window =
      size === 0 ? cursor.u8() : size === 1 ? cursor.u16() + 256 : size === 2 ? cursor.u32() : Number(cursor.u64());
  }
  if (window > MAX_WINDOW) throw new CorruptEventError(`compressed transaction with a window of ${window} bytes`);
}

function* decompress(data: Buffer, limit: number): Generator<Buffer, void, void> {
  checkWindow(data);
  let chunks: Buffer[] = [];
  let total = 0;
  const stream = new Decompress((chunk) => {
    total += chunk.length;
    // The decompressor uses its memory again for the next block.
    chunks.push(Buffer.from(chunk));
  });
  for (let pos = 0; pos < data.length; pos += STEP_BYTES) {
    const end = Math.min(pos + STEP_BYTES, data.length);
    try {
      stream.push(data.subarray(pos, end), end === data.length);
    } catch (error) {
      throw new CorruptEventError('damaged compressed transaction', { cause: error });
    }
    if (total > limit) throw new CorruptEventError('compressed transaction is larger than announced');
    const ready = chunks;
    chunks = [];
    yield* ready;
  }
  if (total !== limit) throw new CorruptEventError(`compressed transaction has ${total} bytes instead of ${limit}`);
}

/** Cuts a stream of bytes into events by the length in their headers. */
function* splitEvents(chunks: Iterable<Buffer>): Generator<Buffer, void, void> {
  let parts: Buffer[] = [];
  let length = 0;
  let wanted = HEADER_LENGTH;
  for (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length < wanted) continue;
    const bytes = parts.length === 1 ? chunk : Buffer.concat(parts, length);
    let pos = 0;
    for (;;) {
      wanted = eventLength(bytes, pos);
      if (bytes.length - pos < wanted) break;
      yield bytes.subarray(pos, pos + wanted);
      pos += wanted;
    }
    length = bytes.length - pos;
    parts = length === 0 ? [] : [bytes.subarray(pos)];
  }
  if (length > 0) throw new CorruptEventError('transaction payload ends inside an event');
}

/** Bytes needed for the event at `pos`: its length, or that of a header while this is not there yet. */
function eventLength(bytes: Buffer, pos: number): number {
  if (bytes.length - pos < HEADER_LENGTH) return HEADER_LENGTH;
  const length = bytes.readUInt32LE(pos + 9);
  if (length < HEADER_LENGTH) throw new CorruptEventError(`event of ${length} bytes in a transaction payload`);
  return length;
}
