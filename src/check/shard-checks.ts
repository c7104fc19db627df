import type { SubtaskConfig } from '../config/types.js';
import { compileNamePattern } from '../filter/name-pattern.js';
import { quoteTable } from '../mysql/quote.js';
import type { TableFacts } from './facts.js';
import type { CheckFinding } from './report.js';
import type { Judgement } from './server-checks.js';
import type { TableStructure } from './structure-facts.js';

/** An upstream table among those that go into one downstream table. */
export interface Shard {
  config: SubtaskConfig;
  table: TableFacts;
  /** Absent when the table is gone. */
  structure?: TableStructure;
}

/** Downstream tables into which more than one upstream table goes, of whatever source, with those. */
export function groupShards(
  all: readonly { config: SubtaskConfig; tables: readonly TableFacts[] }[],
): Map<string, Shard[]> {
  const groups = new Map<string, Shard[]>();
  for (const { config, tables } of all) {
    for (const table of tables) {
      const name = quoteTable(table.target.schema, table.target.table);
      const group = groups.get(name) ?? [];
      groups.set(name, group);
      group.push({ config, table });
    }
  }
  return new Map([...groups].filter(([, group]) => group.length > 1));
}

/**
 * Whether all shards have the columns, in order, and the unique keys of the first one (manual section 4.4.2.3). Only the first
 * difference is told.
 */
export function judgeShardStructures(shards: readonly Shard[]): Judgement {
  const [first, ...others] = shards.filter((shard) => shard.structure !== undefined);
  if (first === undefined) return { findings: [] };
  for (const other of others) {
    const difference = differenceOf(first.structure, other.structure);
    if (difference === undefined) continue;
    const finding: CheckFinding = {
      severity: 'fail',
      short_error: difference.text,
      self: `${placeOf(other)} ${difference.other}`,
      other: `${placeOf(first)} ${difference.first}`,
    };
    return { findings: [finding], instruction: 'please set same table structure for sharding tables' };
  }
  return { findings: [] };
}

function placeOf({ config, table }: Shard): string {
  return `instance ${config.sourceId} table ${quoteTable(table.schema, table.name)}`;
}

interface Difference {
  text: string;
  first: string;
  other: string;
}

function differenceOf(first: TableStructure | undefined, other: TableStructure | undefined): Difference | undefined {
  if (first === undefined || other === undefined) return undefined;
  const [columns, otherColumns] = [first.columns, other.columns];
  const shown = ({ name, type }: TableStructure['columns'][number]): string => `${name} ${type}`;
  const both = {
    first: `columns ${columns.map(shown).join(', ')}`,
    other: `columns ${otherColumns.map(shown).join(', ')}`,
  };
  if (columns.length !== otherColumns.length) {
    return { text: `column length mismatch (self: ${otherColumns.length} vs other: ${columns.length})`, ...both };
  }
  const same = columns.every((column, at) => {
    const compared = otherColumns[at];
    return compared?.name.toLowerCase() === column.name.toLowerCase() && compared.type === column.type;
  });
  if (!same) return { text: 'different column definition', ...both };
  const [keys, otherKeys] = [keyText(first), keyText(other)];
  if (keys.toLowerCase() === otherKeys.toLowerCase()) return undefined;
  return { text: 'different primary key or unique indexes', first: keys, other: otherKeys };
}

function keyText({ keys }: TableStructure): string {
  const texts = keys.map(({ primary, columns }) => `${primary ? 'primary key' : 'unique'} (${columns.join(', ')})`);
  return texts.length === 0 ? 'no key' : texts.sort().join(', ');
}

/**
 * Values that shards draw by AUTO_INCREMENT for a key of one column clash downstream, unless `column-mappings` make them
 * different; those need a BIGINT.
 */
export function judgeAutoIncrement(target: string, shards: readonly Shard[]): Judgement {
  const findings: CheckFinding[] = [];
  for (const shard of shards) {
    const column = drawnKey(shard.structure);
    if (column === undefined) continue;
    const lead = `${placeOf(shard)} of sharding ${target} have auto-increment key ${column.name}`;
    const isMapped = hasMapping(shard, column.name);
    const isBig = /^bigint\b/.test(column.type);
    if (isMapped && isBig) continue;
    findings.push(
      isMapped || !isBig
        ? {
            severity: 'fail',
            short_error: `${lead}${isMapped ? ' and column mapping' : ''}, but type of ${column.name} should be bigint`,
            instruction: 'please set auto-increment key type to bigint',
          }
        : { severity: 'fail', short_error: `${lead}, whose values clash with those of the other shards` },
    );
  }
  if (findings.length === 0) return { findings };
  return {
    findings,
    instruction:
      'please handle it by yourself: make the downstream table beforehand without this key, or with another column in it, then put `auto_increment_ID` into `ignore-checking-items`',
  };
}

function drawnKey(structure: TableStructure | undefined): TableStructure['columns'][number] | undefined {
  const column = structure?.columns.find(({ autoIncrement }) => autoIncrement);
  const isKey = structure?.keys.some(({ columns }) => columns.length === 1 && columns[0] === column?.name) ?? false;
  return isKey ? column : undefined;
}

function hasMapping({ config, table }: Shard, column: string): boolean {
  return (config.columnMappings ?? []).some((rule) => {
    const matches = (pattern: string, name: string): boolean =>
      pattern === '' || compileNamePattern(pattern, config.caseSensitive)(name);
    return (
      rule.targetColumn.toLowerCase() === column.toLowerCase() &&
      matches(rule.schemaPattern, table.schema) &&
      matches(rule.tablePattern, table.name)
    );
  });
}
