import type { SubtaskConfig } from '../config/types.js';
import { DmError } from '../errors/dm-error.js';
import type { TableMapping, TargetTable } from '../filter/router.js';
import { quoteIdent, quoteTable } from '../mysql/quote.js';
import type { DownstreamFacts, TableFacts, UpstreamFacts } from './facts.js';
import type { CheckFinding } from './report.js';
import type { Judgement } from './server-checks.js';
import type { ColumnFacts } from './structure-facts.js';

/** Where everything goes, as far as the rules agree; and where they do not. */
export interface RoutedNames {
  target(schema: string, table: string): TargetTable;
  targetSchema(schema: string): string;
  /** What the rules disagree about, one text a name. */
  readonly conflicts: readonly string[];
}

/** Collects the conflicts of a router instead of ending at the first. A name in conflict is taken as it is. */
export function collectConflicts(mapping: TableMapping): RoutedNames {
  const conflicts = new Set<string>();
  const attempt = <T>(ask: () => T, otherwise: T): T => {
    try {
      return ask();
    } catch (error) {
      if (!(error instanceof DmError)) throw error;
      conflicts.add(error.rawCause);
      return otherwise;
    }
  };
  return {
    target: (schema, table) => attempt(() => mapping.target(schema, table), { schema, table }),
    targetSchema: (schema) => attempt(() => mapping.targetSchema(schema), schema),
    get conflicts() {
      return [...conflicts];
    },
  };
}

export function judgeRoutes(conflicts: readonly string[]): Judgement {
  return {
    findings: conflicts.map((text) => ({ severity: 'fail', short_error: text })),
    instruction: 'please change the patterns of `routes` so that they match each name once only',
  };
}

/**
 * Tables can only be made in databases that exist downstream. A full copy makes the databases that those of the upstream
 * are routed to, and no others.
 */
export function judgeTargetSchemas(config: SubtaskConfig, up: UpstreamFacts, down: DownstreamFacts): Judgement {
  const copies = config.taskMode !== 'incremental';
  const made = new Set(up.copiedSchemas.map((schema) => up.routed.targetSchema(schema).toLowerCase()));
  const missing = new Set(
    up.tables
      .map((table) => table.target.schema)
      .filter((schema) => !down.schemas.has(schema.toLowerCase()) && !made.has(schema.toLowerCase())),
  );
  const findings = [...missing].map((schema): CheckFinding => ({
    // Replication of nothing but changes may bring the CREATE DATABASE with it.
    severity: copies ? 'fail' : 'warn',
    short_error: `schema ${schema} doesn't exist in the downstream, and nothing makes it`,
  }));
  if (findings.length === 0) return { findings };
  return {
    findings,
    instruction: copies
      ? 'please create the schema downstream, or add a rule without `table-pattern` to `routes` that leads the databases there'
      : 'please create the schema and its tables downstream',
  };
}

/** A table that exists on both sides. */
export interface ColumnPair {
  table: TableFacts;
  upstream: readonly ColumnFacts[];
  downstream: readonly ColumnFacts[];
}

/**
 * A table that was made downstream beforehand may have more columns, another order and other keys; but rows have to fit:
 * every column of theirs must be there, and every other one must do without a value.
 */
export function judgeTargetColumns(pairs: readonly ColumnPair[]): Judgement {
  const findings: CheckFinding[] = [];
  for (const { table, upstream, downstream } of pairs) {
    const [from, to] = [
      quoteTable(table.schema, table.name),
      `table ${quoteTable(table.target.schema, table.target.table)} downstream`,
    ];
    const warn = (short_error: string): void => void findings.push({ severity: 'warn', short_error });
    const stored = upstream.filter((column) => !column.generated);
    for (const { name } of missingFrom(downstream, stored)) {
      warn(`${to} has no column ${quoteIdent(name)}, which ${from} has`);
    }
    for (const { name, required } of missingFrom(stored, downstream)) {
      if (required) warn(`${to} needs a value for column ${quoteIdent(name)}, which ${from} does not have`);
    }
  }
  if (findings.length === 0) return { findings };
  return {
    findings,
    instruction:
      'please add the columns downstream, or give those that are more there a default: rows will not fit otherwise',
  };
}

function missingFrom(there: readonly ColumnFacts[], wanted: readonly ColumnFacts[]): ColumnFacts[] {
  const names = new Set(there.map((column) => column.name.toLowerCase()));
  return wanted.filter((column) => !names.has(column.name.toLowerCase()));
}

/** A change of a table that began before replication did cannot be followed. */
export function judgeOnlineDdl(up: UpstreamFacts): Judgement {
  const findings = up.ghosts.map(({ schema, name }): CheckFinding => ({
    severity: 'warn',
    short_error: `table ${quoteTable(schema, name)} looks like an online DDL under way`,
  }));
  if (findings.length === 0) return { findings };
  return {
    findings,
    instruction:
      'please start the task when gh-ost or pt-online-schema-change has ended: a change that began before is not replicated (36046)',
  };
}
