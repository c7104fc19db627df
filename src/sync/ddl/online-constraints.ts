import { readStatement, type Ident, type Statement } from '../../ddl/index.js';
import { quoteIdent } from '../../mysql/quote.js';
import type { Table } from '../../schema/model.js';

/**
 * A statement of the rewriter's, with the names that constraints have downstream. pt-online-schema-change gives the foreign keys of its new
 * table other names, with more or less underscores in front: those of the real table are left as they are downstream, and what
 * drops `_name` means `name`.
 *
 * @param before - the real table before the statement
 */
export function withRealConstraints(statement: Statement, before: Table | undefined): Statement {
  if (statement.kind !== 'alter-table' || before === undefined) return statement;
  const edits: { name: Ident; real: string }[] = [];
  for (const clause of statement.clauses) {
    if (clause.action !== 'drop-foreign-key' && clause.action !== 'drop-constraint') continue;
    const real = realName(clause.name.name, before);
    if (real !== undefined) edits.push({ name: clause.name, real });
  }
  if (edits.length === 0) return statement;
  let sql = statement.text;
  for (const { name, real } of edits.toSorted((a, b) => b.name.start - a.name.start)) {
    sql = sql.slice(0, name.start) + quoteIdent(real) + sql.slice(name.end);
  }
  const { flavor, serverVersion, realAsFloat } = statement.dialect;
  const sqlMode = realAsFloat ? 'REAL_AS_FLOAT' : '';
  return readStatement(sql, { flavor, serverVersion, sqlMode, defaultSchema: statement.defaultSchema });
}

/** Undefined when the table has a constraint of that very name, or none that could be meant. */
function realName(name: string, { foreignKeys, checks, indexes }: Table): string | undefined {
  const same = (other: { name: string }): boolean => other.name.toLowerCase() === name.toLowerCase();
  if (foreignKeys.some(same) || checks.some(same) || indexes.some(same)) return undefined;
  const meant = foreignKeys.filter((key) => bare(key.name) === bare(name));
  return meant.length === 1 ? meant[0]?.name : undefined;
}

function bare(name: string): string {
  return name.replace(/^_+/, '').toLowerCase();
}
