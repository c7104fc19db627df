import { queryRows, type DbConnection, type Row } from '../mysql/connect.js';
import { quoteString } from '../mysql/quote.js';
import type { TableFacts } from './facts.js';

/** What shards of one downstream table must have alike. */
export interface ShardStructure {
  columns: { name: string; type: string; autoIncrement: boolean }[];
  /** Primary key and unique indexes, each as the names of its columns; the name of an index does not matter. */
  keys: { primary: boolean; columns: string[] }[];
}

/** Databases of one query. */
const SCHEMAS_A_QUERY = 200;

/**
 * Reads the structures of tables, by table. A table that is gone by now is absent.
 *
 * @throws DmError 10003, 10005
 */
export async function readStructures(
  connection: DbConnection,
  tables: readonly TableFacts[],
): Promise<Map<TableFacts, ShardStructure>> {
  const wanted = new Map(tables.map((table) => [tableKey(table.schema, table.name), table]));
  const schemas = [...new Set(tables.map((table) => table.schema))];
  const found = new Map<TableFacts, ShardStructure>();
  for (let from = 0; from < schemas.length; from += SCHEMAS_A_QUERY) {
    const list = schemas.slice(from, from + SCHEMAS_A_QUERY).map((schema) => quoteString(schema));
    await readColumns(connection, list.join(', '), wanted, found);
    await readKeys(connection, list.join(', '), wanted, found);
  }
  return found;
}

async function readColumns(
  connection: DbConnection,
  schemas: string,
  wanted: ReadonlyMap<string, TableFacts>,
  found: Map<TableFacts, ShardStructure>,
): Promise<void> {
  const rows = await queryRows(
    connection,
    'upstream',
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, COLUMN_NAME AS c, COLUMN_TYPE AS y, EXTRA AS e
     FROM information_schema.COLUMNS WHERE TABLE_SCHEMA IN (${schemas}) ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION`,
  );
  for (const row of rows) {
    const table = wanted.get(keyOf(row));
    if (table === undefined) continue;
    const structure = found.get(table) ?? { columns: [], keys: [] };
    found.set(table, structure);
    structure.columns.push({
      name: String(row['c']),
      type: comparableType(String(row['y'])),
      autoIncrement: /\bauto_increment\b/i.test(String(row['e'] ?? '')),
    });
  }
}

/** Display widths of integers mean nothing, and newer servers do not print them. */
function comparableType(type: string): string {
  return type
    .toLowerCase()
    .replace(/^((?:tiny|small|medium|big)?int)\(\d+\)/, (all, name: string) => (all === 'tinyint(1)' ? all : name));
}

async function readKeys(
  connection: DbConnection,
  schemas: string,
  wanted: ReadonlyMap<string, TableFacts>,
  found: ReadonlyMap<TableFacts, ShardStructure>,
): Promise<void> {
  const rows = await queryRows(
    connection,
    'upstream',
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, INDEX_NAME AS i, COLUMN_NAME AS c, SUB_PART AS p
     FROM information_schema.STATISTICS WHERE TABLE_SCHEMA IN (${schemas}) AND NON_UNIQUE = 0
     ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`,
  );
  const keys = new Map<string, { primary: boolean; columns: string[] }>();
  for (const row of rows) {
    const table = wanted.get(keyOf(row));
    const structure = table === undefined ? undefined : found.get(table);
    if (structure === undefined) continue;
    const name = String(row['i']);
    const at = `${keyOf(row)}\u0000${name}`;
    let key = keys.get(at);
    if (key === undefined) {
      key = { primary: name === 'PRIMARY', columns: [] };
      keys.set(at, key);
      structure.keys.push(key);
    }
    const column = row['c'] === null ? '(expression)' : String(row['c']);
    key.columns.push(row['p'] === null ? column : `${column}(${String(row['p'])})`);
  }
}

function keyOf(row: Row): string {
  return tableKey(String(row['s']), String(row['t']));
}

function tableKey(schema: string, table: string): string {
  return `${schema}\u0000${table}`;
}
