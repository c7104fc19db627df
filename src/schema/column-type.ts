import type { ServerProfile } from './server-profile.js';

/** The parts that make up a printed column type. */
export interface TypeParts {
  type: string;
  unsigned: boolean;
  zerofill: boolean;
  length?: number;
  decimals?: number;
  members?: string[];
  /** MariaDB's COMPRESSED attribute, which its servers print as part of the type. */
  compressed?: boolean;
}

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);
const NUMBERS = new Set([...INTEGERS, 'decimal', 'float', 'double']);
const TEXTS = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext']);
const BLOBS = new Set(['tinyblob', 'blob', 'mediumblob', 'longblob']);
const TEMPORALS = new Set(['date', 'time', 'datetime', 'timestamp', 'year']);
const SPATIAL = new Set([
  'geometry',
  'point',
  'linestring',
  'polygon',
  'multipoint',
  'multilinestring',
  'multipolygon',
  'geometrycollection',
  'geomcollection',
]);

/** TINYINT to BIGINT. */
export function isIntegerType(type: string): boolean {
  return INTEGERS.has(type);
}

/** Types that take UNSIGNED. */
export function isNumericType(type: string): boolean {
  return NUMBERS.has(type);
}

/** CHAR, VARCHAR and the TEXT family: types whose values are text of a charset. */
export function isTextType(type: string): boolean {
  return TEXTS.has(type);
}

/** Types that have a charset: text, ENUM and SET. */
export function hasCharset(type: string): boolean {
  return TEXTS.has(type) || type === 'enum' || type === 'set';
}

/** The TEXT and BLOB families: no whole-column index, no literal default in MySQL. */
export function isLobType(type: string): boolean {
  return BLOBS.has(type) || (TEXTS.has(type) && type !== 'char' && type !== 'varchar');
}

/** DATE, TIME, DATETIME, TIMESTAMP, YEAR. */
export function isTemporalType(type: string): boolean {
  return TEMPORALS.has(type);
}

/** Geometry types. */
export function isSpatialType(type: string): boolean {
  return SPATIAL.has(type);
}

/** MySQL 8.0.19 and later print integers without display width. */
export function printsNoWidth(profile: ServerProfile): boolean {
  return profile.flavor === 'mysql' && profile.versionNumber >= 80019;
}

const SIGNED_WIDTH: Record<string, number> = { tinyint: 4, smallint: 6, mediumint: 9, int: 11, bigint: 20 };
const UNSIGNED_WIDTH: Record<string, number> = { tinyint: 3, smallint: 5, mediumint: 8, int: 10, bigint: 20 };

/** The width that the server shows for an integer column; undefined when it shows none. */
export function integerWidth(parts: TypeParts, profile: ServerProfile): number | undefined {
  const standard = (parts.unsigned ? UNSIGNED_WIDTH : SIGNED_WIDTH)[parts.type];
  const width = parts.length === undefined || parts.length === 0 ? standard : parts.length;
  if (!printsNoWidth(profile) || parts.zerofill) return width;
  return parts.type === 'tinyint' && !parts.unsigned && width === 1 ? 1 : undefined;
}

/** Text of a type as `information_schema.COLUMNS.COLUMN_TYPE` has it. */
export function formatColumnType(parts: TypeParts): string {
  let text = parts.type;
  if (parts.members !== undefined) {
    text += `(${parts.members.map(quoteMember).join(',')})`;
  } else if (parts.length !== undefined) {
    text += parts.decimals === undefined ? `(${parts.length})` : `(${parts.length},${parts.decimals})`;
  }
  if (parts.unsigned) text += ' unsigned';
  if (parts.zerofill) text += ' zerofill';
  if (parts.compressed === true) text += ' /*M!100301 COMPRESSED*/';
  return text;
}

/** Servers double quotes and escape what their data dictionary cannot hold plainly. */
function quoteMember(member: string): string {
  const text = member
    .replaceAll('\\', '\\\\')
    .replaceAll('\0', '\\0')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll("'", "''");
  return `'${text}'`;
}

/**
 * Reads what {@link formatColumnType} and the servers print. Unknown types keep their word as type.
 */
export function parseColumnType(text: string): TypeParts {
  const head = /^([a-z0-9_]+(?: precision)?)/i.exec(text);
  const type = (head?.[1] ?? text).toLowerCase();
  const parts: TypeParts = { type, unsigned: false, zerofill: false };
  let rest = text.slice(head?.[0].length ?? text.length);
  if (type === 'enum' || type === 'set') {
    const { members, end } = parseMembers(rest);
    parts.members = members;
    rest = rest.slice(end);
  } else {
    const numbers = /^\((\d+)(?:,(\d+))?\)/.exec(rest);
    if (numbers !== null) {
      parts.length = Number(numbers[1]);
      if (numbers[2] !== undefined) parts.decimals = Number(numbers[2]);
      rest = rest.slice(numbers[0].length);
    }
  }
  parts.unsigned = /\bunsigned\b/i.test(rest);
  parts.zerofill = /\bzerofill\b/i.test(rest);
  if (/\bCOMPRESSED\b/.test(rest)) parts.compressed = true;
  return parts;
}

/** Members of `('a','b')`; `end` is behind the closing parenthesis. */
function parseMembers(text: string): { members: string[]; end: number } {
  const members: string[] = [];
  let at = 1;
  while (at < text.length && text[at] === "'") {
    let member = '';
    at++;
    for (;;) {
      const char = text[at];
      if (char === undefined) return { members, end: at };
      if (char === "'") {
        if (text[at + 1] !== "'") break;
        member += "'";
        at += 2;
      } else if (char === '\\') {
        member += unescape(text[at + 1] ?? '');
        at += 2;
      } else {
        member += char;
        at++;
      }
    }
    members.push(member);
    at++;
    if (text[at] === ',') at++;
  }
  return { members, end: at + 1 };
}

function unescape(char: string): string {
  if (char === '0') return '\0';
  if (char === 'n') return '\n';
  return char === 'r' ? '\r' : char;
}
