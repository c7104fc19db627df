import type { Connection } from 'mysql2/promise';
import type { Flavor } from '../config/types.js';
import { builtInDefaultCollation, canonicalCharset, canonicalCollation } from './charsets.js';

/** What decides how a server reads a DDL: without it a CREATE TABLE has no single meaning. Plain data, JSON-safe. */
export interface ServerProfile {
  flavor: Flavor;
  /** As `SELECT VERSION()` prints it. */
  version: string;
  /** `major * 10000 + minor * 100 + patch`, e.g. 80036. */
  versionNumber: number;
  /** Charset and collation of databases that name none. */
  charset: string;
  collation: string;
  /** Upper-case names of the modes in force. */
  sqlMode: string[];
  explicitDefaultsForTimestamp: boolean;
  /** 0: names differ by case; 1, 2: they do not. */
  lowerCaseTableNames: 0 | 1 | 2;
  /** Default collation of a charset where it is not the compiled-in one (`default_collation_for_utf8mb4`...). */
  defaultCollations: Record<string, string>;
}

/** `8.0.36-debug` -> 80036, `5.5.5-10.11.6-MariaDB` -> 101106. */
export function versionNumberOf(version: string): number {
  const text = /^5\.5\.5-\d+\./.test(version) ? version.slice('5.5.5-'.length) : version;
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  if (match === null) return 0;
  return Number(match[1]) * 10000 + Number(match[2]) * 100 + Number(match[3] ?? 0);
}

/** Flavor as a version text tells it. */
export function flavorOf(version: string): Flavor {
  return /mariadb/i.test(version) ? 'mariadb' : 'mysql';
}

/** The profile of a server with nothing configured: what we go by when no server can be asked. */
export function defaultProfile(flavor: Flavor, version: string): ServerProfile {
  const versionNumber = versionNumberOf(version);
  const mysql = flavor === 'mysql';
  const charset = mysql && versionNumber < 80001 ? 'latin1' : 'utf8mb4';
  return {
    flavor,
    version,
    versionNumber,
    charset,
    collation: builtInDefaultCollation(charset, flavor, versionNumber),
    sqlMode: ['STRICT_TRANS_TABLES', 'NO_ENGINE_SUBSTITUTION'],
    explicitDefaultsForTimestamp: mysql ? versionNumber >= 80002 : versionNumber >= 101000,
    lowerCaseTableNames: 0,
    defaultCollations: {},
  };
}

/** Whether the server is TiDB, which speaks as MySQL 8.0.11 and has not all of its information_schema. */
export function isTidb(profile: ServerProfile): boolean {
  return /tidb/i.test(profile.version);
}

/** Collation of columns that name the charset alone. */
export function defaultCollationOf(profile: ServerProfile, charset: string): string {
  return profile.defaultCollations[charset] ?? builtInDefaultCollation(charset, profile.flavor, profile.versionNumber);
}

/** Whether the sql_mode (upper case) is in force. */
export function hasMode(profile: ServerProfile, mode: string): boolean {
  return profile.sqlMode.includes(mode);
}

const VARIABLES = [
  'version',
  'character_set_server',
  'collation_server',
  'sql_mode',
  'explicit_defaults_for_timestamp',
  'lower_case_table_names',
  'default_collation_for_utf8mb4',
  'character_set_collations',
];

/**
 * Reads the profile of a server: its global variables, as replicated sessions start with them. Needs no privilege.
 * @throws the driver's error when the server cannot be asked
 */
export async function loadServerProfile(connection: Connection): Promise<ServerProfile> {
  const [rows] = await connection.query(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${VARIABLES.map((name) => `'${name}'`).join(', ')})`,
  );
  const values = new Map<string, string>();
  for (const row of rows as { Variable_name: string; Value: string }[]) {
    values.set(row.Variable_name.toLowerCase(), row.Value);
  }
  const version = values.get('version') ?? '';
  const profile = defaultProfile(flavorOf(version), version);
  profile.charset = canonicalCharset(values.get('character_set_server') ?? profile.charset);
  profile.collation = canonicalCollation(values.get('collation_server') ?? profile.collation);
  profile.sqlMode = splitList(values.get('sql_mode') ?? '').map((mode) => mode.toUpperCase());
  const explicit = values.get('explicit_defaults_for_timestamp');
  profile.explicitDefaultsForTimestamp = explicit === undefined ? false : isOn(explicit);
  profile.lowerCaseTableNames = caseModeOf(values.get('lower_case_table_names'));
  profile.defaultCollations = defaultCollationsOf(values);
  return profile;
}

/** MySQL's one variable for utf8mb4, and MariaDB's list (`utf8mb4=utf8mb4_uca1400_ai_ci,...`, 11.2 and later). */
function defaultCollationsOf(values: ReadonlyMap<string, string>): Record<string, string> {
  const result: Record<string, string> = {};
  const utf8mb4 = values.get('default_collation_for_utf8mb4');
  if (utf8mb4 !== undefined && utf8mb4 !== '') result['utf8mb4'] = canonicalCollation(utf8mb4);
  for (const pair of splitList(values.get('character_set_collations') ?? '')) {
    const [charset, collation] = pair.split('=');
    if (charset === undefined || collation === undefined) continue;
    const name = canonicalCharset(charset.trim());
    const full = canonicalCollation(collation.trim());
    result[name] = full.startsWith('uca1400') ? `${name}_${full}` : full;
  }
  return result;
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function isOn(value: string): boolean {
  return value === '1' || value.toUpperCase() === 'ON';
}

function caseModeOf(value: string | undefined): 0 | 1 | 2 {
  if (value === '1') return 1;
  return value === '2' ? 2 : 0;
}
