import { describe, expect, it } from 'vitest';
import { rowSqlMode } from '../../../src/mysql/row-session.js';

describe('sql_mode of connections that write rows', () => {
  const mode = (sqlMode?: string): string =>
    rowSqlMode({
      host: 'h',
      port: 1,
      user: 'u',
      password: '',
      ...(sqlMode === undefined ? {} : { session: { sql_mode: sqlMode } }),
    });

  it.each([
    [undefined, 'STRICT_TRANS_TABLES,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'],
    ['', 'NO_AUTO_VALUE_ON_ZERO'],
    ['ANSI_QUOTES,NO_ZERO_IN_DATE,NO_ZERO_DATE', 'NO_ZERO_IN_DATE,NO_ZERO_DATE,NO_AUTO_VALUE_ON_ZERO'],
    [' strict_trans_tables , NO_BACKSLASH_ESCAPES', 'STRICT_TRANS_TABLES,NO_AUTO_VALUE_ON_ZERO'],
    ['ANSI', 'REAL_AS_FLOAT,PIPES_AS_CONCAT,IGNORE_SPACE,NO_AUTO_VALUE_ON_ZERO'],
    ['ORACLE,TRADITIONAL', 'TRADITIONAL,NO_AUTO_VALUE_ON_ZERO'],
    ['NO_AUTO_VALUE_ON_ZERO,STRICT_ALL_TABLES', 'NO_AUTO_VALUE_ON_ZERO,STRICT_ALL_TABLES'],
  ])('of %s is %s', (wanted, result) => {
    expect(mode(wanted)).toBe(result);
  });
});
