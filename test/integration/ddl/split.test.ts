import { beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from 'mysql2/promise';
import { readStatement, rewriteStatement, splitStatement } from '../../../src/ddl/index.js';
import type { KnownColumn } from '../../../src/ddl/index.js';
import { connectTo, dropAtEnd, testServers, uniqueName } from '../../support/servers.js';
import { renew, structure } from './structures.js';

/** Statements a flavor; each is executed whole and in parts. */
const ROUNDS = Number(process.env.DDL_ROUNDS ?? 40);
const SEED = Number(process.env.DDL_SEED ?? 20261121);

const TABLE = `(id INT NOT NULL, a INT NOT NULL DEFAULT 1, b VARCHAR(20), c TEXT, d DATETIME, g INT AS (a + 1),
  PRIMARY KEY (id), KEY ka (a), UNIQUE kb (b), KEY kab (a, b), CONSTRAINT positive CHECK (a > 0)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`;
const COLUMNS: KnownColumn[] = [
  ...['id', 'a', 'b', 'c', 'd'].map((name) => ({ name })),
  { name: 'g', generated: { expression: 'a + 1' } },
];

/** Small linear congruential generator; the same numbers for the same seed everywhere. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const OLD = ['id', 'a', 'b', 'c', 'd', 'g'];
const NEW = ['n1', 'n2', 'n3', 'a', 'b'];
const TYPES = [
  'INT',
  'BIGINT NOT NULL',
  "VARCHAR(30) DEFAULT 'x'",
  'CHAR(5) CHARACTER SET latin1',
  'DATETIME NULL',
  'INT AUTO_INCREMENT UNIQUE',
  'INT AS (id + 1)',
];

function randomClause(random: (below: number) => number): string {
  const pick = (list: readonly string[]): string => list[random(list.length)] ?? '';
  const place = (): string => pick(['', '', ' FIRST', ` AFTER ${pick([...OLD, ...NEW])}`]);
  const kinds: (() => string)[] = [
    () => `ADD COLUMN ${pick(NEW)} ${pick(TYPES)}${place()}`,
    () => `ADD COLUMN ${pick(NEW)} ${pick(TYPES)}${place()}`,
    () => `ADD (${pick(NEW)} INT, ${pick(NEW)} VARCHAR(9), KEY (${pick(OLD)}(5)))`,
    () => `DROP COLUMN ${pick(OLD)}`,
    () => `MODIFY ${pick(OLD)} ${pick(TYPES)}${place()}`,
    () => `CHANGE ${pick(OLD)} ${pick([...OLD, ...NEW])} ${pick(TYPES)}${place()}`,
    () => `RENAME COLUMN ${pick(OLD)} TO ${pick([...OLD, ...NEW])}`,
    () => `ALTER ${pick(OLD)} SET DEFAULT 7`,
    () => `DROP INDEX ${pick(['ka', 'kb', 'kab'])}`,
    () => `ADD INDEX ${pick(['ka', 'kn', ''])} (${pick([...OLD, ...NEW])})`,
    () => `ADD UNIQUE ${pick(['kb', 'ku'])} (${pick([...OLD, ...NEW])})`,
    () => `RENAME INDEX ${pick(['ka', 'kb'])} TO ${pick(['kab', 'kb', 'kx'])}`,
    () =>
      pick([
        'DROP PRIMARY KEY',
        'ADD PRIMARY KEY (a)',
        'DROP CONSTRAINT positive',
        'ADD CONSTRAINT chk CHECK (id < 9)',
      ]),
    () =>
      pick([
        "COMMENT='new'",
        'DEFAULT CHARSET=latin1',
        'ROW_FORMAT=DYNAMIC',
        'CONVERT TO CHARACTER SET latin1',
        'AUTO_INCREMENT=50',
      ]),
    () => `RENAME TO renamed`,
    () => pick(['ALGORITHM=COPY', 'LOCK=SHARED', 'FORCE']),
  ];
  return (kinds[random(kinds.length)] ?? (() => ''))();
}

function randomAlter(random: (below: number) => number): string {
  const count = 2 + random(4);
  const clauses = Array.from({ length: count }, () => randomClause(random));
  return `ALTER TABLE t ${clauses.join(', ')}${random(8) === 0 ? ' PARTITION BY HASH (id) PARTITIONS 2' : ''}`;
}

/** Keys that are not unique in order of their text: servers arrange them anew with each ALTER, and it means nothing. */
function sortKeys(structureText: string): string {
  const lines = structureText.split('\n').map((line) => line.replace(/,$/, ''));
  const plain = (line: string): boolean => /^ {2}KEY /.test(line);
  const first = lines.findIndex(plain);
  const sorted = lines.filter(plain).sort();
  const others = lines.filter((line) => !plain(line));
  return first < 0 ? lines.join('\n') : [...others.slice(0, first), ...sorted, ...others.slice(first)].join('\n');
}

describe.each(['mysqlUp', 'mariadbUp'] as const)('splitting on %s', (role) => {
  const flavor = role === 'mysqlUp' ? 'mysql' : 'mariadb';
  const [whole, split] = [uniqueName('b_whole'), uniqueName('b_split')];
  let connection: Connection;

  beforeAll(async () => {
    connection = await connectTo(testServers()[role]);
    for (const database of [whole, split]) {
      dropAtEnd(testServers()[role], database);
      await renew(connection, database);
    }
  });

  async function makeTable(database: string): Promise<void> {
    await connection.query(`DROP TABLE IF EXISTS ${database}.t, ${database}.renamed`);
    await connection.query(`CREATE TABLE ${database}.t ${TABLE}`);
  }

  /** SHOW CREATE TABLE behind the statements, or the error. */
  async function outcome(database: string, statements: readonly string[]): Promise<string> {
    await makeTable(database);
    try {
      for (const sql of statements) await connection.query(sql);
    } catch (error) {
      return `failed: ${String(error)}`;
    }
    const renamed = statements.some((sql) => sql.includes('renamed'));
    return sortKeys(await structure(connection, database, renamed ? 'renamed' : 't'));
  }

  function texts(sql: string, parts: boolean): string[] {
    const statement = readStatement(sql, { flavor, defaultSchema: 'up' });
    const database = parts ? split : whole;
    const list = parts ? splitStatement(statement, { columns: COLUMNS }).parts : [statement];
    return list.map((part) => rewriteStatement(part, { target: (_, table) => ({ schema: database, table }) }));
  }

  it(`gives the final table of the whole statement (seed ${SEED})`, async () => {
    const random = generator(SEED);
    let accepted = 0;
    let separated = 0;
    for (let tries = 0; accepted < ROUNDS && tries < ROUNDS * 30; tries++) {
      const sql = randomAlter(random);
      const expected = await outcome(whole, texts(sql, false));
      if (expected.startsWith('failed')) continue;
      accepted++;
      const parts = texts(sql, true);
      if (parts.length > 1) separated++;
      expect({ sql, parts, table: await outcome(split, parts) }).toEqual({ sql, parts, table: expected });
    }
    expect(accepted).toBe(ROUNDS);
    expect(separated).toBeGreaterThan(ROUNDS / 3);
  }, 400_000);
});
