import { describe, expect, it } from 'vitest';
import type { IndexDefinition } from '../../../src/ddl/index.js';
import { create, objects, readAs, type Options } from './help.js';

function index(text: string, options: Options = {}): IndexDefinition {
  const element = create(`(a INT, ${text})`, options).elements[1];
  if (element?.element !== 'index') throw new Error(`no index: ${text}`);
  return element;
}

function parts(definition: IndexDefinition): string[] {
  return definition.parts.map(
    (part) => `${part.column?.name ?? `(${part.expression})`}${part.length ?? ''}${part.descending ? ' DESC' : ''}`,
  );
}

describe('keys', () => {
  const keys: [text: string, kind: string, name: string | undefined, parts: string[]][] = [
    ['PRIMARY KEY (a)', 'PRIMARY', undefined, ['a']],
    ['CONSTRAINT pk PRIMARY KEY named USING HASH (a, `b c`)', 'PRIMARY', undefined, ['a', 'b c']],
    ['KEY (a)', 'INDEX', undefined, ['a']],
    ['INDEX i (a(10) DESC, b ASC)', 'INDEX', 'i', ['a10 DESC', 'b']],
    ['KEY type (a)', 'INDEX', 'type', ['a']],
    ['KEY k TYPE BTREE (a)', 'INDEX', 'k', ['a']],
    ['UNIQUE (a)', 'UNIQUE', undefined, ['a']],
    ['UNIQUE KEY u USING BTREE (a)', 'UNIQUE', 'u', ['a']],
    ['CONSTRAINT c UNIQUE INDEX (a)', 'UNIQUE', 'c', ['a']],
    ['CONSTRAINT c UNIQUE u (a)', 'UNIQUE', 'u', ['a']],
    ['CONSTRAINT UNIQUE (a)', 'UNIQUE', undefined, ['a']],
    ['FULLTEXT INDEX f (a, b) WITH PARSER ngram', 'FULLTEXT', 'f', ['a', 'b']],
    ['SPATIAL KEY (g)', 'SPATIAL', undefined, ['g']],
    [
      "KEY f ((lower(a)), (CAST(j->'$.x' AS CHAR(5) ARRAY)) DESC)",
      'INDEX',
      'f',
      ['(lower(a))', "(CAST(j->'$.x' AS CHAR(5) ARRAY)) DESC"],
    ],
  ];
  it.each(keys)('%s', (text, kind, name, expected) => {
    const read = index(text);
    expect({ kind: read.kind, name: read.name?.name, parts: parts(read) }).toEqual({ kind, name, parts: expected });
  });

  it('reads options', () => {
    expect(index("KEY k (a) KEY_BLOCK_SIZE=8 COMMENT 'x' INVISIBLE USING HASH ENGINE_ATTRIBUTE '{}'")).toMatchObject({
      using: 'HASH',
      invisible: true,
      comment: 'x',
      options: { KEY_BLOCK_SIZE: '8', ENGINE_ATTRIBUTE: '{}' },
    });
    expect(index('KEY k (a) VISIBLE').invisible).toBe(false);
    const mariadb = { flavor: 'mariadb' } as const;
    expect(index('KEY k (a) IGNORED', mariadb).invisible).toBe(true);
    expect(index('KEY k (a) NOT IGNORED', mariadb).invisible).toBe(false);
    expect(index('UNIQUE (a, p WITHOUT OVERLAPS)', mariadb)).toMatchObject({ withoutOverlaps: { name: 'p' } });
    expect(index('VECTOR INDEX (v) DISTANCE=cosine M=8', mariadb)).toMatchObject({ kind: 'VECTOR' });
    expect(index('PRIMARY KEY (a) NONCLUSTERED', { flavor: 'tidb' }).clustered).toBe(false);
  });
});

describe('constraints', () => {
  it('reads foreign keys; a table without schema stands beside its child', () => {
    const sql =
      'CREATE TABLE s.c (a INT, CONSTRAINT fk FOREIGN KEY i (a, b) REFERENCES p (x, y) ON DELETE NO ACTION ON UPDATE SET DEFAULT, FOREIGN KEY (a) REFERENCES q.p (x))';
    const [, first, second] = readAs('create-table', sql).elements;
    expect(first).toMatchObject({
      element: 'foreign-key',
      constraint: { name: 'fk' },
      indexName: { name: 'i' },
      references: { onDelete: 'NO ACTION', onUpdate: 'SET DEFAULT' },
    });
    expect(second).toMatchObject({ element: 'foreign-key', references: { table: { schema: { name: 'q' } } } });
    expect(objects(sql)).toEqual(['target s.c', 'references s.p', 'references q.p']);
  });

  it('reads checks and periods', () => {
    const { elements } = create(
      '(a INT, CONSTRAINT c CHECK (a > 0) NOT ENFORCED, CHECK (a), PERIOD FOR SYSTEM_TIME (s, e), period INT)',
      { flavor: 'mariadb' },
    );
    expect(elements.map((element) => element.element)).toEqual(['column', 'check', 'check', 'period', 'column']);
    expect(elements[1]).toMatchObject({ name: { name: 'c' }, enforced: false });
    expect(elements[3]).toMatchObject({ name: { name: 'SYSTEM_TIME' }, from: { name: 's' }, to: { name: 'e' } });
  });

  it('takes words of the grammar that are not reserved as column names', () => {
    const names =
      'type, status, comment, visible, at, data, first, after, no, period, system, version, json, uuid, date, value';
    const { elements } = create(
      `(${names
        .split(', ')
        .map((name) => `${name} INT`)
        .join(', ')})`,
    );
    expect(elements.map((element) => (element.element === 'column' ? element.name.name : ''))).toEqual(
      names.split(', '),
    );
  });
});

describe('options and partitions', () => {
  it('reads options with and without = and commas', () => {
    const { options } = create(
      `(a INT) ENGINE=InnoDB, DEFAULT CHARSET = UTF8MB4 COLLATE utf8mb4_bin COMMENT 'it''s' ROW_FORMAT=DYNAMIC
       AUTO_INCREMENT 5 MAX_ROWS=10 DATA DIRECTORY='/x' TABLESPACE ts STORAGE DISK UNION=(x, y.z) STATS_PERSISTENT=DEFAULT
       ENCRYPTION='Y' CHECKSUM=1 PACK_KEYS=0 INSERT_METHOD=LAST KEY_BLOCK_SIZE 8 CONNECTION='c' COMPRESSION='zlib'`,
    );
    expect(Object.fromEntries(options.map(({ name, value }) => [name, value]))).toEqual({
      ENGINE: 'InnoDB',
      'CHARACTER SET': 'utf8mb4',
      COLLATE: 'utf8mb4_bin',
      COMMENT: "it's",
      ROW_FORMAT: 'DYNAMIC',
      AUTO_INCREMENT: '5',
      MAX_ROWS: '10',
      'DATA DIRECTORY': '/x',
      TABLESPACE: 'ts',
      STORAGE: 'DISK',
      UNION: '(x, y.z)',
      STATS_PERSISTENT: 'DEFAULT',
      ENCRYPTION: 'Y',
      CHECKSUM: '1',
      PACK_KEYS: '0',
      INSERT_METHOD: 'LAST',
      KEY_BLOCK_SIZE: '8',
      CONNECTION: 'c',
      COMPRESSION: 'zlib',
    });
  });

  it('reads options of one server on that server only', () => {
    expect(
      create('(a INT) PAGE_COMPRESSED=1 `my option`=5 WITH SYSTEM VERSIONING', { flavor: 'mariadb' }).options,
    ).toMatchObject([
      { name: 'PAGE_COMPRESSED' },
      { name: 'MY OPTION', value: '5' },
      { name: 'WITH SYSTEM VERSIONING' },
    ]);
    expect(
      create("(a INT) TTL = `a` + INTERVAL 1 DAY TTL_ENABLE='ON' PLACEMENT POLICY=p", { flavor: 'tidb' }).options,
    ).toHaveLength(3);
    expect(() => create('(a INT) MY_OPTION=5')).toThrow(/expected a table option, PARTITION BY or the end/);
  });

  it('reads the external tables of MySQL 9', () => {
    const sql =
      "CREATE EXTERNAL TABLE t (a INT EXTERNAL_FORMAT 'x') FILE_FORMAT = (FORMAT csv) FILES = (URI 'y') STRICT_LOAD=1";
    const { elements, options } = readAs('create-table', sql);
    expect(elements).toMatchObject([{ options: { EXTERNAL_FORMAT: 'x' } }]);
    expect(options.map(({ name }) => name)).toEqual(['FILE_FORMAT', 'FILES', 'STRICT_LOAD']);
  });

  const partitions: [text: string, expected: Record<string, unknown>][] = [
    ['HASH (a + 1) PARTITIONS 4', { method: 'HASH', linear: false, expression: 'a + 1', count: 4 }],
    ['LINEAR KEY ALGORITHM=2 (a, b) PARTITIONS 2', { method: 'KEY', linear: true }],
    ['KEY () PARTITIONS 2', { method: 'KEY', columns: [] }],
    [
      'RANGE (a) (PARTITION p0 VALUES LESS THAN (5), PARTITION p1 VALUES LESS THAN MAXVALUE ENGINE = InnoDB)',
      { method: 'RANGE' },
    ],
    ["LIST COLUMNS (a) (PARTITION p0 VALUES IN ('(', 'b') COMMENT='x')", { method: 'LIST' }],
    [
      'RANGE (a) SUBPARTITION BY HASH (b) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (1) (SUBPARTITION s0, SUBPARTITION s1))',
      { method: 'RANGE' },
    ],
  ];
  it.each(partitions)('PARTITION BY %s', (text, expected) => {
    const { partitioning } = create(`(a INT, b INT) ENGINE=InnoDB PARTITION BY ${text}`);
    expect(partitioning).toMatchObject({ ...expected, text: `PARTITION BY ${text}` });
  });

  it('lists the names of partitions', () => {
    const { partitioning } = create(
      '(a INT) /*!50100 PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (5), PARTITION `p 1` VALUES LESS THAN MAXVALUE) */',
    );
    expect(partitioning?.partitions.map((ident) => ident.name)).toEqual(['p0', 'p 1']);
  });

  it('reads the partitions of MariaDB', () => {
    const mariadb = { flavor: 'mariadb' } as const;
    const history = create(
      "(a INT) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME INTERVAL '1 2' DAY_HOUR STARTS TIMESTAMP'2020-01-01 00:00:00' AUTO PARTITIONS 3",
      mariadb,
    );
    expect(history.partitioning).toMatchObject({ method: 'SYSTEM_TIME', count: 3 });
    expect(
      create('(a INT) PARTITION BY SYSTEM_TIME LIMIT 10 (p0 HISTORY, PARTITION pn CURRENT)', mariadb).partitioning
        ?.partitions,
    ).toMatchObject([{ name: 'p0' }, { name: 'pn' }]);
  });
});

describe('the other forms of CREATE TABLE', () => {
  it('reads LIKE', () => {
    expect(create('LIKE s.u').like).toMatchObject({ schema: { name: 's' }, table: { name: 'u' } });
    expect(create('(LIKE u)').like).toMatchObject({ table: { name: 'u' } });
    expect(objects('CREATE TABLE x.t LIKE u')).toEqual(['target x.t', 'like db.u']);
  });

  it.each([
    'SELECT 1',
    'AS SELECT 1',
    '(a INT) IGNORE AS SELECT 1',
    '(a INT) ENGINE=x REPLACE SELECT 1',
    '(SELECT 1)',
    'AS (SELECT 1) UNION SELECT 2',
    'WITH x AS (SELECT 1) SELECT * FROM x',
    'TABLE u',
    'VALUES ROW(1)',
  ])('knows a query: %s', (text) => {
    expect(create(text).select).toBeDefined();
  });

  it('reads what the server writes for an atomic CREATE ... SELECT', () => {
    const read = create('(`a` int) START TRANSACTION');
    expect(read).toMatchObject({ startTransaction: true, options: [] });
    expect(read.select).toBeUndefined();
  });

  it('reads the words before the name', () => {
    expect(readAs('create-table', 'CREATE TEMPORARY TABLE IF NOT EXISTS t (a INT)')).toMatchObject({
      temporary: true,
      ifNotExists: true,
    });
    expect(readAs('create-table', 'CREATE OR REPLACE TABLE t (a INT)', { flavor: 'mariadb' }).orReplace).toBe(true);
  });
});

describe('names', () => {
  it('reads quoted, dotted and odd names', () => {
    expect(objects('CREATE TABLE `a``b`.`c.d` (x INT)')).toEqual(['target a`b.c.d']);
    expect(objects('CREATE TABLE "a""b" (x INT)', { sqlMode: 'ANSI_QUOTES' })).toEqual(['target db.a"b']);
    expect(objects('CREATE TABLE s . t (x INT)')).toEqual(['target s.t']);
    expect(objects('CREATE TABLE .t (x INT)')).toEqual(['target db.t']);
    expect(objects('CREATE TABLE s.select (x INT)')).toEqual(['target s.select']);
    expect(objects('CREATE TABLE `1e5`.2x (x INT)')).toEqual(['target 1e5.2x']);
  });

  it('records names of the own table in expressions, and sequences', () => {
    expect(objects('CREATE TABLE t (a INT CHECK (t.a > db.t.a), b INT AS (x.y), c INT AS (f.g(t.a)))')).toEqual([
      'target db.t',
      'qualifier db.t',
      'qualifier db.t',
      'qualifier db.t',
    ]);
    expect(
      objects('CREATE TABLE t (a INT DEFAULT nextval(s), b INT DEFAULT (NEXT VALUE FOR x.s))', { flavor: 'mariadb' }),
    ).toEqual(['target db.t', 'sequence db.s', 'sequence x.s']);
  });

  it('leaves the schema empty when it is nowhere said', () => {
    expect(objects('DROP TABLE t', { defaultSchema: '' })).toEqual(['target .t']);
  });
});
