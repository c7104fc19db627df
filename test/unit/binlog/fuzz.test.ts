import { describe, expect, it } from 'vitest';
import { crc32 } from '../../../src/binlog/checksum.js';
import { decodeBinlogFile } from '../../../src/binlog/file.js';
import { DmError } from '../../../src/errors/dm-error.js';
import { processorTime } from '../../support/effort.js';
import { GOLDEN, goldenBytes, goldenLookup, type GoldenName } from './golden.js';

/** Decodes damaged bytes. Whatever is in them, only a DmError may come out, and soon. */
async function survive(name: GoldenName, bytes: Buffer): Promise<DmError | undefined> {
  const { lookup, track } = goldenLookup(name);
  let failure: unknown;
  const took = await processorTime(async () => {
    try {
      for await (const event of decodeBinlogFile(bytes, { lookup })) track(event);
    } catch (error) {
      failure = error;
    }
  });
  expect(took).toBeLessThan(2_000);
  if (failure === undefined) return undefined;
  expect(failure).toBeInstanceOf(DmError);
  return failure as DmError;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

/** Makes the checksums right again, so that damage gets past them to the decoder. */
function reseal(bytes: Buffer): void {
  let pos = 4;
  while (pos + 19 <= bytes.length) {
    const length = bytes.readUInt32LE(pos + 9);
    if (length < 23 || pos + length > bytes.length) return;
    bytes.writeUInt32LE(crc32(bytes.subarray(pos, pos + length - 4)), pos + length - 4);
    pos += length;
  }
}

describe.each(GOLDEN)('damaged binlog of %s', (name) => {
  it('cut off anywhere gives an error that says so', async () => {
    const bytes = goldenBytes(name);
    for (let length = 0; length < bytes.length; length += 31) {
      const error = await survive(name, bytes.subarray(0, length));
      if (error !== undefined) expect([11038, 36069, 36027, 44005]).toContain(error.code);
    }
  });

  it('with flipped bytes gives an error or other values, never anything else', async () => {
    const bytes = goldenBytes(name);
    const random = seeded(7);
    let errors = 0;
    for (let round = 0; round < 400; round++) {
      const copy = Buffer.from(bytes);
      for (let flips = (random() % 3) + 1; flips > 0; flips--)
        copy[4 + (random() % (copy.length - 4))] = random() & 0xff;
      if (!name.endsWith('nocrc')) reseal(copy);
      if ((await survive(name, copy)) !== undefined) errors += 1;
    }
    expect(errors).toBeGreaterThan(50);
  });
});

describe.each(['mysql-9.7', 'mariadb-10.11'] as const)('checksums of %s', (name) => {
  it('find every flipped bit', async () => {
    const bytes = goldenBytes(name);
    const random = seeded(11);
    for (let round = 0; round < 100; round++) {
      const copy = Buffer.from(bytes);
      const at = 200 + (random() % (copy.length - 200));
      copy[at] ^= 1 << (random() & 7);
      const error = await survive(name, copy);
      expect(error, `bit at ${at}`).toBeDefined();
    }
  });
});
