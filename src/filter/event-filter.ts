import type { EventFilterRule } from '../config/types.js';
import type { DdlEventKind } from '../ddl/index.js';
import { dmError, type DmError } from '../errors/dm-error.js';
import { compileNamePattern, type NameMatcher } from './name-pattern.js';
import { compileRegex, type Regex } from './regex.js';
import { TableMemo } from './table-memo.js';

/** Kinds of row changes. */
export type RowEventKind = 'insert' | 'update' | 'delete';

/** A statement as the filter sees it. Names are the upstream's. */
export interface FilteredStatement {
  /** Schema that it is about; empty when the text could not be read. */
  schema: string;
  /** Absent for statements on a schema. */
  table?: string;
  /** Absent for statements of no kind that a rule can name: only patterns decide those. */
  event?: DdlEventKind;
  /** Text as it came from the upstream. */
  sql: string;
}

/** The binlog event filter of a source (manual section 1.3.1.3). */
export interface EventFilter {
  /** Whether row changes of this kind are left out. */
  dropsRows(schema: string, table: string, event: RowEventKind): boolean;
  dropsStatement(statement: FilteredStatement): boolean;
}

const ROW_EVENTS: readonly RowEventKind[] = ['insert', 'update', 'delete'];

/** Event types that a rule can list. */
export const FILTER_EVENTS: ReadonlySet<string> = new Set([
  'all',
  'all dml',
  'all ddl',
  'none',
  'none ddl',
  'none dml',
  ...ROW_EVENTS,
  'create database',
  'drop database',
  'create table',
  'create index',
  'drop table',
  'truncate table',
  'rename table',
  'drop index',
  'alter table',
]);

interface CompiledRule {
  action: EventFilterRule['action'];
  schema: NameMatcher;
  /** Absent: a rule of schemas. */
  table?: NameMatcher;
  events: readonly string[];
  patterns: readonly Regex[];
}

/** The rules that speak about one table, or about one schema. */
type Applicable = readonly CompiledRule[];

/**
 * The filter of a source: the rules of its task and its own together. An event is left out when at least one rule that
 * applies to it says so, so their order does not matter.
 *
 * @throws DmError 20037 when a rule cannot be used
 */
export function createEventFilter(rules: readonly EventFilterRule[] | undefined): EventFilter {
  if (rules === undefined || rules.length === 0) return { dropsRows: () => false, dropsStatement: () => false };
  const all = rules.map(compileRule);
  const ofTable = new TableMemo((schema, table) => tableRules(all, schema, table));
  const rows = new TableMemo((schema, table) => {
    const applicable = ofTable.get(schema, table);
    const drops = (event: RowEventKind): boolean => applicable.some((rule) => drop(rule, event, undefined));
    return { insert: drops('insert'), update: drops('update'), delete: drops('delete') };
  });
  return {
    dropsRows: (schema, table, event) => rows.get(schema, table)[event],
    dropsStatement: (statement) => {
      const { schema, table } = statement.event === undefined ? (routine(statement) ?? statement) : statement;
      const applicable = table === undefined ? schemaRules(all, schema) : ofTable.get(schema, table);
      return applicable.some((rule) => drop(rule, statement.event, statement.sql));
    },
  };
}

/** A rule with a table pattern never speaks about a schema. */
function schemaRules(rules: readonly CompiledRule[], schema: string): Applicable {
  return rules.filter((rule) => rule.table === undefined && rule.schema(schema));
}

/**
 * Rules without a table pattern speak about the tables of their schemas as well, but an allow list of a schema gives way to
 * allow lists of the table: that alone makes all examples of the manual true.
 */
function tableRules(rules: readonly CompiledRule[], schema: string, table: string): Applicable {
  const matching = rules.filter((rule) => rule.schema(schema) && (rule.table === undefined || rule.table(table)));
  const hasAllowList = matching.some((rule) => rule.action === 'Do' && rule.table !== undefined);
  return matching.filter((rule) => rule.action === 'Ignore' || rule.table !== undefined || !hasAllowList);
}

/** Whether one rule leaves an event out. Row changes have no text, so patterns say nothing about them. */
function drop(rule: CompiledRule, event: DdlEventKind | RowEventKind | undefined, sql: string | undefined): boolean {
  const wanted = rule.action === 'Do';
  if (event !== undefined && isListed(rule.events, event) !== wanted) return true;
  if (sql === undefined || rule.patterns.length === 0) return false;
  return rule.patterns.some((pattern) => pattern.test(sql)) !== wanted;
}

/** The first entry that speaks about the event decides. */
function isListed(events: readonly string[], event: DdlEventKind | RowEventKind): boolean {
  const group = (ROW_EVENTS as readonly string[]).includes(event) ? 'dml' : 'ddl';
  for (const entry of events) {
    if (entry === event || entry === 'all' || entry === `all ${group}`) return true;
    if (entry === 'none' || entry === `none ${group}`) return false;
  }
  return false;
}

const NAME = String.raw`(?:\x60((?:[^\x60]|\x60\x60)+)\x60|([\w$\u0080-\uffff]+))`;
const ROUTINE = new RegExp(
  String.raw`^\s*(?:CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:PROCEDURE|FUNCTION)\s+` +
    String.raw`(?:IF\s+(?:NOT\s+)?EXISTS\s+)?${NAME}(?:\s*\.\s*${NAME})?`,
  'i',
);

/** The schema and name of a stored routine, which rules match like a table's; `undefined` for other statements. */
function routine(statement: FilteredStatement): { schema: string; table: string } | undefined {
  if (statement.table !== undefined) return undefined;
  const match = ROUTINE.exec(statement.sql);
  if (match === null) return undefined;
  const name = (quoted: string | undefined, bare: string | undefined): string | undefined =>
    quoted?.replaceAll('``', '`') ?? bare;
  const first = name(match[1], match[2]) ?? '';
  const second = name(match[3], match[4]);
  return second === undefined ? { schema: statement.schema, table: first } : { schema: first, table: second };
}

function compileRule(rule: EventFilterRule): CompiledRule {
  const unknown = rule.events.find((event) => !FILTER_EVENTS.has(event.toLowerCase()));
  if (unknown !== undefined) throw ruleError(rule, 'events', `\`${unknown}\` is no event type`);
  const { schemaPattern, tablePattern, caseSensitive } = rule;
  return {
    action: rule.action,
    schema: compiled(rule, 'schema-pattern', () => compileNamePattern(schemaPattern, caseSensitive)),
    ...(tablePattern === undefined
      ? {}
      : { table: compiled(rule, 'table-pattern', () => compileNamePattern(tablePattern, caseSensitive)) }),
    events: rule.events.map((event) => event.toLowerCase()),
    patterns: rule.sqlPattern.map((pattern) =>
      compiled(rule, `sql-pattern \`${pattern}\``, () => compileRegex(pattern, { ignoreCase: true })),
    ),
  };
}

function compiled<T>(rule: EventFilterRule, key: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    throw ruleError(rule, key, (error as Error).message);
  }
}

function ruleError(rule: EventFilterRule, key: string, reason: string): DmError {
  return dmError(20037, [], { cause: new Error(`rule ${rule.name} of \`filters\`: ${key}: ${reason}`) });
}
