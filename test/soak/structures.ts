import type { RowDataPacket } from 'mysql2/promise';
import { introspectTables } from '../../src/schema/introspect.js';
import type { Table } from '../../src/schema/model.js';
import { loadServerProfile } from '../../src/schema/server-profile.js';
import type { DatabaseServer } from '../../tools/servers/database-server.js';
import { connect } from './servers.js';

/** Estimated rows from which a table is made smaller. */
const BIG_ROWS = 60_000;

/** What the upstream's tables look like now; writers may see it a moment late, as applications do. */
export class Structures {
  tables: readonly Table[] = [];
  readonly #server: DatabaseServer;
  readonly #schema: string;
  #sizes = new Map<string, number>();

  constructor(server: DatabaseServer, schema: string) {
    this.#server = server;
    this.#schema = schema;
  }

  async read(): Promise<void> {
    const connection = await connect(this.#server);
    try {
      const profile = await loadServerProfile(connection);
      const tables: Table[] = [];
      for await (const table of introspectTables(connection, profile, this.#schema)) tables.push(table);
      this.tables = tables;
      // MySQL shows sizes of yesterday otherwise.
      await connection.query('SET SESSION information_schema_stats_expiry = 0').catch(() => undefined);
      const [rows] = await connection.query<RowDataPacket[]>(
        'SELECT table_name AS name, table_rows AS n FROM information_schema.tables WHERE table_schema = ?',
        [this.#schema],
      );
      this.#sizes = new Map(rows.map((row) => [String(row['name']), Number(row['n'])]));
    } catch {
      // The server restarts, or a table went away meanwhile: what was known stays.
    } finally {
      connection.destroy();
    }
  }

  /** Name of a table that has grown too big. */
  biggest(): string | undefined {
    return [...this.#sizes].find(([, rows]) => rows > BIG_ROWS)?.[0];
  }
}
