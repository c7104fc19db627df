/**
 * Rules for an upstream that does not tell names by their case (`lower_case_table_names` other than 0, be it that it stores
 * them as they were typed): its row events have them in lower case, while the text of its statements has them as they were
 * typed. Both must meet the same rules, and the same table downstream.
 */
import type { TableFilter } from './block-allow-list.js';
import type { EventFilter } from './event-filter.js';
import type { OnlineTables } from './online-tables.js';
import type { TableMapping } from './router.js';

export function mappingInLowerCase(mapping: TableMapping): TableMapping {
  return {
    target: (schema, table) => mapping.target(schema.toLowerCase(), table.toLowerCase()),
    targetSchema: (schema) => mapping.targetSchema(schema.toLowerCase()),
  };
}

export function filterInLowerCase(filter: TableFilter): TableFilter {
  return {
    matchesSchema: (schema) => filter.matchesSchema(schema.toLowerCase()),
    matchesTable: (schema, table) => filter.matchesTable(schema.toLowerCase(), table.toLowerCase()),
  };
}

export function eventsInLowerCase(filter: EventFilter): EventFilter {
  return {
    dropsRows: (schema, table, event) => filter.dropsRows(schema.toLowerCase(), table.toLowerCase(), event),
    dropsStatement: ({ schema, table, ...statement }) =>
      filter.dropsStatement({
        ...statement,
        schema: schema.toLowerCase(),
        ...(table === undefined ? {} : { table: table.toLowerCase() }),
      }),
  };
}

export function onlineTablesInLowerCase(tables: OnlineTables): OnlineTables {
  return { classify: (table) => tables.classify(table.toLowerCase()) };
}
