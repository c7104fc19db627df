import type { DatabaseConfig, SubtaskConfig } from '../config/types.js';
import { DmError, dmError } from '../errors/dm-error.js';
import { closeConnection, openConnection, type DbConnection, type DbRole } from '../mysql/connect.js';

/** Connections of one check. */
export interface CheckConnections {
  /** In the order of the subtasks. */
  upstreams: DbConnection[];
  downstream: DbConnection;
}

/** Longest wait for a connection: the answer to a wrong address must come within ten seconds. */
const CONNECT_TIMEOUT_MS = 6_000;
/** Longest silence of a server during one query, as in DM. */
const QUERY_TIMEOUT_MS = 30_000;

/**
 * Connects to every server of a task at once.
 *
 * @throws DmError 26002 that names every server which could not be reached or refused the user
 */
export async function openForCheck(configs: readonly SubtaskConfig[], signal: AbortSignal): Promise<CheckConnections> {
  const target = configs[0].to;
  const attempts = await Promise.allSettled([
    connect(target, 'downstream', signal),
    ...configs.map((config) => connect(config.from, 'upstream', signal)),
  ]);
  const opened = attempts.filter((attempt) => attempt.status === 'fulfilled').map((attempt) => attempt.value);
  const errors = attempts
    .filter((attempt) => attempt.status === 'rejected')
    .map((attempt) => attempt.reason as unknown);
  if (errors.length === 0) return { downstream: opened[0], upstreams: opened.slice(1) };
  await Promise.all(opened.map((connection) => closeConnection(connection)));
  throw allOf(errors);
}

/** Ends the connections of a check. */
export async function closeAfterCheck({ upstreams, downstream }: CheckConnections): Promise<void> {
  await Promise.all([downstream, ...upstreams].map((connection) => closeConnection(connection)));
}

/**
 * Opens a connection for looking at a server.
 *
 * @throws DmError 26002
 */
export async function connect(config: DatabaseConfig, role: DbRole, signal?: AbortSignal): Promise<DbConnection> {
  try {
    return await openConnection(config, {
      role,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      readTimeoutMs: QUERY_TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    throw dmError(26002, [config.user, config.host, config.port], { cause, scope: role });
  }
}

/** Ends a connection when the work on it is done. */
export async function closeAfterwards<T>(
  connection: DbConnection,
  work: (connection: DbConnection) => Promise<T>,
): Promise<T> {
  try {
    return await work(connection);
  } finally {
    await closeConnection(connection);
  }
}

/** One error that tells of all: the first one's code and scope, everybody's text. */
function allOf(errors: readonly unknown[]): unknown {
  const [first] = errors;
  const rest = errors.slice(1).filter((error) => error instanceof DmError);
  if (!(first instanceof DmError) || rest.length === 0) return first;
  const others = rest.map((error) => `${error.message} (${error.rawCause})`).join('; ');
  return new DmError(
    first.code,
    { class: first.errClass, scope: first.scope, level: first.level },
    first.message,
    `${first.rawCause}; also ${others}`,
    first.workaround,
    first.cause,
  );
}
