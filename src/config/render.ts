import { stringify } from 'yaml';

import { formatGoDuration } from './go-duration.js';
import { MASK } from './mask.js';
import type { DatabaseConfig, EventFilterRule, SourceConfig } from './types.js';

/** A complete source configuration as a source file, secrets masked and TLS files left out. */
export function renderSource(config: SourceConfig): string {
  const { checker } = config;
  return stringify(
    {
      'enable-gtid': config.enableGtid,
      flavor: config.flavor,
      'source-id': config.sourceId,
      from: renderDatabase(config.from),
      'server-id': config.serverId,
      'case-sensitive': config.caseSensitive,
      checker: {
        'check-enable': checker.checkEnable,
        'backoff-rollback': formatGoDuration(checker.backoffRollbackMs),
        'backoff-max': formatGoDuration(checker.backoffMaxMs),
        'check-interval': formatGoDuration(checker.checkIntervalMs),
        'backoff-min': formatGoDuration(checker.backoffMinMs),
        'backoff-jitter': checker.backoffJitter,
        'backoff-factor': checker.backoffFactor,
      },
      ...(config.filters === undefined ? {} : { filters: config.filters.map(renderEventFilter) }),
    },
    { lineWidth: 0 },
  );
}

function renderEventFilter(rule: EventFilterRule): Record<string, unknown> {
  return {
    'schema-pattern': rule.schemaPattern,
    ...(rule.tablePattern === undefined ? {} : { 'table-pattern': rule.tablePattern }),
    events: rule.events,
    'sql-pattern': rule.sqlPattern,
    action: rule.action,
  };
}

function renderDatabase(database: DatabaseConfig): Record<string, unknown> {
  const { host, port, user, password, maxAllowedPacket, session } = database;
  return {
    host,
    port,
    user,
    password: password === '' ? '' : MASK,
    ...(maxAllowedPacket === undefined ? {} : { 'max-allowed-packet': maxAllowedPacket }),
    ...(session === undefined ? {} : { session }),
  };
}
