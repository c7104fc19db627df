import type { BlockAllowList } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';

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

type NameMatcher = (name: string) => boolean;

interface TableMatcher {
  schema: NameMatcher;
  table: NameMatcher;
}

/**
 * The filter of a task: system schemas never pass, then `rules` decide as the manual (section 1.3.1.2) says: `do-dbs`
 * before `ignore-dbs`, then `do-tables` before `ignore-tables`; a list that is present makes its counterpart dead.
 *
 * @throws DmError 20044 when a regular expression does not compile
 */
export function createTableFilter(rules: BlockAllowList | undefined, caseSensitive: boolean): TableFilter {
  const names = (patterns: string[] | undefined): NameMatcher[] =>
    (patterns ?? []).map((pattern) => compilePattern(pattern, caseSensitive));
  const tables = (entries: { dbName: string; tblName: string }[] | undefined): TableMatcher[] =>
    (entries ?? []).map((entry) => ({
      schema: compilePattern(entry.dbName, caseSensitive),
      table: compilePattern(entry.tblName, caseSensitive),
    }));
  const doDbs = names(rules?.doDbs);
  const ignoreDbs = names(rules?.ignoreDbs);
  const doTables = tables(rules?.doTables);
  const ignoreTables = tables(rules?.ignoreTables);

  const matchesSchema = (schema: string): boolean => {
    if (SYSTEM_SCHEMAS.has(schema.toUpperCase())) return false;
    if (doDbs.length > 0) return doDbs.some((matches) => matches(schema));
    return !ignoreDbs.some((matches) => matches(schema));
  };
  const inList = (list: TableMatcher[], schema: string, table: string): boolean =>
    list.some((matcher) => matcher.schema(schema) && matcher.table(table));
  const matchesTable = (schema: string, table: string): boolean => {
    if (!matchesSchema(schema)) return false;
    if (doTables.length > 0) return inList(doTables, schema, table);
    return !inList(ignoreTables, schema, table);
  };
  return { matchesSchema, matchesTable };
}

/** A pattern as a predicate: a regular expression, searched anywhere, after `~`; otherwise a whole-name wildcard. */
function compilePattern(pattern: string, caseSensitive: boolean): NameMatcher {
  const flags = caseSensitive ? '' : 'i';
  try {
    const regex = pattern.startsWith('~')
      ? compileRegex(pattern.slice(1), flags)
      : new RegExp(wildcardToRegex(pattern), `${flags}s`);
    return (name) => regex.test(name);
  } catch (cause) {
    throw dmError(20044, [], { cause });
  }
}

/** Go's spellings that JavaScript lacks are rewritten: a leading group of flags, `(?P<name>`, `\A`, `\z`. */
function compileRegex(expression: string, flags: string): RegExp {
  const inline = /^\(\?([ims]+)\)/.exec(expression);
  const source = expression.slice(inline?.[0].length ?? 0);
  const allFlags = new Set(`${flags}${inline?.[1] ?? ''}`.split(''));
  return new RegExp(
    source.replaceAll('(?P<', '(?<').replaceAll('\\A', '^').replaceAll('\\z', '$'),
    [...allFlags].join(''),
  );
}

/** `*` any run (only at the end), `?` one character, `[a-c]` and `[!a-c]` one of or none of a set; `[` alone is itself. */
function wildcardToRegex(pattern: string): string {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern.charAt(i);
    const close = character === '[' ? pattern.indexOf(']', i + 1) : -1;
    if (close > i + 1) {
      source += characterClass(pattern.slice(i + 1, close));
      i = close;
    } else if (character === '*') source += '.*';
    else if (character === '?') source += '.';
    else source += character.replace(/[.*+?^${}()|[\]\\/]/, String.raw`\$&`);
  }
  return `^${source}$`;
}

function characterClass(inside: string): string {
  const negated = inside.startsWith('!') && inside.length > 1;
  const set = (negated ? inside.slice(1) : inside).replaceAll(/[\\\]^[]/g, String.raw`\$&`);
  return `[${negated ? '^' : ''}${set}]`;
}
