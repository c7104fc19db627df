import { expect, test } from 'vitest';
import { dmError } from '../../../src/errors/dm-error.js';
import { FenceLostError } from '../../../src/meta/fence.js';
import { fail } from '../../../src/sync/failure.js';

const PLACE = { start: { name: 'bin.000001', pos: 4 }, end: { name: 'bin.000001', pos: 90 }, gtidSet: '' };

test('errors of statements and of routes tell their place', () => {
  const place =
    'startLocation: [position: (bin.000001, 4), gtid-set: ], endLocation: [position: (bin.000001, 90), gtid-set: ]';
  expect(() => fail(dmError(36031), PLACE)).toThrow(place);
  expect(() => fail(dmError(36031), PLACE, 'DROP TABLE t')).toThrow(`${place}, origin SQL: [DROP TABLE t]`);
});

test('a unit that was taken over in the middle of a DDL ends as taken over', () => {
  expect(() => fail(new FenceLostError('another worker'), PLACE, 'DROP TABLE t')).toThrow(FenceLostError);
});
