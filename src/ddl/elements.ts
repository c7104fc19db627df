import type { Ident, IndexDefinitionKind, TableElement } from './ast.js';
import { readColumn } from './columns.js';
import type { Cursor } from './cursor.js';
import { readCheck, readForeignKey, readIndex, readPeriod } from './keys.js';

/** Reads `( element, ... )` of CREATE TABLE and of ADD ( ... ). */
export function readElements(cursor: Cursor, schema: string): TableElement[] {
  const elements: TableElement[] = [];
  cursor.expect('(');
  do elements.push(readElement(cursor, schema));
  while (cursor.take(','));
  cursor.expect(')');
  return elements;
}

/** Reads a column, key, foreign key, check or period. */
export function readElement(cursor: Cursor, schema: string): TableElement {
  return readKeyElement(cursor, schema) ?? readColumn(cursor, schema);
}

/** Reads any element but a column; undefined when none begins here. */
export function readKeyElement(cursor: Cursor, schema: string): TableElement | undefined {
  const { start } = cursor;
  if (cursor.take('CONSTRAINT')) return readConstraint(cursor, start, schema);
  if (cursor.take('PERIOD', 'FOR')) return readPeriod(cursor, start, false);
  if (cursor.take('PERIOD', 'IF', 'NOT', 'EXISTS', 'FOR')) return readPeriod(cursor, start, true);
  return readUnnamed(cursor, { start, schema });
}

function readConstraint(cursor: Cursor, start: number, schema: string): TableElement {
  const ifNotExists = cursor.take('IF', 'NOT', 'EXISTS');
  const constraint = cursor.takeIdent();
  const element = readUnnamed(cursor, { start, schema, constraint, ifNotExists });
  if (element === undefined) throw cursor.error('PRIMARY KEY, UNIQUE, FOREIGN KEY or CHECK');
  return element;
}

interface ElementHead {
  start: number;
  schema: string;
  constraint?: Ident | undefined;
  ifNotExists?: boolean;
}

function readUnnamed(cursor: Cursor, head: ElementHead): TableElement | undefined {
  const kind = takeIndexKind(cursor);
  if (kind !== undefined) return readIndex(cursor, { ...head, kind });
  if (cursor.take('FOREIGN')) {
    cursor.expect('KEY');
    return readForeignKey(cursor, head);
  }
  if (!cursor.take('CHECK')) return undefined;
  const check = readCheck(cursor, head.start);
  check.ifNotExists = head.ifNotExists ?? false;
  if (head.constraint !== undefined) check.name = head.constraint;
  return check;
}

function takeIndexKind(cursor: Cursor): IndexDefinitionKind | undefined {
  if (cursor.take('PRIMARY')) {
    cursor.expect('KEY');
    return 'PRIMARY';
  }
  if (cursor.take('INDEX') || cursor.take('KEY')) return 'INDEX';
  if (cursor.take('UNIQUE')) return withKeyWord(cursor, 'UNIQUE');
  if (cursor.take('FULLTEXT')) return withKeyWord(cursor, 'FULLTEXT');
  if (cursor.take('SPATIAL')) return withKeyWord(cursor, 'SPATIAL');
  if (cursor.at('VECTOR', 'INDEX') || cursor.at('VECTOR', 'KEY')) {
    cursor.skip();
    return withKeyWord(cursor, 'VECTOR');
  }
  return undefined;
}

function withKeyWord(cursor: Cursor, kind: IndexDefinitionKind): IndexDefinitionKind {
  if (!cursor.take('INDEX')) cursor.take('KEY');
  return kind;
}
