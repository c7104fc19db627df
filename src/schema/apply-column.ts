import type { ColumnDefinition } from '../ddl/index.js';
import { currentTimestamp, resolveDefault } from './resolve-default.js';
import { resolveType, type CharsetPair } from './resolve-type.js';
import type { Column, ColumnDefault } from './model.js';
import type { ServerProfile } from './server-profile.js';

/** Builds the column that a definition makes in a table with these defaults. Keys that it asks for are not its part. */
export function buildColumn(definition: ColumnDefinition, table: CharsetPair, profile: ServerProfile): Column {
  const { options, type } = definition;
  const compressed = profile.flavor === 'mariadb' && (type.compressed === true || options['COMPRESSED'] !== undefined);
  const column: Column = {
    name: definition.name.name,
    ...resolveType(definition.type, definition.collation, table, profile, compressed),
    nullable: isNullable(definition, profile),
    autoIncrement: definition.autoIncrement || definition.type.serial,
    invisible: definition.invisible ?? false,
  };
  // a compressed column of MariaDB has an empty default rather than none
  if (compressed && !column.nullable) column.default = { kind: 'literal', value: '' };
  if (definition.generated !== undefined) {
    column.generated = generatedOf(definition.generated);
  } else if (definition.default !== undefined) {
    column.default = resolveDefault(definition.default, column, profile);
  } else if (column.nullable) {
    column.default = { kind: 'null' };
  }
  if (definition.onUpdate !== undefined) {
    column.onUpdate = String(definition.onUpdate.digits);
    if (profile.flavor === 'mariadb' && !column.nullable) column.default ??= zeroTimestamp(column);
  }
  // MariaDB does not tell 0 from none
  if (definition.srid !== undefined && (profile.flavor === 'mysql' || definition.srid !== 0))
    column.srid = definition.srid;
  if (definition.comment !== undefined && definition.comment !== '') column.comment = definition.comment;
  return column;
}

function isNullable(definition: ColumnDefinition, profile: ServerProfile): boolean {
  if (definition.primaryKey || definition.autoIncrement || definition.type.serial) return false;
  if (definition.generated !== undefined && definition.generated.kind !== 'expression') return false;
  if (definition.nullable !== undefined) return definition.nullable;
  return definition.type.name !== 'timestamp' || profile.explicitDefaultsForTimestamp;
}

function generatedOf(clause: NonNullable<ColumnDefinition['generated']>): NonNullable<Column['generated']> {
  if (clause.kind !== 'expression') {
    return { kind: 'STORED', expression: clause.kind === 'row-start' ? 'ROW START' : 'ROW END' };
  }
  return { kind: clause.stored ? 'STORED' : 'VIRTUAL', expression: clause.expression.trim() };
}

/** What a statement says about the columns behind it. */
export interface TimestampStatement {
  /** Columns whose definition it gives. */
  defined: ReadonlySet<Column>;
  /** Columns whose default it drops. */
  dropped?: ReadonlySet<Column>;
  /** Lower-case names of the columns of the primary key. */
  primary: ReadonlySet<string>;
}

/**
 * Without `explicit_defaults_for_timestamp` the first TIMESTAMP of a table takes the current time by itself, and later
 * ones that are NOT NULL have the zero date as default.
 */
export function applyTimestampRules(
  columns: readonly Column[],
  statement: TimestampStatement,
  profile: ServerProfile,
): void {
  if (profile.explicitDefaultsForTimestamp) return;
  let first = true;
  for (const column of columns) {
    if (column.type !== 'timestamp') continue;
    if (!column.nullable && column.default === undefined && column.generated === undefined) {
      if (first) promote(column, statement, profile);
      else if (statement.defined.has(column)) zeroDefault(column, statement, profile);
    }
    first = false;
  }
}

/** MySQL looks at each first TIMESTAMP in each ALTER TABLE; one that already had no default gets no more than ON UPDATE. */
function promote(column: Column, { defined, dropped }: TimestampStatement, profile: ServerProfile): void {
  if (column.onUpdate !== undefined || column.timeDropped === true) return;
  const digits = column.length ?? 0;
  const mysql = profile.flavor === 'mysql';
  if (defined.has(column) || (!mysql && dropped?.has(column) === true)) {
    column.default = { kind: 'expression', text: currentTimestamp(digits) };
    column.onUpdate = String(digits);
  } else if (mysql) column.onUpdate = String(digits);
}

/** MySQL leaves columns of the primary key without default. */
function zeroDefault(column: Column, { primary }: TimestampStatement, profile: ServerProfile): void {
  if (profile.flavor === 'mysql' && primary.has(column.name.toLowerCase())) return;
  column.default = zeroTimestamp(column);
}

/** Makes a column NOT NULL, as being part of the primary key does. */
export function forbidNull(column: Column, profile: ServerProfile): void {
  column.nullable = false;
  if (column.default?.kind !== 'null') return;
  delete column.default;
  if (column.type === 'timestamp' && profile.flavor === 'mariadb' && !profile.explicitDefaultsForTimestamp) {
    column.default = zeroTimestamp(column);
  }
}

function zeroTimestamp(column: Column): ColumnDefault {
  const digits = column.length ?? 0;
  return { kind: 'literal', value: `0000-00-00 00:00:00${digits === 0 ? '' : `.${'0'.repeat(digits)}`}` };
}
