import { beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from 'mysql2/promise';
import { readStatement, rewriteStatement, splitStatement } from '../../../src/ddl/index.js';
import { quoteTable } from '../../../src/mysql/quote.js';
import { connectTo, dropAtEnd, testServers, uniqueName } from '../../support/servers.js';
import { renew, structures } from './structures.js';

/** Names between @ are tables; `@up.x@` is written with its schema, `@x@` without. */
const COMMON: Record<string, string[]> = {
  'foreign keys to other tables and to itself': [
    'CREATE TABLE @p@ (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES @p@ (id) ON DELETE CASCADE)',
    'CREATE TABLE @c@ (id INT PRIMARY KEY, p INT, CONSTRAINT fk FOREIGN KEY (p) REFERENCES @up.p@ (id))',
    'ALTER TABLE @up.c@ ADD q INT, ADD FOREIGN KEY k (q) REFERENCES @p@ (id) ON UPDATE SET NULL',
    'ALTER TABLE @c@ RENAME TO @up.d@',
  ],
  'copies, renames and swaps': [
    "CREATE TABLE @a@ (id INT, n VARCHAR(9) DEFAULT 'a' COMMENT '@b') COMMENT = 'a'",
    'CREATE TABLE @up.b@ LIKE @a@',
    'CREATE TABLE @x@ (LIKE @up.b@)',
    'ALTER TABLE @b@ ADD only_b INT',
    'RENAME TABLE @a@ TO @tmp@, @up.b@ TO @a@, @tmp@ TO @b@',
    'ALTER TABLE @x@ RENAME AS @z@, ADD last INT',
    'DROP TABLE IF EXISTS @a@, @up.nothing@',
  ],
  'columns spoken of with their table': [
    'CREATE TABLE @t@ (a INT, b INT AS (@t@.a + 1) STORED, CHECK (@t@.a > 0), CONSTRAINT n CHECK (a <> b))',
    'ALTER TABLE @t@ ADD c INT AS (@t@.b * 2), ADD KEY (c)',
  ],
  'indexes by their own statements': [
    'CREATE TABLE @t@ (a INT, b VARCHAR(50), c TEXT)',
    'CREATE UNIQUE INDEX u ON @up.t@ (a, b(10))',
    "CREATE FULLTEXT INDEX f ON @t@ (c) COMMENT 'on @t'",
    'DROP INDEX u ON @t@',
  ],
  'partitions and their exchange': [
    'CREATE TABLE @t@ (a INT NOT NULL, KEY (a)) /*!50100 PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE) */',
    'CREATE TABLE @u@ (a INT NOT NULL, KEY (a))',
    'ALTER TABLE @t@ EXCHANGE PARTITION p0 WITH TABLE @up.u@',
    'ALTER TABLE @t@ DROP PARTITION p0',
    'ALTER TABLE @u@ PARTITION BY HASH (a) PARTITIONS 2',
    'ALTER TABLE @u@ TRUNCATE PARTITION ALL',
  ],
  'comments of all kinds': [
    '/* lead */ CREATE /*! TABLE */ @t@ -- line\n (a INT /* inner */, /*!50000 b INT, */ # hash\n c INT /*!99999 NOT NULL */) /*!40100 DEFAULT CHARSET=latin1 */ ;',
    'ALTER TABLE @t@ /*!50000 ADD d INT, */ ADD e INT /* last */',
    'TRUNCATE @t@',
  ],
};

describe.each(['mysqlUp', 'mariadbUp'] as const)('rewriting on %s', (role) => {
  const flavor = role === 'mysqlUp' ? 'mysql' : 'mariadb';
  const upstream = uniqueName('b_up');
  const downstream = uniqueName('b_down');
  let connection: Connection;

  beforeAll(async () => {
    connection = await connectTo(testServers()[role]);
    dropAtEnd(testServers()[role], downstream);
  });

  function source(template: string): string {
    return template.replaceAll(/@(up\.)?(\w+)@/g, (_, up: string | undefined, table: string) =>
      up === undefined ? quoteSimple(table) : quoteTable(upstream, table),
    );
  }

  function byHand(template: string): string {
    // a column's table qualifier is no place for a schema, so the hand writes the table alone
    return template.replaceAll(/@(up\.)?(\w+)@(\.)?/g, (_, __, table: string, dot: string | undefined) =>
      dot === undefined ? quoteTable(downstream, `${table}_2`) : `${quoteSimple(`${table}_2`)}.`,
    );
  }

  function rewritten(template: string): string[] {
    const statement = readStatement(source(template), { flavor, defaultSchema: upstream });
    return splitStatement(statement).parts.map((part) =>
      rewriteStatement(part, { target: (_, table) => ({ schema: downstream, table: `${table}_2` }) }),
    );
  }

  async function run(statements: readonly string[]): Promise<Record<string, string>> {
    await renew(connection, downstream);
    for (const sql of statements) await connection.query(sql);
    return structures(connection, downstream);
  }

  it.each(Object.keys(COMMON))('gives the tables that renaming by hand gives: %s', async (title) => {
    const templates = COMMON[title] ?? [];
    const expected = await run(templates.map(byHand));
    expect(Object.keys(expected).length).toBeGreaterThan(0);
    expect(await run(templates.flatMap(rewritten))).toEqual(expected);
  });

  it('gives the same databases', async () => {
    const read = (sql: string): string =>
      rewriteStatement(readStatement(sql, { flavor, defaultSchema: upstream }), {
        target: () => ({ schema: downstream, table: '' }),
        existence: true,
      });
    await connection.query(read(`DROP DATABASE ${upstream}`));
    await connection.query(read(`CREATE DATABASE ${upstream} CHARACTER SET latin1`));
    await connection.query(read('ALTER DATABASE DEFAULT COLLATE latin1_bin'));
    const [rows] = await connection.query(`SHOW CREATE DATABASE \`${downstream}\``);
    expect(JSON.stringify(rows)).toMatch(/COLLATE latin1_bin/);
  });

  it('means the same without the sql_mode of the upstream', async () => {
    const text = String.raw`CREATE TABLE "t" ("a""b" VARCHAR(20) DEFAULT 'a\''b', c CHAR(9) DEFAULT '"')`;
    await renew(connection, downstream);
    await connection.query(`USE \`${downstream}\``);
    await connection.query("SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'");
    await connection.query(text);
    await connection.query("SET SESSION sql_mode = ''");
    const [expected] = Object.values(await structures(connection, downstream));
    await renew(connection, downstream);
    const statement = readStatement(text, {
      flavor,
      sqlMode: 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES',
      defaultSchema: downstream,
    });
    await connection.query(rewriteStatement(statement));
    expect(Object.values(await structures(connection, downstream))).toEqual([expected]);
    await connection.query('SET SESSION sql_mode = DEFAULT');
  });
});

function quoteSimple(name: string): string {
  return `\`${name}\``;
}
