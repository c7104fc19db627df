import type { SubtaskConfig } from '../config/types.js';
import { createTableFilter, type TableFilter } from './block-allow-list.js';
import { compileTableFilter } from './table-filter.js';

/**
 * Which tables the dump unit copies: what the block-allow list says, unless `extra-args` name tables (`-T`) or rules (`-f`)
 * of their own, as in DM; `-B` leaves only these databases of either. System schemas are never dumped.
 *
 * @throws DmError 20044 when a pattern of the list cannot be used
 * @throws PatternError when a rule of `-f` cannot be used
 */
export function createDumpFilter(
  config: Pick<SubtaskConfig, 'blockAllowList' | 'caseSensitive' | 'dump'>,
): TableFilter {
  const { databases, tables, tableFilter } = config.dump;
  const named = tables === undefined ? undefined : new Set(tables.map(({ schema, table }) => nameKey(schema, table)));
  const rules = tableFilter === undefined ? undefined : compileTableFilter(tableFilter);
  const own = named === undefined ? rules : (schema: string, table: string) => named.has(nameKey(schema, table));
  const base = createTableFilter(own === undefined ? config.blockAllowList : undefined, config.caseSensitive);
  const matchesSchema = (schema: string): boolean =>
    base.matchesSchema(schema) && (databases === undefined || databases.includes(schema));
  return {
    matchesSchema,
    matchesTable: (schema, table) =>
      matchesSchema(schema) && base.matchesTable(schema, table) && (own === undefined || own(schema, table)),
  };
}

function nameKey(schema: string, table: string): string {
  return JSON.stringify([schema, table]);
}
