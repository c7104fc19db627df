import type { OnlineDdlConfig } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import type { TableFilter } from './block-allow-list.js';
import { compileRegex, type Regex } from './regex.js';

/**
 * What a table is to gh-ost and pt-online-schema-change: `ghost` = the copy that gets the new structure and takes the
 * table's place in the end, `trash` = the tool's other tables and what the table is called after that.
 */
export type OnlineKind = 'real' | 'ghost' | 'trash';

/** Kind of a table, and the name of the table that is being changed; that of a real table is its own. */
export interface OnlineTable {
  kind: OnlineKind;
  origin: string;
}

/** Tells the tables of online DDL tools by their names. */
export interface OnlineTables {
  classify(table: string): OnlineTable;
}

/** Most names remembered. */
const MOST_NAMES = 20_000;

/**
 * Compiles `shadow-table-rules` and `trash-table-rules` (manual section 1.4.2). The name alone decides, in the case that it
 * is written in; a name that both kinds of rules fit is a ghost. Without a configuration every table is real.
 *
 * @throws DmError 20048 when a rule does not compile or has not exactly one group
 */
export function createOnlineTables(config: OnlineDdlConfig | undefined): OnlineTables {
  if (config === undefined) return { classify: (table) => ({ kind: 'real', origin: table }) };
  const rules = [
    ...config.shadowTableRules.map((rule) => ({
      kind: 'ghost' as const,
      regex: compileRule('shadow-table-rules', rule),
    })),
    ...config.trashTableRules.map((rule) => ({
      kind: 'trash' as const,
      regex: compileRule('trash-table-rules', rule),
    })),
  ];
  const known = new Map<string, OnlineTable>();
  const find = (table: string): OnlineTable => {
    for (const { kind, regex } of rules) {
      const origin = regex.match(table)?.[1];
      if (origin !== undefined && origin !== '') return { kind, origin };
    }
    return { kind: 'real', origin: table };
  };
  return {
    classify: (table) => {
      let found = known.get(table);
      if (found === undefined) {
        found = find(table);
        if (known.size >= MOST_NAMES) known.clear();
        known.set(table, found);
      }
      return found;
    },
  };
}

/** The filter with the tables of online DDL tools left out: their rows are never migrated. */
export function realTablesOnly(filter: TableFilter, online: OnlineTables): TableFilter {
  return {
    matchesSchema: (schema) => filter.matchesSchema(schema),
    matchesTable: (schema, table) => online.classify(table).kind === 'real' && filter.matchesTable(schema, table),
  };
}

/** Names are matched whole, whether or not the rule says so. */
function compileRule(key: string, rule: string): Regex {
  const anchored = `${rule.startsWith('^') ? '' : '^'}${rule}${rule.endsWith('$') ? '' : '$'}`;
  const bad = (reason: string): Error => dmError(20048, [key, rule, reason]);
  let regex: Regex;
  try {
    regex = compileRegex(anchored);
  } catch (error) {
    throw bad((error as Error).message);
  }
  if (regex.groups !== 1) throw bad('exactly one group must tell the name of the real table');
  return regex;
}
