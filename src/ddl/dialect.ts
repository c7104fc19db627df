import type { Dialect, Flavor } from './ast.js';

/** How to read a statement. */
export interface ReadOptions {
  flavor: Flavor;
  /** Numbered as in versioned comments (`80036`, `101106`); the newest known one by default. */
  serverVersion?: number;
  /** `sql_mode` in force: names separated by commas, or the bits of a binlog event. */
  sqlMode?: string | bigint;
  /** Database that unqualified names stand in. */
  defaultSchema?: string;
}

const NEWEST: Record<Flavor, number> = { mysql: 90799, mariadb: 129999, tidb: 999999 };

// Bits of sql_mode as binlog events carry them; the same in MySQL and MariaDB.
const REAL_AS_FLOAT = 1n;
const ANSI_QUOTES = 4n;
const ORACLE = 512n;
const NO_BACKSLASH_ESCAPES = 1n << 20n;

/** Modes that stand for several: these hold ANSI_QUOTES. */
const WITH_ANSI_QUOTES = new Set(['ANSI_QUOTES', 'ANSI', 'DB2', 'MAXDB', 'MSSQL', 'ORACLE', 'POSTGRESQL']);

/** What of version and sql_mode changes how text is read. */
export function dialectOf(options: ReadOptions): Dialect {
  const { flavor, sqlMode = '' } = options;
  const serverVersion = options.serverVersion ?? NEWEST[flavor];
  if (typeof sqlMode === 'bigint') {
    return {
      flavor,
      serverVersion,
      ansiQuotes: (sqlMode & ANSI_QUOTES) !== 0n,
      noBackslashEscapes: (sqlMode & NO_BACKSLASH_ESCAPES) !== 0n,
      realAsFloat: (sqlMode & REAL_AS_FLOAT) !== 0n,
      oracle: flavor === 'mariadb' && (sqlMode & ORACLE) !== 0n,
    };
  }
  const modes = sqlMode.split(',').map((mode) => mode.trim().toUpperCase());
  return {
    flavor,
    serverVersion,
    ansiQuotes: modes.some((mode) => WITH_ANSI_QUOTES.has(mode)),
    noBackslashEscapes: modes.includes('NO_BACKSLASH_ESCAPES'),
    realAsFloat: modes.includes('REAL_AS_FLOAT') || modes.includes('ANSI'),
    oracle: flavor === 'mariadb' && modes.includes('ORACLE'),
  };
}
