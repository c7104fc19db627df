import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeSeqs, encodeSeqs, mergeRanges, SeqSet } from '../../../src/sync/checkpoint/seq-set.js';

const ascending = fc
  .uniqueArray(fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })))
  .map((numbers) => numbers.sort((a, b) => a - b));

test('what is encoded is decoded, beyond 32 bits too', () => {
  fc.assert(
    fc.property(ascending, (seqs) => {
      // Ranges of up to 2^53 numbers are not written out: a set is asked instead.
      const set = new SeqSet(decodeSeqs(encodeSeqs(seqs)));
      const around = [...new Set(seqs.flatMap((seq) => [seq - 1, seq, seq + 1]))].sort((a, b) => a - b);
      for (const seq of around) expect(set.has(seq)).toBe(seqs.includes(seq));
      expect(set.max).toBe(seqs.at(-1) ?? 0);
    }),
  );
});

test('a run of a bulk insert takes a few bytes, scattered rows about two each', () => {
  const run = Array.from({ length: 10_000 }, (_, i) => 5_000_000_000 + i);
  expect(encodeSeqs(run).length).toBeLessThan(10);
  const scattered = Array.from({ length: 100 }, (_, i) => 5_000_000_000 + i * 37);
  expect(encodeSeqs(scattered).length).toBeLessThan(220);
});

test('ranges are merged in whatever order they come', () => {
  const ranges = [
    { first: 5, last: 9 },
    { first: 1, last: 3 },
    { first: 4, last: 4 },
    { first: 8, last: 20 },
    { first: 30, last: 30 },
  ];
  expect(mergeRanges(ranges)).toEqual([
    { first: 1, last: 20 },
    { first: 30, last: 30 },
  ]);
});

test('bytes that end inside a number are an error', () => {
  expect(() => decodeSeqs(Buffer.from([0x80]))).toThrow(RangeError);
  expect(() => decodeSeqs(Buffer.from([5]))).toThrow(RangeError);
});
