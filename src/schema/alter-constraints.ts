import type { AlterTable } from '../ddl/index.js';
import type { ColumnChanges } from './alter-columns.js';
import { addChecks, addForeignKeys } from './apply-constraints.js';
import { byName, sameName, type ApplyContext } from './apply-context.js';
import type { Requests } from './apply-elements.js';
import { possibleColumns, renameInExpression } from './expression-text.js';
import type { Check, Table } from './model.js';

/**
 * Foreign keys and checks after an ALTER: without those dropped (or gone with their column), with renamed columns, and
 * with those asked for. Changes `table`, whose columns are already the new ones; `before` is the table as it was.
 */
export function alterConstraints(
  table: Table,
  before: Table,
  statement: AlterTable,
  changes: ColumnChanges,
  requests: Requests,
  context: ApplyContext,
): void {
  table.foreignKeys = before.foreignKeys
    .filter((key) => !isDropped(statement, key.name, 'drop-foreign-key'))
    .map((key) => {
      const refColumns = isSelf(table, key) ? key.refColumns.map((name) => renamed(changes, name)) : key.refColumns;
      return { ...key, columns: key.columns.map((name) => renamed(changes, name)), refColumns };
    });
  table.checks = before.checks.flatMap((check) => keptCheck(check, before, statement, changes));
  addForeignKeys(table, newForeignKeys(before, requests, statement), context, before.foreignKeys);
  addChecks(table, newChecks(table, requests, statement), context.profile);
}

function isDropped(statement: AlterTable, name: string, action: 'drop-foreign-key' | 'drop-check'): boolean {
  return statement.clauses.some(
    (clause) => (clause.action === action || clause.action === 'drop-constraint') && sameName(clause.name.name, name),
  );
}

function isSelf(table: Table, key: { refSchema: string; refTable: string }): boolean {
  return key.refSchema === table.schema && key.refTable === table.name;
}

function renamed(changes: ColumnChanges, name: string): string {
  return changes.names.get(name.toLowerCase()) ?? name;
}

/** A check of one column alone goes with it; MariaDB's column checks also go when their column is defined anew. */
function keptCheck(check: Check, before: Table, statement: AlterTable, changes: ColumnChanges): Check[] {
  if (isDropped(statement, check.name, 'drop-check') && check.column === undefined) return [];
  if (statement.clauses.some((clause) => clause.action === 'drop-period' && sameName(clause.name.name, check.name))) {
    return [];
  }
  if (check.column !== undefined) {
    const name = changes.names.get(check.column.toLowerCase());
    if (name === undefined || [...changes.defined].some((column) => sameName(column.name, name))) return [];
    // RENAME COLUMN leaves the name of the check as it was
    return [{ ...check, column: name, expression: renameInExpression(check.expression, changes.names) }];
  }
  if (before.columns.length !== changes.names.size && usesDropped(check, before, changes)) return [];
  const enforced = statement.clauses.reduce(
    (state, clause) =>
      clause.action === 'set-check-enforced' && sameName(clause.name.name, check.name) ? clause.enforced : state,
    check.enforced,
  );
  return [{ ...check, enforced, expression: renameInExpression(check.expression, changes.names) }];
}

function usesDropped(check: Check, before: Table, changes: ColumnChanges): boolean {
  const words = possibleColumns(check.expression);
  return before.columns.some(({ name }) => {
    const key = name.toLowerCase();
    return words.has(key) && !changes.names.has(key);
  });
}

/** ADD ... IF NOT EXISTS asks for nothing when the name is there. */
function newForeignKeys(before: Table, requests: Requests, statement: AlterTable): Requests['foreignKeys'] {
  const conditional = conditionalNames(statement);
  return requests.foreignKeys.filter(
    ({ name }) => name === undefined || !conditional.has(name.toLowerCase()) || !byName(before.foreignKeys, name),
  );
}

function newChecks(table: Table, requests: Requests, statement: AlterTable): Requests['checks'] {
  const conditional = conditionalNames(statement);
  return requests.checks.filter(
    ({ name }) => name === undefined || !conditional.has(name.toLowerCase()) || !byName(table.checks, name),
  );
}

function conditionalNames(statement: AlterTable): Set<string> {
  const names = new Set<string>();
  for (const clause of statement.clauses) {
    if (clause.action !== 'add') continue;
    for (const element of clause.elements) {
      if (element.element === 'check' && element.ifNotExists && element.name !== undefined) {
        names.add(element.name.name.toLowerCase());
      }
      if (element.element === 'foreign-key' && element.ifNotExists) {
        const name = element.constraint ?? element.indexName;
        if (name !== undefined) names.add(name.name.toLowerCase());
      }
    }
  }
  return names;
}
