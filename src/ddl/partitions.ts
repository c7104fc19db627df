import type { Ident, Partitioning } from './ast.js';
import type { Cursor } from './cursor.js';
import { T } from './lexer.js';

/** Reads PARTITION BY ...; the cursor stands at PARTITION. */
export function readPartitioning(cursor: Cursor): Partitioning {
  const { start } = cursor;
  cursor.expect('PARTITION', 'BY');
  const linear = cursor.take('LINEAR');
  const clause: Partitioning = { text: '', method: 'HASH', linear, columns: [], partitions: [], start, end: start };
  readMethod(cursor, clause);
  readTail(cursor, clause);
  clause.text = cursor.textFrom(start);
  clause.end = cursor.end;
  return clause;
}

function readMethod(cursor: Cursor, clause: Partitioning): void {
  const { code } = cursor;
  switch (code) {
    case 'HASH':
      cursor.skip();
      clause.expression = readExpression(cursor);
      return;
    case 'KEY':
      cursor.skip();
      clause.method = code;
      readKeyAlgorithm(cursor);
      clause.columns = readColumnList(cursor);
      return;
    case 'RANGE':
    case 'LIST':
      cursor.skip();
      clause.method = code;
      if (cursor.take('COLUMNS')) clause.columns = readColumnList(cursor);
      else clause.expression = readExpression(cursor);
      return;
    case 'SYSTEM_TIME':
      cursor.skip();
      clause.method = code;
      readHistory(cursor);
      return;
    default:
      throw cursor.error('HASH, KEY, RANGE, LIST or SYSTEM_TIME');
  }
}

function readKeyAlgorithm(cursor: Cursor): void {
  if (!cursor.take('ALGORITHM')) return;
  cursor.take('=');
  cursor.expectInteger('a number');
}

function readExpression(cursor: Cursor): string {
  const inner = cursor.parenthesised();
  return cursor.text.slice(inner.start, inner.end).trim();
}

function readColumnList(cursor: Cursor): Ident[] {
  const columns: Ident[] = [];
  cursor.expect('(');
  if (cursor.code !== ')') {
    do columns.push(cursor.columnName());
    while (cursor.take(','));
  }
  cursor.expect(')');
  return columns;
}

/** MariaDB: INTERVAL 1 DAY STARTS '..' AUTO, LIMIT 1000 of SYSTEM_TIME. */
function readHistory(cursor: Cursor): void {
  if (cursor.take('INTERVAL')) {
    while (cursor.takeOne(UNITS) === undefined) expressionPiece(cursor);
    if (cursor.take('STARTS')) readStarts(cursor);
  } else if (cursor.take('LIMIT')) {
    while (!HISTORY_ENDS.has(cursor.code) && !cursor.ended) cursor.skip();
  }
  cursor.take('AUTO');
}

/** Units of time behind INTERVAL. */
const UNITS: ReadonlySet<string> = new Set(
  `MICROSECOND SECOND MINUTE HOUR DAY WEEK MONTH QUARTER YEAR SECOND_MICROSECOND MINUTE_MICROSECOND MINUTE_SECOND
  HOUR_MICROSECOND HOUR_SECOND HOUR_MINUTE DAY_MICROSECOND DAY_SECOND DAY_MINUTE DAY_HOUR YEAR_MONTH`.split(/\s+/),
);

const HISTORY_ENDS: ReadonlySet<string> = new Set(['AUTO', 'PARTITIONS', 'SUBPARTITION', '(', ',', 'AS', 'SELECT']);

function expressionPiece(cursor: Cursor): void {
  if (cursor.ended) throw cursor.error('a unit of time');
  if (cursor.code === '(') cursor.parenthesised();
  else cursor.expressionStep();
}

function readStarts(cursor: Cursor): void {
  if (cursor.take('TIMESTAMP')) return void cursor.expectString('a time');
  if (cursor.takeString() !== undefined) return;
  if (cursor.code !== '(') cursor.expressionStep();
  if (cursor.code === '(') cursor.parenthesised();
}

function readTail(cursor: Cursor, clause: Partitioning): void {
  // TiDB: INTERVAL (100) FIRST PARTITION LESS THAN (..) LAST PARTITION LESS THAN (..)
  if (cursor.dialect.flavor === 'tidb' && cursor.code === 'INTERVAL') skipTidbInterval(cursor);
  if (cursor.take('PARTITIONS')) clause.count = cursor.expectInteger('a number of partitions');
  if (cursor.at('SUBPARTITION', 'BY')) readSubpartitioning(cursor);
  if (cursor.code === '(' && atDefinition(cursor)) clause.partitions = readPartitionList(cursor);
}

/** `(` may also open the query of CREATE TABLE .. AS. MariaDB does not need the word PARTITION. */
function atDefinition(cursor: Cursor): boolean {
  if (cursor.codeAt(1) === 'PARTITION') return true;
  const behind = cursor.kindAt(1);
  return cursor.dialect.flavor === 'mariadb' && (behind === T.Word || behind === T.QuotedIdent) && !cursor.atQuery;
}

function skipTidbInterval(cursor: Cursor): void {
  cursor.skip();
  cursor.parenthesised();
  while (cursor.take('FIRST') || cursor.take('LAST')) {
    cursor.expect('PARTITION', 'LESS', 'THAN');
    cursor.parenthesised();
  }
}

function readSubpartitioning(cursor: Cursor): void {
  cursor.expect('SUBPARTITION', 'BY');
  cursor.take('LINEAR');
  if (cursor.take('KEY')) {
    readKeyAlgorithm(cursor);
    readColumnList(cursor);
  } else {
    cursor.expect('HASH');
    cursor.parenthesised();
  }
  if (cursor.take('SUBPARTITIONS')) cursor.expectInteger('a number of subpartitions');
}

/** Reads `( PARTITION p ..., ... )`; what a definition holds besides the name is passed over. */
export function readPartitionList(cursor: Cursor): Ident[] {
  const names: Ident[] = [];
  cursor.expect('(');
  do {
    if (cursor.dialect.flavor === 'mariadb') cursor.take('PARTITION');
    else cursor.expect('PARTITION');
    names.push(cursor.expectIdent('partition name'));
    skipDefinition(cursor);
  } while (cursor.take(','));
  cursor.expect(')');
  return names;
}

function skipDefinition(cursor: Cursor): void {
  while (cursor.code !== ',' && cursor.code !== ')') {
    if (cursor.kind === T.End) throw cursor.error(')');
    if (cursor.code === '(') cursor.parenthesised();
    else cursor.skip();
  }
}
