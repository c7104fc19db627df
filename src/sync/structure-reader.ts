import { introspectTable, introspectTables, listTables } from '../schema/introspect.js';
import type { Table } from '../schema/model.js';
import type { ServerProfile } from '../schema/server-profile.js';
import type { Ask } from './control.js';

/** After so many tables of a schema that were asked for one by one, others are read with the next. */
const SINGLES = 4;

/** Tables read at a time: few queries for all of them, instead of several for each. */
const READ_AHEAD = 250;

/** What was read ahead and not asked for is not believed for longer than this, milliseconds. */
const FRESH_MS = 30_000;

/**
 * Reads structures of one server's tables. Where many tables of a schema are asked for one after the other, as when
 * replication of a thousand tables begins, the next ones are read ahead.
 */
export class StructureReader {
  readonly #ask: Ask;
  readonly #profile: ServerProfile;
  readonly #ahead = new Map<string, { table: Table; readAt: number }>();
  /** By schema: the tables that were asked for. */
  readonly #asked = new Map<string, Set<string>>();

  constructor(ask: Ask, profile: ServerProfile) {
    this.#ask = ask;
    this.#profile = profile;
  }

  /** The structure as it is, or was a moment ago; undefined when there is no such base table. */
  async get(schema: string, table: string): Promise<Table | undefined> {
    const key = JSON.stringify([schema, table]);
    const ahead = this.#ahead.get(key);
    this.#ahead.delete(key);
    if (ahead !== undefined && Date.now() - ahead.readAt < FRESH_MS) return ahead.table;
    const asked = this.#asked.get(schema) ?? new Set();
    this.#asked.set(schema, asked.add(table));
    if (asked.size % SINGLES === 0) await this.#readAhead(schema, asked);
    return this.#ask((connection) => introspectTable(connection, this.#profile, schema, table));
  }

  /** Forgets what was read ahead: structures have changed. */
  forget(): void {
    this.#ahead.clear();
  }

  async #readAhead(schema: string, asked: Set<string>): Promise<void> {
    const readAt = Date.now();
    const tables = await this.#ask(async (connection) => {
      const others = (await listTables(connection, schema)).filter((name) => !asked.has(name)).slice(0, READ_AHEAD);
      const found: Table[] = [];
      if (others.length === 0) return found;
      for await (const table of introspectTables(connection, this.#profile, schema, others)) found.push(table);
      return found;
    });
    for (const table of tables) {
      asked.add(table.name);
      this.#ahead.set(JSON.stringify([schema, table.name]), { table, readAt });
    }
  }
}
