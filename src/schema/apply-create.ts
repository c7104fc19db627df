import type { CreateTable } from '../ddl/index.js';
import { applyTimestampRules, buildColumn, forbidNull } from './apply-column.js';
import { addChecks, addForeignKeys, copiedChecks } from './apply-constraints.js';
import { byName, cannotTrack, type ApplyContext } from './apply-context.js';
import { charsetOption, collectRequests, noRequests, otherOptions, resolvePeriods } from './apply-elements.js';
import { buildIndexes } from './apply-keys.js';
import { SYSTEM_VERSIONING, type Index, type Table } from './model.js';
import type { ServerProfile } from './server-profile.js';

/**
 * The table that a CREATE TABLE makes. Undefined when its columns come from a query: the text does not tell them.
 * @throws 44006 when the definition does not fit together, or the table of LIKE is not known
 */
export function createTable(statement: CreateTable, schema: string, context: ApplyContext): Table | undefined {
  if (statement.select !== undefined) return undefined;
  const name = statement.table.table.name;
  if (statement.like !== undefined) return copyTable(statement, schema, name, context);
  const inherited = context.databaseDefaults(schema);
  const pair = charsetOption(statement.options, inherited, context.profile) ?? inherited;
  const table: Table = {
    schema,
    name,
    columns: [],
    indexes: [],
    foreignKeys: [],
    checks: [],
    charset: pair.charset,
    collation: pair.collation,
    options: otherOptions(statement.options),
  };
  const requests = noRequests();
  for (const element of statement.elements) {
    if (element.element === 'column') {
      if (byName(table.columns, element.name.name) !== undefined) {
        throw cannotTrack(statement, `duplicate column name '${element.name.name}'`);
      }
      table.columns.push(buildColumn(element, pair, context.profile));
    }
    collectRequests(element, requests, context.profile);
    // a versioned column makes the table keep its history
    if (element.element === 'column' && element.systemVersioning === true) table.options[SYSTEM_VERSIONING] = '';
  }
  if (table.columns.length === 0) throw cannotTrack(statement, 'a table must have at least one column');
  forbidNulls(table, requests.notNull, context.profile);
  resolvePeriods(requests, []);
  const primary = new Set(primaryColumns(requests.keys));
  applyTimestampRules(table.columns, { defined: new Set(table.columns), primary }, context.profile);
  table.indexes = buildIndexes([], requests.keys, table.columns, context.profile);
  requirePrimaryNotNull(table, context.profile);
  table.indexes = buildIndexes(table.indexes, [], table.columns, context.profile);
  addForeignKeys(table, requests.foreignKeys, context);
  addChecks(table, requests.checks, context.profile);
  if (statement.partitioning !== undefined) table.partitioning = statement.partitioning.text;
  return table;
}

/** Lower-case names of the primary key's columns. */
export function primaryColumns(keys: readonly Pick<Index, 'kind' | 'parts'>[]): string[] {
  const primary = keys.find(({ kind }) => kind === 'PRIMARY');
  return (primary?.parts ?? []).flatMap(({ column }) => (column === undefined ? [] : [column.toLowerCase()]));
}

/** CREATE TABLE ... LIKE: everything but foreign keys. */
function copyTable(statement: CreateTable, schema: string, name: string, context: ApplyContext): Table {
  const like = statement.like;
  const likeSchema = like?.schema?.name ?? statement.defaultSchema;
  const likeName = like?.table.name ?? '';
  const source = context.table(likeSchema, likeName);
  if (source === undefined) throw cannotTrack(statement, `the structure of ${likeSchema}.${likeName} is not known`);
  const copy = structuredClone(source);
  const options = Object.fromEntries(
    Object.entries(copy.options).filter(
      ([option]) => !/^(?:AUTO_INCREMENT|DATA DIRECTORY|INDEX DIRECTORY)$/.test(option),
    ),
  );
  return { ...copy, schema, name, foreignKeys: [], checks: copiedChecks(source, name, context.profile), options };
}

/** Columns of the primary key do not take NULL. */
export function requirePrimaryNotNull(table: Table, profile: ServerProfile): void {
  const primary = table.indexes.find((index) => index.kind === 'PRIMARY');
  forbidNulls(
    table,
    (primary?.parts ?? []).flatMap((part) => (part.column === undefined ? [] : [part.column])),
    profile,
  );
}

/** Makes these columns NOT NULL. */
export function forbidNulls(table: Table, names: readonly string[], profile: ServerProfile): void {
  for (const name of names) {
    const column = byName(table.columns, name);
    if (column !== undefined) forbidNull(column, profile);
  }
}
