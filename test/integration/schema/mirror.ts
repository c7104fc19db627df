import { createConnection, type Connection } from 'mysql2/promise';
import { readStatement } from '../../../src/ddl/index.js';
import { introspectTable, introspectTables, listTables } from '../../../src/schema/introspect.js';
import type { Table } from '../../../src/schema/model.js';
import { parseCreateTable } from '../../../src/schema/parse-create.js';
import { loadServerProfile, type ServerProfile } from '../../../src/schema/server-profile.js';
import { showCreateTable } from '../../../src/schema/show-create.js';
import { SchemaTracker, type StatementContext } from '../../../src/schema/tracker.js';
import { differences } from './compare.js';

/** How to reach a server. */
export interface Address {
  host: string;
  port: number;
  user: string;
  password: string;
}

/** MariaDB prints bytes that are no text as they are, and does not double backticks in foreign keys. */
function isPrintedWell(table: Table): boolean {
  const bytes = table.columns.some(({ type }) => type.endsWith('binary'));
  return (
    !bytes && !table.foreignKeys.some((key) => [key.name, ...key.columns, ...key.refColumns].join('').includes('`'))
  );
}

/**
 * A column of MariaDB that is compressed and takes no NULL has an empty default by itself. Once that is dropped, no text makes
 * it again.
 */
function hasText(table: Table): boolean {
  return !table.columns.some(
    (column) => column.columnType.includes('COMPRESSED') && !column.nullable && column.default === undefined,
  );
}

/** Where an index for a foreign key is only there in descending order, the server makes another one of its own text. */
function hasForeignKeyIndexes(table: Table): boolean {
  return table.foreignKeys.every((key) =>
    table.indexes.some((index) =>
      key.columns.every((column, at) => index.parts[at]?.column === column && index.parts[at].descending !== true),
    ),
  );
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
  readonly #touched = new Set<string>();

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
    await this.track(`DROP DATABASE \`${schema}\``);
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
      if ('table' in change) this.#touched.add(change.table);
      if (change.kind === 'renamed') this.#touched.add(change.toTable);
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

  /** Tables of the current database as the tracker knows them, in the order of their names. */
  tables(): Table[] {
    return this.tracker
      .pending()
      .flatMap(({ table }) => (table !== null && table.schema === this.schema ? [table] : []))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Texts of the current database's tables: what the server prints must be read as the structure that it has, and what we
   * print must be read by us and by the server as the structure that it was printed from.
   */
  async compareTexts(): Promise<string[]> {
    const failures: string[] = [];
    const { flavor } = this.profile;
    const again = `${this.schema}_print`;
    await this.connection.query(`DROP DATABASE IF EXISTS \`${again}\``);
    await this.connection.query(`CREATE DATABASE \`${again}\``);
    await this.connection.query(
      "SET SESSION sql_mode = '', SESSION foreign_key_checks = 0, SESSION explicit_defaults_for_timestamp = ON",
    );
    for await (const table of introspectTables(this.connection, this.profile, this.schema)) {
      if (!hasText(table)) continue;
      const report = (what: string, text: string, lines: string[]): void => {
        if (lines.length > 0) failures.push([`${what} of ${table.name}:`, text, ...lines].join('\n'));
      };
      const shown = await this.showCreate(this.schema, table.name);
      const readable = flavor === 'mysql' || isPrintedWell(table);
      if (readable && hasForeignKeyIndexes(table)) report('reading the text', shown, this.#differences(shown, table));
      const tracked = this.tracker.peek(this.schema, table.name);
      if (tracked === undefined || !hasForeignKeyIndexes(table)) continue;
      const printed = showCreateTable(tracked, { dialect: flavor });
      report('reading our text', printed, this.#differences(printed, tracked));
      await this.connection.query(`USE \`${again}\``);
      const loaded = await this.#load(printed, again, table.name);
      report('loading our text', printed, typeof loaded === 'string' ? [loaded] : differences(loaded, table, flavor));
      await this.connection.query(`USE \`${this.schema}\``);
    }
    await this.connection.query(`DROP DATABASE \`${again}\``);
    await this.connection.query('SET SESSION sql_mode = DEFAULT, SESSION foreign_key_checks = 1');
    return failures;
  }

  async showCreate(schema: string, name: string): Promise<string> {
    const [rows] = await this.connection.query('SHOW CREATE TABLE ??.??', [schema, name]);
    return (rows as Record<string, string>[])[0]?.['Create Table'] ?? '';
  }

  /** Differences of the structure in a text. */
  #differences(text: string, table: Table): string[] {
    let parsed: Table;
    try {
      parsed = parseCreateTable(text, this.profile, { schema: this.schema });
    } catch (error) {
      return [String(error)];
    }
    return differences(parsed, table, this.profile.flavor);
  }

  /** The table as the server has it after running the text; the server's message when it refuses. */
  async #load(text: string, schema: string, name: string): Promise<Table | string | undefined> {
    try {
      await this.connection.query(text);
    } catch (error) {
      return (error as Error).message;
    }
    const table = await introspectTable(this.connection, this.profile, schema, name);
    if (table !== undefined) {
      for (const key of table.foreignKeys) if (key.refSchema === schema) key.refSchema = this.schema;
    }
    return table;
  }

  /** Differences in the tables that statements were about since the last call; all tables must be there on both sides. */
  async compareTouched(): Promise<string[]> {
    const names = [...this.#touched];
    this.#touched.clear();
    const result: string[] = [];
    const onServer = await listTables(this.connection, this.schema);
    const known = this.tables().map((table) => table.name);
    for (const name of known) if (!onServer.includes(name)) result.push(`table ${name}: not on the server`);
    for (const name of onServer) if (!known.includes(name)) result.push(`table ${name}: not in the tracker`);
    if (names.length > 0) await this.#compareTables(this.schema, names, result);
    return result;
  }

  async #compareTables(schema: string, names: string[] | undefined, result: string[]): Promise<Set<string>> {
    const seen = new Set<string>();
    for await (const table of introspectTables(this.connection, this.profile, schema, names)) {
      seen.add(table.name);
      const lines = differences(await this.tracker.get(schema, table.name), table, this.profile.flavor);
      if (lines.length === 0) continue;
      result.push(`table ${schema}.${table.name}:`, ...lines);
      // one report for each difference: what follows is compared from the server's structure on
      this.tracker.put(table);
    }
    return seen;
  }

  /** Differences between tracker and server in these databases. */
  async compare(schemas: readonly string[]): Promise<string[]> {
    const result: string[] = [];
    for (const schema of schemas) {
      const seen = await this.#compareTables(schema, undefined, result);
      for (const { name, table, schema: owner } of this.tracker.pending()) {
        if (owner !== schema || table === null || seen.has(name)) continue;
        result.push(`table ${schema}.${name}: not on the server`);
        this.tracker.forget(schema, name);
      }
    }
    return result;
  }
}
