import { queryRows, type DbConnection, type DbRole, type Row } from '../mysql/connect.js';
import { quoteString } from '../mysql/quote.js';
import type { TableFacts } from './facts.js';

/** What the checks know of a column. */
export interface ColumnFacts {
  name: string;
  /** Lower case, without what different servers print differently. */
  type: string;
  autoIncrement: boolean;
  generated: boolean;
  /** A row without a value for it is refused. */
  required: boolean;
}

/** A primary key or unique index. */
export interface KeyFacts {
  primary: boolean;
  columns: string[];
  /** One of its columns may be NULL: rows with NULL there have no such key. */
  nullable?: true;
}

/** Structure of a table as far as rows of other tables must fit it. */
export interface TableStructure {
  columns: ColumnFacts[];
  /** Primary key and unique indexes, each as the names of its columns; the name of an index does not matter. */
  keys: KeyFacts[];
}

interface TableName {
  schema: string;
  name: string;
}

/** Databases of one query. */
const SCHEMAS_A_QUERY = 200;

/**
 * Reads the structures of upstream tables, by table. A table that is gone by now is absent.
 *
 * @throws DmError 10003, 10005
 */
export async function readStructures(
  connection: DbConnection,
  tables: readonly TableFacts[],
): Promise<Map<TableFacts, TableStructure>> {
  const columns = await readColumns(connection, 'upstream', tables);
  const keys = await readKeys(connection, 'upstream', tables);
  const found = new Map<TableFacts, TableStructure>();
  for (const table of tables) {
    const key = tableKey(table.schema, table.name);
    const own = columns.get(key);
    if (own !== undefined) found.set(table, { columns: own, keys: keys.get(key) ?? [] });
  }
  return found;
}

/**
 * Reads the columns of tables, in order, by {@link tableKey}.
 *
 * @throws DmError 10003, 10005
 */
export async function readColumns(
  connection: DbConnection,
  role: DbRole,
  tables: readonly TableName[],
): Promise<Map<string, ColumnFacts[]>> {
  const found = new Map<string, ColumnFacts[]>();
  for (const schemas of schemaLists(tables)) {
    const rows = await queryRows(
      connection,
      role,
      `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, COLUMN_NAME AS c, COLUMN_TYPE AS y, EXTRA AS e, IS_NULLABLE AS n, COLUMN_DEFAULT AS d
       FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN (${schemas}) ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`,
    );
    for (const row of rows) {
      const columns = found.get(keyOf(row)) ?? [];
      found.set(keyOf(row), columns);
      columns.push(columnFacts(row));
    }
  }
  return found;
}

function columnFacts(row: Row): ColumnFacts {
  const extra = String(row['e'] ?? '').toLowerCase();
  const autoIncrement = extra.includes('auto_increment');
  const generated = /\b(?:virtual|stored|persistent)\b/.test(extra);
  const hasValue = row['n'] === 'YES' || row['d'] !== null || extra.includes('default_generated');
  return {
    name: String(row['c']),
    type: comparableType(String(row['y'])),
    autoIncrement,
    generated,
    required: !autoIncrement && !generated && !hasValue && !extra.includes('auto_random'),
  };
}

/** Display widths of integers mean nothing, and newer servers do not print them. */
function comparableType(type: string): string {
  return type
    .toLowerCase()
    .replace(/^((?:tiny|small|medium|big)?int)\(\d+\)/, (all, name: string) => (all === 'tinyint(1)' ? all : name));
}

/**
 * Reads the primary keys and unique indexes of tables, by {@link tableKey}. Tables without any are absent.
 *
 * @throws DmError 10003, 10005
 */
export async function readKeys(
  connection: DbConnection,
  role: DbRole,
  tables: readonly TableName[],
): Promise<Map<string, KeyFacts[]>> {
  const found = new Map<string, KeyFacts[]>();
  const keys = new Map<string, KeyFacts>();
  for (const schemas of schemaLists(tables)) {
    const rows = await queryRows(
      connection,
      role,
      `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, INDEX_NAME AS i, COLUMN_NAME AS c, SUB_PART AS p, NULLABLE AS n
       FROM information_schema.STATISTICS WHERE TABLE_SCHEMA IN (${schemas}) AND NON_UNIQUE = 0
       ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`,
    );
    for (const row of rows) {
      const at = `${keyOf(row)}\u0000${String(row['i'])}`;
      let key = keys.get(at);
      if (key === undefined) {
        key = { primary: row['i'] === 'PRIMARY', columns: [] };
        keys.set(at, key);
        found.set(keyOf(row), [...(found.get(keyOf(row)) ?? []), key]);
      }
      if (row['n'] === 'YES') key.nullable = true;
      const column = row['c'] === null ? '(expression)' : String(row['c']);
      key.columns.push(row['p'] === null ? column : `${column}(${String(row['p'])})`);
    }
  }
  return found;
}

/**
 * Names of the columns that an index begins with, by {@link tableKey}: their lowest and highest values are found at once.
 *
 * @throws DmError 10003, 10005
 */
export async function readLeadingColumns(
  connection: DbConnection,
  tables: readonly TableName[],
): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const schemas of schemaLists(tables)) {
    const rows = await queryRows(
      connection,
      'upstream',
      `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, COLUMN_NAME AS c FROM information_schema.STATISTICS
       WHERE TABLE_SCHEMA IN (${schemas}) AND SEQ_IN_INDEX = 1 AND INDEX_TYPE = 'BTREE' AND COLUMN_NAME IS NOT NULL`,
    );
    for (const row of rows) {
      const columns = found.get(keyOf(row)) ?? new Set();
      found.set(keyOf(row), columns.add(String(row['c'])));
    }
  }
  return found;
}

/** The databases of some tables as lists for queries, a query not being for too many of them. */
function schemaLists(tables: readonly TableName[]): string[] {
  const schemas = [...new Set(tables.map((table) => table.schema))].map((schema) => quoteString(schema));
  const lists: string[] = [];
  while (schemas.length > 0) lists.push(schemas.splice(0, SCHEMAS_A_QUERY).join(', '));
  return lists;
}

function keyOf(row: Row): string {
  return tableKey(String(row['s']), String(row['t']));
}

/** One text for the two names of a table. */
export function tableKey(schema: string, table: string): string {
  return `${schema}\u0000${table}`;
}
