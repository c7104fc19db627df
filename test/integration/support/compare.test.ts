import type { Connection } from 'mysql2/promise';
import { beforeAll, describe, expect, it } from 'vitest';
import { compareDatabases, compareTables, formatComparison } from '../../support/compare.js';
import { connectTo, createDatabase, testServers } from '../../support/servers.js';

const TYPES = `CREATE TABLE \`odd \`\`name\` (
  id BIGINT UNSIGNED PRIMARY KEY, f FLOAT, d DOUBLE, n DECIMAL(65,30), b BIT(64), e ENUM('a','','ü'), s SET('x','y'),
  v VARCHAR(20) CHARACTER SET latin1, t TEXT, bin VARBINARY(20), ts TIMESTAMP(6) NULL, dt DATETIME(6), tm TIME(6), y YEAR,
  g POINT)`;
const ROW = `INSERT INTO \`odd \`\`name\` VALUES (18446744073709551615, 1.17549e-38, -1.7976931348623157e308,
  12345678901234567890123456789012345.123456789012345678901234567890, b'1111', 'ü', 'x,y', 'é', 'z', x'00ff',
  '2024-05-06 07:08:09.123456', '2024-02-03 00:00:00.5', '-838:59:59', 2024, ST_GeomFromText('POINT(1 2)'))`;

describe('comparison of tables', () => {
  let up: Connection;
  let down: Connection;
  let mariadb: Connection;
  let ours: string;
  let theirs: string;
  let marias: string;

  beforeAll(async () => {
    const servers = testServers();
    [ours, theirs, marias] = await Promise.all([
      createDatabase(servers.mysqlUp, 'cmp'),
      createDatabase(servers.mysqlDown, 'cmp'),
      createDatabase(servers.mariadbUp, 'cmp'),
    ]);
    [up, down, mariadb] = await Promise.all([
      connectTo(servers.mysqlUp, ours),
      connectTo(servers.mysqlDown, theirs),
      connectTo(servers.mariadbUp, marias),
    ]);
  });

  /** Makes table `t` on both sides with its own rows. */
  async function differences(definition: string, left: string, right: string): Promise<string> {
    for (const [connection, values] of [
      [up, left],
      [down, right],
    ] as const) {
      await connection.query('DROP TABLE IF EXISTS t');
      await connection.query(`CREATE TABLE t (${definition})`);
      if (values) await connection.query(`INSERT INTO t VALUES ${values}`);
    }
    const pair = { up: { schema: ours, table: 't' }, down: { schema: theirs, table: 't' } };
    return formatComparison(await compareTables(up, down, [pair]));
  }

  it('finds equal values of every kind equal on MySQL and MariaDB', async () => {
    for (const connection of [up, down, mariadb]) {
      await connection.query("SET time_zone = '+02:00'");
      await connection.query(TYPES);
      await connection.query(ROW);
    }
    const pairs = (from: string, to: string) => [
      { up: { schema: from, table: 'odd `name' }, down: { schema: to, table: 'odd `name' } },
    ];
    expect(formatComparison(await compareTables(up, down, pairs(ours, theirs)))).toBe('1 tables, 1 rows: equal');
    expect(formatComparison(await compareTables(mariadb, down, pairs(marias, theirs)))).toBe('1 tables, 1 rows: equal');
    for (const connection of [up, down, mariadb]) await connection.query('DROP TABLE `odd ``name`');
  });

  it.each([
    ['NULL and an empty string', 'a VARCHAR(5)', '(NULL)', "('')"],
    ['NULL and the letter N', 'a VARCHAR(5)', '(NULL)', "('N')"],
    ['values that move between columns', 'a VARCHAR(5), b VARCHAR(5)', "('x', NULL)", "(NULL, 'x')"],
    ['letter case', 'a VARCHAR(5)', "('a')", "('A')"],
    ['trailing spaces', 'a VARCHAR(5)', "('a')", "('a ')"],
    ['the last digit of a float', 'a FLOAT', '(16777215)', '(16777216)'],
    ['the last digit of a double', 'a DOUBLE', '(0.1)', '(0.10000000000000002)'],
    ['the last digit of a long double', 'a DOUBLE', '(-1.7976931348623155e308)', '(-1.7976931348623157e308)'],
    ['the sign of zero', 'a DOUBLE', '(0)', '(-0e0)'],
    ['microseconds', 'a DATETIME(6)', "('2024-01-01 00:00:00.000001')", "('2024-01-01 00:00:00.000002')"],
    ['doubled rows of a table without keys', 'a INT', '(1), (1), (2), (2)', '(1), (2)'],
    ['other counts of the same rows', 'a INT', '(1), (1), (2)', '(1), (2), (2)'],
    ['a missing row', 'a INT PRIMARY KEY', '(1), (2)', '(1)'],
    ['an enum error value and an empty member', "a ENUM('', 'x')", "('')", '(0)'],
    ['JSON values', 'a JSON', `('{"a": 1}')`, `('{"a": 2}')`],
    [
      'the spatial reference system',
      'a POINT',
      "(ST_GeomFromText('POINT(1 2)'))",
      "(ST_SRID(ST_GeomFromText('POINT(1 2)'), 3857))",
    ],
  ])('sees %s', async (_what, definition, left, right) => {
    await up.query("SET sql_mode = ''");
    await down.query("SET sql_mode = ''");
    expect(await differences(definition, left, right)).toContain('1 of 1 tables differ');
    expect(await differences(definition, left, left)).toContain(': equal');
  });

  it('finds equal texts equal in columns of other types and lengths', async () => {
    await up.query('CREATE TABLE wide (a CHAR(36), b VARCHAR(10), c VARBINARY(8))');
    await down.query('CREATE TABLE wide (a CHAR(36), b VARCHAR(300), c BLOB)');
    await mariadb.query('CREATE TABLE wide (a UUID, b TEXT, c BINARY(2))');
    for (const connection of [up, down, mariadb]) {
      await connection.query("INSERT INTO wide VALUES ('00112233-4455-6677-8899-aabbccddeeff', 'é', x'00ff')");
    }
    const wide = (schema: string) => ({ schema, table: 'wide' });
    for (const [connection, schema] of [
      [up, ours],
      [mariadb, marias],
    ] as const) {
      const result = await compareTables(connection, down, [{ up: wide(schema), down: wide(theirs) }]);
      expect(formatComparison(result)).toBe('1 tables, 1 rows: equal');
      await connection.query('DROP TABLE wide');
    }
    await down.query('DROP TABLE wide');
  });

  it('shows the rows that differ', async () => {
    const report = await differences(
      'id INT PRIMARY KEY, a VARCHAR(20)',
      "(1, 'one'), (2, 'two')",
      "(1, 'one'), (2, NULL)",
    );
    expect(report).toContain('upstream has 1 instead of 0: id=2 a=two');
    expect(report).toContain('downstream has 1 instead of 0: id=2 a=NULL');
    expect(report).not.toContain('id=1');
  });

  it('reports missing tables and other columns', async () => {
    await differences('a INT', '(1)', '(1)');
    await up.query('CREATE TABLE only_up (a INT)');
    await down.query('CREATE TABLE only_down (a INT)');
    await up.query('CREATE TABLE other (a INT, b INT)');
    await down.query('CREATE TABLE other (b INT, a INT)');
    const result = await compareDatabases(up, down, [ours], () => theirs);
    const details = Object.fromEntries(result.differences.map((d) => [d.pair.up.table, d.details[0]]));
    expect(details).toEqual({
      only_up: 'missing downstream',
      only_down: 'missing upstream',
      other: 'columns differ: upstream (a, b), downstream (b, a)',
    });
  });

  it('compares a row of 60 MB', async () => {
    const big = "(1, REPEAT('x', 60000000))";
    expect(await differences('id INT, a LONGTEXT', big, big)).toContain('1 rows: equal');
    expect(await differences('id INT, a LONGTEXT', big, "(1, REPEAT('x', 59999999))")).toContain('differ');
  });
});
