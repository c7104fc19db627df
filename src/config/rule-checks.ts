import { DmError } from '../errors/dm-error.js';
import type { ErrorCode } from '../errors/table.js';
import { createColumnMapping } from '../filter/column-mapping.js';
import { checkExpression } from '../filter/expression/index.js';
import { createRouter } from '../filter/router.js';
import { anchored, columnMappingRule } from './feature-rules.js';
import { namePatternProblem, regexProblem, wildcardProblem } from './pattern-problems.js';
import { EVENT_KINDS, type BlockAllowListFile, type EventFilterFile } from './schema-parts.js';
import { suggest } from './suggest.js';
import type { ColumnMappingFile, ExpressionFilterFile, RouteFile } from './task-schema.js';
import type { SubtaskConfig } from './types.js';
import type { ConfigDocument, KeyPath } from './yaml-reader.js';

type AnyDocument = ConfigDocument<unknown>;

/** Refuses a pattern of a block-allow list that is missing or cannot be compiled (20044). */
export function checkBlockAllowList(doc: AnyDocument, list: BlockAllowListFile, path: KeyPath): void {
  const check = (pattern: string | undefined, at: KeyPath): void => {
    const problem = (pattern ?? '') === '' ? REQUIRED : namePatternProblem(pattern!);
    if (problem !== undefined) throw doc.errorAt(at, 20044, [], { cause: problem });
  };
  for (const key of ['do-dbs', 'ignore-dbs'] as const) {
    (list[key] ?? []).forEach((pattern, index) => check(pattern, [...path, key, index]));
  }
  for (const key of ['do-tables', 'ignore-tables'] as const) {
    (list[key] ?? []).forEach((table, index) => {
      check(table['db-name'], [...path, key, index, 'db-name']);
      check(table['tbl-name'], [...path, key, index, 'tbl-name']);
    });
  }
}

/** Refuses a rule of `routes` without schemas or with a bad pattern (20045). */
export function checkRoute(doc: AnyDocument, route: RouteFile, path: KeyPath): void {
  checkPatterns(doc, route, path, 20045);
  requireText(doc, [...path, 'target-schema'], route['target-schema'], 20045);
}

/** Refuses a rule of `column-mappings` that lacks something or asks for an expression that there is not (20046). */
export function checkColumnMapping(doc: AnyDocument, mapping: ColumnMappingFile, path: KeyPath): void {
  checkPatterns(doc, mapping, path, 20046);
  for (const key of ['target-column', 'expression'] as const) {
    requireText(doc, [...path, key], mapping[key], 20046);
  }
  const { expression } = mapping;
  if (expression !== 'partition id') {
    throw doc.errorAt([...path, 'expression'], 20046, [], {
      cause: `"${expression}" is not an expression; the only one is \`partition id\``,
    });
  }
  const args = mapping.arguments ?? [];
  if (args.length !== 3 && args.length !== 4) {
    const cause = `\`partition id\` takes instance, database prefix, table prefix and, if it likes, a separator, not ${args.length} arguments`;
    throw doc.errorAt([...path, 'arguments'], 20046, [], { cause });
  }
  const rule = columnMappingRule([String(path.at(-1)), mapping]);
  atPlace(doc, [...path, 'arguments'], () => createColumnMapping([rule], true));
}

const EXPRESSIONS = [
  ['insert-value-expr', 'insertValueExpr', 'insert'],
  ['update-old-value-expr', 'updateOldValueExpr', 'update'],
  ['update-new-value-expr', 'updateNewValueExpr', 'update'],
  ['delete-value-expr', 'deleteValueExpr', 'delete'],
] as const;

/**
 * Refuses a rule of `expression-filter` without schema, table or expression (20042), with an expression that cannot be
 * evaluated on a row (20041), with expressions of several kinds (20039).
 */
export function checkExpressionFilter(
  doc: AnyDocument,
  name: string,
  filter: ExpressionFilterFile,
  path: KeyPath,
): void {
  for (const key of ['schema', 'table'] as const) {
    if ((filter[key] ?? '') === '') throw doc.errorAt([...path, key], 20042, [name, key]);
  }
  const kinds = new Set<string>();
  for (const [key, field, kind] of EXPRESSIONS) {
    const text = filter[key] ?? '';
    if (text === '') continue;
    const error = checkExpression({ name, schema: filter.schema!, table: filter.table!, [field]: text });
    if (error !== undefined) throw doc.placed([...path, key], error);
    kinds.add(kind);
  }
  if (kinds.size > 1) throw doc.errorAt(path, 20039, [name, [...kinds]]);
  if (kinds.size === 0) throw doc.errorAt(path, 20042, [name, 'expression'], { workaround: WRITE_EXPRESSION });
}

const WRITE_EXPRESSION = `Write one of ${EXPRESSIONS.map(([key]) => `\`${key}\``).join(', ')}.`;

/** Refuses rules of one instance that are for the same names, whichever tables there are (20045, 20046). */
export function checkRulesTogether(
  doc: AnyDocument,
  rules: Pick<SubtaskConfig, 'routes' | 'columnMappings'>,
  caseSensitive: boolean,
  path: KeyPath,
): void {
  atPlace(doc, [...path, 'route-rules'], () => createRouter(rules.routes, caseSensitive));
  const mapping = (): unknown => createColumnMapping(rules.columnMappings, caseSensitive);
  atPlace(doc, [...path, 'column-mapping-rules'], mapping);
}

/** Gives the error of a unit's own check the place in the file. */
function atPlace(doc: AnyDocument, path: KeyPath, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    throw error instanceof DmError ? doc.placed(path, error) : error;
  }
}

/** Refuses a binlog event filter with a bad pattern, an unknown kind of event or no action (20037). */
export function checkEventFilter(doc: AnyDocument, filter: EventFilterFile, path: KeyPath): void {
  checkPatterns(doc, filter, path, 20037);
  (filter.events ?? []).forEach((event, index) => {
    const kind = event.toLowerCase();
    if (EVENT_KINDS.includes(kind)) return;
    const cause = `"${event}" is not a kind of event${suggest(kind, EVENT_KINDS)}`;
    throw doc.errorAt([...path, 'events', index], 20037, [], { cause });
  });
  (filter['sql-pattern'] ?? []).forEach((pattern, index) => {
    const problem = regexProblem(pattern);
    if (problem !== undefined) throw doc.errorAt([...path, 'sql-pattern', index], 20037, [], { cause: problem });
  });
  requireText(doc, [...path, 'action'], filter.action, 20037);
  if (filter.action !== 'Do' && filter.action !== 'Ignore') {
    const cause = `"${filter.action}" is neither \`Do\` nor \`Ignore\`${suggest(filter.action!, ['Do', 'Ignore'])}`;
    throw doc.errorAt([...path, 'action'], 20037, [], { cause });
  }
}

/** Refuses a rule of `shadow-table-rules` or `trash-table-rules` that is no regular expression of one group (20048). */
export function checkOnlineRule(doc: AnyDocument, rule: string, path: KeyPath): void {
  const reason = regexProblem(anchored(rule), 1);
  if (reason !== undefined) throw doc.errorAt(path, 20048, [path[0], rule, reason]);
}

const REQUIRED = 'a value is required';

/** `schema-pattern` must be there, `table-pattern` may. */
function checkPatterns(
  doc: AnyDocument,
  rule: { 'schema-pattern'?: string | undefined; 'table-pattern'?: string | undefined },
  path: KeyPath,
  code: ErrorCode,
): void {
  requireText(doc, [...path, 'schema-pattern'], rule['schema-pattern'], code);
  for (const key of ['schema-pattern', 'table-pattern'] as const) {
    const pattern = rule[key] ?? '';
    const problem = pattern === '' ? undefined : wildcardProblem(pattern);
    if (problem !== undefined) throw doc.errorAt([...path, key], code, [], { cause: problem });
  }
}

function requireText(doc: AnyDocument, path: KeyPath, value: string | undefined, code: ErrorCode): void {
  if ((value ?? '') === '') throw doc.errorAt(path, code, [], { cause: REQUIRED });
}
