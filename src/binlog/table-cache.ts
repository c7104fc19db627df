import type { Table } from '../schema/model.js';
import { compileRowDecoder, type RowDecoder } from './rows-event.js';
import { parseTableMap, readTableId, type TableMap } from './table-map.js';

/**
 * Columns of the tables remembered, each some 600 bytes with its reader and its part of the structure; beyond this the
 * tables known longest are forgotten, and read anew when they come again.
 */
const MAX_COLUMNS = 60_000;

/** One table as the stream knows it. */
export interface TableEntry {
  map: TableMap;
  /** Undefined while unknown or when the table is filtered out. */
  decoder: RowDecoder | undefined;
  /** Body of the Table_map event, to know it again. */
  body: Buffer;
  /** Age of {@link decoder}: it holds as long as it is the cache's. */
  epoch: number;
  /** Number of the statement that named the table last. */
  statement: number;
}

/**
 * Tables of a stream by their id. Table_map events come again with every statement, nearly always the same: reading them
 * and compiling the readers of their rows is done once.
 */
export class TableCache {
  private readonly known = new Map<number, TableEntry>();
  /** Number of the statement under way: rows may name no tables but its own. */
  private statement = 1;
  private columns = 0;
  private epoch = 1;

  /** Takes in a Table_map event's body. */
  define(body: Buffer): void {
    const id = readTableId(body);
    let entry = this.known.get(id);
    if (entry === undefined || !entry.body.equals(body)) {
      this.forget(id);
      entry = { map: parseTableMap(body), decoder: undefined, body: Buffer.from(body), epoch: 0, statement: 0 };
      this.makeRoom(entry.map.columns.length);
      this.known.set(id, entry);
      this.columns += entry.map.columns.length;
    }
    entry.statement = this.statement;
  }

  private makeRoom(columns: number): void {
    for (const [id, { statement }] of this.known) {
      if (this.columns + columns <= MAX_COLUMNS) return;
      if (statement !== this.statement) this.forget(id);
    }
  }

  private forget(id: number): void {
    this.columns -= this.known.get(id)?.map.columns.length ?? 0;
    this.known.delete(id);
  }

  find(id: number): TableEntry | undefined {
    const entry = this.known.get(id);
    return entry?.statement === this.statement ? entry : undefined;
  }

  needsStructure(entry: TableEntry): boolean {
    return entry.epoch !== this.epoch;
  }

  /**
   * Sets the structure that rows of the table are read with from here on; undefined leaves them unread.
   * @throws DmError 36027 or 44005 when it does not fit
   */
  setStructure(entry: TableEntry, structure: Table | undefined): void {
    entry.decoder = structure === undefined ? undefined : compileRowDecoder(entry.map, structure);
    entry.epoch = this.epoch;
  }

  /** Structures have to be asked for again, since a statement may have changed them. */
  forgetStructures(): void {
    this.epoch += 1;
  }

  endStatement(): void {
    this.statement++;
  }
}
