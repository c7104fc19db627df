import type { Flavor } from '../config/types.js';
import { readStatement, rewriteStatement, type Statement } from '../ddl/index.js';
import { dmError } from '../errors/dm-error.js';
import { SAME_NAMES, type TableMapping } from '../filter/router.js';

/** A CREATE statement of a structure file, with the upstream database that its file belongs to. */
interface StructureText {
  sql: string;
  schema: string;
  flavor: Flavor;
}

/**
 * The statement with all names, those that foreign keys refer to included, as they are downstream. Without routes it stays
 * as it is in the file.
 *
 * @throws DmError 34006 when it cannot be read, and what `mapping` throws
 */
export function routeStructure(text: StructureText, mapping: TableMapping): string {
  if (mapping === SAME_NAMES) return text.sql;
  return rewriteStatement(read(text), {
    target: (schema, table) =>
      table === '' ? { schema: mapping.targetSchema(schema), table: '' } : mapping.target(schema, table),
    existence: true,
  });
}

/**
 * A CREATE TABLE of MariaDB in words of other products: its own types become others for the same values. What cannot be read
 * stays as it is, for the downstream to judge.
 */
export function leaveMariadb(text: StructureText): string {
  try {
    const statement = readStatement(text.sql, { flavor: text.flavor, defaultSchema: text.schema });
    return statement.kind === 'create-table' ? rewriteStatement(statement, { leavesMariadb: true }) : text.sql;
  } catch {
    return text.sql;
  }
}

/**
 * Names of the columns of a CREATE TABLE, in order; undefined when rows cannot be taken to hold all of them, because some are
 * generated, or when the statement cannot be read.
 */
export function plainColumns(text: StructureText): string[] | undefined {
  let statement: Statement;
  try {
    statement = readStatement(text.sql, { flavor: text.flavor, defaultSchema: text.schema });
  } catch {
    return undefined;
  }
  if (statement.kind !== 'create-table' || statement.like !== undefined) return undefined;
  const columns = statement.elements.filter((element) => element.element === 'column');
  return columns.some((column) => column.generated !== undefined) ? undefined : columns.map(({ name }) => name.name);
}

function read({ sql, schema, flavor }: StructureText): Statement {
  try {
    return readStatement(sql, { flavor, defaultSchema: schema });
  } catch (cause) {
    throw dmError(34006, [sql.slice(0, 500)], {
      cause,
      workaround:
        'Its names cannot be routed. Please create the table downstream by hand, with the same columns, and resume the task.',
    });
  }
}
