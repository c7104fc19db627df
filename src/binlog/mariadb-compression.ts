import { inflateRawSync, inflateSync } from 'node:zlib';
import { CorruptEventError } from './cursor.js';

/** No event and no value of a server is larger (its largest `max_allowed_packet`). */
const MAX_LENGTH = 1 << 30;

const ZLIB_METHOD = 8;

/**
 * Inflates the body of a compressed MariaDB event: a byte with bit 7 set, the algorithm in bits 4-6 (0 = zlib) and in bits
 * 0-2 the size of the big-endian length that follows, then a zlib stream.
 */
export function inflateEnvelope(bytes: Buffer): Buffer {
  const head = bytes[0];
  const lengthBytes = head & 7;
  if ((head & 0xf0) !== 0x80 || lengthBytes < 1 || lengthBytes > 4 || bytes.length < 1 + lengthBytes) {
    throw new CorruptEventError('bad header of compressed data');
  }
  const length = bytes.readUIntBE(1, lengthBytes);
  const inflated = inflate(bytes.subarray(1 + lengthBytes), length, false);
  if (inflated.length !== length) throw new CorruptEventError('compressed data have another length than announced');
  return inflated;
}

/**
 * Inflates one value of a COMPRESSED column: empty, or a byte with the method in bits 4-7 (0 = stored, 8 = zlib), in bit 3
 * whether the stream is raw deflate, and in bits 0-2 the size of the big-endian length that follows.
 */
export function inflateColumnValue(bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  const method = bytes[0] >> 4;
  if (method === 0) return bytes.subarray(1);
  const lengthBytes = bytes[0] & 7;
  if (method !== ZLIB_METHOD || lengthBytes < 1 || lengthBytes > 4 || bytes.length < 1 + lengthBytes) {
    throw new CorruptEventError('bad header of a compressed column');
  }
  const length = bytes.readUIntBE(1, lengthBytes);
  return inflate(bytes.subarray(1 + lengthBytes), length, (bytes[0] & 8) !== 0);
}

function inflate(bytes: Buffer, length: number, raw: boolean): Buffer {
  if (length > MAX_LENGTH) throw new CorruptEventError(`compressed data of ${length} bytes`);
  try {
    const options = { maxOutputLength: Math.max(length, 1) };
    return raw ? inflateRawSync(bytes, options) : inflateSync(bytes, options);
  } catch (error) {
    throw new CorruptEventError('damaged compressed data', { cause: error });
  }
}
