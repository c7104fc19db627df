import type {
  Dialect,
  IndexDefinitionKind,
  OtherKind,
  OtherStatement,
  Statement,
  StatementBase,
  ViewOrSequence,
} from './ast.js';
import { readAlterTable } from './alter-table.js';
import { readCreateTable } from './create-table.js';
import { Cursor } from './cursor.js';
import { dialectOf, type ReadOptions } from './dialect.js';
import { T } from './lexer.js';
import { recordDmlTarget } from './dml.js';
import { kindOfObject, kindOfVerb } from './other.js';
import {
  readAlterDatabase,
  readCreateDatabase,
  readCreateIndex,
  readDropDatabase,
  readDropIndex,
  readDropTable,
  readRenameTable,
  readTruncate,
  readViewOrSequence,
  type Bare,
} from './statements.js';

/**
 * Reads one statement as the server that logged it did. Statements about tables, indexes, databases, views and sequences
 * get a typed result, everything else its kind.
 *
 * @throws 11006 with line and column and what was expected. A statement of which only a part is understood fails too: a
 *   clause is never guessed.
 */
export function readStatement(sql: string, options: ReadOptions): Statement {
  return readInDialect(sql, dialectOf(options), options.defaultSchema ?? '');
}

/** The same in a dialect that is already known. */
export function readInDialect(sql: string, dialect: Dialect, defaultSchema: string): Statement {
  const cursor = new Cursor(sql, dialect, defaultSchema);
  const { start } = cursor;
  const bare = readAny(cursor);
  const { end } = cursor;
  while (cursor.take(';')) continue;
  if (cursor.kind !== T.End) throw cursor.error('the end of the statement');
  const base: StatementBase = {
    text: sql,
    defaultSchema: cursor.defaultSchema,
    dialect: cursor.dialect,
    objects: cursor.objects,
    comments: cursor.comments,
    dropped: cursor.dropped,
    start,
    end: Math.max(start, end),
  };
  return { ...bare, ...base };
}

function readAny(cursor: Cursor): Bare<Statement> {
  if (cursor.ended) return { kind: 'other', what: 'empty', verb: '' };
  const { code } = cursor;
  switch (code) {
    case 'CREATE':
      return readCreate(cursor);
    case 'ALTER':
      return readAlter(cursor);
    case 'DROP':
      return readDrop(cursor);
    case 'RENAME':
      return readRename(cursor);
    case 'TRUNCATE':
      cursor.skip();
      cursor.take('TABLE');
      return readTruncate(cursor);
    case 'WITH':
      return readWith(cursor);
    default:
      return readByVerb(cursor, code);
  }
}

function readByVerb(cursor: Cursor, verb: string): Bare<OtherStatement> {
  const kind = verb === 'LOAD' && cursor.codeAt(1) === 'INDEX' ? 'maintenance' : kindOfVerb(verb);
  if (kind === 'dml') recordDmlTarget(cursor);
  return other(cursor, kind, verb.toLowerCase());
}

/** WITH x AS (..) stands before queries, and before UPDATE and DELETE. */
function readWith(cursor: Cursor): Bare<OtherStatement> {
  while (!cursor.ended && kindOfVerb(cursor.code) !== 'dml' && cursor.code !== 'SELECT') {
    if (cursor.code === '(') cursor.parenthesised();
    else cursor.skip();
  }
  return kindOfVerb(cursor.code) === 'dml' ? readByVerb(cursor, cursor.code) : other(cursor, 'query', 'with');
}

/** A statement that is known by its kind; the text is passed over without being looked at. */
function other(cursor: Cursor, what: OtherKind, verb: string): Bare<OtherStatement> {
  if (what === 'unknown') throw cursor.error('a statement');
  // bodies of routines hold `;` and more: nothing in them is checked
  while (cursor.kind !== T.End && cursor.kind !== T.Unterminated) cursor.skip();
  if (cursor.kind === T.Unterminated) throw cursor.error('the end of the statement');
  return { kind: 'other', what, verb };
}

const INDEX_KINDS: Record<string, IndexDefinitionKind> = {
  UNIQUE: 'UNIQUE',
  FULLTEXT: 'FULLTEXT',
  SPATIAL: 'SPATIAL',
  VECTOR: 'VECTOR',
};

function readCreate(cursor: Cursor): Bare<Statement> {
  const { start } = cursor;
  cursor.skip();
  const orReplace = cursor.take('OR', 'REPLACE');
  const temporary = cursor.take('TEMPORARY');
  if (!cursor.take('EXTERNAL') && !cursor.take('ONLINE')) cursor.take('OFFLINE');
  if (cursor.take('TABLE')) return readCreateTable(cursor, { orReplace, temporary });
  if (takeDatabase(cursor)) return readCreateDatabase(cursor, orReplace);
  if (cursor.take('SEQUENCE')) return readViewOrSequence(cursor, 'create-sequence');
  if (cursor.take('INDEX')) return readCreateIndex(cursor, 'INDEX', { orReplace, start });
  const kind = INDEX_KINDS[cursor.code];
  if (kind !== undefined && cursor.codeAt(1) === 'INDEX') {
    cursor.skip();
    cursor.skip();
    return readCreateIndex(cursor, kind, { orReplace, start });
  }
  return readCreateOther(cursor);
}

function takeDatabase(cursor: Cursor): boolean {
  return cursor.take('DATABASE') || cursor.take('SCHEMA');
}

/** Views, routines, accounts: words like DEFINER stand between CREATE and the kind of object. */
function readCreateOther(cursor: Cursor): Bare<Statement> {
  skipDefinerWords(cursor);
  if (cursor.take('VIEW')) return readViewOrSequence(cursor, 'create-view');
  return readOtherObject(cursor, 'create');
}

function readOtherObject(cursor: Cursor, verb: string): Bare<OtherStatement> {
  const word = cursor.code;
  const kind = kindOfObject(word);
  if (kind === undefined) throw cursor.error(`a kind of object behind ${verb.toUpperCase()}`);
  return other(cursor, kind, `${verb} ${word.toLowerCase()}`);
}

/** ALGORITHM = x, DEFINER = user, SQL SECURITY x, AGGREGATE and the prefixes of newer kinds of views. */
function skipDefinerWords(cursor: Cursor): void {
  for (;;) {
    if (cursor.take('ALGORITHM', '=')) cursor.skip();
    else if (cursor.take('DEFINER', '=')) skipAccount(cursor);
    else if (cursor.take('SQL', 'SECURITY')) cursor.skip();
    else if (!cursor.take('AGGREGATE') && !cursor.take('MATERIALIZED') && !takeDuality(cursor)) return;
  }
}

/** MySQL 9.4: CREATE JSON [RELATIONAL] DUALITY VIEW. */
function takeDuality(cursor: Cursor): boolean {
  return cursor.take('JSON', 'DUALITY') || cursor.take('JSON', 'RELATIONAL', 'DUALITY');
}

/** user, user@host (the lexer makes `@host` one token), CURRENT_USER[()], a role. */
function skipAccount(cursor: Cursor): void {
  cursor.skip();
  if (cursor.kind === T.Variable) cursor.skip();
  if (cursor.code === '(') cursor.parenthesised();
}

const ALTER_WORDS = ['ONLINE', 'OFFLINE', 'IGNORE'] as const;

function readAlter(cursor: Cursor): Bare<Statement> {
  cursor.skip();
  for (const word of ALTER_WORDS) cursor.take(word);
  if (cursor.take('TABLE')) return readAlterTable(cursor);
  if (takeDatabase(cursor)) return readAlterDatabase(cursor);
  if (cursor.take('SEQUENCE')) return readViewOrSequence(cursor, 'alter-sequence');
  skipDefinerWords(cursor);
  if (cursor.take('VIEW')) return readViewOrSequence(cursor, 'alter-view');
  return readOtherObject(cursor, 'alter');
}

function readDrop(cursor: Cursor): Bare<Statement> {
  cursor.skip();
  const temporary = cursor.take('TEMPORARY');
  if (cursor.take('TABLE') || cursor.take('TABLES')) return readDropTable(cursor, temporary);
  if (takeDatabase(cursor)) return readDropDatabase(cursor);
  if (!cursor.take('ONLINE')) cursor.take('OFFLINE');
  if (cursor.take('INDEX')) return readDropIndex(cursor);
  const named: ViewOrSequence['kind'] | undefined = cursor.take('VIEW')
    ? 'drop-view'
    : cursor.take('SEQUENCE')
      ? 'drop-sequence'
      : undefined;
  return named === undefined ? readOtherObject(cursor, 'drop') : readViewOrSequence(cursor, named);
}

function readRename(cursor: Cursor): Bare<Statement> {
  cursor.skip();
  if (cursor.take('TABLE') || cursor.take('TABLES')) return readRenameTable(cursor);
  return readOtherObject(cursor, 'rename');
}
