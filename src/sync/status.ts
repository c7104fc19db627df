import type { Flavor } from '../config/types.js';
import { parseGtidSet } from '../mysql/gtid-set.js';
import { compareLocations, comparePositions, formatPosition } from '../mysql/position.js';
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
  /** Seconds since the epoch at which the event being applied was written: a DDL, or rows that find no room. */
  applying: number | undefined;
  /** The same of the last event read. */
  lastRead: number | undefined;
  /** End of the upstream's binlog, and when it was asked for, milliseconds since the epoch. */
  upstream: BinlogLocation | undefined;
  upstreamAskedAt: number;
  /** Seconds that the upstream's clock is ahead of ours. */
  clockOffset: number;
}

/** An answer of the upstream that is older says nothing of now: several times the pause between questions. */
const STALE_MS = 10_000;

/** Works out what `query-status` shows of a running unit. */
export class StatusReporter {
  readonly #flavor: Flavor;
  readonly #useGtid: boolean;
  readonly #events: RateMeter;
  readonly #rows: RateMeter;
  /** The last moment, milliseconds since the epoch, of which it is known that everything written before it had been read. */
  #allReadAt: number | undefined;
  readonly #startedAt: number;

  constructor(flavor: Flavor, useGtid: boolean, now: number) {
    this.#flavor = flavor;
    this.#useGtid = useGtid;
    this.#events = new RateMeter(now);
    this.#rows = new RateMeter(now);
    this.#startedAt = now;
  }

  progress(source: StatusSource, now: number): SyncProgress {
    const { counters, flushed, reader } = source;
    const upstream = this.#upstreamEnd(source);
    const hasReadAll = this.#hasReadAll(source);
    if (hasReadAll) this.#allReadAt = source.upstreamAskedAt;
    const isCurrent = hasReadAll && now - source.upstreamAskedAt < STALE_MS;
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
      // As in DM: without GTIDs in use, those that are known by the way are not shown.
      syncerBinlogGtid: this.#useGtid ? flushed.gtidSet : '',
      readerBinlog: formatPosition(reader),
      synced: isCurrent && !isBusy(source),
      binlogType: 'remote',
      secondsBehindMaster: String(this.#secondsBehind(source, now, isCurrent)),
    };
  }

  /**
   * The end of the upstream's binlog as far as it is known. It is asked for every few seconds only: what has been read and
   * stored since is there for sure, and an end before it would look as if rows had been made up.
   */
  #upstreamEnd({ upstream, flushed }: StatusSource): BinlogLocation | undefined {
    if (upstream === undefined || flushed.name === '') return upstream;
    if (compareLocations(flushed, upstream, this.#flavor, this.#useGtid) <= 0) return upstream;
    return { ...flushed, gtidSet: flushed.gtidSet === '' ? upstream.gtidSet : flushed.gtidSet };
  }

  /** Whether the reader stands where the upstream's binlog ends, as far as that is known. */
  #hasReadAll({ upstream, reader, last, inTransaction }: StatusSource): boolean {
    if (upstream === undefined) return false;
    if (this.#useGtid && upstream.gtidSet !== '' && last.gtidSet !== '') {
      if (inTransaction) return false;
      return parseGtidSet(this.#flavor, last.gtidSet).contains(parseGtidSet(this.#flavor, upstream.gtidSet));
    }
    return reader.name !== '' && comparePositions(reader, upstream) >= 0;
  }

  /**
   * For how long something that was written upstream has been missing downstream, whether it waits here, is being executed,
   * or has not even been read: while the upstream cannot be reached, what it has written since is not known, and counts.
   */
  #secondsBehind(source: StatusSource, now: number, isCurrent: boolean): number {
    const { oldestPending, applying, lastRead, clockOffset } = source;
    const ours = (seconds: number): number => (seconds - clockOffset) * 1000;
    const since = [oldestPending, applying].filter((seconds) => seconds !== undefined).map(ours);
    if (!isCurrent) {
      const read = lastRead === undefined ? this.#allReadAt : Math.max(this.#allReadAt ?? 0, ours(lastRead));
      since.push(read ?? this.#startedAt);
    }
    return since.length === 0 ? 0 : Math.max(0, Math.floor((now - Math.min(...since)) / 1000));
  }
}

/** Whether anything is under way, or applied and not stored. */
function isBusy({ pendingRows, inTransaction, applying, flushIsDue }: StatusSource): boolean {
  return pendingRows > 0 || inTransaction || applying !== undefined || flushIsDue;
}
