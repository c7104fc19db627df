/**
 * S8, the gate: a source may move to another server when what was replicated (S) holds all that the new server has purged
 * (P), and the new server has executed (E) all of it. Replication by GTID asks the same at each start.
 */
import { expect, test } from 'vitest';
import { MysqlGtidSet } from '../../../src/mysql/gtid-set-mysql.js';

const A = '09bec856-ba95-11ea-850a-58f2b4af5188';
const B = '3e11fa47-71ca-11e1-9e33-c80aa9429562';

test.each([
  ['G1', 'A:1-100', '', 'A:1-120', true],
  ['G2', 'A:1-100', 'A:1-50', 'A:1-100', true],
  ['G3', 'A:1-100', 'A:1-101', 'A:1-120', false],
  ['G4', 'A:1-100', 'A:1-50', 'A:1-99', false],
  ['G5', 'A:1-100', 'B:1-5', 'A:1-100,B:1-5', false],
  ['G6', 'A:1-100,B:1-5', 'B:1-5', 'A:1-100,B:1-9', true],
  // The hole is asked for again, and the new server still has it.
  ['G7', 'A:1-20:40-49', '', 'A:1-60', true],
  ['G7, the hole is purged', 'A:1-20:40-49', 'A:1-30', 'A:1-60', false],
])('%s: S = %s, P = %s, E = %s', (_id, replicated, purged, executed, expected) => {
  const set = (text: string): MysqlGtidSet =>
    MysqlGtidSet.parse(text.replaceAll('A:', `${A}:`).replaceAll('B:', `${B}:`));
  const mayMove = set(replicated).contains(set(purged)) && set(executed).contains(set(replicated));
  expect(mayMove).toBe(expected);
});
