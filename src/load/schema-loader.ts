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
import type { TableMapping, TargetTable } from '../filter/router.js';
import type { Flavor } from '../config/types.js';
import type { DumpedTable } from './inventory.js';
import { LargeStatementLock, StatementReader, statementText } from './statement-reader.js';
import { postponeKeys, referencedTables, type PostponedKeys } from './schema-statements.js';
import { leaveMariadb, plainColumns, routeStructure } from './structure-text.js';
import type { TargetGroup } from './work-order.js';

/** Tables with fewer bytes of rows than this get all their keys at once: building them later would not pay. */
const MIN_BYTES_TO_POSTPONE = 16 * 1024 * 1024;

/**
 * What MySQL adds to SHOW CREATE DATABASE, in a comment that other servers skip; a rewritten statement has it in the open.
 * How a server keeps its files is its own affair.
 */
const ENCRYPTION_OPTION = /\/\*!80016 DEFAULT ENCRYPTION='[YN]' \*\/\s*$/;

const ER_DB_CREATE_EXISTS = 1007;
const ER_BAD_DB = 1049;
const ER_TABLE_EXISTS = 1050;
const ER_NO_SUCH_TABLE = 1146;

/** Options of {@link SchemaLoader}. */
export interface SchemaLoaderOptions {
  dir: string;
  fence: Fence;
  logger: Logger;
  /** Of the upstream, which wrote the structures. */
  flavor: Flavor;
  mapping: TableMapping;
  /** The upstream is MariaDB, the downstream another product. */
  leavesMariadb: boolean;
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

  async createDatabase(
    connection: DbConnection,
    database: { schema: string; target: string; file: string },
  ): Promise<void> {
    const { schema, target, file } = database;
    for (const statement of await this.#statements(file)) {
      const isCreate = /^CREATE\s/i.test(statement);
      const sql = isCreate ? this.#routed(statement.replace(ENCRYPTION_OPTION, ''), schema) : statement;
      await this.#execute(connection, file, sql, ER_DB_CREATE_EXISTS);
    }
    // A file of another tool may hold something else: what counts is that the database exists.
    await this.#execute(connection, file, `USE ${quoteIdent(target)}`, undefined);
  }

  /**
   * Creates a downstream table unless it exists, as the first of its dumped tables is. When `ours` (it is created by this
   * load), big ones get their ordinary keys after their rows.
   *
   * @throws DmError 34007 when the file creates something else, 34006 when it cannot be read, 10006 when the downstream refuses
   *   the statement or has no such database
   */
  async createTable(connection: DbConnection, group: TargetGroup, ours: boolean): Promise<void> {
    const [table] = group.tables as [DumpedTable, ...DumpedTable[]];
    await useSchema(connection, group.target);
    await connection.query('SET NAMES utf8mb4, foreign_key_checks=0');
    const postponed = ours ? await this.#keysToPostpone(group) : undefined;
    // A user may have made a table that the downstream would not accept as it was upstream.
    const exists = await tableExists(connection, group.target);
    let created = false;
    for (const statement of await this.#tableStatements(table)) {
      const isCreate = /^CREATE\s/i.test(statement);
      if (isCreate && !/^CREATE\s+TABLE\b/i.test(statement)) {
        throw dmError(34007, [statement.slice(0, 200), table.schema, table.name]);
      }
      created ||= isCreate;
      if (isCreate && exists) continue;
      const text = isCreate && postponed !== undefined ? postponed.createTable : statement;
      const sql = isCreate ? this.#routed(text, table.schema) : text;
      await this.#execute(connection, table.file, sql, ER_TABLE_EXISTS);
    }
    if (!created) throw dmError(34007, ['', table.schema, table.name]);
    if (postponed !== undefined) this.#postponed.set(nameOf(group.target), postponed);
  }

  /** Adds the keys left out when the table was created, those that exist already left as they are. */
  async addKeys(connection: DbConnection, { target, tables }: TargetGroup): Promise<void> {
    const name = nameOf(target);
    const postponed = this.#postponed.get(name);
    if (postponed === undefined) return;
    const rows = await queryRows(
      connection,
      'downstream',
      `SELECT DISTINCT INDEX_NAME AS i FROM information_schema.STATISTICS
       WHERE TABLE_SCHEMA = ${quoteString(target.schema)} AND TABLE_NAME = ${quoteString(target.table)}`,
    );
    const existing = new Set(rows.map((row) => String(row['i']).toLowerCase()));
    const missing = postponed.keys.filter((key) => !existing.has(key.name.toLowerCase()));
    if (missing.length === 0) return;
    const sql = `ALTER TABLE ${name} ${missing.map((key) => `ADD ${key.definition}`).join(', ')}`;
    await this.#execute(connection, tables[0]?.file ?? '', sql, undefined);
  }

  /** Columns of the rows of a table's INSERT statements that list none; undefined when the file does not tell. */
  async columnsOf(table: DumpedTable): Promise<string[] | undefined> {
    const create = (await this.#tableStatements(table)).find((statement) => /^CREATE\s+TABLE\b/i.test(statement));
    if (create === undefined) return undefined;
    return plainColumns({ sql: create, schema: table.schema, flavor: this.#options.flavor });
  }

  #routed(sql: string, schema: string): string {
    return routeStructure({ sql, schema, flavor: this.#options.flavor }, this.#options.mapping);
  }

  async #keysToPostpone(group: TargetGroup): Promise<PostponedKeys | undefined> {
    if (this.#options.isTiDB || group.bytes < MIN_BYTES_TO_POSTPONE) return undefined;
    if (group.tables.some((table) => this.#referenced.has(table.name.toLowerCase()))) return undefined;
    const [table] = group.tables as [DumpedTable, ...DumpedTable[]];
    const creates = (await this.#tableStatements(table)).filter((statement) => /^CREATE\s+TABLE\b/i.test(statement));
    return creates.length === 1 ? postponeKeys(creates[0] ?? '') : undefined;
  }

  async #tableStatements({ file, schema }: DumpedTable): Promise<string[]> {
    const statements = await this.#statements(file);
    const { flavor, leavesMariadb } = this.#options;
    return leavesMariadb ? statements.map((sql) => leaveMariadb({ sql, schema, flavor })) : statements;
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

function nameOf({ schema, table }: TargetTable): string {
  return quoteTable(schema, table);
}

/** Only routes of databases make the databases that tables are routed to: without one, a person has to. */
async function useSchema(connection: DbConnection, target: TargetTable): Promise<void> {
  try {
    await connection.query(`USE ${quoteIdent(target.schema)}`);
  } catch (error) {
    if (serverErrno(error) !== ER_BAD_DB) throw error;
    throw dmError(10006, [`CREATE TABLE ${nameOf(target)}`], {
      cause: new Error(`schema ${target.schema} doesn't exist`),
      scope: 'downstream',
      workaround:
        'Please create the schema downstream and resume the task, or add a rule without `table-pattern` to `routes` that leads the databases of the upstream there.',
    });
  }
}

async function tableExists(connection: DbConnection, target: TargetTable): Promise<boolean> {
  try {
    await connection.query(`SELECT 1 FROM ${nameOf(target)} LIMIT 0`);
    return true;
  } catch (error) {
    if (serverErrno(error) === ER_NO_SUCH_TABLE) return false;
    throw error;
  }
}
