/**
 * Compares tables of two servers row by row. The servers hash each row; sums of the hashes in 256 buckets travel. Sums
 * count duplicates, so tables without any key are compared as multisets.
 */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { canonicalColumn, quoteName, rowHash } from './canonical.js';
import type { ComparedColumn } from './canonical.js';

/** Rows shown of each differing table and side. */
const ROWS_SHOWN = 5;
/** Longest value shown. */
const VALUE_SHOWN = 80;

export interface TableName {
  schema: string;
  table: string;
}

export interface TablePair {
  up: TableName;
  down: TableName;
}

/** One table that is not the same on both sides. */
export interface TableDifference {
  pair: TablePair;
  /** Sentences for people. */
  details: string[];
}

export interface Comparison {
  tables: number;
  /** Rows on the upstream's side. */
  rows: number;
  differences: TableDifference[];
}

interface Bucket {
  count: number;
  sums: string;
  /** Rows that the server could not hash. */
  unhashed: number;
}

/**
 * Compares all tables of the given databases, by the same names on both sides.
 *
 * @param rename upstream database -> downstream database; default the same
 */
export async function compareDatabases(
  up: Connection,
  down: Connection,
  databases: string[],
  rename: (database: string) => string = (d) => d,
): Promise<Comparison> {
  const pairs: TablePair[] = [];
  const missing: TableDifference[] = [];
  for (const schema of databases) {
    const target = rename(schema);
    const ours = await tablesOf(up, schema);
    const theirs = await tablesOf(down, target);
    for (const table of new Set([...ours, ...theirs])) {
      const pair = { up: { schema, table }, down: { schema: target, table } };
      if (!theirs.includes(table)) missing.push({ pair, details: ['missing downstream'] });
      else if (!ours.includes(table)) missing.push({ pair, details: ['missing upstream'] });
      else pairs.push(pair);
    }
  }
  const result = await compareTables(up, down, pairs);
  return { ...result, tables: pairs.length + missing.length, differences: [...missing, ...result.differences] };
}

/** Compares pairs of tables; the session variables it needs are set on both connections. */
export async function compareTables(up: Connection, down: Connection, pairs: TablePair[]): Promise<Comparison> {
  await Promise.all([prepareSession(up), prepareSession(down)]);
  const result: Comparison = { tables: pairs.length, rows: 0, differences: [] };
  for (const pair of pairs) {
    const [ours, theirs] = await Promise.all([columnsOf(up, pair.up), columnsOf(down, pair.down)]);
    agreeOnLengths(ours, theirs);
    const names = (columns: ComparedColumn[]): string => columns.map((c) => c.name).join(', ');
    if (ours.length === 0 || names(ours) !== names(theirs)) {
      const details = [`columns differ: upstream (${names(ours)}), downstream (${names(theirs)})`];
      result.differences.push({ pair, details });
      continue;
    }
    const [left, right] = await Promise.all([bucketsOf(up, pair.up, ours), bucketsOf(down, pair.down, theirs)]);
    for (const bucket of left.values()) result.rows += bucket.count;
    const details = await explain(up, down, pair, { ours, theirs, left, right });
    if (details.length > 0) result.differences.push({ pair, details });
  }
  return result;
}

/** The comparison for people, one line a table and a few lines for its rows. */
export function formatComparison(comparison: Comparison): string {
  if (comparison.differences.length === 0) return `${comparison.tables} tables, ${comparison.rows} rows: equal`;
  const lines = [`${comparison.differences.length} of ${comparison.tables} tables differ`];
  for (const { pair, details } of comparison.differences) {
    lines.push(`${pair.up.schema}.${pair.up.table} -> ${pair.down.schema}.${pair.down.table}:`);
    lines.push(...details.map((d) => `  ${d}`));
  }
  return lines.join('\n');
}

async function prepareSession(connection: Connection): Promise<void> {
  // TIMESTAMP shows in the session's zone; an SQL mode with ANSI_QUOTES or PAD_CHAR_TO_FULL_LENGTH would change texts.
  await connection.query("SET time_zone = '+00:00', sql_mode = '', NAMES utf8mb4");
}

async function tablesOf(connection: Connection, schema: string): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE' ORDER BY 1",
    [schema],
  );
  return rows.map((r) => String(r.name));
}

async function columnsOf(connection: Connection, name: TableName): Promise<ComparedColumn[]> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT COLUMN_NAME AS name, DATA_TYPE AS type, CHARACTER_MAXIMUM_LENGTH AS length FROM information_schema.COLUMNS ' +
      'WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION',
    [name.schema, name.table],
  );
  return rows.map((r) => ({
    name: String(r.name),
    dataType: String(r.type).toLowerCase(),
    ...(r.length === null ? {} : { maxLength: Number(r.length) }),
  }));
}

/** The form of a value depends on its column's length, and must be the same on both sides. */
function agreeOnLengths(ours: ComparedColumn[], theirs: ComparedColumn[]): void {
  for (const [i, column] of ours.entries()) {
    const other = theirs[i];
    if (!other) return;
    const longest = Math.max(column.maxLength ?? Infinity, other.maxLength ?? Infinity);
    column.maxLength = longest;
    other.maxLength = longest;
  }
}

function qualified(name: TableName): string {
  return `${quoteName(name.schema)}.${quoteName(name.table)}`;
}

async function bucketsOf(
  connection: Connection,
  name: TableName,
  columns: ComparedColumn[],
): Promise<Map<string, Bucket>> {
  const part = (from: number): string => `SUM(CAST(CONV(SUBSTR(h, ${from}, 15), 16, 10) AS UNSIGNED))`;
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT COALESCE(LEFT(h, 2), '') AS bucket, COUNT(*) AS n, SUM(h IS NULL) AS unhashed, ` +
      `CAST(CONCAT_WS(' ', ${part(3)}, ${part(18)}, ${part(33)}) AS CHAR) AS sums ` +
      `FROM (SELECT ${rowHash(columns)} AS h FROM ${qualified(name)}) AS hashed GROUP BY 1`,
  );
  return new Map(
    rows.map((r) => [
      String(r.bucket),
      { count: Number(r.n), sums: String(r.sums), unhashed: Number(r.unhashed) } satisfies Bucket,
    ]),
  );
}

interface Sides {
  ours: ComparedColumn[];
  theirs: ComparedColumn[];
  left: Map<string, Bucket>;
  right: Map<string, Bucket>;
}

async function explain(up: Connection, down: Connection, pair: TablePair, sides: Sides): Promise<string[]> {
  const { left, right } = sides;
  const unhashed = [...left.values(), ...right.values()].reduce((n, b) => n + b.unhashed, 0);
  if (unhashed > 0) return [`${unhashed} rows are too big for the servers to hash`];
  const differing = [...new Set([...left.keys(), ...right.keys()])].filter(
    (k) => left.get(k)?.count !== right.get(k)?.count || left.get(k)?.sums !== right.get(k)?.sums,
  );
  if (differing.length === 0) return [];
  const total = (buckets: Map<string, Bucket>): number => [...buckets.values()].reduce((n, b) => n + b.count, 0);
  const details = [`rows: upstream ${total(left)}, downstream ${total(right)}`];
  const shown = differing.sort().slice(0, ROWS_SHOWN);
  const [a, b] = await Promise.all([
    hashesOf(up, pair.up, sides.ours, shown),
    hashesOf(down, pair.down, sides.theirs, shown),
  ]);
  details.push(...(await surplus(up, pair.up, sides.ours, a, b, 'upstream')));
  details.push(...(await surplus(down, pair.down, sides.theirs, b, a, 'downstream')));
  return details;
}

async function hashesOf(
  connection: Connection,
  name: TableName,
  columns: ComparedColumn[],
  buckets: string[],
): Promise<Map<string, number>> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT h, COUNT(*) AS n FROM (SELECT ${rowHash(columns)} AS h FROM ${qualified(name)}) AS hashed ` +
      'WHERE LEFT(h, 2) IN (?) GROUP BY h',
    [buckets],
  );
  return new Map(rows.map((r) => [String(r.h), Number(r.n)]));
}

/** Rows that one side has more often than the other. */
async function surplus(
  connection: Connection,
  name: TableName,
  columns: ComparedColumn[],
  here: Map<string, number>,
  there: Map<string, number>,
  side: string,
): Promise<string[]> {
  const more = [...here].filter(([hash, n]) => n > (there.get(hash) ?? 0)).slice(0, ROWS_SHOWN);
  const lines: string[] = [];
  for (const [hash, n] of more) {
    const shown = columns.map((c) => `LEFT(${readable(c)}, ${VALUE_SHOWN}) AS ${quoteName(c.name)}`);
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT ${shown.join(', ')} FROM ${qualified(name)} WHERE ${rowHash(columns)} = ? LIMIT 1`,
      [hash],
    );
    const values = columns.map((c) => `${c.name}=${String(rows[0]?.[c.name] ?? 'NULL')}`).join(' ');
    lines.push(`${side} has ${n} instead of ${there.get(hash) ?? 0}: ${values}`);
  }
  return lines;
}

function readable(column: ComparedColumn): string {
  const name = quoteName(column.name);
  if (/char|text|enum|set|uuid|inet|json/.test(column.dataType)) return `CONVERT(${name} USING utf8mb4)`;
  if (/blob|binary|geometry|point|line|polygon|collection|vector/.test(column.dataType)) return `HEX(${name})`;
  if (/float|double/.test(column.dataType)) return `CAST(${name} * 1e0 AS CHAR)`;
  return `SUBSTR(${canonicalColumn(column)}, 2)`;
}
