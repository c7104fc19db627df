import type { TableFilter } from '../filter/block-allow-list.js';
import { queryRows, type DbConnection } from '../mysql/connect.js';
import { quoteIdent, quoteString, quoteTable } from '../mysql/quote.js';
import { isSpatialType } from '../schema/column-type.js';
import { exactEnumExpression, exactTextExpression, hasEmptyMember, isLossyCharset } from './exact-expression.js';
import { FORMAT, type ValueFormat } from './row-format.js';

/** A table to be dumped. */
export interface DumpTable {
  schema: string;
  name: string;
}

/** What a dump holds: databases, and their base tables. */
export interface DumpObjects {
  schemas: string[];
  tables: DumpTable[];
}

/** Lists the databases and base tables that the filter lets pass; views and sequences are left out. */
export async function listObjects(connection: DbConnection, filter: TableFilter): Promise<DumpObjects> {
  const schemaRows = await queryRows(connection, 'upstream', 'SHOW DATABASES');
  const schemas = schemaRows
    .map((row) => String(Object.values(row)[0]))
    .filter((schema) => filter.matchesSchema(schema));
  if (schemas.length === 0) return { schemas, tables: [] };
  const rows = await queryRows(
    connection,
    'upstream',
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES
     WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA IN (${schemas.map((s) => quoteString(s)).join(', ')})
     ORDER BY TABLE_SCHEMA, TABLE_NAME`,
  );
  const known = new Set(schemas);
  const tables = rows
    .map((row) => ({ schema: String(row['s']), name: String(row['t']) }))
    .filter(({ schema, name }) => known.has(schema) && filter.matchesTable(schema, name));
  return { schemas, tables };
}

/** What the server guesses about a table's size. */
export interface TableSize {
  rows: number;
  /** Bytes a row in the engine. */
  rowLength: number;
  bytes: number;
}

/** Guesses of the sizes of all tables of some schemas, by quoted name. */
export async function tableSizes(
  connection: DbConnection,
  schemas: readonly string[],
): Promise<Map<string, TableSize>> {
  const sizes = new Map<string, TableSize>();
  if (schemas.length === 0) return sizes;
  const rows = await queryRows(
    connection,
    'upstream',
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, TABLE_ROWS AS n, AVG_ROW_LENGTH AS l, DATA_LENGTH AS b
     FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (${schemas.map((s) => quoteString(s)).join(', ')})`,
  );
  for (const row of rows) {
    const size = { rows: Number(row['n'] ?? 0), rowLength: Number(row['l'] ?? 0), bytes: Number(row['b'] ?? 0) };
    sizes.set(quoteTable(String(row['s']), String(row['t'])), size);
  }
  return sizes;
}

/** A column whose values are dumped. */
export interface DumpColumn {
  name: string;
  /** Base type, lower case. */
  type: string;
  format: ValueFormat;
  /** What is selected instead of the column; given only with the format `marked`. */
  expression?: string;
  nullable: boolean;
}

/** A key that a table can be cut by and read in the order of. */
export interface DumpKey {
  primary: boolean;
  unique: boolean;
  columns: string[];
  /** No prefix, no expression and no nullable column in it. */
  exact: boolean;
}

/** Structure of a table as far as reading its rows needs it. */
export interface TableLayout {
  columns: DumpColumn[];
  keys: DumpKey[];
}

/**
 * Reads the columns that are stored (generated ones are computed again downstream) and the keys of a table.
 *
 * @param exact - values that have no literal are read by expressions
 */
export async function readLayout(connection: DbConnection, table: DumpTable, exact: boolean): Promise<TableLayout> {
  const where = `TABLE_SCHEMA = ${quoteString(table.schema)} AND TABLE_NAME = ${quoteString(table.name)}`;
  const columnRows = await queryRows(
    connection,
    'upstream',
    `SELECT COLUMN_NAME AS c, LOWER(DATA_TYPE) AS t, EXTRA AS e, IS_NULLABLE AS n,
       CHARACTER_SET_NAME AS s, COLUMN_TYPE AS ct
     FROM information_schema.COLUMNS WHERE ${where} ORDER BY ORDINAL_POSITION`,
  );
  const columns = columnRows
    .filter((row) => !isGeneratedExtra(String(row['e'] ?? '')))
    .map((row) => {
      const type = String(row['t']);
      const charset = row['s'] as string | null;
      const plain = { name: String(row['c']), type, nullable: String(row['n']) === 'YES' };
      const format = formatOf(type, charset);
      const expression = exact ? exactExpression({ ...plain, format }, charset, String(row['ct'])) : undefined;
      return expression === undefined ? { ...plain, format } : { ...plain, format: FORMAT.marked, expression };
    });
  return { columns, keys: await readKeys(connection, where, columns) };
}

/** What is selected of a column whose text alone does not tell all of its values. */
function exactExpression(column: DumpColumn, charset: string | null, columnType: string): string | undefined {
  if (column.format !== FORMAT.text || charset === null) return undefined;
  const name = quoteIdent(column.name);
  if (column.type === 'enum') return hasEmptyMember(columnType) ? exactEnumExpression(name) : undefined;
  return column.type !== 'set' && isLossyCharset(charset) ? exactTextExpression(name, charset) : undefined;
}

/** `EXTRA` of a generated column; `DEFAULT_GENERATED` only means that the default is an expression. */
function isGeneratedExtra(extra: string): boolean {
  return /\b(VIRTUAL|STORED|PERSISTENT)( GENERATED)?\b/i.test(extra.replace(/DEFAULT_GENERATED/gi, ''));
}

async function readKeys(connection: DbConnection, where: string, columns: DumpColumn[]): Promise<DumpKey[]> {
  const rows = await queryRows(
    connection,
    'upstream',
    `SELECT INDEX_NAME AS i, NON_UNIQUE AS u, COLUMN_NAME AS c, SUB_PART AS p
     FROM information_schema.STATISTICS WHERE ${where} AND INDEX_TYPE = 'BTREE' ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
  );
  const byName = new Map(columns.map((column) => [column.name, column]));
  const keys = new Map<string, DumpKey>();
  for (const row of rows) {
    const name = String(row['i']);
    const key = keys.get(name) ?? {
      primary: name === 'PRIMARY',
      unique: Number(row['u']) === 0,
      columns: [],
      exact: true,
    };
    keys.set(name, key);
    const column = row['c'] === null ? undefined : byName.get(String(row['c']));
    if (column === undefined || column.nullable || row['p'] !== null) key.exact = false;
    if (row['c'] !== null) key.columns.push(String(row['c']));
    else key.columns.push('');
  }
  return [...keys.values()];
}

const NUMBERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'integer', 'bigint', 'decimal', 'numeric', 'dec']);
const FLOATS = new Set(['float', 'double', 'real']);
const BYTES = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob', 'vector']);

function formatOf(type: string, charset: string | null): ValueFormat {
  // Members in `binary` may be no text at all; MySQL names no character set for such a column, MariaDB names this.
  if ((type === 'enum' || type === 'set') && (charset ?? 'binary') === 'binary') return FORMAT.binary;
  if (NUMBERS.has(type)) return FORMAT.number;
  if (FLOATS.has(type)) return FORMAT.float;
  if (BYTES.has(type) || isSpatialType(type)) return FORMAT.binary;
  if (type === 'json') return FORMAT.marked;
  return type === 'bit' ? FORMAT.hex : FORMAT.text;
}

/** The statement that makes a table, as the server prints it. */
export async function showCreateTable(connection: DbConnection, table: DumpTable): Promise<string> {
  const rows = await queryRows(connection, 'upstream', `SHOW CREATE TABLE ${quoteTable(table.schema, table.name)}`);
  return String(rows[0]?.['Create Table'] ?? '');
}

/** The statement without the counter of AUTO_INCREMENT, which moves with every insert. */
export function withoutCounter(createTable: string): string {
  return createTable.replace(/ AUTO_INCREMENT=\d+/, '');
}
