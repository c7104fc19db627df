import type { DataType } from './ast.js';
import type { Cursor } from './cursor.js';
import { T } from './lexer.js';

/** What may follow a type's name. */
type Shape = 'integer' | 'real' | 'decimal' | 'length' | 'text' | 'members' | 'plain';

/** First words of types, with the base type and what may follow. Types of several words are in {@link readTypeWords}. */
const TYPES: Record<string, readonly [name: string, shape: Shape]> = {
  TINYINT: ['tinyint', 'integer'],
  INT1: ['tinyint', 'integer'],
  SMALLINT: ['smallint', 'integer'],
  INT2: ['smallint', 'integer'],
  MEDIUMINT: ['mediumint', 'integer'],
  MIDDLEINT: ['mediumint', 'integer'],
  INT3: ['mediumint', 'integer'],
  INT: ['int', 'integer'],
  INTEGER: ['int', 'integer'],
  INT4: ['int', 'integer'],
  BIGINT: ['bigint', 'integer'],
  INT8: ['bigint', 'integer'],
  BOOL: ['tinyint', 'plain'],
  BOOLEAN: ['tinyint', 'plain'],
  BIT: ['bit', 'length'],
  FLOAT: ['float', 'real'],
  FLOAT4: ['float', 'real'],
  FLOAT8: ['double', 'real'],
  DOUBLE: ['double', 'real'],
  REAL: ['double', 'real'],
  DECIMAL: ['decimal', 'decimal'],
  DEC: ['decimal', 'decimal'],
  NUMERIC: ['decimal', 'decimal'],
  FIXED: ['decimal', 'decimal'],
  CHAR: ['char', 'text'],
  CHARACTER: ['char', 'text'],
  NCHAR: ['char', 'text'],
  VARCHAR: ['varchar', 'text'],
  VARCHARACTER: ['varchar', 'text'],
  NVARCHAR: ['varchar', 'text'],
  BINARY: ['binary', 'length'],
  VARBINARY: ['varbinary', 'length'],
  TINYTEXT: ['tinytext', 'text'],
  TEXT: ['text', 'text'],
  MEDIUMTEXT: ['mediumtext', 'text'],
  LONGTEXT: ['longtext', 'text'],
  TINYBLOB: ['tinyblob', 'plain'],
  BLOB: ['blob', 'length'],
  MEDIUMBLOB: ['mediumblob', 'plain'],
  LONGBLOB: ['longblob', 'plain'],
  ENUM: ['enum', 'members'],
  SET: ['set', 'members'],
  DATE: ['date', 'plain'],
  TIME: ['time', 'length'],
  DATETIME: ['datetime', 'length'],
  TIMESTAMP: ['timestamp', 'length'],
  // YEAR takes UNSIGNED and ZEROFILL as numbers do
  YEAR: ['year', 'integer'],
  JSON: ['json', 'text'],
  SERIAL: ['bigint', 'plain'],
  GEOMETRY: ['geometry', 'plain'],
  POINT: ['point', 'plain'],
  LINESTRING: ['linestring', 'plain'],
  POLYGON: ['polygon', 'plain'],
  MULTIPOINT: ['multipoint', 'plain'],
  MULTILINESTRING: ['multilinestring', 'plain'],
  MULTIPOLYGON: ['multipolygon', 'plain'],
  GEOMETRYCOLLECTION: ['geometrycollection', 'plain'],
  GEOMCOLLECTION: ['geometrycollection', 'plain'],
  VECTOR: ['vector', 'length'],
};

const MARIADB_TYPES: Record<string, readonly [name: string, shape: Shape]> = {
  UUID: ['uuid', 'plain'],
  INET6: ['inet6', 'plain'],
  INET4: ['inet4', 'plain'],
  XMLTYPE: ['xmltype', 'plain'],
};

/** Names that mean something else, or something at all, only under MariaDB's sql_mode ORACLE. */
const ORACLE_TYPES: Record<string, readonly [name: string, shape: Shape]> = {
  VARCHAR2: ['varchar', 'text'],
  NUMBER: ['decimal', 'decimal'],
  RAW: ['varbinary', 'length'],
  CLOB: ['longtext', 'text'],
  BLOB: ['longblob', 'plain'],
  DATE: ['datetime', 'plain'],
};

/** Own property only: a type named `constructor` is none. */
function lookUp(
  table: Record<string, readonly [name: string, shape: Shape]>,
  word: string,
): readonly [name: string, shape: Shape] | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

/** Reads a data type with its own attributes (UNSIGNED, CHARACTER SET, BINARY...). */
export function readDataType(cursor: Cursor): DataType {
  const { start } = cursor;
  const typeSchema = takeTypeSchema(cursor);
  const wordsStart = cursor.start;
  const { name, shape, national } = readTypeWords(cursor, typeSchema);
  const written = cursor.textFrom(wordsStart).replaceAll(/\s+/g, ' ').toUpperCase();
  const type: DataType = {
    name,
    written,
    unsigned: written === 'SERIAL',
    zerofill: false,
    binaryCollation: false,
    serial: written === 'SERIAL',
    ...(national ? { charset: 'utf8mb3' } : {}),
    start,
    end: cursor.end,
  };
  readArguments(cursor, type, shape);
  if (shape === 'integer' || shape === 'real' || shape === 'decimal') readSigns(cursor, type);
  if (shape === 'text' || shape === 'members') readTextAttributes(cursor, type);
  settle(cursor, type);
  type.end = cursor.end;
  return type;
}

/** MariaDB prints `mariadb_schema.date` where sql_mode ORACLE would read plain DATE otherwise; gives the schema. */
function takeTypeSchema(cursor: Cursor): string | undefined {
  if (cursor.dialect.flavor !== 'mariadb' || cursor.codeAt(1) !== '.') return undefined;
  const schema = cursor.takeOne(TYPE_SCHEMAS);
  if (schema !== undefined) cursor.take('.');
  return schema;
}

const TYPE_SCHEMAS: ReadonlySet<string> = new Set(['MARIADB_SCHEMA', 'ORACLE_SCHEMA', 'MAXDB_SCHEMA']);

function readTypeWords(
  cursor: Cursor,
  typeSchema: string | undefined,
): { name: string; shape: Shape; national: boolean } {
  const word = cursor.code;
  if (cursor.kind !== T.Word) throw cursor.error('data type');
  if (word === 'LONG') return readLong(cursor);
  if (word === 'NATIONAL') return readNational(cursor);
  const { flavor, realAsFloat } = cursor.dialect;
  const oracle = typeSchema === undefined ? cursor.dialect.oracle : typeSchema === 'ORACLE_SCHEMA';
  const found =
    (oracle ? lookUp(ORACLE_TYPES, word) : undefined) ??
    lookUp(TYPES, word) ??
    (flavor === 'mariadb' ? lookUp(MARIADB_TYPES, word) : undefined);
  if (found === undefined) throw cursor.error('data type');
  cursor.skip();
  const [name, shape] = found;
  const national = word === 'NCHAR' || word === 'NVARCHAR';
  if (typeSchema === 'MAXDB_SCHEMA' && name === 'timestamp') return { name: 'datetime', shape, national };
  if (word === 'DOUBLE') cursor.take('PRECISION');
  if (word === 'REAL' && realAsFloat) return { name: 'float', shape, national };
  if (name === 'char') {
    const varying = cursor.take('VARYING') || (word === 'NCHAR' && cursor.take('VARCHAR'));
    if (varying) return { name: 'varchar', shape, national };
  }
  return { name, shape, national };
}

/** LONG [VARCHAR | CHAR VARYING | VARCHARACTER] and LONG VARBINARY. */
function readLong(cursor: Cursor): { name: string; shape: Shape; national: boolean } {
  cursor.skip();
  if (cursor.take('VARBINARY')) return { name: 'mediumblob', shape: 'plain', national: false };
  if (cursor.take('VARCHAR') || cursor.take('VARCHARACTER')) {
    return { name: 'mediumtext', shape: 'text', national: false };
  }
  if (cursor.at('CHAR', 'VARYING') || cursor.at('CHARACTER', 'VARYING')) {
    cursor.skip();
    cursor.skip();
  }
  return { name: 'mediumtext', shape: 'text', national: false };
}

function readNational(cursor: Cursor): { name: string; shape: Shape; national: boolean } {
  cursor.skip();
  if (cursor.take('VARCHAR') || cursor.take('VARCHARACTER')) return { name: 'varchar', shape: 'text', national: true };
  if (!cursor.take('CHAR') && !cursor.take('CHARACTER')) throw cursor.error('CHAR or VARCHAR');
  return { name: cursor.take('VARYING') ? 'varchar' : 'char', shape: 'text', national: true };
}

function readArguments(cursor: Cursor, type: DataType, shape: Shape): void {
  if (shape === 'members') {
    type.members = readMembers(cursor);
    return;
  }
  if (type.written === 'BOOL' || type.written === 'BOOLEAN') type.length = 1;
  if (shape === 'plain') return skipIdleNumbers(cursor);
  if (type.name === 'json' || !cursor.take('(')) return;
  type.length = cursor.expectInteger('a number');
  if ((shape === 'real' || shape === 'decimal') && cursor.take(',')) {
    type.decimals = takeSign(cursor) * cursor.expectInteger('a number');
  }
  cursor.expect(')');
}

/** MariaDB takes numbers that mean nothing behind types without length: GEOMETRY(9,4). */
function skipIdleNumbers(cursor: Cursor): void {
  if (cursor.dialect.flavor !== 'mariadb' || !cursor.take('(')) return;
  do cursor.expectInteger('a number');
  while (cursor.take(','));
  cursor.expect(')');
}

/** MariaDB's sql_mode ORACLE allows a negative scale. */
function takeSign(cursor: Cursor): 1 | -1 {
  return cursor.dialect.oracle && cursor.take('-') ? -1 : 1;
}

function readMembers(cursor: Cursor): string[] {
  const members: string[] = [];
  cursor.expect('(');
  do {
    members.push(cursor.expectTextLiteral('a quoted member'));
  } while (cursor.take(','));
  cursor.expect(')');
  return members;
}

function readSigns(cursor: Cursor, type: DataType): void {
  for (;;) {
    if (cursor.take('UNSIGNED')) type.unsigned = true;
    else if (cursor.take('ZEROFILL')) type.zerofill = type.unsigned = true;
    else if (!cursor.take('SIGNED')) return;
  }
}

const CHARSET_WORDS: ReadonlySet<string> = new Set(['CHARSET', 'CHAR', 'CHARACTER']);

function readTextAttributes(cursor: Cursor, type: DataType): void {
  // MariaDB writes COMPRESSED between the type and its character set; it is left for the column's attributes when last
  const mark = cursor.mark();
  if (cursor.dialect.flavor === 'mariadb' && cursor.take('COMPRESSED')) {
    if (cursor.take('=')) cursor.skip();
    if (startsTextAttribute(cursor)) type.compressed = true;
    else cursor.reset(mark);
  }
  for (;;) {
    if (cursor.take('ASCII')) type.charset = 'latin1';
    else if (cursor.take('UNICODE')) type.charset = 'ucs2';
    else if (cursor.take('BYTE')) type.charset = 'binary';
    else if (cursor.take('BINARY')) type.binaryCollation = true;
    else if (CHARSET_WORDS.has(cursor.code)) type.charset = readCharset(cursor);
    else return;
  }
}

function startsTextAttribute(cursor: Cursor): boolean {
  return CHARSET_WORDS.has(cursor.code) || ['ASCII', 'UNICODE', 'BYTE', 'BINARY'].includes(cursor.code);
}

/** CHARSET x, CHAR SET x, CHARACTER SET x, with or without `=`; lower case. `default` for DEFAULT. */
export function readCharset(cursor: Cursor): string {
  if (!cursor.take('CHARSET')) {
    if (!cursor.take('CHAR')) cursor.expect('CHARACTER');
    cursor.expect('SET');
  }
  cursor.take('=');
  return readCharsetName(cursor, 'character set name');
}

/** Name of a charset or collation: a word (also BINARY, DEFAULT), a quoted name or a text; lower case. */
export function readCharsetName(cursor: Cursor, what: string): string {
  if (cursor.take('BINARY')) return 'binary';
  if (cursor.take('DEFAULT')) return 'default';
  const name = cursor.takeString() ?? cursor.expectIdent(what).name;
  return name.toLowerCase();
}

/** What servers turn a type into at once. */
function settle(cursor: Cursor, type: DataType): void {
  const { flavor, serverVersion } = cursor.dialect;
  // servers drop trailing blanks of members; the character set binary has no blanks
  if (type.charset === 'binary') toBinary(type);
  else if (type.members !== undefined) type.members = type.members.map((member) => member.replace(/ +$/, ''));
  if (type.name === 'float' && type.length !== undefined && type.decimals === undefined) {
    // FLOAT(p): p only chooses the size
    if (type.length > 24) type.name = 'double';
    delete type.length;
  }
  if (type.name === 'blob' && type.length !== undefined) {
    type.name = sizedName('blob', type.length);
    delete type.length;
  }
  if (type.name === 'geometrycollection' && flavor === 'mysql' && serverVersion >= 80000) type.name = 'geomcollection';
  if (type.written === 'NUMBER' && type.length === undefined) type.name = 'double';
}

const BINARY_TWIN: Record<string, string> = {
  char: 'binary',
  varchar: 'varbinary',
  tinytext: 'tinyblob',
  text: 'blob',
  mediumtext: 'mediumblob',
  longtext: 'longblob',
};

/**
 * What a text type is in the character set binary, be it the column's own or the table's: `varchar` is `varbinary`. ENUM,
 * SET and all other types stay what they are.
 */
export function binaryTwin(typeName: string): string {
  return Object.hasOwn(BINARY_TWIN, typeName) ? (BINARY_TWIN[typeName] ?? typeName) : typeName;
}

/** Makes the type what CHARACTER SET binary, BYTE or COLLATE binary make of it. */
export function toBinary(type: DataType): void {
  const twin = binaryTwin(type.name);
  if (twin === type.name) return;
  type.name = twin;
  delete type.charset;
}

/**
 * The smallest type of the family that holds so many bytes, which is what BLOB(n) and TEXT(n) make. For TEXT, `bytes` is n
 * times the longest character of the column's charset, so it is for whoever resolves charsets to ask.
 */
export function sizedName(family: 'text' | 'blob', bytes: number): string {
  if (bytes < 256) return `tiny${family}`;
  if (bytes < 65536) return family;
  return bytes < 16777216 ? `medium${family}` : `long${family}`;
}
