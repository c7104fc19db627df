import { collationOutsideMariadb, typeOutsideMariadb } from '../ddl/index.js';
import { isLobType, isSpatialType } from './column-type.js';
import type { Downstream, Finding, FindingSeverity } from './downstream-diff.js';
import { isSystemVersioned, type Column, type Index, type Table } from './model.js';

/** Charsets of TiDB and the version from which it has them (TiDB manual, "Character Set and Collation"). */
const TIDB_CHARSETS: Record<string, number> = {
  ascii: 0,
  binary: 0,
  latin1: 0,
  utf8mb3: 0,
  utf8mb4: 0,
  gbk: 50400,
  gb18030: 90000,
};

/** Collations of TiDB's framework for collations, and the version from which it has them. */
const TIDB_COLLATIONS: Record<string, number> = {
  ascii_bin: 0,
  binary: 0,
  latin1_bin: 0,
  utf8mb3_bin: 0,
  utf8mb3_general_ci: 0,
  utf8mb3_unicode_ci: 0,
  utf8mb4_bin: 0,
  utf8mb4_general_ci: 0,
  utf8mb4_unicode_ci: 0,
  utf8mb4_0900_ai_ci: 70400,
  utf8mb4_0900_bin: 70400,
  gbk_bin: 50400,
  gbk_chinese_ci: 50400,
  gb18030_bin: 90000,
  gb18030_chinese_ci: 90000,
};

/** Functions that TiDB takes in DEFAULT (TiDB manual, "Default Values"). */
const TIDB_DEFAULT_FUNCTIONS =
  /^(?:current_timestamp|now|current_date|curdate|rand|uuid|uuid_to_bin|nextval|next value|date_format|str_to_date|upper|replace|json_object|json_array|json_quote|vec_from_text)\b/i;

const LEAVE_OUT =
  'Create the table downstream by hand with a structure that it takes, or leave it out with `block-allow-list`.';

/** Everything in a table's structure that the downstream refuses or reads otherwise. */
export function tableFindings(table: Table, downstream: Downstream): Finding[] {
  const findings: Finding[] = [];
  const add = (rule: string, severity: FindingSeverity, message: string, workaround: string): void => {
    findings.push({ rule, severity, message: `table \`${table.schema}\`.\`${table.name}\`: ${message}`, workaround });
  };
  checkCharset(table, downstream, add);
  for (const column of table.columns) checkColumn(column, downstream, add);
  for (const index of table.indexes) checkIndex(index, downstream, add);
  checkConstraints(table, downstream, add);
  return findings;
}

type Add = (rule: string, severity: FindingSeverity, message: string, workaround: string) => void;

/** One finding for each charset and collation, with the columns that use it. */
function checkCharset(table: Table, downstream: Downstream, add: Add): void {
  const users = new Map<string, string[]>();
  const use = (charset: string, collation: string, user: string): void => {
    const key = `${charset} ${collation}`;
    users.set(key, [...(users.get(key) ?? []), user]);
  };
  use(table.charset, table.collation, 'default of the table');
  for (const { charset, collation, name } of table.columns) {
    if (charset !== undefined && collation !== undefined) use(charset, collation, `\`${name}\``);
  }
  for (const [key, places] of users) {
    const [charset = '', named = ''] = key.split(' ');
    const where = places.join(', ');
    const instead = downstream.product === 'mariadb' ? undefined : collationOutsideMariadb(named);
    if (instead !== undefined) {
      add(
        'collation',
        'warning',
        `collation ${named} (${where}) becomes ${instead}`,
        'Nothing to do: no values become equal that are not so upstream.',
      );
    }
    const collation = instead ?? named;
    if (downstream.product === 'tidb') checkTidbCharset(charset, collation, where, downstream.version, add);
    else if (isForeignCollation(collation, downstream)) {
      add(
        'collation',
        'error',
        `collation ${collation} (${where}) is not known downstream`,
        'Create the table downstream by hand with a collation that compares alike.',
      );
    }
  }
}

function checkTidbCharset(charset: string, collation: string, where: string, version: number, add: Add): void {
  const charsetSince = TIDB_CHARSETS[charset];
  if (charsetSince === undefined || charsetSince > version) {
    add(
      'charset',
      'error',
      `TiDB does not have the character set ${charset} (${where})`,
      'Create the table downstream by hand with utf8mb4; values are converted on the way.',
    );
    return;
  }
  const since = TIDB_COLLATIONS[collation];
  if (since === undefined || since > version) {
    add(
      'collation',
      'error',
      `TiDB does not have the collation ${collation} (${where})`,
      `Create the table downstream by hand with another collation of ${charset}, such as ${charset}_bin; values that ` +
        'differ only by what the collation ignores are then different keys.',
    );
  }
}

/** Collations of one family of servers only. */
function isForeignCollation(collation: string, downstream: Downstream): boolean {
  if (downstream.product === 'mariadb') return collation.startsWith('utf8mb4_0900') && downstream.version < 110405;
  return downstream.version < 80001 && collation.startsWith('utf8mb4_0900');
}

function checkColumn(column: Column, downstream: Downstream, add: Add): void {
  const name = `\`${column.name}\``;
  const instead = downstream.product === 'mariadb' ? undefined : typeOutsideMariadb(column.type);
  if (instead !== undefined) {
    add(
      'mariadb-type',
      'warning',
      `column ${name} has MariaDB's type ${column.type} and becomes ${instead}`,
      'Nothing to do: values arrive as the text that MariaDB prints.',
    );
  }
  if (/^ROW (?:START|END)$/.test(column.generated?.expression ?? '') && downstream.product !== 'mariadb') {
    add(
      'system-versioning',
      'error',
      `column ${name} belongs to system versioning`,
      'Create the table downstream by hand with plain TIMESTAMP(6) columns, or without them.',
    );
  }
  if (downstream.product !== 'tidb') return;
  if (isSpatialType(column.type)) {
    add('spatial-type', 'error', `TiDB does not have the type ${column.type} of column ${name}`, LEAVE_OUT);
  }
  if (column.type === 'vector' && downstream.version < 80400) {
    add('vector-type', 'error', `TiDB before 8.4 does not have the type of column ${name}`, LEAVE_OUT);
  }
  if (column.invisible) {
    add(
      'invisible-column',
      'error',
      `TiDB does not have invisible columns: ${name}`,
      'Create the table downstream by hand with the column visible; `SELECT *` then shows it.',
    );
  }
  checkDefault(column, name, downstream, add);
}

/** Expressions as defaults; applications that write downstream need them, replication does not. */
function checkDefault(column: Column, name: string, downstream: Downstream, add: Add): void {
  const value = column.default;
  if (value === undefined || value.kind === 'null') return;
  const lob = isLobType(column.type) || column.type === 'json';
  if (value.kind === 'literal' && !lob) return;
  const known = value.kind === 'expression' && TIDB_DEFAULT_FUNCTIONS.test(value.text);
  if (known && (!lob || downstream.version >= 80000)) return;
  add(
    'default-expression',
    'error',
    `TiDB does not take the default of column ${name}`,
    'Create the table downstream by hand without this default: replicated rows bring all their values.',
  );
}

function checkIndex(index: Index, downstream: Downstream, add: Add): void {
  const name = `\`${index.name}\``;
  if (index.parts.some((part) => part.expression !== undefined) && downstream.product === 'mariadb') {
    add(
      'functional-index',
      'error',
      `MariaDB does not have functional indexes: ${name}`,
      'Create the table downstream by hand with an index on a generated column instead.',
    );
  }
  if (downstream.product !== 'tidb') return;
  if (index.kind === 'SPATIAL') {
    add('spatial-index', 'error', `TiDB does not have spatial indexes: ${name}`, LEAVE_OUT);
  }
  if (index.kind === 'FULLTEXT') {
    add(
      'fulltext-index',
      'warning',
      `TiDB reads the full-text index ${name} and does not create it`,
      'Searches with MATCH need another engine downstream.',
    );
  }
  if (index.parts.some((part) => part.descending === true)) {
    add(
      'descending-index',
      'warning',
      `TiDB keeps the index ${name} in ascending order`,
      'Nothing to do for correctness.',
    );
  }
}

function checkConstraints(table: Table, downstream: Downstream, add: Add): void {
  const { product, version } = downstream;
  if (isSystemVersioned(table) && product !== 'mariadb') {
    add(
      'system-versioning',
      'warning',
      'the downstream does not keep the history of rows',
      'Nothing to do: rows arrive as they are at present, without those of the past.',
    );
  }
  if (product !== 'tidb') return;
  if (table.foreignKeys.length > 0 && version < 80500) {
    const kind = version < 60600 ? 'does not enforce foreign keys' : 'has foreign keys as an experiment only';
    add(
      'foreign-key',
      'warning',
      `this version of TiDB ${kind}`,
      'Rows are checked upstream; cascaded changes that the upstream does not log need TiDB 8.5 or an upstream that logs them.',
    );
  }
  const enforced = table.checks.filter((check) => check.enforced);
  if (enforced.length > 0) {
    add(
      'check',
      'warning',
      'TiDB does not enforce CHECK constraints unless tidb_enable_check_constraint is on (7.2 and later)',
      'Rows are checked upstream already.',
    );
  }
  checkPartitioning(table.partitioning ?? '', version, add);
}

function checkPartitioning(text: string, version: number, add: Add): void {
  if (/\bSUBPARTITION\s+BY\b/i.test(text)) {
    add(
      'partitioning',
      'error',
      'TiDB does not have subpartitions',
      'Create the table downstream by hand without them.',
    );
  }
  if (/^\s*PARTITION\s+BY\s+SYSTEM_TIME\b/i.test(text)) {
    add('partitioning', 'error', 'TiDB does not have partitions by SYSTEM_TIME', LEAVE_OUT);
  }
  if (/^\s*PARTITION\s+BY\s+(?:LINEAR\s+)?KEY\b/i.test(text) && version < 70000) {
    add(
      'partitioning',
      'warning',
      'TiDB before 7.0 makes a plain table of PARTITION BY KEY',
      'Nothing to do for correctness.',
    );
  }
}
