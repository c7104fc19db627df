import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FORMAT, LargeTupleWriter, SQL_MARK, writeTuple, type TextTarget } from '../../../src/dump/row-format.js';

/** A target that grows and never moves on. */
class Growing implements TextTarget {
  buffer = Buffer.alloc(16);
  pos = 0;

  reserve(bytes: number): void {
    if (this.pos + bytes <= this.buffer.length) return;
    const larger = Buffer.alloc((this.pos + bytes) * 2);
    this.buffer.copy(larger, 0, 0, this.pos);
    this.buffer = larger;
  }

  get text(): string {
    return this.buffer.toString('latin1', 0, this.pos);
  }
}

function encodeRow(values: (Buffer | null)[]): Buffer {
  const parts = values.map((value) => {
    if (value === null) return Buffer.from([0xfb]);
    const { length } = value;
    if (length < 0xfb) return Buffer.concat([Buffer.from([length]), value]);
    const prefix = Buffer.alloc(length < 0x10000 ? 3 : 4);
    prefix[0] = length < 0x10000 ? 0xfc : 0xfd;
    prefix.writeUIntLE(length, 1, prefix.length - 1);
    return Buffer.concat([prefix, value]);
  });
  return Buffer.concat(parts);
}

function tuple(formats: number[], values: (string | null)[]): string {
  const target = new Growing();
  const row = encodeRow(values.map((value) => (value === null ? null : Buffer.from(value, 'latin1'))));
  writeTuple(target, Uint8Array.from(formats), row, 0, row.length);
  return target.text;
}

test('each kind of value has its form', () => {
  const { number, float, text, binary, hex, marked } = FORMAT;
  expect(tuple([number, text, number], ['-12', "it's", null])).toBe(String.raw`(-12,'it\'s',NULL)`);
  expect(tuple([binary, hex, hex], ['\0\xff;', '\x01\xff', ''])).toBe("(_binary'\\0\xff;',0x01ff,'')");
  expect(tuple([text], ['\0\n\r\x1a"\'\\'])).toBe(String.raw`('\0\n\r\Z\"\'\\')`);
  expect(tuple([marked, marked, marked, marked], ['{"a": "\\""}', '\x01JSON_OBJECT()', '\x01', null])).toBe(
    String.raw`('{\"a\": \"\\\"\"}',JSON_OBJECT(),,NULL)`,
  );
  expect(tuple([float, float, float], ['-0', '0', '-0.5'])).toBe('(-0e0,0,-0.5)');
});

const format = fc.constantFrom(...Object.values(FORMAT));
const value = fc.option(fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)));
const expression = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from([SQL_MARK, ...bytes]));
const column = fc.oneof(fc.tuple(format, value), fc.tuple(fc.constant(FORMAT.marked), expression));

test('a row in pieces of any size gives the same text as a whole one', () => {
  fc.assert(
    fc.property(
      fc.array(column, { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 90 })),
      (row, cuts) => {
        const formats = Uint8Array.from(row.map(([kind]) => kind));
        const bytes = encodeRow(row.map(([, content]) => content));
        const whole = new Growing();
        writeTuple(whole, formats, bytes, 0, bytes.length);
        const pieces = new Growing();
        const writer = new LargeTupleWriter(pieces, formats);
        let at = 0;
        for (const cut of cuts) {
          const stop = Math.min(bytes.length, at + cut);
          writer.write(bytes, at, stop);
          at = stop;
        }
        writer.write(bytes, at, bytes.length);
        writer.end();
        expect(pieces.text).toBe(whole.text);
      },
    ),
    {
      examples: [
        [
          [
            [FORMAT.hex, Buffer.alloc(7)],
            [FORMAT.binary, Buffer.alloc(2)],
            [FORMAT.hex, Buffer.alloc(7)],
            [0, null],
          ],
          [13, 3],
        ],
      ],
    },
  );
});

test('a row with another number of values than columns is refused', () => {
  expect(() => tuple([FORMAT.number, FORMAT.number], ['1'])).toThrow(RangeError);
  expect(() => tuple([FORMAT.number], ['1', '2'])).toThrow(RangeError);
});
