import type { RowDataPacket } from 'mysql2/promise';
import { describe, test } from 'vitest';
import { commonTables, mariadbTables, mysqlTables } from '../dump/type-tables.js';
import { makeFixture, position, replicate, type Fixture } from './harness.js';

/** MariaDB's own types have no counterpart on MySQL: their tables are made downstream by hand, and replication starts later. */
const PREPARED_DOWNSTREAM: Record<string, string> = {
  addresses: 'CREATE TABLE addresses (id CHAR(36) PRIMARY KEY, i VARCHAR(45), j VARCHAR(15))',
  compressed: 'CREATE TABLE compressed (id INT PRIMARY KEY, t TEXT, b BLOB)',
};

/** All columns that can be written, of a table. */
async function writableColumns({ up, database }: Fixture, table: string): Promise<string[]> {
  const [rows] = await up.query<RowDataPacket[]>(
    `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND EXTRA NOT LIKE '%GENERATED%' ORDER BY ORDINAL_POSITION`,
    [database, table],
  );
  return rows.map((row) => `\`${String(row['name'])}\``);
}

/** Makes, fills and changes the table. Rows are found by key, then, in a copy without keys, by all columns. */
async function exercise(fixture: Fixture, table: string, statements: string[]): Promise<void> {
  const { up, down, database } = fixture;
  const prepared = PREPARED_DOWNSTREAM[table];
  const [create = '', ...fill] = statements;
  await up.query(create);
  const columns = await writableColumns(fixture, table);
  const list = columns.join(', ');
  await up.query(`CREATE TABLE k_${table} AS SELECT ${list} FROM \`${table}\` WHERE FALSE`);
  if (prepared !== undefined) {
    await down.query(`CREATE DATABASE IF NOT EXISTS \`${database}\``);
    await down.query(`USE \`${database}\``);
    await down.query(prepared);
    await down.query(prepared.replace(table, `k_${table}`).replace(' PRIMARY KEY', ''));
    fixture.config.meta = await position(up);
  }
  for (const statement of fill) await up.query(statement);
  const [key] = columns;
  // Every row twice, so that only one of two equal ones may go.
  for (let i = 0; i < 2; i++) await up.query(`INSERT INTO k_${table} (${list}) SELECT ${list} FROM \`${table}\``);
  const [rows] = await up.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM \`${table}\``);
  for (let i = 0; i < Number(rows[0]?.['n']); i++) await up.query(`DELETE FROM k_${table} ORDER BY ${key} LIMIT 1`);
  await up.query(`DELETE FROM \`${table}\` ORDER BY ${key} LIMIT 1`);
  await up.query(`UPDATE IGNORE \`${table}\` SET ${key} = ${key} + 1000`).catch(() => undefined);
  const [, second] = columns;
  if (second !== undefined)
    await up.query(`UPDATE IGNORE k_${table} SET ${key} = ${key} + 1000`).catch(() => undefined);
}

/** Documents that the comparison of two server families cannot bring into one form are left out. */
const [createJson = '', fillJson = ''] = commonTables['json'] ?? [];

const TABLES = {
  mysqlUp: { ...commonTables, ...mysqlTables },
  mariadbUp: { ...commonTables, ...mariadbTables, json: [createJson, fillJson] },
} as const;

describe.each(['mysqlUp', 'mariadbUp'] as const)('%s', (upstream) => {
  test.each(Object.entries(TABLES[upstream]))('values of table %s arrive exactly', async (table, statements) => {
    const fixture = await makeFixture(upstream);
    await fixture.up.query(
      "SET NAMES utf8mb4, sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00'",
    );
    await exercise(fixture, table, statements);
    await replicate(fixture);
  });
});
