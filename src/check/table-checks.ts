import { charsetOfCollation } from '../schema/charsets.js';
import { quoteTable } from '../mysql/quote.js';
import { versionAtLeast } from '../mysql/server-info.js';
import { isThere, type DownstreamFacts, type TableFacts, type UpstreamFacts } from './facts.js';
import type { CheckFinding } from './report.js';
import type { Judgement } from './server-checks.js';
import { tableKey, type KeyFacts } from './structure-facts.js';

/** Charsets that TiDB stores. */
const TIDB_CHARSETS = new Set(['ascii', 'binary', 'gbk', 'latin1', 'utf8mb3', 'utf8mb4']);

/** Keys, foreign keys, charsets and collations of the selected tables. */
export function judgeTables(up: UpstreamFacts, down: DownstreamFacts): Judgement {
  const findings = up.tables.flatMap((table) => [
    ...keyFindings(table, down),
    ...foreignKeyFindings(table, down),
    ...collationFindings(table, down),
  ]);
  const result: Judgement = { findings };
  if (findings.some((finding) => finding.instruction === undefined)) {
    result.instruction = 'please check the tables named';
  }
  return result;
}

function nameOf(table: TableFacts): string {
  return quoteTable(table.schema, table.name);
}

/** DM refuses such tables. Here they are replicated exactly, but each changed row is looked for in the whole table. */
function keyFindings(table: TableFacts, down: DownstreamFacts): CheckFinding[] {
  // The keys of a table that is there already are looked at downstream.
  if (table.hasWholeKey || (table.hasKey && isThere(table, down))) return [];
  if (table.hasKey) return [keyOfNulls(`table ${nameOf(table)}`)];
  return [noKey(`table ${nameOf(table)}`)];
}

function noKey(table: string): CheckFinding {
  return {
    severity: 'warn',
    short_error: `${table} primary/unique key does not exist`,
    instruction:
      'please set primary/unique key for the table: without one each change reads the whole table downstream',
  };
}

/** NULL is never equal to NULL in a key: nothing finds such a row by it, and nothing keeps it from being there twice. */
function keyOfNulls(table: string): CheckFinding {
  return {
    severity: 'warn',
    short_error: `${table} has no primary/unique key of NOT NULL columns: rows with NULL in their keys are looked for in the whole table, and where safe mode replays them they are there twice`,
    instruction: 'please make the columns of a unique key NOT NULL, or keep NULL out of them',
  };
}

/** Changes of rows go by the keys of the downstream table, which may have been made beforehand with others. */
export function judgeTargetKeys(
  existing: readonly TableFacts[],
  keys: ReadonlyMap<string, readonly KeyFacts[]>,
): Judgement {
  const findings = new Map<string, CheckFinding>();
  for (const { target, hasKey } of existing) {
    const own = keys.get(tableKey(target.schema, target.table)) ?? [];
    const name = targetName(target);
    if (own.some((key) => key.nullable !== true)) continue;
    // Where the upstream's table has no key either, it was told of with that table.
    if (own.length > 0) findings.set(name, keyOfNulls(`table ${name} downstream`));
    else if (hasKey) findings.set(name, noKey(`table ${name} downstream`));
  }
  return { findings: [...findings.values()] };
}

function foreignKeyFindings(table: TableFacts, down: DownstreamFacts): CheckFinding[] {
  // TiDB has foreign keys from 6.6 on.
  if (!down.info.isTiDB || versionAtLeast(down.info, 6, 6, 0)) return [];
  return table.foreignKeys.map((name) => ({
    severity: 'warn',
    short_error: `table ${nameOf(table)} Foreign Key ${name} is parsed but ignored by TiDB.`,
    instruction: 'please make sure that the applications do not lean on it downstream',
  }));
}

function collationFindings(table: TableFacts, down: DownstreamFacts): CheckFinding[] {
  // A table that is there already keeps its own collations.
  if (isThere(table, down)) return [];
  const findings: CheckFinding[] = [];
  for (const collation of table.collations) {
    const charset = charsetOfCollation(collation);
    if (down.info.isTiDB && charset !== undefined && !TIDB_CHARSETS.has(charset)) {
      findings.push({
        severity: 'fail',
        short_error: `table ${nameOf(table)} unsupport charset ${charset}`,
        instruction: 'please create the table downstream with a charset that TiDB has, e.g. utf8mb4',
      });
    } else if (!knows(down, collation)) {
      findings.push({
        severity: 'fail',
        short_error: `table ${nameOf(table)} has collation ${collation}, which the downstream does not know`,
        instruction: 'please create the table downstream with a collation that it knows',
      });
    }
  }
  return findings;
}

/** `utf8_...` and `utf8mb3_...` name the same collation. */
function knows(down: DownstreamFacts, collation: string): boolean {
  const name = collation.toLowerCase();
  return [name, name.replace(/^utf8mb3_/, 'utf8_'), name.replace(/^utf8_/, 'utf8mb3_')].some((spelling) =>
    down.collations.has(spelling),
  );
}

/**
 * Changes made by ON DELETE/UPDATE CASCADE or SET NULL are not in the binlog before MySQL 9.6: the downstream has to make
 * them itself.
 */
export function judgeCascades(up: UpstreamFacts): Judgement {
  const native = /^(ON|1)$/i.test(up.variables.get('innodb_native_foreign_keys') ?? '');
  const logged = up.info.flavor === 'mysql' && versionAtLeast(up.info, 9, 6, 0) && !native;
  if (logged) return { findings: [] };
  const replicated = up.tables.filter((table) => table.replicated);
  const findings: CheckFinding[] = replicated.flatMap((table) =>
    table.cascades.map((name) => ({
      severity: 'warn',
      short_error: `changes that foreign key ${name} of table ${nameOf(table)} makes are not in the binlog`,
    })),
  );
  return {
    findings,
    instruction: 'please keep the same foreign key, with its cascade, on the table downstream',
  };
}

const TRANSACTIONAL = new Set(['innodb', 'rocksdb', 'tokudb', 'ndb', 'ndbcluster', 'xtradb']);

export function judgeEngines(up: UpstreamFacts): Judgement {
  const findings: CheckFinding[] = up.tables
    .filter((table) => table.copied && table.engine !== '' && !TRANSACTIONAL.has(table.engine.toLowerCase()))
    .map((table) => ({
      severity: 'warn',
      short_error: `table ${nameOf(table)} has engine ${table.engine}, which has no snapshots`,
    }));
  return {
    findings,
    instruction: 'please let nobody write to these tables during the full copy, or change them to InnoDB',
  };
}

/** Tables whose names downstream differ only by case cannot both exist where case does not count. */
export function caseConflicts(tables: readonly TableFacts[]): string[] {
  const seen = new Map<string, string>();
  const conflicts: string[] = [];
  for (const { target } of tables) {
    const name = targetName(target);
    const before = seen.get(name.toLowerCase());
    if (before === undefined) seen.set(name.toLowerCase(), name);
    else if (before !== name) conflicts.push(`same target table ${before} vs ${name}`);
  }
  return conflicts;
}

function targetName({ schema, table }: TableFacts['target']): string {
  return quoteTable(schema, table);
}

export function judgeSelection(up: UpstreamFacts): Judgement {
  if (up.tables.length > 0) return { findings: [] };
  return {
    findings: [{ severity: 'warn', short_error: 'the task selects no table that the user of the source can see' }],
    instruction: 'please check `block-allow-list`, and the SELECT privileges of the user',
  };
}

/** A full copy inserts: a row that is there already with the same key stops it, and without a key is there twice then. */
export function judgeTargetRows(filled: readonly TableFacts[]): Judgement {
  const keyed = new Map<string, boolean>();
  for (const { target, hasKey } of filled) {
    const name = targetName(target);
    keyed.set(name, hasKey && (keyed.get(name) ?? true));
  }
  return {
    findings: [...keyed].map(([name, hasKey]) => ({
      severity: 'warn',
      short_error: `table ${name} holds rows downstream already: ${
        hasKey
          ? 'the full copy stops at a key that is there'
          : 'without a key, a row that is there will be there twice after the full copy'
      }`,
    })),
    instruction: 'please empty the tables downstream, unless their rows are other ones',
  };
}
