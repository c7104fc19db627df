import type { ColumnDefinition, TableElement, TableOption } from '../ddl/index.js';
import {
  checkRequest,
  honoursInlineReferences,
  type CheckRequest,
  type ForeignKeyRequest,
} from './apply-constraints.js';
import { foreignKeyRequest, inlineKeyRequests, keyRequest, type KeyRequest } from './apply-keys.js';
import { resolveCharset, type CharsetPair } from './resolve-type.js';
import type { ServerProfile } from './server-profile.js';

/** Keys and constraints that a statement asks for, in order of its text. */
export interface Requests {
  keys: KeyRequest[];
  foreignKeys: ForeignKeyRequest[];
  checks: CheckRequest[];
}

export function noRequests(): Requests {
  return { keys: [], foreignKeys: [], checks: [] };
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
      break;
  }
}

/** PRIMARY KEY, UNIQUE, CHECK and REFERENCES inside a column definition. */
export function collectColumnRequests(definition: ColumnDefinition, requests: Requests, profile: ServerProfile): void {
  requests.keys.push(...inlineKeyRequests(definition));
  for (const check of definition.checks) requests.checks.push(checkRequest(check, definition.name));
  if (profile.flavor === 'mariadb' && definition.type.name === 'json' && definition.checks.length === 0) {
    const quoted = `\`${definition.name.name.replaceAll('`', '``')}\``;
    requests.checks.push({ expression: `json_valid(${quoted})`, enforced: true, column: definition.name.name });
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
