import type {
  AlterDatabase,
  CreateDatabase,
  CreateIndex,
  DropDatabase,
  DropIndex,
  DropTable,
  IndexDefinitionKind,
  ObjectName,
  RenameTable,
  StatementBase,
  TruncateTable,
  ViewOrSequence,
} from './ast.js';
import type { Cursor } from './cursor.js';
import { newIndex, readIndexOptions, readIndexParts, readUsing } from './keys.js';
import { T } from './lexer.js';
import { readDatabaseOptions } from './options.js';

/** A statement before what all statements carry is added. */
export type Bare<S extends StatementBase> = S extends unknown ? Omit<S, keyof StatementBase> : never;

/** Reads DROP TABLE from behind TABLE on. */
export function readDropTable(cursor: Cursor, temporary: boolean): Bare<DropTable> {
  const ifExists = cursor.take('IF', 'EXISTS');
  const tables = readNames(cursor, 'table');
  if (!cursor.take('RESTRICT')) cursor.take('CASCADE');
  skipWait(cursor);
  return { kind: 'drop-table', tables, temporary, ifExists };
}

function readNames(cursor: Cursor, type: 'table' | 'view' | 'sequence'): ObjectName[] {
  const names: ObjectName[] = [];
  do names.push(cursor.objectName(type, 'target'));
  while (cursor.take(','));
  return names;
}

/** MariaDB: NOWAIT or WAIT n. */
function skipWait(cursor: Cursor): void {
  if (cursor.take('NOWAIT') || cursor.code !== 'WAIT' || cursor.kindAt(1) !== T.Number) return;
  cursor.skip();
  cursor.skip();
}

/** Reads RENAME TABLE from behind TABLE on. */
export function readRenameTable(cursor: Cursor): Bare<RenameTable> {
  const ifExists = cursor.take('IF', 'EXISTS');
  const pairs: RenameTable['pairs'] = [];
  do {
    const { start } = cursor;
    const from = cursor.objectName('table', 'target');
    skipWait(cursor);
    cursor.expect('TO');
    const to = cursor.objectName('table', 'new-name');
    pairs.push({ from, to, ...cursor.spanFrom(start) });
  } while (cursor.take(','));
  return { kind: 'rename-table', pairs, ifExists };
}

/** Reads TRUNCATE from behind [TABLE] on. */
export function readTruncate(cursor: Cursor): Bare<TruncateTable> {
  const table = cursor.objectName('table', 'target');
  skipWait(cursor);
  // sql_mode ORACLE
  if (cursor.take('DROP') || cursor.take('REUSE')) cursor.expect('STORAGE');
  return { kind: 'truncate-table', table };
}

/** Reads CREATE INDEX from behind INDEX on. */
export function readCreateIndex(
  cursor: Cursor,
  kind: IndexDefinitionKind,
  words: { orReplace: boolean; start: number },
): Bare<CreateIndex> {
  const index = newIndex(kind, words.start, cursor.take('IF', 'NOT', 'EXISTS'));
  index.name = cursor.expectIdent('index name');
  readUsing(cursor, index);
  cursor.expect('ON');
  const table = cursor.objectName('table', 'target');
  cursor.setSubject(table);
  skipWait(cursor);
  index.parts = readIndexParts(cursor, index);
  readIndexOptions(cursor, index);
  skipHow(cursor);
  return { kind: 'create-index', table, orReplace: words.orReplace, index };
}

/** ALGORITHM and LOCK behind CREATE and DROP INDEX. */
function skipHow(cursor: Cursor): void {
  for (;;) {
    skipWait(cursor);
    if (!cursor.take('ALGORITHM') && !cursor.take('LOCK')) return;
    cursor.take('=');
    if (cursor.kind !== T.Word) throw cursor.error('a word');
    cursor.skip();
  }
}

/** Reads DROP INDEX from behind INDEX on. */
export function readDropIndex(cursor: Cursor): Bare<DropIndex> {
  const ifExists = cursor.take('IF', 'EXISTS');
  const name = cursor.expectIdent('index name');
  cursor.expect('ON');
  const table = cursor.objectName('table', 'target');
  skipHow(cursor);
  return { kind: 'drop-index', table, name, ifExists };
}

/** Reads CREATE DATABASE from behind DATABASE on. */
export function readCreateDatabase(cursor: Cursor, orReplace: boolean): Bare<CreateDatabase> {
  const ifNotExists = cursor.take('IF', 'NOT', 'EXISTS');
  const name = cursor.databaseName('target');
  return { kind: 'create-database', name, orReplace, ifNotExists, options: readDatabaseOptions(cursor) };
}

const DATABASE_OPTIONS: ReadonlySet<string> = new Set([
  'DEFAULT',
  'CHARACTER',
  'CHARSET',
  'CHAR',
  'COLLATE',
  'ENCRYPTION',
  'COMMENT',
  'READ',
  'PLACEMENT',
]);

/** Reads ALTER DATABASE from behind DATABASE on; without a name it means the default schema. */
export function readAlterDatabase(cursor: Cursor): Bare<AlterDatabase> {
  const name = cursor.atIdent && !atDatabaseOption(cursor) ? cursor.databaseName('target') : undefined;
  if (name === undefined) recordDefaultDatabase(cursor);
  if (cursor.take('UPGRADE')) {
    cursor.expect('DATA', 'DIRECTORY', 'NAME');
    return { kind: 'alter-database', options: [], ...(name === undefined ? {} : { name }) };
  }
  const options = readDatabaseOptions(cursor);
  if (options.length === 0) throw cursor.error('CHARACTER SET, COLLATE, ENCRYPTION, COMMENT or READ ONLY');
  return { kind: 'alter-database', options, ...(name === undefined ? {} : { name }) };
}

/** Words of options that are not reserved may also be the name: then another option follows, not a value. */
function atDatabaseOption(cursor: Cursor): boolean {
  if (!DATABASE_OPTIONS.has(cursor.code)) return false;
  const next = cursor.codeAt(1);
  return !DATABASE_OPTIONS.has(next) || (next === 'DEFAULT' && cursor.kindAt(2) === T.End);
}

/** The rewriter puts the name in where it could have stood. */
function recordDefaultDatabase(cursor: Cursor): void {
  const at = cursor.end;
  cursor.objects.push({
    type: 'database',
    role: 'target',
    schema: cursor.defaultSchema,
    name: '',
    qualified: false,
    start: at,
    end: at,
  });
}

/** Reads DROP DATABASE from behind DATABASE on. */
export function readDropDatabase(cursor: Cursor): Bare<DropDatabase> {
  const ifExists = cursor.take('IF', 'EXISTS');
  return { kind: 'drop-database', ifExists, name: cursor.databaseName('target') };
}

/** Reads the names of a view or sequence statement; the rest is passed over. */
export function readViewOrSequence(cursor: Cursor, kind: ViewOrSequence['kind']): Bare<ViewOrSequence> {
  const conditional = cursor.take('IF', 'NOT', 'EXISTS') || cursor.take('IF', 'EXISTS');
  const type = kind.endsWith('view') ? 'view' : 'sequence';
  const names = kind.startsWith('drop') ? readNames(cursor, type) : [cursor.objectName(type, 'target')];
  cursor.skipToEnd();
  return { kind, names, conditional };
}
