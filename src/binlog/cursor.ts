/** Bytes of an event are not what its format allows. The decoder adds the position before it hands the error on. */
export class CorruptEventError extends Error {
  override readonly name = 'CorruptEventError';
}

/** Reads small integers and strings one after the other, never beyond the end of its bytes. Little-endian. */
export class Cursor {
  readonly bytes: Buffer;
  pos: number;

  constructor(bytes: Buffer, pos = 0) {
    this.bytes = bytes;
    this.pos = pos;
  }

  get remaining(): number {
    return this.bytes.length - this.pos;
  }

  /** Passes over `count` bytes and returns where they began. */
  skip(count: number): number {
    const start = this.pos;
    if (!(count >= 0 && count <= this.bytes.length - start)) {
      throw new CorruptEventError(`${count} bytes expected at offset ${start} of ${this.bytes.length}`);
    }
    this.pos = start + count;
    return start;
  }

  u8(): number {
    return this.bytes[this.skip(1)];
  }

  u16(): number {
    return this.bytes.readUInt16LE(this.skip(2));
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.skip(4));
  }

  u48(): number {
    return this.bytes.readUIntLE(this.skip(6), 6);
  }

  u64(): bigint {
    return this.bytes.readBigUInt64LE(this.skip(8));
  }

  /** Length-encoded integer of the client protocol. */
  lengthEncoded(): number {
    const first = this.u8();
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.u16();
    if (first === 0xfd) return this.bytes.readUIntLE(this.skip(3), 3);
    if (first === 0xfe) return toSafeNumber(this.u64());
    throw new CorruptEventError(`bad length byte ${first} at offset ${this.pos - 1}`);
  }

  /** Variable-length integer of MySQL's serialization library: as many bytes as the first byte has trailing ones, plus one. */
  serializedUint(): bigint {
    const first = this.u8();
    let extra = 0;
    while (extra < 8 && ((first >> extra) & 1) === 1) extra++;
    const at = this.skip(extra);
    let value = BigInt(first >> (extra + 1));
    const shift = extra === 8 ? 0 : 7 - extra;
    for (let index = 0; index < extra; index++) value |= BigInt(this.bytes[at + index]) << BigInt(shift + 8 * index);
    return value;
  }

  /** Signed form of {@link serializedUint}. */
  serializedInt(): bigint {
    const value = this.serializedUint();
    return (value & 1n) === 1n ? -(value >> 1n) - 1n : value >> 1n;
  }

  /** The next bytes, sharing memory. */
  slice(count: number): Buffer {
    const start = this.skip(count);
    return this.bytes.subarray(start, start + count);
  }

  /** All bytes that are left, sharing memory. */
  rest(): Buffer {
    return this.slice(this.remaining);
  }

  utf8(count: number): string {
    const start = this.skip(count);
    return this.bytes.toString('utf8', start, start + count);
  }
}

/** A 64-bit length as number. */
export function toSafeNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new CorruptEventError(`length ${value} is not possible`);
  return Number(value);
}
