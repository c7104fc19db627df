import type { Connection } from 'mysql2/promise';
import { sortIndexes } from './apply-keys.js';
import { unescapeExpression } from './introspect-default.js';
import { rowsOf, text, type InfoRow } from './introspect-rows.js';
import { stripParentheses } from './resolve-default.js';
import type { Index, IndexKind, IndexPart, Table } from './model.js';
import { isTidb, type ServerProfile } from './server-profile.js';

/** Fills in the indexes of the tables. */
export async function readIndexes(
  connection: Connection,
  profile: ServerProfile,
  schema: string,
  tables: ReadonlyMap<string, Table>,
): Promise<void> {
  const rows = await rowsOf(
    connection,
    `SELECT TABLE_NAME AS tbl, INDEX_NAME AS name, NON_UNIQUE AS nonUnique, COLUMN_NAME AS col, COLLATION AS direction,
       SUB_PART AS prefix, INDEX_TYPE AS type, ${hiddenColumn(profile)} AS hidden, ${expressionColumn(profile)} AS expr
     FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN (?)
     ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`,
    [schema, [...tables.keys()]],
  );
  for (const row of rows) {
    const table = tables.get(text(row, 'tbl'));
    if (table === undefined) continue;
    const name = text(row, 'name');
    let index = table.indexes.at(-1);
    if (index?.name !== name) {
      index = { name, kind: kindOf(row), parts: [], invisible: text(row, 'hidden') === 'YES' };
      table.indexes.push(index);
    }
    index.parts.push(partOf(row, index, profile));
  }
  for (const table of tables.values()) table.indexes = sortIndexes(table.indexes, table.columns);
}

/** YES for indexes that the optimizer does not use. */
function hiddenColumn(profile: ServerProfile): string {
  if (profile.flavor === 'mariadb') return profile.versionNumber >= 100600 ? 'IGNORED' : "'NO'";
  return profile.versionNumber >= 80000 ? "IF(IS_VISIBLE = 'NO', 'YES', 'NO')" : "'NO'";
}

function expressionColumn(profile: ServerProfile): string {
  const known = profile.flavor === 'mysql' && (profile.versionNumber >= 80013 || isTidb(profile));
  return known ? 'EXPRESSION' : 'NULL';
}

function kindOf(row: InfoRow): IndexKind {
  const type = text(row, 'type');
  if (type === 'FULLTEXT' || type === 'SPATIAL') return type;
  if (text(row, 'name') === 'PRIMARY') return 'PRIMARY';
  return text(row, 'nonUnique') === '0' ? 'UNIQUE' : 'INDEX';
}

function partOf(row: InfoRow, index: Index, profile: ServerProfile): IndexPart {
  const part: IndexPart = {};
  if (row['col'] === null) part.expression = stripParentheses(unescapeExpression(text(row, 'expr'), profile));
  else part.column = text(row, 'col');
  const plain = index.kind !== 'FULLTEXT' && index.kind !== 'SPATIAL';
  if (plain && row['prefix'] !== null) part.length = Number(row['prefix']);
  if (plain && text(row, 'direction') === 'D') part.descending = true;
  return part;
}
