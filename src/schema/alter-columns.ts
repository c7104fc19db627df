import type { AlterClause, AlterTable, ColumnDefinition, ColumnPosition } from '../ddl/index.js';
import { buildColumn } from './apply-column.js';
import { byName, cannotTrack, sameName } from './apply-context.js';
import { isKnownForeignKey } from './apply-constraints.js';
import { collectColumnRequests, collectRequests, type Requests } from './apply-elements.js';
import { binaryCollation } from './charsets.js';
import { resolveDefault } from './resolve-default.js';
import { convertColumn, convertDefinedColumn, type CharsetPair } from './resolve-type.js';
import type { Column, Table } from './model.js';
import type { ServerProfile } from './server-profile.js';

/** What an ALTER makes of the columns. */
export interface ColumnChanges {
  columns: Column[];
  /** Lower-case old name to the new name of each column that stays; a dropped one is missing. */
  names: Map<string, string>;
  /** Columns whose definition the statement gave. */
  defined: Set<Column>;
}

/** A column that the statement defines: a new one, or (`replaces`) a changed one. */
interface Definition {
  column: Column;
  replaces?: string;
  position?: ColumnPosition;
}

/** Charsets that hold while the columns are changed. */
export interface AlterCharsets {
  /** Table default behind the statement. */
  table: CharsetPair;
  /** CONVERT TO CHARACTER SET. */
  convert?: CharsetPair;
}

/**
 * The columns after an ALTER, by the servers' own procedure: first the old columns in their order, without the dropped and
 * with the changed ones in place; then, in order of the text, those that are new or have a position.
 * @throws 44006 when a clause does not fit the columns
 */
export function alterColumns(
  table: Table,
  statement: AlterTable,
  charsets: AlterCharsets,
  requests: Requests,
  profile: ServerProfile,
): ColumnChanges {
  const definitions = collectDefinitions(table, statement, charsets, requests, profile);
  const changes: ColumnChanges = { columns: [], names: new Map(), defined: new Set() };
  const dropped = droppedColumns(table, statement);
  for (const old of table.columns) {
    if (dropped.has(old.name.toLowerCase())) continue;
    const definition = definitions.find((entry) => entry.replaces !== undefined && sameName(entry.replaces, old.name));
    const column = definition?.column ?? alteredColumn(old, statement, charsets, profile);
    changes.columns.push(column);
    changes.names.set(old.name.toLowerCase(), column.name);
  }
  for (const definition of definitions) {
    changes.defined.add(definition.column);
    if (definition.replaces === undefined || definition.position !== undefined) {
      place(changes.columns, definition, statement);
    }
  }
  if (changes.columns.length === 0) throw cannotTrack(statement, 'a table must keep at least one column');
  const seen = new Set<string>();
  for (const { name } of changes.columns) {
    if (seen.has(name.toLowerCase())) throw cannotTrack(statement, `duplicate column name '${name}'`);
    seen.add(name.toLowerCase());
  }
  return changes;
}

/**
 * The columns that the statement defines. On the way the keys and constraints that it asks for go to `requests`, in order
 * of the text, since the names that the server chooses depend on it.
 */
function collectDefinitions(
  table: Table,
  statement: AlterTable,
  charsets: AlterCharsets,
  requests: Requests,
  profile: ServerProfile,
): Definition[] {
  const definitions: Definition[] = [];
  const define = (definition: ColumnDefinition, position: ColumnPosition | undefined, replaces?: string): void => {
    const built = buildColumn(definition, charsets.table, profile);
    const sized = replaces === undefined || definition.type.length !== undefined;
    const old = sized ? undefined : byName(table.columns, replaces);
    const { convert } = charsets;
    const entry: Definition = {
      column:
        convert === undefined
          ? built
          : convertDefinedColumn(built, old, definedCharset(definition, convert, charsets, profile), profile),
    };
    if (replaces !== undefined) entry.replaces = replaces;
    if (position !== undefined) entry.position = position;
    definitions.push(entry);
    collectColumnRequests(definition, requests, profile);
  };
  for (const clause of statement.clauses) {
    if (clause.action === 'add') {
      for (const element of clause.elements) {
        if (element.element !== 'column') {
          if (!isKnownForeignKey(table, element)) collectRequests(element, requests, profile);
          continue;
        }
        const known =
          byName(table.columns, element.name.name) !== undefined ||
          definitions.some((entry) => sameName(entry.column.name, element.name.name));
        if (!(element.ifNotExists && known)) define(element, clause.position);
      }
    } else if (clause.action === 'modify-column' || clause.action === 'change-column') {
      const from = clause.action === 'modify-column' ? clause.column.name.name : clause.from.name;
      if (byName(table.columns, from) === undefined) {
        if (clause.ifExists) continue;
        throw cannotTrack(statement, `unknown column '${from}'`);
      }
      define(clause.column, clause.position, from);
    }
  }
  return definitions;
}

/** What CONVERT TO gives a column that is defined: the attribute BINARY means the charset's, in MariaDB the table's. */
function definedCharset(
  { type }: ColumnDefinition,
  convert: CharsetPair,
  { table }: AlterCharsets,
  { flavor }: ServerProfile,
): CharsetPair {
  if (!type.binaryCollation) return convert;
  const { charset } = flavor === 'mariadb' ? table : convert;
  return { charset, collation: binaryCollation(charset) };
}

function droppedColumns(table: Table, statement: AlterTable): Set<string> {
  const dropped = new Set<string>();
  for (const clause of statement.clauses) {
    if (clause.action !== 'drop-column') continue;
    if (byName(table.columns, clause.column.name) !== undefined) dropped.add(clause.column.name.toLowerCase());
    else if (!clause.ifExists) throw cannotTrack(statement, `unknown column '${clause.column.name}'`);
  }
  return dropped;
}

/** An old column with the clauses that change parts of it. */
function alteredColumn(old: Column, statement: AlterTable, charsets: AlterCharsets, profile: ServerProfile): Column {
  let column = charsets.convert === undefined ? { ...old } : { ...convertColumn(old, charsets.convert, profile) };
  for (const clause of statement.clauses) column = withClause(column, old.name, clause, profile);
  return column;
}

function withClause(column: Column, name: string, clause: AlterClause, profile: ServerProfile): Column {
  switch (clause.action) {
    case 'rename-column':
      return sameName(clause.from.name, name) ? { ...column, name: clause.to.name } : column;
    case 'set-default':
      // servers take it for AUTO_INCREMENT and generated columns, without effect
      return !column.autoIncrement && column.generated === undefined && sameName(clause.column.name, name)
        ? { ...withoutDefault(column, profile), default: resolveDefault(clause.default, column, profile) }
        : column;
    case 'drop-default': {
      if (!sameName(clause.column.name, name)) return column;
      if (column.generated !== undefined) return column;
      const bare = withoutDefault(column, profile);
      if (profile.flavor === 'mariadb' && column.nullable) bare.default = { kind: 'null' };
      else if (isCurrentTime(column) && profile.flavor === 'mysql') bare.timeDropped = true;
      return bare;
    }
    case 'set-column-visibility':
      return sameName(clause.column.name, name) ? { ...column, invisible: clause.invisible } : column;
    default:
      return column;
  }
}

/** MariaDB takes ON UPDATE away together with CURRENT_TIMESTAMP as default, whatever becomes the new one. */
function withoutDefault(column: Column, profile: ServerProfile): Column {
  const bare = { ...column };
  delete bare.default;
  delete bare.timeDropped;
  if (profile.flavor === 'mariadb' && isCurrentTime(column)) delete bare.onUpdate;
  return bare;
}

function isCurrentTime({ default: value }: Column): boolean {
  return value?.kind === 'expression' && /^CURRENT_TIMESTAMP(?:\(\d\))?$/.test(value.text);
}

/** Puts a new or moved column at its position. */
function place(columns: Column[], definition: Definition, statement: AlterTable): void {
  const { column, position } = definition;
  const present = columns.indexOf(column);
  if (present !== -1) columns.splice(present, 1);
  if (position === undefined) {
    columns.push(column);
  } else if (position.first) {
    columns.unshift(column);
  } else {
    const after = columns.findIndex((entry) => sameName(entry.name, position.after.name));
    if (after === -1) throw cannotTrack(statement, `unknown column '${position.after.name}'`);
    columns.splice(after + 1, 0, column);
  }
}
