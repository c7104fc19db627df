import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DmError } from '../../../src/errors/dm-error.js';
import { MariadbGtidSet, MysqlGtidSet, parseGtidSet } from '../../../src/mysql/gtid-set.js';

const A = 'aaaaaaaa-0000-0000-0000-000000000001';
const B = 'bbbbbbbb-0000-0000-0000-000000000002';

/** A set as plain data: its members one by one, from a small universe so that sets often meet. */
const members = fc.uniqueArray(
  fc.record({
    source: fc.constantFrom(A, B, `${A}:tag_a`, `${A}:b`, `${B}:x9`),
    number: fc.integer({ min: 1, max: 12 }),
  }),
  { selector: (m) => `${m.source}:${m.number}`, maxLength: 40 },
);
type Members = { source: string; number: number }[];

function build(list: Members): MysqlGtidSet {
  const set = new MysqlGtidSet();
  for (const { source, number } of list) set.add(`${source}:${number}`);
  return set;
}
const keys = (list: Members): Set<string> => new Set(list.map((m) => `${m.source}:${m.number}`));

describe('MySQL GTID set', () => {
  it.each([
    ['', ''],
    [`${A}:1`, `${A}:1`],
    [` ${A.toUpperCase()}:3-5:1-2 `, `${A}:1-5`],
    [`${B}:1,\n${A}:7:1-5`, `${A}:1-5:7,${B}:1`],
    [`${A}:1-3:2-9:11`, `${A}:1-9:11`],
    [`${A}:Tag:4:1-2,${A}:9`, `${A}:9:tag:1-2:4`],
    [`${A}:b:1:a:2:3`, `${A}:a:2-3:b:1`],
    [`${A}:1-9223372036854775807`, `${A}:1-9223372036854775807`],
  ])('reads %j as %j', (text, canonical) => {
    expect(MysqlGtidSet.parse(text).toString()).toBe(canonical);
  });

  it.each(['x', A, `${A}:`, `${A}:0`, `${A}:5-3`, `${A}:1,`, `${A}:tag`, `${A}:t:u:1`, `${A}:1-2-3`, '0-1-2'])(
    'refuses %j',
    (text) => {
      expect(() => MysqlGtidSet.parse(text)).toThrow(DmError);
    },
  );

  it('refuses numbers beyond 63 bits', () => {
    expect(() => MysqlGtidSet.parse(`${A}:9223372036854775808`)).toThrow(/not valid/);
  });

  it('agrees with plain sets of members in every operation', () => {
    fc.assert(
      fc.property(members, members, (left, right) => {
        const [a, b] = [build(left), build(right)];
        const [x, y] = [keys(left), keys(right)];
        expect(a.contains(b)).toBe([...y].every((key) => x.has(key)));
        expect(a.equals(b)).toBe(x.size === y.size && [...x].every((key) => y.has(key)));
        expect(a.union(b).toString()).toBe(build([...left, ...right]).toString());
        expect(a.subtract(b).toString()).toBe(build(left.filter((m) => !y.has(`${m.source}:${m.number}`))).toString());
        expect(a.isEmpty()).toBe(x.size === 0);
        expect(a.toString()).toBe(build(left).toString());
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on the order of adding, and survives text and binary form', () => {
    fc.assert(
      fc.property(members, (list) => {
        const set = build(list);
        expect(build(list.toReversed()).toString()).toBe(set.toString());
        expect(MysqlGtidSet.parse(set.toString()).toString()).toBe(set.toString());
        expect(MysqlGtidSet.decode(set.encode()).toString()).toBe(set.toString());
        expect(set.clone().equals(set)).toBe(true);
      }),
    );
  });

  it('encodes untagged sets in the classic layout', () => {
    const bytes = MysqlGtidSet.parse(`${A}:1-5`).encode();
    expect(bytes.toString('hex')).toBe(
      '0100000000000000' +
        'aaaaaaaa000000000000000000000001' +
        '0100000000000000' +
        '0100000000000000' +
        '0600000000000000',
    );
  });

  it('refuses damaged binary forms without reading beyond them', () => {
    const bytes = MysqlGtidSet.parse(`${A}:1-5:t:7`).encode();
    for (let length = 0; length < bytes.length; length++) {
      expect(() => MysqlGtidSet.decode(bytes.subarray(0, length))).toThrow(DmError);
    }
    const huge = Buffer.from(bytes);
    huge.fill(0xff, 1, 7);
    expect(() => MysqlGtidSet.decode(huge)).toThrow(DmError);
  });

  it('leaves the original alone when a clone grows', () => {
    const set = MysqlGtidSet.parse(`${A}:1-5`);
    const copy = set.clone();
    copy.add(`${A}:6`);
    expect([set.toString(), copy.toString()]).toEqual([`${A}:1-5`, `${A}:1-6`]);
  });
});

describe('MariaDB GTID set', () => {
  it.each([
    ['', ''],
    ['0-1-5', '0-1-5'],
    [' 10-1-5 , 2-3-4 ', '2-3-4,10-1-5'],
    ['0-1-5,0-2-9', '0-2-9'],
    ['0-1-18446744073709551615', '0-1-18446744073709551615'],
  ])('reads %j as %j', (text, canonical) => {
    expect(MariadbGtidSet.parse(text).toString()).toBe(canonical);
  });

  it.each(['x', '0-1', '0-1-', '4294967296-1-1', '0-1-18446744073709551616', `${A}:1`])('refuses %j', (text) => {
    expect(() => MariadbGtidSet.parse(text)).toThrow(DmError);
  });

  it('takes an added transaction as the last of its domain even with a lower number', () => {
    const set = MariadbGtidSet.parse('0-1-10,1-1-3');
    set.add('0-2-8');
    expect(set.toString()).toBe('0-2-8,1-1-3');
  });

  it('forms a lattice under union and contains', () => {
    const arbitrary = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 3 }), fc.constant(1), fc.integer({ min: 1, max: 9 })).map((t) => t.join('-')),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(arbitrary, arbitrary, (left, right) => {
        const a = parseGtidSet('mariadb', left.join(','));
        const b = parseGtidSet('mariadb', right.join(','));
        const both = a.union(b);
        expect(both.contains(a) && both.contains(b)).toBe(true);
        expect(a.contains(b)).toBe(a.union(b).equals(a));
        expect(b.contains(a.subtract(b))).toBe(a.subtract(b).isEmpty());
        expect(b.union(a.subtract(b)).equals(both)).toBe(true);
      }),
    );
  });

  it('never mixes with the other flavor', () => {
    const maria = MariadbGtidSet.parse('0-1-1');
    const mysql = MysqlGtidSet.parse(`${A}:1`);
    expect(maria.contains(mysql)).toBe(false);
    expect(mysql.contains(maria)).toBe(false);
    expect(() => mysql.union(maria)).toThrow(DmError);
    expect(mysql.equals(new MariadbGtidSet())).toBe(false);
    expect(new MysqlGtidSet().equals(new MariadbGtidSet())).toBe(true);
  });
});
