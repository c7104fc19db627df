import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import mysql from 'mysql2';
import type { Connection as CallbackConnection, ConnectionOptions } from 'mysql2';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { DatabaseConfig, SecurityConfig } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import { databaseError } from './errors.js';
import { quoteString } from './quote.js';

/** A promise-based connection whose session is set up as this product needs it. */
export type DbConnection = Connection;

/** A row of a result, by column name. Values: text, number (integers within the safe range), Buffer or null. */
export type Row = RowDataPacket;

/** Which side of a migration a server stands on; becomes the scope of errors. */
export type DbRole = 'upstream' | 'downstream';

/**
 * `sql_mode` for writing downstream: strict, so that a value that does not fit is an error and never a silent change; any
 * stored date passes; 0 in an AUTO_INCREMENT column stays 0.
 */
export const DOWNSTREAM_SQL_MODE = 'STRICT_TRANS_TABLES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO';

/** The time zone in which TIMESTAMPs travel: no hour is missing in it, and none comes twice. */
export const UTC = '+00:00';

/** Options of {@link openConnection}. */
export interface ConnectOptions {
  role: DbRole;
  /** Default schema. */
  database?: string;
  /** Allows several statements in one request. Only with statements of our own making. */
  multipleStatements?: boolean;
  /** Hands every value as the Buffer the server sent (null stays null): no conversion whatever the type. */
  rawValues?: boolean;
  /** Hands rows as arrays in column order. */
  rowsAsArray?: boolean;
  /** `sql_mode` of the session. Default: {@link DOWNSTREAM_SQL_MODE} downstream, the empty mode upstream. */
  sqlMode?: string;
  /** `time_zone` of the session. Default {@link UTC}, in which TIMESTAMPs travel; never what the configuration says. */
  timeZone?: string;
  /** Session variables that win over the configuration's. */
  session?: Record<string, string>;
  /** Milliseconds until a connection attempt fails. Default 8000. */
  connectTimeoutMs?: number;
  /** Milliseconds without any byte from the server while a statement runs, after which the connection fails. Default: none. */
  readTimeoutMs?: number;
  /** Seconds the server waits for us when idle or when we read slowly. Default 86400. */
  sessionTimeoutS?: number;
  /** Serves `LOAD DATA LOCAL INFILE` with a stream of Buffers; without it the server's request for a file is refused. */
  localInfile?: (name: string) => Readable;
  /** Destroys the connection when it fires, also while it is being made. */
  signal?: AbortSignal;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 8_000;
const DEFAULT_SESSION_TIMEOUT_S = 86_400;
const KEEP_ALIVE_DELAY_MS = 10_000;

/**
 * Opens a connection with a fixed session: utf8mb4, the given time zone (UTC unless told otherwise) and `sql_mode`, raised
 * server timeouts, no limit on the running time of statements. Dates, DECIMAL, JSON and integers beyond the safe range
 * come as text. `affectedRows` of an UPDATE counts the rows found.
 * @throws DmError 10001 (refused by the server), 10002 (not reachable), with the role as scope
 */
export async function openConnection(config: DatabaseConfig, options: ConnectOptions): Promise<DbConnection> {
  const context = { scope: options.role, kind: 'connect' } as const;
  let connection: CallbackConnection | undefined;
  try {
    options.signal?.throwIfAborted();
    connection = mysql.createConnection(driverOptions(config, options));
    // An idle connection that dies tells so by this event; without a listener it would end the process. The next
    // statement meets the error again.
    connection.on('error', () => undefined);
    followSignal(connection, options.signal);
    await connected(connection);
    verifyPeer(connection, config.security);
    if (options.readTimeoutMs !== undefined) limitSilence(connection, options.readTimeoutMs);
    const db = connection.promise();
    await db.query(sessionStatement(config, options, internals(connection)['_handshakePacket']?.serverVersion));
    return db;
  } catch (error) {
    connection?.destroy();
    if (options.signal?.aborted === true) throw options.signal.reason;
    throw databaseError(error, context);
  }
}

/** Ends a connection politely within a second, by force after that. Never throws. */
export async function closeConnection(connection: DbConnection | undefined): Promise<void> {
  if (connection === undefined) return;
  const { promise: limit, timer } = deadline(1_000);
  try {
    await Promise.race([connection.end(), limit]);
  } catch {
    // It was dead already: destroying it below is all there is to do.
  } finally {
    clearTimeout(timer);
    connection.destroy();
  }
}

/** Ends a connection at once; statements under way and waiting fail with ECONNABORTED instead of never answering. */
export function breakConnection(connection: DbConnection): void {
  const { stream } = internals(coreOf(connection));
  if (stream.destroyed) connection.destroy();
  else stream.destroy(Object.assign(new Error('connection aborted'), { code: 'ECONNABORTED' }));
}

/** What tells a connection's session apart on its server: the server's number for it, and our end of the socket. */
export interface ServerSession {
  id: number;
  localPort: number;
}

/** The session of an open connection; undefined when it is not open any more. */
export function sessionOf(connection: DbConnection): ServerSession | undefined {
  const { localPort } = internals(coreOf(connection)).stream;
  return localPort === undefined ? undefined : { id: connection.threadId, localPort };
}

/** Runs a reading statement; errors are DmError 10002, 10003 or 10005. */
export async function queryRows(
  connection: DbConnection,
  role: DbRole,
  sql: string,
  values?: readonly unknown[],
): Promise<Row[]> {
  try {
    const [rows] = await connection.query<Row[]>(sql, values === undefined ? undefined : [...values]);
    return rows;
  } catch (error) {
    throw databaseError(error, { scope: role, kind: 'query', sql });
  }
}

/** The driver's options for a configuration; the reader of binlogs connects with the same ones. */
export function driverOptions(config: DatabaseConfig, options: ConnectOptions): ConnectionOptions {
  const driver: ConnectionOptions = {
    host: config.host,
    port: config.port,
    user: config.user,
    password: config.password,
    charset: 'UTF8MB4_GENERAL_CI',
    dateStrings: true,
    jsonStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: false,
    timezone: 'Z',
    connectTimeout: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    enableKeepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    multipleStatements: options.multipleStatements ?? false,
    rowsAsArray: options.rowsAsArray ?? false,
    flags: options.localInfile === undefined ? ['-LOCAL_FILES'] : ['LOCAL_FILES'],
    connectAttributes: { program_name: 'dm' },
  };
  if (options.database !== undefined) driver.database = options.database;
  if (options.rawValues === true) driver.typeCast = (field) => field.buffer();
  if (options.localInfile !== undefined) driver.infileStreamFactory = options.localInfile;
  if (config.security !== undefined) driver.ssl = tlsOptions(config.security);
  return driver;
}

/**
 * The statement that sets the session up. TiDB from 3.0 on gets optimistic transactions unless the configuration says
 * otherwise, as in DM.
 *
 * @param version the server's, as it says it when the connection is made
 * @throws DmError 10001 when a session variable's name is not a name
 */
export function sessionStatement(config: DatabaseConfig, options: ConnectOptions, version = ''): string {
  const timeout = String(options.sessionTimeoutS ?? DEFAULT_SESSION_TIMEOUT_S);
  const variables: Record<string, string> = {
    sql_mode: options.sqlMode ?? (options.role === 'downstream' ? DOWNSTREAM_SQL_MODE : ''),
    wait_timeout: timeout,
    net_read_timeout: timeout,
    net_write_timeout: timeout,
    ...(options.role === 'downstream' && isTiDB3(version) ? { tidb_txn_mode: 'optimistic' } : {}),
    ...config.session,
    time_zone: options.timeZone ?? UTC,
    // Where it is short, locks of a stopped process depend on it.
    ...(options.sessionTimeoutS === undefined ? {} : { wait_timeout: timeout }),
    ...options.session,
  };
  const assignments = Object.entries(variables).map(([name, value]) => {
    if (!/^[a-z_][a-z0-9_]*$/i.test(name)) {
      throw dmError(10001, [], { scope: options.role, cause: new Error(`bad session variable name ${name}`) });
    }
    return `${name}=${variableValue(value)}`;
  });
  // Each family skips the other's comment: a limit set server-wide must not cut our long reads off.
  return `SET NAMES utf8mb4, ${assignments.join(', ')} /*!50708 , max_execution_time=0 */ /*M!100101 , max_statement_time=0 */`;
}

function isTiDB3(version: string): boolean {
  const match = /-TiDB-v?(\d+)\./i.exec(version);
  return match !== null && Number(match[1]) >= 3;
}

function variableValue(value: string): string {
  if (/^-?\d+(\.\d+)?$/.test(value)) return value;
  // Quotes are doubled, never escaped by a backslash: the server's own sql_mode is still in force here.
  return quoteString(value, { noBackslashEscapes: true });
}

function tlsOptions(security: SecurityConfig): NonNullable<Exclude<ConnectionOptions['ssl'], string>> {
  // Without a CA the connection is encrypted but the server's certificate cannot be verified.
  const tls: NonNullable<Exclude<ConnectionOptions['ssl'], string>> = {
    rejectUnauthorized: security.sslCa !== undefined,
  };
  if (security.sslCa !== undefined) tls.ca = security.sslCa;
  if (security.sslCert !== undefined) tls.cert = security.sslCert;
  if (security.sslKey !== undefined) tls.key = security.sslKey;
  return tls;
}

/** The parts of mysql2's connection that its typings leave out. */
interface ConnectionInternals {
  stream: Socket & { getPeerCertificate?: () => { subject?: { CN?: string | string[] } } };
  /** The statement under way. */
  ['_command']?: unknown;
  /** What the server said first. */
  ['_handshakePacket']?: { serverVersion?: string };
}

function coreOf(connection: DbConnection): CallbackConnection {
  return (connection as unknown as { connection: CallbackConnection }).connection;
}

function internals(connection: CallbackConnection): ConnectionInternals {
  return connection as unknown as ConnectionInternals;
}

/**
 * Makes sure that an encrypted connection leads to a server that `cert-allowed-cn` names; to be called when it is made.
 * @throws Error when it does not
 */
export function verifyPeer(connection: unknown, security: SecurityConfig | undefined): void {
  const allowed = security?.certAllowedCn;
  if (allowed === undefined || allowed.length === 0) return;
  const name = (connection as ConnectionInternals).stream.getPeerCertificate?.().subject?.CN;
  const names = typeof name === 'string' ? [name] : (name ?? []);
  if (!names.some((candidate) => allowed.includes(candidate))) {
    throw new Error(
      `the server's certificate is for ${names.join(', ') || 'no name'}, which cert-allowed-cn does not hold`,
    );
  }
}

function connected(connection: CallbackConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.connect((error) => (error === null ? resolve() : reject(error)));
  });
}

function followSignal(connection: CallbackConnection, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  // Destroying with an error lets a statement under way fail; a plain destroy would leave its promise open for ever.
  const abort = (): void => {
    internals(connection).stream.destroy(Object.assign(new Error('connection aborted'), { code: 'ECONNABORTED' }));
  };
  // Many connections follow one signal.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', abort, { once: true });
  connection.once('end', () => signal.removeEventListener('abort', abort));
  internals(connection).stream.once('close', () => signal.removeEventListener('abort', abort));
}

function limitSilence(connection: CallbackConnection, milliseconds: number): void {
  const { stream } = internals(connection);
  stream.setTimeout(milliseconds);
  stream.on('timeout', () => {
    const running = internals(connection)['_command'];
    if (running === undefined || running === null) return;
    const error = new Error(`no answer from the server for ${milliseconds} ms`);
    stream.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  });
}

function deadline(milliseconds: number): { promise: Promise<void>; timer: NodeJS.Timeout | undefined } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  return { promise, timer };
}
