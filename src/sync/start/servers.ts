import type { Logger } from '../../log/logger.js';
import type { DbConnection } from '../../mysql/connect.js';
import { queryRows } from '../../mysql/connect.js';
import { detectServer } from '../../mysql/server-info.js';
import { downstreamOf, type Downstream } from '../../schema/downstream-diff.js';
import { loadServerProfile, type ServerProfile } from '../../schema/server-profile.js';
import type { Target } from '../target.js';

/** TiDB from 6.2 takes several changes in one ALTER TABLE (TiDB manual, "ALTER TABLE", compatibility with MySQL). */
const TIDB_TAKES_SEVERAL_CHANGES = 60_200;

/** What a unit knows of its downstream. */
export interface DownstreamInfo {
  target: Target;
  profile: ServerProfile;
  /** Kind and version, by which it is known what it refuses. */
  kind: Downstream;
  /** It takes one change an ALTER TABLE only. */
  splitsAlter: boolean;
  hasDropIndexExistence: boolean;
  hasUtf8mb4Default: boolean;
  /** Names of its collations. */
  collations: ReadonlySet<string>;
}

/** @param limit bytes that a request may have by the configuration */
export async function describeDownstream(
  connection: DbConnection,
  limit = Infinity,
  logger?: Logger,
): Promise<DownstreamInfo> {
  const info = await detectServer(connection, 'downstream');
  const charsets = await names(connection, 'SELECT CHARACTER_SET_NAME AS name FROM information_schema.CHARACTER_SETS');
  const profile = await loadServerProfile(connection);
  const kind = downstreamOf(info.version);
  return {
    target: {
      isTiDB: info.isTiDB,
      charsets,
      maxAllowedPacket: Math.min(info.maxAllowedPacket, limit),
      hasJsonTable: !info.isTiDB && info.flavor === 'mysql' && profile.versionNumber >= 80004,
      onJsonAsText: onceForEach((type) => {
        logger?.warn('values of this type inside JSON documents become text or numbers downstream', { type });
      }),
      foldsNames: profile.lowerCaseTableNames !== 0,
    },
    profile,
    kind,
    splitsAlter: info.isTiDB && kind.version < TIDB_TAKES_SEVERAL_CHANGES,
    hasDropIndexExistence: info.isTiDB || info.flavor === 'mariadb',
    hasUtf8mb4Default: !info.isTiDB && info.flavor === 'mysql' && profile.versionNumber >= 80011,
    collations: await names(connection, 'SELECT COLLATION_NAME AS name FROM information_schema.COLLATIONS'),
  };
}

/** Calls `tell` the first time for each text. */
function onceForEach(tell: (text: string) => void): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    if (told.has(text)) return;
    told.add(text);
    tell(text);
  };
}

async function names(connection: DbConnection, sql: string): Promise<Set<string>> {
  const rows = await queryRows(connection, 'downstream', sql);
  return new Set(rows.map((row) => String(row['name']).toLowerCase()));
}

/** What a unit knows of its upstream. */
export interface UpstreamInfo {
  profile: ServerProfile;
  /** The server's own time zone now, as `+01:00`. */
  offset: string;
}

export async function describeUpstream(connection: DbConnection): Promise<UpstreamInfo> {
  const profile = await loadServerProfile(connection);
  const [row] = await queryRows(
    connection,
    'upstream',
    "SELECT TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@GLOBAL.time_zone)) AS minutes",
  );
  return {
    profile,
    offset: offsetText(Number(row?.['minutes'] ?? 0)),
  };
}

function offsetText(minutes: number): string {
  const sign = minutes < 0 ? '-' : '+';
  const absolute = Math.abs(minutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${sign}${two(Math.floor(absolute / 60))}:${two(absolute % 60)}`;
}

/** Seconds that the upstream's clock is ahead of ours, half of the round trip taken off. */
export async function clockOffset(connection: DbConnection): Promise<number> {
  const before = Date.now();
  const [row] = await queryRows(connection, 'upstream', 'SELECT UNIX_TIMESTAMP(NOW(3)) AS now');
  const after = Date.now();
  return Number(row?.['now'] ?? 0) - (before + after) / 2000;
}
