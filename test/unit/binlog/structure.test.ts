import { describe, expect, it } from 'vitest';
import { WireType } from '../../../src/binlog/constants.js';
import { compileRowDecoder, RowSlices, type RowsHead } from '../../../src/binlog/rows-event.js';
import type { TableMap, WireColumn } from '../../../src/binlog/table-map.js';
import { versioningOf } from '../../../src/binlog/versioning.js';
import type { Table } from '../../../src/schema/model.js';
import { parseCreateTable } from '../../../src/schema/parse-create.js';
import { defaultProfile } from '../../../src/schema/server-profile.js';
import type { RowChange } from '../../../src/sync/events.js';

function structure(sql: string): Table {
  return parseCreateTable(sql, defaultProfile('mariadb', '10.11.6-MariaDB'), { schema: 'd' });
}

const int = (name?: string): WireColumn => ({
  type: WireType.long,
  length: 0,
  scale: 0,
  ...(name === undefined ? {} : { name }),
});

function map(...columns: WireColumn[]): TableMap {
  return { id: 1, schema: 'd', table: 't', columns };
}

describe('the structure of the place and the one of the event', () => {
  const table = structure('CREATE TABLE t (a INT, b INT)');

  it.each([
    ['with names', map(int('a'), int('B'))],
    ['without', map(int(), int())],
  ])('fit %s', (_, event) => {
    expect(compileRowDecoder(event, table).readers).toHaveLength(2);
  });

  it('that swap two columns stop the task before a row is read', () => {
    expect(() => compileRowDecoder(map(int('b'), int('a')), table)).toThrow(
      expect.objectContaining({
        code: 44005,
        cause: expect.objectContaining({ message: 'column 1 is a in the tracked structure but b in the binlog' }),
      }),
    );
  });

  it.each([[map(int())], [map(int('a'), int('b'), int('c'))]])('with other numbers of columns never shift', (event) => {
    expect(() => compileRowDecoder(event, table)).toThrow(expect.objectContaining({ code: 36027 }));
  });
});

const NEVER = '2038-01-19 03:14:07.999999';
const PAST = '2026-01-01 00:00:00.000000';

describe('rows of a system-versioned table', () => {
  const present = (sql: string, change: RowChange): RowChange | undefined =>
    versioningOf(structure(sql))?.present(change);
  const hidden = 'CREATE TABLE t (a INT, b INT) WITH SYSTEM VERSIONING';

  it.each<[what: string, change: RowChange, expected: RowChange | undefined]>([
    ['INSERT', { kind: 'insert', after: [1, 2, PAST, NEVER] }, { kind: 'insert', after: [1, 2] }],
    ['the row of before an UPDATE', { kind: 'insert', after: [1, 2, PAST, PAST] }, undefined],
    [
      'UPDATE',
      { kind: 'update', before: [1, 2, PAST, NEVER], after: [1, 3, PAST, NEVER] },
      { kind: 'update', before: [1, 2], after: [1, 3] },
    ],
    [
      'DELETE',
      { kind: 'update', before: [1, 2, PAST, NEVER], after: [1, 2, PAST, PAST] },
      { kind: 'delete', before: [1, 2] },
    ],
    ['DELETE HISTORY', { kind: 'delete', before: [1, 2, PAST, PAST] }, undefined],
    ['a real deletion', { kind: 'delete', before: [1, 2, PAST, NEVER] }, { kind: 'delete', before: [1, 2] }],
  ])('%s', (_, change, expected) => {
    expect(present(hidden, change)).toEqual(expected);
  });

  it('have the columns that the table declares', () => {
    const sql =
      'CREATE TABLE t (a INT, s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START, ' +
      'e BIGINT UNSIGNED GENERATED ALWAYS AS ROW END, b INT, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING';
    const row = [1, 5, 2n ** 64n - 1n, 2];
    expect(present(sql, { kind: 'insert', after: row })).toEqual({ kind: 'insert', after: row });
    expect(present(sql, { kind: 'update', before: row, after: [1, 5, 9, 2] })).toEqual({ kind: 'delete', before: row });
    expect(present(sql, { kind: 'insert', after: [1, 5, 9, 2] })).toBeUndefined();
  });

  it('are refused where the image does not tell whether they are of the past', () => {
    const change: RowChange = {
      kind: 'update',
      before: [1, undefined, undefined, undefined],
      after: [1, 2, PAST, NEVER],
    };
    expect(() => present(hidden, change)).toThrow(expect.objectContaining({ code: 11126 }));
  });

  it('are read with two columns more than the structure has', () => {
    const time: WireColumn = { type: WireType.timestamp2, length: 6, scale: 0 };
    const decoder = compileRowDecoder(map(int(), int(), time, time), structure(hidden));
    // two rows: a present one, and one of the past
    const data = Buffer.from(
      ['000100000002000000695596000000007fffffff0f423f', '000100000003000000695596000000006955960000000f'].join(''),
      'hex',
    );
    const head: RowsHead = {
      tableId: 1,
      kind: 'insert',
      statementEnd: true,
      noForeignKeyChecks: false,
      width: 4,
      body: Buffer.from([0x0f]),
      present: 0,
      presentAfter: 0,
      data,
      at: 0,
    };
    const slices = new RowSlices(head, decoder);
    expect(slices.next()?.rows).toEqual([{ kind: 'insert', after: [1, 2] }]);
    expect(slices.next()).toBeUndefined();
  });

  it('need no other reading where the table keeps no history', () => {
    expect(versioningOf(structure('CREATE TABLE t (a INT)'))).toBeUndefined();
  });
});
