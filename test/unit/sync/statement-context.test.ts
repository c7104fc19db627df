import { describe, expect, it } from 'vitest';
import { defaultProfile } from '../../../src/schema/server-profile.js';
import type { QueryEvent } from '../../../src/sync/events.js';
import { hasExplicitDefaults, statementContext } from '../../../src/sync/ddl/statement-context.js';

function event(more: Partial<QueryEvent>): QueryEvent {
  const place = { name: 'binlog.000001', pos: 4 };
  return { type: 'query', start: place, end: place, timestamp: 0, schema: 'd', sql: '', inTransaction: false, ...more };
}

describe('the session of a statement', () => {
  const mysql = defaultProfile('mysql', '9.7.0');

  it('is what its event says', () => {
    const context = statementContext(
      event({ sqlMode: 4n, collationServer: 'latin1_bin', defaultUtf8mb4Collation: 'utf8mb4_general_ci' }),
      mysql,
    );
    expect(context).toEqual({
      sqlMode: ['ANSI_QUOTES'],
      collationServer: 'latin1_bin',
      defaultUtf8mb4Collation: 'utf8mb4_general_ci',
    });
  });

  it('is nothing where the event says nothing', () => {
    expect(statementContext(event({}), mysql)).toEqual({});
    expect(hasExplicitDefaults(event({}), mysql)).toBe(true);
    expect(hasExplicitDefaults(event({}), defaultProfile('mysql', '5.7.44'))).toBe(false);
  });

  it.each([true, false])("takes explicit_defaults_for_timestamp = %s from MySQL's status variable", (explicit) => {
    expect(hasExplicitDefaults(event({ explicitDefaultsForTimestamp: explicit, options: 0 }), mysql)).toBe(explicit);
  });

  it.each([
    ['10.11.6-MariaDB', 1 << 24, true],
    ['10.11.6-MariaDB', 0, false],
    ['11.4.2-MariaDB', 0, false],
    ['10.6.9-MariaDB', 1 << 24, true],
    // these do not write the bit: what the server is set to holds (OFF by default before 10.10)
    ['10.6.8-MariaDB', 1 << 24, false],
    ['10.4.30-MariaDB', 1 << 24, false],
    // a bit of MySQL's with that number is something else
    ['5.7.44', 1 << 24, false],
  ])('takes explicit_defaults_for_timestamp of %s from options %d: %s', (version, options, explicit) => {
    const profile = defaultProfile(version.includes('Maria') ? 'mariadb' : 'mysql', version);
    expect(hasExplicitDefaults(event({ options }), profile)).toBe(explicit);
  });
});
