import type { Flavor } from '../../config/types.js';
import {
  eventKind,
  isSkipped,
  isSkippedByText,
  readStatement,
  reusesColumns,
  rewriteStatement,
  splitStatement,
  withoutIdle,
  type IdleOptions,
  type KnownColumn,
  type NamedObject,
  type ReadOptions,
  type RewriteOptions,
  type Statement,
} from '../../ddl/index.js';
import { dmError } from '../../errors/dm-error.js';
import type { TableFilter } from '../../filter/block-allow-list.js';
import type { EventFilter } from '../../filter/event-filter.js';
import type { TableMapping } from '../../filter/router.js';
import type { QueryEvent } from '../events.js';

/** A statement to execute downstream. */
export interface DdlPart {
  statement: Statement;
  /** Rewritten: downstream names in full, IF [NOT] EXISTS where DM adds it. */
  sql: string;
  /** Columns of the table before the statement, when known. */
  columns?: readonly KnownColumn[] | undefined;
  /** The session that executed it upstream, where it is not the event's. */
  session?: QueryEvent;
}

/**
 * What is to be done with a statement. `track`: nothing is executed, and the structures follow it.
 * - `filtered`: nothing that it changes passes the block-allow list; only structures that are known already follow it
 * - `dropped`: the binlog event filter leaves it out
 * - `unexecutable`: it changes what passes and what does not in one step, or nothing at all downstream
 */
export type StatementPlan =
  | { action: 'track'; statement: Statement; why: 'filtered' | 'dropped' | 'unexecutable'; partly: boolean }
  | { action: 'execute'; statement: Statement; parts: DdlPart[]; partly: boolean };

/** What is to be done with the text of a query event. */
export type DdlPlan = { action: 'skip'; reason: string } | StatementPlan;

/** Options of {@link planDdl}. */
export interface DdlPlanOptions {
  flavor: Flavor;
  /** Version of the upstream as versioned comments number it. */
  serverVersion: number;
  filter: TableFilter;
  events: EventFilter;
  mapping: TableMapping;
  /** The downstream takes one change a statement only. */
  splitAlways: boolean;
  /** DROP INDEX may have IF EXISTS. */
  dropIndexExistence: boolean;
  /** Table options of other engines are left out: the downstream would refuse them. */
  dropForeignOptions: boolean;
  /** Columns of the table before the statement: they decide about the order of single changes. */
  columns?: readonly KnownColumn[] | undefined;
  /** The upstream is MariaDB, the downstream another product: see `RewriteOptions`. */
  leavesMariadb: boolean;
  /** Default character set of the table before the statement. */
  charset?: string | undefined;
  /** Whether the name is a table's before the statement, when known: views and sequences are not renamed downstream. */
  isTable?: IdleOptions['isTable'];
}

/** What does not depend on the filters. */
export type RewritePlanOptions = Omit<DdlPlanOptions, 'filter' | 'events'>;

/**
 * Decides about the text of a query event: {@link readDdl}, then {@link planStatement}.
 *
 * @throws DmError as these two
 */
export function planDdl(event: QueryEvent, options: DdlPlanOptions): DdlPlan {
  const found = readDdl(event, options);
  return 'reason' in found ? { action: 'skip', reason: found.reason } : planStatement(found.statement, options);
}

/**
 * Reads the text of a query event; a reason instead when it is never replicated, or unreadable and left out by a rule of
 * the event filter for all schemas.
 *
 * @throws DmError 36067 when the text cannot be read; 36014 for row changes in statement format
 */
export function readDdl(event: QueryEvent, options: DdlPlanOptions): { statement: Statement } | { reason: string } {
  if (isSkippedByText(event.sql)) return { reason: 'never replicated' };
  let statement: Statement;
  try {
    statement = read(event, options);
  } catch (error) {
    if (options.events.dropsStatement({ schema: '', sql: event.sql })) return { reason: 'dropped by an event filter' };
    throw error;
  }
  const reason = reasonToSkip(statement, event, options);
  return reason === undefined ? { statement } : { reason };
}

/**
 * Decides about a statement: drops what is filtered, splits it where only a part passes the filters, and rewrites the
 * names. A part passes when all that it changes does.
 *
 * @throws DmError 11119 for what cannot be rewritten; the mapping's for names that two rules claim
 */
export function planStatement(statement: Statement, options: DdlPlanOptions): StatementPlan {
  const listed = (object: NamedObject): boolean => matches(object, options.filter);
  const event = eventKind(statement);
  const sql = statement.text.slice(statement.start, statement.end);
  const dropped = (object: NamedObject): boolean => {
    const { type, schema, name: table } = object;
    const kind = event === undefined ? {} : { event };
    return options.events.dropsStatement({ schema, sql, ...(type === 'database' ? {} : { table }), ...kind });
  };
  if (passes(statement, listed) === 'none') return { action: 'track', statement, why: 'filtered', partly: false };
  const wanted = (object: NamedObject): boolean => listed(object) && !dropped(object);
  const passing = passes(statement, wanted);
  const partly = passing === 'some';
  if (passing === 'none') return { action: 'track', statement, why: 'dropped', partly };
  const parts = executedParts(statement, wanted, options);
  if (parts.length === 0) return { action: 'track', statement, why: 'unexecutable', partly };
  return {
    action: 'execute',
    statement,
    partly,
    parts: parts.map((part) => ({ statement: part, sql: rewrite(part, options), columns: options.columns })),
  };
}

/**
 * Splits a part further, for a downstream that refuses some of its changes as done already. Changes between which names of
 * columns go over stay together: one by one they would mix up the columns.
 */
export function splitFurther(part: DdlPart, options: RewritePlanOptions): DdlPart[] {
  const { statement, columns } = part;
  const careful = splitStatement(statement, known(columns));
  const together = careful.atomic !== undefined && reusesColumns(careful.atomic);
  const { parts } = together ? careful : splitStatement(statement, { separateDependent: true, ...known(columns) });
  return parts.map((single) => ({ statement: single, sql: rewrite(single, options) }));
}

function read(event: QueryEvent, { flavor, serverVersion }: DdlPlanOptions): Statement {
  const readOptions: ReadOptions = { flavor, serverVersion, defaultSchema: event.schema };
  if (event.sqlMode !== undefined) readOptions.sqlMode = event.sqlMode;
  try {
    return readStatement(event.sql, readOptions);
  } catch (cause) {
    throw dmError(36067, [event.sql], { cause, workaround: PARSE_ADVICE });
  }
}

const PARSE_ADVICE =
  'Please check that the statement is right, execute by hand downstream what it should do, then stop the task and start it ' +
  'with --remove-meta as `incremental` with `meta` at the end location of this error.';

function reasonToSkip(statement: Statement, event: QueryEvent, { filter, events }: DdlPlanOptions): string | undefined {
  if (isSkipped(statement)) return 'never replicated';
  if (statement.kind === 'create-table' && statement.temporary) return 'temporary table';
  if (statement.kind !== 'other') return undefined;
  if (statement.what === 'unknown') {
    if (events.dropsStatement({ schema: '', sql: event.sql })) return 'dropped by an event filter';
    throw dmError(36067, [event.sql], { workaround: PARSE_ADVICE });
  }
  if (statement.what !== 'dml') return 'no change of a table';
  const named = statement.objects.filter((object) => object.type === 'table');
  const filtered =
    named.length > 0 ? !named.some((object) => matches(object, filter)) : !filter.matchesSchema(event.schema);
  if (filtered) return 'filtered';
  throw dmError(36014, [], {
    workaround: 'Please set binlog_format=ROW on the upstream, globally and in all of its sessions.',
  });
}

function matches(object: NamedObject, filter: TableFilter): boolean {
  return object.type === 'database'
    ? filter.matchesSchema(object.schema)
    : filter.matchesTable(object.schema, object.name);
}

/** Objects that the statement changes; those it only refers to do not count. */
export function changedObjects(statement: Statement): NamedObject[] {
  return statement.objects.filter(({ role }) => role === 'target' || role === 'new-name' || role === 'exchange');
}

function passes(statement: Statement, wanted: (object: NamedObject) => boolean): 'all' | 'some' | 'none' {
  const objects = changedObjects(statement);
  const passing = objects.filter(wanted).length;
  if (passing === objects.length) return 'all';
  return passing === 0 ? 'none' : 'some';
}

/** The statement as one where the downstream can take it so: what the upstream did in one step stays one. */
function executedParts(
  statement: Statement,
  wanted: (object: NamedObject) => boolean,
  options: DdlPlanOptions,
): Statement[] {
  const executed = withoutIdle(statement, options);
  return executed === undefined ? [] : passingParts(executed, wanted, options);
}

function passingParts(
  statement: Statement,
  wanted: (object: NamedObject) => boolean,
  options: DdlPlanOptions,
): Statement[] {
  const replaces =
    (statement.kind === 'create-table' || statement.kind === 'create-database' || statement.kind === 'create-index') &&
    statement.orReplace;
  const whole = passes(statement, wanted) === 'all' && !keepsName(statement, options.mapping);
  if (whole && !options.splitAlways && !replaces) return [statement];
  const { parts } = splitStatement(statement, known(options.columns));
  return parts.filter((part) => passes(part, wanted) === 'all' && !keepsName(part, options.mapping));
}

/** Whether a table of a RENAME has the same downstream name before and after: tables that are merged into one. */
function keepsName(statement: Statement, mapping: TableMapping): boolean {
  if (statement.kind !== 'rename-table') return false;
  const named = (role: NamedObject['role']): NamedObject[] =>
    statement.objects.filter((object) => object.role === role);
  const after = named('new-name');
  return named('target').some(({ schema, name }, i) => {
    const to = after[i];
    if (to === undefined) return false;
    const [old, now] = [mapping.target(schema, name), mapping.target(to.schema, to.name)];
    return old.schema === now.schema && old.table === now.table;
  });
}

function known(columns: readonly KnownColumn[] | undefined): { columns?: readonly KnownColumn[] } {
  return columns === undefined ? {} : { columns };
}

function rewrite(statement: Statement, options: RewritePlanOptions): string {
  return rewriteStatement(statement, partRewrite(options));
}

/** How names and words of a statement are changed for the downstream. */
export function partRewrite(options: RewritePlanOptions): RewriteOptions {
  const { mapping, dropIndexExistence, dropForeignOptions, leavesMariadb, charset } = options;
  return {
    target: (schema, table) =>
      table === '' ? { schema: mapping.targetSchema(schema), table: '' } : mapping.target(schema, table),
    existence: true,
    dropIndexExistence,
    dropForeignOptions,
    leavesMariadb,
    charset,
  };
}
