import type { SubtaskConfig } from '../config/types.js';
import type { TableFilter } from '../filter/block-allow-list.js';
import type { OnlineTables } from '../filter/online-tables.js';
import type { TargetTable } from '../filter/router.js';
import { queryRows, type DbConnection, type DbRole, type Row } from '../mysql/connect.js';
import { serverErrno } from '../mysql/errors.js';
import { quoteString, quoteTable } from '../mysql/quote.js';
import { binlogFiles, detectServer, purgedGtidSet, type ServerInfo } from '../mysql/server-info.js';
import { Privileges } from './privileges.js';
import type { RoutedNames } from './route-checks.js';

/** What the checks know of any server. */
export interface ServerFacts {
  info: ServerInfo;
  privileges: Privileges;
  /** `user` and `host` part of the account in use. */
  account: { user: string; host: string };
  /** Tells one server from another. */
  identity: string;
  /** Global variables beyond those of {@link ServerInfo}; absent where the server has none such. */
  variables: ReadonlyMap<string, string>;
}

/** An upstream table that the task takes. */
export interface TableFacts {
  schema: string;
  name: string;
  /** The full copy takes it: by the block-allow list, or by `extra-args` of the dump. */
  copied: boolean;
  /** Its changes are replicated: by the block-allow list. */
  replicated: boolean;
  /** Name downstream. */
  target: TargetTable;
  engine: string;
  hasKey: boolean;
  /** One of its keys has no column that may be NULL. */
  hasWholeKey: boolean;
  /** Names of its foreign keys. */
  foreignKeys: string[];
  /** Those that change rows of this table when a referenced row changes. */
  cascades: string[];
  /** Collations of the table and its columns. */
  collations: string[];
}

export interface UpstreamFacts extends ServerFacts {
  tables: TableFacts[];
  /** Databases the selection takes. */
  schemas: string[];
  /** Those that the full copy makes downstream. */
  copiedSchemas: string[];
  /** Whether the server knows the time zone that `where` of the dump is meant in; absent = none is used. */
  knowsTimezone?: boolean;
  /** Tables of online DDL tools that stand for a selected table. */
  ghosts: { schema: string; name: string }[];
  routed: RoutedNames;
  /** Names of the binlog files, oldest first; `undefined` when they cannot be listed. */
  binlogFiles?: string[];
  /** Text of the GTID set that the binlog does not hold any more. */
  purgedGtids?: string;
  /** `binlog-do-db` and `binlog-ignore-db`. */
  binlogDatabases: { only: string; except: string };
}

export interface DownstreamFacts extends ServerFacts {
  /** In lower case. */
  schemas: ReadonlySet<string>;
  /** `schema.table` in lower case of what exists there. */
  tables: ReadonlySet<string>;
  collations: ReadonlySet<string>;
}

const EXTRA_VARIABLES = [
  'read_only',
  'super_read_only',
  'binlog_expire_logs_seconds',
  'expire_logs_days',
  'innodb_native_foreign_keys',
  'hostname',
  'port',
];

async function serverFacts(connection: DbConnection, role: DbRole): Promise<ServerFacts> {
  const info = await detectServer(connection, role);
  const names = EXTRA_VARIABLES.map((name) => quoteString(name)).join(', ');
  const rows = await queryRows(connection, role, `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names})`);
  const variables = new Map(rows.map((row) => [text(row, 'Variable_name').toLowerCase(), text(row, 'Value')]));
  const grants = await queryRows(connection, role, 'SHOW GRANTS');
  const [account] = await queryRows(connection, role, 'SELECT CURRENT_USER() AS account');
  const at = text(account, 'account').lastIndexOf('@');
  return {
    info,
    privileges: new Privileges(grants.map((row) => String(Object.values(row)[0]))),
    account: { user: text(account, 'account').slice(0, at), host: text(account, 'account').slice(at + 1) },
    identity: info.serverUuid !== '' ? info.serverUuid : `${variables.get('hostname')}:${variables.get('port')}`,
    variables,
  };
}

function text(row: Row | undefined, column: string): string {
  const value = row?.[column] as string | number | null | undefined;
  return value === null || value === undefined ? '' : String(value);
}

/** Which parts of an upstream a check needs; the others are not read. */
export interface UpstreamNeeds {
  tables: boolean;
  binlog: boolean;
}

/** What decides about the tables of an upstream. */
export interface TableRules {
  /** What is replicated; absent when nothing is. */
  filter?: TableFilter;
  /** What is copied; absent when nothing is. */
  copied?: TableFilter;
  /** Databases are made only when a table of theirs is copied. */
  onlyFilled: boolean;
  online: OnlineTables;
  routed: RoutedNames;
}

/**
 * Reads everything about an upstream that the checks judge.
 *
 * @throws DmError 10003, 10005
 */
export async function readUpstream(
  connection: DbConnection,
  config: SubtaskConfig,
  rules: TableRules,
  needs: UpstreamNeeds,
): Promise<UpstreamFacts> {
  const facts: UpstreamFacts = {
    ...(await serverFacts(connection, 'upstream')),
    tables: [],
    schemas: [],
    copiedSchemas: [],
    ghosts: [],
    routed: rules.routed,
    binlogDatabases: { only: '', except: '' },
  };
  if (needs.tables) Object.assign(facts, await readTables(connection, rules));
  if (needs.binlog && facts.info.logBin) await readBinlog(connection, config, facts);
  const { timezone, dump } = config;
  if (timezone !== '' && dump.where !== undefined) facts.knowsTimezone = await knowsTimezone(connection, timezone);
  return facts;
}

/** Without the privilege the lists stay unknown: the lack itself is another check's finding. */
async function readBinlog(connection: DbConnection, config: SubtaskConfig, facts: UpstreamFacts): Promise<void> {
  try {
    facts.binlogFiles = (await binlogFiles(connection)).map((file) => file.name);
    if (config.enableGtid) facts.purgedGtids = (await purgedGtidSet(connection, facts.info.flavor)).toString();
    const [status] = await statusRows(connection, facts.info.flavor);
    facts.binlogDatabases = { only: text(status, 'Binlog_Do_DB'), except: text(status, 'Binlog_Ignore_DB') };
  } catch (error) {
    if (![1227, 1044, 1045, 1142].includes(serverErrno(error) ?? 0)) throw error;
  }
}

async function statusRows(connection: DbConnection, flavor: string): Promise<Row[]> {
  try {
    return await queryRows(
      connection,
      'upstream',
      flavor === 'mysql' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS',
    );
  } catch (error) {
    if (serverErrno(error) !== 1064) throw error;
    return queryRows(connection, 'upstream', 'SHOW MASTER STATUS');
  }
}

const SYSTEM = "('mysql', 'information_schema', 'performance_schema', 'sys')";

async function readTables(
  connection: DbConnection,
  { filter, copied, onlyFilled, online, routed }: TableRules,
): Promise<Pick<UpstreamFacts, 'tables' | 'schemas' | 'copiedSchemas' | 'ghosts'>> {
  const ghosts: UpstreamFacts['ghosts'] = [];
  const all = (await queryRows(connection, 'upstream', 'SHOW DATABASES')).map((row) => String(Object.values(row)[0]));
  const schemas = all.filter((schema) => [filter, copied].some((one) => one?.matchesSchema(schema) === true));
  const tables = new Map<string, TableFacts>();
  const list = await queryRows(
    connection,
    'upstream',
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, ENGINE AS e, TABLE_COLLATION AS c FROM information_schema.TABLES
     WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA NOT IN ${SYSTEM}
     ORDER BY CAST(TABLE_SCHEMA AS BINARY), CAST(TABLE_NAME AS BINARY)`,
  );
  for (const row of list) {
    const [schema, name] = [text(row, 's'), text(row, 't')];
    const { kind, origin } = online.classify(name);
    const replicated = filter?.matchesTable(schema, kind === 'real' ? name : origin) ?? false;
    if (kind === 'ghost' && replicated) ghosts.push({ schema, name });
    const isCopied = copied?.matchesTable(schema, name) ?? false;
    if (kind !== 'real' || (!replicated && !isCopied)) continue;
    const collation = text(row, 'c');
    tables.set(tableKey(schema, name), {
      schema,
      name,
      copied: isCopied,
      replicated,
      target: routed.target(schema, name),
      engine: text(row, 'e'),
      hasKey: false,
      hasWholeKey: false,
      foreignKeys: [],
      cascades: [],
      collations: collation === '' ? [] : [collation],
    });
  }
  if (tables.size > 0) await describeTables(connection, tables);
  for (const schema of schemas) routed.targetSchema(schema);
  const filled = new Set([...tables.values()].flatMap((table) => (table.copied ? [table.schema] : [])));
  const copiedSchemas = all.filter((schema) =>
    onlyFilled ? filled.has(schema) : copied?.matchesSchema(schema) === true,
  );
  return { schemas, copiedSchemas, ghosts, tables: [...tables.values()] };
}

async function describeTables(connection: DbConnection, tables: Map<string, TableFacts>): Promise<void> {
  const find = (row: Row): TableFacts | undefined => tables.get(tableKey(text(row, 's'), text(row, 't')));
  const keys = await queryRows(
    connection,
    'upstream',
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t, MAX(NULLABLE = 'YES') AS n FROM information_schema.STATISTICS
     WHERE NON_UNIQUE = 0 AND TABLE_SCHEMA NOT IN ${SYSTEM} GROUP BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME`,
  );
  for (const row of keys) {
    const table = find(row);
    if (table === undefined) continue;
    table.hasKey = true;
    table.hasWholeKey ||= Number(row['n']) === 0;
  }
  const references = await queryRows(
    connection,
    'upstream',
    `SELECT CONSTRAINT_SCHEMA AS s, TABLE_NAME AS t, CONSTRAINT_NAME AS n, UPDATE_RULE AS u, DELETE_RULE AS d
     FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA NOT IN ${SYSTEM}`,
  );
  for (const row of references) {
    const table = find(row);
    table?.foreignKeys.push(text(row, 'n'));
    const acts = ['u', 'd'].some((rule) => /^(CASCADE|SET NULL|SET DEFAULT)$/i.test(text(row, rule)));
    if (acts) table?.cascades.push(text(row, 'n'));
  }
  const collations = await queryRows(
    connection,
    'upstream',
    `SELECT DISTINCT TABLE_SCHEMA AS s, TABLE_NAME AS t, COLLATION_NAME AS c FROM information_schema.COLUMNS
     WHERE COLLATION_NAME IS NOT NULL AND TABLE_SCHEMA NOT IN ${SYSTEM}`,
  );
  for (const row of collations) {
    const table = find(row);
    if (table !== undefined && !table.collations.includes(text(row, 'c'))) table.collations.push(text(row, 'c'));
  }
}

function tableKey(schema: string, table: string): string {
  return `${schema}\u0000${table}`;
}

/**
 * Reads everything about the downstream that the checks judge.
 *
 * @throws DmError 10003, 10005
 */
export async function readDownstream(connection: DbConnection): Promise<DownstreamFacts> {
  const facts = await serverFacts(connection, 'downstream');
  const tables = await queryRows(
    connection,
    'downstream',
    `SELECT TABLE_SCHEMA AS s, TABLE_NAME AS t FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN ${SYSTEM}`,
  );
  const schemas = await queryRows(connection, 'downstream', 'SHOW DATABASES');
  const collations = await queryRows(connection, 'downstream', 'SHOW COLLATION');
  return {
    ...facts,
    schemas: new Set(schemas.map((row) => String(Object.values(row)[0]).toLowerCase())),
    tables: new Set(tables.map((row) => `${text(row, 's')}.${text(row, 't')}`.toLowerCase())),
    // MariaDB lists its newer collations without their charset; both spellings count.
    collations: new Set(
      collations.flatMap((row) => {
        const name = text(row, 'Collation').toLowerCase();
        return name.startsWith('uca1400') ? [name, `utf8mb4_${name}`, `utf8mb3_${name}`] : [name];
      }),
    ),
  };
}

/** Whether the downstream has the table already that a table goes into. */
export function isThere({ target }: TableFacts, down: DownstreamFacts): boolean {
  return down.tables.has(`${target.schema}.${target.table}`.toLowerCase());
}

/** Most tables that are looked into. */
const MOST_LOOKED_INTO = 200;

/**
 * Those of the tables that hold rows downstream already.
 *
 * @throws DmError 10003
 */
export async function filledTargets(
  connection: DbConnection,
  tables: readonly TableFacts[],
  down: DownstreamFacts,
): Promise<TableFacts[]> {
  const filled: TableFacts[] = [];
  const existing = tables.filter((table) => isThere(table, down));
  for (const table of existing.slice(0, MOST_LOOKED_INTO)) {
    try {
      const sql = `SELECT 1 FROM ${quoteTable(table.target.schema, table.target.table)} LIMIT 1`;
      if ((await queryRows(connection, 'downstream', sql)).length > 0) filled.push(table);
    } catch (error) {
      // A table that may not be read, or has gone meanwhile: other checks tell of privileges.
      if (serverErrno(error) === undefined) throw error;
    }
  }
  return filled;
}

async function knowsTimezone(connection: DbConnection, timezone: string): Promise<boolean> {
  const sql = `SELECT CONVERT_TZ('2000-01-01 00:00:00', '+00:00', ${quoteString(timezone)}) AS z`;
  const [row] = await queryRows(connection, 'upstream', sql);
  return row.z !== null;
}
