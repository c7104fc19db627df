import type { ExpressionFilterRule } from '../../config/types.js';
import { dmError } from '../../errors/dm-error.js';
import type { DmError } from '../../errors/dm-error.js';
import type { Expr } from './ast.js';
import { parseExpression } from './parse.js';
import { ExpressionError } from './tokens.js';

/** An expression that was read. */
export interface ParsedExpression {
  /** Name of its rule. */
  rule: string;
  text: string;
  expr: Expr;
}

/** A rule whose expressions were read. */
export interface ParsedRule {
  name: string;
  schema: string;
  table: string;
  insert?: ParsedExpression;
  updateOld?: ParsedExpression;
  updateNew?: ParsedExpression;
  delete?: ParsedExpression;
}

/**
 * Reads a rule of `expression-filter` (manual section 1.4.3). Needs no server and no table.
 * @throws DmError 20042 without schema, table or any expression; 20039 with expressions of several kinds; 20041 for a wrong
 * grammar and for what cannot be evaluated on a single row (sub-queries, variables, aggregate functions)
 */
export function readRule(rule: ExpressionFilterRule): ParsedRule {
  const { name, schema, table } = rule;
  if (schema === '') throw dmError(20042, [name, 'schema']);
  if (table === '') throw dmError(20042, [name, 'table']);
  checkKinds(rule);
  const parsed: ParsedRule = { name, schema, table };
  if (isSet(rule.insertValueExpr)) parsed.insert = read(name, rule.insertValueExpr);
  if (isSet(rule.updateOldValueExpr)) parsed.updateOld = read(name, rule.updateOldValueExpr);
  if (isSet(rule.updateNewValueExpr)) parsed.updateNew = read(name, rule.updateNewValueExpr);
  if (isSet(rule.deleteValueExpr)) parsed.delete = read(name, rule.deleteValueExpr);
  return parsed;
}

/** {@link readRule} for checks: the error instead of the rule. */
export function checkExpression(rule: ExpressionFilterRule): DmError | undefined {
  try {
    readRule(rule);
    return undefined;
  } catch (error) {
    return error as DmError;
  }
}

/** What to do about an expression that a running task cannot use: its task file is only read when it is started. */
export const CORRECT_AND_RESTART =
  'Please stop the task with `stop-task`, correct the expression in `expression-filter` of the task file, then start the task again with `start-task`.';

/** 20041 for an expression; `reason` says what is wrong with it. */
export function expressionError(
  { rule, text }: Pick<ParsedExpression, 'rule' | 'text'>,
  reason: string,
  workaround?: string,
): DmError {
  return dmError(20041, [rule, text, reason], workaround === undefined ? {} : { workaround });
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== '';
}

/** Both expressions of updates count as one kind. */
function checkKinds(rule: ExpressionFilterRule): void {
  const kinds = {
    insert: isSet(rule.insertValueExpr),
    update: isSet(rule.updateOldValueExpr) || isSet(rule.updateNewValueExpr),
    delete: isSet(rule.deleteValueExpr),
  };
  const used = Object.entries(kinds).flatMap(([kind, set]) => (set ? [kind] : []));
  if (used.length > 1) throw dmError(20039, [rule.name, `[${used.join(' ')}]`]);
  if (used.length > 0) return;
  const workaround =
    'Write one of `insert-value-expr`, `update-old-value-expr`, `update-new-value-expr` and `delete-value-expr`.';
  throw dmError(20042, [rule.name, 'expression'], { workaround });
}

function read(rule: string, text: string): ParsedExpression {
  try {
    return { rule, text, expr: parseExpression(text) };
  } catch (error) {
    if (error instanceof ExpressionError) throw expressionError({ rule, text }, error.message);
    throw error;
  }
}
