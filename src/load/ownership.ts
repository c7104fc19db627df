import { tableFileName } from '../dump/file-names.js';
import { dmError, type DmError } from '../errors/dm-error.js';
import type { TableMapping, TargetTable } from '../filter/router.js';
import type { DbConnection } from '../mysql/connect.js';
import { serverErrno } from '../mysql/errors.js';
import { quoteTable } from '../mysql/quote.js';
import {
  isStructureRow,
  TABLE_HELD_ROWS,
  TABLE_IS_OURS,
  TABLE_WAS_EMPTY,
  type CheckpointRow,
  type LoadCheckpoint,
} from './checkpoint.js';
import type { DumpedTable } from './inventory.js';

const ER_NO_SUCH_TABLE = 1146;
const ER_BAD_DB = 1049;

/** What a downstream table is to a load that begins: the `offset` of the rows of its structure files. */
export async function ownershipOf(connection: DbConnection, { schema, table }: TargetTable): Promise<number> {
  try {
    const [rows] = await connection.query(`SELECT 1 FROM ${quoteTable(schema, table)} LIMIT 1`);
    return (rows as unknown[]).length === 0 ? TABLE_WAS_EMPTY : TABLE_HELD_ROWS;
  } catch (error) {
    const errno = serverErrno(error);
    if (errno === ER_NO_SUCH_TABLE || errno === ER_BAD_DB) return TABLE_IS_OURS;
    throw error;
  }
}

/**
 * The statements that undo an interrupted load of an earlier dump: tables that it made are dropped, those that were empty
 * before are emptied.
 *
 * @throws DmError 34018 when rows of that load cannot be told from others: the table held rows before, or is filled by
 *   another source or task as well
 */
export async function undoStatements(
  connection: DbConnection,
  rows: readonly CheckpointRow[],
  { checkpoint, mapping }: { checkpoint: LoadCheckpoint; mapping: TableMapping },
): Promise<string[]> {
  const structures = new Map(rows.filter(isStructureRow).map((row) => [row.filename, row]));
  const shared = new Set((await checkpoint.tablesOfOthers(connection)).map(nameOf));
  const touched = new Set<string>();
  for (const row of rows) {
    if (isStructureRow(row) || row.offset === 0) continue;
    const structure = structures.get(tableFileName(row.schema, row.table)) ?? structureByTarget(row, rows, mapping);
    const name = structure === undefined ? quoteTable(row.schema, row.table) : nameOf(structure);
    if (structure === undefined || structure.offset === TABLE_HELD_ROWS) throw stuck(name, 'held rows before the load');
    if (shared.has(name)) throw stuck(name, 'is filled by another source or task as well');
    touched.add(name);
  }
  const statements = new Map<string, string>();
  for (const row of structures.values()) {
    const name = nameOf(row);
    if (row.offset === TABLE_HELD_ROWS || shared.has(name)) continue;
    if (row.offset !== TABLE_WAS_EMPTY) statements.set(name, `DROP TABLE IF EXISTS ${name}`);
    else if (touched.has(name)) statements.set(name, `TRUNCATE TABLE ${name}`);
  }
  return [...statements.values()];
}

/** Dumps of other tools may write the names of their files in another way. */
function structureByTarget(
  row: CheckpointRow,
  rows: readonly CheckpointRow[],
  mapping: TableMapping,
): CheckpointRow | undefined {
  const target = mapping.target(row.schema, row.table);
  return rows.find((other) => isStructureRow(other) && other.schema === target.schema && other.table === target.table);
}

function stuck(table: string, why: string): DmError {
  return dmError(34018, [], {
    cause: new Error(`${table} ${why} and holds rows of an earlier dump now`),
    workaround:
      'Please remove the rows of the interrupted load from the downstream tables and start the task again with `--remove-meta`.',
  });
}

/**
 * Checks that an interrupted load goes on into the same downstream tables.
 *
 * @throws DmError 34018 when `routes` were changed meanwhile
 */
export function assertSameTargets(rows: readonly CheckpointRow[], tables: readonly DumpedTable[]): void {
  const targets = new Map(tables.map((table) => [table.file, table.target]));
  for (const row of rows.filter(isStructureRow)) {
    const target = targets.get(row.filename);
    if (target === undefined || (target.schema === row.schema && target.table === row.table)) continue;
    throw dmError(34018, [], {
      cause: new Error(
        `rows of ${row.filename} went into ${nameOf(row)}, but \`routes\` lead to ${nameOf(target)} now`,
      ),
      workaround:
        'Please take the change of `routes` back, or remove the rows loaded so far from the downstream and start the task with `--remove-meta`.',
    });
  }
}

function nameOf({ schema, table }: TargetTable): string {
  return quoteTable(schema, table);
}
