import type { ColumnDefinition, ColumnPosition, DefaultClause, GeneratedClause, Ident, Span } from './ast.js';
import { readCheck, readReferences } from './keys.js';
import type { Cursor } from './cursor.js';
import { T } from './lexer.js';
import { bitDigits, hexDigits } from './literals.js';
import { readCharsetName, readDataType, toBinary } from './types.js';

/** Synonyms of CURRENT_TIMESTAMP. */
const NOW_WORDS: ReadonlySet<string> = new Set(['CURRENT_TIMESTAMP', 'NOW', 'LOCALTIME', 'LOCALTIMESTAMP']);

/** Reads `name type attributes...` of CREATE TABLE and of ADD, MODIFY and CHANGE. */
export function readColumn(cursor: Cursor, schema: string, ifNotExists = false): ColumnDefinition {
  const { start } = cursor;
  const name = cursor.columnName();
  return readColumnBody(cursor, { name, start, schema, ifNotExists });
}

/** Reads what stands behind a column's name. */
export function readColumnBody(
  cursor: Cursor,
  head: { name: Ident; start: number; schema: string; ifNotExists: boolean },
): ColumnDefinition {
  const type = readDataType(cursor);
  const column: ColumnDefinition = {
    element: 'column',
    ifNotExists: head.ifNotExists,
    name: head.name,
    type,
    autoIncrement: type.serial,
    autoRandom: false,
    primaryKey: false,
    unique: type.serial,
    checks: [],
    options: {},
    start: head.start,
    end: cursor.end,
  };
  if (type.serial) column.nullable = false;
  while (readAttribute(cursor, column, head.schema)) continue;
  if (column.collation === 'binary') toBinary(type);
  column.end = cursor.end;
  return column;
}

/** FIRST or AFTER c, if it stands here. */
export function readPosition(cursor: Cursor): ColumnPosition | undefined {
  const { start } = cursor;
  if (cursor.take('FIRST')) return { first: true, ...cursor.spanFrom(start) };
  if (!cursor.take('AFTER')) return undefined;
  const after = cursor.columnName();
  return { first: false, after, ...cursor.spanFrom(start) };
}

type AttributeReader = (cursor: Cursor, column: ColumnDefinition, schema: string) => void;

/** By first word. Each reader stands behind that word. */
const ATTRIBUTES: ReadonlyMap<string, AttributeReader> = new Map<string, AttributeReader>([
  ['NULL', (_, column) => void (column.nullable = true)],
  ['NOT', readNot],
  ['DEFAULT', (cursor, column) => void (column.default = readDefault(cursor))],
  ['ON', readOnUpdate],
  ['AUTO_INCREMENT', (_, column) => void (column.autoIncrement = true)],
  ['SERIAL', readSerialDefault],
  ['PRIMARY', readPrimary],
  ['KEY', (_, column) => void (column.primaryKey = true)],
  ['UNIQUE', readUnique],
  ['COMMENT', (cursor, column) => void (column.comment = cursor.expectString('comment text'))],
  ['COLLATE', readCollate],
  ['GENERATED', readGeneratedAlways],
  ['AS', (cursor, column) => void (column.generated = readGenerated(cursor))],
  ['VIRTUAL', (_, column) => setStored(column, false)],
  ['STORED', (_, column) => setStored(column, true)],
  ['PERSISTENT', (_, column) => setStored(column, true)],
  ['INVISIBLE', (_, column) => void (column.invisible = true)],
  ['VISIBLE', (_, column) => void (column.invisible = false)],
  ['SRID', (cursor, column) => void (column.srid = cursor.expectInteger('a number'))],
  ['REF_SYSTEM_ID', readRefSystemId],
  ['REFERENCES', (cursor, column, schema) => void (column.references = readReferences(cursor, schema))],
  ['CHECK', (cursor, column) => void column.checks.push(readCheck(cursor, cursor.end - 5))],
  ['CONSTRAINT', readInlineConstraint],
  ['COLUMN_FORMAT', (cursor, column) => setOption(column, 'COLUMN_FORMAT', cursor.takeRaw())],
  ['STORAGE', (cursor, column) => setOption(column, 'STORAGE', cursor.takeRaw())],
  ['COMPRESSED', readCompressed],
  ['WITH', (cursor, column) => readVersioning(cursor, column, true)],
  ['WITHOUT', (cursor, column) => readVersioning(cursor, column, false)],
  ['AUTO_RANDOM', readAutoRandom],
  ['CLUSTERED', (_, column) => setOption(column, 'CLUSTERED', '')],
  ['NONCLUSTERED', (_, column) => setOption(column, 'NONCLUSTERED', '')],
]);

function readAttribute(cursor: Cursor, column: ColumnDefinition, schema: string): boolean {
  const reader = cursor.kind === T.Word ? ATTRIBUTES.get(cursor.code) : undefined;
  if (reader === undefined) return readNamedOption(cursor, column);
  cursor.skip();
  reader(cursor, column, schema);
  return true;
}

const TEXT_OPTIONS: ReadonlySet<string> = new Set([
  'ENGINE_ATTRIBUTE',
  'SECONDARY_ENGINE_ATTRIBUTE',
  'EXTERNAL_FORMAT',
]);

/** ENGINE_ATTRIBUTE 'x' and the engine-defined `name = value` of MariaDB. */
function readNamedOption(cursor: Cursor, column: ColumnDefinition): boolean {
  const { code } = cursor;
  const engine = TEXT_OPTIONS.has(code);
  const assigned = cursor.dialect.flavor === 'mariadb' && cursor.atIdent && cursor.codeAt(1) === '=';
  if (!engine && !assigned) return false;
  const name = cursor.expectIdent('attribute name').name.toUpperCase();
  cursor.take('=');
  setOption(column, name, cursor.takeString() ?? readOptionWord(cursor));
  return true;
}

function readOptionWord(cursor: Cursor): string {
  if (cursor.kind !== T.Word && cursor.kind !== T.Number && cursor.kind !== T.QuotedIdent) {
    throw cursor.error('attribute value');
  }
  return cursor.takeRaw();
}

function setOption(column: ColumnDefinition, name: string, value: string): void {
  column.options[name] = value;
}

function setStored(column: ColumnDefinition, stored: boolean): void {
  if (column.generated !== undefined) column.generated.stored = stored;
}

function readNot(cursor: Cursor, column: ColumnDefinition): void {
  if (cursor.take('SECONDARY')) return setOption(column, 'NOT SECONDARY', '');
  cursor.expect('NULL');
  column.nullable = false;
}

function readOnUpdate(cursor: Cursor, column: ColumnDefinition): void {
  cursor.expect('UPDATE');
  const digits = readNow(cursor);
  if (digits === undefined) throw cursor.error('CURRENT_TIMESTAMP');
  column.onUpdate = { digits };
}

function readSerialDefault(cursor: Cursor, column: ColumnDefinition): void {
  cursor.expect('DEFAULT', 'VALUE');
  column.nullable = false;
  column.autoIncrement = true;
  column.unique = true;
}

function readPrimary(cursor: Cursor, column: ColumnDefinition): void {
  cursor.expect('KEY');
  column.primaryKey = true;
}

function readUnique(cursor: Cursor, column: ColumnDefinition): void {
  cursor.take('KEY');
  column.unique = true;
}

function readCollate(cursor: Cursor, column: ColumnDefinition): void {
  cursor.take('=');
  column.collation = readCharsetName(cursor, 'collation name');
}

function readRefSystemId(cursor: Cursor, column: ColumnDefinition): void {
  cursor.take('=');
  column.srid = cursor.expectInteger('a number');
}

function readCompressed(cursor: Cursor, column: ColumnDefinition): void {
  setOption(column, 'COMPRESSED', cursor.take('=') ? cursor.takeRaw() : '');
}

function readVersioning(cursor: Cursor, column: ColumnDefinition, on: boolean): void {
  cursor.expect('SYSTEM', 'VERSIONING');
  column.systemVersioning = on;
}

function readAutoRandom(cursor: Cursor, column: ColumnDefinition): void {
  column.autoRandom = true;
  if (cursor.code === '(') cursor.parenthesised();
}

/** CONSTRAINT [name] CHECK (..), PRIMARY KEY, UNIQUE or REFERENCES behind a column. */
function readInlineConstraint(cursor: Cursor, column: ColumnDefinition, schema: string): void {
  const start = cursor.end - 'CONSTRAINT'.length;
  const name = cursor.takeIdent();
  if (cursor.take('CHECK')) {
    column.checks.push({ ...readCheck(cursor, start), ...(name === undefined ? {} : { name }) });
  } else if (cursor.take('REFERENCES')) {
    column.references = readReferences(cursor, schema);
  } else throw cursor.error('CHECK');
}

function readGeneratedAlways(cursor: Cursor, column: ColumnDefinition): void {
  cursor.expect('ALWAYS', 'AS');
  column.generated = readGenerated(cursor);
}

function readGenerated(cursor: Cursor): GeneratedClause {
  const { start } = cursor;
  if (cursor.take('ROW', 'START')) return { kind: 'row-start', stored: true, ...cursor.spanFrom(start) };
  if (cursor.take('ROW', 'END')) return { kind: 'row-end', stored: true, ...cursor.spanFrom(start) };
  const inner = cursor.parenthesised();
  const expression = cursor.text.slice(inner.start, inner.end).trim();
  return { kind: 'expression', stored: false, expression, ...cursor.spanFrom(start) };
}

/** CURRENT_TIMESTAMP or a synonym; gives its fractional digits. */
function readNow(cursor: Cursor): number | undefined {
  const word = cursor.code;
  if (cursor.kind !== T.Word || !NOW_WORDS.has(word)) return undefined;
  if (word === 'NOW' && cursor.codeAt(1) !== '(') return undefined;
  cursor.skip();
  if (!cursor.take('(')) return 0;
  const digits = cursor.code === ')' ? 0 : cursor.expectInteger('fractional digits');
  cursor.expect(')');
  return digits;
}

/** Plain `Omit` would merge the kinds of a union into one. */
type OmitEach<U, K extends PropertyKey> = U extends unknown ? Omit<U, K> : never;
type DefaultValue = OmitEach<DefaultClause, 'text' | keyof Span>;

/** Reads what stands behind DEFAULT. */
export function readDefault(cursor: Cursor): DefaultClause {
  const { start } = cursor;
  const value = readDefaultValue(cursor);
  return { ...value, text: cursor.textFrom(start), ...cursor.spanFrom(start) };
}

function readDefaultValue(cursor: Cursor): DefaultValue {
  if (cursor.code === '(') {
    cursor.parenthesised();
    return { kind: 'expression' };
  }
  const literal = readLiteral(cursor);
  if (literal !== undefined) return literal;
  const digits = readNow(cursor);
  if (digits !== undefined) return { kind: 'current-timestamp', digits };
  return readBareExpression(cursor);
}

function readLiteral(cursor: Cursor): DefaultValue | undefined {
  const { kind, code } = cursor;
  if (kind === T.String || kind === T.NationalString) return { kind: 'string', value: cursor.expectString('text') };
  if (kind === T.Hex) return { kind: 'hex', value: hexDigits(cursor.takeRaw()) };
  if (kind === T.Bit) return { kind: 'bit', value: bitDigits(cursor.takeRaw()) };
  if (kind === T.Number) return { kind: 'number', value: cursor.takeRaw() };
  if (code === '-' || code === '+') return readSignedNumber(cursor);
  if (code === '{') return readOdbcLiteral(cursor);
  if (kind !== T.Word) return undefined;
  if (cursor.take('NULL')) return { kind: 'null' };
  if (code === 'TRUE' || code === 'FALSE') {
    cursor.skip();
    return { kind: 'boolean', value: code === 'TRUE' };
  }
  if (TEMPORAL_WORDS.has(code) && cursor.kindAt(1) === T.String) return readTemporal(cursor, code);
  if (code.startsWith('_')) return readIntroduced(cursor);
  return undefined;
}

const TEMPORAL_WORDS: ReadonlySet<string> = new Set(['DATE', 'TIME', 'TIMESTAMP']);
const ODBC_WORDS: Record<string, string> = { D: 'DATE', T: 'TIME', TS: 'TIMESTAMP' };

function readTemporal(cursor: Cursor, word: string): DefaultValue {
  cursor.skip();
  const type = word.toLowerCase() as 'date' | 'time' | 'timestamp';
  return { kind: 'temporal', type, value: cursor.expectString('text') };
}

/** {d '2020-01-01'}, {t '..'}, {ts '..'}. */
function readOdbcLiteral(cursor: Cursor): DefaultValue {
  cursor.expect('{');
  const word = ODBC_WORDS[cursor.code];
  if (word === undefined) throw cursor.error('d, t or ts');
  const value = readTemporal(cursor, word);
  cursor.expect('}');
  return value;
}

function readSignedNumber(cursor: Cursor): DefaultValue {
  const sign = cursor.takeRaw();
  if (cursor.kind !== T.Number) throw cursor.error('a number');
  return { kind: 'number', value: (sign === '-' ? '-' : '') + cursor.takeRaw() };
}

/** _utf8mb4'x', _binary x'41'. */
function readIntroduced(cursor: Cursor): DefaultValue | undefined {
  const kind = cursor.kindAt(1);
  if (kind !== T.String && kind !== T.Hex && kind !== T.Bit) return undefined;
  const charset = cursor.code.slice(1).toLowerCase();
  if (kind === T.String) return { kind: 'string', value: cursor.expectString('text'), charset };
  cursor.skip();
  const raw = cursor.takeRaw();
  return kind === T.Hex
    ? { kind: 'hex', value: hexDigits(raw), charset }
    : { kind: 'bit', value: bitDigits(raw), charset };
}

/**
 * MariaDB takes expressions without parentheses: a function call, a column, CASE, NEXT VALUE FOR. TiDB takes function
 * calls. MySQL takes none, so a text from it that comes here is wrong.
 */
function readBareExpression(cursor: Cursor): DefaultValue {
  const { flavor } = cursor.dialect;
  const { code, kind } = cursor;
  if (flavor === 'mariadb' && kind === T.Variable) {
    cursor.skip();
    return { kind: 'expression' };
  }
  if (flavor === 'mysql' || (kind !== T.Word && kind !== T.QuotedIdent)) throw cursor.error('default value');
  if (cursor.at('NEXT', 'VALUE', 'FOR') || cursor.at('PREVIOUS', 'VALUE', 'FOR')) {
    cursor.expressionStep();
    return { kind: 'expression' };
  }
  if (code === 'CASE') {
    skipCase(cursor);
    return { kind: 'expression' };
  }
  readCallOrName(cursor);
  return { kind: 'expression' };
}

const BARE_WORDS: ReadonlySet<string> = new Set([
  'CURRENT_DATE',
  'CURRENT_TIME',
  'CURRENT_USER',
  'CURRENT_ROLE',
  'UTC_DATE',
  'UTC_TIME',
  'UTC_TIMESTAMP',
]);

function readCallOrName(cursor: Cursor): void {
  const called = cursor.codeAt(1) === '(';
  if (!called && !BARE_WORDS.has(cursor.code) && !cursor.atIdent) throw cursor.error('default value');
  cursor.expressionStep();
  if (cursor.code === '(') cursor.parenthesised();
}

function skipCase(cursor: Cursor): void {
  let depth = 0;
  do {
    if (cursor.code === 'CASE') depth++;
    if (cursor.code === 'END') depth--;
    if (cursor.kind === T.End) throw cursor.error('END');
    if (cursor.code === '(') cursor.parenthesised();
    else cursor.expressionStep();
  } while (depth > 0);
}
