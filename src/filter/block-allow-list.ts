import type { BlockAllowList } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import { compileNamePattern, type NameMatcher } from './name-pattern.js';
import { compileRegex } from './regex.js';
import { TableMemo } from './table-memo.js';

/** Schemas of servers and of monitoring that are never replicated (DM internals, section 5), upper case. */
const SYSTEM_SCHEMAS = new Set([
  'DM_HEARTBEAT',
  'SYS',
  'MYSQL',
  'INFORMATION_SCHEMA',
  'INSPECTION_SCHEMA',
  'PERFORMANCE_SCHEMA',
  'METRICS_SCHEMA',
]);

/** Decides which upstream tables belong to a task. Names are always the upstream's. */
export interface TableFilter {
  /** Whether statements on the schema itself (CREATE DATABASE...) are replicated: only the schema lists count. */
  matchesSchema(schema: string): boolean;
  matchesTable(schema: string, table: string): boolean;
}

interface TableMatcher {
  schema: NameMatcher;
  table: NameMatcher;
}

/**
 * The filter of a task: system schemas never pass, then `rules` decide as the manual (section 1.3.1.2) says: `do-dbs`
 * before `ignore-dbs`, then `do-tables` before `ignore-tables`; a list that is present makes its counterpart dead.
 *
 * @throws DmError 20044 when a pattern cannot be used
 */
export function createTableFilter(rules: BlockAllowList | undefined, caseSensitive: boolean): TableFilter {
  const names = (list: string, patterns: string[] | undefined): NameMatcher[] =>
    (patterns ?? []).map((pattern) => compilePattern(list, pattern, caseSensitive));
  const tables = (list: string, entries: BlockAllowList['doTables']): TableMatcher[] =>
    (entries ?? []).map((entry) => ({
      schema: compilePattern(`${list}: db-name`, entry.dbName, caseSensitive),
      table: compilePattern(`${list}: tbl-name`, entry.tblName, caseSensitive),
    }));
  const doDbs = names('do-dbs', rules?.doDbs);
  const ignoreDbs = names('ignore-dbs', rules?.ignoreDbs);
  const doTables = tables('do-tables', rules?.doTables);
  const ignoreTables = tables('ignore-tables', rules?.ignoreTables);

  const matchesSchema = (schema: string): boolean => {
    if (SYSTEM_SCHEMAS.has(schema.toUpperCase())) return false;
    if (doDbs.length > 0) return doDbs.some((matches) => matches(schema));
    return !ignoreDbs.some((matches) => matches(schema));
  };
  const inList = (list: TableMatcher[], schema: string, table: string): boolean =>
    list.some((matcher) => matcher.schema(schema) && matcher.table(table));
  const decisions = new TableMemo<boolean>((schema, table) => {
    if (!matchesSchema(schema)) return false;
    if (doTables.length > 0) return inList(doTables, schema, table);
    return !inList(ignoreTables, schema, table);
  });
  return { matchesSchema, matchesTable: (schema, table) => decisions.get(schema, table) };
}

function compilePattern(list: string, pattern: string, caseSensitive: boolean): NameMatcher {
  try {
    return compileListPattern(pattern, caseSensitive);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw dmError(20044, [], { cause: new Error(`${list}: \`${pattern}\`: ${reason}`) });
  }
}

/** A pattern as a predicate: a regular expression, searched anywhere, after `~`; otherwise a wildcard pattern. */
export function compileListPattern(pattern: string, caseSensitive: boolean): NameMatcher {
  if (!pattern.startsWith('~')) return compileNamePattern(pattern, caseSensitive);
  const regex = compileRegex(pattern.slice(1), { ignoreCase: !caseSensitive });
  return (name) => regex.test(name);
}
