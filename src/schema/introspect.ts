import type { Connection } from 'mysql2/promise';
import { canonicalCharset, canonicalCollation, charsetOfCollation } from './charsets.js';
import { isSpatialType, parseColumnType } from './column-type.js';
import { readBinaryDefaults } from './introspect-binary.js';
import { readConstraints } from './introspect-constraints.js';
import { readIndexes } from './introspect-indexes.js';
import { defaultOf, unescapeExpression } from './introspect-default.js';
import { rowsOf, text, type InfoRow } from './introspect-rows.js';
import { SYSTEM_VERSIONING, type Column, type ColumnDefault, type Table } from './model.js';
import type { CharsetPair } from './resolve-type.js';
import { SEQUENCE } from './sequence.js';
import { isTidb, type ServerProfile } from './server-profile.js';

/** Tables of one query; keeps results small however many tables a database has. */
const CHUNK = 500;

/**
 * MariaDB opens all tables of the database for each query on its information_schema, unless it is about one: so the
 * chunks are larger, and few tables are asked for one by one.
 */
const MARIADB_CHUNK = 5000;
const MARIADB_FEW = 50;

/** `asked`: how many tables were named; undefined for a whole database. */
function chunkSize(profile: ServerProfile, asked: number | undefined): number {
  if (profile.flavor === 'mysql') return CHUNK;
  return asked !== undefined && asked <= MARIADB_FEW ? 1 : MARIADB_CHUNK;
}

/** Names of the base tables of a database, in order. Sequences and views are left out. */
export async function listTables(connection: Connection, schema: string): Promise<string[]> {
  const rows = await rowsOf(
    connection,
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = ? AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY TABLE_NAME`,
    [schema],
  );
  return rows.map((row) => text(row, 'name'));
}

/** The structure of one table, or sequence, as the server has it now; undefined when there is none of the name. */
export async function introspectTable(
  connection: Connection,
  profile: ServerProfile,
  schema: string,
  name: string,
): Promise<Table | undefined> {
  for await (const table of introspectTables(connection, profile, schema, [name])) return table;
  return undefined;
}

/**
 * Structures of a database's tables (of those named, or all), in a few queries for many tables; yields one after the
 * other so that the caller decides how many stay in memory. Reads information_schema only, so that no lock is waited for.
 * `partitioning` is not filled in. Names of views are left out.
 * @throws the driver's error
 */
export async function* introspectTables(
  connection: Connection,
  profile: ServerProfile,
  schema: string,
  names?: readonly string[],
): AsyncGenerator<Table> {
  const all = names ?? (await listTables(connection, schema));
  const size = chunkSize(profile, names?.length);
  for (let at = 0; at < all.length; at += size) {
    yield* await introspectChunk(connection, profile, schema, all.slice(at, at + size));
  }
}

async function introspectChunk(
  connection: Connection,
  profile: ServerProfile,
  schema: string,
  names: readonly string[],
): Promise<Table[]> {
  const tables = await readTables(connection, profile, schema, names);
  if (tables.size === 0) return [];
  await readColumns(connection, profile, schema, tables);
  if (profile.flavor === 'mariadb') await readSystemIds(connection, schema, tables);
  await readIndexes(connection, profile, schema, tables);
  await readConstraints(connection, profile, schema, tables);
  await readBinaryDefaults(connection, profile, schema, tables);
  return [...tables.values()];
}

async function readTables(
  connection: Connection,
  profile: ServerProfile,
  schema: string,
  names: readonly string[],
): Promise<Map<string, Table>> {
  const rows = await rowsOf(
    connection,
    `SELECT TABLE_NAME AS name, TABLE_COLLATION AS collation, ENGINE AS engine, TABLE_COMMENT AS comment, TABLE_TYPE AS type
     FROM information_schema.TABLES
     WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN (?) AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE')`,
    [schema, names],
  );
  const tables = new Map<string, Table>();
  // Stored as they were typed, found in any case.
  const folded = (name: string): string => (profile.lowerCaseTableNames === 2 ? name.toLowerCase() : name);
  const wanted = new Set(names.map(folded));
  for (const row of rows) {
    const name = text(row, 'name');
    // information_schema compares without accents in MariaDB
    if (!wanted.has(folded(name))) continue;
    const collation = canonicalCollation(text(row, 'collation'));
    const options: Record<string, string> = {};
    if (text(row, 'engine') !== '') options['ENGINE'] = text(row, 'engine');
    if (text(row, 'comment') !== '') options['COMMENT'] = text(row, 'comment');
    if (text(row, 'type') === 'SYSTEM VERSIONED') options[SYSTEM_VERSIONING] = '';
    if (text(row, 'type') === 'SEQUENCE') options[SEQUENCE] = '1';
    const charset = charsetOfCollation(collation) ?? '';
    const base = { schema, name, columns: [], indexes: [], foreignKeys: [], checks: [], charset, collation, options };
    tables.set(name, base);
  }
  return tables;
}

function hasSpatialIds(profile: ServerProfile): boolean {
  return profile.flavor === 'mysql' && profile.versionNumber >= 80003 && !isTidb(profile);
}

async function readColumns(
  connection: Connection,
  profile: ServerProfile,
  schema: string,
  tables: ReadonlyMap<string, Table>,
): Promise<void> {
  const srid = hasSpatialIds(profile) ? 'SRS_ID' : 'NULL';
  const rows = await rowsOf(
    connection,
    `SELECT TABLE_NAME AS tbl, COLUMN_NAME AS name, COLUMN_TYPE AS type, IS_NULLABLE AS nullable,
       COLUMN_DEFAULT AS dflt, CHARACTER_SET_NAME AS charset, COLLATION_NAME AS collation, EXTRA AS extra,
       GENERATION_EXPRESSION AS expression, COLUMN_COMMENT AS comment, ${srid} AS srid
     FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN (?)
     ORDER BY TABLE_NAME, ORDINAL_POSITION`,
    [schema, [...tables.keys()]],
  );
  for (const row of rows) tables.get(text(row, 'tbl'))?.columns.push(columnOf(row, profile));
}

/** MySQL shows the default of an ENUM or SET of bytes in hexadecimal. */
function membersAsText(value: ColumnDefault, column: Column): ColumnDefault {
  if (value.kind !== 'literal' || column.members === undefined || column.charset !== undefined) return value;
  if (!/^0x[0-9A-F]*$/i.test(value.value)) return value;
  return { kind: 'literal', value: Buffer.from(value.value.slice(2), 'hex').toString('utf8') };
}

/** MariaDB's REF_SYSTEM_ID, which stands in a table of its own. */
async function readSystemIds(
  connection: Connection,
  schema: string,
  tables: ReadonlyMap<string, Table>,
): Promise<void> {
  const names = [...tables.values()].filter((table) => table.columns.some((column) => isSpatialType(column.type)));
  if (names.length === 0) return;
  const rows = await rowsOf(
    connection,
    `SELECT G_TABLE_NAME AS tbl, G_GEOMETRY_COLUMN AS name, SRID AS srid FROM information_schema.GEOMETRY_COLUMNS
     WHERE G_TABLE_SCHEMA = ? AND G_TABLE_NAME IN (?) AND SRID <> 0`,
    [schema, names.map((table) => table.name)],
  );
  for (const row of rows) {
    const column = tables.get(text(row, 'tbl'))?.columns.find((entry) => entry.name === text(row, 'name'));
    if (column !== undefined) column.srid = Number(row['srid']);
  }
}

function columnOf(row: InfoRow, profile: ServerProfile): Column {
  const columnType = text(row, 'type');
  const { compressed: _compressed, ...parts } = parseColumnType(columnType);
  const extra = text(row, 'extra');
  const column: Column = {
    name: text(row, 'name'),
    ...parts,
    columnType,
    nullable: text(row, 'nullable') === 'YES',
    autoIncrement: /\bauto_increment\b/i.test(extra),
    invisible: /\bINVISIBLE\b/.test(extra),
  };
  if (row['charset'] !== null) column.charset = canonicalCharset(text(row, 'charset'));
  if (row['collation'] !== null) column.collation = canonicalCollation(text(row, 'collation'));
  const generated = /\b(VIRTUAL|STORED|PERSISTENT) GENERATED\b/i.exec(extra);
  if (generated !== null) {
    column.generated = {
      kind: generated[1]?.toUpperCase() === 'VIRTUAL' ? 'VIRTUAL' : 'STORED',
      expression: unescapeExpression(text(row, 'expression'), profile),
    };
  } else {
    const value = defaultOf(row['dflt'], column, extra, profile);
    if (value !== undefined) column.default = membersAsText(value, column);
  }
  const onUpdate = /\bon update current_timestamp(?:\((\d*)\))?/i.exec(extra);
  if (onUpdate !== null) column.onUpdate = onUpdate[1] === undefined || onUpdate[1] === '' ? '0' : onUpdate[1];
  if (row['srid'] !== null) column.srid = Number(row['srid']);
  if (text(row, 'comment') !== '') column.comment = text(row, 'comment');
  return column;
}

/**
 * Default charset and collation of a database as the server has them now; undefined when there is no such database.
 * @throws the driver's error
 */
export async function loadDatabaseDefaults(connection: Connection, schema: string): Promise<CharsetPair | undefined> {
  const [row] = await rowsOf(
    connection,
    `SELECT DEFAULT_CHARACTER_SET_NAME AS charset, DEFAULT_COLLATION_NAME AS collation
     FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?`,
    [schema],
  );
  if (row === undefined) return undefined;
  return { charset: canonicalCharset(text(row, 'charset')), collation: canonicalCollation(text(row, 'collation')) };
}
