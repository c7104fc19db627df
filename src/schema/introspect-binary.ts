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
  const [session] = await rowsOf(connection, 'SELECT @@sql_mode AS mode', []);
  const sqlMode = session === undefined ? '' : text(session, 'mode');
  const parsed = parseCreateTable(text(row, 'Create Table'), profile, { schema, sqlMode });
  for (const column of columns) {
    const value = byName(parsed.columns, column.name)?.default;
    if (value !== undefined) column.default = value;
  }
}

/**
 * MariaDB shows bytes that are no text as `?`. Where there is one, DEFAULT(column) on a row that does not exist gives the
 * bytes, if the column can be NULL.
 */
async function readFromRow(
  connection: Connection,
  schema: string,
  table: Table,
  all: readonly Column[],
): Promise<void> {
  for (const column of all) setBytes(column);
  const columns = all.filter((column) => column.default?.kind === 'literal' && /3F/.test(column.default.value));
  if (columns.length === 0) return;
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

/** The default's text as the bytes that it stands for. */
function setBytes(column: Column): void {
  if (column.default?.kind !== 'literal') return;
  const hex = Buffer.from(column.default.value, 'utf8').toString('hex').toUpperCase();
  const padded = column.type === 'binary' ? hex.padEnd((column.length ?? 1) * 2, '0') : hex;
  column.default = { kind: 'literal', value: `0x${padded}` };
}
