import type { MetaConnection, MetaTables } from '../meta/tables.js';
import { quoteIdent, quoteString } from '../mysql/quote.js';

/** Name of the row that stands for the dump as a whole. */
const DUMP_ROW = 'metadata';

/** `offset` of a structure file whose table was there before the load, with rows. */
export const TABLE_HELD_ROWS = -2;
/** `offset` of a structure file whose table was there before the load, without rows. */
export const TABLE_WAS_EMPTY = -1;
/** `offset` of a structure file whose table this load creates. */
export const TABLE_IS_OURS = 0;

/** Ending of the names of structure files. */
const STRUCTURE_SUFFIX = '-schema.sql';

/** One row of the loader's checkpoint table. */
export interface CheckpointRow {
  filename: string;
  /** Upstream name for data files, downstream name for structure files. */
  schema: string;
  table: string;
  /** Bytes loaded. */
  offset: number;
  /** Bytes of the file. */
  endPos: number;
}

/** Whether a row is about a structure file. */
export function isStructureRow(row: CheckpointRow): boolean {
  return row.filename.endsWith(STRUCTURE_SUFFIX);
}

/** How far the load of a subtask is, as the downstream knows it. */
export interface LoadState {
  /** `none`: not begun; `partial`: some of it may be downstream; `finished`: all of it is. */
  stage: 'none' | 'partial' | 'finished';
  /** Identity of the dump that was being loaded; undefined when not begun. */
  dumpId: number | undefined;
  rows: CheckpointRow[];
}

/** Statements and reads on `<task>_loader_checkpoint` for one source. */
export class LoadCheckpoint {
  readonly #schema: string;
  readonly #table: string;
  readonly #id: string;

  constructor(tables: MetaTables, sourceId: string) {
    this.#schema = tables.schema;
    this.#table = tables.loaderCheckpoint;
    this.#id = quoteString(sourceId);
  }

  /** Reads what is stored. */
  async read(connection: MetaConnection): Promise<LoadState> {
    const [found] = await connection.query(
      `SELECT filename, cp_schema, cp_table, \`offset\` AS off, end_pos FROM ${this.#table} WHERE id = ${this.#id}`,
    );
    const rows = (found as Record<string, unknown>[]).map((row) => ({
      filename: String(row['filename']),
      schema: String(row['cp_schema']),
      table: String(row['cp_table']),
      offset: Number(row['off']),
      endPos: Number(row['end_pos']),
    }));
    const dump = rows.find((row) => row.filename === DUMP_ROW);
    if (dump === undefined) return { stage: rows.length === 0 ? 'none' : 'partial', dumpId: undefined, rows };
    return {
      stage: dump.offset === dump.endPos ? 'finished' : 'partial',
      dumpId: dump.endPos,
      rows: rows.filter((row) => row !== dump),
    };
  }

  /** Downstream tables that loads of other sources and other tasks with the same meta schema have filled. */
  async tablesOfOthers(connection: MetaConnection): Promise<{ schema: string; table: string }[]> {
    const [names] = await connection.query(String.raw`SHOW TABLES FROM ${this.#schema} LIKE '%\_loader\_checkpoint'`);
    const result: { schema: string; table: string }[] = [];
    for (const row of names as Record<string, unknown>[]) {
      const name = `${this.#schema}.${quoteIdent(String(Object.values(row)[0]))}`;
      const others = name === this.#table ? `id <> ${this.#id} AND` : '';
      const [found] = await connection.query(
        `SELECT DISTINCT cp_schema, cp_table FROM ${name} WHERE ${others} filename LIKE '%${STRUCTURE_SUFFIX}'`,
      );
      for (const { cp_schema: schema, cp_table: table } of found as Record<string, unknown>[]) {
        result.push({ schema: String(schema), table: String(table) });
      }
    }
    return result;
  }

  /** Stores the first rows of a load; rows that exist stay as they are. */
  insertSql(dumpId: number, rows: readonly CheckpointRow[]): string {
    const all = [{ filename: DUMP_ROW, schema: '', table: '', offset: 0, endPos: dumpId }, ...rows];
    const values = all.map((row) => {
      return `(${this.#id}, ${quoteString(row.filename)}, ${quoteString(row.schema)}, ${quoteString(row.table)}, ${row.offset}, ${row.endPos})`;
    });
    return `INSERT IGNORE INTO ${this.#table} (id, filename, cp_schema, cp_table, \`offset\`, end_pos) VALUES ${values.join(', ')}`;
  }

  /** Moves a file's offset; touches no row unless the stored one is `from`. */
  moveSql(filename: string, from: number, to: number): string {
    return (
      `UPDATE ${this.#table} SET \`offset\` = ${to} ` +
      `WHERE id = ${this.#id} AND filename = ${quoteString(filename)} AND \`offset\` = ${from}`
    );
  }

  /** Notes that everything is loaded. */
  finishSql(dumpId: number): string {
    return this.moveSql(DUMP_ROW, 0, dumpId);
  }

  /** Reads one file's offset and locks its row until the end of the transaction. */
  offsetSql(filename: string): string {
    return `SELECT \`offset\` AS off FROM ${this.#table} WHERE id = ${this.#id} AND filename = ${quoteString(filename)} FOR UPDATE`;
  }

  /** Forgets the load. */
  clearSql(): string {
    return `DELETE FROM ${this.#table} WHERE id = ${this.#id}`;
  }
}
