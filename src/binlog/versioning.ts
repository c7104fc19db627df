import { dmError } from '../errors/dm-error.js';
import { isSystemVersioned, type Column, type Table } from '../schema/model.js';
import type { CellValue, RowChange, RowImage } from '../sync/events.js';

/** How rows of one of MariaDB's system-versioned tables are to be read. */
export interface Versioning {
  /** All columns of an image, in its order. */
  columns: readonly Column[];
  /** The change of the table's present rows that a change in the event stands for; undefined when it is about history. */
  present(change: RowChange): RowChange | undefined;
}

/**
 * Tables without declared period columns have two that no structure shows, behind all others (MariaDB Knowledge Base,
 * "System-Versioned Tables").
 */
const HIDDEN: readonly Column[] = ['row_start', 'row_end'].map((name) => ({
  name,
  type: 'timestamp',
  columnType: 'timestamp(6)',
  length: 6,
  unsigned: false,
  zerofill: false,
  nullable: false,
  autoIncrement: false,
  invisible: true,
}));

/** Ends of rows that are present: the last moment of TIMESTAMP, before and since MariaDB 11.5, or the last transaction. */
const NEVER: ReadonlySet<CellValue> = new Set<CellValue>([
  '2038-01-19 03:14:07.999999',
  '2106-02-07 06:28:15.999999',
  2n ** 64n - 1n,
]);

/**
 * Events of a versioned table tell its history too: a DELETE is an update of the row's end, and an UPDATE also inserts the
 * row of before. Undefined for all other tables.
 */
export function versioningOf(structure: Table): Versioning | undefined {
  if (!isSystemVersioned(structure)) return undefined;
  const declared = structure.columns.findIndex((column) => column.generated?.expression === 'ROW END');
  const columns = declared === -1 ? [...structure.columns, ...HIDDEN] : structure.columns;
  const end = declared === -1 ? columns.length - 1 : declared;
  const visible = structure.columns.length;
  return { columns, present: (change) => presentChange(change, end, visible) };
}

function presentChange(change: RowChange, end: number, visible: number): RowChange | undefined {
  const before = change.kind === 'insert' ? undefined : presentRow(change.before, end, visible);
  const after = change.kind === 'delete' ? undefined : presentRow(change.after, end, visible);
  if (before === undefined) return after === undefined ? undefined : { kind: 'insert', after };
  return after === undefined ? { kind: 'delete', before } : { kind: 'update', before, after };
}

/** The row without hidden columns; undefined when it is one of the past. */
function presentRow(image: RowImage, end: number, visible: number): RowImage | undefined {
  const value = image[end];
  if (value === undefined) throw dmError(11126, [], { workaround: FULL_IMAGE });
  return NEVER.has(value) ? image.slice(0, visible) : undefined;
}

const FULL_IMAGE =
  'Please set binlog_row_image=FULL on the upstream: rows of the past cannot be told from others without it.';
