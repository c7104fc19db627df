import type { Table } from '../../../src/schema/model.js';
import type { Random } from './random.js';

type Flavor = 'mysql' | 'mariadb';

/** A type as text, with defaults that suit it. */
interface TypeChoice {
  type: string;
  defaults: string[];
  text?: boolean;
}

export function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

const CHARSETS = ['latin1', 'utf8mb4', 'utf8', 'utf8mb3', 'ascii', 'gbk', 'binary'];
const COLLATIONS = [
  'latin1_bin',
  'latin1_swedish_ci',
  'utf8mb4_bin',
  'utf8mb4_general_ci',
  'utf8mb4_unicode_ci',
  'utf8_bin',
  'utf8mb3_general_ci',
  'ascii_bin',
  'gbk_chinese_ci',
];

/**
 * CONVERT TO clause. Not into UCS2: both servers then read the members of ENUM and SET as if they were UCS2 already, which
 * we do not imitate.
 */
export function convertClause(random: Random): string {
  const collation = random.pick(COLLATIONS);
  const charset = collation.slice(0, collation.indexOf('_'));
  return `CONVERT TO CHARACTER SET ${charset}${random.chance(0.5) ? ` COLLATE ${collation}` : ''}`;
}

/** CHARACTER SET or COLLATE clause, or both where they fit together. */
export function charsetClause(random: Random): string {
  const collation = random.pick(COLLATIONS);
  return random.weighted([
    [3, `CHARACTER SET ${random.pick(CHARSETS)}`],
    [2, `COLLATE ${collation}`],
    [2, `CHARACTER SET ${collation.slice(0, collation.indexOf('_'))} COLLATE ${collation}`],
  ]);
}

const NUMBER_DEFAULTS = ['0', '1', '-1', "'7'", '12', 'NULL'];

function integer(random: Random): TypeChoice {
  const word = random.pick([
    'TINYINT',
    'SMALLINT',
    'MEDIUMINT',
    'INT',
    'INTEGER',
    'BIGINT',
    'INT4',
    'INT8',
    'INT1',
    'BOOL',
  ]);
  if (word === 'BOOL') return { type: word, defaults: ['TRUE', 'FALSE', '1', 'NULL'] };
  const width = random.chance(0.3) ? `(${random.int(1, 12)})` : '';
  const sign = random.weighted([
    [6, ''],
    [3, ' UNSIGNED'],
    [1, ' ZEROFILL'],
  ]);
  return { type: `${word}${width}${sign}`, defaults: sign === '' ? NUMBER_DEFAULTS : ['0', '5', "'9'"] };
}

function fraction(random: Random): TypeChoice {
  const digits = random.int(4, 12);
  const scale = random.int(0, 4);
  const type = random.pick([
    'DECIMAL',
    `DECIMAL(${digits})`,
    `DECIMAL(${digits},${scale})`,
    `NUMERIC(${digits},${scale}) UNSIGNED`,
    'FLOAT',
    `FLOAT(${digits},${scale})`,
    `FLOAT(${random.int(1, 50)})`,
    'DOUBLE',
    `DOUBLE(${digits},${scale})`,
    'DOUBLE PRECISION UNSIGNED',
    'REAL',
  ]);
  const defaults = ['0', '1', '1.5', '0.25', "'2.75'", '1e2', '3.14159', 'NULL'];
  return { type, defaults: type.includes('UNSIGNED') ? defaults : [...defaults, '-1.25'] };
}

function temporal(random: Random): TypeChoice {
  const digits = random.int(0, 6);
  const precision = digits === 0 ? '' : `(${digits})`;
  const now = [
    `CURRENT_TIMESTAMP${precision}`,
    `NOW(${digits === 0 ? '' : digits})`,
    `CURRENT_TIMESTAMP${precision} ON UPDATE CURRENT_TIMESTAMP${precision}`,
  ];
  const moments = ["'2020-01-02 03:04:05'", "'2021-12-31 23:59:59.123456'", "'2000-02-29'"];
  return random.weighted<TypeChoice>([
    [2, { type: 'DATE', defaults: ["'2020-01-02'", "'1999-12-31'", '20210304', 'NULL'] }],
    [2, { type: `TIME${precision}`, defaults: ["'10:11:12'", "'-5:06:07.89'", "'99:00:00'", 'NULL'] }],
    [3, { type: `DATETIME${precision}`, defaults: [...now, ...moments, 'NULL'] }],
    [3, { type: `TIMESTAMP${precision}`, defaults: [...now, ...moments] }],
    [1, { type: 'YEAR', defaults: ['2020', "'1999'", "'70'", 'NULL'] }],
  ]);
}

function words(random: Random): TypeChoice {
  const length = random.pick([1, 5, 10, 30, 60, 200]);
  const literals = ["''", "'x'", "'it''s'", "'a\\\\b'", "'%_'", '5', "'é'", 'NULL'];
  return random.weighted<TypeChoice>([
    [3, { type: `CHAR(${length})`, defaults: ["''", "'x'", "'a'", 'NULL'], text: true }],
    [6, { type: `VARCHAR(${length})`, defaults: literals.slice(0, length > 5 ? 8 : 2), text: true }],
    [
      1,
      {
        type: random.pick(['TINYTEXT', 'TEXT', 'MEDIUMTEXT', 'LONGTEXT', `TEXT(${length})`]),
        defaults: [],
        text: true,
      },
    ],
    [1, { type: `NCHAR(${length})`, defaults: ["'n'"] }],
    [1, { type: `NATIONAL VARCHAR(${length})`, defaults: ["'n'"] }],
    [2, { type: "ENUM('a','B','c d','it''s','x,y')", defaults: ["'a'", "'B'", "'x,y'", 'NULL'], text: true }],
    [2, { type: "SET('a','b','c d','z')", defaults: ["''", "'a,b'", "'z,a'", "'c d'", 'NULL'], text: true }],
  ]);
}

function bytes(random: Random): TypeChoice {
  const length = random.pick([1, 4, 16, 50]);
  return random.weighted<TypeChoice>([
    [2, { type: `BINARY(${length})`, defaults: ["'a'", "x'00'", "''"] }],
    [2, { type: `VARBINARY(${length})`, defaults: ["'b'", "x'7f00'", 'NULL'] }],
    [2, { type: random.pick(['TINYBLOB', 'BLOB', 'MEDIUMBLOB', 'LONGBLOB', `BLOB(${length * 20})`]), defaults: [] }],
    [2, { type: `BIT(${random.int(1, 64)})`, defaults: ["b'1'", '1', "b'0'", 'NULL'] }],
    [2, { type: 'JSON', defaults: [] }],
    [1, { type: random.pick(['POINT', 'GEOMETRY', 'POLYGON', 'GEOMETRYCOLLECTION']), defaults: [] }],
  ]);
}

function ofOneFlavor(random: Random, flavor: Flavor): TypeChoice {
  if (flavor === 'mysql') return { type: random.pick(['VECTOR(3)', 'POINT SRID 4326', 'JSON']), defaults: [] };
  return random.pick<TypeChoice>([
    { type: 'UUID', defaults: ['UUID()', "'123e4567-e89b-12d3-a456-426655440000'"] },
    { type: 'INET6', defaults: ["'::1'", 'NULL'] },
    { type: 'INET4', defaults: ["'10.0.0.1'"] },
    { type: 'VARCHAR(100) COMPRESSED', defaults: ["'x'"] },
    { type: 'TEXT', defaults: ["'text'", "''"] },
  ]);
}

function chooseType(random: Random, flavor: Flavor): TypeChoice {
  return random.weighted<() => TypeChoice>([
    [30, () => integer(random)],
    [10, () => fraction(random)],
    [12, () => temporal(random)],
    [30, () => words(random)],
    [10, () => bytes(random)],
    [3, () => ofOneFlavor(random, flavor)],
  ])();
}

const NAMES = [
  'a',
  'b',
  'c',
  'id',
  'name',
  'type',
  'status',
  'key',
  'order',
  'A',
  'x y',
  'a`b',
  'ü',
  "q'q",
  'Long_Name',
  'z9',
];

/** A column name that the table does not have yet, mostly. */
export function newColumnName(random: Random, table: Table | undefined): string {
  for (let tries = 0; tries < 5; tries++) {
    const name = random.chance(0.6) ? random.pick(NAMES) : `c${random.int(1, 60)}`;
    if (!table?.columns.some((column) => column.name.toLowerCase() === name.toLowerCase())) return name;
  }
  return `n${random.int(100, 100000)}`;
}

/** A definition behind the column's name. `table` gives columns for generated ones. */
export function columnDefinition(random: Random, flavor: Flavor, table: Table | undefined): string {
  const integers = table?.columns.filter((column) => column.type === 'int' && column.generated === undefined) ?? [];
  if (integers.length > 0 && random.chance(0.07)) {
    const source = quote(random.pick(integers).name);
    const kind = random.pick(['VIRTUAL', 'STORED', '']);
    return `BIGINT GENERATED ALWAYS AS (${source} + ${random.int(1, 9)}) ${kind}`;
  }
  const choice = chooseType(random, flavor);
  const parts = [choice.type];
  if (choice.text === true && random.chance(0.35)) {
    parts.push(random.chance(0.15) ? 'BINARY' : charsetClause(random));
  }
  const nullability = random.weighted([
    [5, ''],
    [3, 'NOT NULL'],
    [2, 'NULL'],
  ]);
  if (nullability !== '') parts.push(nullability);
  const defaults = choice.defaults.filter((value) => value !== 'NULL' || nullability !== 'NOT NULL');
  if (defaults.length > 0 && random.chance(0.45)) parts.push(`DEFAULT ${random.pick(defaults)}`);
  else if (random.chance(0.04)) parts.push(expressionDefault(random, choice));
  if (random.chance(0.04)) parts.push('INVISIBLE');
  if (random.chance(0.08)) parts.push(`COMMENT '${random.pick(['note', "it''s", 'a\\\\b', 'ü'])}'`);
  if (random.chance(0.04)) parts.push('UNIQUE');
  return parts.join(' ');
}

function expressionDefault(random: Random, choice: TypeChoice): string {
  if (/CHAR|TEXT|BLOB/.test(choice.type)) return `DEFAULT (CONCAT('a', '${random.int(1, 9)}'))`;
  return /INT|DECIMAL|DOUBLE/.test(choice.type) ? `DEFAULT (${random.int(1, 9)} + 1)` : '';
}
