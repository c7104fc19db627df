import { describe, expect, it } from 'vitest';
import { parseGrant, Privileges } from '../../../src/check/privileges.js';

describe('a line of SHOW GRANTS', () => {
  it.each<[string, ReturnType<typeof parseGrant>]>([
    ['GRANT USAGE ON *.* TO `u`@`%`', { privileges: ['USAGE'], grantable: false }],
    [
      "GRANT ALL PRIVILEGES ON *.* TO `root`@`%` IDENTIFIED BY PASSWORD '*AB' WITH GRANT OPTION",
      { privileges: ['ALL PRIVILEGES'], grantable: true },
    ],
    ['GRANT SELECT, INSERT ON `db`.* TO `u`@`%`', { privileges: ['SELECT', 'INSERT'], schema: 'db', grantable: false }],
    [
      'GRANT SELECT ON TABLE `d``b`.`t ON x` TO `u`@`%`',
      { privileges: ['SELECT'], schema: 'd`b', table: 't ON x', grantable: false },
    ],
    [
      'GRANT SELECT (`a`, `b`), INSERT ON `db`.`t` TO `u`@`%`',
      { privileges: ['INSERT'], schema: 'db', table: 't', grantable: false },
    ],
    [
      'GRANT BACKUP_ADMIN,FLUSH_TABLES ON *.* TO `u`@`%`',
      { privileges: ['BACKUP_ADMIN', 'FLUSH_TABLES'], grantable: false },
    ],
    ['GRANT EXECUTE ON PROCEDURE `db`.`p` TO `u`@`%`', undefined],
    ['GRANT `role`@`%` TO `u`@`%`', undefined],
    ["GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION", undefined],
    ['REVOKE SELECT ON `mysql`.* FROM `u`@`%`', undefined],
    ['SET DEFAULT ROLE `r` FOR `u`@`%`', undefined],
    ['GRANT INVOKE LAMBDA ON *.* TO `u`@`%`', { privileges: ['INVOKE LAMBDA'], grantable: false }],
  ])('%s', (line, expected) => expect(parseGrant(line)).toEqual(expected));
});

describe('privileges', () => {
  it('hold by name, by ALL, by another name', () => {
    expect(new Privileges(['GRANT ALL PRIVILEGES ON *.* TO `u`@`%`']).globally('RELOAD')).toBe(true);
    expect(new Privileges(['GRANT RELOAD ON *.* TO `u`@`%`']).globally('RELOAD')).toBe(true);
    expect(new Privileges(['GRANT BINLOG MONITOR ON *.* TO `u`@`%`']).globally('REPLICATION CLIENT')).toBe(true);
    expect(new Privileges(['GRANT SUPER ON *.* TO `u`@`%`']).globally('REPLICATION CLIENT')).toBe(true);
    expect(new Privileges(['GRANT SUPER ON *.* TO `u`@`%`']).globally('REPLICATION SLAVE')).toBe(false);
    expect(new Privileges(['GRANT SELECT ON *.* TO `u`@`%`']).globally('RELOAD')).toBe(false);
  });

  it('of a database are not global ones, and ALL on it gives none of those', () => {
    const some = new Privileges(['GRANT ALL PRIVILEGES ON `db`.* TO `u`@`%`']);
    expect(some.globally('SELECT')).toBe(false);
    expect(some.anywhere('SELECT')).toBe(true);
    expect(some.anywhere('RELOAD')).toBe(false);
    expect([some.onSchema('SELECT', 'db'), some.onSchema('SELECT', 'dbx')]).toEqual([true, false]);
  });

  it('follow the wildcards of the database name, and its escapes', () => {
    const wild = new Privileges(['GRANT SELECT ON `app\\_%`.* TO `u`@`%`', 'GRANT SELECT ON `x_y`.* TO `u`@`%`']);
    expect(['app_1', 'APP_', 'appx1', 'x1y', 'xy'].map((name) => wild.onSchema('SELECT', name))).toEqual([
      true,
      true,
      false,
      true,
      false,
    ]);
    const odd = new Privileges(['GRANT SELECT ON `a.b(c`.* TO `u`@`%`']);
    expect([odd.onSchema('SELECT', 'a.b(c'), odd.onSchema('SELECT', 'axb(c')]).toEqual([true, false]);
  });

  it('of a table hold on that table only; its database name is no pattern', () => {
    const one = new Privileges(['GRANT SELECT ON `a_b`.`t` TO `u`@`%`']);
    expect([
      one.onTable('SELECT', 'a_b', 't'),
      one.onTable('SELECT', 'axb', 't'),
      one.onTable('SELECT', 'a_b', 'u'),
    ]).toEqual([true, false, false]);
    expect(one.onSchema('SELECT', 'a_b')).toBe(false);
  });

  it('may be none', () => {
    expect(new Privileges(['GRANT USAGE ON *.* TO `u`@`%`']).empty).toBe(true);
    expect(new Privileges([]).empty).toBe(true);
    expect(new Privileges(['GRANT SELECT ON `a`.* TO `u`@`%`']).empty).toBe(false);
  });
});
