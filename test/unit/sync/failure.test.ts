import { expect, test } from 'vitest';
import { dmError, type DmError } from '../../../src/errors/dm-error.js';
import { FenceLostError } from '../../../src/meta/fence.js';
import { fail, rowFailure } from '../../../src/sync/failure.js';
import type { RowJob } from '../../../src/sync/write/row-job.js';
import { RowError } from '../../../src/sync/write/writer.js';

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

function refused(kind: 'insert' | 'update' | 'delete', errno: number, columnList = '`id`'): DmError {
  const origin = { ...PLACE, schema: 'shop', table: 'o`1', timestamp: 0 };
  const job = { change: { kind }, plan: { target: '`shop`.`orders`', columnList }, origin } as unknown as RowJob;
  const cause = Object.assign(new Error('x'), { errno, sqlMessage: "Duplicate entry '7'" });
  return rowFailure(new RowError(job, cause)) as DmError;
}

test('a refused row is told of by the tables of both sides, without its values, and with what helps', () => {
  const { message, code, workaround } = refused('insert', 1062);
  expect(code).toBe(10006);
  expect(message).toMatch(
    /: execute statement failed: INSERT INTO `shop`\.`orders` \(`id`\) \(a row of upstream table `shop`\.`o``1`\)$/,
  );
  expect(workaround).toMatch(/^The downstream holds a row of this key already.*`resume-task`\.$/);
  expect(refused('update', 1264).message).toContain('failed: UPDATE `shop`.`orders` (a row of');
  expect(refused('delete', 1205).message).toContain('failed: DELETE FROM `shop`.`orders` (a row of');
  // No advice of its own: that of the code.
  expect(refused('delete', 1205).workaround).toMatch(/^Read the number and text/);
});

test('a list of a thousand columns leaves room for the table', () => {
  const { message } = refused('insert', 1062, Array.from({ length: 1_000 }, (_, n) => `\`column_${n}\``).join(', '));
  expect(message.length).toBeLessThan(600);
  expect(message).toMatch(/\.\.\.\) \(a row of upstream table/);
});
