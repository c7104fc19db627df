import type { AlterTable } from '../ddl/index.js';
import { byName, cannotTrack, sameName } from './apply-context.js';
import type { ColumnChanges } from './alter-columns.js';
import { buildIndexes, type KeyRequest } from './apply-keys.js';
import { maxBytesOf } from './charsets.js';
import { isLobType, isSpatialType } from './column-type.js';
import { renameInExpression } from './expression-text.js';
import type { Column, Index, IndexPart, Table } from './model.js';
import type { ServerProfile } from './server-profile.js';

/**
 * The indexes after an ALTER: the old ones without those dropped, with renamed columns and without dropped ones, then
 * those asked for.
 * @throws 44006 when a clause names an index that is not there
 */
export function alterIndexes(
  table: Table,
  statement: AlterTable,
  changes: ColumnChanges,
  requested: readonly KeyRequest[],
  profile: ServerProfile,
): Index[] {
  const dropped = droppedIndexes(table, statement);
  const kept: Index[] = [];
  for (const old of table.indexes) {
    if (dropped.has(old)) continue;
    const parts = old.parts.flatMap((part) => keptPart(part, table.columns, changes, profile));
    if (parts.length === 0) continue;
    const index: Index = { ...old, parts };
    alterIndex(index, old.name, statement);
    kept.push(index);
  }
  checkIndexClauses(table, statement);
  const wanted = requested.filter((request, position) => {
    if (!request.ifNotExists) return true;
    const name = requestedName(request);
    const earlier = requested.slice(0, position);
    return byName(kept, name) === undefined && !earlier.some((other) => sameName(requestedName(other), name));
  });
  return buildIndexes(kept, wanted, changes.columns, profile);
}

function requestedName(request: KeyRequest): string {
  return request.kind === 'PRIMARY' ? 'PRIMARY' : (request.name ?? request.parts[0]?.column ?? '');
}

function droppedIndexes(table: Table, statement: AlterTable): Set<Index> {
  const dropped = new Set<Index>();
  for (const clause of statement.clauses) {
    let name: string | undefined;
    if (clause.action === 'drop-primary-key') name = 'PRIMARY';
    else if (clause.action === 'drop-index') name = clause.name.name;
    else if (clause.action === 'drop-constraint' && !isOtherConstraint(table, clause.name.name))
      name = clause.name.name;
    if (name === undefined) continue;
    const index = byName(table.indexes, name);
    if (index !== undefined) dropped.add(index);
    else if (!('ifExists' in clause && clause.ifExists)) throw cannotTrack(statement, `unknown index '${name}'`);
  }
  return dropped;
}

/** DROP CONSTRAINT looks at checks and foreign keys before indexes. */
function isOtherConstraint(table: Table, name: string): boolean {
  return byName(table.checks, name) !== undefined || byName(table.foreignKeys, name) !== undefined;
}

function checkIndexClauses(table: Table, statement: AlterTable): void {
  for (const clause of statement.clauses) {
    let name: string | undefined;
    if (clause.action === 'rename-index') name = clause.from.name;
    else if (clause.action === 'set-index-visibility') name = clause.name.name;
    if (name === undefined || byName(table.indexes, name) !== undefined) continue;
    if (!('ifExists' in clause && clause.ifExists)) throw cannotTrack(statement, `unknown index '${name}'`);
  }
}

function alterIndex(index: Index, oldName: string, statement: AlterTable): void {
  for (const clause of statement.clauses) {
    if (clause.action === 'rename-index' && sameName(clause.from.name, oldName)) {
      index.name = clause.to.name;
      // Servers no longer take an index for one of their own making when somebody has named it.
      delete index.generated;
    }
    if (clause.action === 'set-index-visibility' && sameName(clause.name.name, oldName)) {
      index.invisible = clause.invisible;
    }
  }
}

/** The part with its column's new name; none when the column is gone. The prefix stays where the new type can have it. */
function keptPart(
  part: IndexPart,
  old: readonly Column[],
  changes: ColumnChanges,
  profile: ServerProfile,
): IndexPart[] {
  if (part.column === undefined) {
    const expression = part.expression === undefined ? undefined : renameInExpression(part.expression, changes.names);
    return [expression === undefined ? part : { ...part, expression }];
  }
  const name = changes.names.get(part.column.toLowerCase());
  if (name === undefined) return readdedPart(part, part.column, old, changes);
  const before = byName(old, part.column);
  const column = byName(changes.columns, name);
  const result: IndexPart = { ...part, column: name };
  if (before === undefined || column === undefined || !changes.defined.has(column)) return [result];
  const length = keptPrefix(part.length, before, column, profile);
  if (length === undefined) delete result.length;
  else result.length = length;
  return [result];
}

/**
 * A column dropped and added again under its name by one statement: servers keep the part, with as many bytes as the old
 * column had as its prefix.
 */
function readdedPart(part: IndexPart, name: string, old: readonly Column[], changes: ColumnChanges): IndexPart[] {
  const column = [...changes.defined].find((entry) => sameName(entry.name, name));
  const before = byName(old, name);
  if (column === undefined || before === undefined) return [];
  const length = part.length ?? keyBytes(before);
  return [length === undefined ? { ...part, column: column.name } : { ...part, column: column.name, length }];
}

const KEY_BYTES: Record<string, number> = {
  tinyint: 1,
  smallint: 2,
  mediumint: 3,
  int: 4,
  bigint: 8,
  float: 4,
  double: 8,
  date: 3,
  year: 1,
};

/** Length of a whole column in an index, in characters for text. */
function keyBytes(column: Column): number | undefined {
  if (column.type.endsWith('char') || column.type.endsWith('binary')) return column.length;
  return KEY_BYTES[column.type];
}

/**
 * Prefix of a part whose column was defined anew, by the servers' rule: it stays when the new type can have one and is as
 * long. Since an ENUM or SET counts as text there, MySQL makes a prefix of its bytes.
 */
function keptPrefix(
  length: number | undefined,
  before: Column,
  column: Column,
  profile: ServerProfile,
): number | undefined {
  const prefix = length ?? (profile.flavor === 'mysql' ? memberPrefix(before) : 0);
  if (prefix === 0) return undefined;
  if (isLobType(column.type) || isSpatialType(column.type)) return prefix;
  const sized = column.type.endsWith('char') || column.type.endsWith('binary');
  return sized && (column.length ?? 1) >= prefix ? prefix : undefined;
}

/** Bytes of an ENUM or SET value, counted in characters of its charset. */
function memberPrefix(column: Column): number {
  const unit = column.charset === undefined ? 1 : maxBytesOf(column.charset);
  const count = column.members?.length ?? 0;
  if (column.type === 'enum') return Math.floor((count < 256 ? 1 : 2) / unit);
  return column.type === 'set' ? Math.floor((count > 32 ? 8 : Math.ceil(count / 8)) / unit) : 0;
}
