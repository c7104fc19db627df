import type { ColumnMappingRule, SubtaskConfig } from '../config/types.js';
import { DmError } from '../errors/dm-error.js';
import { createColumnMapping, ORIGIN_LIMIT, type ColumnMapping } from '../filter/column-mapping.js';
import { queryRows, type DbConnection } from '../mysql/connect.js';
import { serverErrno } from '../mysql/errors.js';
import { quoteIdent, quoteTable } from '../mysql/quote.js';
import type { CheckConnections } from './connections.js';
import type { TableFacts } from './facts.js';
import type { CheckFinding } from './report.js';
import type { Judgement } from './server-checks.js';
import { readColumns, readLeadingColumns, tableKey, type ColumnFacts } from './structure-facts.js';

/** A table whose rows a rule changes. */
interface MappedTable {
  table: TableFacts;
  rule: ColumnMappingRule;
  source: ColumnFacts;
  target: ColumnFacts;
  /** The number that the rule makes of 0. */
  base: bigint;
}

/** Most tables whose numbers are looked at. */
const MOST_LOOKED_INTO = 200;

/**
 * Whether the rules of `column-mappings` fit the tables: that the columns are there, that their types hold the numbers,
 * that the names of databases and tables end in numbers as the rules say, and that the numbers of the rows leave room.
 *
 * @throws DmError 10003, 10005
 */
export async function judgeColumnMappings(
  config: SubtaskConfig,
  { upstream, downstream }: { upstream: DbConnection; downstream: CheckConnections['downstream'] },
  tables: readonly TableFacts[],
): Promise<Judgement> {
  if ((config.columnMappings ?? []).length === 0) return { findings: [] };
  const mapping = createColumnMapping(config.columnMappings, config.caseSensitive);
  const findings: CheckFinding[] = [];
  const concerned = tables.filter((table) => ruleOf(mapping, table, findings) !== undefined);
  const columns = await readColumns(upstream, 'upstream', concerned);
  const targets = await targetColumns(downstream, concerned);
  const mapped: MappedTable[] = [];
  for (const table of concerned) {
    const found = mapTable(mapping, table, columns.get(tableKey(table.schema, table.name)), findings);
    if (found === undefined) continue;
    mapped.push(found);
    findings.push(...typeFindings(found, targets.get(tableKey(table.target.schema, table.target.table))));
  }
  const severity = config.taskMode === 'incremental' ? 'warn' : 'fail';
  findings.push(...(await rowFindings(upstream, mapped, severity)));
  return {
    findings,
    instruction:
      'please correct `column-mappings` of the task file, or the tables: rows that do not fit cannot be changed',
  };
}

function ruleOf(mapping: ColumnMapping, table: TableFacts, findings: CheckFinding[]): ColumnMappingRule | undefined {
  return attempt(() => mapping.ruleFor(table.schema, table.name), `table ${nameOf(table)}`, findings);
}

/** What `get` answers; an error of the rules becomes a finding. */
function attempt<T>(get: () => T, lead: string, findings: CheckFinding[]): T | undefined {
  try {
    return get();
  } catch (error) {
    if (!(error instanceof DmError)) throw error;
    findings.push({ severity: 'fail', short_error: `${lead}: ${error.rawCause} (${error.code})` });
    return undefined;
  }
}

function nameOf({ schema, name }: TableFacts): string {
  return quoteTable(schema, name);
}

function targetColumns(downstream: DbConnection, tables: readonly TableFacts[]): Promise<Map<string, ColumnFacts[]>> {
  const names = tables.map(({ target }) => ({ schema: target.schema, name: target.table }));
  return readColumns(downstream, 'downstream', names);
}

function mapTable(
  mapping: ColumnMapping,
  table: TableFacts,
  columns: readonly ColumnFacts[] | undefined,
  findings: CheckFinding[],
): MappedTable | undefined {
  const rule = mapping.ruleFor(table.schema, table.name);
  if (columns === undefined || rule === undefined) return undefined;
  const names = columns.map((column) => column.name);
  const change = attempt(
    () => mapping.forColumns(table.schema, table.name, names),
    `column-mappings ${rule.name}, table ${nameOf(table)}`,
    findings,
  );
  if (change === undefined) return undefined;
  const [source, target] = [columns[change.source], columns[change.target]];
  return { table, rule, source, target, base: BigInt(change.change(0) as number | bigint) };
}

function typeFindings(
  { table, rule, source, target, base }: MappedTable,
  there?: readonly ColumnFacts[],
): CheckFinding[] {
  const lead = `column-mappings ${rule.name}, table ${nameOf(table)}: column`;
  const sourceLimit = largestNumber(source.type);
  if (sourceLimit === undefined) {
    const short_error = `${lead} ${quoteIdent(source.name)} is ${source.type}, but \`partition id\` takes whole numbers, or text that is one`;
    return [{ severity: 'fail', short_error }];
  }
  const existing = there?.find((column) => column.name.toLowerCase() === target.name.toLowerCase());
  const { type } = existing ?? target;
  const limit = largestNumber(type);
  const largest = base + (sourceLimit < ORIGIN_LIMIT ? sourceLimit : ORIGIN_LIMIT - 1n);
  // Without any number above it the original stays as it is, and so it fits wherever it came from.
  if (limit !== undefined && (limit >= largest || base === 0n)) return [];
  const where =
    existing === undefined ? '' : ` in table ${quoteTable(table.target.schema, table.target.table)} downstream`;
  const reason = limit === undefined ? 'holds no such numbers' : `holds ${limit} at most`;
  return [
    {
      severity: limit === undefined || limit < base ? 'fail' : 'warn',
      short_error: `${lead} ${quoteIdent(target.name)} is ${type}${where}, which ${reason}; the rule makes numbers from ${base} on`,
      instruction: 'please make the column a BIGINT',
    },
  ];
}

const INTEGER_BITS: Record<string, bigint | undefined> = {
  tinyint: 8n,
  smallint: 16n,
  mediumint: 24n,
  int: 32n,
  bigint: 64n,
};

/** The largest whole number that a column holds exactly; undefined for types of other things. */
export function largestNumber(type: string): bigint | undefined {
  const [, name = '', first, second] = /^(\w+)(?:\((\d+)(?:,(\d+))?\))?/.exec(type) ?? [];
  const bits = INTEGER_BITS[name];
  if (bits !== undefined) return (1n << (/\bunsigned\b/.test(type) ? bits : bits - 1n)) - 1n;
  switch (name) {
    case 'bit':
      return (1n << BigInt(first ?? 1)) - 1n;
    case 'decimal':
      return Number(second ?? 0) === 0 ? 10n ** BigInt(first ?? 10) - 1n : undefined;
    case 'char':
    case 'varchar':
      // No number here has more digits than this.
      return 10n ** BigInt(Math.min(Number(first ?? 1), 30)) - 1n;
    default:
      return /^(?:tiny|medium|long)?text$/.test(name) ? 10n ** 30n : undefined;
  }
}

/** Numbers that are there already and leave no room for the others, in columns whose ends an index tells at once. */
async function rowFindings(
  upstream: DbConnection,
  mapped: readonly MappedTable[],
  severity: CheckFinding['severity'],
): Promise<CheckFinding[]> {
  const leading = await readLeadingColumns(
    upstream,
    mapped.map(({ table }) => table),
  );
  const looked = mapped
    .filter(({ source }) => /^(?:\w*int|decimal)\b/.test(source.type))
    .filter(({ table, source }) => leading.get(tableKey(table.schema, table.name))?.has(source.name) ?? false);
  const findings: CheckFinding[] = [];
  for (const { table, rule, source } of looked.slice(0, MOST_LOOKED_INTO)) {
    const odd = await numberWithoutRoom(upstream, table, source.name);
    if (odd === undefined) continue;
    findings.push({
      severity,
      short_error:
        `column-mappings ${rule.name}, table ${nameOf(table)}: column ${quoteIdent(source.name)} holds ${odd}, ` +
        `but \`partition id\` takes numbers from 0 to ${ORIGIN_LIMIT - 1n} (36033)`,
    });
  }
  return findings;
}

async function numberWithoutRoom(
  upstream: DbConnection,
  table: TableFacts,
  column: string,
): Promise<string | undefined> {
  const name = quoteIdent(column);
  const sql = `SELECT CAST(MIN(${name}) AS CHAR) AS low, CAST(MAX(${name}) AS CHAR) AS high FROM ${nameOf(table)}`;
  try {
    const [row] = await queryRows(upstream, 'upstream', sql);
    const ends = [row?.['low'], row?.['high']].filter((end) => typeof end === 'string');
    return ends.find((end) => BigInt(end) < 0n || BigInt(end) >= ORIGIN_LIMIT);
  } catch (error) {
    // A table that may not be read, or has gone meanwhile: other checks tell of privileges.
    if (serverErrno(error) === undefined) throw error;
    return undefined;
  }
}
