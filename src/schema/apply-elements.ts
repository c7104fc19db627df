import type { ColumnDefinition, TableElement, TableOption } from '../ddl/index.js';
import {
  checkRequest,
  honoursInlineReferences,
  type CheckRequest,
  type ForeignKeyRequest,
} from './apply-constraints.js';
import { foreignKeyRequest, inlineKeyRequests, keyRequest, type KeyRequest } from './apply-keys.js';
import { sameName } from './apply-context.js';
import { possibleColumns } from './expression-text.js';
import type { Check } from './model.js';
import { quoteIdent } from '../mysql/quote.js';
import { resolveCharset, type CharsetPair } from './resolve-type.js';
import type { ServerProfile } from './server-profile.js';

/** Keys and constraints that a statement asks for, in order of its text. */
export interface Requests {
  keys: KeyRequest[];
  foreignKeys: ForeignKeyRequest[];
  checks: CheckRequest[];
  /** Names of columns that may not take NULL besides those of the primary key. */
  notNull: string[];
}

export function noRequests(): Requests {
  return { keys: [], foreignKeys: [], checks: [], notNull: [] };
}

/** Adds what a table element asks for besides its column. */
export function collectRequests(element: TableElement, requests: Requests, profile: ServerProfile): void {
  switch (element.element) {
    case 'column':
      collectColumnRequests(element, requests, profile);
      break;
    case 'index':
      requests.keys.push(keyRequest(element));
      break;
    case 'foreign-key': {
      requests.keys.push(foreignKeyRequest(element));
      const name = element.constraint ?? (profile.flavor === 'mariadb' ? element.indexName : undefined);
      const columns = element.columns.map((column) => column.name);
      const request: ForeignKeyRequest = { columns, references: element.references };
      if (name !== undefined) request.name = name.name;
      requests.foreignKeys.push(request);
      break;
    }
    case 'check':
      requests.checks.push(checkRequest(element));
      break;
    case 'period':
      // MariaDB keeps an application-time period as a check of that name on columns that do not take NULL
      if (element.name.name.toUpperCase() === 'SYSTEM_TIME') break;
      requests.notNull.push(element.from.name, element.to.name);
      requests.checks.push({
        name: element.name.name,
        expression: `${quoteIdent(element.from.name)} < ${quoteIdent(element.to.name)}`,
        enforced: true,
      });
      break;
  }
}

/** PRIMARY KEY, UNIQUE, CHECK and REFERENCES inside a column definition. */
export function collectColumnRequests(definition: ColumnDefinition, requests: Requests, profile: ServerProfile): void {
  requests.keys.push(...inlineKeyRequests(definition));
  for (const check of definition.checks) requests.checks.push(checkRequest(check, definition.name));
  if (profile.flavor === 'mariadb' && definition.type.name === 'json' && definition.checks.length === 0) {
    const expression = `json_valid(${quoteIdent(definition.name.name)})`;
    requests.checks.push({ expression, enforced: true, column: definition.name.name });
  }
  if (definition.references !== undefined && honoursInlineReferences(profile)) {
    const columns = [definition.name.name];
    requests.foreignKeys.push({ columns, references: definition.references });
    requests.keys.push({
      kind: 'INDEX',
      parts: [{ column: definition.name.name }],
      invisible: false,
      generated: true,
      ifNotExists: false,
    });
  }
}

/** Adds to a key `... WITHOUT OVERLAPS` the columns of its period, end before start. */
export function resolvePeriods(requests: Requests, checks: readonly Check[]): void {
  for (const key of requests.keys) {
    if (key.period === undefined) continue;
    const { period } = key;
    const check = [...requests.checks, ...checks].find(({ name }) => name !== undefined && sameName(name, period));
    const columns = [...possibleColumns(check?.expression ?? '')];
    key.parts = [...key.parts, ...columns.toReversed().map((column) => ({ column }))];
  }
}

/** Default charset of a table or database out of its options; undefined when they say nothing of it. */
export function charsetOption(
  options: readonly TableOption[],
  inherited: CharsetPair,
  profile: ServerProfile,
): CharsetPair | undefined {
  const charset = lastValue(options, 'CHARACTER SET');
  const collation = lastValue(options, 'COLLATE');
  if (charset === undefined && collation === undefined) return undefined;
  return resolveCharset(charset, collation, inherited, profile);
}

function lastValue(options: readonly TableOption[], name: string): string | undefined {
  return options.findLast((option) => option.name === name)?.value;
}

/** Options other than the charset, to be kept as written. */
export function otherOptions(options: readonly TableOption[]): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { name, value } of options) if (name !== 'CHARACTER SET' && name !== 'COLLATE') result[name] = value;
  return result;
}
