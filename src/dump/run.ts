import { mkdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SubtaskConfig } from '../config/types.js';
import { DmError, dmError } from '../errors/dm-error.js';
import { faultPoint } from '../fault/fault.js';
import { createDumpFilter } from '../filter/dump-filter.js';
import { createOnlineTables, realTablesOnly } from '../filter/online-tables.js';
import { closeConnection, openConnection, queryRows, type DbConnection } from '../mysql/connect.js';
import { databaseError, isConnectionError, serverErrno } from '../mysql/errors.js';
import { quoteIdent, quoteTable } from '../mysql/quote.js';
import type { UnitContext, UnitResult } from '../unit.js';
import { syncDirectory, writeWholeFile } from './data-files.js';
import { valueDetail } from './value-detail.js';
import {
  databaseFileName,
  encodeFileNamePart,
  isShortened,
  LONG_NAMES_FILE,
  METADATA_FILE,
  tableFileName,
} from './file-names.js';
import { TableIdentities } from './identities.js';
import { formatMetadata, type DumpMetadata } from './metadata.js';
import type { DumpProgress } from './progress.js';
import { takeSnapshot, type Snapshot } from './snapshot.js';
import { goneError, TableDumper } from './table-dumper.js';
import { TableQueue } from './table-queue.js';
import { tableSizes, type DumpTable, type TableSize } from './tables.js';
import { DumpTally } from './tally.js';

/** How a dump ended. */
export interface DumpResult extends UnitResult {
  /** Where the binlog stood; absent when the dump was not finished. */
  metadata?: DumpMetadata;
}

/** Where the files of a subtask's dump lie: each source of a task has a directory of its own. */
export function dumpDirectory(config: SubtaskConfig, dataDir: string): string {
  return resolve(dataDir, config.load.dir, encodeFileNamePart(config.sourceId));
}

/**
 * Writes a consistent copy of the selected tables as SQL files, in a directory that is emptied first. The file `metadata`
 * comes last: a directory without it holds no dump.
 *
 * @throws DmError 32004 when no lock can be had, 32001 when a table or file cannot be dumped, 10001 to 10005 for trouble with
 * the upstream, 11125 when it writes no binlog
 */
export async function runDump(
  config: SubtaskConfig,
  ctx: UnitContext<DumpProgress>,
  { dataDir }: { dataDir: string },
): Promise<DumpResult> {
  if (ctx.signal.aborted) return { finished: false };
  const dump = new Dump(config, ctx, dumpDirectory(config, dataDir));
  try {
    return { finished: true, metadata: await dump.run() };
  } catch (error) {
    if (ctx.signal.aborted) return { finished: false };
    throw dumpError(error);
  } finally {
    await dump.close();
  }
}

function dumpError(error: unknown): DmError {
  if (error instanceof DmError && error.code !== 10005) return error;
  if (isConnectionError(error)) return databaseError(error, { scope: 'upstream', kind: 'query' });
  const scope = serverErrno(error) === undefined ? 'internal' : 'upstream';
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const workaround = 'Please make room on the disk that holds the data directory of the worker and resume the task.';
    return dmError(32001, [''], { cause: error, scope, workaround });
  }
  return dmError(32001, [''], { cause: error, scope });
}

class Dump {
  readonly #config: SubtaskConfig;
  readonly #ctx: UnitContext<DumpProgress>;
  readonly #dir: string;
  readonly #tally: DumpTally;
  readonly #connections: DbConnection[] = [];
  /** Ends the connections of all readers when one has failed. */
  readonly #stop = new AbortController();

  constructor(config: SubtaskConfig, ctx: UnitContext<DumpProgress>, dir: string) {
    this.#config = config;
    this.#ctx = ctx;
    this.#dir = dir;
    this.#tally = new DumpTally((progress) => ctx.report(progress));
  }

  async run(): Promise<DumpMetadata> {
    const started = new Date();
    await rm(this.#dir, { recursive: true, force: true });
    await mkdir(this.#dir, { recursive: true });
    this.#tally.start();
    const readers = await this.#openReaders();
    await this.#assertDatabases(readers[0]);
    const snapshot = await this.#snapshot(readers);
    const [reader] = readers as [DbConnection];
    const identities = await TableIdentities.read(reader, this.#config.flavor);
    const tables = await this.#writeSchemas(reader, snapshot, identities);
    await this.#dumpTables(readers, snapshot, identities, tables);
    await syncDirectory(this.#dir);
    await faultPoint('dump.before-metadata');
    await writeWholeFile(this.#dir, METADATA_FILE, formatMetadata(snapshot.metadata, started, new Date()));
    await syncDirectory(this.#dir);
    await faultPoint('dump.after-metadata');
    return snapshot.metadata;
  }

  async close(): Promise<void> {
    this.#tally.stop();
    await Promise.all(this.#connections.map((connection) => closeConnection(connection)));
  }

  async #open(): Promise<DbConnection> {
    const signal = AbortSignal.any([this.#ctx.signal, this.#stop.signal]);
    // The server writes structures in the words of this mode, and whoever reads the files expects the plain ones.
    const session = { sql_mode: '' };
    const connection = await openConnection(this.#config.from, { role: 'upstream', signal, session });
    this.#connections.push(connection);
    return connection;
  }

  async #openReaders(): Promise<DbConnection[]> {
    const opened = Array.from({ length: Math.max(1, this.#config.dump.threads) }, async () => {
      const reader = await this.#open();
      await reader.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      // Sizes of tables shall be those of now, not of yesterday. Only MySQL 8 and later know the variable.
      await reader.query('SET SESSION group_concat_max_len = 4294967295');
      await reader.query('SET SESSION information_schema_stats_expiry = 0').catch(ignoreServerError);
      return reader;
    });
    await Promise.allSettled(opened);
    return Promise.all(opened);
  }

  /** A name in `--database` that is not there is a mistake, not an empty dump. */
  async #assertDatabases(reader: DbConnection | undefined): Promise<void> {
    const { databases = [] } = this.#config.dump;
    if (reader === undefined || databases.length === 0) return;
    const rows = await queryRows(reader, 'upstream', 'SHOW DATABASES');
    const known = new Set(rows.map((row) => String(Object.values(row)[0])));
    const missing = databases.filter((name) => !known.has(name));
    if (missing.length === 0) return;
    throw dmError(32001, [`Unknown databases [${missing.join(',')}]`], {
      scope: 'upstream',
      workaround: 'Please correct `--database` in `extra-args` of the dump configuration.',
    });
  }

  async #snapshot(readers: DbConnection[]): Promise<Snapshot> {
    const lockConnection = await this.#open();
    const snapshot = await takeSnapshot({
      consistency: this.#config.dump.consistency,
      flavor: this.#config.flavor,
      lockConnection,
      readers,
      filter: realTablesOnly(createDumpFilter(this.#config), createOnlineTables(this.#config.onlineDdl)),
      logger: this.#ctx.logger,
      signal: this.#ctx.signal,
    });
    this.#connections.splice(this.#connections.indexOf(lockConnection), 1);
    await closeConnection(lockConnection);
    return snapshot;
  }

  /** Writes the schema files. @returns the tables that still exist */
  async #writeSchemas(reader: DbConnection, snapshot: Snapshot, identities: TableIdentities): Promise<DumpTable[]> {
    const longNames: Record<string, string> = {};
    const noteName = (name: string): void => {
      const encoded = encodeFileNamePart(name);
      if (isShortened(encoded)) longNames[encoded] = name;
    };
    const tables: DumpTable[] = [];
    for (const table of snapshot.objects.tables) {
      if (await this.#exists(reader, table, snapshot, identities)) tables.push(table);
    }
    for (const schema of this.#schemasToCreate(snapshot.objects.schemas, tables)) {
      noteName(schema);
      const [row] = await queryRows(reader, 'upstream', `SHOW CREATE DATABASE ${quoteIdent(schema)}`);
      const statement = String(row?.['Create Database'] ?? '').replace(
        /^CREATE DATABASE (?!IF NOT|\/\*!32312)/,
        'CREATE DATABASE /*!32312 IF NOT EXISTS*/ ',
      );
      await writeWholeFile(this.#dir, databaseFileName(schema), `${statement};\n`);
    }
    for (const table of tables) {
      this.#ctx.signal.throwIfAborted();
      noteName(table.name);
      const statement = snapshot.structures.get(quoteTable(table.schema, table.name)) ?? '';
      await writeWholeFile(this.#dir, tableFileName(table.schema, table.name), `${SCHEMA_PREAMBLE}${statement};\n`);
    }
    if (Object.keys(longNames).length > 0) {
      await writeWholeFile(this.#dir, LONG_NAMES_FILE, `${JSON.stringify(longNames, null, 2)}\n`);
    }
    return tables;
  }

  async #exists(
    reader: DbConnection,
    table: DumpTable,
    snapshot: Snapshot,
    identities: TableIdentities,
  ): Promise<boolean> {
    const name = quoteTable(table.schema, table.name);
    if (snapshot.structures.has(name)) return true;
    if (!(await identities.wasDropped(reader, table))) throw goneError(name);
    this.#ctx.logger.warn('table was dropped before it could be dumped', { table: name });
    return false;
  }

  /** With a list of tables to do, only their schemas are made; otherwise all that pass, empty ones included. */
  #schemasToCreate(schemas: readonly string[], tables: readonly DumpTable[]): string[] {
    const { blockAllowList, dump } = this.#config;
    const listed = dump.tables !== undefined || dump.tableFilter !== undefined;
    if (!listed && (blockAllowList?.doTables ?? []).length === 0) return [...schemas];
    const used = new Set(tables.map((table) => table.schema));
    return schemas.filter((schema) => used.has(schema));
  }

  async #dumpTables(
    readers: DbConnection[],
    snapshot: Snapshot,
    identities: TableIdentities,
    tables: DumpTable[],
  ): Promise<void> {
    const [reader] = readers as [DbConnection];
    const sizes = await tableSizes(reader, [...new Set(tables.map((table) => table.schema))]);
    const sizeOf = (table: DumpTable): TableSize =>
      sizes.get(quoteTable(table.schema, table.name)) ?? { rows: 0, rowLength: 0, bytes: 0 };
    this.#tally.totalTables = tables.length;
    this.#tally.estimateTotalRows = tables.reduce((sum, table) => sum + sizeOf(table).rows, 0);
    // Big ones first, so that no single big table is left for the end.
    const queue = new TableQueue([...tables].sort((a, b) => sizeOf(b).bytes - sizeOf(a).bytes));
    const shared = {
      config: this.#config.dump,
      timezone: this.#config.timezone,
      detail: await valueDetail(
        reader,
        this.#config.to,
        snapshot.structures.values(),
        this.#ctx.logger,
        this.#ctx.signal,
      ),
      dir: this.#dir,
      queue,
      sizeOf,
      structures: snapshot.structures,
      identities,
      tally: this.#tally,
      logger: this.#ctx.logger,
    };
    let failure: { error: unknown } | undefined;
    const work = readers.map(async (connection) => {
      try {
        await new TableDumper(connection, shared).run();
      } catch (error) {
        failure ??= { error };
        this.#stop.abort(error);
      }
    });
    await Promise.all(work);
    if (failure !== undefined) throw failure.error;
  }
}

/** Names in a CREATE TABLE are utf8mb4, and keys may refer to tables that come later. */
const SCHEMA_PREAMBLE = '/*!40101 SET NAMES utf8mb4*/;\n/*!40014 SET FOREIGN_KEY_CHECKS=0*/;\n\n';

function ignoreServerError(error: unknown): void {
  if (serverErrno(error) === undefined) throw error;
}
