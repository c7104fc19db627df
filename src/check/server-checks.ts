import type { DumpConsistency, Flavor, SubtaskConfig } from '../config/types.js';
import { quoteIdent, quoteTable } from '../mysql/quote.js';
import { versionAtLeast } from '../mysql/server-info.js';
import { parseGtidSet, type GtidSet } from '../mysql/gtid-set.js';
import type { ServerFacts, UpstreamFacts } from './facts.js';
import type { CheckFinding } from './report.js';

/** What a rule found about a server, with its advice. */
export interface Judgement {
  findings: CheckFinding[];
  instruction?: string;
}

const GOOD: Judgement = { findings: [] };

function fails(short_error: string, instruction: string): Judgement {
  return { findings: [{ severity: 'fail', short_error }], instruction };
}

function warns(short_error: string, instruction: string): Judgement {
  return { findings: [{ severity: 'warn', short_error }], instruction };
}

type Info = Pick<ServerFacts, 'info'>;

/** MySQL from 5.6.0, MariaDB from 10.1.2. */
export function judgeVersion({ info }: Info): Judgement {
  const least: [number, number, number] = info.flavor === 'mariadb' ? [10, 1, 2] : [5, 6, 0];
  if (versionAtLeast(info, ...least)) return GOOD;
  const got = info.versionNumber.join('.');
  return fails(`version required at least ${least.join('.')} but got ${got}`, 'Please upgrade your database system');
}

export function judgeServerId({ info }: Info): Judgement {
  if (info.serverId > 0) return GOOD;
  return fails('server_id is 0', 'please set server_id greater than 0');
}

export function judgeBinlogEnabled({ info }: Info): Judgement {
  if (info.logBin) return GOOD;
  return fails(
    'log_bin is OFF, and should be ON',
    'please start the upstream with `log_bin` set and a `server_id` greater than 0',
  );
}

export function judgeBinlogFormat({ info }: Info): Judgement {
  // Without a binlog its format means nothing; that finding stands on its own.
  if (info.binlogFormat === 'ROW' || !info.logBin) return GOOD;
  return fails(
    `binlog_format is ${info.binlogFormat}, and should be ROW`,
    "please execute 'set global binlog_format=ROW;' and restart the connections of your applications",
  );
}

export function judgeRowImage({ info }: Info): Judgement {
  // Old servers have no such variable: they always log full rows.
  if (info.binlogRowImage === 'FULL' || info.binlogRowImage === '' || !info.logBin) return GOOD;
  // MariaDB 11 can log full rows without the values that did not change twice; nothing is missing then.
  if (info.binlogRowImage === 'FULL_NODUP') {
    return warns(
      'binlog_row_image is FULL_NODUP, and should be FULL',
      "please execute 'set global binlog_row_image = FULL;'",
    );
  }
  return fails(
    `binlog_row_image is ${info.binlogRowImage}, and should be FULL`,
    "please execute 'set global binlog_row_image = FULL;' and restart the connections of your applications",
  );
}

export function judgeRowValueOptions({ info }: Info): Judgement {
  if (info.binlogRowValueOptions === '' || !info.logBin) return GOOD;
  return warns(
    `binlog_row_value_options is ${info.binlogRowValueOptions}: replication needs the document of before with each change`,
    'please keep binlog_row_image = FULL, or execute \'set global binlog_row_value_options = "";\'',
  );
}

export function judgeGtidMode({ info }: Info, enableGtid: boolean): Judgement {
  if (!enableGtid || info.flavor === 'mariadb' || info.gtidMode === 'ON') return GOOD;
  return fails(
    `the source has \`enable-gtid: true\`, but GTID_MODE is ${info.gtidMode === '' ? 'OFF' : info.gtidMode} instead of ON`,
    'please turn GTID on in the upstream, or set `enable-gtid: false` in the source file',
  );
}

/** RELOAD and SELECT, or what the wanted consistency needs instead of RELOAD. */
export function judgeDumpPrivileges(facts: UpstreamFacts, consistency: DumpConsistency): Judgement {
  const { privileges } = facts;
  const lacking: string[] = [];
  const canFlush = privileges.globally('RELOAD');
  const copied = facts.tables.filter((table) => table.copied);
  const locked = new Set([...facts.copiedSchemas, ...copied.map((table) => table.schema)]);
  const canLock =
    privileges.globally('LOCK TABLES') || [...locked].every((schema) => privileges.onSchema('LOCK TABLES', schema));
  if (consistency === 'lock' && !canLock) lacking.push('LOCK TABLES');
  const fallsBack = consistency === 'auto' && !canFlush && canLock && !privileges.empty;
  if ((consistency === 'flush' || consistency === 'auto') && !canFlush && !fallsBack) lacking.push('RELOAD');
  if (!privileges.anywhere('SELECT')) lacking.push('SELECT');
  if (lacking.length > 0) return lack(lacking, facts);
  const unreadable = copied.filter((table) => !privileges.onTable('SELECT', table.schema, table.name));
  if (unreadable.length > 0) {
    return {
      findings: unreadable.map((table) => ({
        severity: 'fail',
        short_error: `lack of SELECT privilege on table ${quoteTable(table.schema, table.name)}`,
      })),
      instruction: `GRANT SELECT ON the databases to migrate TO ${account(facts)};`,
    };
  }
  if (!fallsBack) return GOOD;
  return warns(
    'lack of RELOAD privilege: the tables are locked one database after another instead',
    `GRANT RELOAD ON *.* TO ${account(facts)};`,
  );
}

export function judgeReplicationPrivileges(facts: ServerFacts): Judgement {
  const lacking = ['REPLICATION SLAVE', 'REPLICATION CLIENT'].filter((name) => !facts.privileges.globally(name));
  return lacking.length === 0 ? GOOD : lack(lacking, facts);
}

function lack(lacking: string[], facts: ServerFacts): Judgement {
  const list = lacking.join(', ');
  return fails(`lack of ${list} privilege`, `GRANT ${list} ON *.* TO ${account(facts)};`);
}

function account({ account: { user, host } }: ServerFacts): string {
  return `'${user.replaceAll("'", "''")}'@'${host.replaceAll("'", "''")}'`;
}

/** Where replication is to start: the position of a checkpoint, or of the task file. */
export interface StartPoint {
  /** For people. */
  origin: string;
  binlogName?: string;
  binlogGtid?: string;
}

/** Whether the upstream still has what comes after the start point. */
export function judgeStartPosition(
  facts: UpstreamFacts,
  start: StartPoint | undefined,
  enableGtid: boolean,
): Judgement {
  if (start === undefined || !facts.info.logBin) return GOOD;
  const advice =
    'please start the task anew with a full copy (`task-mode: all`, `start-task --remove-meta`), or from a position that the upstream still has';
  if (enableGtid && start.binlogGtid !== undefined && start.binlogGtid !== '' && facts.purgedGtids !== undefined) {
    const set = parseSet(start.binlogGtid, facts.info.flavor);
    if (set === undefined)
      return fails(`the GTID set ${start.binlogGtid} of ${start.origin} is not valid`, 'please correct it');
    const purged = parseSet(facts.purgedGtids, facts.info.flavor);
    if (purged !== undefined && !set.contains(purged)) {
      const text = `the upstream has purged transactions that ${start.origin} has not seen: it no longer has ${facts.purgedGtids}`;
      return fails(text, advice);
    }
    return GOOD;
  }
  if (start.binlogName === undefined || start.binlogName === '' || facts.binlogFiles === undefined) return GOOD;
  if (facts.binlogFiles.includes(start.binlogName)) return GOOD;
  const kept = facts.binlogFiles.length === 0 ? 'none' : `${facts.binlogFiles[0]} to ${facts.binlogFiles.at(-1)}`;
  return fails(
    `the upstream has no binlog file ${start.binlogName}, which ${start.origin} names; it has ${kept}`,
    advice,
  );
}

function parseSet(text: string, flavor: Flavor): GtidSet | undefined {
  try {
    return parseGtidSet(flavor, text);
  } catch {
    return undefined;
  }
}

const SHORT_RETENTION_S = 3600;

export function judgeRetention(facts: ServerFacts): Judgement {
  const seconds = Number(facts.variables.get('binlog_expire_logs_seconds') ?? 0);
  if (seconds === 0 || seconds >= SHORT_RETENTION_S || !facts.info.logBin) return GOOD;
  return warns(
    `the upstream keeps its binlog for ${seconds} seconds only`,
    'please raise binlog_expire_logs_seconds: a task that is paused for longer, or a full copy that takes longer, cannot go on',
  );
}

export function judgeBinlogDatabases(facts: UpstreamFacts): Judgement {
  const { only, except } = facts.binlogDatabases;
  if (only !== '')
    return warns(`the upstream logs changes of ${only} only`, 'please check binlog-do-db of the upstream');
  if (except !== '')
    return warns(`the upstream does not log changes of ${except}`, 'please check binlog-ignore-db of the upstream');
  return GOOD;
}

/** Two sides that are one server would replicate into themselves for ever. */
export function judgeSameServer(up: ServerFacts, down: ServerFacts): Judgement {
  if (up.identity !== down.identity || up.info.isTiDB !== down.info.isTiDB) return GOOD;
  return fails(
    'the upstream and the downstream are the same server',
    'please check `target-database` and the address of the source',
  );
}

const ALWAYS_NEEDED = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE'];
const NEEDED_BY_DDL = ['ALTER', 'DROP', 'INDEX'];

/** The privileges that writing needs, on the databases of the task and on its meta schema. */
export function judgeTargetPrivileges(down: ServerFacts, schemas: readonly string[], withSync: boolean): Judgement {
  const missingOn = (names: readonly string[], schema: string): string[] =>
    names.filter((name) => !down.privileges.onSchema(name, schema));
  const findings: CheckFinding[] = [];
  for (const schema of new Set(schemas)) {
    const lacking = missingOn(ALWAYS_NEEDED, schema);
    if (lacking.length > 0) {
      findings.push({
        severity: 'fail',
        short_error: `lack of ${lacking.join(', ')} privilege on ${quoteIdent(schema)}.*`,
      });
    }
    const weak = withSync ? missingOn(NEEDED_BY_DDL, schema) : [];
    if (weak.length > 0) {
      const text = `lack of ${weak.join(', ')} privilege on ${quoteIdent(schema)}.*: such changes of tables will stop the task`;
      findings.push({ severity: 'warn', short_error: text });
    }
  }
  if (findings.length === 0) return GOOD;
  const all = [...ALWAYS_NEEDED, ...NEEDED_BY_DDL].join(',');
  return { findings, instruction: `GRANT ${all} ON the databases named TO ${account(down)};` };
}

const MAY_WRITE_ANYWAY = ['SUPER', 'CONNECTION_ADMIN', 'READ_ONLY ADMIN'];

export function judgeReadOnly(down: ServerFacts): Judgement {
  const isOn = (name: string): boolean => /^(ON|1)$/i.test(down.variables.get(name) ?? '');
  const advice = 'please point `target-database` at a server that takes writes';
  if (isOn('super_read_only')) return fails('super_read_only is ON in the downstream', advice);
  if (isOn('read_only') && !MAY_WRITE_ANYWAY.some((name) => down.privileges.globally(name))) {
    return fails('read_only is ON in the downstream', advice);
  }
  return GOOD;
}

/** Sessions run in UTC everywhere; only `where` of the dump is evaluated in the task's time zone, by the upstream. */
export function judgeTimezone({ knowsTimezone }: UpstreamFacts, timezone: string): Judgement {
  if (knowsTimezone !== false) return GOOD;
  return fails(
    `the upstream does not know the time zone ${timezone}`,
    'please load the time zone tables into the upstream, or write `timezone` as an offset such as "+08:00"',
  );
}

export function judgePacket(up: ServerFacts, down: ServerFacts, config: SubtaskConfig): Judgement {
  const limit = Math.min(down.info.maxAllowedPacket, config.to.maxAllowedPacket ?? Infinity);
  if (!(limit < up.info.maxAllowedPacket)) return GOOD;
  return warns(
    `max_allowed_packet is ${up.info.maxAllowedPacket} upstream and ${limit} downstream: larger rows cannot be written`,
    'please raise max_allowed_packet of the downstream if rows may be that large',
  );
}

export function judgeNameCase(up: ServerFacts, down: ServerFacts): Judgement {
  const [ours, theirs] = [up.info.lowerCaseTableNames, down.info.lowerCaseTableNames];
  if (ours === 2 && theirs === 0) {
    return warns(
      'lower_case_table_names is 2 upstream and 0 downstream: rows and statements are replicated under names in lower case, while the full copy makes tables as they are spelled upstream',
      'please use lower-case names upstream, or a downstream with lower_case_table_names other than 0',
    );
  }
  if (ours === theirs || ours !== 0) return GOOD;
  return warns(
    `lower_case_table_names is ${ours} upstream and ${theirs} downstream: names that differ only by case become one there`,
    'please make sure that no two tables differ only by the case of their names',
  );
}
