import type { Logger } from '../../log/logger.js';
import { queryRows, type DbConnection, type Row } from '../../mysql/connect.js';
import { serverErrno } from '../../mysql/errors.js';
import type { DdlTarget } from './ddl-progress.js';

/**
 * States of a job of TiDB's that changes nothing any more. All others are taken for open, those of later versions too: none
 * and queueing wait, done has not reached all servers, a paused one goes on when somebody resumes it.
 */
const ENDED_STATES = new Set(['synced', 'cancelled', 'rollback done']);

/** Jobs to look at: all open ones come first, whatever the number. */
const JOBS = 30;

/** Specific access denied (MySQL), privilege check failed (TiDB). */
const DENIED = new Set([1227, 8121]);

/** Options of {@link executingState}. */
export interface ExecutingOptions {
  /** Comment in the statement's text. */
  marker: string;
  /** What the statement changes. */
  targets: readonly DdlTarget[];
  isTiDB: boolean;
  logger: Logger;
}

/**
 * In what state the downstream still executes a statement whose connection may be gone, as it calls it; undefined when it
 * does not.
 *
 * @throws DmError 10003, 10005
 */
export async function executingState(connection: DbConnection, options: ExecutingOptions): Promise<string | undefined> {
  // Not from information_schema: MySQL fails there while any session's statement holds a character of four bytes. The first
  // 100 characters that the list shows begin with the marker; TiDB shows all statements that were sent together.
  const list = options.isTiDB ? 'SHOW FULL PROCESSLIST' : 'SHOW PROCESSLIST';
  const sessions = await queryRows(connection, 'downstream', list);
  const running = sessions.find((row) => String(row['Info'] ?? '').includes(options.marker));
  if (running !== undefined) return String(running['State'] ?? '') || 'running';
  return options.isTiDB ? openJobState(connection, options) : undefined;
}

/** TiDB's owner goes on with a job whoever asked for it, and other servers' sessions are not in the process list. */
async function openJobState(
  connection: DbConnection,
  { targets, logger }: ExecutingOptions,
): Promise<string | undefined> {
  const names = new Set(targets.map(({ schema, table }) => nameKey(schema, table)));
  const job = (await showJobs(connection, logger)).find(
    (row) =>
      names.has(nameKey(row['DB_NAME'] as string | null, row['TABLE_NAME'] as string | null)) &&
      !ENDED_STATES.has(stateOf(row)),
  );
  return job && stateOf(job);
}

async function showJobs(connection: DbConnection, logger: Logger): Promise<Row[]> {
  try {
    return await queryRows(connection, 'downstream', `ADMIN SHOW DDL JOBS ${JOBS}`);
  } catch (error) {
    if (!DENIED.has(serverErrno(error) ?? 0)) throw error;
    // TiDB queues the repetition behind the job, and then says that it is done already.
    logger.warn('the downstream does not show its DDL jobs: a statement under way cannot be waited for', {
      error: String(error),
    });
    return [];
  }
}

function stateOf(row: Row): string {
  return String(row['STATE']).toLowerCase();
}

/** TiDB does not tell names apart by case. */
function nameKey(schema: string | null, table: string | null): string {
  return JSON.stringify([(schema ?? '').toLowerCase(), (table ?? '').toLowerCase()]);
}
