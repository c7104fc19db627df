/** Compares both sides at a moment when nothing is written: rows by the servers' own hashes, structures as they describe them. */
import type { Connection } from 'mysql2/promise';
import { introspectTable, listTables } from '../../src/schema/introspect.js';
import type { Table } from '../../src/schema/model.js';
import { loadServerProfile } from '../../src/schema/server-profile.js';
import { compareTables, formatComparison, type TableName, type TablePair } from '../../tools/compare/compare.js';
import { unionViews, type Groups } from './shards.js';
import { describeTable } from '../integration/schema/compare.js';

/** What is compared: which downstream table an upstream table is. */
export interface Sides {
  up: Connection;
  down: Connection;
  upSchema: string;
  downSchema: string;
  /** Upstream name of each downstream database. */
  origins: ReadonlyMap<string, string>;
  /** Tables that are merged. */
  groups: Groups;
  /** Both servers are of one flavor: structures must be the same, not only rows and keys. */
  alike: boolean;
}

/** @returns sentences about what differs; empty when nothing does */
export async function differencesOf(sides: Sides): Promise<string[]> {
  const { up, down, upSchema, downSchema, groups } = sides;
  const found: string[] = [];
  const ours = await listTables(up, upSchema);
  const theirs = new Set(await listTables(down, downSchema));
  const pairs: TablePair[] = [];
  const shards = new Set([...groups.values()].flat());
  for (const table of ours) {
    if (shards.has(table)) continue;
    if (theirs.delete(table)) pairs.push({ up: { schema: upSchema, table }, down: { schema: downSchema, table } });
    else found.push(`table ${table}: missing downstream`);
  }
  const merged: TablePair[] = [];
  for (const table of groups.keys()) {
    if (!theirs.delete(table)) found.push(`merged table ${table}: missing downstream`);
    else merged.push({ up: { schema: `${upSchema}_union`, table }, down: { schema: downSchema, table } });
  }
  for (const table of theirs) found.push(`table ${table}: missing upstream`);
  if (merged.length > 0) for (const sql of unionViews(groups, upSchema, `${upSchema}_union`)) await up.query(sql);
  const comparison = await compareTables(up, down, [...pairs, ...merged]);
  if (comparison.differences.length > 0) found.push(formatComparison(comparison));
  for (const pair of pairs) found.push(...(await structureDifferences(sides, pair)));
  return found;
}

async function structureDifferences({ up, down, alike, origins }: Sides, pair: TablePair): Promise<string[]> {
  const [ours, theirs] = await Promise.all([structureOf(up, pair.up), structureOf(down, pair.down)]);
  if (ours === undefined || theirs === undefined) return [`structure of ${pair.up.table}: gone`];
  // A foreign key follows its database to the new name.
  for (const key of theirs.foreignKeys) key.refSchema = origins.get(key.refSchema) ?? key.refSchema;
  const describe = (table: Table): string[] => (alike ? describeAll(table) : outline(table));
  const [left, right] = [describe(ours), describe(theirs)];
  const missing = left.filter((line) => !right.includes(line)).map((line) => `  upstream ${line}`);
  const surplus = right.filter((line) => !left.includes(line)).map((line) => `  downstream ${line}`);
  return missing.length + surplus.length === 0 ? [] : [`structure of ${pair.up.table}:`, ...missing, ...surplus];
}

async function structureOf(connection: Connection, { schema, table }: TableName): Promise<Table | undefined> {
  return introspectTable(connection, await loadServerProfile(connection), schema, table);
}

/**
 * All lines, but for indexes that a server makes for foreign keys: what was made so upstream is one of the user's own in a
 * structure file, and does not give way to a later index.
 */
function describeAll(table: Table): string[] {
  const names = new Set(table.foreignKeys.map(({ name }) => `index ${name} INDEX`));
  return describeTable(table, 'mysql').filter((line) => !names.has(line.split(' ').slice(0, 3).join(' ')));
}

/** What both flavors say alike: columns, whether they take NULL, and unique keys. */
function outline(table: Table): string[] {
  const columns = table.columns.map(
    ({ name, nullable }, at) => `column ${at} ${name} ${nullable ? 'null' : 'not null'}`,
  );
  const keys = table.indexes.map(
    ({ name, kind, parts }) =>
      `${kind} ${name} ${parts.map(({ column, length }) => `${column} ${length ?? ''}`).join()}`,
  );
  return [...columns, ...keys.filter((key) => /^(PRIMARY|UNIQUE)/.test(key))];
}
