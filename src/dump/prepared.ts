import type { Flavor } from '../config/types.js';
import type { Logger } from '../log/logger.js';
import { queryRows, type DbConnection } from '../mysql/connect.js';
import { serverErrno } from '../mysql/errors.js';

/** Names in one line of the log. */
const MAX_NAMES = 10;

/**
 * Tells of XA transactions that are prepared while the snapshot is taken. Their rows are in no copy; replication finds them
 * in the binlog when they are committed, wherever they were prepared. One that is forgotten must not keep a copy from being
 * made, so it is not waited for.
 */
export async function tellOfPrepared(connection: DbConnection, flavor: Flavor, logger: Logger): Promise<void> {
  try {
    const sql = flavor === 'mysql' ? 'XA RECOVER CONVERT XID' : 'XA RECOVER';
    const rows = await queryRows(connection, 'upstream', sql);
    if (rows.length === 0) return;
    logger.warn(
      'transactions are prepared with XA: what they changed is not in the copy, and is replicated when they are committed',
      { xids: rows.slice(0, MAX_NAMES).map(xidOf).join(' '), count: rows.length },
    );
  } catch (error) {
    if (serverErrno(error) === undefined) throw error;
    // MySQL from 8.0 on shows them to owners of XA_RECOVER_ADMIN alone.
    logger.debug('prepared XA transactions cannot be seen', { error: String(error) });
  }
}

/** As `XA COMMIT` takes it. */
function xidOf(row: Record<string, unknown>): string {
  const { formatID, gtrid_length: global, data } = row;
  const hex = Buffer.isBuffer(data) ? data.toString('hex') : String(data).replace(/^0x/i, '').toLowerCase();
  const end = Number(global) * 2;
  return `X'${hex.slice(0, end)}',X'${hex.slice(end)}',${String(formatID)}`;
}
