import type { DatabaseConfig } from '../config/types.js';
import type { Logger } from '../log/logger.js';
import { closeConnection, openConnection, queryRows, type DbConnection } from '../mysql/connect.js';
import { parseVersion, versionAtLeast } from '../mysql/server-info.js';
import { mayNeedExpressions } from './exact-expression.js';
import type { JsonDetail } from './json-expression.js';

/** A column of type JSON in what SHOW CREATE TABLE prints. */
const JSON_COLUMN = /^ {2}`(?:[^`]|``)+` json\b/m;

/** How values are written that have no literal which every server reads as the very same. */
export interface ValueDetail {
  json: JsonDetail;
  /** Text that utf8mb4 does not bring back goes as bytes with its character set, index 0 of an ENUM as a number. */
  exact: boolean;
}

/**
 * What the upstream can tell of its values and the downstream has expressions for. A downstream that does not answer gets
 * what every server takes.
 *
 * @param structures - CREATE TABLE of the tables to be copied
 */
export async function valueDetail(
  reader: DbConnection,
  to: DatabaseConfig,
  structures: Iterable<string>,
  logger: Logger,
  signal: AbortSignal,
): Promise<ValueDetail> {
  const all = [...structures];
  const hasJson = all.some((structure) => JSON_COLUMN.test(structure)) && (await canTellTypes(reader));
  if (!hasJson && !all.some(mayNeedExpressions)) return { json: 'text', exact: false };
  const version = await downstreamVersion(to, logger, signal);
  const info = parseVersion(version);
  // TiDB knows few character sets, and keeps their texts in UTF-8.
  const exact = version !== '' && !info.isTiDB;
  return { json: hasJson ? jsonDetail(version, logger) : 'text', exact };
}

/** MariaDB's documents are text. */
function jsonDetail(version: string, logger: Logger): JsonDetail {
  const info = parseVersion(version);
  if (info.flavor === 'mariadb') return 'text';
  // JSON_TABLE, of which TiDB has none.
  if (version !== '' && !info.isTiDB && versionAtLeast(info, 8, 0, 4)) return 'binary';
  logger.warn('binary values inside JSON documents are copied as text: the downstream cannot be told their types', {
    downstream: version,
  });
  return 'typed';
}

/** Whether the upstream can say which types the values inside its documents have. */
async function canTellTypes(reader: DbConnection): Promise<boolean> {
  const [row] = await queryRows(reader, 'upstream', 'SELECT VERSION() AS v');
  const info = parseVersion(String(row?.['v']));
  return info.flavor === 'mysql' && !info.isTiDB && versionAtLeast(info, 8, 0, 14);
}

/** What the downstream says that it is; empty when it does not answer. */
async function downstreamVersion(to: DatabaseConfig, logger: Logger, signal: AbortSignal): Promise<string> {
  let connection: DbConnection | undefined;
  try {
    connection = await openConnection(to, { role: 'downstream', signal });
    const [row] = await queryRows(connection, 'downstream', 'SELECT VERSION() AS v');
    return String(row?.['v'] ?? '');
  } catch (error) {
    signal.throwIfAborted();
    logger.warn('the downstream could not be asked for its version', { error: (error as Error).message });
    return '';
  } finally {
    await closeConnection(connection);
  }
}
