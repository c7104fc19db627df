import type { AlterTable, RenameTable, Statement } from './ast.js';
import { readInDialect } from './read.js';
import { render, renderedDialect } from './render.js';

/** What {@link withoutIdle} goes by. */
export interface IdleOptions {
  /** Whether the name is a table's before the statement; a view's or sequence's is not. Absent: all are tables'. */
  isTable?: ((schema: string, name: string) => boolean) | undefined;
  /** The statement is MariaDB's, the downstream another product. */
  leavesMariadb?: boolean;
}

/**
 * The statement without what has no counterpart downstream: RENAME TABLE of views and sequences, which are not replicated,
 * what else is about sequences, MariaDB's versioning of rows, and its ALTER TABLE of what is no table. Undefined when nothing is left.
 */
export function withoutIdle(statement: Statement, options: IdleOptions): Statement | undefined {
  if (statement.kind === 'rename-table') return withoutViews(statement, options);
  if (makesSequence(statement)) return undefined;
  if (statement.kind !== 'alter-table' || statement.dialect.flavor !== 'mariadb') return statement;
  const { table, defaultSchema } = statement;
  if (options.isTable?.(table.schema?.name ?? defaultSchema, table.table.name) === false) return undefined;
  return options.leavesMariadb === true ? withoutVersioning(statement) : statement;
}

/** CREATE, ALTER or DROP SEQUENCE, or the CREATE TABLE that SHOW CREATE TABLE prints for a sequence. */
function makesSequence(statement: Statement): boolean {
  if (statement.kind !== 'create-table') return statement.kind.endsWith('-sequence');
  return statement.options.some(({ name, value }) => name === 'SEQUENCE' && value !== '0');
}

/** Names move with each pair, so that a view may stand where an earlier pair took a table away. */
function withoutViews(statement: RenameTable, { isTable }: IdleOptions): Statement | undefined {
  if (isTable === undefined) return statement;
  const moved = new Map<string, boolean>();
  const kept = statement.pairs.filter(({ from, to }) => {
    const [fromSchema, toSchema] = [from, to].map((name) => name.schema?.name ?? statement.defaultSchema);
    const source = `${fromSchema}\0${from.table.name}`;
    const known = moved.get(source) ?? isTable(fromSchema ?? '', from.table.name);
    moved.set(source, false);
    moved.set(`${toSchema}\0${to.table.name}`, known);
    return known;
  });
  const [first] = statement.pairs;
  if (first === undefined || kept.length === statement.pairs.length) return statement;
  if (kept.length === 0) return undefined;
  const head = render(statement, { start: statement.start, end: first.start });
  return reread(statement, `${head} ${kept.map((pair) => render(statement, pair)).join(', ')}`);
}

function withoutVersioning(statement: AlterTable): Statement | undefined {
  const kept = statement.clauses.filter(({ action }) => action !== 'system-versioning');
  if (kept.length === statement.clauses.length) return statement;
  if (kept.every(({ action }) => action === 'hint')) return undefined;
  let text = render(statement, { start: statement.start, end: statement.table.end });
  for (const [at, clause] of kept.entries()) {
    // partitioning follows the other clauses without a comma
    const listed = clause.action !== 'partition-by' && clause.action !== 'remove-partitioning';
    text += `${at > 0 && listed ? ',' : ''} ${render(statement, clause)}`;
  }
  return reread(statement, text);
}

function reread(statement: Statement, text: string): Statement {
  return readInDialect(text, renderedDialect(statement.dialect), statement.defaultSchema);
}
