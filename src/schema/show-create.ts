import { collationOutsideMariadb, typeOutsideMariadb } from '../ddl/index.js';
import { quoteColumns, quoteIdent, quoteString, quoteTable } from '../mysql/quote.js';
import { currentTimestamp } from './resolve-default.js';
import { isIntegerType, isLobType, isSpatialType } from './column-type.js';
import type { Check, Column, ForeignKey, Index, IndexPart, Table } from './model.js';

/** Server that is to read the text. */
export type PrintDialect = 'mysql' | 'mariadb' | 'tidb';

export interface PrintOptions {
  dialect: PrintDialect;
  ifNotExists?: boolean;
  /** Writes `schema.table` instead of the table's name alone. */
  qualified?: boolean;
  /** Leaves foreign keys out, to be added when their parents exist. */
  withoutForeignKeys?: boolean;
}

/**
 * CREATE TABLE text of a structure, in the lay-out of SHOW CREATE TABLE. What the dialect has no word for is left out or
 * replaced by what holds the same values: MariaDB's UUID becomes CHAR(36) elsewhere, full-text and spatial indexes are not
 * written for TiDB. Charset and collation are always written, so that no server default changes the meaning. Written for a
 * session without NO_BACKSLASH_ESCAPES.
 */
export function showCreateTable(table: Table, options: PrintOptions): string {
  const { dialect } = options;
  const lines = table.columns.map((column) => columnLine(column, table, dialect));
  if (dialect === 'mariadb') lines.push(...systemTimePeriod(table));
  for (const index of table.indexes) if (printsIndex(index, dialect)) lines.push(indexLine(index, dialect));
  if (options.withoutForeignKeys !== true) {
    for (const key of table.foreignKeys) lines.push(foreignKeyLine(key, table));
  }
  for (const check of table.checks) {
    if (check.column === undefined || dialect !== 'mariadb') lines.push(checkLine(check, dialect));
  }
  const name = options.qualified === true ? quoteTable(table.schema, table.name) : quoteIdent(table.name);
  const exists = options.ifNotExists === true ? 'IF NOT EXISTS ' : '';
  const tail = tableOptions(table, dialect).join(' ');
  const partitioning = table.partitioning === undefined ? '' : `\n${table.partitioning}`;
  return `CREATE TABLE ${exists}${name} (\n  ${lines.join(',\n  ')}\n) ${tail}${partitioning}`;
}

/** MariaDB's declared versioning columns make sense only with their period. */
function systemTimePeriod(table: Table): string[] {
  const named = (expression: string): string | undefined =>
    table.columns.find((column) => column.generated?.expression === expression)?.name;
  const [from, to] = [named('ROW START'), named('ROW END')];
  return from === undefined || to === undefined ? [] : [`PERIOD FOR SYSTEM_TIME (${quoteColumns([from, to])})`];
}

function columnLine(column: Column, table: Table, dialect: PrintDialect): string {
  const words = [quoteIdent(column.name), typeFor(column, dialect)];
  if (column.charset !== undefined && column.collation !== undefined && column.charset !== 'binary') {
    if (column.charset !== table.charset) words.push(`CHARACTER SET ${column.charset}`);
    if (column.collation !== table.collation) words.push(`COLLATE ${collationFor(column.collation, dialect)}`);
  } else if (column.members !== undefined) {
    words.push('CHARACTER SET binary');
  }
  if (column.generated !== undefined) words.push(generatedText(column.generated, dialect));
  if (!column.nullable) {
    // MariaDB takes no NOT NULL on generated columns
    if (column.generated === undefined || dialect !== 'mariadb') words.push('NOT NULL');
  } else if (column.type === 'timestamp') words.push('NULL');
  if (column.srid !== undefined && dialect === 'mysql') words.push(`SRID ${column.srid}`);
  const value = defaultText(column, dialect);
  if (value !== undefined) words.push(`DEFAULT ${value}`);
  if (column.onUpdate !== undefined) {
    words.push(`ON UPDATE CURRENT_TIMESTAMP${column.onUpdate === '0' ? '' : `(${column.onUpdate})`}`);
  }
  if (column.autoIncrement) words.push('AUTO_INCREMENT');
  if (column.invisible && dialect !== 'tidb') words.push('INVISIBLE');
  if (column.comment !== undefined) words.push(`COMMENT ${quoteString(column.comment)}`);
  const check = dialect === 'mariadb' ? table.checks.find((entry) => entry.column === column.name) : undefined;
  if (check !== undefined) words.push(`CHECK (${check.expression})`);
  return words.join(' ');
}

function typeFor(column: Column, dialect: PrintDialect): string {
  if (dialect === 'mariadb') {
    if (column.type === 'geomcollection') return 'geometrycollection';
    const systemId = column.srid === undefined ? '' : ` REF_SYSTEM_ID=${column.srid}`;
    return `${column.columnType}${systemId}`;
  }
  return typeOutsideMariadb(column.type) ?? column.columnType;
}

/** Collations of one flavor alone, and their nearest relative elsewhere. */
export function collationFor(collation: string, dialect: PrintDialect): string {
  if (dialect === 'mariadb') return collation.replace(/^utf8mb4_0900_(?:as|ai)_c[is]$/, 'utf8mb4_unicode_520_ci');
  return collationOutsideMariadb(collation) ?? collation;
}

function generatedText(generated: NonNullable<Column['generated']>, dialect: PrintDialect): string {
  if (/^ROW (?:START|END)$/.test(generated.expression)) {
    return dialect === 'mariadb' ? `GENERATED ALWAYS AS ${generated.expression}` : '';
  }
  return `GENERATED ALWAYS AS (${generated.expression}) ${generated.kind}`;
}

function defaultText(column: Column, dialect: PrintDialect): string | undefined {
  const value = column.default;
  if (value === undefined) return undefined;
  const lob = isLobType(column.type) || column.type === 'json' || isSpatialType(column.type);
  switch (value.kind) {
    case 'null':
      return lob && dialect !== 'mariadb' ? undefined : 'NULL';
    case 'expression':
      return isOwnTime(value.text, column) ? value.text : `(${value.text})`;
    case 'literal':
      break;
  }
  if (column.type === 'bit') return value.value;
  if (column.type === 'binary' || column.type === 'varbinary') return value.value === '0x' ? "''" : value.value;
  // TiDB and MariaDB read quoted numbers too, but unquoted integers are read alike by every version
  const plain = isIntegerType(column.type) && !column.zerofill;
  const text = plain ? value.value : quoteString(value.value);
  return lob && dialect !== 'mariadb' ? `(${text})` : text;
}

/** CURRENT_TIMESTAMP with the column's own digits stands without parentheses. */
function isOwnTime(expression: string, column: Column): boolean {
  if (column.type !== 'datetime' && column.type !== 'timestamp') return false;
  return expression === currentTimestamp(column.length ?? 0);
}

function printsIndex(index: Index, dialect: PrintDialect): boolean {
  if (dialect === 'tidb') return index.kind !== 'FULLTEXT' && index.kind !== 'SPATIAL';
  return dialect !== 'mariadb' || index.parts.every((part) => part.expression === undefined);
}

const INDEX_WORDS: Record<Exclude<Index['kind'], 'PRIMARY'>, string> = {
  UNIQUE: 'UNIQUE KEY',
  INDEX: 'KEY',
  FULLTEXT: 'FULLTEXT KEY',
  SPATIAL: 'SPATIAL KEY',
};

function indexLine(index: Index, dialect: PrintDialect): string {
  const head = index.kind === 'PRIMARY' ? 'PRIMARY KEY' : `${INDEX_WORDS[index.kind]} ${quoteIdent(index.name)}`;
  const hidden = index.invisible ? (dialect === 'mariadb' ? ' IGNORED' : ' INVISIBLE') : '';
  return `${head} (${index.parts.map(partText).join(',')})${hidden}`;
}

function partText(part: IndexPart): string {
  const name = part.column === undefined ? `(${part.expression ?? ''})` : quoteIdent(part.column);
  return `${name}${part.length === undefined ? '' : `(${part.length})`}${part.descending === true ? ' DESC' : ''}`;
}

function foreignKeyLine(key: ForeignKey, table: Table): string {
  const parent = key.refSchema === table.schema ? quoteIdent(key.refTable) : quoteTable(key.refSchema, key.refTable);
  const rules = [
    key.onDelete === undefined ? '' : ` ON DELETE ${key.onDelete}`,
    key.onUpdate === undefined ? '' : ` ON UPDATE ${key.onUpdate}`,
  ];
  return (
    `CONSTRAINT ${quoteIdent(key.name)} FOREIGN KEY (${quoteColumns(key.columns)}) ` +
    `REFERENCES ${parent} (${quoteColumns(key.refColumns)})${rules.join('')}`
  );
}

function checkLine(check: Check, dialect: PrintDialect): string {
  // outside MariaDB names are unique in a database, so one that is a column's name is left to the server
  const name = check.column === undefined ? `CONSTRAINT ${quoteIdent(check.name)} ` : '';
  const enforced = check.enforced || dialect === 'mariadb' ? '' : ' NOT ENFORCED';
  return `${name}CHECK (${check.expression})${enforced}`;
}

const QUOTED_OPTIONS = new Set([
  'COMMENT',
  'COMPRESSION',
  'CONNECTION',
  'DATA DIRECTORY',
  'ENCRYPTION',
  'ENGINE_ATTRIBUTE',
  'INDEX DIRECTORY',
  'PASSWORD',
  'SECONDARY_ENGINE_ATTRIBUTE',
]);

/** Options that mean the same in every server of the family, or are read and ignored. */
const SHARED_OPTIONS = new Set([
  'AUTO_INCREMENT',
  'COMMENT',
  'ENGINE',
  'ROW_FORMAT',
  'KEY_BLOCK_SIZE',
  'MAX_ROWS',
  'MIN_ROWS',
]);

function tableOptions(table: Table, dialect: PrintDialect): string[] {
  const words: string[] = [];
  for (const [name, value] of Object.entries(table.options)) {
    if (name === 'ENGINE' && dialect === 'tidb') continue;
    if (name === 'WITH SYSTEM VERSIONING') {
      if (dialect === 'mariadb') words.push(name);
    } else if (QUOTED_OPTIONS.has(name) && (dialect !== 'tidb' || name === 'COMMENT')) {
      words.push(`${name}=${quoteString(value)}`);
    } else if (SHARED_OPTIONS.has(name)) {
      words.push(`${name}=${value}`);
    }
  }
  words.push(`DEFAULT CHARSET=${table.charset}`, `COLLATE=${collationFor(table.collation, dialect)}`);
  return words;
}
