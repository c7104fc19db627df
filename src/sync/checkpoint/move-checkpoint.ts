import type { SubtaskConfig } from '../../config/types.js';
import { acquireFence } from '../../meta/fence.js';
import { createMetaTables, metaTables, type MetaTables } from '../../meta/tables.js';
import { closeConnection, openConnection, queryRows, type DbConnection } from '../../mysql/connect.js';
import { databaseError, serverErrno } from '../../mysql/errors.js';
import { compareLocations } from '../../mysql/position.js';
import { quoteString } from '../../mysql/quote.js';
import type { BinlogLocation } from '../events.js';

const ER_BAD_DB = 1049;
const ER_NO_SUCH_TABLE = 1146;
const MAX_UINT32 = 0xffff_ffff;

/**
 * Makes a subtask that does not run go on from another place than its checkpoint's. From an earlier place it goes in safe
 * mode until it has passed the old one, since those changes are downstream already (manual, `start-task --start-time`).
 * Does nothing when there is no checkpoint. Structures of tables stay as they are stored.
 *
 * @throws DmError 10001 to 10005 for trouble with the downstream
 */
export async function moveCheckpoint(
  config: SubtaskConfig,
  to: BinlogLocation,
  owner: string,
  signal?: AbortSignal,
): Promise<void> {
  const connection = await openConnection(config.to, {
    role: 'downstream',
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    const tables = metaTables(config.metaSchema, config.task);
    const old = await storedLocation(connection, tables, config.sourceId);
    if (old !== undefined) await move(connection, tables, config, { old, to, owner });
  } catch (error) {
    throw databaseError(error, { scope: 'downstream', kind: 'query' });
  } finally {
    await closeConnection(connection);
  }
}

async function storedLocation(
  connection: DbConnection,
  { syncerCheckpoint }: MetaTables,
  sourceId: string,
): Promise<BinlogLocation | undefined> {
  const sql =
    `SELECT binlog_name AS name, binlog_pos AS pos, binlog_gtid AS gtid FROM ${syncerCheckpoint} ` +
    `WHERE id = ${quoteString(sourceId)} AND is_global = 1 AND (binlog_name <> '' OR binlog_gtid <> '')`;
  try {
    const [row] = await queryRows(connection, 'downstream', sql);
    if (row === undefined) return undefined;
    const { name, pos, gtid } = row as { name: string | null; pos: number | null; gtid: string | null };
    return { name: name ?? '', pos: pos ?? 0, gtidSet: gtid ?? '' };
  } catch (error) {
    if ([ER_BAD_DB, ER_NO_SUCH_TABLE].includes(serverErrno(error) ?? 0)) return undefined;
    throw error;
  }
}

async function move(
  connection: DbConnection,
  tables: MetaTables,
  config: SubtaskConfig,
  { old, to, owner }: { old: BinlogLocation; to: BinlogLocation; owner: string },
): Promise<void> {
  await createMetaTables(connection, tables);
  // A process of the stopped task that is still around must not store its own place after this.
  const fence = await acquireFence(connection, { tables, sourceId: config.sourceId, slots: 1, owner });
  const isBack = compareLocations(to, old, config.flavor, config.enableGtid) < 0;
  const exit = isBack ? old : { name: '', pos: 0, gtidSet: '' };
  const id = quoteString(config.sourceId);
  const statements = [
    'BEGIN',
    fence.checkSql(0),
    `UPDATE ${tables.syncerCheckpoint} SET ${placeSql('binlog', to)}, ${placeSql('exit_safe_binlog', exit)} ` +
      `WHERE id = ${id} AND is_global = 1`,
    // What is known as applied was numbered from another place on.
    `DELETE FROM ${tables.syncState} WHERE id = ${id}`,
    `DELETE FROM ${tables.applied} WHERE id = ${id}`,
    `DELETE FROM ${tables.xa} WHERE id = ${id}`,
    'COMMIT',
  ];
  for (const sql of statements) await connection.query(sql);
}

function placeSql(prefix: string, { name, pos, gtidSet }: BinlogLocation): string {
  return (
    `${prefix}_name = ${quoteString(name)}, ${prefix}_pos = ${Math.min(pos, MAX_UINT32)}, ` +
    `${prefix}_gtid = ${quoteString(gtidSet)}`
  );
}
