/** Statements that change rows, made for whatever columns and keys a table has at the moment. */
import { quoteIdent } from '../../src/mysql/quote.js';
import type { Column, Table } from '../../src/schema/model.js';
import type { Random } from '../integration/schema/random.js';
import { isWritable, randomValue, serialValue } from './values.js';

/** What statements are made from. Tables are named without their database: sessions have chosen it. */
export interface Surroundings {
  random: Random;
  tables: readonly Table[];
  /** Quoted name of a table that is not replicated, with the numbers from 1 to 20,000 in its column `n`. */
  numbers: string;
}

/** Statements that belong together: one mostly, or several that pass values around. */
export function randomChange(around: Surroundings): string[] {
  const { random, tables } = around;
  if (tables.length === 0) return [];
  const table = random.pick(tables);
  return random.weighted<() => string[]>([
    [22, () => [insert(around, table)]],
    [16, () => [update(around, table)]],
    [10, () => [remove(around, table)]],
    [8, () => permute(around, table)],
    [5, () => [insertSelect(around, table)]],
    [4, () => [updateOfTwo(around, table)]],
    [2, () => [removeOfTwo(around, table)]],
    [3, () => sameAgain(around, table)],
    [1.5, () => [fill(around, table)]],
    [0.7, () => [`DELETE FROM ${name(table)}`]],
    [1.5, () => temporary(around, table)],
  ])();
}

/** Many rows at once. */
export function fill({ random, numbers }: Surroundings, table: Table): string {
  const columns = writable(table);
  const count = random.weighted([
    [5, random.int(10, 300)],
    [3, random.int(300, 3_000)],
    [1, random.int(3_000, 20_000)],
  ]);
  const values = columns.map((column) => serialValue(column, random)).join(', ');
  return `INSERT IGNORE INTO ${name(table)} (${list(columns)}) SELECT ${values} FROM ${numbers} WHERE n <= ${count}`;
}

function name(table: Table): string {
  return quoteIdent(table.name);
}

function writable(table: Table): Column[] {
  const columns = table.columns.filter(isWritable);
  return columns.length > 0 ? columns : table.columns;
}

function list(columns: readonly Column[]): string {
  return columns.map((column) => quoteIdent(column.name)).join(', ');
}

function insert({ random }: Surroundings, table: Table): string {
  const all = writable(table);
  const columns = random.chance(0.8) ? all : random.some(all, random.int(1, all.length));
  const count = random.chance(0.85) ? random.int(1, 8) : random.int(20, 150);
  const rows = Array.from(
    { length: count },
    () => `(${columns.map((column) => insertValue(column, random)).join(', ')})`,
  ).join(', ');
  const target = `${name(table)} (${list(columns)}) VALUES ${rows}`;
  const kind = random.weighted([
    [5, 'ignore'],
    [3, 'plain'],
    [3, 'replace'],
    [4, 'update'],
  ]);
  if (kind === 'replace') return `REPLACE INTO ${target}`;
  if (kind === 'update') return `INSERT INTO ${target} ON DUPLICATE KEY UPDATE ${assignments(random, all)}`;
  return `INSERT ${kind === 'ignore' ? 'IGNORE ' : ''}INTO ${target}`;
}

function insertValue(column: Column, random: Random): string {
  return column.autoIncrement && random.chance(0.6) ? 'NULL' : randomValue(column, random);
}

function assignments(random: Random, columns: readonly Column[], prefix = ''): string {
  return random
    .some(columns, random.int(1, 2))
    .map((column) => {
      const own = prefix + quoteIdent(column.name);
      const value = isNumber(column) && random.chance(0.4) ? `${own} + 1` : randomValue(column, random);
      return `${own} = ${value}`;
    })
    .join(', ');
}

function isNumber(column: Column): boolean {
  return /int$|decimal|double|float/.test(column.type);
}

function condition(random: Random, table: Table, prefix = ''): string {
  const column = random.pick(table.columns);
  const own = prefix + quoteIdent(column.name);
  const value = (): string => randomValue(column, random).replace(/^DEFAULT$/, 'NULL');
  if (column.nullable && random.chance(0.1)) return `${own} IS NULL`;
  if (isNumber(column) && random.chance(0.3)) {
    const low = random.int(0, 60);
    return `${own} BETWEEN ${low} AND ${low + random.int(0, 400)}`;
  }
  return random.weighted([
    [6, `${own} = ${value()}`],
    [2, `${own} IN (${value()}, ${value()}, ${value()})`],
    [1, `${own} <=> ${value()}`],
    [1, `${own} > ${value()}`],
  ]);
}

function limit(random: Random): string {
  return random.weighted([
    [6, ` LIMIT ${random.int(1, 4)}`],
    [3, ` LIMIT ${random.int(5, 200)}`],
    [0.5, ''],
  ]);
}

function update({ random }: Surroundings, table: Table): string {
  const ignore = random.chance(0.4) ? 'IGNORE ' : '';
  return `UPDATE ${ignore}${name(table)} SET ${assignments(random, writable(table))} WHERE ${condition(random, table)}${limit(random)}`;
}

function remove({ random }: Surroundings, table: Table): string {
  return `DELETE FROM ${name(table)} WHERE ${condition(random, table)}${limit(random)}`;
}

/** Number columns that are all of a unique key: their values can change places. */
function soloKeys(table: Table): Column[] {
  return table.indexes.flatMap((index) => {
    const [part] = index.parts;
    if ((index.kind !== 'UNIQUE' && index.kind !== 'PRIMARY') || index.parts.length !== 1 || part?.column === undefined)
      return [];
    const column = table.columns.find(({ name: own }) => own === part.column);
    return column !== undefined && column.type.endsWith('int') && isWritable(column) ? [column] : [];
  });
}

/** Values of a unique key change places, by way of a free value or of NULL, in circles and in shifts. */
function permute({ random }: Surroundings, table: Table): string[] {
  const keys = soloKeys(table);
  if (keys.length === 0) return [];
  const column = random.pick(keys);
  const key = quoteIdent(column.name);
  const own = name(table);
  const free = column.nullable && random.chance(0.3) ? 'NULL' : String(random.pick([100, 120]));
  const [a, b, c] = [random.int(0, 60), random.int(0, 60), random.int(0, 60)];
  const move = (from: number | string, to: number | string): string =>
    `UPDATE ${own} SET ${key} = ${to} WHERE ${key} = ${from}`;
  return random.pick([
    () => [move(a, free === 'NULL' ? 119 : free), move(b, a), move(free === 'NULL' ? 119 : free, b)],
    () => [move(a, 118), move(b, a), move(c, b), move(118, c)],
    () => [`UPDATE ${own} SET ${key} = ${key} + 1 WHERE ${key} < 110 ORDER BY ${key} DESC`],
    () => [`UPDATE ${own} SET ${key} = ${key} - 1 WHERE ${key} BETWEEN 1 AND 115 ORDER BY ${key}`],
    () => [`DELETE FROM ${own} WHERE ${key} = ${a}`, move(b, a)],
    () => [move(a, a + 1_000), move(a + 1_000, a)],
    () => (free === 'NULL' ? [move(a, 'NULL'), move(b, a)] : [move(a, free), move(free, a)]),
  ])();
}

/** The same row taken away and put back, changed or not, within one transaction. */
function sameAgain({ random }: Surroundings, table: Table): string[] {
  const columns = writable(table);
  const row = columns.map((column) => randomValue(column, random)).join(', ');
  const put = `INSERT IGNORE INTO ${name(table)} (${list(columns)}) VALUES (${row})`;
  const take = `DELETE FROM ${name(table)} WHERE ${condition(random, table)} LIMIT 1`;
  return random.pick([
    [put, take, put],
    [put, put.replace('INSERT IGNORE', 'REPLACE'), take],
    [take, put, `UPDATE IGNORE ${name(table)} SET ${assignments(random, columns)}${limit(random)}`],
  ]);
}

/** Columns of the same names in both tables. */
function shared(a: Table, b: Table): Column[] {
  const names = new Set(b.columns.map((column) => column.name));
  return writable(a).filter((column) => names.has(column.name));
}

function insertSelect({ random, tables }: Surroundings, table: Table): string {
  const from = random.pick(tables);
  const columns = shared(table, from);
  const verb = random.chance(0.7) ? 'INSERT IGNORE' : 'REPLACE';
  if (columns.length === 0) return insert({ random, tables, numbers: '' }, table);
  return `${verb} INTO ${name(table)} (${list(columns)}) SELECT ${list(columns)} FROM ${name(from)} LIMIT ${random.int(1, 300)}`;
}

/** An integer column by which two tables can be joined. */
function joint(random: Random, table: Table): string | undefined {
  const numbers = table.columns.filter((column) => column.type.endsWith('int'));
  return numbers.length === 0 ? undefined : quoteIdent(random.pick(numbers).name);
}

function updateOfTwo(around: Surroundings, table: Table): string {
  const { random, tables } = around;
  const other = random.pick(tables);
  const [left, right] = [joint(random, table), joint(random, other)];
  if (left === undefined || right === undefined) return update(around, table);
  const set = `${assignments(random, writable(table), 'l.')}, ${assignments(random, writable(other), 'r.')}`;
  return `UPDATE IGNORE ${name(table)} AS l JOIN ${name(other)} AS r ON l.${left} = r.${right} SET ${set} WHERE ${condition(random, table, 'l.')}`;
}

function removeOfTwo(around: Surroundings, table: Table): string {
  const { random, tables } = around;
  const other = random.pick(tables);
  const [left, right] = [joint(random, table), joint(random, other)];
  if (left === undefined || right === undefined) return remove(around, table);
  return `DELETE l, r FROM ${name(table)} AS l JOIN ${name(other)} AS r ON l.${left} = r.${right} WHERE ${condition(random, table, 'l.')}`;
}

/** A temporary table, of a name of its own or of one that hides a real table, and what is done to such tables. */
function temporary({ random, numbers }: Surroundings, table: Table): string[] {
  const own = random.chance(0.5) ? '`scratch`' : name(table);
  const inBetween = random.pick([
    [],
    [`ALTER TABLE ${own} ADD COLUMN b INT`],
    [`TRUNCATE TABLE ${own}`],
    [`CREATE INDEX i ON ${own} (a)`],
    ['CREATE TABLE IF NOT EXISTS kept LIKE `scratch`'],
    [`CREATE TABLE kept SELECT * FROM ${own}`],
    ['INSERT INTO kept (a) SELECT a FROM `scratch`'],
  ]);
  return [
    `CREATE TEMPORARY TABLE ${own} (a INT)`,
    `INSERT INTO ${own} SELECT n FROM ${numbers} WHERE n < 5`,
    ...inBetween,
    `DROP ${random.chance(0.7) ? 'TEMPORARY ' : ''}TABLE ${own}`,
  ];
}
