import type { Connection, RowDataPacket } from 'mysql2/promise';
import { quoteIdent, quoteTable } from '../../../src/mysql/quote.js';

/** SHOW CREATE TABLE of all tables of a database, by name. */
export async function structures(connection: Connection, database: string): Promise<Record<string, string>> {
  const [tables] = await connection.query<RowDataPacket[]>({
    sql: `SHOW TABLES FROM ${quoteIdent(database)}`,
    rowsAsArray: true,
  });
  const result: Record<string, string> = {};
  for (const row of tables) {
    const name = String((row as unknown as unknown[])[0]);
    result[name] = await structure(connection, database, name);
  }
  return result;
}

/** SHOW CREATE TABLE. */
export async function structure(connection: Connection, database: string, table: string): Promise<string> {
  const sql = `SHOW CREATE TABLE ${quoteTable(database, table)}`;
  const [rows] = await connection.query<RowDataPacket[]>({ sql, rowsAsArray: true });
  return String((rows[0] as unknown as unknown[])[1]);
}

/** Drops and makes a database. */
export async function renew(connection: Connection, database: string): Promise<void> {
  await connection.query(`DROP DATABASE IF EXISTS ${quoteIdent(database)}`);
  await connection.query(`CREATE DATABASE ${quoteIdent(database)} CHARACTER SET utf8mb4`);
}
