import { dmError } from '../../errors/dm-error.js';
import { faultPoint, faultsEnabled } from '../../fault/fault.js';
import type { Fence } from '../../meta/fence.js';
import type { MetaConnection, MetaTables } from '../../meta/tables.js';
import { quoteString } from '../../mysql/quote.js';
import type { Table } from '../../schema/model.js';
import { tableFromJson, tableToJson } from '../../schema/table-json.js';
import type { PendingStructure, StructureStore } from '../../schema/tracker.js';
import type { BinlogLocation } from '../events.js';
import { decodeSeqs, type SeqRange } from './seq-set.js';

/** What a restart begins with. */
export interface Checkpoint {
  /** Behind the last transaction all of whose changes, and all before, are applied. */
  location: BinlogLocation;
  /** Number of changes in the stream up to {@link location}. */
  seq: number;
  /** Every change up to this one is applied; it may lie inside the transaction that follows {@link location}. */
  appliedSeq: number;
  /** Changes applied beyond {@link appliedSeq}. */
  applied: SeqRange[];
  /** Until the stream is past this place changes may be in the downstream already; safe mode holds. */
  safeModeExit: BinlogLocation | undefined;
  /** Statement whose execution was begun. */
  ddl: DdlIntent | undefined;
  /** Filter under which the changes were counted, as JSON; undefined when the task has counted none yet. */
  filter: string | undefined;
  /** The position was written by someone else: nothing is known of changes applied behind it. */
  foreign: boolean;
}

/** How far the statements of a query event are: stored before each is sent, and when one was refused. */
export interface DdlIntent {
  /** Number of the query event in the stream. */
  seq: number;
  /** Statements that are done, in order; single changes are statements of their own. */
  done: string[];
  /** Statements that are executed change by change. */
  separated: string[];
  /** What was sent last. */
  sent?: SentStatement;
}

/** A statement that may have had its effect, or not. */
export interface SentStatement {
  id: string;
  /** The fingerprint has the numbers of the tables in it. */
  identity?: boolean;
  /** State of what it names before execution. */
  fingerprint: string;
  /** Comment by which the running statement is found in the server's process list; a new one for each time it is sent. */
  marker: string;
}

/** What a flush writes besides the structures. */
export interface FlushState {
  location: BinlogLocation;
  seq: number;
  appliedSeq: number;
  safeModeExit: BinlogLocation | undefined;
  filter: string;
  /** The statement of the stored intent is done, and what it did is in this flush. */
  ddlDone: boolean;
  /** Schemas that were dropped since the last flush. */
  droppedSchemas: readonly string[];
  /** Statements that store changes of the records of online DDL. */
  online: readonly string[];
  /** Statements that store which XA transactions are prepared and not ended. */
  xa: readonly string[];
  /** By slot: batches up to this number need no bookkeeping any more. */
  obsolete: ReadonlyMap<number, number>;
  /** The bookkeeping of earlier owners is not needed any more. */
  dropOldEpochs: boolean;
}

const MAX_UINT32 = 0xffff_ffff;

/** Bytes of structures in one statement. */
const STRUCTURES_BYTES = 512 * 1024;

interface GlobalRow {
  binlog_name: string | null;
  binlog_pos: number | string | null;
  binlog_gtid: string | null;
  exit_safe_binlog_name: string | null;
  exit_safe_binlog_pos: number | string | null;
  exit_safe_binlog_gtid: string | null;
}

interface StateRow {
  binlog_name: string;
  binlog_pos: number | string;
  seq: number | string;
  applied_seq: number | string;
  ddl: string | null;
  filter: string | null;
}

/**
 * The checkpoint of one subtask in the downstream: DM's table, plus ours for what it has no room for. All reading and
 * writing goes through one connection, which the owner replaces when it breaks.
 */
export class CheckpointStore implements StructureStore {
  readonly #tables: MetaTables;
  readonly #id: string;
  readonly #fence: Fence;
  readonly #connection: () => Promise<MetaConnection>;
  /** By schema: tables that have a row. Most that are asked for have none, and a question is a round trip. */
  #names: Map<string, Set<string>> | undefined;

  constructor(tables: MetaTables, sourceId: string, fence: Fence, connection: () => Promise<MetaConnection>) {
    this.#tables = tables;
    this.#id = quoteString(sourceId);
    this.#fence = fence;
    this.#connection = connection;
  }

  /** The stored checkpoint, or undefined when the subtask has none. */
  async read(): Promise<Checkpoint | undefined> {
    await faultPoint('sync.before-checkpoint-read');
    const [global] = await this.#select<GlobalRow>(
      `SELECT * FROM ${this.#tables.syncerCheckpoint} WHERE id = ${this.#id} AND is_global = 1`,
    );
    if (global === undefined || (global.binlog_name ?? '') === '') {
      if (global === undefined || (global.binlog_gtid ?? '') === '') return undefined;
    }
    const [state] = await this.#select<StateRow>(`SELECT * FROM ${this.#tables.syncState} WHERE id = ${this.#id}`);
    const name = global.binlog_name ?? '';
    const position = Number(global.binlog_pos ?? 0);
    const ours =
      state !== undefined && state.binlog_name === name && Math.min(Number(state.binlog_pos), MAX_UINT32) === position;
    return {
      location: { name, pos: ours ? Number(state.binlog_pos) : position, gtidSet: global.binlog_gtid ?? '' },
      seq: ours ? Number(state.seq) : 0,
      appliedSeq: ours ? Number(state.applied_seq) : 0,
      applied: ours ? await this.#readApplied(Number(state.applied_seq)) : [],
      safeModeExit: exitOf(global),
      ddl: ours && state.ddl !== null ? (JSON.parse(state.ddl) as DdlIntent) : undefined,
      filter: ours ? (state.filter ?? undefined) : undefined,
      foreign: !ours,
    };
  }

  async #readApplied(appliedSeq: number): Promise<SeqRange[]> {
    const rows = await this.#select<{ seqs: Buffer }>(
      `SELECT seqs FROM ${this.#tables.applied} WHERE id = ${this.#id} AND max_seq > ${appliedSeq}`,
    );
    return rows.flatMap(({ seqs }) => decodeSeqs(seqs));
  }

  /**
   * Writes the checkpoint and the structures in one fenced transaction.
   *
   * @throws the server's error; FenceLostError by way of the caller's {@link Fence.explain}
   */
  async flush(state: FlushState, structures: readonly PendingStructure[]): Promise<void> {
    // Before they are stored: a flush whose answer is lost may have stored them.
    for (const { schema, name } of structures) await this.#remember(schema, name);
    for (const schema of state.droppedSchemas) await this.#remember(schema, '');
    const connection = await this.#connection();
    await faultPoint('sync.before-flush');
    const body = [
      'BEGIN',
      this.#fence.checkSql(0),
      this.#globalSql(state),
      this.#stateSql(state),
      ...state.droppedSchemas.map((schema) => this.#droppedSql(schema)),
      ...this.#structuresSql([...structures, ...state.droppedSchemas.map(droppedMark)], state.location),
      ...state.online,
      ...state.xa,
      ...this.#obsoleteSql(state),
    ];
    if (faultsEnabled()) {
      await connection.query(body.join(';\n'));
      await faultPoint('sync.flush-before-commit');
      await connection.query('COMMIT');
    } else {
      await connection.query([...body, 'COMMIT'].join(';\n'));
    }
    await faultPoint('sync.after-flush');
  }

  /** {@link StructureStore.load}; a dropped schema hides tables that have no row of their own. */
  async load(schema: string, table: string): Promise<Table | null | undefined> {
    const names = (await this.#stored()).get(schema);
    if (names?.has(table) !== true && names?.has('') !== true) return undefined;
    const rows = await this.#select<{ cp_table: string; table_info: string | null }>(
      `SELECT cp_table, table_info FROM ${this.#tables.syncerCheckpoint} WHERE id = ${this.#id} ` +
        `AND cp_schema = ${quoteString(schema)} AND cp_table IN (${quoteString(table)}, '') AND is_global = 0`,
    );
    const own = rows.find((row) => row.cp_table === table) ?? rows.find((row) => row.cp_table === '');
    if (own === undefined) return undefined;
    const text = typeof own.table_info === 'string' ? own.table_info : JSON.stringify(own.table_info);
    return text === 'null' ? null : tableFromJson(text, schema, table);
  }

  /** {@link StructureStore.knowsSchema} */
  async knowsSchema(schema: string): Promise<boolean> {
    return (await this.#stored()).has(schema);
  }

  async #stored(): Promise<Map<string, Set<string>>> {
    if (this.#names !== undefined) return this.#names;
    const rows = await this.#select<{ cp_schema: string; cp_table: string }>(
      `SELECT cp_schema, cp_table FROM ${this.#tables.syncerCheckpoint} WHERE id = ${this.#id} AND is_global = 0`,
    );
    const names = new Map<string, Set<string>>();
    for (const row of rows) names.set(row.cp_schema, (names.get(row.cp_schema) ?? new Set()).add(row.cp_table));
    this.#names ??= names;
    return this.#names;
  }

  async #remember(schema: string, table: string): Promise<void> {
    const stored = await this.#stored();
    stored.set(schema, (stored.get(schema) ?? new Set()).add(table));
  }

  #globalSql({ location, safeModeExit }: FlushState): string {
    const exit = safeModeExit ?? { name: '', pos: 0, gtidSet: '' };
    const values = [
      `binlog_name = ${quoteString(location.name)}`,
      `binlog_pos = ${Math.min(location.pos, MAX_UINT32)}`,
      `binlog_gtid = ${quoteString(location.gtidSet)}`,
      `exit_safe_binlog_name = ${quoteString(exit.name)}`,
      `exit_safe_binlog_pos = ${Math.min(exit.pos, MAX_UINT32)}`,
      `exit_safe_binlog_gtid = ${quoteString(exit.gtidSet)}`,
    ].join(', ');
    return (
      `INSERT INTO ${this.#tables.syncerCheckpoint} SET id = ${this.#id}, cp_schema = '', cp_table = '', ` +
      `table_info = 'null', is_global = 1, ${values} ON DUPLICATE KEY UPDATE ${values}`
    );
  }

  /** Stored rows of a dropped schema's tables; {@link load} knows of those without a row by the schema's own. */
  #droppedSql(schema: string): string {
    return (
      `UPDATE ${this.#tables.syncerCheckpoint} SET table_info = 'null' WHERE id = ${this.#id} AND is_global = 0 ` +
      `AND cp_schema = ${quoteString(schema)}`
    );
  }

  /** Stores that a statement is about to be executed, or that none is. */
  async saveIntent(intent: DdlIntent | undefined): Promise<void> {
    const connection = await this.#connection();
    const value = intent === undefined ? 'NULL' : quoteString(JSON.stringify(intent));
    await connection.query(
      `BEGIN;\n${this.#fence.checkSql(0)};\n` +
        `UPDATE ${this.#tables.syncState} SET ddl = ${value} WHERE id = ${this.#id};\nCOMMIT`,
    );
  }

  /**
   * A statement that fails with error 1690 unless the stored intent was saved with this marker last: what was sent before
   * and arrives late is not executed any more. Locks as {@link Fence.checkSql} does.
   */
  intentCheckSql(marker: string): string {
    const found = `COALESCE(MAX(INSTR(ddl, ${quoteString(marker)}) > 0), 0)`;
    return (
      `SELECT 9223372036854775807 + (${found} <> 1) AS intent FROM ${this.#tables.syncState} ` +
      `WHERE id = ${this.#id} FOR UPDATE`
    );
  }

  #stateSql({ location, seq, appliedSeq, filter, ddlDone }: FlushState): string {
    const values = [
      `binlog_name = ${quoteString(location.name)}`,
      `binlog_pos = ${location.pos}`,
      `seq = ${seq}`,
      `applied_seq = ${appliedSeq}`,
      `filter = ${quoteString(filter)}`,
      ...(ddlDone ? ['ddl = NULL'] : []),
    ].join(', ');
    return `INSERT INTO ${this.#tables.syncState} SET id = ${this.#id}, ${values} ON DUPLICATE KEY UPDATE ${values}`;
  }

  #structuresSql(structures: readonly PendingStructure[], { name, pos, gtidSet }: BinlogLocation): string[] {
    const statements: string[] = [];
    let rows: string[] = [];
    let bytes = 0;
    const finish = (): void => {
      if (rows.length === 0) return;
      statements.push(
        `INSERT INTO ${this.#tables.syncerCheckpoint} (id, cp_schema, cp_table, binlog_name, binlog_pos, binlog_gtid, ` +
          `table_info, is_global) VALUES ${rows.join(', ')} ON DUPLICATE KEY UPDATE binlog_name = VALUES(binlog_name), ` +
          'binlog_pos = VALUES(binlog_pos), binlog_gtid = VALUES(binlog_gtid), table_info = VALUES(table_info)',
      );
      rows = [];
      bytes = 0;
    };
    const place = `${quoteString(name)}, ${Math.min(pos, MAX_UINT32)}, ${quoteString(gtidSet)}`;
    for (const structure of structures) {
      const json = structure.table === null ? 'null' : tableToJson(structure.table);
      const names = `${quoteString(structure.schema)}, ${quoteString(structure.name)}`;
      const row = `(${this.#id}, ${names}, ${place}, ${quoteString(json)}, 0)`;
      rows.push(row);
      bytes += row.length;
      if (bytes >= STRUCTURES_BYTES) finish();
    }
    finish();
    return statements;
  }

  #obsoleteSql({ obsolete, dropOldEpochs }: FlushState): string[] {
    const { epoch } = this.#fence;
    const head = `DELETE FROM ${this.#tables.applied} WHERE id = ${this.#id} AND epoch`;
    const statements = [...obsolete].map(([slot, n]) => `${head} = ${epoch} AND slot = ${slot} AND n <= ${n}`);
    if (dropOldEpochs) statements.push(`${head} < ${epoch}`);
    return statements;
  }

  async #select<Row>(sql: string): Promise<Row[]> {
    const connection = await this.#connection();
    const [rows] = await connection.query(sql);
    if (!Array.isArray(rows)) throw dmError(10005, [sql], { scope: 'downstream' });
    return rows as Row[];
  }
}

/** Row that says that a schema was dropped. */
function droppedMark(schema: string): PendingStructure {
  return { schema, name: '', table: null };
}

function exitOf(row: GlobalRow): BinlogLocation | undefined {
  const name = row.exit_safe_binlog_name ?? '';
  const gtidSet = row.exit_safe_binlog_gtid ?? '';
  if (name === '' && gtidSet === '') return undefined;
  return { name, pos: Number(row.exit_safe_binlog_pos ?? 0), gtidSet };
}
