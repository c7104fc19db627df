import type { DbConnection } from '../mysql/connect.js';
import { databaseError } from '../mysql/errors.js';
import { checkTable, downstreamOf, type Finding } from '../schema/downstream-diff.js';
import { introspectTables } from '../schema/introspect.js';
import { loadServerProfile } from '../schema/server-profile.js';
import { isThere, type DownstreamFacts, type TableFacts } from './facts.js';
import type { Judgement } from './server-checks.js';

/** Rules of which other checks tell already. */
const TOLD_ELSEWHERE = new Set(['charset', 'collation', 'foreign-key']);

/**
 * Reads the structures of the tables that the downstream does not have yet, and finds what it will refuse or do otherwise
 * when they are created there. Structures are looked at one after the other: there may be many.
 *
 * @throws DmError 10003, 10005
 */
export async function findStructureProblems(
  connection: DbConnection,
  tables: readonly TableFacts[],
  down: DownstreamFacts,
): Promise<Finding[]> {
  const downstream = downstreamOf(down.info.version);
  const bySchema = new Map<string, string[]>();
  for (const table of tables) {
    if (isThere(table, down)) continue;
    const { schema, name } = table;
    bySchema.set(schema, [...(bySchema.get(schema) ?? []), name]);
  }
  const findings: Finding[] = [];
  try {
    const profile = await loadServerProfile(connection);
    for (const [schema, names] of bySchema) {
      for await (const table of introspectTables(connection, profile, schema, names)) {
        findings.push(...newFindings(checkTable(table, downstream)));
      }
    }
  } catch (error) {
    throw databaseError(error, { scope: 'upstream', kind: 'query', sql: 'information_schema' });
  }
  return findings;
}

function newFindings(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ rule }) => !TOLD_ELSEWHERE.has(rule));
}

/** All are warnings: the downstream at hand may be newer than the rules, and then takes what they call an error. */
export function judgeStructures(findings: readonly Finding[]): Judgement {
  return {
    findings: findings.map(({ severity, message, workaround }) => ({
      severity: 'warn',
      short_error: severity === 'error' ? `the downstream will refuse ${message}` : message,
      instruction: workaround,
    })),
  };
}
