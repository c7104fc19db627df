import type { Catalog } from './apply.js';
import type { Table } from './model.js';
import type { CharsetPair } from './resolve-type.js';
import type { ServerProfile } from './server-profile.js';

/** A structure, or what is known instead of one. */
export type Entry = Table | typeof DROPPED | typeof UNKNOWN;
export const DROPPED = Symbol('dropped');
/** The table exists, its columns are not known: only upstream can tell. */
export const UNKNOWN = Symbol('unknown');

/** An entry with the name it goes by. */
export interface KnownEntry {
  schema: string;
  name: string;
  entry: Entry;
}

export function isTable(entry: Entry | undefined): entry is Table {
  return typeof entry === 'object';
}

/** What a draft sees of the tracker. */
export interface Backing {
  table(schema: string, name: string): Table | undefined;
  tables(): Iterable<Table>;
  database(schema: string): CharsetPair | undefined;
  key(schema: string, name: string): string;
}

/** The changes of one statement over the tracker's state; thrown away when the statement cannot be applied. */
export class DraftCatalog implements Catalog {
  readonly profile: ServerProfile;
  readonly entries = new Map<string, KnownEntry>();
  /** null = dropped. */
  readonly databases = new Map<string, CharsetPair | null>();
  /** Dropped, whether or not they were made again after that. */
  readonly droppedDatabases = new Set<string>();
  readonly #backing: Backing;

  constructor(profile: ServerProfile, backing: Backing) {
    this.profile = profile;
    this.#backing = backing;
  }

  databaseDefaults(schema: string): CharsetPair {
    const { charset, collation } = this.profile;
    return this.databases.get(schema) ?? this.#backing.database(schema) ?? { charset, collation };
  }

  table(schema: string, name: string): Table | undefined {
    const draft = this.entries.get(this.#backing.key(schema, name));
    if (draft !== undefined) return isTable(draft.entry) ? draft.entry : undefined;
    return this.#backing.table(schema, name);
  }

  put(table: Table): void {
    this.#set(table.schema, table.name, table);
  }

  putUnknown(schema: string, name: string): void {
    this.#set(schema, name, UNKNOWN);
  }

  remove(schema: string, name: string): void {
    this.#set(schema, name, DROPPED);
  }

  setDatabase(schema: string, defaults: CharsetPair): void {
    this.databases.set(schema, defaults);
  }

  removeDatabase(schema: string): void {
    this.droppedDatabases.add(schema);
    this.databases.set(schema, null);
  }

  referencing(schema: string, name: string): Table[] {
    const result: Table[] = [];
    const wanted = this.#backing.key(schema, name);
    const consider = (table: Table): void => {
      if (table.foreignKeys.some((key) => this.#backing.key(key.refSchema, key.refTable) === wanted))
        result.push(table);
    };
    for (const { entry } of this.entries.values()) if (isTable(entry)) consider(entry);
    for (const table of this.#backing.tables()) {
      if (!this.entries.has(this.#backing.key(table.schema, table.name))) consider(table);
    }
    return result;
  }

  #set(schema: string, name: string, entry: Entry): void {
    const lower = this.profile.lowerCaseTableNames !== 0;
    const stored = lower ? { schema: schema.toLowerCase(), name: name.toLowerCase() } : { schema, name };
    const named = isTable(entry) && lower ? { ...entry, ...stored } : entry;
    this.entries.set(this.#backing.key(schema, name), { ...stored, entry: named });
  }
}
