import type { ColumnDefinition, ForeignKeyDefinition, IndexDefinition } from '../ddl/index.js';
import { byName, sameName } from './apply-context.js';
import { maxBytesOf } from './charsets.js';
import { isLobType, isSpatialType } from './column-type.js';
import type { Column, Index, IndexKind, IndexPart } from './model.js';
import { hasMode, type ServerProfile } from './server-profile.js';

/** An index that a statement asks for; the server chooses the name when there is none. */
export interface KeyRequest {
  kind: IndexKind;
  name?: string;
  parts: IndexPart[];
  invisible: boolean;
  /** For a foreign key: dropped again when another index can serve. */
  generated: boolean;
  ifNotExists: boolean;
  /** MariaDB: the period of WITHOUT OVERLAPS, whose columns the key gets too. */
  period?: string;
}

/** Most bytes of one part of an InnoDB index. */
const MAX_PART_BYTES = 3072;

/** The request behind an index definition. */
export function keyRequest(definition: IndexDefinition): KeyRequest {
  const request: KeyRequest = {
    kind: definition.kind === 'VECTOR' ? 'INDEX' : definition.kind,
    parts: definition.parts.map(partOf),
    invisible: definition.invisible ?? false,
    generated: false,
    ifNotExists: definition.ifNotExists,
  };
  if (definition.name !== undefined && definition.kind !== 'PRIMARY') request.name = definition.name.name;
  if (definition.withoutOverlaps !== undefined) request.period = definition.withoutOverlaps.name;
  return request;
}

function partOf(part: IndexDefinition['parts'][number]): IndexPart {
  const result: IndexPart = {};
  if (part.column !== undefined) result.column = part.column.name;
  if (part.expression !== undefined) result.expression = part.expression.trim();
  if (part.length !== undefined) result.length = part.length;
  if (part.descending) result.descending = true;
  return result;
}

/** Requests of `PRIMARY KEY` and `UNIQUE` inside a column definition. */
export function inlineKeyRequests(definition: ColumnDefinition): KeyRequest[] {
  const requests: KeyRequest[] = [];
  const base = { parts: [{ column: definition.name.name }], invisible: false, generated: false, ifNotExists: false };
  if (definition.primaryKey) requests.push({ ...base, kind: 'PRIMARY' });
  if (definition.unique || definition.type.serial) {
    requests.push({ ...base, parts: [{ column: definition.name.name }], kind: 'UNIQUE' });
  }
  return requests;
}

/** The index that a foreign key needs on its own columns. */
export function foreignKeyRequest(definition: ForeignKeyDefinition): KeyRequest {
  const request: KeyRequest = {
    kind: 'INDEX',
    parts: definition.columns.map((column) => ({ column: column.name })),
    invisible: false,
    generated: true,
    ifNotExists: false,
  };
  const name = definition.constraint ?? definition.indexName;
  if (name !== undefined) request.name = name.name;
  return request;
}

/**
 * The indexes of a table out of those it had and those asked for: drops foreign key indexes that another serves, names the
 * nameless, normalises prefixes, and sorts as servers do.
 */
export function buildIndexes(
  old: readonly Index[],
  requests: readonly KeyRequest[],
  columns: readonly Column[],
  profile: ServerProfile,
): Index[] {
  const all: KeyRequest[] = [...old.map(requestOf), ...requests];
  const kept = withoutServedKeys(all, profile);
  const result: Index[] = [];
  for (const request of kept) {
    const parts = request.parts.map((part) => normalizePart(part, request.kind, columns, profile));
    const name = request.kind === 'PRIMARY' ? 'PRIMARY' : (request.name ?? generatedName(parts, result));
    if (profile.flavor === 'mariadb' && request.kind === 'UNIQUE' && isHashed(parts, columns)) {
      for (const part of parts) delete part.descending;
    }
    const index: Index = { name, kind: request.kind, parts, invisible: request.invisible };
    if (request.generated) index.generated = true;
    result.push(index);
  }
  return sortIndexes(result, columns);
}

function requestOf(index: Index): KeyRequest {
  return {
    kind: index.kind,
    name: index.name,
    parts: index.parts,
    invisible: index.invisible,
    generated: index.generated ?? false,
    ifNotExists: false,
  };
}

/** A generated index goes when another one begins with its columns. */
function withoutServedKeys(requests: readonly KeyRequest[], profile: ServerProfile): KeyRequest[] {
  const dropped = new Set<KeyRequest>();
  for (const [position, key] of requests.entries()) {
    for (const other of requests.slice(0, position)) {
      if (dropped.has(other) || !isServed(key, other, profile)) continue;
      const shorter = key.generated && key.parts.length < other.parts.length;
      dropped.add(!other.generated || shorter ? key : other);
      break;
    }
  }
  return requests.filter((request) => !dropped.has(request));
}

/** Whether one of the two is generated and its columns are the first of the other's; MariaDB does not look at DESC. */
function isServed(a: KeyRequest, b: KeyRequest, profile: ServerProfile): boolean {
  let short = a;
  let long = b;
  if (a.generated) {
    if (b.generated && a.parts.length > b.parts.length) [short, long] = [b, a];
  } else if (b.generated) {
    [short, long] = [b, a];
  } else {
    return false;
  }
  if (long.kind === 'FULLTEXT' || long.kind === 'SPATIAL' || short.parts.length > long.parts.length) return false;
  return short.parts.every((part, index) => {
    const other = long.parts[index];
    if (part.column === undefined || other?.column === undefined) return false;
    if (!sameName(part.column, other.column)) return false;
    const sameDirection = (other.descending ?? false) === (part.descending ?? false);
    return other.length === part.length && (sameDirection || profile.flavor === 'mariadb');
  });
}

/** `col`, or `col_2`, `col_3`... when taken by an earlier index; expressions give `functional_index`. */
function generatedName(parts: readonly IndexPart[], earlier: readonly Index[]): string {
  const base = parts[0]?.column ?? 'functional_index';
  if (byName(earlier, base) === undefined && !sameName(base, 'PRIMARY')) return base;
  for (let number = 2; ; number++) {
    const name = `${base}_${number}`;
    if (byName(earlier, name) === undefined) return name;
  }
}

function normalizePart(
  part: IndexPart,
  kind: IndexKind,
  columns: readonly Column[],
  profile: ServerProfile,
): IndexPart {
  const result: IndexPart = { ...part };
  if (kind === 'FULLTEXT' || kind === 'SPATIAL') {
    delete result.length;
    delete result.descending;
  }
  const column = part.column === undefined ? undefined : byName(columns, part.column);
  if (column === undefined) return result;
  result.column = column.name;
  if (kind === 'FULLTEXT' || kind === 'SPATIAL') return result;
  const length = prefixLength(result.length, column, kind, profile);
  if (length === undefined) delete result.length;
  else result.length = length;
  if (result.descending === true && !supportsDescending(profile)) delete result.descending;
  return result;
}

function supportsDescending(profile: ServerProfile): boolean {
  return profile.versionNumber >= (profile.flavor === 'mysql' ? 80001 : 100800);
}

/** The prefix that counts: none when it is the whole column; cut where a plain index would be too long. */
function prefixLength(
  length: number | undefined,
  column: Column,
  kind: IndexKind,
  profile: ServerProfile,
): number | undefined {
  const { flavor } = profile;
  const unit = column.charset === undefined ? 1 : maxBytesOf(column.charset);
  const plain = kind === 'INDEX' && (flavor === 'mariadb' || !isStrict(profile));
  if (isLobType(column.type) || isSpatialType(column.type)) {
    if (flavor === 'mariadb' && column.type === 'point') return POINT_BYTES;
    if (flavor === 'mysql') return length;
    const most = column.type.startsWith('tiny') ? TINY_CHARACTERS : Math.floor(MAX_PART_BYTES / unit);
    if (plain) return Math.min(length ?? most, most);
    return length ?? (isSpatialType(column.type) ? GEOMETRY_BYTES : undefined);
  }
  if (!column.type.endsWith('char') && !column.type.endsWith('binary')) return undefined;
  const whole = column.length ?? 1;
  const wanted = length === undefined || length >= whole ? whole : length;
  if (plain && wanted * unit > MAX_PART_BYTES) return Math.floor(MAX_PART_BYTES / unit);
  return wanted === whole ? undefined : wanted;
}

/** What MariaDB shows as prefix of parts that say none: of a POINT, of another geometry in a unique key, of a TINYTEXT. */
const POINT_BYTES = 25;
const GEOMETRY_BYTES = 8;
const TINY_CHARACTERS = 255;

/**
 * MariaDB keeps a unique key that is too long for an index (or holds whole BLOBs) as a hash, which has no direction.
 */
function isHashed(parts: readonly IndexPart[], columns: readonly Column[]): boolean {
  let total = 0;
  for (const part of parts) {
    const column = part.column === undefined ? undefined : byName(columns, part.column);
    if (column === undefined) continue;
    if (isLobType(column.type) && part.length === undefined) return true;
    if (isSpatialType(column.type) && column.type !== 'point') return true;
    const unit = column.charset === undefined ? 1 : maxBytesOf(column.charset);
    total += (part.length ?? column.length ?? 1) * unit;
  }
  return total > MAX_PART_BYTES;
}

function isStrict(profile: ServerProfile): boolean {
  return hasMode(profile, 'STRICT_TRANS_TABLES') || hasMode(profile, 'STRICT_ALL_TABLES');
}

/** Primary key, unique keys without NULL, other unique keys, the rest, full-text keys; else in order of creation. */
export function sortIndexes(indexes: readonly Index[], columns: readonly Column[]): Index[] {
  const rank = (index: Index): number => {
    if (index.kind === 'PRIMARY') return 0;
    if (index.kind === 'UNIQUE') return hasNullablePart(index, columns) ? 2 : 1;
    return index.kind === 'FULLTEXT' ? 4 : 3;
  };
  return [...indexes].sort((a, b) => rank(a) - rank(b));
}

function hasNullablePart(index: Index, columns: readonly Column[]): boolean {
  return index.parts.some((part) => {
    if (part.column === undefined) return true;
    return byName(columns, part.column)?.nullable ?? true;
  });
}
