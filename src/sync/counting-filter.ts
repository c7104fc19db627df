import type { BlockAllowList, OnlineDdlConfig, SubtaskConfig } from '../config/types.js';
import { createTableFilter, type TableFilter } from '../filter/block-allow-list.js';
import { filterInLowerCase, onlineTablesInLowerCase } from '../filter/lower-case.js';
import { createOnlineTables, realTablesOnly, type OnlineTables } from '../filter/online-tables.js';
import type { Checkpoint } from './checkpoint/checkpoint.js';

/** A filter, and its rules as the checkpoint stores them. */
export interface CountingFilter {
  /** The block-allow list. */
  tables: TableFilter;
  online: OnlineTables;
  /** Tables whose rows are replicated: those of the list without those of online DDL tools. */
  rows: TableFilter;
  /** Whether the list lets a table of an online DDL tool pass. */
  passesOnline(schema: string, table: string): boolean;
  text: string;
}

/** What of the configuration decides which changes are counted. */
interface FilterRules {
  rules: BlockAllowList | null;
  caseSensitive: boolean;
  /** Absent when `online-ddl` is off. */
  online?: OnlineDdlConfig;
}

/** The filter to count with, and the one that takes its place behind a change. */
export interface CountingFilters {
  current: CountingFilter;
  next: (CountingFilter & { from: number }) | undefined;
}

/**
 * The filter to count with. When changes beyond the checkpoint are known as applied, they were counted under the filter of
 * that time: it holds until the stream has passed them, and the new one after that.
 *
 * @param lowerCase - the upstream has names in lower case in its row events
 */
export function countingFilters(
  config: SubtaskConfig,
  checkpoint: Pick<Checkpoint, 'applied' | 'appliedSeq' | 'seq' | 'filter'>,
  lowerCase: boolean,
): CountingFilters {
  const rules: FilterRules = {
    rules: config.blockAllowList ?? null,
    caseSensitive: config.caseSensitive,
    ...(config.onlineDdl === undefined ? {} : { online: config.onlineDdl }),
  };
  const configured = countingFilter(rules, lowerCase);
  const last = lastApplied(checkpoint);
  if (checkpoint.filter === undefined || checkpoint.filter === configured.text || last <= checkpoint.seq) {
    return { current: configured, next: undefined };
  }
  const current = countingFilter(JSON.parse(checkpoint.filter) as FilterRules, lowerCase);
  return { current, next: { ...configured, from: last } };
}

/** Number of the last change that an earlier run is known to have applied. */
export function lastApplied({ appliedSeq, applied }: Pick<Checkpoint, 'applied' | 'appliedSeq'>): number {
  return applied.reduce((last, range) => Math.max(last, range.last), appliedSeq);
}

function countingFilter({ rules, caseSensitive, online }: FilterRules, lowerCase: boolean): CountingFilter {
  const listed = createTableFilter(rules ?? undefined, caseSensitive);
  const tables = lowerCase ? filterInLowerCase(listed) : listed;
  const named = createOnlineTables(online);
  const onlineTables = lowerCase ? onlineTablesInLowerCase(named) : named;
  const hasAllowList = (rules?.doTables ?? []).length > 0;
  return {
    tables,
    online: onlineTables,
    rows: realTablesOnly(tables, onlineTables),
    passesOnline: (schema, table) =>
      tables.matchesTable(schema, onlineTables.classify(table).origin) &&
      (hasAllowList || tables.matchesTable(schema, table)),
    text: JSON.stringify({ rules, caseSensitive, ...(online && { online }) } satisfies FilterRules),
  };
}
