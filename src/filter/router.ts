import type { RouteRule } from '../config/types.js';
import { dmError, type DmError } from '../errors/dm-error.js';
import { quoteIdent, quoteTable } from '../mysql/quote.js';
import { compileNamePattern, type NameMatcher } from './name-pattern.js';
import { TableMemo } from './table-memo.js';

/** Name of a downstream table. */
export interface TargetTable {
  schema: string;
  table: string;
}

/** Where the rows and statements of upstream tables go. */
export interface TableMapping {
  /**
   * Downstream name of an upstream table.
   *
   * @throws DmError when two rules claim the table, see {@link createRouter}
   */
  target(schema: string, table: string): TargetTable;
  /**
   * Downstream name of an upstream schema.
   *
   * @throws DmError when two rules claim the schema
   */
  targetSchema(schema: string): string;
}

/** Every table keeps its name. */
export const SAME_NAMES: TableMapping = {
  target: (schema, table) => ({ schema, table }),
  targetSchema: (schema) => schema,
};

/** The code of a conflict found by the configuration, the check, the load or the sync unit. */
export type RouteConflictCode = 20045 | 26003 | 34010 | 36031;

interface CompiledRoute {
  rule: RouteRule;
  schema: NameMatcher;
  /** Absent: a route of schemas. */
  table?: NameMatcher;
}

/**
 * The routes of a source (manual section 1.3.1.1). A rule with a table pattern beats one without; a rule without it also
 * routes the statements on the schema itself; what no rule matches keeps its name, as does a table whose rule names no
 * target table. A table or schema that two rules of one kind match is an error when it is met.
 *
 * @param conflictCode code of that error; default 36031, the sync unit's
 * @throws DmError 20045 when a rule cannot be used, or two have the same patterns
 */
export function createRouter(
  rules: readonly RouteRule[] | undefined,
  caseSensitive: boolean,
  conflictCode: RouteConflictCode = 36031,
): TableMapping {
  if (rules === undefined || rules.length === 0) return SAME_NAMES;
  assertDistinct(rules, caseSensitive);
  const routes = rules.map((rule) => compileRoute(rule, caseSensitive));
  const ofSchemas = routes.filter((route) => route.table === undefined);
  const ofTables = routes.filter((route) => route.table !== undefined);

  const schemaRule = (schema: string, name: string): RouteRule | undefined =>
    theOnly(
      ofSchemas.filter((route) => route.schema(schema)),
      name,
      conflictCode,
    );
  const tableRule = (schema: string, table: string): RouteRule | undefined =>
    theOnly(
      ofTables.filter((route) => route.schema(schema) && route.table?.(table) === true),
      quoteTable(schema, table),
      conflictCode,
    );
  const tables = new TableMemo<TargetTable>((schema, table) => {
    const rule = tableRule(schema, table) ?? schemaRule(schema, quoteTable(schema, table));
    return rule === undefined ? { schema, table } : { schema: rule.targetSchema, table: rule.targetTable ?? table };
  });
  return {
    target: (schema, table) => tables.get(schema, table),
    targetSchema: (schema) => schemaRule(schema, quoteIdent(schema))?.targetSchema ?? schema,
  };
}

function theOnly(matching: readonly CompiledRoute[], name: string, code: RouteConflictCode): RouteRule | undefined {
  const [first, second] = matching;
  if (first !== undefined && second !== undefined) throw conflict(name, first.rule, second.rule, code);
  return first?.rule;
}

function conflict(name: string, first: RouteRule, second: RouteRule, code: RouteConflictCode): DmError {
  const cause = new Error(`${name} matches more than one rule of \`routes\`: ${first.name} and ${second.name}`);
  return dmError(code, [], {
    cause,
    workaround: 'Change the patterns of `routes` so that they match this name once only.',
  });
}

function compileRoute(rule: RouteRule, caseSensitive: boolean): CompiledRoute {
  const { schemaPattern, tablePattern, targetSchema } = rule;
  if (targetSchema === '') throw routeError(rule, 'target-schema', 'a value is required');
  return {
    rule,
    schema: compilePattern(rule, 'schema-pattern', schemaPattern, caseSensitive),
    ...(tablePattern === undefined
      ? {}
      : { table: compilePattern(rule, 'table-pattern', tablePattern, caseSensitive) }),
  };
}

function compilePattern(rule: RouteRule, key: string, pattern: string, caseSensitive: boolean): NameMatcher {
  try {
    return compileNamePattern(pattern, caseSensitive);
  } catch (error) {
    throw routeError(rule, key, (error as Error).message, pattern);
  }
}

function routeError(rule: RouteRule, key: string, reason: string, pattern?: string): DmError {
  const value = pattern === undefined ? '' : ` \`${pattern}\``;
  return dmError(20045, [], { cause: new Error(`rule ${rule.name} of \`routes\`: ${key}${value}: ${reason}`) });
}

/** Two rules with the same patterns claim the same tables, whichever those are. */
function assertDistinct(rules: readonly RouteRule[], caseSensitive: boolean): void {
  const seen = new Map<string, RouteRule>();
  for (const rule of rules) {
    const patterns = JSON.stringify([rule.schemaPattern, rule.tablePattern ?? null]);
    const key = caseSensitive ? patterns : patterns.toLowerCase();
    const before = seen.get(key);
    if (before !== undefined) {
      throw dmError(20045, [], {
        cause: new Error(`rules ${before.name} and ${rule.name} of \`routes\` have the same patterns`),
      });
    }
    seen.set(key, rule);
  }
}
