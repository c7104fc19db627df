import type {
  AlterTable,
  CreateDatabase,
  AlterDatabase,
  CreateTable,
  ObjectName,
  RenameTable,
  Statement,
  ViewOrSequence,
} from '../ddl/index.js';
import { dmError } from '../errors/dm-error.js';
import { alterTable, createIndex, dropIndex, renameTable } from './apply-alter.js';
import { cannotTrack, type ApplyContext } from './apply-context.js';
import { createTable } from './apply-create.js';
import { charsetOption } from './apply-elements.js';
import type { Table } from './model.js';
import type { CharsetPair } from './resolve-type.js';
import { sequenceTable } from './sequence.js';

/** The set of tables that statements are applied to. */
export interface Catalog extends ApplyContext {
  put(table: Table): void;
  remove(schema: string, name: string): void;
  /** The table exists, but its columns have to be asked for elsewhere. */
  putUnknown(schema: string, name: string): void;
  setDatabase(schema: string, defaults: CharsetPair): void;
  removeDatabase(schema: string): void;
  /** Tables in memory with a foreign key to this one. */
  referencing(schema: string, name: string): Table[];
}

/** What a statement did to the structures, in order. */
export type StructureChange =
  /** `known` is false when the text does not tell the columns (CREATE TABLE ... SELECT). */
  | { kind: 'created'; schema: string; table: string; known: boolean }
  | { kind: 'altered' | 'dropped' | 'truncated'; schema: string; table: string }
  | { kind: 'renamed'; schema: string; table: string; toSchema: string; toTable: string }
  | { kind: 'database-created' | 'database-altered' | 'database-dropped'; schema: string };

/** A table that a statement needs to be known. */
export interface NeededTable {
  schema: string;
  table: string;
  /** The statement can be applied without. */
  optional: boolean;
  /** Asked of the downstream alone where the checkpoint knows nothing: the upstream shows what the statement made. */
  seed?: 'downstream';
}

/** Which tables have to be in the catalog before {@link applyStatement}. */
export function neededTables(statement: Statement): NeededTable[] {
  switch (statement.kind) {
    case 'create-table': {
      if (statement.temporary) return [];
      const needed = parentsNeeded(statement);
      if (statement.ifNotExists) needed.push({ ...need(statement.table, statement, true), seed: 'downstream' });
      if (statement.like !== undefined) needed.push(need(statement.like, statement, false));
      return needed;
    }
    case 'alter-table': {
      const needed = [need(statement.table, statement, statement.ifExists), ...parentsNeeded(statement)];
      return needed;
    }
    case 'create-index':
    case 'drop-index':
      return [need(statement.table, statement, false)];
    case 'rename-table':
      return renameSources(statement);
    default:
      return [];
  }
}

/** The old names of a RENAME, but those that an earlier pair of it makes. Views are renamed so too: none must be there. */
function renameSources(statement: RenameTable): NeededTable[] {
  const made = new Set<string>();
  const needed: NeededTable[] = [];
  for (const pair of statement.pairs) {
    const from = need(pair.from, statement, true);
    const to = need(pair.to, statement, true);
    if (!made.has(`${from.schema}\0${from.table}`)) needed.push(from);
    made.add(`${to.schema}\0${to.table}`);
  }
  return needed;
}

/** Parents of foreign keys that leave out the referenced columns. */
function parentsNeeded(statement: CreateTable | AlterTable): NeededTable[] {
  const elements =
    statement.kind === 'create-table'
      ? statement.elements
      : statement.clauses.flatMap((clause) => (clause.action === 'add' ? clause.elements : []));
  return elements.flatMap((element) => {
    const references =
      element.element === 'foreign-key' || element.element === 'column' ? element.references : undefined;
    return references !== undefined && references.columns.length === 0 ? [need(references.table, statement, true)] : [];
  });
}

function need(name: ObjectName, statement: Statement, optional: boolean): NeededTable {
  return { schema: name.schema?.name ?? statement.defaultSchema, table: name.table.name, optional };
}

/**
 * Applies a statement to the catalog. Statements that are not about tables or databases change nothing, and neither do
 * those about temporary tables.
 * @throws 44006 when it does not fit the structures known
 */
export function applyStatement(statement: Statement, catalog: Catalog): StructureChange[] {
  switch (statement.kind) {
    case 'create-table':
      return statement.temporary ? [] : applyCreate(statement, catalog);
    case 'alter-table':
      return applyAlter(statement, catalog);
    case 'create-index':
    case 'drop-index': {
      const before = requireTable(statement.table, statement, catalog);
      catalog.put(
        statement.kind === 'create-index'
          ? createIndex(before, statement, catalog)
          : dropIndex(before, statement, catalog),
      );
      return [{ kind: 'altered', schema: before.schema, table: before.name }];
    }
    case 'drop-table':
      return statement.temporary
        ? []
        : statement.tables.map((name) => {
            const { schema, table } = need(name, statement, true);
            catalog.remove(schema, table);
            return { kind: 'dropped', schema, table };
          });
    case 'rename-table':
      return statement.pairs.map((pair) => applyRename(pair.from, pair.to, statement, catalog));
    case 'truncate-table': {
      const { schema, table } = need(statement.table, statement, true);
      return [{ kind: 'truncated', schema, table }];
    }
    case 'create-database':
    case 'alter-database':
      return applyDatabase(statement, catalog);
    case 'create-sequence':
    case 'drop-sequence':
      return statement.names.flatMap((name) => applySequence(name, statement, catalog));
    case 'drop-database':
      catalog.removeDatabase(statement.name.name);
      return [{ kind: 'database-dropped', schema: statement.name.name }];
    default:
      return [];
  }
}

/** Sequences are followed only so that what is logged of them is known not to be about tables. */
function applySequence(name: ObjectName, statement: ViewOrSequence, catalog: Catalog): StructureChange[] {
  const { schema, table } = need(name, statement, true);
  if (statement.kind === 'drop-sequence') catalog.remove(schema, table);
  else catalog.put(sequenceTable(schema, table));
  return [];
}

function requireTable(name: ObjectName, statement: Statement, catalog: Catalog): Table {
  const { schema, table } = need(name, statement, false);
  const found = catalog.table(schema, table);
  if (found !== undefined) return found;
  throw cannotTrack(statement, dmError(44005, [`\`${schema}\`.\`${table}\``]).message);
}

/** The server ran the statement: without IF NOT EXISTS a table that we still know under that name is out of date. */
function applyCreate(statement: CreateTable, catalog: Catalog): StructureChange[] {
  const { schema, table: name } = need(statement.table, statement, false);
  if (statement.ifNotExists && catalog.table(schema, name) !== undefined) return [];
  const table = createTable(statement, schema, catalog);
  if (table === undefined) catalog.putUnknown(schema, name);
  else catalog.put(table);
  return [{ kind: 'created', schema, table: name, known: table !== undefined }];
}

function applyAlter(statement: AlterTable, catalog: Catalog): StructureChange[] {
  const { schema, table: name } = need(statement.table, statement, statement.ifExists);
  if (statement.ifExists && catalog.table(schema, name) === undefined) return [];
  const before = requireTable(statement.table, statement, catalog);
  const { table, columnNames } = alterTable(before, statement, catalog);
  const changes: StructureChange[] = [{ kind: 'altered', schema, table: name }];
  const renamed = table.schema !== before.schema || table.name !== before.name;
  if (renamed) {
    catalog.remove(before.schema, before.name);
    changes.push({ kind: 'renamed', schema, table: name, toSchema: table.schema, toTable: table.name });
  }
  catalog.put(table);
  followParent(before, table, columnNames, catalog);
  for (const clause of statement.clauses) {
    if (clause.action !== 'partition' || clause.table === undefined) continue;
    const other = need(clause.table, statement, false);
    if (clause.operation === 'convert-to-table') {
      catalog.put(partitionTable(table, other.schema, other.table));
      changes.push({ kind: 'created', schema: other.schema, table: other.table, known: true });
    } else if (clause.operation === 'convert-from-table') {
      catalog.remove(other.schema, other.table);
      changes.push({ kind: 'dropped', schema: other.schema, table: other.table });
    }
  }
  return changes;
}

/** What CONVERT PARTITION makes: a table like the partitioned one. */
function partitionTable(table: Table, schema: string, name: string): Table {
  const { partitioning: _partitioning, ...copy } = structuredClone(table);
  return { ...copy, schema, name };
}

function applyRename(from: ObjectName, to: ObjectName, statement: RenameTable, catalog: Catalog): StructureChange {
  const source = need(from, statement, true);
  const target = need(to, statement, true);
  const before = catalog.table(source.schema, source.table);
  catalog.remove(source.schema, source.table);
  if (before === undefined) {
    catalog.putUnknown(target.schema, target.table);
  } else {
    const table = renameTable(before, target.schema, target.table, catalog);
    catalog.put(table);
    followParent(before, table, new Map(), catalog);
  }
  return {
    kind: 'renamed',
    schema: source.schema,
    table: source.table,
    toSchema: target.schema,
    toTable: target.table,
  };
}

/** Foreign keys of other tables follow the new names of their parent and its columns. */
function followParent(before: Table, after: Table, columns: ReadonlyMap<string, string>, catalog: Catalog): void {
  for (const child of catalog.referencing(before.schema, before.name)) {
    const foreignKeys = child.foreignKeys.map((key) => {
      if (key.refSchema !== before.schema || key.refTable !== before.name) return key;
      const refColumns = key.refColumns.map((name) => columns.get(name.toLowerCase()) ?? name);
      return { ...key, refSchema: after.schema, refTable: after.name, refColumns };
    });
    if (JSON.stringify(foreignKeys) !== JSON.stringify(child.foreignKeys)) catalog.put({ ...child, foreignKeys });
  }
}

function applyDatabase(statement: CreateDatabase | AlterDatabase, catalog: Catalog): StructureChange[] {
  const schema = statement.name?.name ?? statement.defaultSchema;
  const { charset, collation } = catalog.profile;
  const server: CharsetPair = { charset, collation };
  if (statement.kind === 'create-database') {
    if (statement.orReplace) catalog.removeDatabase(schema);
    catalog.setDatabase(schema, charsetOption(statement.options, server, catalog.profile) ?? server);
    return [{ kind: 'database-created', schema }];
  }
  const current = catalog.databaseDefaults(schema);
  const asksDefault = statement.options.some((option) => option.value === 'default');
  const inherited = asksDefault ? server : current;
  catalog.setDatabase(schema, charsetOption(statement.options, inherited, catalog.profile) ?? current);
  return [{ kind: 'database-altered', schema }];
}
