import type { Column, Index, Table } from '../../../src/schema/model.js';
import { charsetClause, columnDefinition, convertClause, newColumnName, quote } from './random-column.js';
import type { Random } from './random.js';

/** Makes statements for a database whose tables are `tables`. Most of them are valid; the server tells. */
export interface StatementSource {
  random: Random;
  flavor: 'mysql' | 'mariadb';
  schema: string;
  tables: readonly Table[];
}

const TABLE_NAMES = ['t', 'u', 'orders', 'T2', 'odd name', "q't", 'größe', 'x1', 'x2', 'x3', 'x4', 'x5'];
const INDEX_NAMES = ['k', 'k2', 'idx', 'odd key', 'i`x', 'K3', 'name', 'a'];

/** Types that an index can hold without prefix. */
function isIndexable(column: Column): boolean {
  const unit = column.charset === 'utf8mb4' ? 4 : 3;
  if (/char|binary/.test(column.type)) return (column.length ?? 1) * unit < 700;
  return !/text|blob|json|point|geom|polygon|vector/.test(column.type) && !column.columnType.includes('COMPRESSED');
}

/**
 * A name that no table has. For MariaDB only such as are written plainly on disk: with others its ALTER TABLE ... RENAME
 * leaves the old table behind, and foreign keys get lost.
 */
function freeName(source: StatementSource, names: readonly string[]): string {
  const taken = new Set(source.tables.map((table) => table.name.toLowerCase()));
  const free = names.filter(
    (name) => !taken.has(name.toLowerCase()) && (source.flavor === 'mysql' || /^\w+$/.test(name)),
  );
  return free.length > 0 ? source.random.pick(free) : `n${source.random.int(100, 99999)}`;
}

/** One statement. */
export function randomStatement(source: StatementSource): string {
  const { random, tables } = source;
  if (tables.length < 2) return createTable(source);
  const table = random.pick(tables);
  return random.weighted<() => string>([
    [tables.length < 5 ? 12 : 2, () => createTable(source)],
    [tables.length < 5 ? 2 : 0, () => `CREATE TABLE ${quote(freeName(source, TABLE_NAMES))} LIKE ${quote(table.name)}`],
    [70, () => alterTable(source, table)],
    [5, () => createIndex(source, table)],
    [3, () => dropIndex(source, table)],
    [3, () => `RENAME TABLE ${quote(table.name)} TO ${quote(freeName(source, TABLE_NAMES))}`],
    [1, () => swap(source, table)],
    [tables.length > 3 ? 4 : 0, () => `DROP TABLE ${quote(table.name)}`],
    [1, () => `TRUNCATE TABLE ${quote(table.name)}`],
    [1, () => `ALTER DATABASE ${quote(source.schema)} ${charsetClause(random)}`],
  ])();
}

function swap(source: StatementSource, table: Table): string {
  const other = source.random.pick(source.tables);
  return `RENAME TABLE ${quote(table.name)} TO swap, ${quote(other.name)} TO ${quote(table.name)}, swap TO ${quote(other.name)}`;
}

function createTable(source: StatementSource): string {
  const { random, flavor } = source;
  const elements: string[] = [];
  const names: string[] = [];
  const id = random.chance(0.6);
  if (id) {
    names.push('id');
    const keyed = random.chance(0.7) ? 'AUTO_INCREMENT PRIMARY KEY' : 'PRIMARY KEY';
    elements.push(
      `\`id\` ${random.pick(['INT', 'BIGINT UNSIGNED', 'INT UNSIGNED'])} ${random.chance(0.5) ? 'NOT NULL ' : ''}${keyed}`,
    );
  }
  for (let count = random.int(1, 6); count > 0; count--) {
    const name = newColumnName(random, undefined);
    if (names.some((other) => other.toLowerCase() === name.toLowerCase())) continue;
    names.push(name);
    elements.push(`${quote(name)} ${columnDefinition(random, flavor, undefined)}`);
  }
  elements.push('`n1` INT', '`v1` VARCHAR(40)');
  for (let count = random.int(0, 3); count > 0; count--) elements.push(keyOver(source, ['n1', 'v1', ...names]));
  if (random.chance(0.15))
    elements.push(`${random.chance(0.5) ? `CONSTRAINT ck${random.int(1, 99999)} ` : ''}CHECK (n1 > 0)`);
  const options = [random.chance(0.4) ? charsetClause(random) : '', random.chance(0.2) ? "COMMENT='c'" : ''].join(' ');
  const exists = random.chance(0.1) ? 'IF NOT EXISTS ' : '';
  const replace = flavor === 'mariadb' && random.chance(0.05) ? 'OR REPLACE ' : '';
  const head = `CREATE ${replace}TABLE ${replace === '' ? exists : ''}${quote(freeName(source, TABLE_NAMES))}`;
  return `${head} (${random.chance(0.9) ? elements.join(', ') : elements.join(',\n  /* c */ ')}) ${options}`;
}

/** A key over columns of which only the names are known. */
function keyOver(source: StatementSource, names: readonly string[]): string {
  const { random } = source;
  const parts = random
    .some(names, random.int(1, 3))
    .map((name) => `${quote(name)}${random.chance(0.15) ? ' DESC' : ''}`);
  const name = random.chance(0.5) ? ` ${quote(random.pick(INDEX_NAMES))}` : '';
  return `${random.pick(['KEY', 'INDEX', 'UNIQUE', 'UNIQUE KEY'])}${name} (${parts.join(', ')})`;
}

function keyParts(source: StatementSource, table: Table): string | undefined {
  const { random } = source;
  const parts = random.some(table.columns, random.int(1, 3)).flatMap((column) => {
    const order = random.chance(0.15) ? ' DESC' : '';
    const prefixable = /char|text|blob|binary/.test(column.type);
    if (isIndexable(column) && !(prefixable && random.chance(0.3))) return [`${quote(column.name)}${order}`];
    return prefixable ? [`${quote(column.name)}(${random.int(1, Math.min(column.length ?? 20, 20))})${order}`] : [];
  });
  return parts.length === 0 ? undefined : parts.join(', ');
}

function createIndex(source: StatementSource, table: Table): string {
  const { random } = source;
  const parts = keyParts(source, table) ?? quote(table.columns[0]?.name ?? 'n1');
  const kind = random.weighted([
    [6, ''],
    [3, 'UNIQUE '],
    [table.columns.some((column) => column.type === 'varchar') ? 0.3 : 0, 'FULLTEXT '],
  ]);
  const columns = kind === 'FULLTEXT ' ? textColumn(table) : parts;
  return `CREATE ${kind}INDEX ${quote(random.pick(INDEX_NAMES))} ON ${quote(table.name)} (${columns})`;
}

function textColumn(table: Table): string {
  return quote(table.columns.find((column) => column.type === 'varchar')?.name ?? 'v1');
}

function plainIndex(source: StatementSource, table: Table): Index | undefined {
  const indexes = table.indexes.filter((index) => index.kind !== 'PRIMARY');
  return indexes.length === 0 ? undefined : source.random.pick(indexes);
}

function dropIndex(source: StatementSource, table: Table): string {
  const index = plainIndex(source, table);
  if (index === undefined) return createIndex(source, table);
  return `DROP INDEX ${quote(index.name)} ON ${quote(table.name)}`;
}

function alterTable(source: StatementSource, table: Table): string {
  const { random } = source;
  const count = random.weighted([
    [6, 1],
    [3, 2],
    [2, 3],
    [1, 4],
  ]);
  const used = new Set<string>();
  const clauses: string[] = [];
  for (let tries = 0; clauses.length < count && tries < 10; tries++) {
    const clause = alterClause(source, table, used);
    if (clause !== undefined && !isOdd(source, [...clauses, clause])) clauses.push(clause);
  }
  if (random.chance(0.03)) {
    if (losesForeignKeys(source, table) || adds(clauses, 'FOREIGN KEY')) clauses.length = 0;
    clauses.push(`RENAME TO ${quote(freeName(source, TABLE_NAMES))}`);
  }
  return `ALTER TABLE ${quote(table.name)} ${clauses.length === 0 ? 'FORCE' : clauses.join(random.pick([', ', ',\n  ']))}`;
}

/**
 * MariaDB (10.11) forgets foreign keys when an ALTER TABLE that copies the table gives it a new name as well: the table's own
 * are gone, and those of other tables stay with the old name. Such tables are renamed by RENAME TO alone.
 */
function losesForeignKeys({ flavor, tables }: StatementSource, table: Table): boolean {
  if (flavor !== 'mariadb') return false;
  return table.foreignKeys.length > 0 || tables.some((child) => refersTo(child, table));
}

function refersTo(child: Table, parent: Table): boolean {
  return child.foreignKeys.some((key) => key.refTable === parent.name);
}

/** A foreign key to the table's own primary key, which the same statement of MariaDB drops. */
function isOdd({ flavor }: StatementSource, clauses: readonly string[]): boolean {
  return flavor === 'mariadb' && adds(clauses, 'FOREIGN KEY') && adds(clauses, 'DROP PRIMARY KEY');
}

function adds(clauses: readonly string[], words: string): boolean {
  return clauses.some((clause) => clause.includes(words));
}

/**
 * MariaDB (10.11) lets go of a primary key that foreign keys need; what it shows of these then depends on what it has in
 * memory.
 */
function isNeeded({ flavor, tables }: StatementSource, table: Table): boolean {
  return flavor === 'mariadb' && tables.some((child) => refersTo(child, table));
}

/** A column that no clause of the statement has touched yet. */
function freshColumn(source: StatementSource, table: Table, used: Set<string>): Column | undefined {
  const columns = table.columns.filter((column) => !used.has(column.name));
  if (columns.length === 0) return undefined;
  const column = source.random.pick(columns);
  used.add(column.name);
  return column;
}

function position(source: StatementSource, table: Table): string {
  const { random } = source;
  if (random.chance(0.6)) return '';
  return random.chance(0.3) ? ' FIRST' : ` AFTER ${quote(random.pick(table.columns).name)}`;
}

function alterClause(source: StatementSource, table: Table, used: Set<string>): string | undefined {
  const { random, flavor } = source;
  return random.weighted<() => string | undefined>([
    [20, () => addColumn(source, table)],
    [table.columns.length > 4 ? 9 : 1, () => onColumn(source, table, used, (name) => `DROP COLUMN ${name}`)],
    [
      14,
      () =>
        onColumn(
          source,
          table,
          used,
          (name) => `MODIFY ${name} ${columnDefinition(random, flavor, table)}${position(source, table)}`,
        ),
    ],
    [
      8,
      () =>
        onColumn(source, table, used, (name) => {
          const to = random.chance(0.6) ? quote(newColumnName(random, table)) : name;
          return `CHANGE COLUMN ${name} ${to} ${columnDefinition(random, flavor, table)}${position(source, table)}`;
        }),
    ],
    [
      6,
      () => onColumn(source, table, used, (name) => `RENAME COLUMN ${name} TO ${quote(newColumnName(random, table))}`),
    ],
    [4, () => setDefault(source, table, used)],
    [2, () => dropDefault(source, table, used)],
    [8, () => addKey(source, table)],
    [5, () => indexClause(source, table)],
    [3, () => primaryKeyClause(source, table)],
    [3, () => (random.chance(0.05) ? 'CONVERT TO CHARACTER SET binary' : convertClause(random))],
    [3, () => `DEFAULT ${charsetClause(random)}`],
    [2, () => `COMMENT = 'c${random.int(1, 9)}'`],
    [3, () => foreignKeyClause(source, table)],
    [3, () => checkClause(source, table)],
    [
      flavor === 'mysql' ? 1 : 0,
      () => onColumn(source, table, used, (name) => `ALTER ${name} SET ${random.pick(['IN', ''])}VISIBLE`),
    ],
  ])();
}

function onColumn(
  source: StatementSource,
  table: Table,
  used: Set<string>,
  text: (name: string) => string,
): string | undefined {
  const column = freshColumn(source, table, used);
  return column === undefined ? undefined : text(quote(column.name));
}

function addColumn(source: StatementSource, table: Table): string {
  const { random, flavor } = source;
  const one = (): string => `${quote(newColumnName(random, table))} ${columnDefinition(random, flavor, table)}`;
  if (random.chance(0.1)) return `ADD COLUMN (${one()}, ${one()})`;
  return `ADD COLUMN ${one()}${position(source, table)}`;
}

function setDefault(source: StatementSource, table: Table, used: Set<string>): string | undefined {
  const column = freshColumn(source, table, used);
  if (column === undefined) return undefined;
  const value = /int|decimal|float|double/.test(column.type) ? String(source.random.int(0, 99)) : "'1'";
  return `ALTER COLUMN ${quote(column.name)} SET DEFAULT ${value}`;
}

/**
 * What MariaDB (10.11) makes of a TIMESTAMP without default when `explicit_defaults_for_timestamp` is off differs from one
 * run of the same statements to the next.
 */
function dropDefault(source: StatementSource, table: Table, used: Set<string>): string | undefined {
  const column = freshColumn(source, table, used);
  if (column === undefined) return undefined;
  if (source.flavor === 'mariadb' && column.type === 'timestamp' && !column.nullable) return undefined;
  return `ALTER COLUMN ${quote(column.name)} DROP DEFAULT`;
}

function addKey(source: StatementSource, table: Table): string | undefined {
  const { random } = source;
  const parts = keyParts(source, table);
  if (parts === undefined) return undefined;
  const name = random.chance(0.5) ? ` ${quote(random.pick(INDEX_NAMES))}` : '';
  return `ADD ${random.pick(['INDEX', 'KEY', 'INDEX', 'UNIQUE', 'UNIQUE INDEX'])}${name} (${parts})`;
}

function indexClause(source: StatementSource, table: Table): string | undefined {
  const { random, flavor } = source;
  const index = plainIndex(source, table);
  if (index === undefined) return undefined;
  const name = quote(index.name);
  const hidden = flavor === 'mysql' ? ['VISIBLE', 'INVISIBLE'] : ['IGNORED', 'NOT IGNORED'];
  return random.weighted([
    [5, `DROP INDEX ${name}`],
    [3, `RENAME INDEX ${name} TO ${quote(`${random.pick(INDEX_NAMES)}${random.int(1, 9)}`)}`],
    [2, `ALTER INDEX ${name} ${random.pick(hidden)}`],
  ]);
}

function primaryKeyClause(source: StatementSource, table: Table): string | undefined {
  const { random } = source;
  const columns = table.columns.filter((column) => isIndexable(column) && column.generated === undefined);
  if (columns.length === 0) return undefined;
  const parts = random.some(columns, random.int(1, 2)).map((column) => quote(column.name));
  const add = `ADD PRIMARY KEY (${parts.join(', ')})`;
  if (!table.indexes.some((index) => index.kind === 'PRIMARY')) return add;
  if (isNeeded(source, table)) return undefined;
  return random.chance(0.5) ? 'DROP PRIMARY KEY' : `DROP PRIMARY KEY, ${add}`;
}

function foreignKeyClause(source: StatementSource, table: Table): string | undefined {
  const { random } = source;
  const key = table.foreignKeys.length > 0 && random.chance(0.5) ? random.pick(table.foreignKeys) : undefined;
  if (key !== undefined) return `DROP FOREIGN KEY ${quote(key.name)}`;
  const parent = random.pick(source.tables);
  const primary = parent.indexes.find((index) => index.kind === 'PRIMARY');
  const column = parent.columns.find((entry) => entry.name === primary?.parts[0]?.column);
  if (primary === undefined || primary.parts.length !== 1 || column === undefined || !column.type.endsWith('int'))
    return undefined;
  const name = quote(newColumnName(random, table));
  const constraint = random.chance(0.4) ? `CONSTRAINT fk${random.int(1, 99999)} ` : '';
  const rule = random.pick(['', ' ON DELETE CASCADE', ' ON DELETE SET NULL ON UPDATE CASCADE', ' ON UPDATE RESTRICT']);
  const type = column.columnType.replace(' zerofill', '');
  return `ADD COLUMN ${name} ${type}, ADD ${constraint}FOREIGN KEY (${name}) REFERENCES ${quote(parent.name)} (${quote(column.name)})${rule}`;
}

function checkClause(source: StatementSource, table: Table): string | undefined {
  const { random } = source;
  const checks = table.checks.filter((check) => check.column === undefined);
  if (checks.length > 0 && random.chance(0.5)) return `DROP CONSTRAINT ${quote(random.pick(checks).name)}`;
  const columns = table.columns.filter((column) => column.type.endsWith('int') && !column.autoIncrement);
  if (columns.length === 0) return undefined;
  const name = random.chance(0.4) ? `CONSTRAINT ck${random.int(1, 99999)} ` : '';
  return `ADD ${name}CHECK (${quote(random.pick(columns).name)} < ${random.int(100, 999)})`;
}
