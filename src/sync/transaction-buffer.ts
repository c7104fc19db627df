import type { BinlogEvent, CommitEvent, QueryEvent, RowsEvent } from './events.js';

/** Bytes of one transaction's rows that are held until it is known what becomes of them. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** What takes the events in the end. */
export interface EventTaker {
  apply(event: BinlogEvent): Promise<void> | undefined;
  /** Counts rows that the upstream has rolled back. */
  passOver(event: RowsEvent): void;
}

/** Rows of a transaction by their numbers in it: from the first up to, and without, the second. */
type Range = readonly [from: number, to: number];

interface Group {
  begin: { name: string; pos: number };
  /** Rows so far. */
  rows: number;
  /** Rows and savepoints, with the number of rows before them; undefined once they are too many. */
  held: { event: RowsEvent | QueryEvent; at: number }[] | undefined;
  bytes: number;
  /** Rows before each savepoint. */
  savepoints: Map<string, number>;
  undone: Range[];
}

/**
 * Leaves out rows that the upstream has rolled back. MariaDB writes these to its binlog, with `ROLLBACK TO` or `ROLLBACK`
 * behind them, once a transaction has made or dropped a temporary table; and the binlog of a server that broke down can end
 * amid a transaction. So a transaction is held until its end. One that is too big for that is read twice: at first only to
 * find out what becomes of its rows.
 */
export class TransactionBuffer {
  readonly #taker: EventTaker;
  readonly #isEnding: () => boolean;
  readonly #maxBytes: number;
  #group: Group | undefined;
  #restart = false;
  /** What to leave out of a transaction that has been read to its end. */
  #known: { begin: Group['begin']; undone: readonly Range[] } | undefined;

  /** @param isEnding - whether the unit is asked to end: then what is held is for the next run */
  constructor(taker: EventTaker, isEnding: () => boolean, maxBytes = MAX_HELD_BYTES) {
    this.#taker = taker;
    this.#isEnding = isEnding;
    this.#maxBytes = maxBytes;
  }

  /** The stream begins again behind the last complete transaction. */
  rewind(): void {
    this.#group = undefined;
  }

  /** Whether the stream must be opened again behind the last complete transaction. Told once. */
  takeRestart(): boolean {
    const wanted = this.#restart;
    this.#restart = false;
    return wanted;
  }

  /** Takes one event. @throws as the taker does */
  apply(event: BinlogEvent): Promise<void> | undefined {
    if (event.type === 'gtid') {
      // The end of its first event: where that begins is not known when a stream by GTID begins with it.
      const { name, pos } = event.end;
      const isKnown = this.#known?.begin.name === name && this.#known.begin.pos === pos;
      if (!isKnown) this.#known = undefined;
      this.#group = { begin: event.end, rows: 0, held: [], bytes: 0, savepoints: new Map(), undone: [] };
      return this.#taker.apply(event);
    }
    const group = this.#group;
    if (group !== undefined) {
      if (event.type === 'rows') return this.#rows(group, event);
      if (event.type === 'query') return this.#query(group, event);
      if (event.type === 'commit') return this.#end(group, event);
    }
    return this.#taker.apply(event);
  }

  #rows(group: Group, event: RowsEvent): Promise<void> | undefined {
    const at = group.rows;
    group.rows += event.rows.length;
    if (this.#known !== undefined) return this.#pass(event, at, this.#known.undone);
    group.bytes += event.bytes;
    if (group.bytes > this.#maxBytes) group.held = undefined;
    group.held?.push({ event, at });
    return undefined;
  }

  #query(group: Group, event: QueryEvent): Promise<void> | undefined {
    const step = event.inTransaction ? readSavepoint(event.sql) : undefined;
    // Anything else has an effect that nothing takes back.
    if (step === undefined) {
      if (group.held === undefined) return this.#readAgain(group);
      return this.#release(group, event);
    }
    if (step.verb === 'set') group.savepoints.set(step.name, group.rows);
    else {
      const from = group.savepoints.get(step.name) ?? 0;
      if (from < group.rows) group.undone.push([from, group.rows]);
    }
    if (this.#known !== undefined) return this.#taker.apply(event);
    group.held?.push({ event, at: group.rows });
    return undefined;
  }

  #end(group: Group, event: CommitEvent): Promise<void> | undefined {
    this.#group = undefined;
    if (!event.committed && group.rows > 0) group.undone.push([0, group.rows]);
    return group.held === undefined ? this.#readAgain(group) : this.#release(group, event);
  }

  #readAgain(group: Group): undefined {
    this.#known = { begin: group.begin, undone: group.undone };
    this.#restart = true;
    return undefined;
  }

  /** Hands on what is held, then the event. */
  #release(group: Group, event: QueryEvent | CommitEvent): Promise<void> | undefined {
    if (group.held?.length === 0) return this.#taker.apply(event);
    return this.#releaseHeld(group, event);
  }

  async #releaseHeld(group: Group, next: QueryEvent | CommitEvent): Promise<void> {
    for (const { event, at } of group.held ?? []) {
      if (event.type === 'rows') await this.#pass(event, at, group.undone);
      else await this.#taker.apply(event);
      if (this.#isEnding()) return;
    }
    group.held = [];
    group.bytes = 0;
    await this.#taker.apply(next);
  }

  /** Savepoints, and ranges with them, stand between events: all rows of one have the same fate. */
  #pass(event: RowsEvent, at: number, undone: readonly Range[]): Promise<void> | undefined {
    if (!undone.some(([from, to]) => from <= at && at < to)) return this.#taker.apply(event);
    this.#taker.passOver(event);
    return undefined;
  }
}

interface SavepointStep {
  verb: 'set' | 'undo';
  name: string;
}

/** `SAVEPOINT name` or `ROLLBACK TO name` as servers write it, the name quoted by the session's rules. */
function readSavepoint(sql: string): SavepointStep | undefined {
  const match = /^\s*(SAVEPOINT|ROLLBACK\s+TO(?:\s+SAVEPOINT)?)\s+(\S[\s\S]*?)\s*$/i.exec(sql);
  if (match === null) return undefined;
  const [, verb = '', text = ''] = match;
  const name = /^([`"])([\s\S]*)\1$/.exec(text)?.[2] ?? text;
  return { verb: verb.toUpperCase() === 'SAVEPOINT' ? 'set' : 'undo', name: name.toLowerCase() };
}
