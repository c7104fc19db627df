import type { EventFilterFile } from './schema-parts.js';
import type { ColumnMappingFile, ExpressionFilterFile, InstanceFile, RouteFile, TaskFile } from './task-schema.js';
import type {
  ColumnMappingRule,
  EventFilterRule,
  ExpressionFilterRule,
  OnlineDdlConfig,
  RouteRule,
  SourceConfig,
  SubtaskConfig,
} from './types.js';

/** Patterns of the tables that gh-ost and pt-online-schema-change fill in place of the real one. */
export const DEFAULT_SHADOW_TABLE_RULES: readonly string[] = ['^_(.+)_(?:new|gho)$'];
/** Patterns of the tables that both tools leave behind or use for their own records. */
export const DEFAULT_TRASH_TABLE_RULES: readonly string[] = ['^_(.+)_(?:ghc|del|old)$'];

type FeatureRules = Pick<SubtaskConfig, 'routes' | 'filters' | 'expressionFilters' | 'onlineDdl' | 'columnMappings'>;

/**
 * What an instance of a task file refers to by name, plus the event filters of its source; only what there is is present.
 * Names are taken to be defined.
 *
 * @param caseSensitive of the task
 */
export function featureRules(
  task: TaskFile,
  instance: InstanceFile,
  source: Pick<SourceConfig, 'filters'>,
  caseSensitive: boolean,
): FeatureRules {
  const routes = named(task.routes, instance['route-rules']).map(routeRule);
  const filters = [
    ...named(task.filters, instance['filter-rules']).map(([name, rule]) => eventFilterRule(name, rule, caseSensitive)),
    ...(source.filters ?? []),
  ];
  const expressions = named(task['expression-filter'], instance['expression-filters']).map(expressionFilterRule);
  const mappings = named(task['column-mappings'], instance['column-mapping-rules']).map(columnMappingRule);
  const onlineDdl = onlineDdlConfig(task);
  return {
    ...(routes.length === 0 ? {} : { routes }),
    ...(filters.length === 0 ? {} : { filters }),
    ...(expressions.length === 0 ? {} : { expressionFilters: expressions }),
    ...(onlineDdl === undefined ? {} : { onlineDdl }),
    ...(mappings.length === 0 ? {} : { columnMappings: mappings }),
  };
}

/** The definitions with these names, in the order of the names. */
function named<T>(definitions: Record<string, T> | undefined, names: readonly string[] | undefined): [string, T][] {
  return (names ?? []).map((name) => [name, (definitions ?? {})[name]]);
}

function routeRule([name, rule]: [string, RouteFile]): RouteRule {
  return {
    name,
    schemaPattern: rule['schema-pattern'] ?? '',
    ...optional('tablePattern', rule['table-pattern']),
    targetSchema: rule['target-schema'] ?? '',
    ...optional('targetTable', rule['target-table']),
  };
}

/** One rule of `filters`; kinds of events in lower case, `action` as the manual writes it. */
export function eventFilterRule(name: string, rule: EventFilterFile, caseSensitive: boolean): EventFilterRule {
  return {
    name,
    schemaPattern: rule['schema-pattern'] ?? '',
    ...optional('tablePattern', rule['table-pattern']),
    events: (rule.events ?? []).map((event) => event.toLowerCase()),
    sqlPattern: [...(rule['sql-pattern'] ?? [])],
    action: rule.action === 'Do' ? 'Do' : 'Ignore',
    caseSensitive,
  };
}

function expressionFilterRule([name, rule]: [string, ExpressionFilterFile]): ExpressionFilterRule {
  return {
    name,
    schema: rule.schema ?? '',
    table: rule.table ?? '',
    ...optional('insertValueExpr', rule['insert-value-expr']),
    ...optional('updateOldValueExpr', rule['update-old-value-expr']),
    ...optional('updateNewValueExpr', rule['update-new-value-expr']),
    ...optional('deleteValueExpr', rule['delete-value-expr']),
  };
}

/** One rule of `column-mappings`. */
export function columnMappingRule([name, rule]: [string, ColumnMappingFile]): ColumnMappingRule {
  return {
    name,
    schemaPattern: rule['schema-pattern'] ?? '',
    tablePattern: rule['table-pattern'] ?? '',
    sourceColumn: rule['source-column'] ?? '',
    targetColumn: rule['target-column'] ?? '',
    expression: 'partition id',
    arguments: [...(rule.arguments ?? [])],
  };
}

/** Whether a task follows the tools for online changes: `online-ddl`, or its old form `online-ddl-scheme`. */
export function followsOnlineDdl(task: TaskFile): boolean {
  return task['online-ddl'] === true || (task['online-ddl-scheme'] ?? '') !== '';
}

function onlineDdlConfig(task: TaskFile): OnlineDdlConfig | undefined {
  if (!followsOnlineDdl(task)) return undefined;
  return {
    shadowTableRules: onlineRules(task['shadow-table-rules'], DEFAULT_SHADOW_TABLE_RULES),
    trashTableRules: onlineRules(task['trash-table-rules'], DEFAULT_TRASH_TABLE_RULES),
  };
}

function onlineRules(rules: readonly string[] | undefined, fallback: readonly string[]): string[] {
  return (rules === undefined || rules.length === 0 ? fallback : rules).map(anchored);
}

/** A rule for table names with `^` and `$` added where they are missing. */
export function anchored(rule: string): string {
  return `${rule.startsWith('^') ? '' : '^'}${rule}${rule.endsWith('$') ? '' : '$'}`;
}

/** A key with its value, or nothing when the file leaves it out or empty. */
function optional<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined || value === '' ? {} : ({ [key]: value } as Partial<Record<K, string>>);
}
