import { createConnection, type Connection } from 'mysql2/promise';
import { readStatement } from '../../../src/ddl/read.js';
import { introspectTable, introspectTables } from '../../../src/schema/introspect.js';
import { loadServerProfile, type ServerProfile } from '../../../src/schema/server-profile.js';
import { SchemaTracker, type StatementContext } from '../../../src/schema/tracker.js';
import { differences } from './compare.js';

/** How to reach a server. */
export interface Address {
  host: string;
  port: number;
  user: string;
  password: string;
}

/**
 * A server and a tracker side by side: each statement that the server takes is told to the tracker, then both are
 * compared.
 */
export class Mirror {
  readonly profile: ServerProfile;
  readonly connection: Connection;
  readonly tracker: SchemaTracker;
  schema = '';
  #session: StatementContext = {};
  readonly #unknown = new Set<string>();

  private constructor(connection: Connection, profile: ServerProfile) {
    this.connection = connection;
    this.profile = profile;
    this.tracker = new SchemaTracker({
      profile,
      store: { load: async () => undefined },
      // asked only for tables of which a statement does not tell the columns
      seeds: [
        {
          origin: 'upstream',
          load: async (schema, table) =>
            this.#unknown.has(table) ? introspectTable(connection, profile, schema, table) : undefined,
        },
      ],
      loadDatabaseDefaults: async () => undefined,
    });
  }

  static async open(address: Address): Promise<Mirror> {
    const { host, port, user, password } = address;
    const connection = await createConnection({ host, port, user, password, charset: 'utf8mb4' });
    await connection.query('SET SESSION sql_log_bin = 0');
    return new Mirror(connection, await loadServerProfile(connection));
  }

  async close(): Promise<void> {
    this.tracker.close();
    await this.connection.end();
  }

  /** Makes an empty database and its entry in the tracker the current ones. */
  async useFresh(schema: string): Promise<void> {
    await this.connection.query(`DROP DATABASE IF EXISTS \`${schema}\``);
    await this.connection.query(`CREATE DATABASE \`${schema}\``);
    await this.connection.query(`USE \`${schema}\``);
    this.schema = schema;
    await this.readSession();
    await this.track(`CREATE DATABASE \`${schema}\``);
  }

  /** Variables of the session, as an event would carry them. */
  async readSession(): Promise<void> {
    const explicit = '@@explicit_defaults_for_timestamp';
    const utf8mb4 = this.profile.flavor === 'mysql' ? '@@default_collation_for_utf8mb4' : 'NULL';
    const [rows] = await this.connection.query(
      `SELECT @@sql_mode AS mode, @@collation_server AS collation, ${explicit} AS explicit, ${utf8mb4} AS utf8mb4`,
    );
    const row = (rows as { mode: string; collation: string; explicit: number; utf8mb4: string | null }[])[0];
    if (row === undefined) return;
    this.#session = {
      sqlMode: row.mode.split(','),
      collationServer: row.collation,
      explicitDefaultsForTimestamp: row.explicit === 1,
    };
    if (row.utf8mb4 !== null) this.#session.defaultUtf8mb4Collation = row.utf8mb4;
  }

  async track(sql: string): Promise<void> {
    const { flavor, versionNumber } = this.profile;
    const sqlMode = (this.#session.sqlMode ?? []).join(',');
    const statement = readStatement(sql, { flavor, serverVersion: versionNumber, sqlMode, defaultSchema: this.schema });
    for (const change of await this.tracker.apply(statement, this.#session)) {
      if (change.kind === 'created' && !change.known) this.#unknown.add(change.table);
    }
  }

  /** Runs the statement; false when the server refuses it. */
  async execute(sql: string): Promise<boolean> {
    try {
      await this.connection.query(sql);
    } catch (error) {
      if (typeof (error as { errno?: unknown }).errno !== 'number') throw error;
      this.refusal = (error as Error).message;
      return false;
    }
    if (/^\s*SET\b/i.test(sql)) await this.readSession();
    else if (!/^\s*USE\b/i.test(sql)) await this.track(sql);
    return true;
  }

  /** Why the server refused the last statement that it did. */
  refusal = '';

  /** Differences between tracker and server in these databases. */
  async compare(schemas: readonly string[]): Promise<string[]> {
    const result: string[] = [];
    for (const schema of schemas) {
      const seen = new Set<string>();
      for await (const table of introspectTables(this.connection, this.profile, schema)) {
        seen.add(table.name);
        const lines = differences(await this.tracker.get(schema, table.name), table, this.profile.flavor);
        if (lines.length === 0) continue;
        result.push(`table ${schema}.${table.name}:`, ...lines);
        // one report for each difference: what follows is compared from the server's structure on
        this.tracker.put(table);
      }
      for (const { name, table, schema: owner } of this.tracker.pending()) {
        if (owner !== schema || table === null || seen.has(name)) continue;
        result.push(`table ${schema}.${name}: not on the server`);
        this.tracker.forget(schema, name);
      }
    }
    return result;
  }
}
