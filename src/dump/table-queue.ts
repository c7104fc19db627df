import { quoteTable } from '../mysql/quote.js';
import type { DumpTable, TableLayout } from './tables.js';

/** A table being dumped: its structure, and how many of its chunks are still open. */
export interface OpenTable {
  table: DumpTable;
  layout: TableLayout;
  openChunks: number;
}

/** A range of a table's rows. */
export interface Chunk {
  of: OpenTable;
  number: number;
  condition: string;
}

/** What there is to do next. */
export type DumpWork = { kind: 'plan'; table: DumpTable } | { kind: 'chunk'; chunk: Chunk };

/** Hands out work to the readers: chunks of tables already cut before new tables, so that few tables are open at a time. */
export class TableQueue {
  readonly #tables: DumpTable[];
  readonly #chunks: Chunk[] = [];

  /** @param tables in the order in which they are to be begun */
  constructor(tables: readonly DumpTable[]) {
    this.#tables = [...tables].toReversed();
  }

  next(): DumpWork | undefined {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) return { kind: 'chunk', chunk };
    const table = this.#tables.pop();
    return table === undefined ? undefined : { kind: 'plan', table };
  }

  /** Queues all but the first of a table's chunks and gives the first. */
  addChunks(of: OpenTable, conditions: readonly string[]): Chunk {
    const chunks = conditions.map((condition, number) => ({ of, number, condition }));
    of.openChunks = chunks.length;
    const [first, ...rest] = chunks;
    if (first === undefined) throw new Error(`no chunk of ${quoteTable(of.table.schema, of.table.name)}`);
    this.#chunks.push(...rest);
    return first;
  }
}
