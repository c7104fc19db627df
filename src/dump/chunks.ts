import { queryRows, type DbConnection } from '../mysql/connect.js';
import { quoteColumns, quoteIdent, quoteTable } from '../mysql/quote.js';
import { typedJsonExpression, type JsonDetail } from './json-expression.js';
import { FORMAT } from './row-format.js';
import type { DumpKey, DumpTable, TableLayout, TableSize } from './tables.js';

/** Rows of one chunk when the user does not say (the DM dump unit's own default). */
const DEFAULT_CHUNK_ROWS = 200_000;
/** More chunks than this give nothing but many small files. */
const MAX_CHUNKS = 20_000;

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'integer', 'bigint']);

/** Options of {@link planChunks}. */
export interface ChunkOptions {
  /** Rows of a chunk; undefined = chosen by size. */
  rows: number | undefined;
  /** Bytes of a data file. */
  fileSize: number;
  where: string | undefined;
}

/**
 * Cuts a table into ranges of an integer key: primary before unique before ordinary. Gives one condition a chunk, in key
 * order; `['']` when the table is small or has no such key. Together the ranges hold every row exactly once.
 */
export async function planChunks(
  connection: DbConnection,
  table: DumpTable,
  layout: TableLayout,
  size: TableSize,
  options: ChunkOptions,
): Promise<string[]> {
  const target = chunkRows(size, options);
  const key = chunkKey(layout);
  if (key === undefined || size.rows <= target) return [''];
  const column = quoteIdent(key.columns[0] ?? '');
  const where = options.where === undefined ? '' : ` WHERE (${options.where}\n)`;
  const sql = `SELECT CAST(MIN(${column}) AS CHAR) AS low, CAST(MAX(${column}) AS CHAR) AS high FROM ${quoteTable(table.schema, table.name)}${where}`;
  const [row] = await queryRows(connection, 'upstream', sql);
  if (row === undefined || row['low'] === null) return [''];
  const bounds = splitRange(BigInt(String(row['low'])), BigInt(String(row['high'])), Math.ceil(size.rows / target));
  return conditions(column, bounds);
}

function chunkRows(size: TableSize, options: ChunkOptions): number {
  if (options.rows !== undefined && options.rows > 0) return options.rows;
  const bySize = size.rowLength > 0 ? Math.ceil(options.fileSize / size.rowLength) : DEFAULT_CHUNK_ROWS;
  return Math.max(1, Math.min(DEFAULT_CHUNK_ROWS, bySize));
}

/** The key to cut a table by: its first column must be an integer. */
function chunkKey(layout: TableLayout): DumpKey | undefined {
  const types = new Map(layout.columns.map((column) => [column.name, column.type]));
  const usable = layout.keys.filter((key) => INTEGERS.has(types.get(key.columns[0] ?? '') ?? ''));
  return usable.find((key) => key.primary) ?? usable.find((key) => key.unique) ?? usable[0];
}

/** Inner bounds that cut `[low, high]` into at most `parts` equal ranges, ascending. */
export function splitRange(low: bigint, high: bigint, parts: number): bigint[] {
  const count = BigInt(Math.max(1, Math.min(parts, MAX_CHUNKS)));
  const span = high - low + 1n;
  const step = span / count + (span % count === 0n ? 0n : 1n);
  const bounds: bigint[] = [];
  for (let bound = low + step; bound <= high; bound += step) bounds.push(bound);
  return bounds;
}

/** Conditions of the ranges between bounds; the first also takes NULL, first and last are open to the outside. */
function conditions(column: string, bounds: readonly bigint[]): string[] {
  if (bounds.length === 0) return [''];
  const first = `(${column} < ${bounds[0]} OR ${column} IS NULL)`;
  const inner = bounds.map((bound, index) => {
    const next = bounds[index + 1];
    return next === undefined ? `${column} >= ${bound}` : `${column} >= ${bound} AND ${column} < ${next}`;
  });
  return [first, ...inner];
}

/** Options of {@link selectChunk}. */
export interface SelectOptions {
  where: string | undefined;
  /** The session is not in UTC, in which a dump's TIMESTAMPs are. */
  otherZone?: boolean;
  /** More than text only where the server has what {@link typedJsonExpression} needs. */
  json?: JsonDetail;
}

/** The SELECT that reads a chunk's rows in key order. */
export function selectChunk(
  table: DumpTable,
  layout: TableLayout,
  condition: string,
  { where, otherZone = false, json = 'text' }: SelectOptions,
): string {
  const expressions = layout.columns.map(({ name, format, type, expression }) => {
    const column = quoteIdent(name);
    // The server prints FLOAT with six digits; as DOUBLE it prints as many as are needed to read the same value back.
    if (format === FORMAT.float) return `${column}*1E0`;
    if (json !== 'text' && type === 'json') return typedJsonExpression(column, json);
    if (expression !== undefined) return expression;
    return otherZone && type === 'timestamp' ? utcExpression(column) : column;
  });
  const filters = [condition, where === undefined ? '' : `(${where}\n)`].filter((part) => part !== '');
  const key =
    layout.keys.find((candidate) => candidate.primary && candidate.exact) ??
    layout.keys.find((k) => k.unique && k.exact);
  let sql = `SELECT ${expressions.join(',')} FROM ${quoteTable(table.schema, table.name)}`;
  if (filters.length > 0) sql += ` WHERE ${filters.join(' AND ')}`;
  if (key !== undefined) sql += ` ORDER BY ${quoteColumns(key.columns)}`;
  return sql;
}

/** A TIMESTAMP in UTC from the seconds that are stored: texts of other zones leave the hour open when summer time ends. */
function utcExpression(column: string): string {
  const seconds = `UNIX_TIMESTAMP(${column})`;
  // 0 stands for the zero date alone: the first second of 1970 cannot be stored.
  return `IF(${seconds}=0,'0000-00-00 00:00:00',DATE_ADD('1970-01-01 00:00:00',INTERVAL ${seconds} SECOND))`;
}
