/** Rows are never read with columns of another time, as far as their events tell. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WireType } from '../../../src/binlog/constants.js';
import { compileRowDecoder, fitsRows } from '../../../src/binlog/rows-event.js';
import type { TableMap, WireColumn } from '../../../src/binlog/table-map.js';
import type { Table } from '../../../src/schema/model.js';
import { table } from '../schema/helpers.js';

const KINDS = {
  INT: { type: WireType.long, length: 0, scale: 0, unsigned: false },
  'INT UNSIGNED': { type: WireType.long, length: 0, scale: 0, unsigned: true },
  BIGINT: { type: WireType.longlong, length: 0, scale: 0, unsigned: false },
  'VARCHAR(10)': { type: WireType.varchar, length: 40, scale: 0, binary: false, charset: 'utf8mb4' },
  'VARCHAR(9) CHARACTER SET latin1': { type: WireType.varchar, length: 9, scale: 0, binary: false, charset: 'latin1' },
  'VARBINARY(9)': { type: WireType.varchar, length: 9, scale: 0, binary: true },
  DOUBLE: { type: WireType.double, length: 8, scale: 0 },
} satisfies Record<string, WireColumn>;
type Kind = keyof typeof KINDS;

interface Named {
  name: string;
  kind: Kind;
}

const columns = fc.uniqueArray(
  fc.record({
    name: fc.integer({ min: 0, max: 9 }).map((number) => `c${number}`),
    kind: fc.constantFrom(...(Object.keys(KINDS) as Kind[])),
  }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 8 },
);

function structureOf(list: readonly Named[]): Table {
  return table(`CREATE TABLE t (${list.map(({ name, kind }) => `${name} ${kind}`).join(', ')})`);
}

function mapOf(list: readonly Named[], metadata: 'FULL' | 'MINIMAL'): TableMap {
  return {
    id: 1,
    schema: 'db',
    table: 't',
    columns: list.map(({ name, kind }) => ({ ...KINDS[kind], ...(metadata === 'FULL' ? { name } : {}) })),
  };
}

const text = (list: readonly Named[]): string => JSON.stringify(list);

describe('SYN-10: rows are read only with the structure that they were written with', () => {
  test('names and types tell, with binlog_row_metadata=FULL', () => {
    fc.assert(
      fc.property(columns, columns, (written, tracked) => {
        const map = mapOf(written, 'FULL');
        expect(fitsRows(map, structureOf(tracked))).toBe(text(written) === text(tracked));
        const byCharset = (list: readonly Named[]) => text(list).replaceAll(/VARCHAR\([^"]*/g, 'VARCHAR');
        if (byCharset(written) !== byCharset(tracked)) {
          expect(() => compileRowDecoder(map, structureOf(tracked))).toThrow(/columns|column info|table info/i);
        }
      }),
    );
  });

  test('any other order of the same columns is an error', () => {
    fc.assert(
      fc.property(
        columns.filter((list) => list.length > 1),
        fc.nat(),
        (written, by) => {
          const turned = written.map((_, index) => written[(index + 1 + (by % (written.length - 1))) % written.length]);
          expect(() => compileRowDecoder(mapOf(written, 'FULL'), structureOf(turned as Named[]))).toThrow();
        },
      ),
    );
  });

  test('without names, another number of columns is always an error, 36027', () => {
    fc.assert(
      fc.property(columns, columns, (written, tracked) => {
        fc.pre(written.length !== tracked.length);
        const map = mapOf(written, 'MINIMAL');
        expect(() => compileRowDecoder(map, structureOf(tracked))).toThrow(expect.objectContaining({ code: 36027 }));
        expect(fitsRows(map, structureOf(tracked))).toBe(false);
      }),
    );
  });
});
