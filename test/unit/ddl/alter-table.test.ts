import { describe, expect, it } from 'vitest';
import { alter, clause, objects, read, readAs } from './help.js';

const mariadb = { flavor: 'mariadb' } as const;
const tidb = { flavor: 'tidb' } as const;

describe('columns', () => {
  it('reads ADD in all its forms', () => {
    expect(clause('add', 'ADD a INT')).toMatchObject({ parenthesised: false, elements: [{ name: { name: 'a' } }] });
    expect(clause('add', 'ADD COLUMN a INT NOT NULL FIRST').position).toMatchObject({ first: true });
    expect(clause('add', 'ADD COLUMN a INT DEFAULT 5 AFTER `b c`').position).toMatchObject({ after: { name: 'b c' } });
    expect(clause('add', 'ADD COLUMN IF NOT EXISTS a INT', mariadb).elements[0]).toMatchObject({ ifNotExists: true });
    const list = clause('add', 'ADD (a INT, KEY k (a), CONSTRAINT f FOREIGN KEY (a) REFERENCES p (x), CHECK (a > 0))');
    expect(list.parenthesised).toBe(true);
    expect(list.elements.map((element) => element.element)).toEqual(['column', 'index', 'foreign-key', 'check']);
  });

  it('reads MODIFY and CHANGE', () => {
    expect(clause('modify-column', 'MODIFY a BIGINT UNSIGNED FIRST')).toMatchObject({
      column: { type: { name: 'bigint', unsigned: true } },
      position: { first: true },
    });
    expect(clause('modify-column', 'MODIFY COLUMN IF EXISTS t.a INT', mariadb)).toMatchObject({ ifExists: true });
    expect(clause('change-column', 'CHANGE a b INT AFTER c')).toMatchObject({
      from: { name: 'a' },
      column: { name: { name: 'b' } },
      position: { after: { name: 'c' } },
    });
    expect(clause('change-column', 'CHANGE COLUMN db.t.a a INT').from.name).toBe('a');
  });

  it('reads RENAME COLUMN, DROP and ALTER COLUMN', () => {
    expect(clause('rename-column', 'RENAME COLUMN a TO b')).toMatchObject({ from: { name: 'a' }, to: { name: 'b' } });
    expect(clause('rename-column', 'RENAME COLUMN IF EXISTS a TO b', mariadb).ifExists).toBe(true);
    expect(clause('drop-column', 'DROP a').column.name).toBe('a');
    expect(clause('drop-column', 'DROP COLUMN a CASCADE').column.name).toBe('a');
    expect(clause('drop-column', 'DROP COLUMN IF EXISTS a', mariadb).ifExists).toBe(true);
    expect(clause('set-default', "ALTER a SET DEFAULT 'x'").default).toMatchObject({ kind: 'string', value: 'x' });
    expect(clause('set-default', 'ALTER COLUMN a SET DEFAULT (uuid())').default).toMatchObject({ kind: 'expression' });
    expect(clause('drop-default', 'ALTER COLUMN a DROP DEFAULT').column.name).toBe('a');
    expect(clause('set-column-visibility', 'ALTER COLUMN a SET INVISIBLE').invisible).toBe(true);
    expect(clause('set-column-visibility', 'ALTER COLUMN a SET VISIBLE').invisible).toBe(false);
  });
});

describe('keys and constraints', () => {
  it('reads what is added', () => {
    const added: [text: string, expected: Record<string, unknown>][] = [
      ['ADD PRIMARY KEY (a)', { kind: 'PRIMARY' }],
      ['ADD INDEX (a)', { kind: 'INDEX' }],
      ['ADD UNIQUE INDEX u (a)', { kind: 'UNIQUE', name: { name: 'u' } }],
      ['ADD CONSTRAINT c UNIQUE (a)', { kind: 'UNIQUE', name: { name: 'c' } }],
      ['ADD FULLTEXT f (a)', { kind: 'FULLTEXT' }],
      ['ADD SPATIAL INDEX (g)', { kind: 'SPATIAL' }],
      ['ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES p (x)', { element: 'foreign-key' }],
      ['ADD FOREIGN KEY (a) REFERENCES p (x)', { element: 'foreign-key' }],
      ['ADD CONSTRAINT c CHECK (a > 0)', { element: 'check', name: { name: 'c' } }],
      ['ADD CHECK (a > 0) NOT ENFORCED', { element: 'check', enforced: false }],
    ];
    for (const [text, expected] of added) expect(clause('add', text).elements[0]).toMatchObject(expected);
    const conditional = [
      'ADD INDEX IF NOT EXISTS i (a)',
      'ADD CONSTRAINT IF NOT EXISTS c CHECK (a)',
      'ADD FOREIGN KEY IF NOT EXISTS f (a) REFERENCES p (x)',
      'ADD PERIOD IF NOT EXISTS FOR p (s, e)',
    ];
    for (const text of conditional) expect(clause('add', text, mariadb).elements[0]?.ifNotExists).toBe(true);
  });

  it('reads what is dropped', () => {
    expect(clause('drop-primary-key', 'DROP PRIMARY KEY').ifExists).toBe(false);
    expect(clause('drop-index', 'DROP INDEX i').name.name).toBe('i');
    expect(clause('drop-index', 'DROP KEY `primary`').name.name).toBe('primary');
    expect(clause('drop-index', 'DROP INDEX IF EXISTS i', mariadb).ifExists).toBe(true);
    expect(clause('drop-foreign-key', 'DROP FOREIGN KEY f').name.name).toBe('f');
    expect(clause('drop-check', 'DROP CHECK c').name.name).toBe('c');
    expect(clause('drop-constraint', 'DROP CONSTRAINT c').name.name).toBe('c');
    expect(clause('drop-period', 'DROP PERIOD FOR p', mariadb).name.name).toBe('p');
    expect(clause('drop-period', 'DROP PERIOD IF EXISTS FOR p', mariadb).ifExists).toBe(true);
  });

  it('reads what is changed', () => {
    expect(clause('rename-index', 'RENAME INDEX a TO b')).toMatchObject({ from: { name: 'a' }, to: { name: 'b' } });
    expect(clause('rename-index', 'RENAME KEY a TO b').to.name).toBe('b');
    expect(clause('set-index-visibility', 'ALTER INDEX i INVISIBLE').invisible).toBe(true);
    expect(clause('set-index-visibility', 'ALTER INDEX i VISIBLE').invisible).toBe(false);
    expect(clause('set-index-visibility', 'ALTER KEY IF EXISTS i IGNORED', mariadb)).toMatchObject({
      invisible: true,
      ifExists: true,
    });
    expect(clause('set-index-visibility', 'ALTER INDEX i NOT IGNORED', mariadb).invisible).toBe(false);
    expect(clause('set-check-enforced', 'ALTER CHECK c NOT ENFORCED').enforced).toBe(false);
    expect(clause('set-check-enforced', 'ALTER CONSTRAINT c ENFORCED').enforced).toBe(true);
  });
});

describe('the table', () => {
  it('reads RENAME in all its forms', () => {
    for (const text of ['RENAME TO x.y', 'RENAME AS x.y', 'RENAME = x.y', 'RENAME x.y']) {
      expect(clause('rename-table', text).to).toMatchObject({ schema: { name: 'x' }, table: { name: 'y' } });
    }
    expect(objects('ALTER TABLE s.t RENAME u')).toEqual(['target s.t', 'new-name db.u']);
  });

  it('reads character sets', () => {
    expect(clause('convert-charset', 'CONVERT TO CHARACTER SET UTF8MB4 COLLATE utf8mb4_bin')).toMatchObject({
      charset: 'utf8mb4',
      collation: 'utf8mb4_bin',
    });
    expect(clause('convert-charset', 'CONVERT TO CHARSET DEFAULT')).toMatchObject({ charset: 'default' });
    expect(clause('options', 'DEFAULT CHARACTER SET = latin1 COLLATE latin1_bin').options).toMatchObject([
      { name: 'CHARACTER SET', value: 'latin1' },
      { name: 'COLLATE', value: 'latin1_bin' },
    ]);
  });

  it('reads options, alone or in a row', () => {
    expect(clause('options', "ENGINE=InnoDB ROW_FORMAT=COMPACT COMMENT='x, y' AUTO_INCREMENT=9").options).toHaveLength(
      4,
    );
    expect(alter('ENGINE InnoDB, COMMENT "x", ADD a INT').clauses.map(({ action }) => action)).toEqual([
      'options',
      'options',
      'add',
    ]);
  });

  it('reads what changes nothing of the structure', () => {
    expect(alter('ALGORITHM=INPLACE, LOCK NONE, WITH VALIDATION').clauses).toMatchObject([
      { action: 'hint', name: 'ALGORITHM', value: 'INPLACE' },
      { action: 'hint', name: 'LOCK', value: 'NONE' },
      { action: 'hint', name: 'VALIDATION', value: 'WITH' },
    ]);
    expect(clause('set-keys', 'DISABLE KEYS').enabled).toBe(false);
    expect(clause('storage', 'DISCARD TABLESPACE').name).toBe('DISCARD TABLESPACE');
    expect(clause('storage', 'FORCE').name).toBe('FORCE');
    expect(clause('storage', 'SECONDARY_LOAD').name).toBe('SECONDARY_LOAD');
    expect(clause('storage', "SET TIFLASH REPLICA 2 LOCATION LABELS 'a', 'b'", tidb).name).toBe('SET TIFLASH REPLICA');
    expect(alter('WAIT 5 ADD a INT', mariadb).clauses.map(({ action }) => action)).toEqual(['hint', 'add']);
    expect(alter('').clauses).toEqual([]);
  });

  it('reads ORDER BY with clauses behind it', () => {
    expect(alter('ORDER BY a, b DESC, t.c ASC').clauses.map(({ action }) => action)).toEqual(['order-by']);
    expect(alter('ORDER BY a, b, ADD c INT').clauses.map(({ action }) => action)).toEqual(['order-by', 'add']);
    expect(alter('ORDER BY a, ADD c INT, ENGINE=InnoDB').clauses.map(({ action }) => action)).toEqual([
      'order-by',
      'add',
      'options',
    ]);
  });

  it('reads the words before the name', () => {
    expect(readAs('alter-table', 'ALTER ONLINE IGNORE TABLE IF EXISTS t DROP a', mariadb).ifExists).toBe(true);
  });

  it('reads system versioning', () => {
    expect(clause('system-versioning', 'ADD SYSTEM VERSIONING', mariadb).add).toBe(true);
    expect(clause('system-versioning', 'DROP SYSTEM VERSIONING', mariadb).add).toBe(false);
    expect(clause('add', 'ADD PERIOD FOR SYSTEM_TIME (a, b)', mariadb).elements[0]?.element).toBe('period');
  });
});

describe('partitions', () => {
  const operations: [text: string, operation: string, names: string[]][] = [
    ['ADD PARTITION (PARTITION p1 VALUES LESS THAN (5), PARTITION p2 VALUES LESS THAN MAXVALUE)', 'add', ['p1', 'p2']],
    ['ADD PARTITION NO_WRITE_TO_BINLOG PARTITIONS 3', 'add', []],
    ['DROP PARTITION p1, p2', 'drop', ['p1', 'p2']],
    ['TRUNCATE PARTITION ALL', 'truncate', []],
    ['COALESCE PARTITION 2', 'coalesce', []],
    ['REORGANIZE PARTITION', 'reorganize', []],
    ['REORGANIZE PARTITION p1 INTO (PARTITION n0 VALUES LESS THAN (1))', 'reorganize', ['p1']],
    ['ANALYZE PARTITION p1', 'analyze', ['p1']],
    ['CHECK PARTITION p1 FOR UPGRADE', 'check', ['p1']],
    ['OPTIMIZE PARTITION LOCAL p1', 'optimize', ['p1']],
    ['REBUILD PARTITION p1', 'rebuild', ['p1']],
    ['REPAIR PARTITION ALL QUICK', 'repair', []],
    ['DISCARD PARTITION p1 TABLESPACE', 'discard', ['p1']],
    ['IMPORT PARTITION ALL TABLESPACE', 'import', []],
  ];
  it.each(operations)('%s', (text, operation, names) => {
    const found = clause('partition', text);
    expect(found.operation).toBe(operation);
    expect(found.partitions.map((ident) => ident.name)).toEqual(names);
  });

  it('reads the other table of EXCHANGE and CONVERT', () => {
    expect(clause('partition', 'EXCHANGE PARTITION p WITH TABLE s.u WITHOUT VALIDATION').table).toMatchObject({
      table: { name: 'u' },
    });
    expect(objects('ALTER TABLE s.t EXCHANGE PARTITION p WITH TABLE u')).toEqual(['target s.t', 'exchange db.u']);
    expect(clause('partition', 'CONVERT PARTITION p TO TABLE u', mariadb).operation).toBe('convert-to-table');
    expect(
      clause('partition', 'CONVERT TABLE u TO PARTITION p VALUES LESS THAN (9) WITH VALIDATION', mariadb).operation,
    ).toBe('convert-from-table');
  });

  it('reads PARTITION BY and REMOVE PARTITIONING without a comma before them', () => {
    expect(alter('ADD a INT PARTITION BY HASH (a)').clauses.map(({ action }) => action)).toEqual([
      'add',
      'partition-by',
    ]);
    expect(alter('ENGINE=InnoDB REMOVE PARTITIONING').clauses.map(({ action }) => action)).toEqual([
      'options',
      'remove-partitioning',
    ]);
    expect(clause('partition-by', 'PARTITION BY KEY (a) PARTITIONS 2').partitioning.count).toBe(2);
  });
});

describe('spans', () => {
  it('cover the clauses exactly', () => {
    const sql = "ALTER TABLE t ADD a INT DEFAULT 'x,y' /* , */ AFTER b , DROP c,RENAME INDEX i TO j";
    const statement = readAs('alter-table', `  ${sql} ; `);
    expect(statement.clauses.map(({ start, end }) => statement.text.slice(start, end))).toEqual([
      "ADD a INT DEFAULT 'x,y' /* , */ AFTER b",
      'DROP c',
      'RENAME INDEX i TO j',
    ]);
    expect(statement.text.slice(statement.start, statement.end)).toBe(sql);
  });
});

describe('errors', () => {
  const errors: [sql: string, message: RegExp][] = [
    ['ALTER TABLE t ADD a', /line 1 column 20: expected data type, found the end/],
    ['ALTER TABLE t\n  ADD a INT,\n  FROB b', /line 3 column 3: expected a clause of ALTER TABLE, found "FROB b"/],
    ['ALTER TABLE t DROP COLUMN a b', /expected "," or the end, found "b"/],
    ['ALTER TABLE t ADD COLUMN select INT', /expected column name, found "select INT"/],
    ['ALTER TABLE t ADD a INT UNKNOWN_ATTRIBUTE', /expected "," or the end, found "UNKNOWN_ATTRIBUTE"/],
    ['CREATE TABLE t (a INT', /expected \), found the end/],
    ['CREATE TABLE t (a INT, )', /column 24: expected column name, found "\)"/],
    ['CREATE TABLE t (a INT DEFAULT foo())', /expected default value/],
    ["CREATE TABLE t (a INT COMMENT 'x", /line 1 column 31: this quoted text or literal does not end/],
    ['CREATE TABLE t (a INT) /*!50100 PARTITION BY HASH (a)', /this comment does not end/],
    ['CREATE TABLE t', /expected columns, LIKE or a query/],
    ['DROP TABLE', /expected table name, found the end/],
    ['DROP TABLE a; DROP TABLE b', /expected the end of the statement, found "DROP TABLE b"/],
    ['FROBNICATE t', /expected a statement/],
  ];
  it.each(errors)('%s', (sql, message) => {
    expect(() => read(sql)).toThrow(expect.objectContaining({ code: 11006, message: expect.stringMatching(message) }));
  });
});
