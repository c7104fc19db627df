import type { Flavor } from '../config/types.js';
import type { DbConnection } from '../mysql/connect.js';
import { serverErrno } from '../mysql/errors.js';
import { quoteTable } from '../mysql/quote.js';
import type { DumpTable } from './tables.js';

/** Seconds. */
const LOCK_WAIT_SECONDS = 2;
const ER_LOCK_WAIT_TIMEOUT = 1205;

/**
 * InnoDB's own numbers of tables at the moment of a dump. A table keeps its number when it is renamed and a number is never
 * used again, which tells a table that was dropped (nothing is lost by leaving it out) from one that was renamed (all its
 * rows would be lost).
 */
export class TableIdentities {
  readonly #flavor: Flavor;
  /** Numbers by quoted name; several for a partitioned table. */
  readonly #ids = new Map<string, string[]>();

  private constructor(flavor: Flavor) {
    this.#flavor = flavor;
  }

  /** Reads the numbers; knows none when the user lacks the PROCESS privilege or DDL keeps the server's list locked. */
  static async read(connection: DbConnection, flavor: Flavor): Promise<TableIdentities> {
    const identities = new TableIdentities(flavor);
    for (const { name, id } of (await identities.#query(connection)) ?? []) {
      const match = /^(\w+)\/(\w+)(?:#p#.*)?$/i.exec(name);
      // Other names are stored in an encoded form; of those nothing is known.
      if (match === null) continue;
      const key = quoteTable(match[1] ?? '', match[2] ?? '');
      identities.#ids.set(key, [...(identities.#ids.get(key) ?? []), id]);
    }
    return identities;
  }

  /**
   * Whether a table that cannot be found any more was dropped for certain, not renamed. It is not certain while DDL keeps the
   * server's list of tables locked.
   */
  async wasDropped(connection: DbConnection, table: DumpTable): Promise<boolean> {
    const ids = this.#ids.get(quoteTable(table.schema, table.name));
    if (ids === undefined) return false;
    const left = await this.#query(connection, `WHERE TABLE_ID IN (${ids.join(', ')})`);
    return left?.length === 0;
  }

  /** @returns undefined when the list may not be read, or not now */
  async #query(connection: DbConnection, where = ''): Promise<{ name: string; id: string }[] | undefined> {
    const view = this.#flavor === 'mariadb' ? 'INNODB_SYS_TABLES' : 'INNODB_TABLES';
    // MySQL looks at every table for it, and would wait for DDL that waits for somebody else.
    await connection.query(
      `SET @dm_lock_wait = @@SESSION.lock_wait_timeout, SESSION lock_wait_timeout = ${LOCK_WAIT_SECONDS}`,
    );
    try {
      const [rows] = await connection.query(`SELECT NAME AS n, TABLE_ID AS i FROM information_schema.${view} ${where}`);
      return (rows as { n: unknown; i: unknown }[]).map((row) => ({ name: String(row.n), id: String(row.i) }));
    } catch (error) {
      const errno = serverErrno(error);
      if (errno === undefined || (where !== '' && errno !== ER_LOCK_WAIT_TIMEOUT)) throw error;
      return undefined;
    } finally {
      await connection.query('SET SESSION lock_wait_timeout = @dm_lock_wait');
    }
  }
}
