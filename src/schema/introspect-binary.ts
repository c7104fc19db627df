import type { Connection } from 'mysql2/promise';
import { byName } from './apply-context.js';
import { rowsOf, text } from './introspect-rows.js';
import type { Column, Table } from './model.js';
import { parseCreateTable } from './parse-create.js';
import type { ServerProfile } from './server-profile.js';

/**
 * Literal defaults of BINARY and VARBINARY columns. COLUMN_DEFAULT cuts them at a zero byte (MySQL) or replaces what is
 * not text (MariaDB), so they are asked for in another way, for the tables that have any.
 */
export async function readBinaryDefaults(
  connection: Connection,
  profile: ServerProfile,
  schema: string,
  tables: ReadonlyMap<string, Table>,
): Promise<void> {
  for (const table of tables.values()) {
    const columns = table.columns.filter(
      (column) => (column.type === 'binary' || column.type === 'varbinary') && column.default?.kind === 'literal',
    );
    if (columns.length === 0) continue;
    if (profile.flavor === 'mysql') await readFromText(connection, profile, schema, table, columns);
    else await readFromRow(connection, schema, table, columns);
  }
}

/** MySQL escapes what is not text in SHOW CREATE TABLE. */
async function readFromText(
  connection: Connection,
  profile: ServerProfile,
  schema: string,
  table: Table,
  columns: readonly Column[],
): Promise<void> {
  const [row] = await rowsOf(connection, 'SHOW CREATE TABLE ??.??', [schema, table.name]);
  if (row === undefined) return;
  const parsed = parseCreateTable(text(row, 'Create Table'), profile, { schema });
  for (const column of columns) {
    const value = byName(parsed.columns, column.name)?.default;
    if (value !== undefined) column.default = value;
  }
}

/** MariaDB gives the bytes by DEFAULT(column) on a row that does not exist. */
async function readFromRow(
  connection: Connection,
  schema: string,
  table: Table,
  columns: readonly Column[],
): Promise<void> {
  const list = columns.map((_, index) => `HEX(DEFAULT(t.??)) AS d${index}`).join(', ');
  const [row] = await rowsOf(connection, `SELECT ${list} FROM (SELECT 1) AS x LEFT JOIN ??.?? AS t ON FALSE`, [
    ...columns.map((column) => column.name),
    schema,
    table.name,
  ]);
  for (const [index, column] of columns.entries()) {
    const hex = row?.[`d${index}`];
    if (typeof hex === 'string') column.default = { kind: 'literal', value: `0x${hex}` };
  }
}
