import { describe, expect, it } from 'vitest';
import { eventKind, renameObjects, splitStatement } from '../../../src/ddl/index.js';
import { alter, clause, column, objects, read, readAs } from './help.js';

describe('defects of the past that begin with reading DDL', () => {
  it('SYN-10: every form of ADD COLUMN tells the column and its place', () => {
    const sql =
      'ALTER TABLE t ADD a INT FIRST, ADD COLUMN (b INT, c INT), ADD COLUMN d INT AFTER a, DROP COLUMN e, ADD f INT';
    const added = readAs('alter-table', sql).clauses.flatMap((one) =>
      one.action === 'add'
        ? one.elements.map((element) => (element.element === 'column' ? element.name.name : ''))
        : [],
    );
    expect(added).toEqual(['a', 'b', 'c', 'd', 'f']);
    const order = splitStatement(read(sql)).parts.map((part) => part.text.slice('ALTER TABLE t '.length));
    expect(order).toEqual([
      'DROP COLUMN e',
      'ADD a INT FIRST',
      'ADD COLUMN b INT',
      'ADD COLUMN c INT',
      'ADD COLUMN d INT AFTER a',
      'ADD f INT',
    ]);
  });

  it('SYN-11: a structure printed by SHOW CREATE TABLE of any server is read', () => {
    const printed = [
      'CREATE TABLE `t` (\n  `a` int(11) NOT NULL AUTO_INCREMENT,\n  `b` timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(),\n  PRIMARY KEY (`a`),\n  KEY `b` (`b`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci',
      'CREATE TABLE `t` (\n  `a` bigint NOT NULL /*T![auto_rand] AUTO_RANDOM(5) */,\n  `b` json DEFAULT NULL,\n  PRIMARY KEY (`a`) /*T![clustered_index] CLUSTERED */\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin /*T![auto_rand_base] AUTO_RANDOM_BASE=30001 */',
      'CREATE TABLE `t` (\n  `a` int NOT NULL,\n  `b` int GENERATED ALWAYS AS ((`a` + 1)) VIRTUAL /*!80023 INVISIBLE */,\n  KEY `k` ((lower(`b`))) /*!80000 INVISIBLE */\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci\n/*!50100 PARTITION BY RANGE (`a`)\n(PARTITION p0 VALUES LESS THAN (5) ENGINE = InnoDB) */',
    ];
    const flavors = ['mariadb', 'tidb', 'mysql'] as const;
    const columns = printed.map((sql, i) =>
      readAs('create-table', sql, { flavor: flavors[i] ?? 'mysql' }).elements.filter((e) => e.element === 'column'),
    );
    expect(columns.map((list) => list.map((one) => one.name.name))).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('SYN-12: all columns of a table are told, also those with defaults of every kind', () => {
    const { elements } = readAs(
      'create-table',
      "CREATE TABLE t (a INT, extra1 INT NULL, extra2 INT DEFAULT 5, extra3 CHAR(3) DEFAULT (concat('a', ',', 'b')))",
    );
    expect(elements.map((element) => element.element)).toEqual(['column', 'column', 'column', 'column']);
  });

  it('SYN-24: a foreign key names the table it refers to, so that it can be fetched first', () => {
    expect(objects('ALTER TABLE a ADD FOREIGN KEY (x) REFERENCES b (y)')).toEqual(['target db.a', 'references db.b']);
    expect(objects('ALTER TABLE s.a ADD CONSTRAINT c FOREIGN KEY (x) REFERENCES b (y)')).toEqual([
      'target s.a',
      'references s.b',
    ]);
    expect(objects('CREATE TABLE a LIKE b')).toEqual(['target db.a', 'like db.b']);
  });

  it('SCH-02: a statement that a filter may skip is read in full all the same', () => {
    const statement = alter('ADD COLUMN a INT NOT NULL DEFAULT 5');
    expect(eventKind(statement)).toBe('alter table');
    expect(statement.clauses).toMatchObject([
      { action: 'add', elements: [{ type: { name: 'int' }, nullable: false }] },
    ]);
  });

  it('SCH-03: changes of a column type are read', () => {
    expect(clause('modify-column', 'MODIFY c VARCHAR(20)').column.type.name).toBe('varchar');
    expect(clause('change-column', 'CHANGE c c INT').column.type.name).toBe('int');
    expect(clause('modify-column', 'MODIFY c DOUBLE').column.type.name).toBe('double');
  });

  it('SCH-04: AUTO_RANDOM with a clustered or another key is read', () => {
    const tidb = { flavor: 'tidb' } as const;
    expect(column('BIGINT PRIMARY KEY /*T![auto_rand] AUTO_RANDOM(5) */', tidb).autoRandom).toBe(true);
    expect(column('BIGINT AUTO_RANDOM PRIMARY KEY NONCLUSTERED', tidb)).toMatchObject({
      autoRandom: true,
      primaryKey: true,
    });
    // to MySQL the same text is a comment
    expect(column('BIGINT PRIMARY KEY /*T![auto_rand] AUTO_RANDOM(5) */').autoRandom).toBe(false);
  });

  it('keeps a backtick and a quote in names and comments through a rewrite', () => {
    const text = renameObjects(read("ALTER TABLE `a``b` ADD `c``d` INT COMMENT '`\"'"), (schema, table) => ({
      schema,
      table,
    }));
    expect(text).toBe("ALTER TABLE `db`.`a``b` ADD `c``d` INT COMMENT '`\"'");
  });
});
