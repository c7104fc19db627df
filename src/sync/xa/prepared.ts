import { heldBytes } from '../../binlog/xa.js';
import type { MetaConnection, MetaTables } from '../../meta/tables.js';
import { quoteString } from '../../mysql/quote.js';
import type { HeldRows, PreparedXa, XaStep } from '../events.js';

/** A prepared transaction, and between which transaction ends of the stream it is open. */
interface Entry {
  prepared: PreparedXa;
  /** Bytes of the held rows. */
  bytes: number;
  /** Number of the transaction end at which it was prepared, and of that at which it was committed or rolled back. */
  since: number;
  until: number;
}

/** What a flush stores, and what to call when it is stored. */
export interface PreparedChanges {
  statements: readonly string[];
  stored(): void;
}

interface StoredRow {
  xid: string;
  binlog_name: string;
  binlog_pos: number | string;
  gtid: string;
  gtid_before: string;
  has_rows: number;
}

/**
 * The XA transactions of the upstream that are prepared and not ended: where their groups stand, and their rows as far as
 * there is room. The places are stored with the checkpoint, so that it need not wait for the transactions to end.
 */
export class PreparedTransactions {
  readonly #table: string;
  readonly #id: string;
  readonly #maxBytes: number;
  /** By xid, oldest first. */
  readonly #open = new Map<string, Entry>();
  /** Ended beyond the stored checkpoint, to which they are still open. */
  #ended: Entry[] = [];
  /** By xid: the stored row. */
  #stored = new Map<string, string>();
  #bytes = 0;

  /** @param maxBytes room for rows of all transactions together */
  constructor(tables: MetaTables, sourceId: string, maxBytes: number) {
    this.#table = tables.xa;
    this.#id = quoteString(sourceId);
    this.#maxBytes = maxBytes;
  }

  /**
   * Reads what is open at the stored checkpoint.
   * @param holds - whether replication goes on from that checkpoint; otherwise what is stored is removed by the next flush
   */
  async load(connection: MetaConnection, holds: boolean): Promise<void> {
    const [rows] = await connection.query(
      `SELECT xid, binlog_name, binlog_pos, gtid, gtid_before, has_rows FROM ${this.#table} ` +
        `WHERE id = ${this.#id}`,
    );
    for (const row of rows as StoredRow[]) {
      this.#stored.set(row.xid, '');
      if (!holds) continue;
      const prepared: PreparedXa = {
        xid: row.xid,
        begin: { name: row.binlog_name, pos: Number(row.binlog_pos) },
        gtid: row.gtid,
        gtidBefore: row.gtid_before,
        rows: row.has_rows === 0 ? [] : undefined,
      };
      this.#open.set(row.xid, { prepared, bytes: 0, since: 0, until: Infinity });
      this.#stored.set(row.xid, this.#rowSql(prepared));
    }
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  find(xid: string): PreparedXa | undefined {
    return this.#open.get(xid)?.prepared;
  }

  /** Takes in one that was prepared before the task began, and has been open ever since. */
  learn(prepared: PreparedXa): void {
    if (this.#open.has(prepared.xid)) return;
    this.#open.set(prepared.xid, { prepared, bytes: 0, since: 0, until: Infinity });
  }

  /** The stream has passed the end of such a transaction's group, as its `n`th transaction end. */
  passed(step: XaStep, n: number): void {
    if ('ended' in step) {
      this.#end(step.ended, n);
      return;
    }
    // An upstream that broke down may have lost the one before.
    this.#end(step.prepared.xid, n);
    const bytes = sum(step.prepared.rows ?? []);
    this.#open.set(step.prepared.xid, { prepared: step.prepared, bytes, since: n, until: Infinity });
    this.#bytes += bytes;
    this.#makeRoom();
  }

  /** What is held was selected by other rules: rows are read again when they are wanted. */
  forgetRows(): void {
    for (const entry of this.#open.values()) this.#forget(entry);
  }

  /** What to store with a checkpoint at the stream's `n`th transaction end. */
  changes(n: number): PreparedChanges {
    const wanted = new Map<string, string>();
    for (const { prepared, since, until } of [...this.#ended, ...this.#open.values()]) {
      if (since <= n && n < until) wanted.set(prepared.xid, this.#rowSql(prepared));
    }
    const gone = [...this.#stored.keys()].filter((xid) => !wanted.has(xid));
    const changed = [...wanted].filter(([xid, sql]) => this.#stored.get(xid) !== sql).map(([, sql]) => sql);
    const statements: string[] = [];
    if (gone.length > 0) {
      statements.push(
        `DELETE FROM ${this.#table} WHERE id = ${this.#id} AND xid IN (${gone.map((xid) => quoteString(xid)).join(', ')})`,
      );
    }
    if (changed.length > 0) {
      statements.push(
        `REPLACE INTO ${this.#table} (id, xid, binlog_name, binlog_pos, gtid, gtid_before, has_rows) ` +
          `VALUES ${changed.join(', ')}`,
      );
    }
    return {
      statements,
      stored: () => {
        this.#stored = wanted;
        this.#ended = this.#ended.filter(({ until }) => until > n);
      },
    };
  }

  #end(xid: string, n: number): void {
    const entry = this.#open.get(xid);
    if (entry === undefined) return;
    if (entry.bytes > 0) this.#forget(entry);
    entry.until = n;
    this.#open.delete(xid);
    this.#ended.push(entry);
  }

  /** Those that have waited longest are least likely to end soon: some are forgotten by their owners. */
  #makeRoom(): void {
    for (const entry of this.#open.values()) {
      if (this.#bytes <= this.#maxBytes) return;
      if (entry.bytes > 0) this.#forget(entry);
    }
  }

  #forget(entry: Entry): void {
    this.#bytes -= entry.bytes;
    entry.bytes = 0;
    entry.prepared = { ...entry.prepared, rows: undefined };
  }

  #rowSql({ xid, begin, gtid, gtidBefore, rows }: PreparedXa): string {
    const place = `${quoteString(begin.name)}, ${begin.pos}, ${quoteString(gtid)}, ${quoteString(gtidBefore)}`;
    return `(${this.#id}, ${quoteString(xid)}, ${place}, ${rows?.length === 0 ? 0 : 1})`;
  }
}

function sum(rows: readonly HeldRows[]): number {
  let bytes = 0;
  for (const held of rows) bytes += heldBytes(held);
  return bytes;
}
