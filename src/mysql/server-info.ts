import type { Flavor } from '../config/types.js';
import { dmError } from '../errors/dm-error.js';
import type { BinlogLocation } from '../sync/events.js';
import { queryRows, type DbConnection, type DbRole, type Row } from './connect.js';
import { serverErrno } from './errors.js';
import { MariadbGtidSet, MysqlGtidSet, type GtidSet } from './gtid-set.js';
import { quoteString } from './quote.js';

/** What we need to know of a server. Variables that a server does not have are empty text. */
export interface ServerInfo {
  flavor: Flavor;
  isTiDB: boolean;
  /** As `SELECT VERSION()` says it. */
  version: string;
  /** Major, minor and patch number; of TiDB its own, not the MySQL version it imitates. */
  versionNumber: readonly [number, number, number];
  serverId: number;
  /** MySQL only. */
  serverUuid: string;
  sqlMode: string;
  timeZone: string;
  systemTimeZone: string;
  lowerCaseTableNames: number;
  charset: string;
  collation: string;
  /** Bytes. */
  maxAllowedPacket: number;
  logBin: boolean;
  binlogFormat: string;
  binlogRowImage: string;
  binlogRowMetadata: string;
  binlogRowValueOptions: string;
  binlogChecksum: string;
  /** `ON`, `OFF`, `ON_PERMISSIVE`... of MySQL; MariaDB has GTIDs always and no such variable. */
  gtidMode: string;
}

const VARIABLES = [
  'server_id',
  'server_uuid',
  'sql_mode',
  'time_zone',
  'system_time_zone',
  'lower_case_table_names',
  'character_set_server',
  'collation_server',
  'max_allowed_packet',
  'log_bin',
  'binlog_format',
  'binlog_row_image',
  'binlog_row_metadata',
  'binlog_row_value_options',
  'binlog_checksum',
  'gtid_mode',
] as const;

/**
 * Asks a server what it is and how it is set up.
 * @throws DmError 10003, 10005
 */
export async function detectServer(connection: DbConnection, role: DbRole): Promise<ServerInfo> {
  const [versionRow] = await queryRows(connection, role, 'SELECT VERSION() AS version');
  const version = String(versionRow?.['version'] ?? '');
  const names = VARIABLES.map((name) => quoteString(name)).join(', ');
  const rows = await queryRows(connection, role, `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names})`);
  const values = new Map(rows.map((row) => [String(row['Variable_name']).toLowerCase(), String(row['Value'])]));
  const value = (name: (typeof VARIABLES)[number]): string => values.get(name) ?? '';
  return {
    ...parseVersion(version),
    version,
    serverId: Number(value('server_id')),
    serverUuid: value('server_uuid'),
    sqlMode: value('sql_mode'),
    timeZone: value('time_zone'),
    systemTimeZone: value('system_time_zone'),
    lowerCaseTableNames: Number(value('lower_case_table_names')),
    charset: value('character_set_server'),
    collation: value('collation_server'),
    maxAllowedPacket: Number(value('max_allowed_packet')),
    logBin: ['ON', '1'].includes(value('log_bin').toUpperCase()),
    binlogFormat: value('binlog_format').toUpperCase(),
    binlogRowImage: value('binlog_row_image').toUpperCase(),
    binlogRowMetadata: value('binlog_row_metadata').toUpperCase(),
    binlogRowValueOptions: value('binlog_row_value_options').toUpperCase(),
    binlogChecksum: value('binlog_checksum').toUpperCase(),
    gtidMode: value('gtid_mode').toUpperCase(),
  };
}

/** Reads a server's version text, e.g. `9.7.4`, `10.11.6-MariaDB-log`, `8.0.11-TiDB-v7.5.0`. */
export function parseVersion(version: string): Pick<ServerInfo, 'flavor' | 'isTiDB' | 'versionNumber'> {
  const tidb = /-TiDB-v?(\d+\.\d+\.\d+)/i.exec(version);
  // Old MariaDB servers put 5.5.5- before their own version for the sake of old replicas.
  const text = tidb?.[1] ?? version.replace(/^5\.5\.5-(?=\d+\.\d+\.\d+-MariaDB)/i, '');
  const numbers = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return {
    flavor: /mariadb/i.test(version) ? 'mariadb' : 'mysql',
    isTiDB: tidb !== null,
    versionNumber: [Number(numbers?.[1] ?? 0), Number(numbers?.[2] ?? 0), Number(numbers?.[3] ?? 0)],
  };
}

/** Whether a version is at least `major.minor.patch`. */
export function versionAtLeast(info: Pick<ServerInfo, 'versionNumber'>, ...wanted: [number, number, number]): boolean {
  for (let index = 0; index < wanted.length; index++) {
    const own = info.versionNumber[index] ?? 0;
    const other = wanted[index] ?? 0;
    if (own !== other) return own > other;
  }
  return true;
}

/**
 * Where an upstream's binlog ends now, with the GTID set executed there.
 * @throws DmError 11125 when the server writes no binlog
 */
export async function masterStatus(connection: DbConnection, flavor: Flavor): Promise<BinlogLocation> {
  const rows = await binlogStatusRows(connection, flavor);
  const row = rows[0];
  if (row === undefined) {
    throw dmError(11125, [], { workaround: 'Please enable the binlog of the upstream (log_bin) and restart it.' });
  }
  const name = String(row['File']);
  const pos = Number(row['Position']);
  if (flavor === 'mysql') {
    const executed = (row['Executed_Gtid_Set'] ?? '') as string;
    return { name, pos, gtidSet: MysqlGtidSet.parse(executed).toString() };
  }
  return { name, pos, gtidSet: await mariadbGtidAt(connection, name, pos) };
}

async function binlogStatusRows(connection: DbConnection, flavor: Flavor): Promise<Row[]> {
  if (flavor === 'mariadb') return queryRows(connection, 'upstream', 'SHOW MASTER STATUS');
  try {
    return await queryRows(connection, 'upstream', 'SHOW BINARY LOG STATUS');
  } catch (error) {
    // Servers before 8.2 know only the old words.
    if (serverErrno(error) !== 1064) throw error;
    return queryRows(connection, 'upstream', 'SHOW MASTER STATUS');
  }
}

/** GTID position of MariaDB at a place of its binlog; by the end of the binlog when the server cannot tell. */
async function mariadbGtidAt(connection: DbConnection, name: string, pos: number): Promise<string> {
  const sql = `SELECT BINLOG_GTID_POS(${quoteString(name)}, ${pos}) AS at_place, @@GLOBAL.gtid_binlog_pos AS at_end`;
  const [row] = await queryRows(connection, 'upstream', sql);
  const text = (row?.['at_place'] ?? row?.['at_end'] ?? '') as string;
  return MariadbGtidSet.parse(text).toString();
}

/**
 * Transactions that the upstream's binlog no longer holds: a reader whose set lacks one of them has lost it.
 */
export async function purgedGtidSet(connection: DbConnection, flavor: Flavor): Promise<GtidSet> {
  if (flavor === 'mysql') {
    const [row] = await queryRows(connection, 'upstream', 'SELECT @@GLOBAL.gtid_purged AS purged');
    return MysqlGtidSet.parse(String(row?.['purged'] ?? ''));
  }
  const [first] = await queryRows(connection, 'upstream', 'SHOW BINARY LOGS');
  if (first === undefined) return new MariadbGtidSet();
  const sql = `SELECT BINLOG_GTID_POS(${quoteString(String(first['Log_name']))}, 4) AS purged`;
  const [row] = await queryRows(connection, 'upstream', sql);
  return MariadbGtidSet.parse(String(row?.['purged'] ?? ''));
}

/** Names and sizes of an upstream's binlog files, oldest first. */
export async function binlogFiles(connection: DbConnection): Promise<{ name: string; size: number }[]> {
  const rows = await queryRows(connection, 'upstream', 'SHOW BINARY LOGS');
  return rows.map((row) => ({ name: String(row['Log_name']), size: Number(row['File_size']) }));
}
