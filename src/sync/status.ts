import type { Flavor } from '../config/types.js';
import { parseGtidSet } from '../mysql/gtid-set.js';
import { comparePositions, formatPosition } from '../mysql/position.js';
import type { BinlogLocation } from './events.js';
import { RateMeter, type SyncCounters, type SyncProgress } from './progress.js';

/** What {@link StatusReporter} looks at; read anew at each report. */
export interface StatusSource {
  counters: SyncCounters;
  /** The flushed checkpoint. */
  flushed: BinlogLocation;
  /** The last transaction end read. */
  last: BinlogLocation;
  /** Where the reader stands. */
  reader: { name: string; pos: number };
  inTransaction: boolean;
  pendingRows: number;
  /** Seconds since the epoch at which the oldest unapplied change was written; undefined when there is none. */
  oldestPending: number | undefined;
  /** Whether the checkpoint is behind what is applied. */
  flushIsDue: boolean;
  upstream: BinlogLocation | undefined;
  /** Seconds that the upstream's clock is ahead of ours. */
  clockOffset: number;
}

/** Works out what `query-status` shows of a running unit. */
export class StatusReporter {
  readonly #flavor: Flavor;
  readonly #useGtid: boolean;
  readonly #events: RateMeter;
  readonly #rows: RateMeter;

  constructor(flavor: Flavor, useGtid: boolean, now: number) {
    this.#flavor = flavor;
    this.#useGtid = useGtid;
    this.#events = new RateMeter(now);
    this.#rows = new RateMeter(now);
  }

  progress(source: StatusSource, now: number): SyncProgress {
    const { counters, flushed, reader, upstream } = source;
    const events = this.#events.rates(now, counters.events);
    const rows = this.#rows.rates(now, counters.rows);
    return {
      unit: 'Sync',
      totalEvents: String(counters.events),
      totalTps: String(events.total),
      recentTps: String(events.recent),
      totalRows: String(counters.rows),
      recentRps: String(rows.recent),
      masterBinlog: upstream === undefined ? '' : formatPosition(upstream),
      masterBinlogGtid: upstream?.gtidSet ?? '',
      syncerBinlog: formatPosition(flushed),
      syncerBinlogGtid: flushed.gtidSet,
      readerBinlog: formatPosition(reader),
      synced: this.#isSynced(source),
      binlogType: 'remote',
      secondsBehindMaster: String(secondsBehind(source, now)),
    };
  }

  /** Nothing is under way, the checkpoint is stored, and the reader stands where the upstream's binlog ends. */
  #isSynced(source: StatusSource): boolean {
    const { upstream, reader, last } = source;
    if (upstream === undefined || source.pendingRows > 0 || source.inTransaction || source.flushIsDue) return false;
    if (this.#useGtid && upstream.gtidSet !== '' && last.gtidSet !== '') {
      return parseGtidSet(this.#flavor, last.gtidSet).contains(parseGtidSet(this.#flavor, upstream.gtidSet));
    }
    return reader.name !== '' && comparePositions(reader, upstream) >= 0;
  }
}

/** How long ago the oldest change that is not applied was written upstream; 0 when there is none. */
function secondsBehind({ oldestPending, clockOffset }: StatusSource, now: number): number {
  if (oldestPending === undefined) return 0;
  return Math.max(0, Math.floor(now / 1000 + clockOffset - oldestPending));
}
