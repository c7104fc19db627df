/**
 * The expression filter (manual section 1.4.3): row changes whose values satisfy an SQL expression are not replicated. Rules
 * are read once, compiled once per structure of a table, and evaluated here with MySQL's semantics; whatever is not known
 * for certain is asked of a server. Other modules import from here only.
 */
import type { ExpressionFilterRule } from '../../config/types.js';
import type { Table } from '../../schema/model.js';
import { tableFilter, type EvaluationOptions, type RowFilter } from './filter.js';
import { readRule } from './rule.js';

export type { RowFilter } from './filter.js';
export { checkExpression } from './rule.js';
export { findExpressionProblems, type ExpressionProblem } from './check.js';

/** Options of {@link createExpressionFilter}. */
export interface ExpressionFilterOptions extends EvaluationOptions {
  /** Whether names of schemas and tables are compared by letter case. */
  caseSensitive: boolean;
}

/** The expression filters of a subtask. Names are the upstream's. */
export interface ExpressionFilter {
  /**
   * The filter of a table under one of its structures; undefined when no rule is about it. To be kept as long as the
   * structure does not change.
   * @throws DmError 20041 when an expression names a column that the structure does not have
   */
  forTable(structure: Table): RowFilter | undefined;
}

/**
 * Makes the filter of the rules. Row changes are dropped when any of a table's rules says so. TIMESTAMP values are in UTC,
 * as is the session of the server that is asked; NOW() is the time of evaluation.
 * @throws DmError 20039, 20041, 20042 for a wrong rule
 */
export function createExpressionFilter(
  rules: readonly ExpressionFilterRule[] | undefined,
  options: ExpressionFilterOptions,
): ExpressionFilter {
  const name = (text: string): string => (options.caseSensitive ? text : text.toLowerCase());
  const parsed = (rules ?? []).map(readRule);
  return {
    forTable(structure) {
      const schema = name(structure.schema);
      const table = name(structure.name);
      const own = parsed.filter((rule) => name(rule.schema) === schema && name(rule.table) === table);
      return tableFilter(own, structure, options);
    },
  };
}
