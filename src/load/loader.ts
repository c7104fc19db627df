import type { SubtaskConfig } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import { faultPoint } from '../fault/fault.js';
import { acquireFence, type Fence } from '../meta/fence.js';
import { createMetaTables, metaTables, type MetaTables } from '../meta/tables.js';
import { closeConnection, type DbConnection } from '../mysql/connect.js';
import { serverErrno } from '../mysql/errors.js';
import { quoteTable } from '../mysql/quote.js';
import { detectServer, type ServerInfo } from '../mysql/server-info.js';
import type { UnitContext } from '../unit.js';
import { LoadCheckpoint, TABLE_IS_OURS, TABLE_WAS_EMPTY, type CheckpointRow, type LoadState } from './checkpoint.js';
import { FileLoader, StopLoading } from './file-loader.js';
import type { DataFile, DumpedTable, Inventory } from './inventory.js';
import type { LoadProgress } from './progress.js';
import { SchemaLoader } from './schema-loader.js';
import { openLoadConnection, openSchemaConnection } from './session.js';
import { SlotWriter } from './slot-writer.js';
import { LargeStatementLock } from './statement-reader.js';
import type { LoadTally } from './tally.js';

/** Connections that create tables and add keys. */
const SCHEMA_WRITERS = 4;
/** Checkpoint rows of one INSERT. */
const ROWS_A_STATEMENT = 500;

const ER_NO_SUCH_TABLE = 1146;
const ER_BAD_DB = 1049;

/** One run of the load unit: connections, fence, checkpoint, and the order of work. */
export class Loader {
  readonly #config: SubtaskConfig;
  readonly #ctx: UnitContext<LoadProgress>;
  readonly #hardStop: AbortSignal;
  /** Ends all writers when one has failed. */
  readonly #failed = new AbortController();
  readonly #meta: MetaTables;
  readonly #checkpoint: LoadCheckpoint;
  readonly #poolSize: number;
  readonly #writers: SlotWriter[] = [];
  #main: DbConnection | undefined;
  #server: ServerInfo | undefined;
  #fence: Fence | undefined;
  #inventory: Inventory | undefined;
  #dumpId = 0;
  #rows = new Map<string, CheckpointRow>();

  constructor(config: SubtaskConfig, ctx: UnitContext<LoadProgress>, hardStop: AbortSignal) {
    this.#config = config;
    this.#ctx = ctx;
    this.#hardStop = hardStop;
    this.#meta = metaTables(config.metaSchema, config.task);
    this.#checkpoint = new LoadCheckpoint(this.#meta, config.sourceId);
    this.#poolSize = Math.max(1, config.load.poolSize);
  }

  /** Connects, becomes the only owner of the subtask and reads how far the load is. */
  async open(): Promise<LoadState> {
    const { config, ctx } = { config: this.#config, ctx: this.#ctx };
    this.#main = await openSchemaConnection(config.to, this.#hardStop);
    this.#server = await detectServer(this.#main, 'downstream');
    await createMetaTables(this.#main, this.#meta);
    this.#fence = await acquireFence(this.#main, {
      tables: this.#meta,
      sourceId: config.sourceId,
      slots: this.#poolSize + SCHEMA_WRITERS + 1,
      owner: ctx.worker,
    });
    return this.#checkpoint.read(this.#main);
  }

  /**
   * Stores the checkpoint rows of a new load, or checks that those of an interrupted one fit the files. What an interrupted
   * load of another dump left behind is removed first.
   *
   * @throws DmError 24004, 24005, 34018 when checkpoint and files do not fit
   */
  async begin(inventory: Inventory, dumpId: number, state: LoadState): Promise<void> {
    this.#inventory = inventory;
    this.#dumpId = dumpId;
    let rows = state.rows;
    if (state.dumpId !== undefined && state.dumpId !== dumpId) {
      this.#ctx.logger.warn('an earlier dump was loaded in part: removing its rows');
      await this.#removeEarlierLoad(rows);
      rows = [];
    }
    if (state.dumpId !== dumpId) {
      await this.#storeRows(inventory, rows);
      rows = (await this.#checkpoint.read(this.#connection())).rows;
    }
    this.#rows = new Map(rows.map((row) => [row.filename, row]));
    checkAgainstFiles(rows, inventory);
  }

  /** Creates schemas and tables, loads all rows, adds the keys left out. @returns false when asked to end before */
  async load(tally: LoadTally): Promise<boolean> {
    const inventory = this.#files();
    tally.totalBytes = inventory.tables.reduce((sum, table) => sum + table.bytes, 0);
    tally.finishedBytes = inventory.tables.reduce((sum, table) => {
      return sum + table.data.reduce((bytes, file) => bytes + this.#offset(file), 0);
    }, 0);
    const schema = new SchemaLoader({
      dir: inventory.dir,
      fence: this.#heldFence(),
      logger: this.#ctx.logger,
      isTiDB: this.#server?.isTiDB ?? false,
      mayWrite: () => this.#mayWrite(),
    });
    const schemaWriters = this.#openWriters(SCHEMA_WRITERS, this.#poolSize, openSchemaConnection);
    await this.#createObjects(schema, schemaWriters);
    if (!this.#mayGoOn()) return false;
    await this.#loadRows(schema, schemaWriters, tally);
    if (!this.#mayGoOn()) return false;
    await this.#execute(this.#checkpoint.finishSql(this.#dumpId));
    await faultPoint('load.finished');
    return true;
  }

  async close(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.close()));
    await closeConnection(this.#main);
  }

  async #createObjects(schema: SchemaLoader, writers: SlotWriter[]): Promise<void> {
    const { databases, tables } = this.#files();
    await schema.readReferences(tables);
    const [first] = writers;
    for (const { schema: name, file } of databases) {
      await first?.run((connection) => schema.createDatabase(connection, name, file));
    }
    const queue = [...tables];
    await this.#together(writers, async (writer) => {
      for (let table = queue.shift(); table !== undefined && this.#mayGoOn(); table = queue.shift()) {
        const current = table;
        await writer.run((connection) => schema.createTable(connection, current, this.#isOurs(current)));
      }
    });
  }

  async #loadRows(schema: SchemaLoader, schemaWriters: SlotWriter[], tally: LoadTally): Promise<void> {
    const { tables, dir } = this.#files();
    const open = new Map(tables.map((table) => [quoteTable(table.schema, table.name), table.data.length]));
    const loaded = new TableWaitingRoom(tables.filter((table) => table.data.length === 0));
    const files = interleave(tables);
    const shared = {
      dir,
      to: this.#config.to,
      checkpoint: this.#checkpoint,
      lock: new LargeStatementLock(),
      maxAllowedPacket: this.#server?.maxAllowedPacket ?? Number.POSITIVE_INFINITY,
      mayGoOn: () => this.#mayGoOn(),
      onCommit: (bytes: number, rows: number) => {
        tally.finishedBytes += bytes;
        tally.finishedRows += rows;
      },
    };
    const loadFiles = async (writer: SlotWriter): Promise<void> => {
      const loader = new FileLoader(writer, shared);
      for (let next = files.shift(); next !== undefined && this.#mayGoOn(); next = files.shift()) {
        if (!(await loader.load(next.file, this.#offset(next.file)))) return;
        const name = quoteTable(next.table.schema, next.table.name);
        const left = (open.get(name) ?? 0) - 1;
        open.set(name, left);
        if (left === 0) loaded.add(next.table);
      }
    };
    const addKeys = async (writer: SlotWriter): Promise<void> => {
      for (let table = await loaded.next(); table !== undefined; table = await loaded.next()) {
        const current = table;
        if (!this.#mayGoOn()) return;
        await writer.run((connection) => schema.addKeys(connection, current));
      }
    };
    const writers = this.#openWriters(Math.min(this.#poolSize, Math.max(1, files.length)), 0, openLoadConnection);
    const rows = this.#together(writers, loadFiles).finally(() => loaded.close());
    await Promise.allSettled([rows, this.#together(schemaWriters, addKeys)]);
    await rows;
    this.#failed.signal.throwIfAborted();
  }

  /** Runs `work` with each writer; the first failure ends the others and is thrown. */
  async #together(writers: SlotWriter[], work: (writer: SlotWriter) => Promise<void>): Promise<void> {
    const running = writers.map(async (writer) => {
      try {
        await work(writer);
      } catch (error) {
        if (!(error instanceof StopLoading)) this.#failed.abort(error);
        throw error;
      }
    });
    const outcomes = await Promise.allSettled(running);
    this.#failed.signal.throwIfAborted();
    const stopped = outcomes.find((outcome) => outcome.status === 'rejected');
    if (stopped !== undefined) throw stopped.reason;
  }

  #openWriters(
    count: number,
    firstSlot: number,
    open: (to: SubtaskConfig['to'], signal: AbortSignal) => Promise<DbConnection>,
  ): SlotWriter[] {
    const hardStop = AbortSignal.any([this.#hardStop, this.#failed.signal]);
    const writers = Array.from({ length: count }, (_, index) => {
      return new SlotWriter({
        open: () => open(this.#config.to, hardStop),
        fence: this.#heldFence(),
        slot: firstSlot + index,
        logger: this.#ctx.logger,
        hardStop,
        stop: this.#ctx.signal,
      });
    });
    this.#writers.push(...writers);
    return writers;
  }

  async #storeRows(inventory: Inventory, known: readonly CheckpointRow[]): Promise<void> {
    const rows: CheckpointRow[] = [];
    const before = new Set(known.map((row) => row.filename));
    for (const table of inventory.tables) {
      const common = { schema: table.schema, table: table.name };
      for (const file of table.data) rows.push({ ...common, filename: file.name, offset: 0, endPos: file.size });
      // Rows of an older version of the checkpoint tell nothing of who made the table.
      const offset = before.size > 0 ? undefined : await this.#ownership(table);
      if (offset !== undefined) rows.push({ ...common, filename: table.file, offset, endPos: table.fileSize });
    }
    const statements: string[] = [];
    do {
      statements.push(this.#checkpoint.insertSql(this.#dumpId, rows.splice(0, ROWS_A_STATEMENT)));
    } while (rows.length > 0);
    // In one transaction: a load has either begun with all its rows or not at all.
    await this.#execute(statements.join('; '));
  }

  /** Whether a table is made by this load; undefined when it holds rows of somebody else. */
  async #ownership(table: DumpedTable): Promise<number | undefined> {
    try {
      const [rows] = await this.#connection().query(`SELECT 1 FROM ${quoteTable(table.schema, table.name)} LIMIT 1`);
      return (rows as unknown[]).length === 0 ? TABLE_WAS_EMPTY : undefined;
    } catch (error) {
      const errno = serverErrno(error);
      if (errno === ER_NO_SUCH_TABLE || errno === ER_BAD_DB) return TABLE_IS_OURS;
      throw error;
    }
  }

  async #removeEarlierLoad(rows: readonly CheckpointRow[]): Promise<void> {
    const owned = new Map<string, CheckpointRow>();
    for (const row of rows) if (isStructureRow(row)) owned.set(quoteTable(row.schema, row.table), row);
    const foreign = rows.find((row) => row.offset > 0 && !owned.has(quoteTable(row.schema, row.table)));
    if (foreign !== undefined) {
      throw dmError(34018, [], {
        cause: new Error(
          `${quoteTable(foreign.schema, foreign.table)} held rows before the load and holds rows of an earlier dump now`,
        ),
        workaround:
          'Please remove the rows of the interrupted load from the downstream tables and start the task again with `--remove-meta`.',
      });
    }
    for (const [name, row] of owned) {
      const sql = row.offset === TABLE_WAS_EMPTY ? `TRUNCATE TABLE ${name}` : `DROP TABLE IF EXISTS ${name}`;
      if (!this.#mayWrite() || !(await this.#heldFence().isHeld(this.#connection()))) throw new StopLoading();
      await this.#connection().query(sql);
    }
    await this.#execute(this.#checkpoint.clearSql());
  }

  /** Runs statements that may be run twice in one transaction, which fails when the fence is lost. */
  async #execute(sql: string): Promise<void> {
    const [writer] = this.#openWriters(1, this.#poolSize + SCHEMA_WRITERS, openSchemaConnection);
    await writer?.run(async (connection) => {
      if (!this.#mayWrite()) throw new StopLoading();
      // One request: no pause of this process can come between its statements.
      await connection.query(`${writer.beginSql()}; ${sql}; COMMIT`);
    });
    await writer?.close();
  }

  #mayWrite(): boolean {
    return !this.#hardStop.aborted && (this.#ctx.mayWrite?.() ?? true);
  }

  #mayGoOn(): boolean {
    return !this.#ctx.signal.aborted && !this.#failed.signal.aborted && this.#mayWrite();
  }

  #isOurs(table: DumpedTable): boolean {
    return this.#rows.get(table.file)?.offset === TABLE_IS_OURS;
  }

  #offset(file: DataFile): number {
    return this.#rows.get(file.name)?.offset ?? 0;
  }

  #connection(): DbConnection {
    if (this.#main === undefined) throw new Error('the load is not open');
    return this.#main;
  }

  #heldFence(): Fence {
    if (this.#fence === undefined) throw new Error('the load is not open');
    return this.#fence;
  }

  #files(): Inventory {
    if (this.#inventory === undefined) throw new Error('the load has not begun');
    return this.#inventory;
  }
}

function isStructureRow(row: CheckpointRow): boolean {
  return row.filename.endsWith('-schema.sql');
}

/** @throws DmError 24004, 24005 when a file of the checkpoint is missing, 34018 when it has another size */
function checkAgainstFiles(rows: readonly CheckpointRow[], inventory: Inventory): void {
  const sizes = new Map<string, number>();
  for (const table of inventory.tables) for (const file of table.data) sizes.set(file.name, file.size);
  const schemas = new Set(inventory.databases.map((database) => database.schema));
  for (const row of rows) {
    if (isStructureRow(row)) continue;
    const size = sizes.get(row.filename);
    if (size === row.endPos) continue;
    if (size !== undefined) throw dmError(34018, [], { cause: new Error(`${row.filename} has changed its size`) });
    if (!schemas.has(row.schema)) throw dmError(24004, [row.schema]);
    throw dmError(24005, [row.table, row.schema], { cause: new Error(`file ${row.filename} is missing`) });
  }
}

/** Files of all tables, the tables taking turns, so that writers seldom meet in one table. */
function interleave(tables: readonly DumpedTable[]): { table: DumpedTable; file: DataFile }[] {
  const lanes = [...tables].sort((a, b) => b.bytes - a.bytes).map((table) => ({ table, files: [...table.data] }));
  const result: { table: DumpedTable; file: DataFile }[] = [];
  for (let round = 0, more = true; more; round++) {
    more = false;
    for (const { table, files } of lanes) {
      const file = files[round];
      if (file === undefined) continue;
      result.push({ table, file });
      more = true;
    }
  }
  return result;
}

/** Tables whose rows are complete, for those who add their keys. */
class TableWaitingRoom {
  readonly #tables: DumpedTable[];
  readonly #waiting: ((table: DumpedTable | undefined) => void)[] = [];
  #closed = false;

  constructor(tables: readonly DumpedTable[]) {
    this.#tables = [...tables];
  }

  add(table: DumpedTable): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#tables.push(table);
    else waiter(table);
  }

  /** No more tables will come. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiting.splice(0)) waiter(undefined);
  }

  next(): Promise<DumpedTable | undefined> {
    const table = this.#tables.shift();
    if (table !== undefined || this.#closed) return Promise.resolve(table);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
