import { DmError, dmError } from '../../errors/dm-error.js';
import type { DbConnection } from '../../mysql/connect.js';
import { databaseError } from '../../mysql/errors.js';
import { parseVersion, versionAtLeast } from '../../mysql/server-info.js';
import type { RowImage } from '../../sync/events.js';
import type { BoundColumn } from './columns.js';
import { type ServerKind, columnSql } from './server-values.js';
import { CORRECT_AND_RESTART } from './rule.js';
import type { ServerText } from './server-text.js';

/** Rows of one question. */
const MAX_ROWS = 500;

/** Characters of values from which a question is sent, well below the smallest `max_allowed_packet` in use. */
const MAX_CHARACTERS = 1024 * 1024;

/** `sql_mode` of evaluation: stored dates of any kind stay what they are, and nothing changes the reading of text. */
export const EVALUATION_SQL_MODE = 'ALLOW_INVALID_DATES';

/** What was found out about a connection when its session was set up. */
const SESSIONS = new WeakMap<DbConnection, ServerKind>();

/**
 * Lets a server evaluate an expression over rows, in one SELECT per batch. The values stand in a derived table whose
 * columns have the types, character sets and collations of the table's. The session gets time zone UTC and the
 * {@link EVALUATION_SQL_MODE}; the connection should serve nothing else.
 *
 * @returns for each image whether the expression is TRUE
 * @throws DmError 10002, 10003 (connection), 10005 (the server refuses the expression or fails to evaluate it), 11126 (a
 * value is missing from the image)
 */
export async function askServer(
  connection: DbConnection,
  question: ServerText,
  images: readonly RowImage[],
): Promise<boolean[]> {
  try {
    const kind = SESSIONS.get(connection) ?? (await setUp(connection));
    const answers: boolean[] = [];
    for (const batch of batches(question, images, kind)) {
      const sql = `SELECT n, (${question.sql}\n) IS TRUE FROM (${batch.join(' UNION ALL ')}) AS t`;
      const offset = answers.length;
      for (const [n, answer] of await select(connection, sql)) answers[offset + Number(n)] = Number(answer) === 1;
    }
    return answers;
  } catch (error) {
    throw refusal(error, question);
  }
}

/** The batch holds row values: the message shows the expression alone. */
function refusal(cause: unknown, { text }: ServerText): DmError {
  const error = databaseError(cause, { scope: 'downstream', kind: 'query', sql: text });
  if (error.code !== 10005) return error;
  const { code, errClass, scope, level, message, rawCause } = error;
  return new DmError(code, { class: errClass, scope, level }, message, rawCause, CORRECT_AND_RESTART, cause);
}

async function setUp(connection: DbConnection): Promise<ServerKind> {
  await connection.query(`SET SESSION sql_mode = '${EVALUATION_SQL_MODE}', time_zone = '+00:00'`);
  const [row] = await select(connection, 'SELECT VERSION()');
  const info = parseVersion(String(row?.[0]));
  const collations = await select(
    connection,
    'SELECT CHARACTER_SET_NAME, DEFAULT_COLLATE_NAME FROM information_schema.CHARACTER_SETS',
  );
  const defaults = new Map(collations.map(([charset, collation]) => [String(charset), String(collation)]));
  const mariadb = info.flavor === 'mariadb';
  const years = !mariadb && !info.isTiDB && versionAtLeast(info, 8, 0, 22);
  const kind: ServerKind = { mariadb, tidb: info.isTiDB, years, defaults };
  SESSIONS.set(connection, kind);
  return kind;
}

/** Rows as arrays, whatever the connection was opened for. */
async function select(connection: DbConnection, sql: string): Promise<unknown[][]> {
  const [rows] = await connection.query({ sql, rowsAsArray: true, typeCast: true });
  return rows as unknown[][];
}

function* batches(question: ServerText, images: readonly RowImage[], kind: ServerKind): Generator<string[]> {
  let batch: string[] = [];
  let characters = 0;
  for (const image of images) {
    const row = rowSql(question, image, kind, batch.length);
    if (batch.length === MAX_ROWS || (batch.length > 0 && characters + row.length > MAX_CHARACTERS)) {
      yield batch;
      batch = [rowSql(question, image, kind, 0)];
      characters = batch[0]?.length ?? 0;
    } else {
      batch.push(row);
      characters += row.length;
    }
  }
  if (batch.length > 0) yield batch;
}

/** One row of the derived table; it carries its number, since a SELECT may return rows in any order. */
function rowSql(question: ServerText, image: RowImage, kind: ServerKind, number: number): string {
  const values = question.columns.map(({ bound, numeric, alias }) => {
    return `${valueSql(bound, image, kind, numeric)} AS ${alias}`;
  });
  return `SELECT ${[`${number} AS n`, ...values].join(', ')}`;
}

function valueSql({ column, at }: BoundColumn, image: RowImage, kind: ServerKind, numeric: boolean): string {
  const value = image[at];
  if (value !== undefined) return columnSql(column, value, kind, numeric);
  const workaround = 'Please set binlog_row_image=FULL on the upstream, globally and in all of its sessions.';
  throw dmError(11126, [], { workaround });
}
