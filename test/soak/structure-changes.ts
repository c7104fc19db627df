/** Statements that change structures between rows. */
import { quoteIdent } from '../../src/mysql/quote.js';
import type { Flavor } from '../../src/config/types.js';
import type { Table } from '../../src/schema/model.js';
import { randomStatement } from '../integration/schema/random-statement.js';
import type { Random } from '../integration/schema/random.js';
import { tableStatement } from './tables.js';

/** What statements are made from. */
export interface StructureSurroundings {
  random: Random;
  schema: string;
  tables: readonly Table[];
  /** The upstream's. */
  flavor: Flavor;
  /** Both servers are of one flavor: any words will do. */
  alike: boolean;
}

/** Statements that belong together. */
export function randomStructureChange(around: StructureSurroundings): string[] {
  const { random, tables, alike, flavor, schema } = around;
  if (tables.length < 2) return [create(around)];
  if (alike && random.chance(0.5)) {
    const sql = randomStatement({ random, flavor, schema, tables });
    return isRepeatable(sql, tables) ? [sql] : [];
  }
  const table = random.pick(tables);
  return random.weighted<() => string[]>([
    [tables.length < 10 ? 4 : 0, () => [create(around)]],
    [tables.length < 10 ? 2 : 0, () => [`CREATE TABLE ${fresh(around)} LIKE ${name(table)}`]],
    [tables.length < 10 ? 2 : 0, () => [`CREATE TABLE ${fresh(around)} SELECT * FROM ${name(table)} LIMIT 50`]],
    [2, () => [`TRUNCATE TABLE ${name(table)}`]],
    [tables.length > 5 ? 3 : 0, () => [`DROP TABLE ${name(table)}`]],
    [1, () => [`DROP TABLE ${name(table)}`, create(around, table.name)]],
    [2, () => [swap(around, table)]],
    [2, () => [circle(around)]],
    [2, () => [conditional(around, table)]],
    [4, () => elsewhere(around, table)],
    [2, () => [`RENAME TABLE ${name(table)} TO ${fresh(around)}`]],
    [1, () => copyAndSwap(around, table)],
    [12, () => [alter(around, table)]],
    [table.partitioning === undefined ? 0 : 6, () => [partitions(around, table)]],
  ])();
}

/**
 * What depends on the order of rows or on the moment cannot be the same on two servers. A changed default of the database is
 * one of docs/compatibility-ddl.md's things that are not tracked.
 */
function isRepeatable(sql: string, tables: readonly Table[]): boolean {
  if (/UUID\(\)|ALTER DATABASE/.test(sql)) return false;
  const counts = /ALTER TABLE/.test(sql) && /AUTO_INCREMENT/.test(sql);
  return !counts || tables.every((table) => table.indexes.some((index) => index.kind === 'PRIMARY'));
}

function name(table: Table): string {
  return quoteIdent(table.name);
}

function freshName({ random, tables }: StructureSurroundings): string {
  const taken = new Set(tables.map((table) => table.name.toLowerCase()));
  for (;;) {
    const candidate = `n${random.int(0, 40)}`;
    if (!taken.has(candidate)) return candidate;
  }
}

function fresh(around: StructureSurroundings): string {
  return quoteIdent(freshName(around));
}

function create(around: StructureSurroundings, own = freshName(around)): string {
  return tableStatement(around.random, own);
}

function swap({ random, tables }: StructureSurroundings, table: Table): string {
  const other = random.pick(tables);
  return `RENAME TABLE ${name(table)} TO swap, ${name(other)} TO ${name(table)}, swap TO ${name(other)}`;
}

/** Names of three tables go round. */
function circle({ random, tables }: StructureSurroundings): string {
  const [a, b, c] = random.some(tables, 3).map(name);
  if (a === undefined || b === undefined || c === undefined) return 'FLUSH TABLES';
  return `RENAME TABLE ${a} TO circle, ${b} TO ${a}, ${c} TO ${b}, circle TO ${c}`;
}

/** What a server may have nothing to do for, and logs nevertheless. */
function conditional(around: StructureSurroundings, table: Table): string {
  const { random } = around;
  return random.pick([
    `CREATE TABLE IF NOT EXISTS ${name(table)} (only_one INT)`,
    `CREATE TABLE IF NOT EXISTS ${name(table)} SELECT 1 AS only_one`,
    `CREATE TABLE IF NOT EXISTS ${name(table)} LIKE ${name(random.pick(around.tables))}`,
    `DROP TABLE IF EXISTS nowhere, ${fresh(around)}`,
    `DROP TABLE IF EXISTS nowhere, ${around.tables.length > 5 ? name(table) : 'nothing'}`,
  ]);
}

/** Tables go to the other database and come back; it is dropped and made again. */
function elsewhere(around: StructureSurroundings, table: Table): string[] {
  const other = quoteIdent(otherSchema(around.schema));
  const own = name(table);
  return around.random.pick([
    [`RENAME TABLE ${own} TO ${other}.${own}`],
    [`RENAME TABLE ${other}.${own} TO ${fresh(around)}`],
    [`RENAME TABLE ${own} TO ${other}.moved`, `ALTER TABLE ${other}.moved RENAME TO ${fresh(around)}`],
    [`CREATE TABLE ${other}.${own} LIKE ${own}`, `INSERT INTO ${other}.${own} SELECT * FROM ${own}`],
    [`CREATE TABLE ${other}.${own} SELECT * FROM ${own}`],
    [`DROP DATABASE ${other}`, `CREATE DATABASE ${other} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci`],
    [`DROP TABLE IF EXISTS ${other}.${own}, ${other}.moved`],
  ]);
}

/** The database that takes part beside the one where the writers are. */
export function otherSchema(schema: string): string {
  return `${schema}_other`;
}

/** A new table takes the place of an old one, as batch jobs do it. */
function copyAndSwap(around: StructureSurroundings, table: Table): string[] {
  const [next, last] = [`next_${around.random.int(0, 99)}`, `last_${around.random.int(0, 99)}`];
  return [
    `CREATE TABLE ${next} LIKE ${name(table)}`,
    `INSERT IGNORE INTO ${next} SELECT * FROM ${name(table)}`,
    `RENAME TABLE ${name(table)} TO ${last}, ${next} TO ${name(table)}`,
    `DROP TABLE ${last}`,
  ];
}

const TYPES = [
  'INT',
  'INT NOT NULL DEFAULT 7',
  'BIGINT UNSIGNED NULL',
  'VARCHAR(20)',
  "VARCHAR(30) NOT NULL DEFAULT 'x'",
  'VARCHAR(20) CHARACTER SET latin1',
  'DECIMAL(12,3)',
  'DOUBLE',
  'DATETIME(6) NULL',
  'DATETIME DEFAULT CURRENT_TIMESTAMP',
  'DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6)',
  'TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP',
  "ENUM('a','b','c')",
  'VARBINARY(10)',
  'BIT(3)',
];

function alter(around: StructureSurroundings, table: Table): string {
  const clauses = Array.from(
    {
      length: around.random.weighted([
        [5, 1],
        [2, 2],
      ]),
    },
    () => alterClause(around, table),
  );
  return `ALTER TABLE ${name(table)} ${[...new Set(clauses)].join(', ')}`;
}

function alterClause({ random }: StructureSurroundings, table: Table): string {
  const column = random.pick(table.columns);
  const [own, other] = [quoteIdent(column.name), quoteIdent(`x${random.int(0, 30)}`)];
  const index = table.indexes.length === 0 ? undefined : random.pick(table.indexes);
  // MariaDB passes over NULL here, MySQL refuses it.
  const isKey = table.indexes.some(
    ({ kind, parts }) => kind === 'PRIMARY' && parts.some((part) => part.column === column.name),
  );
  const place = random.pick(['', '', ' FIRST', ` AFTER ${own}`]);
  const key = /text|blob|json/.test(column.type) ? `${own}(5)` : own;
  return random.weighted([
    [8, `ADD COLUMN ${other} ${random.pick(TYPES)}${place}`],
    // Of a text that is no number, one server makes 0 and the next one an error.
    [
      column.type.endsWith('int') ? 2 : 0,
      `ADD COLUMN ${other} BIGINT GENERATED ALWAYS AS (${own}) ${random.pick(['VIRTUAL', 'STORED'])}`,
    ],
    [table.columns.length > 2 ? 4 : 0, `DROP COLUMN ${own}`],
    [3, `MODIFY COLUMN ${own} ${random.pick(isKey ? TYPES.filter((type) => !type.endsWith(' NULL')) : TYPES)}${place}`],
    [2, `CHANGE COLUMN ${own} ${other} ${column.columnType}`],
    [3, `RENAME COLUMN ${own} TO ${other}`],
    [3, `ADD KEY (${key})`],
    [4, `ADD UNIQUE KEY (${key})`],
    [index === undefined ? 0 : 4, `DROP KEY ${quoteIdent(index?.name ?? '')}`],
    [2, 'DROP PRIMARY KEY'],
    [2, `ADD PRIMARY KEY (${key})`],
    [1, `ALTER COLUMN ${own} SET DEFAULT '5'`],
    [1, `AUTO_INCREMENT = ${random.int(1, 9_000)}`],
    [1, 'FORCE'],
    [1, "COMMENT = 'it''s'"],
  ]);
}

function partitions({ random }: StructureSurroundings, table: Table): string {
  const own = name(table);
  const high = random.int(51, 900);
  return random.pick([
    `ALTER TABLE ${own} TRUNCATE PARTITION p1`,
    `ALTER TABLE ${own} DROP PARTITION p0`,
    `ALTER TABLE ${own} REORGANIZE PARTITION p2 INTO (PARTITION p${high} VALUES LESS THAN (${high}), PARTITION p2 VALUES LESS THAN MAXVALUE)`,
    `ALTER TABLE ${own} REBUILD PARTITION p1`,
    `ALTER TABLE ${own} COALESCE PARTITION 1`,
    `ALTER TABLE ${own} ADD PARTITION PARTITIONS 1`,
    `ALTER TABLE ${own} REMOVE PARTITIONING`,
  ]);
}
