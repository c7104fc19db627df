import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { Command, InvalidArgumentError, Option } from 'commander';
import { causeText } from '../../src/errors/dm-error.js';
import { readStatement, rewriteStatement } from '../../src/ddl/index.js';
import type { Flavor, Statement, TargetName } from '../../src/ddl/index.js';

/** `old=new` of `--route`, split at its dots; without a table it means a whole database. */
export interface InspectRoute {
  schema: string;
  table?: string;
  targetSchema: string;
  targetTable?: string;
}

export interface DdlInspectOptions {
  flavor: Flavor;
  sqlMode?: string;
  serverVersion?: number;
  /** Database that unqualified names stand in. */
  schema: string;
  routes: readonly InspectRoute[];
}

/** One line of the answer. */
interface Inspection {
  ok: boolean;
  kind?: string;
  objects?: { schema: string; name: string; role: string }[];
  /** With routes only. */
  rewritten?: string;
  error?: string;
}

/**
 * Reads one JSON string (a statement) a line and writes one JSON object a line: whether and as what the statement was
 * read, what it names and, with routes, its rewritten form. A bad line gives `ok: false` and does not end the run.
 */
export async function ddlInspect(options: DdlInspectOptions, input: Readable, output: Writable): Promise<void> {
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (line.trim() === '') continue;
    if (!output.write(`${JSON.stringify(inspectLine(line, options))}\n`)) await once(output, 'drain');
  }
}

function inspectLine(line: string, options: DdlInspectOptions): Inspection {
  try {
    const sql: unknown = JSON.parse(line);
    if (typeof sql !== 'string') return { ok: false, error: 'the line is no JSON string' };
    return inspect(sql, options);
  } catch (error) {
    return { ok: false, error: causeText(error) };
  }
}

function inspect(sql: string, options: DdlInspectOptions): Inspection {
  const statement = readStatement(sql, {
    flavor: options.flavor,
    defaultSchema: options.schema,
    ...(options.sqlMode === undefined ? {} : { sqlMode: options.sqlMode }),
    ...(options.serverVersion === undefined ? {} : { serverVersion: options.serverVersion }),
  });
  const result: Inspection = {
    ok: true,
    kind: statement.kind === 'other' ? statement.verb : statement.kind.replace('-', ' '),
    objects: statement.objects.map(({ schema, name, role }) => ({ schema, name, role })),
  };
  if (options.routes.length === 0) return result;
  try {
    result.rewritten = rewriteStatement(statement, { target: targetOf(statement, options.routes) });
  } catch (error) {
    result.error = causeText(error);
  }
  return result;
}

/** Table routes go before database routes. A lone name that is no database of the statement is taken for a table. */
function targetOf(
  statement: Statement,
  routes: readonly InspectRoute[],
): (schema: string, table: string) => TargetName {
  const databases = new Set(statement.objects.map((object) => object.schema));
  return (schema, table) => {
    const exact = routes.find((route) => route.schema === schema && route.table === table && table !== '');
    if (exact !== undefined) return { schema: exact.targetSchema, table: exact.targetTable ?? table };
    const database = routes.find((route) => route.table === undefined && route.schema === schema);
    if (database !== undefined) return { schema: database.targetSchema, table };
    const lone = routes.find((route) => route.table === undefined && route.schema === table);
    return lone === undefined || databases.has(lone.schema) ? { schema, table } : { schema, table: lone.targetSchema };
  };
}

/** Reads `db=new_db` and `db.t=new_db.new_t`. */
export function parseRoute(text: string, earlier: readonly InspectRoute[] = []): InspectRoute[] {
  const match = /^([^=.]+)(?:\.([^=]+))?=([^=.]+)(?:\.([^=]+))?$/.exec(text);
  const [, schema, table, targetSchema, targetTable] = match ?? [];
  if (schema === undefined || targetSchema === undefined || (table === undefined) !== (targetTable === undefined)) {
    throw new InvalidArgumentError('Use db=new_db or db.table=new_db.new_table.');
  }
  const route: InspectRoute = { schema, targetSchema };
  if (table !== undefined && targetTable !== undefined) Object.assign(route, { table, targetTable });
  return [...earlier, route];
}

function parseVersion(text: string): number {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  if (match === null) throw new InvalidArgumentError('Use a version like 8.0.36.');
  return Number(match[1]) * 10000 + Number(match[2]) * 100 + Number(match[3] ?? 0);
}

/** `dmctl ddl inspect ... | head` has what it wants: no error. */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
}

/** `dmctl ddl inspect`: needs no server and no cluster. */
export function ddlCommand(): Command {
  const inspectCommand = new Command('inspect')
    .description('Read DDL statements (one JSON string a line on stdin) and say what they are, one JSON object a line')
    .addOption(
      new Option('--flavor <flavor>', 'server that wrote them').choices(['mysql', 'mariadb', 'tidb']).default('mysql'),
    )
    .option('--server-version <version>', 'its version; decides about versioned comments', parseVersion)
    .option('--sql-mode <modes>', 'sql_mode in force, for example ANSI_QUOTES')
    .option('--schema <database>', 'database of unqualified names', 'test')
    .option('--route <old=new>', 'show the statement with names replaced; may be given more than once', parseRoute, [])
    .action(async (options: Omit<DdlInspectOptions, 'routes'> & { route: InspectRoute[] }) => {
      const { route, ...rest } = options;
      process.stdout.on('error', endOnClosedPipe);
      await ddlInspect({ ...rest, routes: route }, process.stdin, process.stdout);
    });
  return new Command('ddl').description('Tools around DDL statements').addCommand(inspectCommand);
}
