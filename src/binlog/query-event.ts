import { decodeText } from '../mysql/charset.js';
import { collationById } from './collations.js';
import { CorruptEventError, Cursor } from './cursor.js';
import { inflateEnvelope } from './mariadb-compression.js';

/** What a Query event says of the session that ran the statement. */
export interface StatusVars {
  sqlMode?: bigint;
  charsetClient?: string;
  collationServer?: string;
  timeZone?: string;
  /** Of the statement's moment, behind the seconds of the event's header; written when the statement asks for them. */
  microseconds?: number;
  defaultUtf8mb4Collation?: string;
  explicitDefaultsForTimestamp?: boolean;
  /** Options of the session as bits; which of them are written depends on the server. */
  options?: number;
}

/** A Query event's content. */
export interface QueryBody {
  schema: string;
  sql: string;
  vars: StatusVars;
}

/** Bytes of the variables whose length is fixed and whose value we do not need (MySQL's `Query_event`, `statement_events.h`). */
const FIXED_LENGTH: Record<number, number> = {
  3: 4, // auto increment
  7: 2, // lc_time_names
  8: 2, // database collation
  9: 8, // table map for update
  10: 4, // master data written
  17: 8, // DDL xid
  19: 1, // sql_require_primary_key
  20: 1, // default table encryption
  129: 8, // MariaDB: xid
};

const OVER_MAX_DATABASES = 254;

/**
 * Reads a Query event's body, an Execute_load_query's when `fileFields` is the number of bytes of its own header.
 * @throws CorruptEventError, Error when the statement's charset cannot be read
 */
export function parseQueryEvent(body: Buffer, options: { compressed?: boolean; fileFields?: number } = {}): QueryBody {
  const cursor = new Cursor(body);
  cursor.skip(8); // thread id, execution time
  const schemaLength = cursor.u8();
  cursor.skip(2); // error code
  const varsLength = cursor.u16();
  cursor.skip(options.fileFields ?? 0);
  const vars = parseStatusVars(cursor.slice(varsLength));
  const schema = cursor.utf8(schemaLength);
  if (cursor.u8() !== 0) throw new CorruptEventError('no end of the schema name in a query event');
  const text = options.compressed === true ? inflateEnvelope(cursor.rest()) : cursor.rest();
  return { schema, sql: decodeText(text, vars.charsetClient ?? 'utf8mb4'), vars };
}

/** Whether a Query event's body is that of a BEGIN as servers write it; each transaction has one. */
export function isPlainBegin(body: Buffer): boolean {
  const at = body.length - 5;
  const isWord =
    body[at] === 0x42 &&
    body[at + 1] === 0x45 &&
    body[at + 2] === 0x47 &&
    body[at + 3] === 0x49 &&
    body[at + 4] === 0x4e;
  // Behind the fixed part, the status variables, the schema's name and its end.
  return isWord && at === 13 + body[8] + (body[11] | (body[12] << 8)) + 1;
}

/** Reads status variables up to the first unknown one, whose length nobody could tell. */
export function parseStatusVars(bytes: Buffer): StatusVars {
  const cursor = new Cursor(bytes);
  const vars: StatusVars = {};
  while (cursor.remaining > 0) {
    const code = cursor.u8();
    const fixed = FIXED_LENGTH[code];
    if (fixed !== undefined) cursor.skip(fixed);
    else if (!parseVariable(cursor, code, vars)) break;
  }
  return vars;
}

function parseVariable(cursor: Cursor, code: number, vars: StatusVars): boolean {
  switch (code) {
    case 0: // flags2
      vars.options = cursor.u32();
      return true;
    case 1:
      vars.sqlMode = cursor.u64();
      return true;
    case 2: // catalog, with a zero byte behind it
      cursor.skip(cursor.u8() + 1);
      return true;
    case 4:
      setCollations(cursor, vars);
      return true;
    case 5:
      vars.timeZone = cursor.utf8(cursor.u8());
      return true;
    case 6: // catalog
      cursor.skip(cursor.u8());
      return true;
    case 11: // invoker: user and host
      cursor.skip(cursor.u8());
      cursor.skip(cursor.u8());
      return true;
    case 12:
      skipDatabases(cursor);
      return true;
    case 13:
    case 128: // MariaDB
      vars.microseconds = cursor.u16() + cursor.u8() * 65_536;
      return true;
    case 16:
      vars.explicitDefaultsForTimestamp = cursor.u8() !== 0;
      return true;
    case 18:
      assignName(vars, 'defaultUtf8mb4Collation', cursor.u16());
      return true;
    case 130: // MariaDB: more flags of the GTID, those of a two-phase ALTER with its number
      if ((cursor.u8() & ALTER_ENDS) !== 0) cursor.skip(8);
      return true;
    case 131:
      setDefaultCollations(cursor, vars);
      return true;
    default:
      return false;
  }
}

/** MariaDB's flags of an ALTER TABLE whose start was logged before: it is committed or rolled back. */
const ALTER_ENDS = 4 | 8;

/** MariaDB 11.5 and later write `character_set_collations` before the other charsets: pairs of default and its replacement. */
function setDefaultCollations(cursor: Cursor, vars: StatusVars): void {
  const count = cursor.u8();
  for (let pair = 0; pair < count; pair++) {
    const charset = collationById(cursor.u16())?.charset;
    const id = cursor.u16();
    if (charset === 'utf8mb4') assignName(vars, 'defaultUtf8mb4Collation', id);
  }
}

function setCollations(cursor: Cursor, vars: StatusVars): void {
  const client = collationById(cursor.u16());
  cursor.skip(2); // connection collation
  if (client !== undefined) vars.charsetClient = client.charset;
  assignName(vars, 'collationServer', cursor.u16());
}

function assignName(vars: StatusVars, key: 'collationServer' | 'defaultUtf8mb4Collation', id: number): void {
  const collation = collationById(id);
  if (collation !== undefined) vars[key] = collation.name;
}

function skipDatabases(cursor: Cursor): void {
  const count = cursor.u8();
  if (count === OVER_MAX_DATABASES) return;
  for (let index = 0; index < count; index++) {
    while (cursor.u8() !== 0);
  }
}
