/**
 * Values that a server without strict mode stores in the place of others, and that an upstream may therefore hold or make: the
 * empty string of an ENUM for an invalid value, and what a generated column becomes when its expression does not fit it. No
 * literal brings them back under strict mode, so such rows have to be written without it, and the warnings must show that
 * nothing else was changed on the way.
 */
import { queryRows, type DbConnection } from './connect.js';
import { quoteString } from './quote.js';

/** What strict mode says of such values: out of range, truncated, incorrect (two kinds), too long. */
const CUT_VALUE_ERRORS = new Set([1264, 1265, 1292, 1366, 1406]);

/** Whether strict mode refused a value with this error number. */
export function isCutValueError(errno: number | undefined): boolean {
  return errno !== undefined && CUT_VALUE_ERRORS.has(errno);
}

/** Lists more warnings than a statement can have rows, once {@link allowCutValues} was called. */
export const LIST_WARNINGS = 'SHOW WARNINGS';

/** The modes without those that refuse values. */
export function withoutStrictMode(sqlMode: string): string {
  return sqlMode
    .split(',')
    .filter((mode) => !mode.startsWith('STRICT_') && mode !== 'TRADITIONAL')
    .join(',');
}

/** Turns strict mode off for the session, and room for all warnings on. */
export async function allowCutValues(connection: DbConnection, sqlMode: string): Promise<void> {
  const modes = quoteString(withoutStrictMode(sqlMode));
  await connection.query(`SET SESSION sql_mode = ${modes}, max_error_count = 65535`);
}

/** Columns of a table whose values a server may change, names in lower case. */
export interface CutColumns {
  enums: ReadonlySet<string>;
  generated: ReadonlySet<string>;
}

/** Asks the downstream for the columns of a table that such values are to be expected of. */
export async function cutColumns(
  connection: DbConnection,
  table: { schema: string; table: string },
): Promise<CutColumns> {
  const rows = await queryRows(
    connection,
    'downstream',
    `SELECT COLUMN_NAME AS c, DATA_TYPE AS t, COALESCE(GENERATION_EXPRESSION, '') <> '' AS g
     FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = ${quoteString(table.schema)} AND TABLE_NAME = ${quoteString(table.table)}`,
  );
  const named = (wanted: (row: Record<string, unknown>) => boolean): Set<string> =>
    new Set(rows.filter(wanted).map((row) => String(row['c']).toLowerCase()));
  return {
    enums: named((row) => row['t'] === 'enum'),
    generated: named((row) => Number(row['g']) === 1),
  };
}

/** `... for column 'c' at row 1`; MariaDB: `... for column `d`.`t`.`c` at row 1`. */
const COLUMN = /^(.*) for column (?:'(.*)'|(?:`.*`\.)?`(.*)`) at row \d+$/s;

/**
 * Warnings that are about the words of a statement, whatever the mode: a character set (ucs2) that is going to be removed, and
 * bytes behind an introducer that stand for no character, and are stored as they are.
 */
const HARMLESS = new Set([1287, 1300]);

/** Whether all warnings of a statement are about such columns. */
export function areExpectedCuts(warnings: readonly unknown[], { enums, generated }: CutColumns): boolean {
  return (warnings as { Code: unknown; Message: unknown }[]).every(({ Code, Message }) => {
    if (HARMLESS.has(Number(Code))) return true;
    if (!isCutValueError(Number(Code))) return false;
    const match = COLUMN.exec(String(Message));
    // Of an expression, and there are none but those of generated columns.
    if (match === null) return generated.size > 0;
    const column = (match[2] ?? match[3] ?? '').toLowerCase();
    return generated.has(column) || (match[1] === 'Data truncated' && enums.has(column));
  });
}
