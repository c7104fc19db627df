import type { ColumnMappingRule } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import type { Table } from '../schema/model.js';
import type { CellValue, RowImage } from '../sync/events.js';
import { compileNamePattern } from './name-pattern.js';

/** Widths of the numbers above the original one, from the highest bit behind the sign on (DM's `partition id`). */
const INSTANCE_BITS = 4n;
const SCHEMA_BITS = 7n;
const TABLE_BITS = 8n;

/** First bit below the sign. */
const TOP = 63n;

/** Original numbers must be smaller: 44 bits are left for them, whichever of the other numbers are used. */
export const ORIGIN_LIMIT = 1n << 44n;

/** What a rule does with the rows of one table. */
export interface ColumnChange {
  /** Places of the columns that are read and written. */
  source: number;
  target: number;
  /** The new value of the target column, from the source column's. @throws DmError 36033 when it cannot be made */
  change(value: CellValue): CellValue;
}

/** The column mapping of a task. Names are the upstream's. */
export interface ColumnMapping {
  /**
   * Changes row images of a table, undefined when no rule is about it. Kept per structure.
   * @throws DmError 36033 when the rules contradict each other or do not fit the table
   */
  forTable(structure: Table): ((image: RowImage) => RowImage) | undefined;
  /** The same for rows whose columns are listed. @throws as {@link forTable} */
  forColumns(schema: string, table: string, columns: readonly string[]): ColumnChange | undefined;
  /** The rule for a table. @throws DmError 36033 when several are */
  ruleFor(schema: string, table: string): ColumnMappingRule | undefined;
}

interface Rule {
  rule: ColumnMappingRule;
  matches: (schema: string, table: string) => boolean;
  instance: bigint;
}

/**
 * Compiles `column-mappings`. The one expression is `partition id`, which makes numbers of many tables unique in one: a
 * BIGINT of, from the top, the sign, the instance (4 bits), the number behind the database's name (7), that behind the
 * table's name (8), and the original number (44). A part whose argument is empty takes no bits.
 *
 * @throws DmError 20046 for a rule that can never work
 */
export function createColumnMapping(
  rules: readonly ColumnMappingRule[] | undefined,
  caseSensitive: boolean,
): ColumnMapping {
  const compiled = (rules ?? []).map((rule) => compileRule(rule, caseSensitive));
  refuseRepetition(compiled, caseSensitive);
  const cache = new WeakMap<Table, { change: ((image: RowImage) => RowImage) | undefined }>();

  const forColumns = (schema: string, table: string, columns: readonly string[]): ColumnChange | undefined => {
    const rule = findRule(compiled, schema, table);
    return rule === undefined ? undefined : columnChange(rule, { schema, table, columns }, caseSensitive);
  };
  const forTable = (structure: Table): ((image: RowImage) => RowImage) | undefined => {
    let known = cache.get(structure);
    if (known === undefined) {
      const names = structure.columns.map(({ name }) => name);
      known = { change: imageChange(forColumns(structure.schema, structure.name, names)) };
      cache.set(structure, known);
    }
    return known.change;
  };
  return { forTable, forColumns, ruleFor: (schema, table) => findRule(compiled, schema, table)?.rule };
}

function compileRule(rule: ColumnMappingRule, caseSensitive: boolean): Rule {
  const bad = (reason: string): Error => dmError(20046, [], { cause: `rule ${rule.name}: ${reason}` });
  if (rule.targetColumn === '') throw bad('target-column is required');
  const count = rule.arguments.length;
  if (count !== 3 && count !== 4) throw bad(`\`partition id\` takes 3 or 4 arguments, not ${count}`);
  const [instance = ''] = rule.arguments;
  const number = instance === '' ? 0n : smallNumber(instance, INSTANCE_BITS);
  if (number === undefined) throw bad(`the instance must be a number from 0 to 15, not ${instance}`);
  try {
    const schema = compileNamePattern(rule.schemaPattern, caseSensitive);
    const table = rule.tablePattern === '' ? undefined : compileNamePattern(rule.tablePattern, caseSensitive);
    const matches = (schemaName: string, tableName: string): boolean =>
      schema(schemaName) && (table === undefined || table(tableName));
    return { rule, matches, instance: number };
  } catch (cause) {
    throw dmError(20046, [], { cause });
  }
}

/** Two rules for the same patterns are a mistake, whatever tables there will be. */
function refuseRepetition(rules: readonly Rule[], caseSensitive: boolean): void {
  const seen = new Map<string, string>();
  for (const { rule } of rules) {
    const patterns = JSON.stringify([rule.schemaPattern, rule.tablePattern]);
    const key = caseSensitive ? patterns : patterns.toLowerCase();
    const before = seen.get(key);
    if (before !== undefined) {
      throw dmError(20046, [], { cause: `rules ${before} and ${rule.name} are for the same tables` });
    }
    seen.set(key, rule.name);
  }
}

/** The one rule for a table: rules with a table pattern come before those for whole databases. */
function findRule(rules: readonly Rule[], schema: string, table: string): Rule | undefined {
  const matching = rules.filter(({ matches }) => matches(schema, table));
  const forTables = matching.filter(({ rule }) => rule.tablePattern !== '');
  const chosen = forTables.length > 0 ? forTables : matching;
  if (chosen.length <= 1) return chosen[0];
  const names = chosen.map(({ rule }) => rule.name).join(', ');
  throw mappingError('rows', schema, table, `rules ${names} all match the table: it may have one`);
}

interface Columns {
  schema: string;
  table: string;
  columns: readonly string[];
}

function columnChange({ rule, instance }: Rule, at: Columns, caseSensitive: boolean): ColumnChange {
  const { schema, table } = at;
  const target = place(at, rule.targetColumn);
  const source = rule.sourceColumn === '' ? target : place(at, rule.sourceColumn);
  const base = partitionBase(rule, instance, at, caseSensitive);
  const change = (value: CellValue): CellValue => {
    if (value === undefined) return undefined;
    const origin = originalNumber(value);
    if (origin === undefined || origin < 0n || origin >= ORIGIN_LIMIT) {
      const reason = `\`partition id\` takes whole numbers from 0 to ${ORIGIN_LIMIT - 1n} in column ${rule.sourceColumn}`;
      throw mappingError(shown(value), schema, table, reason);
    }
    return likeBefore(base | origin, value);
  };
  return { source, target, change };
}

/** Column names are the same in any case. */
function place({ schema, table, columns }: Columns, name: string): number {
  const wanted = name.toLowerCase();
  const at = columns.findIndex((column) => column.toLowerCase() === wanted);
  if (at === -1) throw mappingError('rows', schema, table, `column ${name} not found`);
  return at;
}

/** The bits above the original number. They are taken from the top, by those parts alone that are asked for. */
function partitionBase(rule: ColumnMappingRule, instance: bigint, at: Columns, caseSensitive: boolean): bigint {
  const [instanceText = '', schemaPrefix = '', tablePrefix = '', separator = ''] = rule.arguments;
  let shift = TOP;
  let base = 0n;
  if (instanceText !== '') {
    shift -= INSTANCE_BITS;
    base |= instance << shift;
  }
  for (const { name, prefix, bits } of [
    { name: at.schema, prefix: schemaPrefix, bits: SCHEMA_BITS },
    { name: at.table, prefix: tablePrefix, bits: TABLE_BITS },
  ]) {
    if (prefix === '') continue;
    shift -= bits;
    const number = suffixNumber(name, prefix, separator, bits, caseSensitive);
    if (number === undefined) {
      const limit = (1n << bits) - 1n;
      const reason = `the name ${name} is not ${prefix}${separator} and a number from 0 to ${limit}`;
      throw mappingError('rows', at.schema, at.table, reason);
    }
    base |= number << shift;
  }
  return base;
}

/** The number behind prefix and separator; a name that is the prefix alone counts as 0. */
function suffixNumber(
  name: string,
  prefix: string,
  separator: string,
  bits: bigint,
  caseSensitive: boolean,
): bigint | undefined {
  const fold = (text: string): string => (caseSensitive ? text : text.toLowerCase());
  if (fold(name) === fold(prefix)) return 0n;
  const lead = fold(prefix + separator);
  return fold(name).startsWith(lead) ? smallNumber(fold(name).slice(lead.length), bits) : undefined;
}

function smallNumber(text: string, bits: bigint): bigint | undefined {
  if (!/^\d{1,19}$/.test(text)) return undefined;
  const number = BigInt(text);
  return number < 1n << bits ? number : undefined;
}

function originalNumber(value: CellValue): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  if (typeof value === 'string') return /^[+-]?\d{1,19}$/.test(value) ? BigInt(value.replace('+', '')) : undefined;
  if (value === null || value === undefined || Buffer.isBuffer(value)) return undefined;
  return originalNumber(value.bytes.toString('latin1'));
}

/** Numbers in text columns stay text. */
function likeBefore(number: bigint, before: CellValue): CellValue {
  if (typeof before === 'string') return String(number);
  if (typeof before === 'number' || typeof before === 'bigint') {
    return number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : number;
  }
  const { charset } = before as { charset: string };
  return { charset, bytes: Buffer.from(String(number), 'latin1') };
}

function imageChange(change: ColumnChange | undefined): ((image: RowImage) => RowImage) | undefined {
  if (change === undefined) return undefined;
  const { source, target } = change;
  return (image) => {
    const result = image.slice();
    result[target] = change.change(image[source]);
    return result;
  };
}

function shown(value: CellValue): string {
  if (Buffer.isBuffer(value)) return `(${value.length} bytes)`;
  return typeof value === 'object' && value !== null ? `(text of ${value.bytes.length} bytes)` : String(value);
}

function mappingError(data: string, schema: string, table: string, reason: string): Error {
  return dmError(36033, [data, `\`${schema}\`.\`${table}\``], {
    cause: reason,
    workaround: 'Please correct the rules of `column-mappings`, then stop and start the task.',
  });
}
