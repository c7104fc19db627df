import { parseCreateTable } from './parse-create.js';
import type { ServerProfile } from './server-profile.js';
import type { StructureSeed } from './tracker.js';

/**
 * First structures out of a dump's schema files: what the tables looked like at the place where replication begins. The
 * downstream's may have more columns or another order. `read` gives the text of a table's schema file, undefined when the
 * dump has none.
 */
export function dumpSeed(
  read: (schema: string, table: string) => Promise<string | undefined>,
  profile: ServerProfile,
): StructureSeed {
  return {
    origin: 'dump',
    load: async (schema, table) => {
      const text = await read(schema, table);
      return text === undefined ? undefined : parseCreateTable(createTableIn(text), profile, { schema });
    },
  };
}

/** The CREATE TABLE of a schema file, which begins with settings in versioned comments. */
function createTableIn(text: string): string {
  const start = /^\s*CREATE\s+TABLE\b/im.exec(text);
  return start === null ? text : text.slice(start.index);
}
