import type { Connection } from 'mysql2/promise';
import { byName } from './apply-context.js';
import { possibleColumns } from './expression-text.js';
import { unescapeExpression } from './introspect-default.js';
import { rowsOf, text } from './introspect-rows.js';
import { stripParentheses } from './resolve-default.js';
import { keepsChecks } from './apply-constraints.js';
import type { Check, ForeignKey, Table } from './model.js';
import type { ServerProfile } from './server-profile.js';

/** Fills in foreign keys and checks of the tables. */
export async function readConstraints(
  connection: Connection,
  profile: ServerProfile,
  schema: string,
  tables: ReadonlyMap<string, Table>,
): Promise<void> {
  await readForeignKeys(connection, schema, tables);
  if (keepsChecks(profile)) await readChecks(connection, profile, schema, tables);
}

async function readForeignKeys(
  connection: Connection,
  schema: string,
  tables: ReadonlyMap<string, Table>,
): Promise<void> {
  const names = [...tables.keys()];
  const rules = await rowsOf(
    connection,
    `SELECT TABLE_NAME AS tbl, CONSTRAINT_NAME AS name, UPDATE_RULE AS onUpdate, DELETE_RULE AS onDelete
     FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ? AND TABLE_NAME IN (?)`,
    [schema, names],
  );
  if (rules.length === 0) return;
  const columns = await rowsOf(
    connection,
    `SELECT TABLE_NAME AS tbl, CONSTRAINT_NAME AS name, COLUMN_NAME AS col, REFERENCED_TABLE_SCHEMA AS refSchema,
       REFERENCED_TABLE_NAME AS refTable, REFERENCED_COLUMN_NAME AS refColumn
     FROM information_schema.KEY_COLUMN_USAGE
     WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN (?) AND REFERENCED_TABLE_NAME IS NOT NULL
     ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION`,
    [schema, names],
  );
  for (const row of columns) {
    const table = tables.get(text(row, 'tbl'));
    if (table === undefined) continue;
    const name = text(row, 'name');
    let key = byName(table.foreignKeys, name);
    if (key === undefined) {
      key = { name, columns: [], refSchema: text(row, 'refSchema'), refTable: text(row, 'refTable'), refColumns: [] };
      table.foreignKeys.push(key);
    }
    key.columns.push(text(row, 'col'));
    key.refColumns.push(text(row, 'refColumn'));
  }
  for (const row of rules) {
    const key = byName(tables.get(text(row, 'tbl'))?.foreignKeys ?? [], text(row, 'name'));
    if (key !== undefined) setRules(key, text(row, 'onDelete'), text(row, 'onUpdate'));
  }
}

/** NO ACTION and RESTRICT are the same to the servers and not told apart by all of them. */
function setRules(key: ForeignKey, onDelete: string, onUpdate: string): void {
  if (onDelete !== 'NO ACTION' && onDelete !== 'RESTRICT') key.onDelete = onDelete;
  if (onUpdate !== 'NO ACTION' && onUpdate !== 'RESTRICT') key.onUpdate = onUpdate;
}

/** A column's check has the column's name, unless the column was renamed: then it is one that the expression names. */
function columnOfCheck(check: Check, table: Table): string {
  const column = byName(table.columns, check.name);
  if (column !== undefined) return column.name;
  const words = possibleColumns(check.expression);
  return table.columns.find(({ name }) => words.has(name.toLowerCase()))?.name ?? check.name;
}

async function readChecks(
  connection: Connection,
  profile: ServerProfile,
  schema: string,
  tables: ReadonlyMap<string, Table>,
): Promise<void> {
  const mysqlQuery = `SELECT t.TABLE_NAME AS tbl, c.CONSTRAINT_NAME AS name, c.CHECK_CLAUSE AS clause,
      t.ENFORCED AS enforced, 'Table' AS level
    FROM information_schema.CHECK_CONSTRAINTS AS c JOIN information_schema.TABLE_CONSTRAINTS AS t
      ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME
    WHERE t.CONSTRAINT_TYPE = 'CHECK' AND t.TABLE_SCHEMA = ? AND t.TABLE_NAME IN (?) ORDER BY 1, 2`;
  const level = profile.versionNumber >= 100510 ? 'LEVEL' : "'Table'";
  const mariadbQuery = `SELECT TABLE_NAME AS tbl, CONSTRAINT_NAME AS name, CHECK_CLAUSE AS clause, 'YES' AS enforced,
      ${level} AS level
    FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ? AND TABLE_NAME IN (?)`;
  const query = profile.flavor === 'mysql' ? mysqlQuery : mariadbQuery;
  for (const row of await rowsOf(connection, query, [schema, [...tables.keys()]])) {
    const check: Check = {
      name: text(row, 'name'),
      expression: stripParentheses(unescapeExpression(text(row, 'clause'), profile)),
      enforced: text(row, 'enforced') !== 'NO',
    };
    const table = tables.get(text(row, 'tbl'));
    if (table === undefined) continue;
    if (text(row, 'level') === 'Column') check.column = columnOfCheck(check, table);
    table.checks.push(check);
  }
}
