import type { AlterTable, CreateIndex, DropIndex } from '../ddl/index.js';
import { alterColumns, type AlterCharsets, type ColumnChanges } from './alter-columns.js';
import { alterConstraints } from './alter-constraints.js';
import { alterIndexes } from './alter-keys.js';
import { applyTimestampRules } from './apply-column.js';
import { renameGeneratedConstraints } from './apply-constraints.js';
import { byName, type ApplyContext } from './apply-context.js';
import { charsetOption, noRequests, otherOptions, resolvePeriods, type Requests } from './apply-elements.js';
import { forbidNulls, primaryColumns, requirePrimaryNotNull } from './apply-create.js';
import { sortIndexes } from './apply-keys.js';
import { renameInExpression } from './expression-text.js';
import { SYSTEM_VERSIONING, type Column, type Table } from './model.js';
import { resolveCharset, type CharsetPair } from './resolve-type.js';

/** A table after ALTER TABLE, and what its columns are called now. */
export interface Altered {
  table: Table;
  /** Lower-case old name to new name of the columns that stay. */
  columnNames: ReadonlyMap<string, string>;
}

/**
 * Applies ALTER TABLE; the table given is left as it is. RENAME TO is applied too; other tables that a clause concerns
 * (partition exchange and conversion) are the caller's.
 * @throws 44006 when the statement does not fit the table
 */
export function alterTable(before: Table, statement: AlterTable, context: ApplyContext): Altered {
  const charsets = alterCharsets(before, statement, context);
  const requests = noRequests();
  const changes = alterColumns(before, statement, charsets, requests, context.profile);
  const table: Table = {
    ...before,
    columns: changes.columns,
    charset: charsets.table.charset,
    collation: charsets.table.collation,
    options: alterOptions(before, statement),
  };
  renameInGenerated(table, changes);
  forbidNulls(table, requests.notNull, context.profile);
  resolvePeriods(requests, before.checks);
  const primary = primaryBehind(before, statement, changes, requests);
  applyTimestampRules(
    table.columns,
    { defined: changes.defined, dropped: withoutDefault(table, statement), primary },
    context.profile,
  );
  table.indexes = alterIndexes(before, statement, changes, requests.keys, context.profile);
  requirePrimaryNotNull(table, context.profile);
  table.indexes = sortIndexes(table.indexes, table.columns);
  alterConstraints(table, before, statement, changes, requests, context);
  alterPartitioning(table, statement);
  return { table: renameTo(table, statement, context), columnNames: changes.names };
}

/** CREATE INDEX is ALTER TABLE ADD INDEX; OR REPLACE drops the index of that name first. */
export function createIndex(before: Table, statement: CreateIndex, context: ApplyContext): Table {
  const { index } = statement;
  const span = { start: statement.start, end: statement.end };
  const clauses: AlterTable['clauses'] = [{ ...span, action: 'add', elements: [index], parenthesised: false }];
  if (statement.orReplace && index.name !== undefined) {
    clauses.unshift({ ...span, action: 'drop-index', name: index.name, ifExists: true });
  }
  return alterTable(before, asAlter(statement, clauses), context).table;
}

/** DROP INDEX is ALTER TABLE DROP INDEX. */
export function dropIndex(before: Table, statement: DropIndex, context: ApplyContext): Table {
  const { start, end, name, ifExists } = statement;
  const clauses: AlterTable['clauses'] = [{ start, end, action: 'drop-index', name, ifExists }];
  return alterTable(before, asAlter(statement, clauses), context).table;
}

function asAlter(statement: CreateIndex | DropIndex, clauses: AlterTable['clauses']): AlterTable {
  return { ...statement, kind: 'alter-table', ifExists: false, clauses };
}

function alterCharsets(before: Table, statement: AlterTable, context: ApplyContext): AlterCharsets {
  const current: CharsetPair = { charset: before.charset, collation: before.collation };
  // MySQL takes DEFAULT from the session's database, MariaDB from the table's
  const session = context.profile.flavor === 'mysql' ? statement.defaultSchema : '';
  const database = context.databaseDefaults(session === '' ? before.schema : session);
  const options = statement.clauses.flatMap((clause) => (clause.action === 'options' ? clause.options : []));
  const inherited = options.some((option) => option.value === 'default') ? database : current;
  const option = charsetOption(options, inherited, context.profile);
  const last = statement.clauses.findLastIndex((clause) => clause.action === 'convert-charset');
  const clause = statement.clauses[last];
  if (clause?.action !== 'convert-charset') return { table: option ?? current };
  const { flavor } = context.profile;
  const collation = clause.collation ?? (flavor === 'mariadb' ? earlierCollation(statement, last) : undefined);
  const convert = resolveCharset(clause.charset, collation, database, context.profile);
  const later = flavor === 'mariadb' || statement.clauses.slice(last).some((entry) => entry.action === 'options');
  return { table: later ? (option ?? convert) : convert, convert };
}

/** MariaDB: the collation of one CONVERT TO holds for a later one that names none. */
function earlierCollation(statement: AlterTable, before: number): string | undefined {
  return statement.clauses
    .slice(0, before)
    .flatMap((clause) => (clause.action === 'convert-charset' ? [clause.collation] : []))
    .findLast((collation) => collation !== undefined);
}

function alterOptions(before: Table, statement: AlterTable): Table['options'] {
  const result = { ...before.options };
  for (const clause of statement.clauses) {
    if (clause.action === 'options') Object.assign(result, otherOptions(clause.options));
    if (clause.action !== 'system-versioning') continue;
    if (clause.add) result[SYSTEM_VERSIONING] = '';
    else delete result[SYSTEM_VERSIONING];
  }
  return result;
}

/** Lower-case names of the columns of the primary key behind the statement. */
function primaryBehind(
  before: Table,
  statement: AlterTable,
  changes: ColumnChanges,
  requests: Requests,
): ReadonlySet<string> {
  const asked = primaryColumns(requests.keys);
  if (asked.length > 0) return new Set(asked);
  if (statement.clauses.some(({ action }) => action === 'drop-primary-key')) return new Set();
  return new Set(primaryColumns(before.indexes).map((name) => (changes.names.get(name) ?? name).toLowerCase()));
}

/** Columns whose default the statement drops. */
function withoutDefault(table: Table, statement: AlterTable): ReadonlySet<Column> {
  const names = statement.clauses.flatMap((clause) => (clause.action === 'drop-default' ? [clause.column.name] : []));
  return new Set(names.flatMap((name) => byName(table.columns, name) ?? []));
}

function renameInGenerated(table: Table, changes: ColumnChanges): void {
  const moved = new Map([...changes.names].filter(([from, to]) => from !== to.toLowerCase()));
  if (moved.size === 0) return;
  table.columns = table.columns.map((column) => {
    if (changes.defined.has(column)) return column;
    const copy = { ...column };
    if (copy.generated !== undefined) {
      copy.generated = { ...copy.generated, expression: renameInExpression(copy.generated.expression, moved) };
    }
    if (copy.default?.kind === 'expression') {
      copy.default = { kind: 'expression', text: renameInExpression(copy.default.text, moved) };
    }
    return copy;
  });
}

/**
 * The clause is kept as text. Where single partitions come or go the text would no longer be true, and rows do not depend
 * on it: it is then forgotten rather than kept wrong.
 */
function alterPartitioning(table: Table, statement: AlterTable): void {
  for (const clause of statement.clauses) {
    if (clause.action === 'partition-by') table.partitioning = clause.partitioning.text;
    if (clause.action === 'remove-partitioning') delete table.partitioning;
    if (clause.action === 'partition' && CHANGES_PARTITIONS.has(clause.operation)) delete table.partitioning;
  }
}

const CHANGES_PARTITIONS = new Set([
  'add',
  'drop',
  'coalesce',
  'reorganize',
  'convert-to-table',
  'convert-from-table',
  'other',
]);

function renameTo(table: Table, statement: AlterTable, context: ApplyContext): Table {
  const rename = statement.clauses.findLast((clause) => clause.action === 'rename-table');
  if (rename === undefined) return table;
  return renameTable(table, rename.to.schema?.name ?? statement.defaultSchema, rename.to.table.name, context);
}

/** The table under another name, with the names of constraints that follow it. */
export function renameTable(before: Table, schema: string, name: string, context: ApplyContext): Table {
  const table: Table = {
    ...before,
    schema,
    name,
    foreignKeys: before.foreignKeys.map((key) =>
      key.refSchema === before.schema && key.refTable === before.name
        ? { ...key, refSchema: schema, refTable: name }
        : { ...key },
    ),
    checks: before.checks.map((check) => ({ ...check })),
  };
  renameGeneratedConstraints(table, before.name, context.profile);
  return table;
}
