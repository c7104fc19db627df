import type { DefaultClause } from '../ddl/index.js';
import { isIntegerType } from './column-type.js';
import { formatFloating, roundDecimal } from './default-numbers.js';
import { normalizeDate, normalizeDateTime, normalizeTime, normalizeYear } from './default-temporal.js';
import type { Column, ColumnDefault } from './model.js';
import { hasMode, type ServerProfile } from './server-profile.js';

type Literal = Extract<DefaultClause, { kind: 'string' | 'number' | 'hex' | 'bit' | 'boolean' | 'temporal' }>;

/**
 * The default of a column as the server keeps it: literals take the form that the type gives them (`1` becomes `1.00` in a
 * DECIMAL(5,2), `'B'` the member `b` of an ENUM), so that structures compare equal whichever way they were learned.
 */
export function resolveDefault(clause: DefaultClause, column: Column, profile: ServerProfile): ColumnDefault {
  switch (clause.kind) {
    case 'null':
      return { kind: 'null' };
    case 'current-timestamp':
      return { kind: 'expression', text: currentTimestamp(clause.digits) };
    case 'expression':
      return expressionDefault(clause.text, column, profile);
    default:
      return { kind: 'literal', value: literalValue(clause, column, profile) };
  }
}

/** `CURRENT_TIMESTAMP`, with its digits when there are any. */
export function currentTimestamp(digits: number): string {
  return digits === 0 ? 'CURRENT_TIMESTAMP' : `CURRENT_TIMESTAMP(${digits})`;
}

const CURRENT_TIMESTAMP = /^(?:current_timestamp|now|localtime|localtimestamp)\s*(?:\(\s*(\d*)\s*\))?$/i;

/**
 * MySQL keeps `(7)` as an expression, MariaDB as the literal it is. Outer parentheses are not part of the expression's
 * text.
 */
function expressionDefault(text: string, column: Column, profile: ServerProfile): ColumnDefault {
  const inner = stripParentheses(text.trim());
  const now = CURRENT_TIMESTAMP.exec(inner);
  if (now !== null) return { kind: 'expression', text: currentTimestamp(Number(now[1] ?? 0)) };
  if (profile.flavor === 'mariadb') {
    if (/^null$/i.test(inner)) return { kind: 'null' };
    const literal = plainLiteral(inner);
    if (literal !== undefined) return { kind: 'literal', value: literalValue(literal, column, profile) };
  }
  return { kind: 'expression', text: inner };
}

/** The literal that an expression consists of, if it is one. */
function plainLiteral(text: string): Literal | undefined {
  const span = { start: 0, end: text.length, text };
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return { ...span, kind: 'number', value: text };
  if (/^(?:true|false)$/i.test(text)) return { ...span, kind: 'boolean', value: text.toLowerCase() === 'true' };
  if (/^'(?:[^'\\]|'')*'$/.test(text)) {
    return { ...span, kind: 'string', value: text.slice(1, -1).replaceAll("''", "'") };
  }
  return undefined;
}

/** The text without parentheses that enclose all of it. */
export function stripParentheses(text: string): string {
  let inner = text;
  while (inner.startsWith('(') && closesAtEnd(inner)) inner = inner.slice(1, -1).trim();
  return inner;
}

function closesAtEnd(text: string): boolean {
  let depth = 0;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (quote !== '') {
      if (char === '\\' && quote !== '`') at++;
      else if (char === quote) quote = '';
    } else if (char === "'" || char === '"' || char === '`') {
      quote = char;
    } else if (char === '(') {
      depth++;
    } else if (char === ')') {
      depth--;
      if (depth === 0) return at === text.length - 1;
    }
  }
  return false;
}

function literalValue(literal: Literal, column: Column, profile: ServerProfile): string {
  const text = literalText(literal, column);
  return normalizeForType(text, literal, column, profile) ?? text;
}

/** The literal as text; numbers for numeric columns, characters for the others. */
function literalText(literal: Literal, column: Column): string {
  switch (literal.kind) {
    case 'boolean':
      return literal.value ? '1' : '0';
    case 'hex':
    case 'bit': {
      const digits = literal.value === '' ? '0' : literal.value;
      if (isIntegerType(column.type) || isFractional(column.type)) {
        return BigInt(literal.kind === 'hex' ? `0x${digits}` : `0b${digits}`).toString();
      }
      return literalBytes(literal).toString('utf8');
    }
    default:
      return literal.value;
  }
}

function isFractional(type: string): boolean {
  return type === 'decimal' || type === 'float' || type === 'double';
}

/** Bytes of a literal, text as UTF-8. */
function literalBytes(literal: Literal): Buffer {
  if (literal.kind === 'hex') return Buffer.from(literal.value, 'hex');
  if (literal.kind === 'bit') {
    const hex = BigInt(`0b${literal.value === '' ? '0' : literal.value}`).toString(16);
    return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  }
  if (literal.kind === 'boolean') return Buffer.from(literal.value ? '1' : '0');
  return Buffer.from(literal.value, 'utf8');
}

function normalizeForType(text: string, literal: Literal, column: Column, profile: ServerProfile): string | undefined {
  const rounds =
    profile.flavor === 'mysql'
      ? !hasMode(profile, 'TIME_TRUNCATE_FRACTIONAL')
      : hasMode(profile, 'TIME_ROUND_FRACTIONAL');
  const digits = column.length ?? 0;
  switch (column.type) {
    case 'tinyint':
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'bigint': {
      const rounded = roundDecimal(text, 0);
      return column.zerofill ? rounded?.padStart(digits, '0') : rounded;
    }
    case 'decimal': {
      const rounded = roundDecimal(text, column.decimals ?? 0);
      return column.zerofill ? padDecimal(rounded, column) : rounded;
    }
    case 'float':
    case 'double': {
      const printed = formatFloating(text, column.type === 'float', column.length, column.decimals);
      return column.zerofill ? padFloating(printed, column) : printed;
    }
    case 'bit':
      return bitValue(literal);
    case 'date':
      return normalizeDate(text);
    case 'datetime':
    case 'timestamp':
      return normalizeDateTime(text, digits, rounds);
    case 'time':
      return normalizeTime(text, digits, rounds);
    case 'year':
      return normalizeYear(text, literal.kind === 'number');
    case 'enum':
      return enumMember(text, literal, column);
    case 'set':
      return setMembers(text, literal, column);
    case 'char':
      return text.replace(/ +$/, '');
    case 'binary':
    case 'varbinary':
      return binaryValue(literal, column);
    case 'uuid':
      return text.toLowerCase();
    default:
      return text;
  }
}

/** ZEROFILL of a DECIMAL pads to all its digits. */
function padDecimal(text: string | undefined, column: Column): string | undefined {
  const scale = column.decimals ?? 0;
  return text?.padStart((column.length ?? 10) + (scale > 0 ? 1 : 0), '0');
}

const FLOAT_WIDTH = 12;
const DOUBLE_WIDTH = 22;

function padFloating(text: string | undefined, column: Column): string | undefined {
  return text?.padStart(column.length ?? (column.type === 'float' ? FLOAT_WIDTH : DOUBLE_WIDTH), '0');
}

/** `b'101'`, the form in which both servers print it. */
function bitValue(literal: Literal): string {
  if (literal.kind === 'number') return `b'${BigInt(roundDecimal(literal.value, 0) ?? '0').toString(2)}'`;
  const hex = literalValueHex(literal);
  return `b'${hex === '' ? '0' : BigInt(`0x${hex}`).toString(2)}'`;
}

function literalValueHex(literal: Literal): string {
  if (literal.kind === 'boolean') return literal.value ? '01' : '00';
  return literalBytes(literal).toString('hex');
}

/** `0x...` with the padding that BINARY(n) gives. */
function binaryValue(literal: Literal, column: Column): string {
  let hex = literalBytes(literal).toString('hex');
  if (column.type === 'binary') hex = hex.padEnd((column.length ?? 1) * 2, '0');
  return `0x${hex.toUpperCase()}`;
}

/** A number chooses the member by its place, text by its name, whatever the case. */
function enumMember(text: string, literal: Literal, column: Column): string | undefined {
  const members = column.members ?? [];
  if (literal.kind === 'number') return members[Number(text) - 1];
  const trimmed = text.replace(/ +$/, '');
  return members.find((member) => member === trimmed) ?? members.find((member) => sameText(member, trimmed));
}

function setMembers(text: string, literal: Literal, column: Column): string | undefined {
  const members = column.members ?? [];
  if (literal.kind === 'number') {
    const bits = BigInt(roundDecimal(text, 0) ?? '0');
    return members.filter((_, index) => ((bits >> BigInt(index)) & 1n) === 1n).join(',');
  }
  const wanted = text.split(',').map((part) => part.replace(/ +$/, ''));
  return members.filter((member) => wanted.some((part) => sameText(part, member))).join(',');
}

/** Case and accents do not tell members apart in the usual collations; exact matches are looked for first. */
function sameText(a: string, b: string): boolean {
  return a.localeCompare(b, 'en', { sensitivity: 'base' }) === 0;
}
