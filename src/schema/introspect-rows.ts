import type { Connection, RowDataPacket } from 'mysql2/promise';

/** A row of information_schema under our own column names. */
export type InfoRow = Record<string, unknown>;

/** Runs a query; an array parameter fills an IN list. */
export async function rowsOf(connection: Connection, sql: string, values: readonly unknown[]): Promise<InfoRow[]> {
  const [rows] = await connection.query<RowDataPacket[]>(sql, values as unknown[]);
  return rows;
}

/** A column as text; NULL is empty. Some servers hand out long texts as bytes. */
export function text(row: InfoRow, key: string): string {
  const value = row[key];
  if (typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  return typeof value === 'number' || typeof value === 'bigint' ? value.toString() : '';
}
