import { readStatement, type Statement } from '../../../src/ddl/index.js';
import type { Table } from '../../../src/schema/model.js';
import { parseCreateTable } from '../../../src/schema/parse-create.js';
import { defaultProfile } from '../../../src/schema/server-profile.js';
import { SchemaTracker, type SchemaTrackerOptions, type StructureStore } from '../../../src/schema/tracker.js';

export const mysql = defaultProfile('mysql', '8.0.36');
export const mariadb = defaultProfile('mariadb', '10.11.6-MariaDB');

export function read(sql: string, profile = mysql): Statement {
  return readStatement(sql, {
    flavor: profile.flavor,
    serverVersion: profile.versionNumber,
    sqlMode: profile.sqlMode.join(','),
    defaultSchema: 'db',
  });
}

export function table(sql: string, profile = mysql): Table {
  return parseCreateTable(sql, profile, { schema: 'db' });
}

/** A checkpoint in memory that counts how often it is asked. */
export class MemoryStore implements StructureStore {
  readonly tables = new Map<string, Table | null>();
  loads = 0;

  async load(schema: string, name: string): Promise<Table | null | undefined> {
    this.loads++;
    return this.tables.get(`${schema}.${name}`);
  }

  /** Writes what the tracker has pending, as a checkpoint flush does. */
  flush(tracker: SchemaTracker): void {
    const pending = tracker.pending();
    for (const { schema, name, table: structure } of pending) this.tables.set(`${schema}.${name}`, structure);
    tracker.flushed(pending);
  }
}

export function newTracker(store = new MemoryStore(), options: Partial<SchemaTrackerOptions> = {}): SchemaTracker {
  return new SchemaTracker({ profile: mysql, store, ...options });
}

export async function applyAll(tracker: SchemaTracker, ...statements: string[]): Promise<void> {
  for (const sql of statements) await tracker.apply(read(sql, tracker.profile));
}

export function columnNames(structure: Table | undefined): string[] {
  return structure?.columns.map((column) => column.name) ?? [];
}
