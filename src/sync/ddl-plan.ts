import type { Flavor } from '../config/types.js';
import {
  isSkipped,
  isSkippedByText,
  readStatement,
  reusesColumns,
  rewriteStatement,
  splitStatement,
  type KnownColumn,
  type NamedObject,
  type ReadOptions,
  type Statement,
} from '../ddl/index.js';
import { dmError } from '../errors/dm-error.js';
import type { TableFilter } from '../filter/block-allow-list.js';
import type { TableMapping } from '../filter/router.js';
import type { QueryEvent } from './events.js';

/** A statement to execute downstream. */
export interface DdlPart {
  statement: Statement;
  /** Rewritten: downstream names in full, IF [NOT] EXISTS where DM adds it. */
  sql: string;
  /** Columns of the table before the statement, when known. */
  columns?: readonly KnownColumn[] | undefined;
}

/** What is to be done with the text of a query event. `partly`: some of what it changes passes the filter, some does not. */
export type DdlPlan =
  | { action: 'skip'; reason: string }
  /** Only the structures follow; nothing is executed. */
  | { action: 'track'; statement: Statement; partly: boolean }
  | { action: 'execute'; statement: Statement; parts: DdlPart[]; partly: boolean };

/** Options of {@link planDdl}. */
export interface DdlPlanOptions {
  flavor: Flavor;
  /** Version of the upstream as versioned comments number it. */
  serverVersion: number;
  filter: TableFilter;
  mapping: TableMapping;
  /** The downstream takes one change a statement only. */
  splitAlways: boolean;
  /** DROP INDEX may have IF EXISTS. */
  dropIndexExistence: boolean;
  /** Table options of other engines are left out: the downstream would refuse them. */
  dropForeignOptions: boolean;
  /** Columns of the table before the statement: they decide about the order of single changes. */
  columns?: readonly KnownColumn[] | undefined;
}

/**
 * Decides about the text of a query event: reads it, drops what is never replicated or filtered, splits it where only a
 * part passes the filter, and rewrites the names.
 *
 * @throws DmError 36067 when the text cannot be read; 36014 for row changes in statement format; 11119
 */
export function planDdl(event: QueryEvent, options: DdlPlanOptions): DdlPlan {
  if (isSkippedByText(event.sql)) return { action: 'skip', reason: 'never replicated' };
  const statement = read(event, options);
  const reason = reasonToSkip(statement, event, options.filter);
  if (reason !== undefined) return { action: 'skip', reason };
  const passing = passes(statement, options.filter);
  const partly = passing === 'some';
  if (passing === 'none') {
    // A rename may bring a filtered table's structure to where it counts.
    return statement.kind === 'rename-table' || statement.kind === 'drop-database'
      ? { action: 'track', statement, partly }
      : { action: 'skip', reason: 'filtered' };
  }
  const parts = executedParts(statement, options);
  if (parts.length === 0) return { action: 'track', statement, partly };
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
export function splitFurther(part: DdlPart, options: Omit<DdlPlanOptions, 'filter'>): DdlPart[] {
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

function reasonToSkip(statement: Statement, event: QueryEvent, filter: TableFilter): string | undefined {
  if (isSkipped(statement)) return 'never replicated';
  if (statement.kind === 'create-table' && statement.temporary) return 'temporary table';
  if (statement.kind.endsWith('-sequence')) return 'sequences are not replicated';
  if (statement.kind !== 'other') return undefined;
  if (statement.what === 'unknown') throw dmError(36067, [event.sql], { workaround: PARSE_ADVICE });
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

function passes(statement: Statement, filter: TableFilter): 'all' | 'some' | 'none' {
  const objects = changedObjects(statement);
  const passing = objects.filter((object) => matches(object, filter)).length;
  if (passing === objects.length) return 'all';
  return passing === 0 ? 'none' : 'some';
}

/** The statement as one where the downstream can take it so: what the upstream did in one step stays one. */
function executedParts(statement: Statement, options: DdlPlanOptions): Statement[] {
  const replaces =
    (statement.kind === 'create-table' || statement.kind === 'create-database' || statement.kind === 'create-index') &&
    statement.orReplace;
  const whole = passes(statement, options.filter) === 'all';
  if (whole && !options.splitAlways && !replaces) return [statement];
  const { parts } = splitStatement(statement, known(options.columns));
  return parts.filter((part) => passes(part, options.filter) === 'all');
}

function known(columns: readonly KnownColumn[] | undefined): { columns?: readonly KnownColumn[] } {
  return columns === undefined ? {} : { columns };
}

function rewrite(statement: Statement, options: Omit<DdlPlanOptions, 'filter'>): string {
  const { mapping, dropIndexExistence, dropForeignOptions } = options;
  return rewriteStatement(statement, {
    target: (schema, table) =>
      table === '' ? { schema: mapping.targetSchema(schema), table: '' } : mapping.target(schema, table),
    existence: true,
    dropIndexExistence,
    dropForeignOptions,
  });
}
