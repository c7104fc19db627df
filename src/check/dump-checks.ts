import type { SubtaskConfig } from '../config/types.js';
import { causeText } from '../errors/dm-error.js';
import { queryRows, type DbConnection } from '../mysql/connect.js';
import { serverErrno } from '../mysql/errors.js';
import { quoteTable } from '../mysql/quote.js';
import { isThere, type DownstreamFacts, type TableFacts, type UpstreamFacts } from './facts.js';
import type { CheckFinding } from './report.js';
import type { Judgement } from './server-checks.js';

/** Most tables that the condition is tried on. */
const MOST_LOOKED_INTO = 200;

/** Server errors that tell of the user's privileges or of a table that has gone, not of the condition. */
const NOT_OF_CONDITION = new Set([1044, 1045, 1142, 1143, 1146, 1049]);

/** What `extra-args` of the dump select beside the block-allow list, and what comes of that. */
export async function judgeDumpSelection(
  config: SubtaskConfig,
  upstream: DbConnection,
  up: UpstreamFacts,
  down: DownstreamFacts,
): Promise<Judgement> {
  const { databases = [], tables = [], tableFilter } = config.dump;
  if (databases.length === 0 && tables.length === 0 && tableFilter === undefined) return { findings: [] };
  const findings = await unknownNames(upstream, databases, tables);
  const copied = up.tables.filter((table) => table.copied);
  if (copied.length === 0) findings.push(warning('`extra-args` of the dump select no table: nothing is copied'));
  if (config.taskMode === 'all') findings.push(...differences(up.tables, down));
  return { findings, instruction: 'please check `-B`, `-T` and `-f` in `extra-args` of the dump' };
}

function warning(short_error: string): CheckFinding {
  return { severity: 'warn', short_error };
}

async function unknownNames(
  upstream: DbConnection,
  databases: readonly string[],
  tables: readonly { schema: string; table: string }[],
): Promise<CheckFinding[]> {
  const known = new Set((await queryRows(upstream, 'upstream', 'SHOW DATABASES')).map((row) => Object.values(row)[0]));
  const findings = databases
    .filter((name) => !known.has(name))
    .map((name): CheckFinding => ({
      severity: 'fail',
      short_error: `--database names ${name}, which the upstream does not have (32001)`,
    }));
  const present = await queryRows(
    upstream,
    'upstream',
    'SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES',
  );
  const names = new Set(present.map((row) => quoteTable(String(row['s']), String(row['t']))));
  const missing = tables.map(({ schema, table }) => quoteTable(schema, table)).filter((name) => !names.has(name));
  return [
    ...findings,
    ...missing.map((name) => warning(`--tables-list names ${name}, which the upstream does not have`)),
  ];
}

/** A table that is copied and replicated by halves is seldom meant. */
function differences(tables: readonly TableFacts[], down: DownstreamFacts): CheckFinding[] {
  return tables.flatMap((table) => {
    const { schema, name, copied, replicated } = table;
    const shown = `table ${quoteTable(schema, name)}`;
    if (copied && !replicated) return [warning(`${shown} is copied, but its changes are not replicated`)];
    if (copied || isThere(table, down)) return [];
    return [warning(`${shown} is replicated, but it is not copied and does not exist downstream`)];
  });
}

/**
 * Whether the upstream takes the condition of the dump (`where`, `--where`) on every table that is copied.
 *
 * @throws DmError 10003 when the upstream cannot be asked
 */
export async function judgeDumpCondition(
  config: SubtaskConfig,
  upstream: DbConnection,
  up: UpstreamFacts,
): Promise<Judgement> {
  const { where } = config.dump;
  if (where === undefined) return { findings: [] };
  const findings: CheckFinding[] = [];
  for (const { schema, name } of up.tables.filter((table) => table.copied).slice(0, MOST_LOOKED_INTO)) {
    const table = quoteTable(schema, name);
    try {
      await queryRows(upstream, 'upstream', `SELECT 1 FROM ${table} WHERE (${where}\n) LIMIT 0`);
    } catch (error) {
      const errno = serverErrno(error);
      if (errno === undefined) throw error;
      if (NOT_OF_CONDITION.has(errno)) continue;
      const reason = causeText((error as Error).cause ?? error);
      findings.push({
        severity: 'fail',
        short_error: `\`where\` of the dump cannot be used on table ${table}: ${reason}`,
      });
    }
  }
  return {
    findings,
    instruction:
      'please correct `where`, or `--where` in `extra-args`, of the dump: it applies to every table that is copied',
  };
}
