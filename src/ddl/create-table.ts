import type { CreateTable, TableOption } from './ast.js';
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

type Body = Omit<CreateTable, 'text' | 'defaultSchema' | 'dialect' | 'objects' | 'comments' | 'start' | 'end'>;

const QUERY_WORDS: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'VALUES', 'TABLE']);

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
  if (cursor.code === '(' && !atQuery(cursor)) body.elements = readElements(cursor, schema);
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

/** Whether a query stands here, maybe in parentheses. WITH may also begin an option. */
function atQuery(cursor: Cursor): boolean {
  let ahead = 0;
  while (cursor.codeAt(ahead) === '(') ahead++;
  const code = cursor.codeAt(ahead);
  if (code === 'WITH') return cursor.codeAt(ahead + 1) !== 'SYSTEM';
  return QUERY_WORDS.has(code);
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
    addOption(body, option);
  }
  if (body.elements.length === 0 && body.select === undefined) throw cursor.error('columns, LIKE or a query');
}

function addOption(body: Body, option: TableOption): void {
  if (option.name === 'START TRANSACTION') body.startTransaction = true;
  else body.options.push(option);
}

/** [IGNORE | REPLACE] [AS] query: everything up to the end. */
function readQuery(cursor: Cursor, body: Body): boolean {
  const mark = cursor.mark();
  if (!cursor.take('IGNORE')) cursor.take('REPLACE');
  const as = cursor.take('AS');
  if (!as && !atQuery(cursor)) {
    cursor.reset(mark);
    return false;
  }
  const { start } = cursor;
  if (cursor.kind === T.End) throw cursor.error('a query');
  cursor.skipToEnd();
  body.select = cursor.spanFrom(start);
  return true;
}
