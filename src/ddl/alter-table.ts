import type { AlterClause, AlterTable, Ident, Span, StatementBase, TableOption } from './ast.js';
import { readColumn, readColumnBody, readDefault, readPosition } from './columns.js';
import type { Cursor } from './cursor.js';
import { readElements, readKeyElement } from './elements.js';
import { T } from './lexer.js';
import { readTableOption } from './options.js';
import { readPartitionClause } from './alter-partition.js';
import { readPartitioning } from './partitions.js';
import { readCharset, readCharsetName } from './types.js';

type Body = Omit<AlterTable, keyof StatementBase>;

/** Plain `Omit` would merge the actions of the union into one. */
type OmitEach<U, K extends PropertyKey> = U extends unknown ? Omit<U, K> : never;

/** A clause before its span is known. */
export type BareClause = OmitEach<AlterClause, keyof Span>;

/** Reads ALTER TABLE from behind TABLE on. */
export function readAlterTable(cursor: Cursor): Body {
  const ifExists = cursor.take('IF', 'EXISTS');
  const table = cursor.objectName('table', 'target');
  const schema = cursor.setSubject(table);
  const clauses: AlterClause[] = [];
  while (readWait(cursor, clauses)) continue;
  while (!cursor.ended) {
    const { start } = cursor;
    const clause = readClause(cursor, schema);
    clauses.push({ ...clause, ...cursor.spanFrom(start) });
    // PARTITION BY and REMOVE PARTITIONING follow without comma
    if (!cursor.take(',') && !cursor.ended && !atPartitioning(cursor)) throw cursor.error('"," or the end');
  }
  return { kind: 'alter-table', table, ifExists, clauses };
}

function atPartitioning(cursor: Cursor): boolean {
  return cursor.at('PARTITION', 'BY') || cursor.at('REMOVE', 'PARTITIONING');
}

/** MariaDB: NOWAIT or WAIT n behind the table. */
function readWait(cursor: Cursor, clauses: AlterClause[]): boolean {
  const { start } = cursor;
  if (cursor.take('NOWAIT')) {
    clauses.push({ action: 'hint', name: 'NOWAIT', value: '', ...cursor.spanFrom(start) });
    return true;
  }
  if (cursor.code !== 'WAIT' || cursor.kindAt(1) !== T.Number) return false;
  cursor.skip();
  const value = cursor.takeRaw();
  clauses.push({ action: 'hint', name: 'WAIT', value, ...cursor.spanFrom(start) });
  return true;
}

type ClauseReader = (cursor: Cursor, schema: string) => BareClause | undefined;

/** By first word; a reader that gives nothing has taken nothing. */
const READERS: ReadonlyMap<string, ClauseReader> = new Map<string, ClauseReader>([
  ['ADD', readAdd],
  ['MODIFY', readModify],
  ['CHANGE', readChange],
  ['DROP', readDrop],
  ['ALTER', readAlter],
  ['RENAME', readRename],
  ['CONVERT', readConvert],
  ['ORDER', readOrderBy],
  ['ENABLE', readKeys],
  ['DISABLE', readKeys],
  ['ALGORITHM', readHint],
  ['LOCK', readHint],
  ['WITH', readValidation],
  ['WITHOUT', readValidation],
  ['FORCE', readStorageWord],
  ['CACHE', readStorageWord],
  ['NOCACHE', readStorageWord],
  ['SET', readTiflash],
  ['PARTITION', readPartitionBy],
  ['REMOVE', readRemove],
]);

function readClause(cursor: Cursor, schema: string): BareClause {
  const reader = cursor.kind === T.Word ? READERS.get(cursor.code) : undefined;
  const clause = reader?.(cursor, schema) ?? readPartitionClause(cursor) ?? readOptions(cursor);
  if (clause === undefined) throw cursor.error('a clause of ALTER TABLE');
  return clause;
}

function readOptions(cursor: Cursor): BareClause | undefined {
  const options: TableOption[] = [];
  for (let option = readTableOption(cursor); option !== undefined; option = readTableOption(cursor)) {
    options.push(option);
    if (atPartitioning(cursor)) break;
  }
  return options.length === 0 ? undefined : { action: 'options', options };
}

// ------------------------------------------------------------------------------------------------ ADD

function readAdd(cursor: Cursor, schema: string): BareClause | undefined {
  if (cursor.codeAt(1) === 'PARTITION') return undefined;
  cursor.take('ADD');
  if (cursor.take('SYSTEM', 'VERSIONING')) return { action: 'system-versioning', add: true };
  const element = readKeyElement(cursor, schema);
  if (element !== undefined) return { action: 'add', elements: [element], parenthesised: false };
  cursor.take('COLUMN');
  const ifNotExists = cursor.take('IF', 'NOT', 'EXISTS');
  if (cursor.code === '(') return readAddList(cursor, schema, ifNotExists);
  const column = readColumn(cursor, schema, ifNotExists);
  const position = readPosition(cursor);
  const clause: BareClause = { action: 'add', elements: [column], parenthesised: false };
  return position === undefined ? clause : { ...clause, position };
}

function readAddList(cursor: Cursor, schema: string, ifNotExists: boolean): BareClause {
  const elements = readElements(cursor, schema);
  for (const element of elements) element.ifNotExists ||= ifNotExists;
  return { action: 'add', elements, parenthesised: true };
}

// ------------------------------------------------------------------------------------------------ MODIFY, CHANGE

function readModify(cursor: Cursor, schema: string): BareClause {
  cursor.skip();
  cursor.take('COLUMN');
  const ifExists = cursor.take('IF', 'EXISTS');
  const column = readColumn(cursor, schema);
  return withPosition(cursor, { action: 'modify-column', column, ifExists });
}

function readChange(cursor: Cursor, schema: string): BareClause {
  cursor.skip();
  cursor.take('COLUMN');
  const ifExists = cursor.take('IF', 'EXISTS');
  const from = cursor.columnName();
  const { start } = cursor;
  const name = cursor.columnName();
  const column = readColumnBody(cursor, { name, start, schema, ifNotExists: false });
  return withPosition(cursor, { action: 'change-column', from, column, ifExists });
}

function withPosition(
  cursor: Cursor,
  clause: Extract<BareClause, { action: 'modify-column' | 'change-column' }>,
): BareClause {
  const position = readPosition(cursor);
  return position === undefined ? clause : { ...clause, position };
}

// ------------------------------------------------------------------------------------------------ DROP

function readDrop(cursor: Cursor): BareClause | undefined {
  if (cursor.codeAt(1) === 'PARTITION') return undefined;
  cursor.take('DROP');
  if (cursor.take('PRIMARY')) {
    cursor.expect('KEY');
    return { action: 'drop-primary-key', ifExists: cursor.take('IF', 'EXISTS') };
  }
  if (cursor.take('FOREIGN')) {
    cursor.expect('KEY');
    return { action: 'drop-foreign-key', ...droppedName(cursor, 'foreign key name') };
  }
  if (cursor.take('INDEX') || cursor.take('KEY')) {
    return { action: 'drop-index', ...droppedName(cursor, 'index name') };
  }
  if (cursor.take('CHECK')) return { action: 'drop-check', ...droppedName(cursor, 'constraint name') };
  if (cursor.take('CONSTRAINT')) return { action: 'drop-constraint', ...droppedName(cursor, 'constraint name') };
  if (cursor.take('PERIOD', 'FOR')) return { action: 'drop-period', ...droppedName(cursor, 'period name') };
  if (cursor.take('PERIOD', 'IF', 'EXISTS', 'FOR')) {
    return { action: 'drop-period', name: cursor.expectIdent('period name'), ifExists: true };
  }
  if (cursor.take('SYSTEM', 'VERSIONING')) return { action: 'system-versioning', add: false };
  return readDropColumn(cursor);
}

function readDropColumn(cursor: Cursor): BareClause {
  cursor.take('COLUMN');
  const ifExists = cursor.take('IF', 'EXISTS');
  const column = cursor.columnName();
  if (!cursor.take('RESTRICT')) cursor.take('CASCADE');
  return { action: 'drop-column', column, ifExists };
}

function droppedName(cursor: Cursor, what: string): { name: Ident; ifExists: boolean } {
  const ifExists = cursor.take('IF', 'EXISTS');
  return { ifExists, name: cursor.expectIdent(what) };
}

// ------------------------------------------------------------------------------------------------ ALTER

function readAlter(cursor: Cursor): BareClause {
  cursor.skip();
  if (cursor.take('INDEX') || cursor.take('KEY')) {
    const { name, ifExists } = droppedName(cursor, 'index name');
    return { action: 'set-index-visibility', name, ifExists, invisible: readInvisible(cursor) };
  }
  if (cursor.take('CHECK') || cursor.take('CONSTRAINT')) {
    const name = cursor.expectIdent('constraint name');
    const enforced = !cursor.take('NOT');
    cursor.expect('ENFORCED');
    return { action: 'set-check-enforced', name, enforced };
  }
  return readAlterColumn(cursor);
}

function readInvisible(cursor: Cursor): boolean {
  if (cursor.take('VISIBLE') || cursor.take('NOT', 'IGNORED')) return false;
  if (cursor.take('INVISIBLE') || cursor.take('IGNORED')) return true;
  throw cursor.error('VISIBLE, INVISIBLE, IGNORED or NOT IGNORED');
}

function readAlterColumn(cursor: Cursor): BareClause {
  cursor.take('COLUMN');
  const ifExists = cursor.take('IF', 'EXISTS');
  const column = cursor.columnName();
  if (cursor.take('DROP')) {
    cursor.expect('DEFAULT');
    return { action: 'drop-default', column, ifExists };
  }
  cursor.expect('SET');
  if (cursor.take('DEFAULT')) return { action: 'set-default', column, default: readDefault(cursor), ifExists };
  return { action: 'set-column-visibility', column, invisible: readInvisible(cursor) };
}

// ------------------------------------------------------------------------------------------------ RENAME, CONVERT

function readRename(cursor: Cursor): BareClause {
  cursor.skip();
  if (cursor.take('COLUMN')) {
    const ifExists = cursor.take('IF', 'EXISTS');
    const from = cursor.columnName();
    cursor.expect('TO');
    return { action: 'rename-column', from, to: cursor.expectIdent('column name'), ifExists };
  }
  if (cursor.take('INDEX') || cursor.take('KEY')) {
    const { name: from, ifExists } = droppedName(cursor, 'index name');
    cursor.expect('TO');
    return { action: 'rename-index', from, to: cursor.expectIdent('index name'), ifExists };
  }
  if (!cursor.take('TO') && !cursor.take('AS')) cursor.take('=');
  return { action: 'rename-table', to: cursor.objectName('table', 'new-name') };
}

function readConvert(cursor: Cursor): BareClause | undefined {
  if (cursor.codeAt(1) !== 'TO') return undefined;
  cursor.take('CONVERT', 'TO');
  const charset = readCharset(cursor);
  if (!cursor.take('COLLATE')) return { action: 'convert-charset', charset };
  cursor.take('=');
  return { action: 'convert-charset', charset, collation: readCharsetName(cursor, 'collation name') };
}

// ------------------------------------------------------------------------------------------------ the small ones

function readOrderBy(cursor: Cursor): BareClause {
  cursor.expect('ORDER', 'BY');
  do {
    cursor.columnName();
    if (!cursor.take('ASC')) cursor.take('DESC');
  } while (moreOrder(cursor) && cursor.take(','));
  return { action: 'order-by' };
}

/** A comma may go on with the list or with the next clause; clauses begin with a word and something other than `,`. */
function moreOrder(cursor: Cursor): boolean {
  if (cursor.code !== ',') return false;
  const behind = cursor.codeAt(2);
  return cursor.kindAt(2) === T.End || [',', ';', '.', 'ASC', 'DESC'].includes(behind);
}

function readKeys(cursor: Cursor): BareClause {
  const enabled = cursor.code === 'ENABLE';
  cursor.skip();
  cursor.expect('KEYS');
  return { action: 'set-keys', enabled };
}

function readHint(cursor: Cursor): BareClause {
  const name = cursor.code;
  cursor.skip();
  cursor.take('=');
  if (cursor.kind !== T.Word) throw cursor.error(`value of ${name}`);
  return { action: 'hint', name, value: cursor.takeRaw().toUpperCase() };
}

function readValidation(cursor: Cursor): BareClause | undefined {
  if (cursor.codeAt(1) !== 'VALIDATION') return undefined;
  const value = cursor.code;
  cursor.skip();
  cursor.skip();
  return { action: 'hint', name: 'VALIDATION', value };
}

function readStorageWord(cursor: Cursor): BareClause | undefined {
  const name = cursor.code;
  if (name !== 'FORCE' && cursor.dialect.flavor !== 'tidb') return undefined;
  cursor.skip();
  return { action: 'storage', name };
}

/** TiDB: SET TIFLASH REPLICA n [LOCATION LABELS '..', ..]. */
function readTiflash(cursor: Cursor): BareClause {
  cursor.expect('SET', 'TIFLASH', 'REPLICA');
  cursor.expectInteger('a number of replicas');
  if (cursor.take('LOCATION', 'LABELS')) {
    do cursor.expectString('a label');
    while (cursor.take(','));
  }
  return { action: 'storage', name: 'SET TIFLASH REPLICA' };
}

function readPartitionBy(cursor: Cursor): BareClause {
  return { action: 'partition-by', partitioning: readPartitioning(cursor) };
}

function readRemove(cursor: Cursor): BareClause {
  cursor.expect('REMOVE');
  if (cursor.dialect.flavor === 'tidb' && cursor.take('TTL')) return { action: 'storage', name: 'REMOVE TTL' };
  cursor.expect('PARTITIONING');
  return { action: 'remove-partitioning' };
}
