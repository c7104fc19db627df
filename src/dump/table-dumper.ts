import type { DumpConfig } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import { faultPoint } from '../fault/fault.js';
import type { Logger } from '../log/logger.js';
import { queryRows, UTC, type DbConnection } from '../mysql/connect.js';
import { serverErrno } from '../mysql/errors.js';
import { quoteColumns, quoteIdent, quoteString, quoteTable } from '../mysql/quote.js';
import { planChunks, selectChunk } from './chunks.js';
import { BufferPool, DataFiles } from './data-files.js';
import { dataFileName } from './file-names.js';
import type { TableIdentities } from './identities.js';
import { InsertWriter } from './insert-writer.js';
import { streamRows } from './result-stream.js';
import type { Chunk, OpenTable, TableQueue } from './table-queue.js';
import { readLayout, showCreateTable, withoutCounter, type DumpTable, type TableSize } from './tables.js';
import type { DumpTally } from './tally.js';
import type { ValueDetail } from './value-detail.js';

/** What the readers of one dump share. */
export interface DumpShared {
  config: DumpConfig;
  /** Time zone that `where` is written for; empty = UTC. */
  timezone: string;
  /** How values are written. */
  detail: ValueDetail;
  dir: string;
  queue: TableQueue;
  sizeOf: (table: DumpTable) => TableSize;
  /** CREATE TABLE at the moment of the snapshot, by quoted name. */
  structures: ReadonlyMap<string, string>;
  identities: TableIdentities;
  tally: DumpTally;
  logger: Logger;
}

/** Top of each data file. Rows are utf8mb4; TIMESTAMP values are UTC. */
const DATA_PREAMBLE = Buffer.from(
  "/*!40101 SET NAMES utf8mb4*/;\n/*!40014 SET FOREIGN_KEY_CHECKS=0*/;\n/*!40103 SET TIME_ZONE='+00:00' */;\n",
);

const BUFFER_SIZE = 1024 * 1024;
const ER_BAD_FIELD = 1054;
const ER_NO_SUCH_TABLE = 1146;
const ER_TABLE_DEF_CHANGED = 1412;

/** One reader: takes tables and chunks from the queue until there is nothing left. */
export class TableDumper {
  readonly #connection: DbConnection;
  readonly #shared: DumpShared;
  readonly #pool = new BufferPool(BUFFER_SIZE);
  /** Tables this connection has locked against DDL by reading them, while their chunks are open. */
  #held: OpenTable[] = [];

  constructor(connection: DbConnection, shared: DumpShared) {
    this.#connection = connection;
    this.#shared = shared;
  }

  async run(): Promise<void> {
    await this.#connection.query('SAVEPOINT dump');
    for (;;) {
      const work = this.#shared.queue.next();
      if (work === undefined) break;
      await this.#releaseTables();
      if (work.kind === 'chunk') {
        await this.#dumpChunk(work.chunk);
      } else {
        await faultPoint('dump.before-table');
        const chunk = await this.#openTable(work.table);
        if (chunk !== undefined) await this.#dumpChunk(chunk);
      }
    }
  }

  /**
   * Going back to the savepoint ends the metadata locks that our reads took, so that DDL upstream has to wait for the
   * dump of one table only; the snapshot stays.
   */
  async #releaseTables(): Promise<void> {
    if (this.#held.some((table) => table.openChunks > 0)) return;
    if (this.#held.length === 0) return;
    this.#held = [];
    await this.#connection.query('ROLLBACK TO SAVEPOINT dump');
  }

  async #openTable(table: DumpTable): Promise<Chunk | undefined> {
    const { config, queue, sizeOf, tally, logger, identities, detail } = this.#shared;
    const name = quoteTable(table.schema, table.name);
    try {
      // From here on no DDL can change the table until we let it go.
      await this.#connection.query(`SELECT 1 FROM ${name} LIMIT 0`);
      await this.#assertUnchanged(table);
      const layout = await readLayout(this.#connection, table, detail.exact);
      const options = { rows: config.rows, fileSize: config.chunkFilesize, where: config.where };
      const conditions = await this.#inZone(() => planChunks(this.#connection, table, layout, sizeOf(table), options));
      const open: OpenTable = { table, layout, openChunks: 0 };
      const first = queue.addChunks(open, conditions);
      this.#held.push(open);
      return first;
    } catch (error) {
      if (serverErrno(error) !== ER_NO_SUCH_TABLE) throw this.#annotate(error, name);
      if (!(await identities.wasDropped(this.#connection, table))) throw goneError(name, error);
      logger.warn('table was dropped while the dump ran, its rows are left out', { table: name });
      tally.completedTables++;
      return undefined;
    }
  }

  async #assertUnchanged(table: DumpTable): Promise<void> {
    const name = quoteTable(table.schema, table.name);
    const before = this.#shared.structures.get(name) ?? '';
    const now = await showCreateTable(this.#connection, table);
    if (withoutCounter(before) !== withoutCounter(now)) throw changedError(name);
  }

  async #dumpChunk(chunk: Chunk): Promise<void> {
    const { table, layout } = chunk.of;
    const { config, dir, tally, detail } = this.#shared;
    const name = quoteTable(table.schema, table.name);
    const nameOf = (part: number): string => dataFileName(table.schema, table.name, chunk.number, part);
    const files = new DataFiles(dir, nameOf, this.#pool);
    const columns = quoteColumns(layout.columns.map((column) => column.name));
    const writer = new InsertWriter({
      files,
      pool: this.#pool,
      preamble: DATA_PREAMBLE,
      header: Buffer.from(`INSERT INTO ${quoteIdent(table.name)} (${columns}) VALUES\n`),
      formats: Uint8Array.from(layout.columns.map((column) => column.format)),
      statementSize: config.statementSize,
      fileSize: config.rows === undefined ? config.chunkFilesize : undefined,
      onProgress: (rows, bytes) => {
        tally.rows += rows;
        tally.bytes += bytes;
      },
    });
    if (!this.#held.includes(chunk.of)) this.#held.push(chunk.of);
    try {
      const otherZone = this.#zoneOfWhere !== undefined;
      const select = selectChunk(table, layout, chunk.condition, { where: config.where, otherZone, json: detail.json });
      await this.#inZone(() => streamRows(this.#connection, select, writer));
      await writer.finish();
    } catch (error) {
      await files.abandon();
      throw this.#annotate(error, name);
    }
    if (--chunk.of.openChunks === 0) tally.completedTables++;
  }

  /** The time zone in which `where` is meant; undefined when that is the session's own. */
  get #zoneOfWhere(): string | undefined {
    const { config, timezone } = this.#shared;
    return config.where === undefined || timezone === '' ? undefined : timezone;
  }

  /** Runs what `where` is part of. Structures are read in UTC again: their defaults show in the session's zone. */
  async #inZone<T>(work: () => Promise<T>): Promise<T> {
    const zone = this.#zoneOfWhere;
    if (zone === undefined) return work();
    await this.#setZone(zone);
    let result: T;
    try {
      result = await work();
    } catch (error) {
      // The connection may go on with another table. Should it be lost, the first error says more.
      await this.#setZone(UTC).catch(() => undefined);
      throw error;
    }
    await this.#setZone(UTC);
    return result;
  }

  async #setZone(zone: string): Promise<void> {
    await queryRows(this.#connection, 'upstream', `SET time_zone = ${quoteString(zone)}`);
  }

  #annotate(error: unknown, table: string): unknown {
    const errno = serverErrno(error);
    if (errno === ER_TABLE_DEF_CHANGED || errno === ER_BAD_FIELD || errno === ER_NO_SUCH_TABLE) {
      return changedError(table, error);
    }
    return error;
  }
}

function changedError(table: string, cause?: unknown): Error {
  return dmError(32001, [`the structure of ${table} was changed while the dump ran`], {
    cause,
    scope: 'upstream',
    workaround: 'Please resume the task: the dump is taken again. Avoid DDL upstream while it runs.',
  });
}

/** A table is gone and it is not certain that it was dropped: its rows may live on under another name. */
export function goneError(table: string, cause?: unknown): Error {
  return dmError(32001, [`table ${table} was dropped or renamed while the dump ran`], {
    cause,
    scope: 'upstream',
    workaround:
      'Please resume the task: the dump is taken again. Avoid RENAME TABLE and DROP TABLE upstream while it runs.',
  });
}
