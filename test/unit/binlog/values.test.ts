import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnReader, shortestFloat } from '../../../src/binlog/column-readers.js';
import { WireType } from '../../../src/binlog/constants.js';
import { decimalLength, readDecimal } from '../../../src/binlog/decimal.js';
import { jsonDouble, jsonQuote, jsonText } from '../../../src/binlog/json-binary.js';
import { addressText6 } from '../../../src/binlog/mariadb-types.js';
import type { WireColumn } from '../../../src/binlog/table-map.js';
import { readOldDatetime, readOldTime, readTime2, utcText } from '../../../src/binlog/temporal.js';
import type { Column } from '../../../src/schema/model.js';
import type { CellValue } from '../../../src/sync/events.js';

const RUNS = { numRuns: 300 };

describe('DECIMAL', () => {
  /** Packs digits the way the format is documented, group by group. */
  function pack(negative: boolean, whole: string, fraction: string): Buffer {
    const bytesOf = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];
    const groups: [string, number][] = [];
    const lead = whole.length % 9;
    if (lead > 0) groups.push([whole.slice(0, lead), bytesOf[lead]]);
    for (let at = lead; at < whole.length; at += 9) groups.push([whole.slice(at, at + 9), 4]);
    for (let at = 0; at < fraction.length; at += 9) {
      const digits = fraction.slice(at, at + 9);
      groups.push([digits, bytesOf[digits.length]]);
    }
    const bytes = Buffer.concat(
      groups.map(([digits, length]) => {
        const group = Buffer.alloc(length);
        group.writeUIntBE(Number(digits), 0, length);
        return group;
      }),
    );
    if (negative) for (let at = 0; at < bytes.length; at++) bytes[at] ^= 0xff;
    bytes[0] ^= 0x80;
    return bytes;
  }

  it('reads back every value that can be packed', () => {
    const digits = (length: number): fc.Arbitrary<string> =>
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }).map((list) => list.join(''));
    const shape = fc
      .tuple(fc.integer({ min: 1, max: 65 }), fc.integer({ min: 0, max: 30 }))
      .filter(([precision, scale]) => scale <= precision);
    const value = shape.chain(([precision, scale]) =>
      fc.tuple(fc.constant(precision), fc.constant(scale), fc.boolean(), digits(precision - scale), digits(scale)),
    );
    fc.assert(
      fc.property(value, ([precision, scale, negative, whole, fraction]) => {
        const packed = pack(negative, whole, fraction);
        expect(packed).toHaveLength(decimalLength(precision, scale));
        const text = readDecimal(Buffer.concat([Buffer.alloc(3), packed]), 3, precision, scale);
        const plain = whole.replace(/^0+(?=\d)/, '');
        expect(text).toBe(`${negative ? '-' : ''}${plain === '' ? '0' : plain}${scale > 0 ? `.${fraction}` : ''}`);
      }),
      RUNS,
    );
  });
});

describe('FLOAT', () => {
  it('keeps the bits and has as few digits as possible', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const short = shortestFloat(value);
        expect(Object.is(Math.fround(short), Math.fround(value))).toBe(true);
        expect(short.toExponential().split('e')[0].replace(/[-.]/g, '').length).toBeLessThanOrEqual(9);
      }),
      RUNS,
    );
    expect(shortestFloat(Math.fround(0.1))).toBe(0.1);
    expect(shortestFloat(Math.fround(16777216.5))).toBe(16777216);
  });
});

describe('temporal values', () => {
  it('reads the formats of tables never rebuilt since MySQL 5.5', () => {
    const datetime = Buffer.alloc(8);
    datetime.writeBigUInt64LE(20121231235959n);
    expect(readOldDatetime(datetime, 0)).toBe('2012-12-31 23:59:59');
    datetime.writeBigUInt64LE(0n);
    expect(readOldDatetime(datetime, 0)).toBe('0000-00-00 00:00:00');
    const time = Buffer.alloc(3);
    time.writeIntLE(-8385959, 0, 3);
    expect(readOldTime(time, 0)).toBe('-838:59:59');
    time.writeIntLE(10203, 0, 3);
    expect(readOldTime(time, 0)).toBe('01:02:03');
  });

  it('reads times packed by the documented rule, negative fractions too', () => {
    const time = fc.record({
      negative: fc.boolean(),
      hour: fc.integer({ min: 0, max: 838 }),
      minute: fc.integer({ min: 0, max: 59 }),
      second: fc.integer({ min: 0, max: 59 }),
      micros: fc.integer({ min: 0, max: 999_999 }),
    });
    fc.assert(
      fc.property(time, ({ negative, hour, minute, second, micros }) => {
        fc.pre(!negative || hour + minute + second + micros > 0);
        const whole = BigInt((hour << 12) | (minute << 6) | second);
        const packed = ((whole << 24n) | BigInt(micros)) * (negative ? -1n : 1n) + 0x800000000000n;
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64BE(packed);
        const two = (value: number): string => String(value).padStart(2, '0');
        const text = `${negative ? '-' : ''}${two(hour)}:${two(minute)}:${two(second)}.${String(micros).padStart(6, '0')}`;
        expect(readTime2(bytes, 2, 6)).toBe(text);
      }),
      RUNS,
    );
  });

  it('prints seconds since the epoch in UTC as the platform does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffffffff }), (seconds) => {
        expect(utcText(seconds)).toBe(new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' '));
      }),
      RUNS,
    );
  });
});

describe('JSON', () => {
  it('prints doubles so that they read back the same and stay doubles', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = jsonDouble(value);
        expect(Object.is(Number(text), value)).toBe(true);
        expect(text).toMatch(/[.e]/);
      }),
      RUNS,
    );
  });

  it.each([
    [1, '1.0'],
    [-0, '-0.0'],
    [1e15, '1e15'],
    [123456789012345, '123456789012345.0'],
    [1e-15, '0.000000000000001'],
    [1e-16, '1e-16'],
    [1.5e300, '1.5e300'],
  ])('prints the double %d as %s', (value, text) => {
    expect(jsonDouble(value)).toBe(text);
  });

  it('quotes any text so that it reads back the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(JSON.parse(jsonQuote(text))).toBe(text);
      }),
      RUNS,
    );
  });

  it('refuses documents that refer to themselves instead of running for ever', () => {
    // An array of sixteen arrays, each of which is the array itself.
    const bytes = Buffer.alloc(1 + 4 + 16 * 3);
    bytes[0] = 2;
    bytes.writeUInt16LE(16, 1);
    bytes.writeUInt16LE(bytes.length - 1, 3);
    for (let index = 0; index < 16; index++) {
      bytes[5 + index * 3] = 2;
      bytes.writeUInt16LE(0, 6 + index * 3);
    }
    expect(() => jsonText(bytes)).toThrow(/overlap/);
  });

  it('refuses documents whose members share their bytes', () => {
    const levels = 30;
    const size = 4 + 2 * 3;
    const bytes = Buffer.alloc(1 + size * levels + 8);
    bytes[0] = 2;
    for (let level = 0; level < levels; level++) {
      const start = 1 + level * size;
      bytes.writeUInt16LE(2, start);
      bytes.writeUInt16LE(bytes.length - start, start + 2);
      for (const entry of [start + 4, start + 7]) {
        bytes[entry] = level === levels - 1 ? 4 : 2;
        bytes.writeUInt16LE(level === levels - 1 ? 1 : size, entry + 1);
      }
    }
    expect(() => jsonText(bytes)).toThrow(/overlap/);
  });

  it('takes no bytes at all for null', () => {
    expect(jsonText(Buffer.alloc(0))).toBe('null');
  });
});

describe('INET6', () => {
  it.each([
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['000000000000000000000000c0000201', '::192.0.2.1'],
    ['00000000000000000000ffffc0000201', '::ffff:192.0.2.1'],
    ['20010db80000000000010000000000ff', '2001:db8::1:0:0:ff'],
    ['00010002000300040005000600070000', '1:2:3:4:5:6:7:0'],
  ])('prints %s as %s', (hex, text) => {
    expect(addressText6(Buffer.from(hex, 'hex'))).toBe(text);
  });
});

describe('column readers', () => {
  const column = (type: string, more: Partial<Column> = {}): Column => {
    const flags = { nullable: true, autoIncrement: false, invisible: false, unsigned: false, zerofill: false };
    return { name: 'c', type, columnType: type, ...flags, ...more };
  };
  const wire = (type: number, length = 0, more: Partial<WireColumn> = {}): WireColumn => ({
    type,
    length,
    scale: 0,
    ...more,
  });
  const read = (from: WireColumn, to: Column, hex: string): CellValue =>
    columnReader(from, to)({ bytes: Buffer.from(hex, 'hex'), pos: 0 });

  it.each([
    [WireType.tiny, 'tinyint', false, 'ff', -1],
    [WireType.tiny, 'tinyint', true, 'ff', 255],
    [WireType.int24, 'mediumint', false, '000080', -8388608],
    [WireType.int24, 'mediumint', true, 'ffffff', 16777215],
    [WireType.long, 'int', true, 'ffffffff', 4294967295],
    [WireType.longlong, 'bigint', false, 'ffffffffffffffff', -1],
    [WireType.longlong, 'bigint', false, '0000000000000080', -(2n ** 63n)],
    [WireType.longlong, 'bigint', true, 'ffffffffffffffff', 2n ** 64n - 1n],
    [WireType.longlong, 'bigint', false, 'ffffffffffff1f00', Number.MAX_SAFE_INTEGER],
    [WireType.longlong, 'bigint', false, '0000000000002000', 2n ** 53n],
  ])('type %i as %s (unsigned %s) of %s is %s', (type, name, unsigned, hex, value) => {
    expect(read(wire(type), column(name, { unsigned }), hex)).toBe(value);
  });

  it('reads every 64-bit integer exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64LE(value);
        const decoded = read(wire(WireType.longlong), column('bigint'), bytes.toString('hex'));
        expect(BigInt(decoded as number | bigint)).toBe(value);
        expect(typeof decoded === 'bigint').toBe(!Number.isSafeInteger(Number(value)));
      }),
      RUNS,
    );
  });

  it('hands text that is not valid in its charset on as bytes', () => {
    const value = read(wire(WireType.varchar, 20), column('varchar', { charset: 'utf8mb4' }), '03616280');
    expect(value).toEqual({ charset: 'utf8mb4', bytes: Buffer.from('616280', 'hex') });
    expect(read(wire(WireType.varchar, 20), column('varchar', { charset: 'utf8mb4' }), '03efbfbd')).toBe('\ufffd');
  });

  it.each([
    ['int', wire(WireType.varchar, 20)],
    ['varchar', wire(WireType.long)],
    ['bigint', wire(WireType.longlong, 0, { unsigned: true })],
    ['varchar', wire(WireType.varchar, 20, { binary: true })],
    ['varbinary', wire(WireType.varchar, 20, { binary: false })],
    ['json', wire(WireType.long)],
    ['enum', wire(WireType.set, 1)],
  ])('refuses a structure that says %s where the binlog says otherwise', (type, from) => {
    expect(() => columnReader(from, column(type))).toThrow(/tracked structure/);
  });

  it('refuses formats of MariaDB 5.3 instead of misreading them', () => {
    expect(() => columnReader(wire(WireType.time), column('time', { length: 3 }))).toThrow(/rebuild/);
  });
});
