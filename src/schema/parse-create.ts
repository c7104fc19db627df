import { readStatement, type Flavor } from '../ddl/index.js';
import { dmError } from '../errors/dm-error.js';
import { createTable } from './apply-create.js';
import type { Table } from './model.js';
import type { ServerProfile } from './server-profile.js';

/** Options of {@link parseCreateTable}. */
export interface ParseOptions {
  /** Database of the table when the text names none. */
  schema: string;
  /** Product that wrote the text, when it is not the profile's (TiDB's own comments are then read). */
  dialect?: Flavor;
  /** `sql_mode` that the text is to be read with; none by default, as SHOW CREATE TABLE on our connections prints it. */
  sqlMode?: string;
}

/**
 * The structure that a CREATE TABLE text describes: a schema file of a dump, SHOW CREATE TABLE, or what a person gave to
 * `binlog-schema update`. AUTO_RANDOM and other attributes that the model has no word for are left out.
 * @throws 44009 when the text is not a CREATE TABLE that tells the columns itself
 */
export function parseCreateTable(text: string, profile: ServerProfile, options: ParseOptions): Table {
  let table: Table | undefined;
  try {
    const statement = readStatement(text, {
      flavor: options.dialect ?? profile.flavor,
      serverVersion: profile.versionNumber,
      sqlMode: options.sqlMode ?? '',
      defaultSchema: options.schema,
    });
    if (statement.kind === 'create-table' && statement.like === undefined) {
      const { charset, collation } = profile;
      table = createTable(statement, statement.table.schema?.name ?? options.schema, {
        // servers print what this setting decides
        profile: { ...profile, explicitDefaultsForTimestamp: true },
        databaseDefaults: () => ({ charset, collation }),
        table: () => undefined,
      });
    }
  } catch (error) {
    throw dmError(44009, [text], { cause: error });
  }
  if (table === undefined) throw dmError(44009, [text]);
  return table;
}
