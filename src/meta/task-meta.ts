import type { SubtaskConfig } from '../config/types.js';
import { closeConnection, openConnection, type DbConnection } from '../mysql/connect.js';
import { databaseError, serverErrno } from '../mysql/errors.js';
import { quoteString } from '../mysql/quote.js';
import { dropMetaTables, metaTables } from './tables.js';

const ER_BAD_DB = 1049;
const ER_NO_SUCH_TABLE = 1146;

/**
 * Whether replication of the subtask has begun: then it goes on from its checkpoint, and dump and load are history.
 *
 * @throws DmError 10001 to 10005 for trouble with the downstream
 */
export function hasSyncCheckpoint(config: SubtaskConfig, signal?: AbortSignal): Promise<boolean> {
  return withDownstream(config, signal, async (connection) => {
    const { syncerCheckpoint } = metaTables(config.metaSchema, config.task);
    const [rows] = await connection
      .query(
        `SELECT COUNT(*) AS found FROM ${syncerCheckpoint} WHERE id = ${quoteString(config.sourceId)} ` +
          `AND is_global = 1 AND (binlog_name <> '' OR binlog_gtid <> '')`,
      )
      .catch((error: unknown) => {
        const errno = serverErrno(error);
        if (errno === ER_BAD_DB || errno === ER_NO_SUCH_TABLE) return [[{ found: 0 }]];
        throw error;
      });
    return Number((rows as { found: unknown }[])[0]?.found) > 0;
  });
}

/**
 * Drops every meta table of the task, for all its sources (`start-task --remove-meta`). The migrated data stays.
 *
 * @throws DmError 10001 to 10005 for trouble with the downstream
 */
export function removeMeta(config: SubtaskConfig, signal?: AbortSignal): Promise<void> {
  return withDownstream(config, signal, (connection) =>
    dropMetaTables(connection, metaTables(config.metaSchema, config.task)),
  );
}

async function withDownstream<T>(
  config: SubtaskConfig,
  signal: AbortSignal | undefined,
  work: (connection: DbConnection) => Promise<T>,
): Promise<T> {
  const connection = await openConnection(config.to, {
    role: 'downstream',
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    return await work(connection);
  } catch (error) {
    throw databaseError(error, { scope: 'downstream', kind: 'query' });
  } finally {
    await closeConnection(connection);
  }
}
