/** Names of the bits of `sql_mode` as binlog events carry them; MySQL and MariaDB agree on those listed. */
const MODE_BITS: readonly (readonly [bit: bigint, name: string])[] = [
  [0n, 'REAL_AS_FLOAT'],
  [1n, 'PIPES_AS_CONCAT'],
  [2n, 'ANSI_QUOTES'],
  [3n, 'IGNORE_SPACE'],
  [5n, 'ONLY_FULL_GROUP_BY'],
  [6n, 'NO_UNSIGNED_SUBTRACTION'],
  [7n, 'NO_DIR_IN_CREATE'],
  [9n, 'ORACLE'],
  [19n, 'NO_AUTO_VALUE_ON_ZERO'],
  [20n, 'NO_BACKSLASH_ESCAPES'],
  [21n, 'STRICT_TRANS_TABLES'],
  [22n, 'STRICT_ALL_TABLES'],
  [23n, 'NO_ZERO_IN_DATE'],
  [24n, 'NO_ZERO_DATE'],
  [25n, 'ALLOW_INVALID_DATES'],
  [26n, 'ERROR_FOR_DIVISION_BY_ZERO'],
  [29n, 'HIGH_NOT_PRECEDENCE'],
  [30n, 'NO_ENGINE_SUBSTITUTION'],
  [31n, 'PAD_CHAR_TO_FULL_LENGTH'],
];

/** Upper-case names of the modes. Bits without a common name are left out. */
export function sqlModeNames(bits: bigint): string[] {
  return MODE_BITS.filter(([bit]) => ((bits >> bit) & 1n) === 1n).map(([, name]) => name);
}

/** Modes of the upstream's session that change what a rewritten statement does; those about quoting are settled by then. */
const KEPT_MODES = new Set([
  'REAL_AS_FLOAT',
  'PIPES_AS_CONCAT',
  'IGNORE_SPACE',
  'NO_UNSIGNED_SUBTRACTION',
  'STRICT_TRANS_TABLES',
  'STRICT_ALL_TABLES',
  'HIGH_NOT_PRECEDENCE',
]);

/**
 * `sql_mode` for executing a DDL of the upstream: as strict as there, and any date that stands in a table or a default
 * passes.
 */
export function ddlSqlMode(bits: bigint | undefined): string {
  const kept = sqlModeNames(bits ?? 0n).filter((name) => KEPT_MODES.has(name));
  return [...kept, 'ALLOW_INVALID_DATES', 'NO_AUTO_VALUE_ON_ZERO'].join(',');
}
