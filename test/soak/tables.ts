/** Tables whose rows are hard to keep in order or to tell apart. The words are those that both flavors know. */
import type { Random } from '../integration/schema/random.js';

const SHAPES: readonly ((name: string) => string)[] = [
  (t) =>
    `CREATE TABLE ${t} (id BIGINT PRIMARY KEY AUTO_INCREMENT, a INT, v VARCHAR(80), d DECIMAL(20,4), at DATETIME(6))`,
  (t) => `CREATE TABLE ${t} (a INT, v VARCHAR(40), f DOUBLE)`,
  (t) => `CREATE TABLE ${t} (a INT, g FLOAT, b VARBINARY(20), e ENUM('x','y','Z'), s SET('p','q','r'), j JSON)`,
  (t) => `CREATE TABLE ${t} (u INT NULL, w VARCHAR(20), UNIQUE KEY (u))`,
  (t) => `CREATE TABLE ${t} (a INT NULL, b VARCHAR(20) NULL, c INT, UNIQUE KEY ab (a, b), KEY (c))`,
  (t) => `CREATE TABLE ${t} (x INT, y VARCHAR(30), n INT NOT NULL DEFAULT 0, PRIMARY KEY (x, y))`,
  (t) =>
    `CREATE TABLE ${t} (id INT PRIMARY KEY, u1 INT NOT NULL, u2 VARCHAR(30) NULL, u3 INT NULL, n INT, UNIQUE KEY (u1), UNIQUE KEY (u2), UNIQUE KEY u3n (u3, n))`,
  (t) => `CREATE TABLE ${t} (v VARCHAR(30) COLLATE utf8mb4_general_ci PRIMARY KEY, a INT)`,
  (t) => `CREATE TABLE ${t} (id INT PRIMARY KEY, v VARCHAR(60) COLLATE utf8mb4_unicode_ci, UNIQUE KEY p (v(4)))`,
  (t) => `CREATE TABLE ${t} (b BINARY(6) PRIMARY KEY, vb VARBINARY(12), a INT, UNIQUE KEY (vb))`,
  (t) =>
    `CREATE TABLE ${t} (id INT PRIMARY KEY, a INT, g BIGINT GENERATED ALWAYS AS (a * 2) STORED, h INT GENERATED ALWAYS AS (a + 1) VIRTUAL, UNIQUE KEY (h))`,
  (t) => `CREATE TABLE ${t} (id INT PRIMARY KEY, big LONGBLOB, txt MEDIUMTEXT, l VARCHAR(30) CHARACTER SET latin1)`,
  (t) =>
    `CREATE TABLE ${t} (id INT PRIMARY KEY, bits BIT(40), y YEAR, tm TIME(3), ts TIMESTAMP(6) NULL, UNIQUE KEY (bits))`,
  (t) => `CREATE TABLE ${t} (a INT INVISIBLE, id INT, v VARCHAR(20), UNIQUE KEY (id))`,
  (t) =>
    `CREATE TABLE ${t} (id INT NOT NULL, r INT NOT NULL, v VARCHAR(30), PRIMARY KEY (id, r)) PARTITION BY RANGE (r) (PARTITION p0 VALUES LESS THAN (20), PARTITION p1 VALUES LESS THAN (50), PARTITION p2 VALUES LESS THAN MAXVALUE)`,
  (t) => `CREATE TABLE ${t} (id INT PRIMARY KEY, v VARCHAR(30)) PARTITION BY HASH (id) PARTITIONS 4`,
  (t) => `CREATE TABLE ${t} (d DECIMAL(10,2) NOT NULL, f DOUBLE NOT NULL, a INT, UNIQUE KEY (d), UNIQUE KEY (f))`,
  (t) => `CREATE TABLE ${t} (dt DATETIME NOT NULL, i BIGINT UNSIGNED NOT NULL, a INT, PRIMARY KEY (dt, i))`,
  (t) => `CREATE TABLE ${t} (u INT NOT NULL, a INT, UNIQUE KEY (u)) ENGINE=InnoDB`,
];

const RULES = ['ON DELETE CASCADE', 'ON DELETE CASCADE ON UPDATE CASCADE', 'ON DELETE SET NULL', ''];

/** Statements that make `count` tables or a few more: a table that refers to another comes with it. */
export function tableStatements(random: Random, count: number): string[] {
  const statements: string[] = [];
  for (let n = 0; n < count; n++) {
    if (random.chance(0.15)) statements.push(...family(random, n));
    else statements.push(random.pick(SHAPES)(`t${n}`));
  }
  return statements;
}

/** One table of any shape. */
export function tableStatement(random: Random, name: string): string {
  return random.pick(SHAPES)(`\`${name}\``);
}

/** A parent, a child and perhaps a grandchild. */
function family(random: Random, n: number): string[] {
  const [parent, child, grandchild] = [`p${n}`, `c${n}`, `g${n}`];
  const statements = [
    `CREATE TABLE ${parent} (id INT PRIMARY KEY, a INT, v VARCHAR(20))`,
    `CREATE TABLE ${child} (id INT PRIMARY KEY, p INT NULL, a INT, CONSTRAINT f_${child} FOREIGN KEY (p) REFERENCES ${parent} (id) ${random.pick(RULES)})`,
  ];
  if (random.chance(0.5)) {
    statements.push(
      `CREATE TABLE ${grandchild} (q INT NULL, a INT, CONSTRAINT f_${grandchild} FOREIGN KEY (q) REFERENCES ${child} (id) ${random.pick(RULES)})`,
    );
  }
  return statements;
}
