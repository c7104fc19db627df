import type { Cursor } from './cursor.js';
import { T } from './lexer.js';

const MODIFIERS: ReadonlySet<string> = new Set([
  'LOW_PRIORITY',
  'DELAYED',
  'HIGH_PRIORITY',
  'QUICK',
  'IGNORE',
  'LOCAL',
  'CONCURRENT',
]);

/**
 * Records the table that INSERT, REPLACE, UPDATE, DELETE or LOAD changes, for filters. Statements on several tables record
 * none: who asks has to assume any. Never fails; the text behind is not looked at.
 */
export function recordDmlTarget(cursor: Cursor): void {
  const mark = cursor.mark();
  const recorded = recordTarget(cursor);
  const kept = cursor.objects.slice(mark.objects);
  cursor.reset(mark);
  if (recorded) cursor.objects.push(...kept);
}

function recordTarget(cursor: Cursor): boolean {
  const verb = cursor.code;
  cursor.skip();
  while (cursor.takeOne(MODIFIERS) !== undefined) continue;
  if (verb === 'INSERT' || verb === 'REPLACE') {
    cursor.take('INTO');
    return takeName(cursor);
  }
  if (verb === 'UPDATE') return takeName(cursor) && behindAlias(cursor, 'SET');
  if (verb === 'DELETE') return cursor.take('FROM') && takeName(cursor) && !isList(cursor);
  return verb === 'LOAD' && findInto(cursor) && takeName(cursor);
}

function takeName(cursor: Cursor): boolean {
  if (!cursor.atIdent || (cursor.codeAt(1) === '.' && !isName(cursor.kindAt(2)))) return false;
  cursor.objectName('table', 'target');
  return true;
}

const isName = (kind: number): boolean => kind === T.Word || kind === T.QuotedIdent;

/** `UPDATE t [AS] x SET`: more than one table has no SET there. */
function behindAlias(cursor: Cursor, word: string): boolean {
  if (cursor.code === word) return true;
  cursor.take('AS');
  return cursor.takeIdent() !== undefined && cursor.code === word;
}

/** `DELETE FROM a, b USING ..` and `DELETE FROM a.* USING ..`. */
function isList(cursor: Cursor): boolean {
  return cursor.code === ',' || cursor.code === '.' || cursor.code === 'USING';
}

function findInto(cursor: Cursor): boolean {
  while (!cursor.ended && cursor.kind !== T.Unterminated) {
    if (cursor.take('INTO', 'TABLE')) return true;
    cursor.skip();
  }
  return false;
}
