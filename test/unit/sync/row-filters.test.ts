import { expect, test } from 'vitest';
import { createColumnMapping } from '../../../src/filter/column-mapping.js';
import { createEventFilter } from '../../../src/filter/event-filter.js';
import { createExpressionFilter, type RowFilter } from '../../../src/filter/expression/index.js';
import type { RowChange, RowsEvent } from '../../../src/sync/events.js';
import { RowFilters, type RowFiltersOptions } from '../../../src/sync/row-filters.js';
import { column, insert, table, update } from './support.js';

const place = { start: { name: 'bin.000001', pos: 4 }, end: { name: 'bin.000001', pos: 90 }, gtidSet: '' };
const structure = table('t_3', [column('id', 'bigint'), column('v', 'int')], []);

function eventOf(...rows: RowChange[]): RowsEvent {
  const { start, end } = place;
  const names = { schema: 'db', table: 't_3', structure };
  return { type: 'rows', start, end, timestamp: 0, ...names, rows, last: true, noForeignKeyChecks: false, bytes: 10 };
}

function filters(more: Partial<RowFiltersOptions>): RowFilters {
  return new RowFilters({
    events: createEventFilter(undefined),
    expressions: { forTable: () => undefined },
    mapping: createColumnMapping(undefined, true),
    retry: (work) => work(),
    ...more,
  });
}

const lost = (): Error => Object.assign(new Error('lost'), { code: 'PROTOCOL_CONNECTION_LOST' });

test('an event filter leaves out whole events, before any expression is looked at', () => {
  const rule = { name: 'r', schemaPattern: 'db', sqlPattern: [], action: 'Ignore' as const, caseSensitive: true };
  const events = createEventFilter([{ ...rule, tablePattern: 't_*', events: ['update'] }]);
  const expressions = {
    forTable: (): RowFilter => {
      throw new Error('asked');
    },
  };
  const rows = filters({ events, expressions });
  expect(rows.dropped(eventOf(update([1, 1], [1, 2])), place)).toBe('all');
  expect(() => rows.dropped(eventOf(insert([1, 1])), place)).toThrow(/asked/);
});

test('an expression decides for each row; what it cannot be about is an error with its place', () => {
  const rule = { name: 'r', schema: 'db', table: 't_3' };
  const server = (): Promise<never> => Promise.reject(new Error('no server'));
  const of = (insertValueExpr: string): RowFilters =>
    filters({ expressions: createExpressionFilter([{ ...rule, insertValueExpr }], { caseSensitive: true, server }) });
  expect(of('v > 1').dropped(eventOf(insert([1, 1]), insert([2, 2])), place)).toEqual([false, true]);
  expect(() => of('w > 1').dropped(eventOf(insert([1, 1])), place)).toThrow(/^startLocation: /);
});

test('a server that was lost while it was asked is asked again', async () => {
  let asked = 0;
  const dropped = async (): Promise<boolean[]> => {
    if (++asked === 1) throw lost();
    return [true];
  };
  const rows = filters({ expressions: { forTable: () => ({ dropped }) } });
  expect(await rows.dropped(eventOf(insert([1, 1])), place)).toEqual([true]);
  expect(asked).toBe(2);
  const broken = filters({ expressions: { forTable: () => ({ dropped: () => Promise.reject(new Error('wrong')) }) } });
  await expect(broken.dropped(eventOf(insert([1, 1])), place)).rejects.toThrow(/^startLocation: .*wrong/s);
});

test('both images of a row are mapped; what cannot be mapped is an error with its place', () => {
  const rule = {
    name: 'm',
    schemaPattern: 'db',
    tablePattern: 't_*',
    sourceColumn: 'id',
    targetColumn: 'id',
    expression: 'partition id' as const,
    arguments: ['', '', 't', '_'],
  };
  const map = filters({ mapping: createColumnMapping([rule], true) }).mapped(structure, place);
  const mapped = (id: bigint): bigint => (3n << 55n) | id;
  expect(map?.(update([1, 5], [2, 6]))).toEqual(update([mapped(1n), 5], [mapped(2n), 6]));
  expect(() => map?.(insert([-1, 5]))).toThrow(/^startLocation: /);
  expect(filters({}).mapped(structure, place)).toBeUndefined();
});
