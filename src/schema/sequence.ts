import type { Column, Table } from './model.js';

/** Table option by which MariaDB's SHOW CREATE TABLE tells a sequence from a table. */
export const SEQUENCE = 'SEQUENCE';

/** Whether the structure is a sequence's. MariaDB keeps sequences as tables of one row, and logs what happens to them so. */
export function isSequence(table: Table): boolean {
  const value = table.options[SEQUENCE];
  return value !== undefined && value !== '0';
}

/** The structure that every sequence has (MariaDB manual, "Sequence Overview"). */
export function sequenceTable(schema: string, name: string): Table {
  return {
    schema,
    name,
    columns: COLUMNS.map(([column, type, unsigned]) => sequenceColumn(column, type, unsigned)),
    indexes: [],
    foreignKeys: [],
    checks: [],
    charset: 'utf8mb4',
    collation: 'utf8mb4_general_ci',
    options: { [SEQUENCE]: '1' },
  };
}

const COLUMNS = [
  ['next_not_cached_value', 'bigint', false],
  ['minimum_value', 'bigint', false],
  ['maximum_value', 'bigint', false],
  ['start_value', 'bigint', false],
  ['increment', 'bigint', false],
  ['cache_size', 'bigint', true],
  ['cycle_option', 'tinyint', true],
  ['cycle_count', 'bigint', false],
] as const;

function sequenceColumn(name: string, type: 'bigint' | 'tinyint', unsigned: boolean): Column {
  const length = type === 'bigint' ? 21 : 1;
  const columnType = `${type}(${length})${unsigned ? ' unsigned' : ''}`;
  return {
    name,
    type,
    columnType,
    unsigned,
    zerofill: false,
    length,
    nullable: false,
    autoIncrement: false,
    invisible: false,
  };
}
