import { quoteTable } from '../../mysql/quote.js';
import { readStatement, type Statement } from '../../ddl/index.js';
import { DmError } from '../../errors/dm-error.js';
import { faultPoint } from '../../fault/fault.js';
import type { TableFilter } from '../../filter/block-allow-list.js';
import type { EventFilter } from '../../filter/event-filter.js';
import type { Logger } from '../../log/logger.js';
import { checkStatement, type Downstream, type Finding } from '../../schema/downstream-diff.js';
import type { Table } from '../../schema/model.js';
import { isSequence } from '../../schema/sequence.js';
import type { SchemaTracker } from '../../schema/tracker.js';
import type { DdlIntent } from '../checkpoint/checkpoint.js';
import { createDatabaseSql, createTableSql } from './create-sql.js';
import { withAdvice } from './ddl-advice.js';
import { changedObjects, partRewrite, planStatement, type DdlPart, type RewritePlanOptions } from './ddl-plan.js';
import type { DdlRunner } from './ddl-runner.js';
import type { DownstreamTables } from '../write/downstream-tables.js';
import type { QueryEvent } from '../events.js';
import type { CheckpointKeeper } from '../checkpoint/keeper.js';
import { withRealConstraints } from './online-constraints.js';
import type { OnlineRecords } from './online-ddl.js';
import type { EventPlan, PlannedStatement } from './online-ddl-plan.js';
import type { Pipeline } from '../write/pipeline.js';
import type { SyncCounters } from '../progress.js';
import { statementContext } from './statement-context.js';

/** Options of {@link DdlApplier}. */
export interface DdlApplierOptions {
  plan: RewritePlanOptions;
  events: EventFilter;
  downstream: Downstream;
  /** Names of the downstream's collations. */
  collations: ReadonlySet<string>;
  tracker: SchemaTracker;
  /** What a table of the upstream looks like now. */
  upstreamTable(schema: string, name: string): Promise<Table | undefined>;
  tables: DownstreamTables;
  pipeline: Pipeline;
  keeper: CheckpointKeeper;
  ddl: DdlRunner;
  online: OnlineRecords;
  counters: SyncCounters;
  logger: Logger;
  /** Statements that an earlier run had begun. */
  begun: DdlIntent | undefined;
}

/** What is to be executed for an event, and what is known of the downstream about it. */
interface Tracked {
  parts: DdlPart[];
  findings: Finding[];
}

/** `made`: the table of a CREATE TABLE IF NOT EXISTS did not exist. */
interface FollowedStatement extends PlannedStatement {
  made?: true;
}

/** Code of a statement that does not fit the structures known. */
const CANNOT_TRACK = 44006;

/** Brings the structures and the downstream behind a query event, and stores that they are there. */
export class DdlApplier {
  readonly #options: DdlApplierOptions;
  /** A DDL is being executed: the checkpoint belongs to it. */
  busy = false;

  constructor(options: DdlApplierOptions) {
    this.#options = options;
  }

  /**
   * Does what is planned for an event.
   *
   * @param filter - tables that exist downstream
   * @returns whether there was anything to do; then the checkpoint stands behind the event
   * @throws DmError 10006 when the downstream refuses a statement; 44006, and what loading structures throws
   */
  async apply(
    event: QueryEvent,
    seq: number,
    plan: Extract<EventPlan, { action: 'apply' }>,
    filter: TableFilter,
  ): Promise<boolean> {
    const { pipeline, keeper, tracker, tables, online } = this.#options;
    const statements = await this.#toFollow(plan.statements);
    if (statements.length === 0 && plan.online.length === 0) return false;
    await pipeline.drained();
    await faultPoint('ddl.before-old-flush');
    this.busy = true;
    // The structures of before go into the checkpoint first: a crash behind the execution must find them there.
    for (const planned of statements) {
      await tracker.preload(trackedStatement(planned), statementContext(planned.session, tracker.profile));
    }
    await keeper.flush();
    await faultPoint('ddl.before-track');
    const { parts, findings } = await this.#track(statements, event, filter);
    if (parts.length > 0) await this.#execute(parts, findings, event, seq);
    online.apply(plan.online);
    await faultPoint('ddl.before-save');
    keeper.passed(seq);
    const lower = tracker.profile.lowerCaseTableNames !== 0;
    const dropped = statements.flatMap(({ plan: { statement } }) => droppedSchemas(statement, lower));
    await keeper.flush({ droppedSchemas: dropped, online: online.statements() });
    online.stored();
    this.busy = false;
    tables.invalidate(this.#targets(parts));
    pipeline.reset();
    return true;
  }

  /** Downstream names of what was changed. */
  #targets(parts: readonly DdlPart[]): { schema: string; table: string }[] {
    const { mapping } = this.#options.plan;
    return parts.flatMap(({ statement }) =>
      changedObjects(statement).map(({ type, schema, name }) =>
        type === 'database' ? { schema: mapping.targetSchema(schema), table: '' } : mapping.target(schema, name),
      ),
    );
  }

  /** Filtered tables count for nothing now, but those whose structure is kept may do so later, or be copied. */
  async #toFollow(statements: readonly PlannedStatement[]): Promise<FollowedStatement[]> {
    const result: FollowedStatement[] = [];
    for (const planned of statements) {
      const { plan } = planned;
      const left = plan.action === 'track' && plan.why === 'filtered';
      if (left && !(await this.#isKnown(plan.statement))) continue;
      result.push((await this.#isMade(plan.statement)) ? { ...planned, made: true } : planned);
    }
    return result;
  }

  /**
   * Whether CREATE TABLE IF NOT EXISTS made its table, where the downstream cannot tell: it has one table for several of the
   * upstream. What the upstream has now decides.
   */
  async #isMade(statement: Statement): Promise<boolean> {
    if (statement.kind !== 'create-table' || !statement.ifNotExists || statement.temporary) return false;
    const { tracker, plan } = this.#options;
    const name = changedTable(statement);
    if (name === undefined || (await tracker.isKnown(name.schema, name.name))) return false;
    const target = plan.mapping.target(name.schema, name.name);
    if (target.schema === name.schema && target.table === name.name) return false;
    const now = await this.#options.upstreamTable(name.schema, name.name);
    const like = statement.objects.find(({ role }) => role === 'like');
    const written =
      like === undefined
        ? statement.elements.flatMap((element) => (element.element === 'column' ? [element.name.name] : []))
        : (await tracker.get(like.schema, like.name))?.columns.map((column) => column.name);
    return now === undefined || JSON.stringify(now.columns.map((column) => column.name)) === JSON.stringify(written);
  }

  async #isKnown(statement: Statement): Promise<boolean> {
    const { tracker } = this.#options;
    for (const { type, schema, name } of changedObjects(statement)) {
      const known = type === 'database' ? tracker.isSchemaKnown(schema) : tracker.isKnown(schema, name);
      if (await known) return true;
    }
    return false;
  }

  /** Brings the structures behind the statements, one after the other. */
  async #track(statements: readonly FollowedStatement[], event: QueryEvent, filter: TableFilter): Promise<Tracked> {
    const tracked: Tracked = { parts: [], findings: [] };
    for (const told of statements) {
      const before = this.#structureBefore(told.plan.statement);
      const planned = told.recorded === true ? this.#settled(told, before, filter) : told;
      const { session } = planned;
      const parts = this.#parts(planned, before, filter);
      await this.#follow(planned);
      this.#report(planned, event, parts);
      const made = parts.map((part) => this.#completed(part, filter));
      tracked.parts.push(...(session === event ? made : made.map((part) => ({ ...part, session }))));
      tracked.findings.push(...this.#findings(parts, before));
    }
    return tracked;
  }

  /** A recorded statement, put in words of the real table. */
  #settled(planned: FollowedStatement, before: Table | undefined, filter: TableFilter): FollowedStatement {
    const { plan, events } = this.#options;
    const statement = withRealConstraints(planned.plan.statement, before);
    if (statement === planned.plan.statement) return planned;
    return { ...planned, plan: planStatement(statement, { ...plan, filter, events }) };
  }

  async #follow(planned: FollowedStatement): Promise<void> {
    const { plan, session } = planned;
    const { tracker, logger } = this.#options;
    const context = statementContext(session, tracker.profile);
    try {
      await tracker.apply(trackedStatement(planned), context);
    } catch (error) {
      if (!(error instanceof DmError) || error.code !== CANNOT_TRACK) throw error;
      if (await this.#isBehind(plan.statement)) return;
      if (plan.action !== 'track' || plan.why !== 'filtered') throw error;
      // Nothing of it is replicated: that its structure is lost must not stop what is.
      logger.warn('the structure of a filtered table is not known any more', { error: error.message });
      for (const { type, schema, name } of changedObjects(plan.statement)) {
        if (type === 'database') continue;
        const sql = `DROP TABLE ${quoteTable(schema, name)}`;
        await tracker.apply(readStatement(sql, { flavor: this.#options.plan.flavor }), context);
      }
    }
  }

  /** Whether the structure known is the upstream's of now already: where it was had from there, it shows what is to come. */
  async #isBehind(statement: Statement): Promise<boolean> {
    const name = statement.kind === 'alter-table' ? changedTable(statement) : undefined;
    const known = name && this.#options.tracker.peek(name.schema, name.name);
    if (known === undefined) return false;
    const now = await this.#options.upstreamTable(known.schema, known.name);
    const columns = (table: Table): string => JSON.stringify(table.columns.map((c) => [c.name, c.columnType]));
    const indexes = (table: Table): string => JSON.stringify(table.indexes.map((index) => index.name).toSorted());
    return now !== undefined && columns(now) === columns(known) && indexes(now) === indexes(known);
  }

  async #execute(parts: DdlPart[], findings: readonly Finding[], event: QueryEvent, seq: number): Promise<void> {
    const { ddl, counters, logger, begun } = this.#options;
    try {
      await ddl.execute(parts, event, seq, begun?.seq === seq ? begun : undefined);
    } catch (error) {
      throw withAdvice(error, findings);
    }
    counters.ddls += parts.length;
    logger.info('executed a DDL', { sql: event.sql, position: `(${event.start.name}, ${event.start.pos})` });
  }

  /** What is executed of the statement, in an order that fits the columns of before it. */
  #parts({ plan }: PlannedStatement, before: Table | undefined, filter: TableFilter): DdlPart[] {
    if (plan.action !== 'execute') return [];
    const { plan: options, events } = this.#options;
    const isTable = (schema: string, name: string): boolean => {
      const found = this.#options.tracker.peek(schema, name);
      return found !== undefined && !isSequence(found);
    };
    const known = planStatement(plan.statement, {
      ...options,
      filter,
      events,
      columns: before?.columns,
      charset: before?.charset,
      isTable,
    });
    return known.action === 'execute' ? known.parts : [];
  }

  /** CREATE TABLE and DATABASE as the upstream understood them. */
  #completed(part: DdlPart, filter: TableFilter): DdlPart {
    const { statement } = part;
    const { plan, downstream, collations, tracker } = this.#options;
    const options = { downstream, collations, mapping: plan.mapping, filter, rewrite: partRewrite(plan) };
    if (statement.kind === 'create-database') {
      const defaults = tracker.peekDatabase(statement.name.name);
      return defaults === undefined ? part : { ...part, sql: createDatabaseSql(statement, defaults, options) };
    }
    const name = changedTable(statement);
    if (statement.kind !== 'create-table' || name === undefined) return part;
    const made = tracker.peek(name.schema, name.name);
    return made === undefined ? part : { ...part, sql: createTableSql(statement, made, options) };
  }

  /** Nothing that the upstream did to replicated tables is left out in silence. */
  #report({ plan }: PlannedStatement, { sql, start }: QueryEvent, parts: readonly DdlPart[]): void {
    const place = { sql, position: `(${start.name}, ${start.pos})` };
    const { logger } = this.#options;
    if (plan.partly) logger.warn('a statement is also about filtered tables: they are left out', place);
    if (plan.action === 'track' && plan.why === 'dropped')
      logger.info('a statement is dropped by an event filter: only structures follow it', place);
    if (plan.action === 'execute' ? parts.length === 0 : plan.why === 'unexecutable') {
      logger.warn('a statement is not executed downstream: only structures follow it', place);
    }
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

function trackedStatement({ plan: { statement }, made }: FollowedStatement): Statement {
  return made === true && statement.kind === 'create-table' ? { ...statement, ifNotExists: false } : statement;
}

/** The table that a statement makes or alters, by its upstream name. */
function changedTable(statement: Statement): { schema: string; name: string } | undefined {
  if (statement.kind !== 'alter-table' && statement.kind !== 'create-table') return undefined;
  return statement.objects.find(({ role }) => role === 'target');
}

/** `lower`: the upstream has names in lower case in its row events. MariaDB's CREATE OR REPLACE DATABASE drops what was there. */
function droppedSchemas(statement: Statement, lower: boolean): string[] {
  const drops = statement.kind === 'drop-database' || (statement.kind === 'create-database' && statement.orReplace);
  if (!drops) return [];
  return statement.objects.map(({ schema }) => (lower ? schema.toLowerCase() : schema));
}
