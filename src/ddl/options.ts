import type { TableOption } from './ast.js';
import type { Cursor } from './cursor.js';
import { T } from './lexer.js';
import { readCharset, readCharsetName } from './types.js';

/** Options with one value, a word, number or text, `=` being optional. */
const VALUE_OPTIONS: ReadonlySet<string> = new Set(
  `AUTOEXTEND_SIZE AUTO_INCREMENT AVG_ROW_LENGTH CHECKSUM TABLE_CHECKSUM COMMENT COMPRESSION CONNECTION
  DELAY_KEY_WRITE ENCRYPTION ENGINE TYPE ENGINE_ATTRIBUTE INSERT_METHOD KEY_BLOCK_SIZE MAX_ROWS MIN_ROWS PACK_KEYS PASSWORD
  ROW_FORMAT SECONDARY_ENGINE SECONDARY_ENGINE_ATTRIBUTE STATS_AUTO_RECALC STATS_PERSISTENT STATS_SAMPLE_PAGES TABLESPACE
  NODEGROUP PAGE_CHECKSUM TRANSACTIONAL SEQUENCE IETF_QUOTES ENCRYPTION_KEY_ID ENCRYPTED PAGE_COMPRESSED
  PAGE_COMPRESSION_LEVEL SHARD_ROW_ID_BITS PRE_SPLIT_REGIONS AUTO_ID_CACHE AUTO_RANDOM_BASE TTL_ENABLE TTL_JOB_INTERVAL
  AUTO_REFRESH
  AUTO_REFRESH_SOURCE ALLOW_MISSING_FILES VERIFY_KEY_CONSTRAINTS STRICT_LOAD STATS_BUCKETS STATS_TOPN STATS_COL_CHOICE STATS_COL_LIST STATS_SAMPLE_RATE AFFINITY`.split(
    /\s+/,
  ),
);

/** Reads one table option; undefined when none begins here. */
export function readTableOption(cursor: Cursor): TableOption | undefined {
  const { start, code } = cursor;
  if (cursor.kind !== T.Word && cursor.kind !== T.QuotedIdent) return undefined;
  const option = readCharsetOption(cursor) ?? readWordyOption(cursor) ?? readValueOption(cursor, code);
  return option === undefined ? undefined : { ...option, ...cursor.spanFrom(start) };
}

type NameValue = Pick<TableOption, 'name' | 'value'>;

/** [DEFAULT] CHARACTER SET and [DEFAULT] COLLATE, also of databases. */
export function readCharsetOption(cursor: Cursor): NameValue | undefined {
  const mark = cursor.mark();
  const preset = cursor.take('DEFAULT');
  if (cursor.code === 'CHARSET' || cursor.at('CHARACTER', 'SET') || cursor.at('CHAR', 'SET')) {
    return { name: 'CHARACTER SET', value: readCharset(cursor) };
  }
  if (cursor.take('COLLATE')) {
    cursor.take('=');
    return { name: 'COLLATE', value: readCharsetName(cursor, 'collation name') };
  }
  if (preset) cursor.reset(mark);
  return undefined;
}

/** Options of more than a word and a value. */
function readWordyOption(cursor: Cursor): NameValue | undefined {
  switch (cursor.code) {
    case 'UNION':
      return readUnion(cursor);
    case 'DATA':
    case 'INDEX':
      return readDirectory(cursor);
    case 'FILES':
    case 'FILE_FORMAT':
      return readFiles(cursor);
    case 'STORAGE':
      return readStorage(cursor);
    case 'WITH':
      return readSystemVersioning(cursor);
    case 'START':
      if (!cursor.take('START', 'TRANSACTION')) return undefined;
      return { name: 'START TRANSACTION', value: '' };
    case 'PLACEMENT':
      cursor.expect('PLACEMENT', 'POLICY');
      return { name: 'PLACEMENT POLICY', value: readValue(cursor) };
    case 'TTL':
      return readTtl(cursor);
    default:
      return undefined;
  }
}

function readUnion(cursor: Cursor): NameValue {
  cursor.skip();
  cursor.take('=');
  const { start } = cursor;
  cursor.expect('(');
  if (cursor.code !== ')') {
    do cursor.objectName('table', 'union');
    while (cursor.take(','));
  }
  cursor.expect(')');
  return { name: 'UNION', value: cursor.textFrom(start) };
}

function readDirectory(cursor: Cursor): NameValue {
  const name = `${cursor.code} DIRECTORY`;
  cursor.skip();
  cursor.expect('DIRECTORY');
  cursor.take('=');
  return { name, value: cursor.expectString('a quoted path') };
}

/** FILES = (..) and FILE_FORMAT = (..) of MySQL 9's external tables. */
function readFiles(cursor: Cursor): NameValue {
  const name = cursor.code;
  cursor.skip();
  cursor.take('=');
  const inner = cursor.parenthesised();
  return { name, value: cursor.text.slice(inner.start, inner.end).trim() };
}

/** STORAGE DISK/MEMORY, and STORAGE ENGINE = x in partition definitions. */
function readStorage(cursor: Cursor): NameValue {
  cursor.skip();
  if (cursor.take('ENGINE')) return { name: 'ENGINE', value: readValue(cursor) };
  return { name: 'STORAGE', value: readValue(cursor) };
}

function readSystemVersioning(cursor: Cursor): NameValue | undefined {
  return cursor.take('WITH', 'SYSTEM', 'VERSIONING') ? { name: 'WITH SYSTEM VERSIONING', value: '' } : undefined;
}

/** TiDB: TTL = `c` + INTERVAL 1 DAY. */
function readTtl(cursor: Cursor): NameValue {
  cursor.skip();
  cursor.take('=');
  const { start } = cursor;
  cursor.expectIdent('column name');
  cursor.expect('+', 'INTERVAL');
  cursor.skip();
  cursor.expectIdent('unit of time');
  return { name: 'TTL', value: cursor.textFrom(start) };
}

/** Table option with a value; MariaDB's storage engines define names of their own, which need the `=`. */
function readValueOption(cursor: Cursor, code: string): NameValue | undefined {
  const assigned = cursor.codeAt(1) === '=' && cursor.atIdent && cursor.dialect.flavor !== 'mysql';
  if (!assigned && !VALUE_OPTIONS.has(code)) return undefined;
  const name = cursor.expectIdent('option name').name.toUpperCase();
  return { name: name === 'TYPE' ? 'ENGINE' : name, value: readValue(cursor) };
}

/** `[=] value`, without quotes. */
function readValue(cursor: Cursor): string {
  cursor.take('=');
  const text = cursor.takeString();
  if (text !== undefined) return text;
  const sign = cursor.take('-') ? '-' : '';
  if (cursor.kind === T.QuotedIdent) return cursor.expectIdent('value').name;
  if (cursor.kind === T.Number || cursor.kind === T.Word || cursor.kind === T.Hex) return sign + cursor.takeRaw();
  throw cursor.error('option value');
}

/** Reads the options of CREATE and ALTER DATABASE up to the end. */
export function readDatabaseOptions(cursor: Cursor): TableOption[] {
  const options: TableOption[] = [];
  while (!cursor.ended) {
    const { start } = cursor;
    const option = readCharsetOption(cursor) ?? readOtherDatabaseOption(cursor);
    options.push({ ...option, ...cursor.spanFrom(start) });
  }
  return options;
}

function readOtherDatabaseOption(cursor: Cursor): NameValue {
  cursor.take('DEFAULT');
  if (cursor.take('ENCRYPTION')) return { name: 'ENCRYPTION', value: readValue(cursor) };
  if (cursor.take('COMMENT')) return { name: 'COMMENT', value: readValue(cursor) };
  if (cursor.take('READ')) {
    cursor.expect('ONLY');
    return { name: 'READ ONLY', value: readValue(cursor) };
  }
  if (cursor.take('PLACEMENT')) {
    cursor.expect('POLICY');
    return { name: 'PLACEMENT POLICY', value: readValue(cursor) };
  }
  throw cursor.error('CHARACTER SET, COLLATE, ENCRYPTION, COMMENT or READ ONLY');
}
