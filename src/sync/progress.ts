/** How far replication is; 64-bit numbers as decimal text. */
export interface SyncProgress {
  unit: 'Sync';
  totalEvents: string;
  totalTps: string;
  recentTps: string;
  totalRows: string;
  recentRps: string;
  /** `(name, pos)` of the upstream now, and its GTID set. */
  masterBinlog: string;
  masterBinlogGtid: string;
  /** The flushed checkpoint. */
  syncerBinlog: string;
  syncerBinlogGtid: string;
  /** Where the reader stands. */
  readerBinlog: string;
  synced: boolean;
  /** `remote` reads the upstream, `local` relay logs. */
  binlogType: 'remote' | 'local';
  secondsBehindMaster: string;
}

/** What a running unit counts since its start. */
export interface SyncCounters {
  /** Row changes and DDL statements read, those of other tables and those applied before included. */
  events: number;
  /** Row changes applied. */
  rows: number;
  /** Transactions of the upstream that were read. */
  transactions: number;
  /** Transactions committed downstream. */
  batches: number;
  /** DDL statements executed. */
  ddls: number;
  /** UPDATEs and DELETEs that found no row downstream. */
  missedRows: number;
  /** Row changes skipped as applied before a restart. */
  skippedRows: number;
  /** Row changes left out by the binlog event filter or the expression filter. */
  filteredRows: number;
}

export function newCounters(): SyncCounters {
  return { events: 0, rows: 0, transactions: 0, batches: 0, ddls: 0, missedRows: 0, skippedRows: 0, filteredRows: 0 };
}

/** Rates over the last seconds and since the start, from samples of a counter. Times in milliseconds. */
export class RateMeter {
  readonly #startedAt: number;
  readonly #windowMs: number;
  #samples: { at: number; count: number }[];

  constructor(now: number, windowMs = 10_000) {
    this.#startedAt = now;
    this.#windowMs = windowMs;
    this.#samples = [{ at: now, count: 0 }];
  }

  /** Counts a second: lately and in all. */
  rates(now: number, count: number): { recent: number; total: number } {
    this.#samples.push({ at: now, count });
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? now) <= now - this.#windowMs) this.#samples.shift();
    const first = this.#samples[0] ?? { at: now, count };
    return { recent: perSecond(count - first.count, now - first.at), total: perSecond(count, now - this.#startedAt) };
  }
}

function perSecond(count: number, milliseconds: number): number {
  return milliseconds <= 0 ? 0 : Math.round((count * 1000) / milliseconds);
}
