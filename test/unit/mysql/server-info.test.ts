import { describe, expect, it } from 'vitest';
import { sessionStatement } from '../../../src/mysql/connect.js';
import { parseVersion, versionAtLeast } from '../../../src/mysql/server-info.js';

describe('server versions', () => {
  it.each([
    ['9.7.4', 'mysql', false, [9, 7, 4]],
    ['8.0.36-28.1', 'mysql', false, [8, 0, 36]],
    ['5.5.5-10.11.6-MariaDB-log', 'mariadb', false, [10, 11, 6]],
    ['10.11.14-MariaDB-0+deb12u2-log', 'mariadb', false, [10, 11, 14]],
    ['8.0.11-TiDB-v7.5.0', 'mysql', true, [7, 5, 0]],
    ['5.7.25-TiDB-v6.1.0-alpha', 'mysql', true, [6, 1, 0]],
    ['nonsense', 'mysql', false, [0, 0, 0]],
  ])('reads %s', (text, flavor, isTiDB, versionNumber) => {
    expect(parseVersion(text)).toEqual({ flavor, isTiDB, versionNumber });
  });

  it('compares versions as numbers', () => {
    expect(versionAtLeast(parseVersion('8.0.4'), 8, 0, 3)).toBe(true);
    expect(versionAtLeast(parseVersion('8.0.4'), 8, 0, 14)).toBe(false);
    expect(versionAtLeast(parseVersion('10.3.0-MariaDB'), 9, 9, 9)).toBe(true);
  });
});

describe('session statement', () => {
  const config = { host: 'h', port: 1, user: 'u', password: 'secret' };

  it('sets what keeps values faithful', () => {
    const sql = sessionStatement(config, { role: 'upstream' });
    expect(sql).toContain("time_zone='+00:00'");
    expect(sql).toContain("sql_mode=''");
    expect(sql).not.toContain('secret');
  });

  it('lets the configuration win over defaults and options over the configuration', () => {
    const session = {
      time_zone: '+09:00',
      innodb_ft_user_stopword_table: "a'b",
      tidb_txn_mode: 'pessimistic',
      wait_timeout: '5',
    };
    const sql = sessionStatement({ ...config, session }, { role: 'downstream', session: { wait_timeout: '7' } });
    expect(sql).toContain("innodb_ft_user_stopword_table='a''b'");
    expect(sql).toContain("tidb_txn_mode='pessimistic'");
    expect(sql).toContain('wait_timeout=7');
    expect(sql.match(/wait_timeout/g)).toHaveLength(1);
  });

  it('keeps to itself what rows and locks depend on', () => {
    const session = { time_zone: '+09:00', wait_timeout: '5' };
    const sql = sessionStatement({ ...config, session }, { role: 'downstream', sessionTimeoutS: 20 });
    expect(sql).toContain("time_zone='+00:00'");
    expect(sql).toContain(' wait_timeout=20');
  });

  it.each([
    ['8.0.11-TiDB-v7.5.0', true],
    ['5.7.25-TiDB-v3.0.0-beta', true],
    ['5.7.25-TiDB-v2.1.19', false],
    ['9.7.4', false],
    ['10.11.6-MariaDB-log', false],
  ])('asks %s for optimistic transactions: %s', (version, asks) => {
    const mode = "tidb_txn_mode='optimistic'";
    expect(sessionStatement(config, { role: 'downstream' }, version).includes(mode)).toBe(asks);
    expect(sessionStatement(config, { role: 'upstream' }, version)).not.toContain(mode);
    const session = { tidb_txn_mode: 'pessimistic' };
    expect(sessionStatement({ ...config, session }, { role: 'downstream' }, version)).not.toContain(mode);
  });

  it('refuses names that are not names', () => {
    expect(() => sessionStatement({ ...config, session: { 'a=1, b': '2' } }, { role: 'upstream' })).toThrow();
  });
});
