import type { Statement } from '../ddl/index.js';
import { DmError, dmError } from '../errors/dm-error.js';
import { applyStatement, neededTables, type NeededTable, type StructureChange } from './apply.js';
import { charsetOfCollation } from './charsets.js';
import type { Table } from './model.js';
import type { CharsetPair } from './resolve-type.js';
import type { ServerProfile } from './server-profile.js';
import { DraftCatalog, DROPPED, isTable, UNKNOWN, type Entry, type KnownEntry } from './tracker-draft.js';

/** Where flushed structures stand: the checkpoint table. */
export interface StructureStore {
  /** The flushed structure; null = known to be dropped; undefined = the checkpoint knows nothing of the table. */
  load(schema: string, table: string): Promise<Table | null | undefined>;
  /** Whether the checkpoint has anything about tables of the schema; absent = it has not. */
  knowsSchema?(schema: string): Promise<boolean>;
}

/** A place from which the first structure of a table can be had, when the checkpoint has none. */
export interface StructureSeed {
  origin: 'dump' | 'upstream' | 'downstream';
  load(schema: string, table: string): Promise<Table | undefined>;
}

/** Session variables that an event carries and that decide what its statement means. */
export interface StatementContext {
  /** Upper-case names of the modes; absent = those of the profile. */
  sqlMode?: string[];
  /** The session's `collation_server`: default of CREATE DATABASE. */
  collationServer?: string;
  /** The session's `default_collation_for_utf8mb4`. */
  defaultUtf8mb4Collation?: string;
  explicitDefaultsForTimestamp?: boolean;
}

/** A structure that differs from the flushed one; null = the table was dropped. */
export interface PendingStructure {
  schema: string;
  name: string;
  table: Table | null;
}

export interface SchemaTrackerOptions {
  profile: ServerProfile;
  store: StructureStore;
  /** Asked in this order when the checkpoint knows nothing of a table. */
  seeds?: StructureSeed[];
  /** Default charset of a database that no statement told of; absent = the server's. */
  loadDatabaseDefaults?: (schema: string) => Promise<CharsetPair | undefined>;
  /** How many unchanged structures stay in memory. */
  cacheSize?: number;
}

const DEFAULT_CACHE_SIZE = 2000;

/** Code of a statement that does not fit the structures. */
const CANNOT_TRACK = 44006;

type SeedChoice = (origin: StructureSeed['origin']) => boolean;
const anySeed: SeedChoice = () => true;
/** Whether a structure can be the one that is looked for. */
type StructureTest = (structure: Table) => boolean;
const anyStructure: StructureTest = () => true;
/** The dump and the upstream may show what a statement has made: CREATE TABLE IF NOT EXISTS asks what was there before. */
const isDownstream: SeedChoice = (origin) => origin === 'downstream';

/**
 * The structures of one upstream's tables at the current place of its binlog. Holds what changed since the last flush of
 * the checkpoint, and a bounded number of unchanged structures; everything else is loaded when first needed. Rolling back
 * therefore costs no more than the tables that changed. Not to be called concurrently, except `get` and `has`.
 */
export class SchemaTracker {
  readonly #options: SchemaTrackerOptions;
  /** Changed since the last flush. */
  readonly #pending = new Map<string, KnownEntry>();
  /** Equal to the store, least recently used first. */
  readonly #clean = new Map<string, Entry>();
  /** Loads under way, so that two callers share one. */
  readonly #loading = new Map<string, Promise<Entry | undefined>>();
  /** Databases dropped at some time: neither store nor seeds know of the tables that came after. */
  readonly #droppedSchemas = new Set<string>();
  readonly #databases = new Map<string, CharsetPair>();
  /** State of the databases at the last flush; filled at the first change after it. */
  #flushedDatabases: { defaults: Map<string, CharsetPair>; dropped: Set<string> } | undefined;
  /** Raised by each change and rollback: a load that began before must not overwrite what came since. */
  #version = 0;
  #closed = false;

  constructor(options: SchemaTrackerOptions) {
    this.#options = options;
  }

  get profile(): ServerProfile {
    return this.#options.profile;
  }

  /**
   * The structure of a table, or undefined when it does not exist or nobody knows its columns.
   *
   * @param fits - chooses among the seeds, when the structure has to be had from one
   * @throws 44001 and what the seeds throw; 44020 when closed
   */
  async get(schema: string, table: string, fits?: StructureTest): Promise<Table | undefined> {
    const entry = await this.#load(schema, table, anySeed, fits);
    return isTable(entry) ? entry : undefined;
  }

  async has(schema: string, table: string): Promise<boolean> {
    return (await this.get(schema, table)) !== undefined;
  }

  /** The structure when it is in memory, without asking anyone. */
  peek(schema: string, table: string): Table | undefined {
    const key = this.#key(schema, table);
    const entry = this.#pending.get(key)?.entry ?? this.#clean.get(key);
    return isTable(entry) ? entry : undefined;
  }

  /** Default charset of a database that a statement told of or that was asked for. */
  peekDatabase(schema: string): CharsetPair | undefined {
    return this.#databases.get(this.#schemaKey(schema));
  }

  /** Whether memory or the checkpoint know of the table, be it that it was dropped. No server is asked. */
  async isKnown(writtenSchema: string, writtenName: string): Promise<boolean> {
    this.#assertOpen();
    const [schema, name] = this.#stored(writtenSchema, writtenName);
    const key = this.#key(schema, name);
    if (this.#pending.has(key) || this.#clean.has(key)) return true;
    return (await this.#options.store.load(schema, name)) !== undefined;
  }

  /** Whether memory or the checkpoint know of any table of the schema. */
  async isSchemaKnown(schema: string): Promise<boolean> {
    this.#assertOpen();
    const key = this.#schemaKey(schema);
    for (const table of this.#tablesInMemory()) if (this.#schemaKey(table.schema) === key) return true;
    return (await this.#options.store.knowsSchema?.(this.#stored(schema, '')[0])) === true;
  }

  /** Sets a structure (`binlog-schema update`). */
  put(table: Table): void {
    this.#assertOpen();
    this.#set(table.schema, table.name, table);
  }

  /** Forgets what is known of a table; the next use asks the checkpoint and the seeds anew (`binlog-schema delete`). */
  forget(schema: string, table: string): void {
    this.#assertOpen();
    const key = this.#key(schema, table);
    this.#version++;
    this.#pending.delete(key);
    this.#clean.delete(key);
  }

  /**
   * Applies a statement that the upstream executed; filtered and skipped ones too, since rows behind them have the new
   * structure. All or nothing: when it throws, no structure has changed. A table of which it does not tell the columns is asked
   * for at once, since the checkpoint cannot hold that it is there and unknown.
   * @throws 44006 when it does not fit the structures known, and what loading them throws
   */
  async apply(statement: Statement, session: StatementContext = {}): Promise<StructureChange[]> {
    this.#assertOpen();
    const { draft, changes } = await this.#draft(statement, session);
    this.#commit(draft);
    for (const { schema, name, entry } of draft.entries.values()) {
      if (entry === UNKNOWN) await this.#loadNeeded({ schema, table: name, optional: true });
    }
    return changes;
  }

  /**
   * Loads what a statement needs, so that the structures of before it reach the checkpoint with the next flush. A server may
   * show a table as it is after the statement: where a structure just seeded does not fit, that of the downstream is tried.
   * Changes nothing else; what does not fit either is left for {@link apply} to report.
   * @throws what loading throws
   */
  async preload(statement: Statement, session: StatementContext = {}): Promise<void> {
    this.#assertOpen();
    const needed = neededTables(statement);
    const known = new Set(this.#pending.keys());
    for (const table of needed) await this.#loadNeeded(table);
    const seeded = needed.filter(({ schema, table }) => {
      const key = this.#key(schema, table);
      return this.#pending.has(key) && !known.has(key);
    });
    if (seeded.length === 0 || (await this.#fits(statement, session))) return;
    const first = new Map<string, KnownEntry>();
    for (const { schema, table } of seeded) {
      const key = this.#key(schema, table);
      const entry = this.#pending.get(key);
      if (entry === undefined) continue;
      first.set(key, entry);
      this.#pending.delete(key);
      const found = await this.#loadSeed(key, ...this.#stored(schema, table), isDownstream);
      if (found === undefined) this.#pending.set(key, entry);
    }
    if (await this.#fits(statement, session)) return;
    for (const [key, entry] of first) this.#pending.set(key, entry);
  }

  async #fits(statement: Statement, session: StatementContext): Promise<boolean> {
    try {
      await this.#draft(statement, session);
      return true;
    } catch (error) {
      if (error instanceof DmError && error.code === CANNOT_TRACK) return false;
      throw error;
    }
  }

  async #draft(
    statement: Statement,
    session: StatementContext,
  ): Promise<{ draft: DraftCatalog; changes: StructureChange[] }> {
    const loaded = new Map<string, Entry>();
    for (const needed of neededTables(statement)) {
      const entry = await this.#loadNeeded(needed);
      if (entry !== undefined) loaded.set(this.#key(needed.schema, needed.table), entry);
    }
    const profile = sessionProfile(this.#options.profile, session);
    for (const schema of databasesOf(statement)) await this.#loadDatabase(schema, profile);
    const draft = new DraftCatalog(profile, {
      table: (schema, name) => {
        const entry = loaded.get(this.#key(schema, name));
        return isTable(entry) ? entry : this.peek(schema, name);
      },
      tables: () => this.#tablesInMemory(),
      database: (schema) => this.#databases.get(this.#schemaKey(schema)),
      key: (schema, name) => this.#key(schema, name),
    });
    return { changes: applyStatement(statement, draft), draft };
  }

  /** What has to be written with the next checkpoint. Pass the same list to {@link flushed} when it is written. */
  pending(): PendingStructure[] {
    return [...this.#pending.values()].map(({ schema, name, entry }) => ({
      schema,
      name,
      table: isTable(entry) ? entry : null,
    }));
  }

  /** The list is in the checkpoint: rolling back leads here from now on. What changed in between stays pending. */
  flushed(list: readonly PendingStructure[]): void {
    for (const { schema, name, table } of list) {
      const key = this.#key(schema, name);
      const pending = this.#pending.get(key);
      if (pending === undefined || (isTable(pending.entry) ? pending.entry : null) !== table) continue;
      this.#pending.delete(key);
      this.#remember(key, pending.entry);
    }
    this.#flushedDatabases = undefined;
  }

  /** Back to the flushed structures. Touches only the tables that changed. */
  rollback(): void {
    this.#version++;
    this.#pending.clear();
    if (this.#flushedDatabases === undefined) return;
    replaceMap(this.#databases, this.#flushedDatabases.defaults);
    this.#droppedSchemas.clear();
    for (const schema of this.#flushedDatabases.dropped) this.#droppedSchemas.add(schema);
    this.#flushedDatabases = undefined;
  }

  /** Frees the memory; later calls are refused with 44020. */
  close(): void {
    this.#closed = true;
    this.#version++;
    this.#pending.clear();
    this.#clean.clear();
    this.#databases.clear();
    this.#droppedSchemas.clear();
  }

  /** Number of structures in memory, for metrics and tests. */
  get size(): number {
    return this.#pending.size + this.#clean.size;
  }

  #key(schema: string, table: string): string {
    const key = `${schema}\0${table}`;
    return this.#options.profile.lowerCaseTableNames === 0 ? key : key.toLowerCase();
  }

  /** Names as row events have them, whatever a statement's spelling: in lower case where the server does not tell it apart. */
  #stored(schema: string, table: string): [schema: string, table: string] {
    return this.#options.profile.lowerCaseTableNames !== 0
      ? [schema.toLowerCase(), table.toLowerCase()]
      : [schema, table];
  }

  #schemaKey(schema: string): string {
    return this.#options.profile.lowerCaseTableNames === 0 ? schema : schema.toLowerCase();
  }

  #assertOpen(): void {
    if (this.#closed) throw dmError(44020);
  }

  /** A table that can be done without may be unreadable. */
  async #loadNeeded({ schema, table, optional, seed }: NeededTable): Promise<Entry | undefined> {
    try {
      return await this.#load(schema, table, seed === 'downstream' ? isDownstream : anySeed);
    } catch (error) {
      if (!optional) throw error;
      return undefined;
    }
  }

  async #load(
    writtenSchema: string,
    writtenName: string,
    accepts: SeedChoice = anySeed,
    fits: StructureTest = anyStructure,
  ): Promise<Entry | undefined> {
    this.#assertOpen();
    const [schema, name] = this.#stored(writtenSchema, writtenName);
    const key = this.#key(schema, name);
    const pending = this.#pending.get(key);
    const known = pending?.entry ?? this.#clean.get(key);
    if (known !== undefined && known !== UNKNOWN) {
      if (pending === undefined) this.#remember(key, known);
      return known;
    }
    if (known === undefined && this.#droppedSchemas.has(this.#schemaKey(schema))) return DROPPED;
    const shared = accepts === anySeed ? key : `${key}\0downstream`;
    let loading = this.#loading.get(shared);
    if (loading === undefined) {
      const fresh =
        known === UNKNOWN
          ? this.#loadSeed(key, schema, name, (origin) => origin !== 'dump' && accepts(origin), fits)
          : this.#loadFresh(key, schema, name, accepts, fits);
      loading = fresh.finally(() => this.#loading.delete(shared));
      this.#loading.set(shared, loading);
    }
    return loading;
  }

  async #loadFresh(
    key: string,
    schema: string,
    name: string,
    accepts: SeedChoice,
    fits: StructureTest,
  ): Promise<Entry | undefined> {
    const version = this.#version;
    const stored = await this.#options.store.load(schema, name);
    if (stored !== undefined) {
      const entry = stored ?? DROPPED;
      if (version === this.#version) this.#remember(key, entry);
      return this.#pending.get(key)?.entry ?? entry;
    }
    return this.#loadSeed(key, schema, name, accepts, fits);
  }

  async #loadSeed(
    key: string,
    schema: string,
    name: string,
    accepts: SeedChoice,
    fits: StructureTest = anyStructure,
  ): Promise<Entry | undefined> {
    const before = this.#pending.get(key)?.entry;
    let misfit: Table | undefined;
    for (const seed of this.#options.seeds ?? []) {
      if (!accepts(seed.origin)) continue;
      const table = await seed.load(schema, name);
      if (table === undefined) continue;
      if (this.#closed) return undefined;
      const pending = this.#pending.get(key);
      if (pending !== undefined && pending.entry !== before) return pending.entry;
      // Not yet in the checkpoint: it goes there with the next flush, and a rollback before that asks the seeds again.
      const entry: Table = { ...table, schema, name };
      if (!fits(entry)) {
        misfit ??= entry;
        continue;
      }
      this.#clean.delete(key);
      this.#pending.set(key, { schema, name, entry });
      return entry;
    }
    // Whoever asked sees what is wrong with it. It is not kept: the next run may find another.
    return misfit;
  }

  #set(writtenSchema: string, writtenName: string, entry: Entry): void {
    const [schema, name] = this.#stored(writtenSchema, writtenName);
    const key = this.#key(schema, name);
    this.#version++;
    this.#clean.delete(key);
    this.#pending.set(key, { schema, name, entry });
  }

  #remember(key: string, entry: Entry): void {
    this.#clean.delete(key);
    this.#clean.set(key, entry);
    const limit = this.#options.cacheSize ?? DEFAULT_CACHE_SIZE;
    while (this.#clean.size > limit) {
      const oldest = this.#clean.keys().next();
      if (oldest.done === true) break;
      this.#clean.delete(oldest.value);
    }
  }

  *#tablesInMemory(): Iterable<Table> {
    for (const { entry } of this.#pending.values()) if (isTable(entry)) yield entry;
    for (const [key, entry] of this.#clean) if (isTable(entry) && !this.#pending.has(key)) yield entry;
  }

  async #loadDatabase(schema: string, profile: ServerProfile): Promise<void> {
    const key = this.#schemaKey(schema);
    if (this.#databases.has(key)) return;
    const defaults = await this.#options.loadDatabaseDefaults?.(schema);
    this.#databases.set(key, defaults ?? { charset: profile.charset, collation: profile.collation });
  }

  #commit(draft: DraftCatalog): void {
    if (draft.databases.size > 0) {
      this.#flushedDatabases ??= { defaults: new Map(this.#databases), dropped: new Set(this.#droppedSchemas) };
    }
    for (const schema of draft.droppedDatabases) {
      const key = this.#schemaKey(schema);
      this.#droppedSchemas.add(key);
      this.#dropTablesOf(key);
    }
    for (const [schema, defaults] of draft.databases) {
      if (defaults === null) this.#databases.delete(this.#schemaKey(schema));
      else this.#databases.set(this.#schemaKey(schema), defaults);
    }
    for (const { schema, name, entry } of draft.entries.values()) this.#set(schema, name, entry);
  }

  /** Tables in memory become known as dropped; the others are hidden by the mark on their database. */
  #dropTablesOf(schemaKey: string): void {
    const dropped = Array.from(this.#tablesInMemory()).filter((table) => this.#schemaKey(table.schema) === schemaKey);
    for (const { schema, name } of dropped) this.#set(schema, name, DROPPED);
  }
}

function replaceMap<Key, Value>(target: Map<Key, Value>, source: ReadonlyMap<Key, Value>): void {
  target.clear();
  for (const [key, value] of source) target.set(key, value);
}

/** Databases whose default charset the statement may need. */
function databasesOf(statement: Statement): string[] {
  switch (statement.kind) {
    case 'create-table':
    case 'alter-table':
      return [statement.table.schema?.name ?? statement.defaultSchema, statement.defaultSchema];
    case 'alter-database':
      return [statement.name?.name ?? statement.defaultSchema];
    default:
      return [];
  }
}

/** The profile with the session's variables in force. */
export function sessionProfile(profile: ServerProfile, session: StatementContext): ServerProfile {
  const result: ServerProfile = { ...profile };
  if (session.sqlMode !== undefined) result.sqlMode = session.sqlMode;
  if (session.explicitDefaultsForTimestamp !== undefined) {
    result.explicitDefaultsForTimestamp = session.explicitDefaultsForTimestamp;
  }
  if (session.collationServer !== undefined) {
    result.collation = session.collationServer;
    result.charset = charsetOfCollation(session.collationServer) ?? result.charset;
  }
  if (session.defaultUtf8mb4Collation !== undefined) {
    result.defaultCollations = { ...result.defaultCollations, utf8mb4: session.defaultUtf8mb4Collation };
  }
  return result;
}
