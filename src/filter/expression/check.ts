import type { ExpressionFilterRule } from '../../config/types.js';
import { causeText, type DmError } from '../../errors/dm-error.js';
import type { DbConnection } from '../../mysql/connect.js';
import { serverErrno } from '../../mysql/errors.js';
import type { Column, Table } from '../../schema/model.js';
import type { CellValue, RowImage } from '../../sync/events.js';
import { bindColumns, type Bindings } from './columns.js';
import { compileCondition } from './compile.js';
import { expressionError, readRule, type ParsedExpression } from './rule.js';
import { askServer } from './server.js';
import { serverText } from './server-text.js';

/** What servers say of a function that is not built in, since no database is in use that might have one. */
const ER_NO_DB = 1046;

/** Why an expression cannot be evaluated over the rows of a table. */
export interface ExpressionProblem {
  /** 20041 with the expression and the reason. */
  error: DmError;
  /** Whether any row meets it; else only rows that the evaluator here cannot decide do. */
  certain: boolean;
}

/**
 * Finds out what is wrong with a rule for a table, before there are rows: columns that the table does not have, and what
 * the server that would be asked about rows refuses (an unknown function, operands that do not go together).
 *
 * @param server the server that evaluates what is not known here; its session is set up for that
 * @throws DmError 20039, 20041, 20042 for a rule that is wrong whatever the table; 10002, 10003 when the connection fails
 */
export async function findExpressionProblems(
  rule: ExpressionFilterRule,
  structure: Table,
  server: DbConnection,
): Promise<ExpressionProblem[]> {
  const { insert, updateOld, updateNew, delete: removed } = readRule(rule);
  const problems: ExpressionProblem[] = [];
  for (const expression of [insert, updateOld, updateNew, removed]) {
    const problem = expression === undefined ? undefined : await findProblem(expression, structure, server);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

async function findProblem(
  expression: ParsedExpression,
  structure: Table,
  server: DbConnection,
): Promise<ExpressionProblem | undefined> {
  let bindings: Bindings;
  try {
    bindings = bindColumns(expression, structure);
  } catch (error) {
    return { error: error as DmError, certain: true };
  }
  const nothing: RowImage = structure.columns.map(() => null);
  try {
    await askServer(server, serverText(expression, bindings), [nothing]);
    return undefined;
  } catch (error) {
    const errno = serverErrno(error);
    if (errno === undefined) throw error;
    const text = causeText((error as DmError).cause);
    const reason = errno === ER_NO_DB ? `it calls a function that the server does not have (${text})` : text;
    const condition = compileCondition(expression.expr, bindings);
    const known = [nothing, structure.columns.map(sampleOf)].every(
      (image) => condition(image, { now: Date.now() }) !== undefined,
    );
    return { error: expressionError(expression, reason), certain: !known };
  }
}

/** Some value of a column's type; NULL where an expression is never decided by the value alone. */
function sampleOf({ type }: Column): CellValue {
  if (/int$|^(?:year|float|double|enum)$/.test(type)) return 1;
  if (/^(?:bit|set)$/.test(type)) return 1n;
  if (/char$|text$|^decimal$/.test(type)) return '1';
  if (/binary$|blob$/.test(type)) return Buffer.from('1');
  if (type === 'time') return '00:00:00';
  return type.startsWith('date') || type === 'timestamp'
    ? '2000-01-01 00:00:00'.slice(0, type === 'date' ? 10 : 19)
    : null;
}
