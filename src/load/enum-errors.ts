import { queryRows, type DbConnection } from '../mysql/connect.js';
import { quoteString } from '../mysql/quote.js';

/** `Data truncated for column`: what strict mode says to an ENUM's error value, among other things. */
export const ER_DATA_TRUNCATED = 1265;

/** Lists more warnings than a statement can have rows. */
export const LIST_WARNINGS = 'SHOW WARNINGS';

/**
 * An ENUM column may hold the empty string that a server stores, without strict mode, in place of an invalid value. No
 * literal brings it back under strict mode, so a statement with such values has to run without it, and its warnings must
 * show that nothing else was changed on the way.
 */
export async function allowEnumErrors(connection: DbConnection, sqlMode: string): Promise<void> {
  const modes = sqlMode.split(',').filter((mode) => !mode.startsWith('STRICT_'));
  await connection.query(`SET SESSION sql_mode = ${quoteString(modes.join(','))}, max_error_count = 65535`);
}

/** Whether all warnings of a statement are about error values of ENUM columns of the table. */
export async function onlyEnumErrors(
  connection: DbConnection,
  table: { schema: string; table: string },
  warnings: readonly unknown[],
): Promise<boolean> {
  const rows = await queryRows(
    connection,
    'downstream',
    `SELECT COLUMN_NAME AS c FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ${quoteString(table.schema)}
     AND TABLE_NAME = ${quoteString(table.table)} AND DATA_TYPE = 'enum'`,
  );
  const texts = new Set(rows.map((row) => `Data truncated for column '${String(row['c'])}' at row `));
  return (warnings as { Code: unknown; Message: unknown }[]).every(({ Code, Message }) => {
    return Number(Code) === ER_DATA_TRUNCATED && texts.has(String(Message).replace(/\d+$/, ''));
  });
}
