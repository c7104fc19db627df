import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { selectChunk, splitRange } from '../../../src/dump/chunks.js';
import { FORMAT } from '../../../src/dump/row-format.js';

const MIN = -(2n ** 63n);
const MAX = 2n ** 64n - 1n;

test('bounds cut a range into at most the wanted number of parts of about one size', () => {
  const bound = fc.bigInt({ min: MIN, max: MAX });
  fc.assert(
    fc.property(bound, bound, fc.integer({ min: 1, max: 50 }), (a, b, parts) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      const bounds = splitRange(low, high, parts);
      expect(bounds.length).toBeLessThan(parts);
      const edges = [low, ...bounds, high + 1n];
      const sizes = edges.slice(1).map((edge, index) => edge - (edges[index] ?? 0n));
      expect(sizes.every((size) => size > 0n)).toBe(true);
      const first = sizes[0] ?? 0n;
      expect(sizes.slice(0, -1).every((size) => size === first)).toBe(true);
      expect((sizes.at(-1) ?? 0n) <= first).toBe(true);
    }),
  );
});

test('rows are read in the order of a key that has neither prefixes nor NULL, FLOAT with all its digits', () => {
  const columns = [
    { name: 'a`b', type: 'int', format: FORMAT.number, nullable: false },
    { name: 'f', type: 'float', format: FORMAT.float, nullable: true },
  ];
  const keys = [
    { primary: false, unique: true, columns: ['f'], exact: false },
    { primary: true, unique: true, columns: ['a`b'], exact: true },
  ];
  const table = { schema: 's', name: 't' };
  expect(selectChunk(table, { columns, keys }, '`a``b` >= 5', { where: 'f > 1' })).toBe(
    'SELECT `a``b`,`f`*1E0 FROM `s`.`t` WHERE `a``b` >= 5 AND (f > 1\n) ORDER BY `a``b`',
  );
  expect(selectChunk(table, { columns, keys: keys.slice(0, 1) }, '', { where: undefined })).toBe(
    'SELECT `a``b`,`f`*1E0 FROM `s`.`t`',
  );
});
