import { readDatabase, type FileEnvironment } from './database.js';
import { eventFilterRule } from './feature-rules.js';
import { parseGoDuration } from './go-duration.js';
import { sourceFileSchema, type SourceFile } from './source-schema.js';
import { checkEventFilter } from './rule-checks.js';
import { requireKey } from './task-rules.js';
import type { CheckerConfig, Flavor, SourceConfig } from './types.js';
import { readYaml, type ConfigDocument } from './yaml-reader.js';

/** DM's answer to `enable-relay: true`. */
export const ENABLE_RELAY_DEPRECATED =
  'Please use `start-relay` to specify which workers should pull relay log of relay-enabled sources.';

/** A source file that was read and found valid; what only the server knows may still be open. */
export interface SourceDefinition {
  /** `flavor` and `serverId` are absent when the file leaves them to be found out. */
  config: Omit<SourceConfig, 'flavor' | 'serverId'> & { flavor?: Flavor; serverId?: number };
  /** Remarks on keys that have no effect. */
  warnings: string[];
  /** The file's text, secrets included. */
  text: string;
}

const MAX_SOURCE_ID = 32;

/**
 * Reads a source file and judges everything that can be judged without the server.
 *
 * @param file name for messages
 * @throws DmError 20003, 20005, 20006, 20010, 20018, 20037, 20043, 11010, 11103, 11112; the message names file, line, column and key
 */
export function readSourceFile(text: string, file: string, env: FileEnvironment = {}): SourceDefinition {
  const doc = readYaml(text, file, sourceFileSchema);
  const source = doc.value;
  const sourceId = source['source-id'] ?? '';
  if (sourceId === '') throw doc.errorAt(['source-id'], 20005);
  if (Array.from(sourceId).length > MAX_SOURCE_ID) throw doc.errorAt(['source-id'], 20006);
  const flavor = readFlavor(doc);
  for (const key of ['host', 'port', 'user'] as const) requireKey(doc, ['from', key], source.from?.[key]);
  refuseWithoutEffect(doc);
  const serverId = source['server-id'];
  const caseSensitive = source['case-sensitive'] ?? false;
  (source.filters ?? []).forEach((rule, index) => checkEventFilter(doc, rule, ['filters', index]));
  const filters = (source.filters ?? []).map((rule, index) =>
    eventFilterRule(`filters[${index}]`, rule, caseSensitive),
  );
  return {
    config: {
      sourceId,
      enableGtid: source['enable-gtid'] ?? false,
      ...(flavor === undefined ? {} : { flavor }),
      ...(serverId === undefined ? {} : { serverId, serverIdGiven: true }),
      from: readDatabase(doc, ['from'], source.from ?? {}, env),
      caseSensitive,
      ...(filters.length === 0 ? {} : { filters }),
      checker: readChecker(doc),
    },
    warnings: relayWarnings(source),
    text,
  };
}

function readFlavor(doc: ConfigDocument<SourceFile>): Flavor | undefined {
  const flavor = doc.value.flavor ?? '';
  if (flavor === '') return undefined;
  if (flavor !== 'mysql' && flavor !== 'mariadb') throw doc.errorAt(['flavor'], 11010, [flavor]);
  return flavor;
}

function refuseWithoutEffect(doc: ConfigDocument<SourceFile>): void {
  if (doc.value['enable-relay'] === true) {
    const why = 'Relay logs are not available in this version: set `enable-relay: false`.';
    throw doc.errorAt(['enable-relay'], 20003, [ENABLE_RELAY_DEPRECATED], { workaround: why });
  }
}

const RELAY_KEYS = ['relay-binlog-name', 'relay-binlog-gtid', 'relay-dir', 'purge'] as const;

function relayWarnings(source: SourceFile): string[] {
  return RELAY_KEYS.filter((key) => source[key] !== undefined && source[key] !== '').map(
    (key) => `\`${key}\` has no effect while the source keeps no relay log`,
  );
}

type DurationKey = 'backoff-rollback' | 'backoff-max' | 'backoff-min' | 'check-interval';

function readChecker(doc: ConfigDocument<SourceFile>): CheckerConfig {
  const checker = doc.value.checker ?? {};
  const duration = (key: DurationKey, fallback: number, least: number): number => {
    const value = checker[key] ?? '';
    if (value === '') return fallback;
    const ms = parseGoDuration(value);
    if (ms === undefined || ms < least) throw doc.errorAt(['checker', key], 11103, [key, value]);
    return ms;
  };
  const backoffMaxMs = duration('backoff-max', 300_000, 1000);
  const backoffMinMs = duration('backoff-min', 1000, 1);
  const backoffFactor = checker['backoff-factor'] ?? 2;
  if (backoffMaxMs < backoffMinMs) {
    const values = [checker['backoff-max'] ?? '5m0s', checker['backoff-min'] ?? '1s'];
    throw doc.errorAt(['checker', doc.has(['checker', 'backoff-max']) ? 'backoff-max' : 'backoff-min'], 20043, values);
  }
  if (!(backoffFactor > 1)) throw doc.errorAt(['checker', 'backoff-factor'], 11103, ['backoff-factor', backoffFactor]);
  return {
    checkEnable: checker['check-enable'] ?? true,
    backoffRollbackMs: duration('backoff-rollback', 300_000, 1),
    backoffMaxMs,
    backoffMinMs,
    backoffFactor,
    backoffJitter: checker['backoff-jitter'] ?? true,
    checkIntervalMs: duration('check-interval', 5000, 1),
  };
}

/** What `operate-source create --print-sample-config` prints. */
export const SAMPLE_SOURCE_FILE = `# Name of the source: 1 to 32 characters, different from all others.
source-id: "mysql-replica-01"

# Follow the binlog by GTID. The upstream must have GTID on.
enable-gtid: false

from:
  host: "127.0.0.1"
  port: 3306
  user: "root"
  # Plain, or better the output of \`dmctl encrypt\`.
  password: ""
  # security:
  #   ssl-ca: "/path/to/ca.pem"
  #   ssl-cert: "/path/to/cert.pem"
  #   ssl-key: "/path/to/key.pem"

# Automatic resume after errors that may pass.
# checker:
#   check-enable: true
#   backoff-rollback: 5m0s
#   backoff-max: 5m0s

# Whether names and patterns are matched with regard to case.
# case-sensitive: false
`;
