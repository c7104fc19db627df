/** Upstreams of very many tables: what is known of each table is not kept for all of them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { WireType } from '../../../src/binlog/constants.js';
import { TableCache } from '../../../src/binlog/table-cache.js';
import type { Table } from '../../../src/schema/model.js';
import { table } from '../schema/helpers.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const COLUMNS = 20;
const structure = JSON.stringify(
  table(`CREATE TABLE t (${Array.from({ length: COLUMNS }, (_, index) => `c${index} VARCHAR(10)`).join(', ')})`),
);

/** Body of a Table_map event of a table with VARCHAR columns. */
function tableMap(id: number): Buffer {
  const name = `t${id}`;
  const head = Buffer.alloc(8);
  head.writeUIntLE(id, 0, 6);
  return Buffer.concat([
    head,
    Buffer.from([2]),
    Buffer.from('db\0'),
    Buffer.from([name.length]),
    Buffer.from(`${name}\0`),
    Buffer.from([COLUMNS]),
    Buffer.alloc(COLUMNS, WireType.varchar),
    Buffer.from([COLUMNS * 2]),
    Buffer.alloc(COLUMNS * 2, Buffer.from([40, 0])),
    Buffer.alloc((COLUMNS + 7) >> 3, 0xff),
  ]);
}

function use(cache: TableCache, id: number): boolean {
  cache.define(tableMap(id));
  const entry = cache.find(id);
  if (entry === undefined) throw new Error('no entry');
  const asked = cache.needsStructure(entry);
  if (asked) cache.setStructure(entry, JSON.parse(structure) as Table);
  if (entry.decoder?.readers.length !== COLUMNS) throw new Error('no reader for each column');
  cache.endStatement();
  return asked;
}

test('SCH-07: rows of 20,000 tables are read without keeping the readers of all', () => {
  const cache = new TableCache();
  for (let id = 1; id <= 4_000; id++) use(cache, id);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let id = 4_001; id <= 20_000; id++) use(cache, id);
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(8e6);
  // What came last is known still, what came first is asked for again.
  expect(use(cache, 20_000)).toBe(false);
  expect(use(cache, 1)).toBe(true);
}, 60_000);

test('a table whose definition changes under its number is read anew', () => {
  const cache = new TableCache();
  expect([use(cache, 7), use(cache, 7)]).toEqual([true, false]);
  const other = tableMap(7);
  other.writeUInt8(80, other.length - COLUMNS * 2 - 3);
  cache.define(other);
  const entry = cache.find(7);
  expect(entry !== undefined && cache.needsStructure(entry)).toBe(true);
});
