import type { CreateTable, StatementBase, TableOption } from './ast.js';
import type { Cursor } from './cursor.js';
import { readElements } from './elements.js';
import { T } from './lexer.js';
import { readTableOption } from './options.js';
import { readPartitioning } from './partitions.js';

/** What the words before TABLE said. */
export interface CreateWords {
  orReplace: boolean;
  temporary: boolean;
}

type Body = Omit<CreateTable, keyof StatementBase>;

/** Reads CREATE TABLE from behind TABLE on. */
export function readCreateTable(cursor: Cursor, words: CreateWords): Body {
  const ifNotExists = cursor.take('IF', 'NOT', 'EXISTS');
  const table = cursor.objectName('table', 'target');
  const schema = cursor.setSubject(table);
  const body: Body = {
    kind: 'create-table',
    table,
    ...words,
    ifNotExists,
    startTransaction: false,
    elements: [],
    options: [],
  };
  if (readLike(cursor, body)) return body;
  if (cursor.code === '(' && !cursor.atQuery) body.elements = readElements(cursor, schema);
  readTail(cursor, body);
  return body;
}

/** LIKE t or (LIKE t). */
function readLike(cursor: Cursor, body: Body): boolean {
  const parens = cursor.at('(', 'LIKE');
  if (parens) cursor.take('(');
  if (!cursor.take('LIKE')) return false;
  body.like = cursor.objectName('table', 'like');
  if (parens) cursor.expect(')');
  return true;
}

function readTail(cursor: Cursor, body: Body): void {
  while (!cursor.ended) {
    if (readQuery(cursor, body)) return;
    if (cursor.at('PARTITION', 'BY')) {
      if (body.partitioning !== undefined) throw cursor.refuse('PARTITION BY stands here twice');
      body.partitioning = readPartitioning(cursor);
      continue;
    }
    if (body.options.length > 0 && cursor.take(',')) continue;
    const option = readTableOption(cursor);
    if (option === undefined) throw cursor.error('a table option, PARTITION BY or the end');
    addOption(cursor, body, option);
  }
  if (body.elements.length > 0 || body.select !== undefined) return;
  // MariaDB: engines that find out the columns themselves
  const discovered = cursor.dialect.flavor === 'mariadb' && body.options.length > 0;
  if (!discovered) throw cursor.error('columns, LIKE or a query');
}

/** START TRANSACTION stands in binlogs only; no server takes it from a client. */
function addOption(cursor: Cursor, body: Body, option: TableOption): void {
  if (option.name !== 'START TRANSACTION') return void body.options.push(option);
  body.startTransaction = true;
  cursor.dropped.push({ start: option.start, end: option.end });
}

/** [IGNORE | REPLACE] [AS] query: everything up to the end. */
function readQuery(cursor: Cursor, body: Body): boolean {
  const mark = cursor.mark();
  if (!cursor.take('IGNORE')) cursor.take('REPLACE');
  const as = cursor.take('AS');
  if (!as && !cursor.atQuery) {
    cursor.reset(mark);
    return false;
  }
  const { start } = cursor;
  if (cursor.kind === T.End) throw cursor.error('a query');
  cursor.skipToEnd();
  body.select = cursor.spanFrom(start);
  return true;
}
