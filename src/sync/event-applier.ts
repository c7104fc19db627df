import type { Statement } from '../ddl/index.js';
import { dmError } from '../errors/dm-error.js';
import { faultPoint } from '../fault/fault.js';
import type { TableFilter } from '../filter/block-allow-list.js';
import type { Logger } from '../log/logger.js';
import { compareLocations } from '../mysql/position.js';
import type { Flavor } from '../config/types.js';
import { checkStatement, type Downstream, type Finding } from '../schema/downstream-diff.js';
import type { Table } from '../schema/model.js';
import type { SchemaTracker } from '../schema/tracker.js';
import type { DdlIntent } from './checkpoint.js';
import { withAdvice } from './ddl-advice.js';
import { planDdl, type DdlPart, type DdlPlan, type DdlPlanOptions } from './ddl-plan.js';
import type { DdlRunner } from './ddl-runner.js';
import type { DownstreamTables } from './downstream-tables.js';
import type { BinlogEvent, CommitEvent, QueryEvent, RowChange, RowImage, RowsEvent, StructureTest } from './events.js';
import { atPlace } from './failure.js';
import type { CheckpointKeeper } from './keeper.js';
import { valueBytes } from './literal.js';
import type { Pipeline } from './pipeline.js';
import type { SyncCounters } from './progress.js';
import type { RowOrigin } from './row-job.js';
import type { SeqSet } from './seq-set.js';
import { statementContext } from './statement-context.js';
import type { TablePlan } from './table-plan.js';

/** A filter, and its rules as the checkpoint stores them. */
export interface CountingFilter {
  tables: TableFilter;
  text: string;
}

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
  plan: Omit<DdlPlanOptions, 'filter'>;
  downstream: Downstream;
  tracker: SchemaTracker;
  tables: DownstreamTables;
  pipeline: Pipeline;
  keeper: CheckpointKeeper;
  ddl: DdlRunner;
  counters: SyncCounters;
  logger: Logger;
  /** Changes applied before the start: all up to here, and some beyond. */
  appliedSeq: number;
  applied: SeqSet;
  /** Statement that an earlier run had begun. */
  begun: DdlIntent | undefined;
  isEnding(): boolean;
}

/** Bytes of an event from which the size of each of its rows is worked out. */
const MEASURED_EVENT_BYTES = 256 * 1024;

/**
 * Turns events into changes for the pipeline, numbers them, and stops the stream for DDL. The number of a change depends
 * on the binlog and the filter alone, so that a change applied before a crash is known again after it.
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
  /** A DDL is being executed: the checkpoint belongs to it. */
  busyWithDdl = false;

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
    if (!this.#filter.tables.matchesTable(schema, table)) return undefined;
    return this.#structure(schema, table, fits);
  }

  async #structure(schema: string, table: string, fits: StructureTest | undefined): Promise<Table> {
    const found = await this.#options.tracker.get(schema, table, fits);
    if (found !== undefined) return found;
    throw dmError(44005, [`\`${schema}\`.\`${table}\``], {
      workaround:
        'Please stop the task, make the downstream table equal to the source, and start the task with --remove-meta as `incremental` from a place behind the last change of the table.',
    });
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

  async #rows(event: RowsEvent): Promise<void> {
    const { pipeline, keeper, counters, applied } = this.#options;
    const found = this.#options.tables.planFor(event.structure);
    const plan = found instanceof Promise ? await found : found;
    const { rows, schema, table, start, end, timestamp } = event;
    const [first] = rows;
    const gtidSet = keeper.last.location.gtidSet;
    if (first !== undefined) checkComplete(plan, first, { start, end, gtidSet });
    const origin: RowOrigin = { start, end, gtidSet, schema, table, timestamp };
    const measured = event.bytes >= MEASURED_EVENT_BYTES;
    const share = Math.ceil(event.bytes / Math.max(1, rows.length));
    const safe = this.#isSafeMode();
    const foreignKeyChecks = !event.noForeignKeyChecks;
    for (const change of rows) {
      const seq = ++this.#seq;
      counters.events++;
      if (seq <= this.#doneUpTo || applied.has(seq)) {
        counters.skippedRows++;
        keeper.passed(seq);
        continue;
      }
      const bytes = measured ? changeBytes(change) : share;
      const lenient = plan.enums.length > 0 && hasInvalidEnum(plan, change);
      const wait = pipeline.submit({
        seq,
        plan,
        change,
        origin,
        bytes,
        safe,
        foreignKeyChecks,
        lenient,
        waits: undefined,
      });
      keeper.passed(seq);
      if (wait !== undefined) {
        await wait;
        if (this.#options.isEnding()) return;
      }
    }
  }

  #isSafeMode(): boolean {
    const { safeMode, safeUntil, keeper } = this.#options;
    return safeMode || keeper.safeModeExit !== undefined || (safeUntil > 0 && Date.now() < safeUntil);
  }

  #commit(event: CommitEvent): Promise<void> | undefined {
    const { keeper, counters, flavor, useGtid, logger } = this.#options;
    this.inTransaction = false;
    counters.transactions++;
    keeper.boundary(this.#seq, event.location);
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
      const plan = planDdl(event, { ...this.#options.plan, filter: this.#filter.tables });
      if (plan.action === 'skip') {
        this.#options.logger.debug('a statement is skipped', { reason: plan.reason, pos: start.pos });
        keeper.passed(seq);
      } else await this.#ddl(event, seq, plan);
    } catch (error) {
      throw atPlace(error, { start, end, gtidSet: keeper.last.location.gtidSet }, event.sql);
    }
  }

  async #ddl(event: QueryEvent, seq: number, plan: Exclude<DdlPlan, { action: 'skip' }>): Promise<void> {
    const { pipeline, keeper, tracker, tables, ddl, counters, logger, begun } = this.#options;
    await pipeline.drained();
    await faultPoint('ddl.before-old-flush');
    this.busyWithDdl = true;
    // The structures of before go into the checkpoint first: a crash behind the execution must find them there.
    await tracker.preload(plan.statement, statementContext(event, tracker.profile));
    await keeper.flush();
    await faultPoint('ddl.before-track');
    const before = this.#structureBefore(plan.statement);
    const parts = this.#parts(event, plan, before);
    await tracker.apply(plan.statement, statementContext(event, tracker.profile));
    this.#warnOfUnexecuted(event, plan);
    if (plan.action === 'execute') {
      const findings = this.#findings(parts, before);
      try {
        await ddl.execute(parts, event, seq, begun?.seq === seq ? begun : undefined);
      } catch (error) {
        throw withAdvice(error, findings);
      }
      counters.ddls += parts.length;
      logger.info('executed a DDL', { sql: event.sql, position: `(${event.start.name}, ${event.start.pos})` });
    }
    await faultPoint('ddl.before-save');
    keeper.passed(seq);
    await keeper.flush({ droppedSchemas: droppedSchemas(plan, tracker.profile.lowerCaseTableNames === 1) });
    this.busyWithDdl = false;
    this.#flushAtCommit = true;
    tables.invalidate();
    pipeline.reset();
    await faultPoint('ddl.before-new-flush');
  }

  /** What is executed of the statement, in an order that fits the columns of before it. */
  #parts(event: QueryEvent, plan: DdlPlan, before: Table | undefined): DdlPart[] {
    if (plan.action !== 'execute') return [];
    const known = planDdl(event, { ...this.#options.plan, filter: this.#filter.tables, columns: before?.columns });
    return known.action === 'execute' ? known.parts : plan.parts;
  }

  /** Nothing that the upstream did to replicated tables is left out in silence. */
  #warnOfUnexecuted({ sql, start }: QueryEvent, { action, partly }: Exclude<DdlPlan, { action: 'skip' }>): void {
    const place = { sql, position: `(${start.name}, ${start.pos})` };
    const { logger } = this.#options;
    if (partly) logger.warn('a statement is also about filtered tables: they are left out', place);
    if (action === 'track') logger.warn('a statement is not executed downstream: only structures follow it', place);
  }

  /** The structure of the table that an ALTER is about; it was loaded for it. */
  #structureBefore(statement: Statement): Table | undefined {
    const name = statement.kind === 'alter-table' ? changedTable(statement) : undefined;
    return name && this.#options.tracker.peek(name.schema, name.name);
  }

  /** What is known of the downstream and these statements; what it takes and does otherwise is logged. */
  #findings(parts: readonly DdlPart[], before: Table | undefined): Finding[] {
    const { tracker, downstream, logger } = this.#options;
    const all = new Map<string, Finding>();
    for (const { statement } of parts) {
      const name = changedTable(statement);
      const after = name && tracker.peek(name.schema, name.name);
      const structures = { ...(before && { before }), ...(after && { after }) };
      for (const finding of checkStatement(statement, downstream, structures)) all.set(finding.message, finding);
    }
    const findings = [...all.values()];
    for (const { rule, severity, message } of findings) if (severity === 'warning') logger.warn(message, { rule });
    return findings;
  }
}

/** The table that a statement makes or alters, by its upstream name. */
function changedTable(statement: Statement): { schema: string; name: string } | undefined {
  if (statement.kind !== 'alter-table' && statement.kind !== 'create-table') return undefined;
  return statement.objects.find(({ role }) => role === 'target');
}

/** `lower`: the upstream stores names in lower case. MariaDB's CREATE OR REPLACE DATABASE drops what was there. */
function droppedSchemas({ statement }: { statement: Statement }, lower: boolean): string[] {
  const drops = statement.kind === 'drop-database' || (statement.kind === 'create-database' && statement.orReplace);
  if (!drops) return [];
  return statement.objects.map(({ schema }) => (lower ? schema.toLowerCase() : schema));
}

/** The row image is a property of the event: its first row stands for all. */
function checkComplete(plan: TablePlan, change: RowChange, place: Parameters<typeof atPlace>[1]): void {
  const complete = (image: RowImage): boolean => plan.columns.every(({ at }) => image[at] !== undefined);
  const before = change.kind === 'insert' || complete(change.before);
  const after = change.kind === 'delete' || complete(change.after);
  if (before && after) return;
  const workaround = 'Please set binlog_row_image=FULL on the upstream, globally and in all of its sessions.';
  throw atPlace(dmError(11126, [], { workaround }), place);
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

function hasInvalidEnum(plan: TablePlan, change: RowChange): boolean {
  return change.kind !== 'delete' && plan.enums.some((at) => change.after[at] === 0);
}
