import type { ExpressionFilterRule, SubtaskConfig } from '../config/types.js';
import { findExpressionProblems } from '../filter/expression/index.js';
import { quoteTable } from '../mysql/quote.js';
import type { DbConnection } from '../mysql/connect.js';
import { databaseError } from '../mysql/errors.js';
import { introspectTable } from '../schema/introspect.js';
import { loadServerProfile, type ServerProfile } from '../schema/server-profile.js';
import { closeAfterwards, connect } from './connections.js';
import type { TableFacts } from './facts.js';
import type { CheckFinding } from './report.js';
import type { Judgement } from './server-checks.js';

/**
 * Whether the expressions of `expression-filter` can be evaluated over the rows of the tables they are for, as the tables
 * are now. Otherwise the task would pause at the first row (20041).
 *
 * @throws DmError 10003, 10005 when a server fails while it is asked, 26002 when the downstream cannot be reached again
 */
export async function judgeExpressions(
  config: SubtaskConfig,
  upstream: DbConnection,
  tables: readonly TableFacts[],
): Promise<Judgement> {
  const rules = config.expressionFilters ?? [];
  if (rules.length === 0) return { findings: [] };
  // Its session is set up for the evaluation of expressions, so it serves nothing else.
  return closeAfterwards(await connect(config.to, 'downstream'), async (server) => {
    const profile = await asUpstream(() => loadServerProfile(upstream));
    const findings: CheckFinding[] = [];
    for (const rule of rules) {
      findings.push(...(await ruleFindings(rule, tablesOf(rule, tables, config), { upstream, profile, server })));
    }
    return {
      findings,
      instruction:
        'please correct `expression-filter` of the task file: the task would pause at the first row that it has to judge (20041)',
    };
  });
}

function tablesOf(rule: ExpressionFilterRule, tables: readonly TableFacts[], config: SubtaskConfig): TableFacts[] {
  const fold = (name: string): string => (config.caseSensitive ? name : name.toLowerCase());
  return tables.filter(({ schema, name }) => fold(schema) === fold(rule.schema) && fold(name) === fold(rule.table));
}

interface Servers {
  upstream: DbConnection;
  profile: ServerProfile;
  server: DbConnection;
}

async function ruleFindings(
  rule: ExpressionFilterRule,
  tables: readonly TableFacts[],
  { upstream, profile, server }: Servers,
): Promise<CheckFinding[]> {
  if (tables.length === 0) {
    const name = quoteTable(rule.schema, rule.table);
    const short_error = `expression-filter ${rule.name} is for table ${name}, which the upstream does not have or the task does not select`;
    return [{ severity: 'warn', short_error }];
  }
  const findings: CheckFinding[] = [];
  for (const { schema, name } of tables) {
    const structure = await asUpstream(() => introspectTable(upstream, profile, schema, name));
    if (structure === undefined) continue;
    for (const { error, certain } of await findExpressionProblems(rule, structure, server)) {
      findings.push({
        severity: certain ? 'fail' : 'warn',
        short_error: `${error.message} (20041, table ${quoteTable(schema, name)})`,
      });
    }
  }
  return findings;
}

async function asUpstream<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw databaseError(error, { scope: 'upstream', kind: 'query', sql: 'information_schema' });
  }
}
