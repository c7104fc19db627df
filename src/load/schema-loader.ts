import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dmError, type DmError } from '../errors/dm-error.js';
import { faultPoint } from '../fault/fault.js';
import type { Logger } from '../log/logger.js';
import { FenceLostError, type Fence } from '../meta/fence.js';
import type { DbConnection } from '../mysql/connect.js';
import { databaseError, isIgnorableDdlError, serverErrno } from '../mysql/errors.js';
import { quoteIdent, quoteString, quoteTable } from '../mysql/quote.js';
import { queryRows } from '../mysql/connect.js';
import type { DumpedTable } from './inventory.js';
import { LargeStatementLock, StatementReader, statementText } from './statement-reader.js';
import { postponeKeys, referencedTables, type PostponedKeys } from './schema-statements.js';

/** Tables with fewer bytes of rows than this get all their keys at once: building them later would not pay. */
const MIN_BYTES_TO_POSTPONE = 16 * 1024 * 1024;

const ER_DB_CREATE_EXISTS = 1007;
const ER_TABLE_EXISTS = 1050;
const ER_NO_SUCH_TABLE = 1146;

/** Options of {@link SchemaLoader}. */
export interface SchemaLoaderOptions {
  dir: string;
  fence: Fence;
  logger: Logger;
  /** TiDB adds keys online and slowly: they are made with the table. */
  isTiDB: boolean;
  mayWrite: () => boolean;
}

/** Executes the structure files of a dump. */
export class SchemaLoader {
  readonly #options: SchemaLoaderOptions;
  /** Keys left out so far, by quoted table name. */
  readonly #postponed = new Map<string, PostponedKeys>();
  /** Tables that foreign keys refer to, lower case. */
  readonly #referenced = new Set<string>();

  constructor(options: SchemaLoaderOptions) {
    this.#options = options;
  }

  /** Notes which tables foreign keys refer to; before any table is created. */
  async readReferences(tables: readonly DumpedTable[]): Promise<void> {
    for (const table of tables) {
      const text = await readFile(join(this.#options.dir, table.file), 'utf8');
      for (const name of referencedTables(text)) this.#referenced.add(name.toLowerCase());
    }
  }

  async createDatabase(connection: DbConnection, schema: string, file: string): Promise<void> {
    for (const statement of await this.#statements(file)) {
      await this.#execute(connection, file, statement, ER_DB_CREATE_EXISTS);
    }
    // A file of another tool may hold something else: what counts is that the database exists.
    await this.#execute(connection, file, `USE ${quoteIdent(schema)}`, undefined);
  }

  /**
   * Creates a table unless it exists. When `ours` (it is created by this load), big ones get their ordinary keys after their rows.
   * @throws DmError 34007 when the file creates something else, 10006 when the downstream refuses the statement
   */
  async createTable(connection: DbConnection, table: DumpedTable, ours: boolean): Promise<void> {
    await connection.query(`USE ${quoteIdent(table.schema)}; SET NAMES utf8mb4, foreign_key_checks=0`);
    const postponed = ours ? await this.#keysToPostpone(table) : undefined;
    // A user may have made a table that the downstream would not accept as it was upstream.
    const exists = await tableExists(connection, table);
    let created = false;
    for (const statement of await this.#statements(table.file)) {
      const isCreate = /^CREATE\s/i.test(statement);
      if (isCreate && !/^CREATE\s+TABLE\b/i.test(statement)) {
        throw dmError(34007, [statement.slice(0, 200), table.schema, table.name]);
      }
      created ||= isCreate;
      if (isCreate && exists) continue;
      const text = isCreate && postponed !== undefined ? postponed.createTable : statement;
      await this.#execute(connection, table.file, text, ER_TABLE_EXISTS);
    }
    if (!created) throw dmError(34007, ['', table.schema, table.name]);
    if (postponed !== undefined) this.#postponed.set(quoteTable(table.schema, table.name), postponed);
  }

  /** Adds the keys left out when the table was created, those that exist already left as they are. */
  async addKeys(connection: DbConnection, table: DumpedTable): Promise<void> {
    const name = quoteTable(table.schema, table.name);
    const postponed = this.#postponed.get(name);
    if (postponed === undefined) return;
    const rows = await queryRows(
      connection,
      'downstream',
      `SELECT DISTINCT INDEX_NAME AS i FROM information_schema.STATISTICS
       WHERE TABLE_SCHEMA = ${quoteString(table.schema)} AND TABLE_NAME = ${quoteString(table.name)}`,
    );
    const existing = new Set(rows.map((row) => String(row['i']).toLowerCase()));
    const missing = postponed.keys.filter((key) => !existing.has(key.name.toLowerCase()));
    if (missing.length === 0) return;
    const sql = `ALTER TABLE ${name} ${missing.map((key) => `ADD ${key.definition}`).join(', ')}`;
    await this.#execute(connection, table.file, sql, undefined);
  }

  async #keysToPostpone(table: DumpedTable): Promise<PostponedKeys | undefined> {
    if (this.#options.isTiDB || table.bytes < MIN_BYTES_TO_POSTPONE) return undefined;
    if (this.#referenced.has(table.name.toLowerCase())) return undefined;
    const creates = (await this.#statements(table.file)).filter((statement) => /^CREATE\s+TABLE\b/i.test(statement));
    return creates.length === 1 ? postponeKeys(creates[0] ?? '') : undefined;
  }

  async #statements(file: string): Promise<string[]> {
    const statements: string[] = [];
    const reader = await StatementReader.open(join(this.#options.dir, file), 0, new LargeStatementLock());
    try {
      for (let next = await reader.next(); next !== undefined; next = await reader.next()) {
        statements.push(statementText(next));
      }
    } finally {
      await reader.close();
    }
    return statements;
  }

  async #execute(connection: DbConnection, file: string, sql: string, ignored: number | undefined): Promise<void> {
    const { fence, mayWrite } = this.#options;
    await faultPoint('load.before-schema');
    if (!mayWrite() || !(await fence.isHeld(connection))) {
      throw new FenceLostError('another worker has taken over this subtask');
    }
    try {
      await connection.query(sql);
    } catch (error) {
      if (serverErrno(error) === ignored || (sql.startsWith('ALTER') && isIgnorableDdlError(error))) return;
      this.#options.logger.error('a statement of a structure file failed', { file });
      throw refused(error, file, sql);
    }
  }
}

function refused(error: unknown, file: string, sql: string): DmError {
  if (serverErrno(error) === undefined) return databaseError(error, { scope: 'downstream', kind: 'execute', sql });
  const workaround =
    'The downstream does not accept the statement. If it is a CREATE TABLE, please create the table there in a form that it accepts, with the same columns, and resume the task.';
  return dmError(10006, [`${sql} (structure file ${file})`], { cause: error, scope: 'downstream', workaround });
}

async function tableExists(connection: DbConnection, table: DumpedTable): Promise<boolean> {
  try {
    await connection.query(`SELECT 1 FROM ${quoteTable(table.schema, table.name)} LIMIT 0`);
    return true;
  } catch (error) {
    if (serverErrno(error) === ER_NO_SUCH_TABLE) return false;
    throw error;
  }
}
