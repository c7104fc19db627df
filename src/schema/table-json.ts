import { dmError } from '../errors/dm-error.js';
import type { Check, Column, ForeignKey, Index, Table } from './model.js';

/** Version of the stored form; readers refuse later ones. */
const FORMAT = 1;

/** Fields that are left out when they have this value. */
const COLUMN_DEFAULTS = { unsigned: false, zerofill: false, autoIncrement: false, invisible: false, nullable: true };

type Compact<Whole, Left extends keyof Whole> = Omit<Whole, Left> & Partial<Pick<Whole, Left>>;

interface StoredTable {
  v: number;
  schema: string;
  name: string;
  columns: Compact<Column, keyof typeof COLUMN_DEFAULTS>[];
  indexes?: Compact<Index, 'invisible'>[];
  foreignKeys?: ForeignKey[];
  checks?: Check[];
  charset: string;
  collation: string;
  options?: Record<string, string>;
  partitioning?: string;
}

/** Text of a structure for the checkpoint: compact, with a version, keys always in one order. */
export function tableToJson(table: Table): string {
  const stored: StoredTable = {
    v: FORMAT,
    schema: table.schema,
    name: table.name,
    columns: table.columns.map(compactColumn),
    charset: table.charset,
    collation: table.collation,
  };
  if (table.indexes.length > 0) {
    stored.indexes = table.indexes.map(({ invisible, ...index }) => (invisible ? { ...index, invisible } : index));
  }
  if (table.foreignKeys.length > 0) stored.foreignKeys = table.foreignKeys;
  if (table.checks.length > 0) stored.checks = table.checks;
  if (Object.keys(table.options).length > 0) stored.options = table.options;
  if (table.partitioning !== undefined) stored.partitioning = table.partitioning;
  return JSON.stringify(stored);
}

function compactColumn(column: Column): Compact<Column, keyof typeof COLUMN_DEFAULTS> {
  const entries = Object.entries(column).filter(
    ([key, value]) => !(key in COLUMN_DEFAULTS && COLUMN_DEFAULTS[key as keyof typeof COLUMN_DEFAULTS] === value),
  );
  return Object.fromEntries(entries) as unknown as Compact<Column, keyof typeof COLUMN_DEFAULTS>;
}

/**
 * Reads what {@link tableToJson} wrote. `schema` and `name` say whose structure it is, for the error.
 * @throws 44001 when the text is not a stored structure
 */
export function tableFromJson(text: string, schema: string, name: string): Table {
  let stored: unknown;
  try {
    stored = JSON.parse(text);
  } catch (error) {
    throw unreadable(schema, name, error);
  }
  const problem = problemOf(stored);
  if (problem !== undefined) throw unreadable(schema, name, new Error(problem));
  const { v: _version, ...table } = stored as StoredTable;
  const result: Table = {
    ...table,
    columns: table.columns.map((column) => ({ ...COLUMN_DEFAULTS, ...column })),
    indexes: (table.indexes ?? []).map((index) => ({ invisible: false, ...index })),
    foreignKeys: table.foreignKeys ?? [],
    checks: table.checks ?? [],
    options: table.options ?? {},
  };
  return result;
}

function unreadable(schema: string, name: string, cause: unknown): Error {
  return dmError(44001, [schema, name], {
    cause,
    workaround: `Delete the table's row from the task's syncer_checkpoint table and resume the task: the structure is then read anew.`,
  });
}

/** What is wrong with a parsed text; checks as much as is needed that later code does not stumble. */
function problemOf(value: unknown): string | undefined {
  if (!isObject(value)) return 'not an object';
  if (value['v'] !== FORMAT) return `format version ${JSON.stringify(value['v'])} is not ${FORMAT}`;
  for (const key of ['schema', 'name', 'charset', 'collation']) {
    if (typeof value[key] !== 'string') return `${key} is not a text`;
  }
  const columns = value['columns'];
  if (!Array.isArray(columns) || columns.length === 0) return 'no columns';
  for (const column of columns as unknown[]) {
    if (!isObject(column) || !['name', 'type', 'columnType'].every((key) => typeof column[key] === 'string')) {
      return 'a column without name or type';
    }
  }
  const indexes = value['indexes'] ?? [];
  if (!Array.isArray(indexes)) return 'indexes are not a list';
  for (const index of indexes as unknown[]) {
    if (!isObject(index) || typeof index['name'] !== 'string' || !Array.isArray(index['parts'])) {
      return 'an index without name or columns';
    }
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
