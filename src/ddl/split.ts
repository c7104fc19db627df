import type { AlterTable, DropTable, RenameTable, Statement } from './ast.js';
import type { KnownColumn } from './change.js';
import { alterParts } from './split-alter.js';
import { readInDialect } from './read.js';
import { render, renderedDialect } from './render.js';
import { replaceAsDropAndCreate } from './rewrite.js';

/** How {@link splitStatement} splits. */
export interface SplitOptions {
  /**
   * Separates also clauses and renames that depend on each other, as DM does; the parts then may fail or pass through
   * states that the whole statement never shows.
   */
  separateDependent?: boolean;
  /** Columns of the table before the statement, when known: helps to order DROP COLUMN. */
  columns?: readonly KnownColumn[];
}

export interface SplitResult {
  /** To be executed in this order. Empty when the statement changes nothing (ALTER TABLE with ALGORITHM or LOCK alone). */
  parts: Statement[];
  /** Why some clauses were kept together in one part, when that is so. */
  atomic?: string;
}

/**
 * Splits ALTER TABLE by clause and DROP / RENAME TABLE by table, in an order that gives the same result; MariaDB's CREATE OR
 * REPLACE becomes DROP and CREATE. All other statements are one part. ALGORITHM, LOCK and the like are left out.
 */
export function splitStatement(statement: Statement, options: SplitOptions = {}): SplitResult {
  if (statement.kind === 'alter-table') return splitAlter(statement, options);
  if (statement.kind === 'rename-table') return splitRename(statement, options);
  if (statement.kind === 'drop-table') {
    return statement.tables.length === 1 ? whole(statement) : reread(statement, dropParts(statement));
  }
  const replaced = replaceAsDropAndCreate(statement);
  return replaced === undefined ? whole(statement) : reread(statement, replaced);
}

function whole(statement: Statement): SplitResult {
  return { parts: [statement] };
}

function reread(statement: Statement, texts: readonly string[], atomic?: string): SplitResult {
  const dialect = renderedDialect(statement.dialect);
  const parts = texts.map((text) => readInDialect(text, dialect, statement.defaultSchema));
  return atomic === undefined ? { parts } : { parts, atomic };
}

function dropParts(statement: DropTable): string[] {
  const [first] = statement.tables;
  if (first === undefined) return [];
  const head = render(statement, { start: statement.start, end: first.start });
  return statement.tables.map((table) => `${head} ${render(statement, table)}`);
}

function splitRename(statement: RenameTable, options: SplitOptions): SplitResult {
  const { pairs } = statement;
  const [first] = pairs;
  if (first === undefined || pairs.length === 1) return whole(statement);
  if (options.separateDependent !== true && namesRepeat(statement)) {
    return { parts: [statement], atomic: 'a name is used twice: the tables change places in one step' };
  }
  const head = render(statement, { start: statement.start, end: first.start });
  return reread(
    statement,
    pairs.map((pair) => `${head} ${render(statement, pair)}`),
  );
}

function namesRepeat(statement: RenameTable): boolean {
  const names = statement.objects.map((object) => `${object.schema}\0${object.name}`.toLowerCase());
  return new Set(names).size < names.length;
}

function splitAlter(statement: AlterTable, options: SplitOptions): SplitResult {
  if (statement.clauses.length === 1 && statement.clauses[0]?.action !== 'hint' && !hasList(statement)) {
    return whole(statement);
  }
  const { parts, atomic } = alterParts(statement, options);
  const head = render(statement, { start: statement.start, end: statement.table.end });
  return reread(
    statement,
    parts.map((part) => `${head} ${part}`),
    atomic,
  );
}

function hasList(statement: AlterTable): boolean {
  return statement.clauses.some((clause) => clause.action === 'add' && clause.parenthesised);
}
