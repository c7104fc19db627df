import type { Connection } from 'mysql2/promise';
import { rowsOf } from './introspect-rows.js';
import type { Column, Table } from './model.js';

/**
 * Literal defaults of BINARY and VARBINARY columns. COLUMN_DEFAULT cuts them at a zero byte (MySQL) or replaces what is
 * not text (MariaDB), so the bytes are asked for by DEFAULT(column) on a row that does not exist.
 */
export async function readBinaryDefaults(
  connection: Connection,
  schema: string,
  tables: ReadonlyMap<string, Table>,
): Promise<void> {
  for (const table of tables.values()) {
    const columns = table.columns.filter(
      (column) => (column.type === 'binary' || column.type === 'varbinary') && column.default?.kind === 'literal',
    );
    if (columns.length > 0) await readTable(connection, schema, table, columns);
  }
}

async function readTable(
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
