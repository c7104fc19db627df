import { queryRows, type DbConnection } from '../../mysql/connect.js';
import { isConnectionError } from '../../mysql/errors.js';
import { quoteString } from '../../mysql/quote.js';

/** Where a server tells the numbers of its tables. MySQL and MariaDB want the PROCESS privilege for theirs. */
export type IdentitySource = 'tidb' | 'INNODB_TABLES' | 'INNODB_SYS_TABLES';

/** The source that this server has and lets us read; undefined when there is none. */
export async function findIdentitySource(
  connection: DbConnection,
  isTiDB: boolean,
): Promise<IdentitySource | undefined> {
  if (isTiDB) return 'tidb';
  for (const source of ['INNODB_TABLES', 'INNODB_SYS_TABLES'] as const) {
    try {
      await queryRows(connection, 'downstream', `SELECT 1 FROM information_schema.${source} LIMIT 1`);
      return source;
    } catch (error) {
      if (isConnectionError(error)) throw error;
    }
  }
  return undefined;
}

/** Whether the source can be asked for a table of that name. */
export function canIdentify(source: IdentitySource, schema: string, table: string): boolean {
  return source === 'tidb' || (fileName(schema) !== undefined && fileName(table) !== undefined);
}

/**
 * Numbers of a table and its partitions: they go along when tables of equal structure change places, so that the change
 * can be seen. Empty when there is no such table.
 */
export async function tableIdentity(
  connection: DbConnection,
  source: IdentitySource,
  schema: string,
  table: string,
): Promise<string> {
  const rows = await queryRows(connection, 'downstream', identitySql(source, schema, table));
  return JSON.stringify(rows.map((row) => [String(row['name']), String(row['id'])]));
}

function identitySql(source: IdentitySource, schema: string, table: string): string {
  if (source === 'tidb') {
    const where = `WHERE TABLE_SCHEMA = ${quoteString(schema)} AND TABLE_NAME = ${quoteString(table)}`;
    return (
      `SELECT '' AS name, TIDB_TABLE_ID AS id FROM information_schema.TABLES ${where} UNION ALL ` +
      `SELECT PARTITION_NAME AS name, TIDB_PARTITION_ID AS id FROM information_schema.PARTITIONS ${where} ORDER BY name, id`
    );
  }
  // Partitions are tables of their own, `schema/table#p#name`; MariaDB writes #P#.
  const name = `${fileName(schema) ?? ''}/${fileName(table) ?? ''}`.toLowerCase();
  const partitions = `${name}#p#`;
  return (
    `SELECT LOWER(NAME) AS name, TABLE_ID AS id FROM information_schema.${source} WHERE LOWER(NAME) = ${quoteString(name)} ` +
    `OR LEFT(LOWER(NAME), ${partitions.length}) = ${quoteString(partitions)} ORDER BY name, id`
  );
}

/** InnoDB's form of a name, where only ASCII is in it: other letters have codes that servers do not tell. */
function fileName(name: string): string | undefined {
  if (!/^[ -~]*$/.test(name)) return undefined;
  return name.replaceAll(/\W/g, (character) => `@${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
