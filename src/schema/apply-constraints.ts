import type { CheckDefinition, Ident, ReferencesClause, TableElement } from '../ddl/index.js';
import { byName, type ApplyContext } from './apply-context.js';
import type { Check, ForeignKey, Table } from './model.js';
import type { ServerProfile } from './server-profile.js';

/** A foreign key as asked for, before it has a name. */
export interface ForeignKeyRequest {
  name?: string;
  columns: string[];
  references: ReferencesClause;
}

/** A check as asked for. `column`: it stands in that column's definition. */
export interface CheckRequest {
  name?: string;
  expression: string;
  enforced: boolean;
  column?: string;
}

/** Whether the server makes a constraint of `REFERENCES` in a column definition: MySQL from 9.0, MariaDB from 10.5. */
export function honoursInlineReferences(profile: ServerProfile): boolean {
  return profile.versionNumber >= (profile.flavor === 'mysql' ? 90000 : 100500);
}

/** Whether the server keeps CHECK constraints: MySQL from 8.0.16, MariaDB from 10.2.1. */
export function keepsChecks(profile: ServerProfile): boolean {
  return profile.versionNumber >= (profile.flavor === 'mysql' ? 80016 : 100201);
}

/** The request behind a CHECK of a table or (with `column`) of a column. */
export function checkRequest(definition: CheckDefinition, column?: Ident): CheckRequest {
  const request: CheckRequest = { expression: definition.expression.trim(), enforced: definition.enforced };
  if (definition.name !== undefined) request.name = definition.name.name;
  if (column !== undefined) request.column = column.name;
  return request;
}

/** ADD FOREIGN KEY IF NOT EXISTS of one that is there. */
export function isKnownForeignKey(table: Table, element: TableElement): boolean {
  if (element.element !== 'foreign-key' || !element.ifNotExists) return false;
  const name = (element.constraint ?? element.indexName)?.name;
  return name !== undefined && byName(table.foreignKeys, name) !== undefined;
}

/**
 * Appends foreign keys; nameless ones become `<table>_ibfk_<n>`. `before` are those that the table had: numbers of keys that
 * the same statement drops are not given again.
 */
export function addForeignKeys(
  table: Table,
  requests: readonly ForeignKeyRequest[],
  context: ApplyContext,
  before: readonly ForeignKey[] = [],
): void {
  let last = highestNumber([...before, ...table.foreignKeys], `${table.name}_ibfk_`);
  for (const request of requests) {
    const { references } = request;
    const refSchema = references.table.schema?.name ?? table.schema;
    const refTable = references.table.table.name;
    const key: ForeignKey = {
      name: request.name ?? `${table.name}_ibfk_${++last}`,
      columns: request.columns.map((name) => byName(table.columns, name)?.name ?? name),
      refSchema,
      refTable,
      refColumns: referencedColumns(table, request, refSchema, refTable, context),
    };
    if (references.onDelete !== undefined) key.onDelete = references.onDelete;
    if (references.onUpdate !== undefined) key.onUpdate = references.onUpdate;
    table.foreignKeys.push(key);
  }
}

/** The columns named, or the parent's primary key. The parent may be unknown: then the names are taken as written. */
function referencedColumns(
  table: Table,
  request: ForeignKeyRequest,
  refSchema: string,
  refTable: string,
  context: ApplyContext,
): string[] {
  const self = refSchema === table.schema && refTable === table.name;
  const parent = self ? table : context.table(refSchema, refTable);
  if (request.references.columns.length > 0) {
    return request.references.columns.map(
      ({ name }) => (parent === undefined ? undefined : byName(parent.columns, name)?.name) ?? name,
    );
  }
  const primary = parent?.indexes.find((index) => index.kind === 'PRIMARY');
  return primary?.parts.flatMap((part) => (part.column === undefined ? [] : [part.column])) ?? [];
}

/** Appends checks with the names that the flavor gives. A MariaDB column has one check, which a new definition replaces. */
export function addChecks(table: Table, requests: readonly CheckRequest[], profile: ServerProfile): void {
  if (!keepsChecks(profile)) return;
  for (const request of requests) {
    const { expression, enforced } = request;
    if (profile.flavor === 'mariadb' && request.column !== undefined) {
      table.checks = table.checks.filter((check) => check.column !== request.column);
      table.checks.push({ name: request.column, expression, enforced, column: request.column });
      continue;
    }
    table.checks.push({ name: request.name ?? freeCheckName(table, requests, profile), expression, enforced });
  }
}

function freeCheckName(table: Table, requests: readonly CheckRequest[], profile: ServerProfile): string {
  if (profile.flavor === 'mysql') {
    const prefix = `${table.name}_chk_`;
    return `${prefix}${highestNumber(table.checks, prefix) + 1}`;
  }
  for (let number = 1; ; number++) {
    const name = `CONSTRAINT_${number}`;
    const taken = byName(table.checks, name) !== undefined || requests.some((request) => request.name === name);
    if (!taken) return name;
  }
}

/** Highest number among the names that were generated with the prefix. */
function highestNumber(entries: readonly { name: string }[], prefix: string): number {
  let highest = 0;
  for (const { name } of entries) {
    if (!name.toLowerCase().startsWith(prefix.toLowerCase())) continue;
    const rest = name.slice(prefix.length);
    if (/^[1-9]\d*$/.test(rest)) highest = Math.max(highest, Number(rest));
  }
  return highest;
}

/** Generated names of constraints follow the table's name when it is renamed. */
export function renameGeneratedConstraints(table: Table, oldName: string, profile: ServerProfile): void {
  const follow = (name: string, infix: string): string => {
    const prefix = `${oldName}${infix}`;
    return name.startsWith(prefix) && /^[1-9]\d*$/.test(name.slice(prefix.length))
      ? `${table.name}${infix}${name.slice(prefix.length)}`
      : name;
  };
  for (const key of table.foreignKeys) key.name = follow(key.name, '_ibfk_');
  if (profile.flavor === 'mysql') for (const check of table.checks) check.name = follow(check.name, '_chk_');
}

function compareNames(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  if (x === y) return 0;
  return x < y ? -1 : 1;
}

/** Checks of a copy by CREATE TABLE ... LIKE: MySQL gives all of them new names, in the order of the old ones. */
export function copiedChecks(source: Table, name: string, profile: ServerProfile): Check[] {
  const copies = source.checks.map((check) => ({ ...check }));
  if (profile.flavor !== 'mysql') return copies;
  copies.sort((a, b) => compareNames(a.name, b.name));
  for (const [at, check] of copies.entries()) check.name = `${name}_chk_${at + 1}`;
  return copies;
}
