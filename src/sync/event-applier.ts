import { dmError } from '../errors/dm-error.js';
import { faultPoint } from '../fault/fault.js';
import type { EventFilter } from '../filter/event-filter.js';
import type { Logger } from '../log/logger.js';
import { compareLocations } from '../mysql/position.js';
import { quoteTable } from '../mysql/quote.js';
import type { Flavor } from '../config/types.js';
import type { Table } from '../schema/model.js';
import { isSequence, sequenceTable } from '../schema/sequence.js';
import type { SchemaTracker } from '../schema/tracker.js';
import type { CountingFilter } from './counting-filter.js';
import type { DdlApplier } from './ddl/ddl-applier.js';
import type { RewritePlanOptions } from './ddl/ddl-plan.js';
import type { DownstreamTables } from './write/downstream-tables.js';
import type { BinlogEvent, CommitEvent, QueryEvent, RowChange, RowImage, RowsEvent, StructureTest } from './events.js';
import { atPlace, fail, type FailurePlace } from './failure.js';
import type { CheckpointKeeper } from './checkpoint/keeper.js';
import { valueBytes } from './write/literal.js';
import type { OnlineRecords } from './ddl/online-ddl.js';
import { planEvent, type EventPlan } from './ddl/online-ddl-plan.js';
import { changed } from './write/dependencies.js';
import type { Pipeline } from './write/pipeline.js';
import type { SyncCounters } from './progress.js';
import type { Dropped, RowFilters } from './row-filters.js';
import type { RowOrigin } from './write/row-job.js';
import type { SeqSet } from './checkpoint/seq-set.js';
import type { TablePlan } from './write/table-plan.js';
import type { PreparedTransactions } from './xa/prepared.js';

/** Options of {@link EventApplier}. */
export interface EventApplierOptions {
  flavor: Flavor;
  useGtid: boolean;
  safeMode: boolean;
  /** Milliseconds since the epoch until which safe mode holds in any case. */
  safeUntil: number;
  filter: CountingFilter;
  /** The filter that holds once the stream has passed this change. */
  nextFilter: (CountingFilter & { from: number }) | undefined;
  plan: RewritePlanOptions;
  events: EventFilter;
  rows: RowFilters;
  online: OnlineRecords;
  tracker: SchemaTracker;
  tables: DownstreamTables;
  pipeline: Pipeline;
  keeper: CheckpointKeeper;
  prepared: PreparedTransactions;
  ddl: DdlApplier;
  counters: SyncCounters;
  logger: Logger;
  /** Changes applied before the start: all up to here, and some beyond. */
  appliedSeq: number;
  applied: SeqSet;
  isEnding(): boolean;
}

/** Rows of an event on their way into the pipeline. */
interface RowsWork {
  readonly event: RowsEvent;
  readonly plan: TablePlan;
  readonly dropped: Dropped;
  readonly map: ((change: RowChange) => RowChange) | undefined;
  readonly origin: RowOrigin;
  readonly safe: boolean;
  /** The next row. */
  at: number;
}

/** Bytes of an event from which the size of each of its rows is worked out. */
const MEASURED_EVENT_BYTES = 256 * 1024;

/**
 * Turns events into changes for the pipeline, numbers them, and stops the stream for DDL. The number of a change depends
 * on the binlog, the block-allow list and the rules of online DDL alone, so that a change applied before a crash is known again after it.
 */
export class EventApplier {
  readonly #options: EventApplierOptions;
  #seq: number;
  #filter: CountingFilter;
  #nextFilter: (CountingFilter & { from: number }) | undefined;
  #restart = false;
  /** A DDL was executed: its end is stored at once. */
  #flushAtCommit = false;
  /** Everything up to this number is applied or on its way. */
  #doneUpTo: number;
  /** End of the last event. */
  position: { name: string; pos: number };
  /** The stream is between the begin and the end of a transaction. */
  inTransaction = false;
  constructor(options: EventApplierOptions) {
    this.#options = options;
    this.#seq = options.keeper.last.seq;
    this.#doneUpTo = options.appliedSeq;
    this.#filter = options.filter;
    this.#nextFilter = options.nextFilter;
    this.position = options.keeper.last.location;
  }

  /** The stream begins again behind the last complete transaction. */
  rewind(): void {
    this.#doneUpTo = Math.max(this.#doneUpTo, this.#seq);
    this.#seq = this.#options.keeper.last.seq;
    this.inTransaction = false;
  }

  /** Whether the stream must be opened again at the transaction's end just passed: the filter has changed. Told once. */
  takeRestart(): boolean {
    const wanted = this.#restart;
    this.#restart = false;
    return wanted;
  }

  /** What the decoder asks for: the structure of a table at the current place, undefined when it is filtered out. */
  lookup(schema: string, table: string, fits?: StructureTest): undefined | Promise<Table | undefined> {
    if (!this.#filter.rows.matchesTable(schema, table)) return undefined;
    return this.#structure(schema, table, fits);
  }

  async #structure(schema: string, table: string, fits: StructureTest | undefined): Promise<Table | undefined> {
    const found = await this.#options.tracker.get(schema, table, fits);
    if (this.#isSequence(schema, table, found, fits)) return undefined;
    if (found !== undefined) return found;
    throw dmError(44005, [`\`${schema}\`.\`${table}\``], {
      workaround:
        'Please stop the task, make the downstream table equal to the source, and start the task with --remove-meta as `incremental` from a place behind the last change of the table.',
    });
  }

  /** MariaDB logs the steps of a sequence as rows. Of one that nobody knows any more its columns tell what it was. */
  #isSequence(schema: string, table: string, found: Table | undefined, fits: StructureTest = () => false): boolean {
    if (this.#options.flavor !== 'mariadb') return false;
    if (found !== undefined && (isSequence(found) || fits(found))) return isSequence(found);
    return fits(sequenceTable(schema, table));
  }

  /** A DDL is being executed: the checkpoint belongs to it. */
  get busyWithDdl(): boolean {
    return this.#options.ddl.busy;
  }

  /** Takes one event. @throws the pipeline's failure; DmError for what cannot be applied */
  apply(event: BinlogEvent): Promise<void> | undefined {
    if (event.end.pos > 0) this.position = event.end;
    if (event.type === 'rows') return this.#rows(event);
    if (event.type === 'commit') return this.#commit(event);
    if (event.type === 'query') return this.#query(event);
    if (event.type === 'gtid') {
      this.inTransaction = true;
      this.#options.pipeline.nextGroup();
    }
    return undefined;
  }

  /** Counts rows that are never to be applied, so that those behind them keep their numbers. */
  passOver({ rows }: RowsEvent): void {
    this.#seq += rows.length;
    this.#options.counters.events += rows.length;
    this.#options.keeper.passed(this.#seq);
  }

  /** Nearly always without waiting for anything. */
  #rows(event: RowsEvent): Promise<void> | undefined {
    const place = { start: event.start, end: event.end, gtidSet: this.#options.keeper.last.location.gtidSet };
    const plan = this.#options.tables.planFor(event.structure);
    if (plan instanceof Promise) return this.#rowsLater(event, plan, place);
    const dropped = this.#dropped(event, plan, place);
    if (dropped instanceof Promise) return this.#rowsLater(event, plan, place, dropped);
    const work = this.#workOn(event, plan, dropped, place);
    const room = this.#submit(work);
    return room === undefined ? undefined : this.#submitRest(work, room);
  }

  async #rowsLater(
    event: RowsEvent,
    found: TablePlan | Promise<TablePlan>,
    place: FailurePlace,
    verdict?: Promise<Dropped>,
  ): Promise<void> {
    const plan = found instanceof Promise ? await found.catch((error: unknown) => fail(error, place)) : found;
    const dropped = await (verdict ?? this.#dropped(event, plan, place));
    const work = this.#workOn(event, plan, dropped, place);
    const room = this.#submit(work);
    if (room !== undefined) await this.#submitRest(work, room);
  }

  async #submitRest(work: RowsWork, full: Promise<void>): Promise<void> {
    for (let room: Promise<void> | undefined = full; room !== undefined; room = this.#submit(work)) {
      await room;
      if (this.#options.isEnding()) return;
    }
  }

  #workOn(event: RowsEvent, plan: TablePlan, dropped: Dropped, { gtidSet }: FailurePlace): RowsWork {
    const { start, end, schema, table, timestamp } = event;
    const origin: RowOrigin = { start, end, gtidSet, schema, table, timestamp };
    const map = dropped === 'all' ? undefined : this.#options.rows.mapped(event.structure, { start, end, gtidSet });
    return { event, plan, dropped, map, origin, safe: this.#isSafeMode(), at: 0 };
  }

  /** Hands on rows as long as there is room. @returns the wait for room when some are left */
  #submit(work: RowsWork): Promise<void> | undefined {
    const { pipeline, keeper, counters, applied } = this.#options;
    const { event, plan, dropped, map, origin, safe } = work;
    const { rows } = event;
    const measured = event.bytes >= MEASURED_EVENT_BYTES;
    const share = Math.ceil(event.bytes / Math.max(1, rows.length));
    const cascades = !event.noForeignKeyChecks;
    while (work.at < rows.length) {
      const at = work.at++;
      const original = rows[at];
      if (original === undefined) continue;
      const seq = ++this.#seq;
      counters.events++;
      const before = seq <= this.#doneUpTo || applied.has(seq);
      if (before || isDropped(dropped, at)) {
        if (before) counters.skippedRows++;
        else counters.filteredRows++;
        keeper.passed(seq);
        continue;
      }
      const change = map === undefined ? original : map(original);
      const bytes = measured ? changeBytes(change) : share;
      const lenient = plan.enums.length > 0 && hasInvalidEnum(plan, change);
      const room = pipeline.submit({
        seq,
        plan,
        change,
        origin,
        bytes,
        safe,
        // REPLACE would take the rows of children with it, of which nothing is written; who goes is for DELETE to say.
        foreignKeyChecks: cascades && (!safe || leavesChildren(plan, change)),
        lenient,
        waits: undefined,
        follows: 0,
      });
      keeper.passed(seq);
      if (room !== undefined) return room;
    }
    return undefined;
  }

  /** Rows that were applied before are not asked about. */
  #dropped(event: RowsEvent, plan: TablePlan, place: FailurePlace): Dropped | Promise<Dropped> {
    const [first] = event.rows;
    if (first !== undefined) checkComplete(plan, first, place);
    if (this.#seq + event.rows.length <= this.#doneUpTo) return 'none';
    return this.#options.rows.dropped(event, place);
  }

  #isSafeMode(): boolean {
    const { safeMode, safeUntil, keeper } = this.#options;
    return safeMode || keeper.safeModeExit !== undefined || (safeUntil > 0 && Date.now() < safeUntil);
  }

  #commit(event: CommitEvent): Promise<void> | undefined {
    const { keeper, counters, flavor, useGtid, logger } = this.#options;
    this.inTransaction = false;
    counters.transactions++;
    keeper.boundary(this.#seq, event.location, event.xa);
    const exit = keeper.safeModeExit;
    if (exit !== undefined && compareLocations(event.location, exit, flavor, useGtid) >= 0) {
      logger.info('safe mode ends: the stream has passed the end of the dump');
      keeper.safeModeExit = undefined;
    }
    const next = this.#nextFilter;
    if (next !== undefined && this.#seq >= next.from) {
      this.#filter = next;
      this.#nextFilter = undefined;
      keeper.filter = next.text;
      this.#options.prepared.forgetRows();
      this.#restart = true;
    }
    if (!this.#flushAtCommit) return undefined;
    this.#flushAtCommit = false;
    return keeper.flush();
  }

  async #query(event: QueryEvent): Promise<void> {
    const { keeper, counters } = this.#options;
    const seq = ++this.#seq;
    counters.events++;
    if (seq <= this.#doneUpTo) {
      keeper.passed(seq);
      return;
    }
    const { start, end } = event;
    try {
      const plan = this.#plan(event);
      if (plan.action === 'skip')
        this.#options.logger.debug('a statement is skipped', { reason: plan.reason, pos: start.pos });
      const done = plan.action === 'apply' && (await this.#options.ddl.apply(event, seq, plan, this.#filter.rows));
      if (done) {
        this.#flushAtCommit = true;
        await faultPoint('ddl.before-new-flush');
      } else keeper.passed(seq);
    } catch (error) {
      fail(error, { start, end, gtidSet: keeper.last.location.gtidSet }, event.sql);
    }
  }

  #plan(event: QueryEvent): EventPlan {
    const { plan, events, online, tracker } = this.#options;
    const filter = this.#filter;
    return planEvent(
      event,
      { ...plan, filter: filter.tables, events },
      {
        tables: filter.online,
        passes: (schema, table) => filter.passesOnline(schema, table),
        record: (schema, table) => online.get(schema, table),
        caseSensitive: tracker.profile.lowerCaseTableNames === 0,
      },
    );
  }
}

function isDropped(dropped: Dropped, at: number): boolean {
  return dropped === 'all' || (dropped !== 'none' && (dropped[at] ?? false));
}

/** The row image is a property of the event: its first row stands for all. */
function checkComplete(plan: TablePlan, change: RowChange, place: FailurePlace): void {
  const complete = (image: RowImage): boolean => plan.columns.every(({ at }) => image[at] !== undefined);
  const before = change.kind === 'insert' || complete(change.before);
  const after = change.kind === 'delete' || complete(change.after);
  if (before && after) return;
  const workaround = 'Please set binlog_row_image=FULL on the upstream, globally and in all of its sessions.';
  const cause = `rows of ${quoteTable(plan.source.schema, plan.source.name)} lack values`;
  throw atPlace(dmError(11126, [], { cause, workaround }), place);
}

function changeBytes(change: RowChange): number {
  const before = change.kind === 'insert' ? 0 : imageBytes(change.before);
  return before + (change.kind === 'delete' ? 0 : imageBytes(change.after));
}

function imageBytes(image: RowImage): number {
  let bytes = 0;
  for (const value of image) bytes += valueBytes(value);
  return bytes;
}

/** Whether rows of other tables may follow the change: the row goes, or gets another key that they refer to. */
function leavesChildren(plan: TablePlan, change: RowChange): boolean {
  if (change.kind === 'insert') return false;
  const after = change.kind === 'delete' ? undefined : change.after;
  return plan.children.some(({ columns }) => changed(columns, change.before, after));
}

function hasInvalidEnum(plan: TablePlan, change: RowChange): boolean {
  return change.kind !== 'delete' && plan.enums.some((at) => change.after[at] === 0);
}
