import type { Flavor, Statement } from '../ddl/index.js';
import { statementFindings } from './downstream-statement.js';
import { tableFindings } from './downstream-table.js';
import type { Table } from './model.js';
import { versionNumberOf } from './server-profile.js';

/** `error`: the downstream refuses it. `warning`: it accepts it and does something else. */
export type FindingSeverity = 'error' | 'warning';

/** One thing that the downstream does not do as the upstream. */
export interface Finding {
  /** Stable name of the rule; docs/compatibility-ddl.md lists them. */
  rule: string;
  severity: FindingSeverity;
  message: string;
  workaround: string;
}

/** A downstream: what it is and its version as `major * 10000 + minor * 100 + patch`. */
export interface Downstream {
  product: Flavor;
  version: number;
}

/** Reads `SELECT VERSION()`: `8.0.11-TiDB-v7.5.1` is TiDB 70501, `10.11.6-MariaDB` MariaDB 101106, else MySQL. */
export function downstreamOf(version: string): Downstream {
  const tidb = /TiDB-v?(\d+\.\d+\.\d+)/i.exec(version);
  if (tidb?.[1] !== undefined) return { product: 'tidb', version: versionNumberOf(tidb[1]) };
  return { product: /mariadb/i.test(version) ? 'mariadb' : 'mysql', version: versionNumberOf(version) };
}

/** What the downstream makes of a table that has to be created there (prechecks, CREATE TABLE). */
export function checkTable(table: Table, downstream: Downstream): Finding[] {
  return tableFindings(table, downstream);
}

/**
 * What the downstream makes of a statement. `before` is the table's structure before an ALTER, `after` the one behind the
 * statement; with them the findings are exact, without them only what the text alone shows is found.
 */
export function checkStatement(
  statement: Statement,
  downstream: Downstream,
  structures: { before?: Table; after?: Table } = {},
): Finding[] {
  const findings = statementFindings(statement, downstream, structures.before);
  if (structures.after === undefined) return findings;
  const known = structures.before === undefined ? [] : tableFindings(structures.before, downstream);
  const old = new Set(known.map((finding) => finding.message));
  const fresh = tableFindings(structures.after, downstream).filter((finding) => !old.has(finding.message));
  return [...findings, ...fresh];
}
