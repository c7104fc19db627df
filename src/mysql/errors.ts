import { DmError, dmError, toDmError, type ErrorScope } from '../errors/dm-error.js';

/** What an error of a MySQL driver carries beyond its message. */
interface DriverError extends Error {
  errno?: number;
  code?: string;
  sqlMessage?: string;
  fatal?: boolean;
}

/** Socket and driver codes that mean: the connection is gone or was never there. */
const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR',
  'HANDSHAKE_NO_SSL_SUPPORT_RETRY',
]);

/** Of these nothing of the request was sent: DM's "bad connection". */
const NOTHING_SENT_CODES = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** Server errors after which the connection is useless though the server may be well again soon. */
const CONNECTION_ERRNOS = new Set([
  1040, // too many connections
  1053, // server shutdown in progress
  1077, // normal shutdown
  1079, // shutdown complete
  1152, // aborted connection
  1158, // network read error
  1159, // network read timeout
  1160, // network write error
  1161, // network write timeout
  1184, // aborted connection (user)
  1927, // MariaDB: connection was killed
  2002, // cannot connect (socket)
  2003, // cannot connect (TCP)
  2006, // server has gone away
  2013, // lost connection during query
  2055, // lost connection, system error
  3169, // session was killed
  4031, // disconnected for inactivity
]);

/** Server errors that the same transaction may not meet when it is run again. */
const RETRYABLE_ERRNOS = new Set([
  1205, // lock wait timeout
  1213, // deadlock
  8005, // TiDB: write conflict (optimistic)
  8022, // TiDB: commit failed, transaction can be run again
  8027, // TiDB: schema lease expired
  8028, // TiDB: schema changed during the transaction
  9001, // TiDB: PD timeout
  9003, // TiDB: TiKV busy
  9004, // TiDB: resolve lock timeout
  9007, // TiDB: write conflict
]);

const RETRYABLE_1105 = ['information schema is out of date', 'information schema is changed'];

/** Server errors that say: what the DDL wants is so already (manual section 13.3 of the DM internals). */
const IGNORABLE_DDL_ERRNOS = new Set([
  1007, // database exists
  1008, // database does not exist
  1050, // table exists
  1051, // table does not exist
  1060, // column exists
  1061, // index exists
  1091, // column or index to drop does not exist
]);

/** Texts of errors that an automatic resume cannot cure, lower case. */
const NOT_RESUMABLE_TEXTS = [
  "can't drop column with index",
  'unsupported add column',
  'unsupported modify column',
  'unsupported modify charset',
  'unsupported modify collate',
  'unsupported drop integer primary key',
  'unsupported collation',
  'invalid default value for',
  'unsupported drop primary key',
  'error 1059: identifier name',
  'error 1117: too many columns',
  'error 1069: too many keys specified',
  'error 1062: duplicate',
  'error 1406: data too long for column',
  'error 1366',
  'error 8025: entry too large',
  'packet for query is too large',
  'could not find first log file name in binary log index file',
];

const NOT_RESUMABLE_CODES = new Set([30001, 30002, 30004, 30005, 30008, 32001, 32004, 36008, 36027]);

/** Relay parse errors are resumed unless they say that the data is damaged. */
const NOT_RESUMABLE_RELAY_TEXTS = ['binlog checksum mismatch, data may be corrupted', 'get event err eof'];

/** The error number the server gave, looked for through wrapped errors; undefined when no server spoke. */
export function serverErrno(error: unknown): number | undefined {
  const driver = rootDriverError(error);
  return driver?.sqlMessage === undefined ? undefined : driver.errno;
}

/** Whether the connection is lost or could not be made, so that a new one may succeed. */
export function isConnectionError(error: unknown): boolean {
  if (error instanceof DmError && (error.code === 10002 || error.code === 10003)) return true;
  const driver = rootDriverError(error);
  if (driver === undefined) return false;
  if (driver.sqlMessage !== undefined) return CONNECTION_ERRNOS.has(driver.errno ?? 0);
  if (driver.code !== undefined && CONNECTION_CODES.has(driver.code)) return true;
  return /closed state|connection lost|socket hang up|socket has been ended/i.test(driver.message);
}

/** Whether running the same transaction again, on a new connection where needed, may succeed without a person. */
export function isRetryable(error: unknown): boolean {
  if (isConnectionError(error)) return true;
  const driver = rootDriverError(error);
  if (driver?.sqlMessage === undefined) return false;
  if (driver.errno === 1105) {
    const text = driver.sqlMessage.toLowerCase();
    return RETRYABLE_1105.some((part) => text.includes(part));
  }
  return RETRYABLE_ERRNOS.has(driver.errno ?? 0);
}

/** Whether a DDL's error means that its effect is there already, so that it counts as done. */
export function isIgnorableDdlError(error: unknown): boolean {
  return IGNORABLE_DDL_ERRNOS.has(serverErrno(error) ?? 0);
}

/** Whether an automatic resume is pointless: a person has to act first. */
export function isNotResumable(error: unknown): boolean {
  const dm = toDmError(error);
  if (NOT_RESUMABLE_CODES.has(dm.code)) return true;
  const text = `${dm.message}: ${dm.rawCause}`.toLowerCase();
  if (dm.code === 11038) return NOT_RESUMABLE_RELAY_TEXTS.some((part) => text.includes(part));
  return NOT_RESUMABLE_TEXTS.some((part) => text.includes(part));
}

/** What {@link databaseError} should know about the failed work. */
export interface DatabaseErrorContext {
  scope: ErrorScope;
  /** The statement, for the message. Leave out when it holds row values or secrets. */
  sql?: string;
  /** `query` reads (code 10005), `execute` writes (code 10006), `connect` opens a connection (code 10001). */
  kind: 'connect' | 'query' | 'execute';
  /** Replaces the advice of the error's code. */
  workaround?: string;
}

/**
 * A driver's error as DmError: 10002 when the connection failed before anything was sent, 10003 when it broke with a
 * request under way, else 10001, 10005 or 10006 by kind of work. A DmError passes unchanged.
 */
export function databaseError(error: unknown, context: DatabaseErrorContext): DmError {
  if (error instanceof DmError) return error;
  const { scope, workaround } = context;
  const options = { cause: error, scope, ...(workaround === undefined ? {} : { workaround }) };
  const driver = rootDriverError(error);
  if (isConnectionError(error)) {
    const nothingSent = context.kind === 'connect' || NOTHING_SENT_CODES.has(driver?.code ?? '');
    return nothingSent ? dmError(10002, [], options) : dmError(10003, [], options);
  }
  if (context.kind === 'connect') return dmError(10001, [], options);
  const sql = shorten(context.sql ?? '');
  return context.kind === 'query' ? dmError(10005, [sql], options) : dmError(10006, [sql], options);
}

/**
 * A request is longer than the downstream, or the configuration, allows; in the words that users search for (FAQ 9.8).
 *
 * @param what - the statement, without values
 */
export function packetTooLarge(what: string, bytes: number, limit: number): DmError {
  return dmError(10006, [what], {
    scope: 'downstream',
    cause: `packet for query is too large (${bytes} bytes, ${limit} allowed). Try adjusting the 'max_allowed_packet' variable`,
    workaround:
      'Please raise max_allowed_packet of the downstream, and `max-allowed-packet` of `target-database` where it is set, ' +
      'then stop and start the task.',
  });
}

/** The innermost error of a chain that looks like a driver's. */
function rootDriverError(error: unknown): DriverError | undefined {
  let found: DriverError | undefined;
  let current: unknown = error;
  for (let depth = 0; current instanceof Error && depth < 10; depth++) {
    if (!(current instanceof DmError)) found = current;
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors[0];
    else current = current.cause;
  }
  return found;
}

const MAX_SQL_IN_MESSAGE = 1024;

function shorten(sql: string): string {
  return sql.length <= MAX_SQL_IN_MESSAGE ? sql : `${sql.slice(0, MAX_SQL_IN_MESSAGE)}... (${sql.length} characters)`;
}
