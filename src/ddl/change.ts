import type { AlterClause, ColumnDefinition, TableElement } from './ast.js';

/** One change, with its own text; a parenthesised ADD gives several. */
export interface Change {
  clause: AlterClause;
  /** The added element, of an ADD. */
  element?: TableElement;
  text: string;
  phase: number;
}

/** A column of the table before the statement. */
export interface KnownColumn {
  name: string;
  generated?: { expression: string } | undefined;
}

/** The column that a change makes or remakes. */
export function definedColumn(change: Change): ColumnDefinition | undefined {
  if (change.element?.element === 'column') return change.element;
  const { clause } = change;
  return clause.action === 'modify-column' || clause.action === 'change-column' ? clause.column : undefined;
}
