import type { DataType } from '../ddl/index.js';
import { binaryCollation, canonicalCharset, canonicalCollation, charsetOfCollation, maxBytesOf } from './charsets.js';
import {
  formatColumnType,
  hasCharset,
  integerWidth,
  isIntegerType,
  isSpatialType,
  printsNoWidth,
  type TypeParts,
} from './column-type.js';
import type { Column } from './model.js';
import { defaultCollationOf, type ServerProfile } from './server-profile.js';

/** A charset with its collation. */
export interface CharsetPair {
  charset: string;
  collation: string;
}

/** The fields of a column that its type decides. */
export type ColumnTypeFields = Pick<
  Column,
  'type' | 'columnType' | 'unsigned' | 'zerofill' | 'length' | 'decimals' | 'members' | 'charset' | 'collation'
>;

const TEXT_FAMILY = ['tinytext', 'text', 'mediumtext', 'longtext'];
const BLOB_FAMILY = ['tinyblob', 'blob', 'mediumblob', 'longblob'];
const FAMILY_LIMITS = [255, 65535, 16777215];

/** Most bytes of a VARCHAR. */
const MAX_VARCHAR_BYTES = 65535;

const BINARY_TWIN: Record<string, string> = {
  char: 'binary',
  varchar: 'varbinary',
  tinytext: 'tinyblob',
  text: 'blob',
  mediumtext: 'mediumblob',
  longtext: 'longblob',
};

/**
 * Makes of CHARACTER SET and COLLATE clauses the pair they mean; `inherited` is that of the place one level up. A charset
 * alone brings its default collation, a collation alone its charset.
 */
export function resolveCharset(
  charset: string | undefined,
  collation: string | undefined,
  inherited: CharsetPair,
  profile: ServerProfile,
): CharsetPair {
  const named = charset === undefined || charset === 'default' ? undefined : canonicalCharset(charset);
  if (collation !== undefined && collation.toLowerCase() !== 'default') {
    const full = canonicalCollation(collation);
    const own = charsetOfCollation(full);
    if (own !== undefined) return { charset: own, collation: full };
    const base = named ?? inherited.charset;
    return { charset: base, collation: `${base}_${full}` };
  }
  if (named === undefined) return inherited;
  return { charset: named, collation: defaultCollationOf(profile, named) };
}

/**
 * Type, printed type and charset of a column from its definition. `compressed` is MariaDB's attribute.
 */
export function resolveType(
  definition: DataType,
  collation: string | undefined,
  table: CharsetPair,
  profile: ServerProfile,
  compressed = false,
): ColumnTypeFields {
  if (definition.name === 'json' && profile.flavor === 'mariadb') return mariadbJson();
  let type = definition.name;
  let pair: CharsetPair | undefined;
  if (hasCharset(type)) {
    pair = resolveCharset(definition.charset, collation, table, profile);
    if (definition.binaryCollation && collation === undefined) {
      pair = { charset: pair.charset, collation: binaryCollation(pair.charset) };
    }
    if (pair.charset === 'binary') {
      type = BINARY_TWIN[type] ?? type;
      if (!showsBinaryCharset(type, profile)) pair = undefined;
    }
  }
  const parts = typeParts(type, definition, pair?.charset, profile);
  if (compressed) parts.compressed = true;
  return typeFields(parts, pair);
}

/** An ENUM or SET of bytes: MariaDB says `binary` of it, MySQL nothing. */
function showsBinaryCharset(type: string, profile: ServerProfile): boolean {
  return profile.flavor === 'mariadb' && hasCharset(type);
}

/** MariaDB keeps JSON as text with a check. */
function mariadbJson(): ColumnTypeFields {
  return {
    type: 'longtext',
    columnType: 'longtext',
    unsigned: false,
    zerofill: false,
    charset: 'utf8mb4',
    collation: 'utf8mb4_bin',
  };
}

/** Puts the parts of a type in the form of a column, printed as the server would. */
export function typeFields(parts: TypeParts, pair: CharsetPair | undefined): ColumnTypeFields {
  const fields: ColumnTypeFields = {
    type: parts.type,
    columnType: formatColumnType(parts),
    unsigned: parts.unsigned,
    zerofill: parts.zerofill,
  };
  if (parts.length !== undefined) fields.length = parts.length;
  if (parts.decimals !== undefined) fields.decimals = parts.decimals;
  if (parts.members !== undefined) fields.members = parts.members;
  if (pair !== undefined) {
    fields.charset = pair.charset;
    fields.collation = pair.collation;
  }
  return fields;
}

/** Lengths as the server fills them in. */
function typeParts(type: string, definition: DataType, charset: string | undefined, profile: ServerProfile): TypeParts {
  const parts: TypeParts = { type, unsigned: definition.unsigned, zerofill: definition.zerofill };
  const { length, decimals } = definition;
  if (isIntegerType(type)) {
    return withLength(parts, integerWidth({ ...parts, ...(length === undefined ? {} : { length }) }, profile));
  }
  switch (type) {
    case 'decimal':
      return { ...parts, length: length === undefined || length === 0 ? 10 : length, decimals: decimals ?? 0 };
    case 'float':
    case 'double':
      return length !== undefined && decimals !== undefined ? { ...parts, length, decimals } : parts;
    case 'bit':
      return { ...parts, length: length === undefined || length === 0 ? 1 : length };
    case 'char':
    case 'binary':
      return { ...parts, length: length ?? 1 };
    case 'varchar':
    case 'varbinary':
      return varLength(parts, length ?? 1, charset);
    case 'text':
    case 'blob':
      return length === undefined || length === 0
        ? parts
        : { ...parts, type: familyMember(type === 'text' ? TEXT_FAMILY : BLOB_FAMILY, length * bytesOf(charset)) };
    case 'year':
      return printsNoWidth(profile) ? parts : { ...parts, length: length ?? 4 };
    case 'time':
    case 'datetime':
    case 'timestamp':
      return length === undefined || length === 0 ? parts : { ...parts, length };
    case 'vector':
      return { ...parts, length: length ?? 2048 };
    case 'enum':
    case 'set':
      return { ...parts, members: definition.members ?? [] };
    default:
      return parts;
  }
}

function withLength(parts: TypeParts, length: number | undefined): TypeParts {
  return length === undefined ? parts : { ...parts, length };
}

function bytesOf(charset: string | undefined): number {
  return charset === undefined ? 1 : maxBytesOf(charset);
}

/** Without strict mode a VARCHAR that is too long becomes a TEXT. */
function varLength(parts: TypeParts, length: number, charset: string | undefined): TypeParts {
  const bytes = length * bytesOf(charset);
  if (bytes <= MAX_VARCHAR_BYTES) return { ...parts, length };
  return { ...parts, type: familyMember(parts.type === 'varchar' ? TEXT_FAMILY : BLOB_FAMILY, bytes) };
}

/** The smallest type of a family that holds so many bytes. */
function familyMember(family: readonly string[], bytes: number): string {
  const index = FAMILY_LIMITS.findIndex((limit) => bytes <= limit);
  return family[index === -1 ? FAMILY_LIMITS.length : index] ?? 'longtext';
}

/**
 * What CONVERT TO CHARACTER SET makes of a column that the same statement defines: it overrides the column's own charset.
 * MySQL then also chooses the member of the TEXT or BLOB family by the number of characters that the old column could hold;
 * `old` is absent for new columns and where the definition says a length.
 */
export function convertDefinedColumn(
  column: Column,
  old: Column | undefined,
  pair: CharsetPair,
  profile: ServerProfile,
): Column {
  if (pair.charset === 'binary' && column.charset !== undefined) return convertColumn(column, pair, profile);
  const converted: Column = { ...column };
  if (column.charset !== undefined && column.charset !== 'binary') Object.assign(converted, pair);
  const family = [TEXT_FAMILY, BLOB_FAMILY].find((members) => members.includes(column.type));
  if (profile.flavor !== 'mysql' || old === undefined || family === undefined) return converted;
  if (column.type === family.at(-1)) return converted;
  converted.type = familyMember(family, characterLength(old) * bytesOf(converted.charset));
  converted.columnType = converted.type;
  return converted;
}

/** Values of numbers and times have fewer characters than the limits of the TEXT family tell apart. */
const SHORT = 20;

/** Most characters of a value. */
function characterLength(column: Column): number {
  const { members, type, length } = column;
  for (const family of [TEXT_FAMILY, BLOB_FAMILY]) {
    const index = family.indexOf(type);
    if (index !== -1) return Math.floor((FAMILY_LIMITS[index] ?? 4294967295) / bytesOf(column.charset));
  }
  if (type === 'json' || isSpatialType(type)) return 4294967295;
  if (members !== undefined && type === 'enum') return Math.max(...members.map((member) => member.length));
  if (members !== undefined) return members.join(',').length;
  return type.endsWith('char') || type.endsWith('binary') ? (length ?? 1) : SHORT;
}

/**
 * What CONVERT TO CHARACTER SET makes of a column: the new charset, and a larger type where the old number of characters
 * would no longer fit. Columns without charset are left alone.
 */
export function convertColumn(column: Column, pair: CharsetPair, profile: ServerProfile): Column {
  if (column.charset === undefined || column.charset === 'binary') return column;
  let { type, length } = column;
  const limit = FAMILY_LIMITS[TEXT_FAMILY.indexOf(type)];
  if (limit !== undefined) {
    type = familyMember(TEXT_FAMILY, Math.floor(limit / bytesOf(column.charset)) * bytesOf(pair.charset));
  } else if (type === 'varchar' && (length ?? 0) * bytesOf(pair.charset) > MAX_VARCHAR_BYTES) {
    type = familyMember(TEXT_FAMILY, (length ?? 0) * bytesOf(pair.charset));
    length = undefined;
  }
  const binary = pair.charset === 'binary';
  if (binary) type = BINARY_TWIN[type] ?? type;
  const parts: TypeParts = { type, unsigned: false, zerofill: false };
  if (length !== undefined) parts.length = length;
  if (column.members !== undefined) parts.members = column.members;
  if (column.columnType.includes('COMPRESSED')) parts.compressed = true;
  const { length: _length, charset: _charset, collation: _collation, ...rest } = column;
  if ((parts.type === 'binary' || parts.type === 'varbinary') && rest.default?.kind === 'literal') {
    const hex = Buffer.from(rest.default.value, 'utf8').toString('hex').toUpperCase();
    const padded = parts.type === 'binary' ? hex.padEnd((length ?? 1) * 2, '0') : hex;
    rest.default = { kind: 'literal', value: `0x${padded}` };
  }
  return { ...rest, ...typeFields(parts, binary && !showsBinaryCharset(type, profile) ? undefined : pair) };
}
