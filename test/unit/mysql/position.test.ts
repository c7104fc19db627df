import { describe, expect, it } from 'vitest';
import {
  compareBinlogFileNames,
  compareLocations,
  comparePositions,
  formatPosition,
  parseBinlogFileName,
  parsePosition,
} from '../../../src/mysql/position.js';

const UUID = 'aaaaaaaa-0000-0000-0000-000000000001';

describe('binlog positions', () => {
  it.each([
    ['mysql-bin.000001', 'mysql-bin.000001', 0],
    ['mysql-bin.000001', 'mysql-bin.000002', -1],
    ['mysql-bin.999999', 'mysql-bin.1000000', -1],
    ['a.b-bin.000010', 'a.b-bin.000009', 1],
    ['a.000009', 'b.000001', -1],
    ['', 'mysql-bin.000001', -1],
    ['mysql-bin|000001.000009', 'mysql-bin|000002.000001', -1],
    ['mysql-bin|000001.000009', 'mysql-bin.000010', -1],
    ['mysql-bin|000003.000009', 'mysql-bin.000009', 0],
  ])('orders %s and %s as %i', (a, b, order) => {
    expect(compareBinlogFileNames(a, b)).toBe(order);
    expect(compareBinlogFileNames(b, a)).toBe(order === 0 ? 0 : -order);
  });

  it('takes names apart', () => {
    expect(parseBinlogFileName('x|y.bin|000012.000345')).toEqual({ base: 'x|y.bin', relayIndex: 12, sequence: 345 });
    expect(() => parseBinlogFileName('mysql-bin')).toThrow(/not valid/);
    expect(() => parseBinlogFileName('.000001')).toThrow(/not valid/);
  });

  it('orders offsets inside a file as numbers', () => {
    expect(comparePositions({ name: 'b.000001', pos: 9 }, { name: 'b.000001', pos: 10 })).toBe(-1);
    expect(comparePositions({ name: 'b.000001', pos: 5_000_000_000 }, { name: 'b.000001', pos: 4 })).toBe(1);
  });

  it('orders locations by GTID set where sets can be compared', () => {
    const at = (pos: number, gtidSet: string): { name: string; pos: number; gtidSet: string } => ({
      name: 'b.000001',
      pos,
      gtidSet,
    });
    expect(compareLocations(at(9, `${UUID}:1-3`), at(4, `${UUID}:1-5`), 'mysql', true)).toBe(-1);
    expect(compareLocations(at(9, `${UUID}:1-3`), at(4, `${UUID}:1-5`), 'mysql', false)).toBe(1);
    expect(compareLocations(at(9, `${UUID}:1-3`), at(4, `${UUID}:1-3`), 'mysql', true)).toBe(0);
    expect(compareLocations(at(9, ''), at(4, `${UUID}:1`), 'mysql', true)).toBe(-1);
    expect(compareLocations(at(9, ''), at(4, ''), 'mysql', true)).toBe(1);
    expect(compareLocations(at(9, `${UUID}:1-3:7`), at(4, `${UUID}:1-5`), 'mysql', true)).toBe(1);
  });

  it('prints and reads the text form', () => {
    expect(formatPosition({ name: 'mysql-bin.000001', pos: 154 })).toBe('(mysql-bin.000001, 154)');
    expect(parsePosition('(mysql-bin.000001, 154)')).toEqual({ name: 'mysql-bin.000001', pos: 154 });
    expect(() => parsePosition('mysql-bin.000001:154')).toThrow(/invalid mysql position/);
  });
});
