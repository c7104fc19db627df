import type { SubtaskConfig } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import { faultPoint } from '../fault/fault.js';
import { createColumnMapping, type ColumnMapping } from '../filter/column-mapping.js';
import { createRouter, type TableMapping } from '../filter/router.js';
import { acquireFence, type Fence } from '../meta/fence.js';
import { createMetaTables, metaTables, type MetaTables } from '../meta/tables.js';
import { closeConnection, type DbConnection } from '../mysql/connect.js';
import { databaseError, serverErrno } from '../mysql/errors.js';
import { detectServer, type ServerInfo } from '../mysql/server-info.js';
import type { UnitContext } from '../unit.js';
import {
  isStructureRow,
  LoadCheckpoint,
  TABLE_HELD_ROWS,
  TABLE_IS_OURS,
  type CheckpointRow,
  type LoadState,
} from './checkpoint.js';
import { FileLoader, StopLoading, type FileLoaderShared } from './file-loader.js';
import { InsertRewriter } from './insert-rewriter.js';
import type { DataFile, DumpedTable, Inventory } from './inventory.js';
import { assertSameTargets, ownershipOf, undoStatements } from './ownership.js';
import type { LoadProgress } from './progress.js';
import type { TargetKind } from './refusal.js';
import { SchemaLoader } from './schema-loader.js';
import { openLoadConnection, openSchemaConnection } from './session.js';
import { SlotWriter } from './slot-writer.js';
import { LargeStatementLock } from './statement-reader.js';
import type { LoadTally } from './tally.js';
import { groupByTarget, interleave, WaitingRoom, type TargetGroup } from './work-order.js';

/** Connections that create tables and add keys. */
const SCHEMA_WRITERS = 4;
/** Checkpoint rows of one INSERT. */
const ROWS_A_STATEMENT = 500;

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
  /** Where the tables go. */
  readonly mapping: TableMapping;
  readonly #columnMapping: ColumnMapping;
  #groups: TargetGroup[] = [];
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
    this.mapping = createRouter(config.routes, config.caseSensitive, 34010);
    this.#columnMapping = createColumnMapping(config.columnMappings, config.caseSensitive);
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
   * @throws DmError 24004, 24005, 34018 when checkpoint, files and routes do not fit
   */
  async begin(inventory: Inventory, dumpId: number, state: LoadState): Promise<void> {
    this.#inventory = inventory;
    this.#dumpId = dumpId;
    let rows = state.rows;
    if (state.dumpId !== undefined && state.dumpId !== dumpId) {
      this.#ctx.logger.warn('an earlier dump was loaded in part: removing its rows');
      await this.#undo(rows);
      rows = [];
    }
    if (state.dumpId !== dumpId) {
      await this.#storeRows(inventory, rows);
      rows = (await this.#checkpoint.read(this.#connection())).rows;
    }
    this.#rows = new Map(rows.map((row) => [row.filename, row]));
    checkAgainstFiles(rows, inventory);
    assertSameTargets(rows, inventory.tables);
    this.#groups = groupByTarget(inventory.tables);
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
      flavor: this.#config.flavor,
      mapping: this.mapping,
      leavesMariadb: this.#config.flavor === 'mariadb' && this.#server?.flavor !== 'mariadb',
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
    for (const database of databases) {
      await first?.run((connection) => schema.createDatabase(connection, database));
    }
    const queue = [...this.#groups];
    await this.#together(writers, async (writer) => {
      for (let group = queue.shift(); group !== undefined && this.#mayGoOn(); group = queue.shift()) {
        const current = group;
        await writer.run((connection) => schema.createTable(connection, current, this.#isOurs(current)));
      }
    });
  }

  async #loadRows(schema: SchemaLoader, schemaWriters: SlotWriter[], tally: LoadTally): Promise<void> {
    const open = new Map(this.#groups.map((group) => [group, group.tables.flatMap((table) => table.data).length]));
    const loaded = new WaitingRoom(this.#groups.filter((group) => open.get(group) === 0));
    const files = interleave(this.#groups);
    const rewriters = new Map<DumpedTable, Promise<InsertRewriter>>();
    const shared = this.#sharedByLoaders(tally);
    const loadFiles = async (writer: SlotWriter): Promise<void> => {
      const loader = new FileLoader(writer, shared);
      for (let next = files.shift(); next !== undefined && this.#mayGoOn(); next = files.shift()) {
        const { file, table, group } = next;
        const rewriter = rewriters.get(table) ?? this.#rewriterOf(table, schema);
        rewriters.set(table, rewriter);
        const work = { file, target: group.target, targetKind: this.#kindOf(group), rewriter: await rewriter };
        if (!(await loader.load(work, this.#offset(file)))) return;
        const left = (open.get(group) ?? 0) - 1;
        open.set(group, left);
        if (left === 0) loaded.add(group);
      }
    };
    const addKeys = async (writer: SlotWriter): Promise<void> => {
      for (let group = await loaded.next(); group !== undefined; group = await loaded.next()) {
        const current = group;
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

  #sharedByLoaders(tally: LoadTally): FileLoaderShared {
    return {
      dir: this.#files().dir,
      to: this.#config.to,
      checkpoint: this.#checkpoint,
      lock: new LargeStatementLock(),
      maxAllowedPacket: Math.min(
        this.#server?.maxAllowedPacket ?? Number.POSITIVE_INFINITY,
        this.#config.to.maxAllowedPacket ?? Number.POSITIVE_INFINITY,
      ),
      mayGoOn: () => this.#mayGoOn(),
      onCommit: (bytes: number, rows: number) => {
        tally.finishedBytes += bytes;
        tally.finishedRows += rows;
      },
    };
  }

  async #rewriterOf(table: DumpedTable, schema: SchemaLoader): Promise<InsertRewriter> {
    const { schema: database, name } = table;
    return new InsertRewriter({
      table,
      columns: await schema.columnsOf(table),
      change: (columns) => this.#columnMapping.forColumns(database, name, columns),
    });
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
    for (const { target, tables } of groupByTarget(inventory.tables)) {
      // Rows of an older version of the checkpoint tell nothing of who made the table.
      const offset = known.length > 0 ? TABLE_HELD_ROWS : await ownershipOf(this.#connection(), target);
      for (const { schema, name, file, fileSize, data } of tables) {
        rows.push({ ...target, filename: file, offset, endPos: fileSize });
        for (const part of data) rows.push({ schema, table: name, filename: part.name, offset: 0, endPos: part.size });
      }
    }
    const statements: string[] = [];
    do {
      statements.push(this.#checkpoint.insertSql(this.#dumpId, rows.splice(0, ROWS_A_STATEMENT)));
    } while (rows.length > 0);
    // In one transaction: a load has either begun with all its rows or not at all.
    await this.#execute(statements.join('; '));
  }

  async #undo(rows: readonly CheckpointRow[]): Promise<void> {
    const context = { checkpoint: this.#checkpoint, mapping: this.mapping };
    for (const sql of await undoStatements(this.#connection(), rows, context)) {
      if (!this.#mayWrite() || !(await this.#heldFence().isHeld(this.#connection()))) throw new StopLoading();
      await named(sql, () => this.#connection().query(sql));
    }
    await this.#execute(this.#checkpoint.clearSql());
  }

  /** Runs statements that may be run twice in one transaction, which fails when the fence is lost. */
  async #execute(sql: string): Promise<void> {
    const [writer] = this.#openWriters(1, this.#poolSize + SCHEMA_WRITERS, openSchemaConnection);
    const work = writer?.run(async (connection) => {
      if (!this.#mayWrite()) throw new StopLoading();
      // One request: no pause of this process can come between its statements.
      await connection.query(`${writer.beginSql()}; ${sql}; COMMIT`);
    });
    await named(sql, async () => work);
    await writer?.close();
  }

  #mayWrite(): boolean {
    return !this.#hardStop.aborted && (this.#ctx.mayWrite?.() ?? true);
  }

  #mayGoOn(): boolean {
    return !this.#ctx.signal.aborted && !this.#failed.signal.aborted && this.#mayWrite();
  }

  #isOurs({ tables }: TargetGroup): boolean {
    return tables.some((table) => this.#rows.get(table.file)?.offset === TABLE_IS_OURS);
  }

  #kindOf({ tables }: TargetGroup): TargetKind {
    if (tables.some((table) => this.#rows.get(table.file)?.offset === TABLE_HELD_ROWS)) return 'held-rows';
    return tables.length > 1 ? 'merged' : 'own';
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

/** Lets an error of the server name the statement, which none of our own makes with row values in it. */
async function named<T>(sql: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (serverErrno(error) === undefined) throw error;
    throw databaseError(error, { scope: 'downstream', kind: 'execute', sql });
  }
}
