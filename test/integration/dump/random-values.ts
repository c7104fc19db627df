/** Tables of random columns of every type with values at their edges, for copies that the servers compare. */
import type { Random } from '../schema/random.js';

type Flavor = 'mysql' | 'mariadb';

/** A type, and what makes SQL of one of its values. */
interface Kind {
  type: string;
  value: (random: Random) => string;
  /** Servers whose values of the type are others' values nowhere: MySQL and MariaDB do not map all characters alike. */
  flavors?: readonly Flavor[];
}

const hex = (random: Random, bytes: number): string => {
  const odd = [0, 0x0a, 0x0d, 0x1a, 0x20, 0x22, 0x27, 0x25, 0x5c, 0x60, 0x7f, 0x80, 0xff];
  const list = Array.from({ length: bytes }, () => (random.chance(0.4) ? random.pick(odd) : random.int(0, 255)));
  return `x'${Buffer.from(list).toString('hex')}'`;
};

const oneOf =
  (...values: string[]) =>
  (random: Random): string =>
    random.pick(values);

function integer(type: string, bits: number, unsigned: boolean): Kind {
  const low = unsigned ? 0n : -(1n << BigInt(bits - 1));
  const high = low + (1n << BigInt(bits)) - 1n;
  return {
    type: `${type}${unsigned ? ' UNSIGNED' : ''}`,
    value: (random) => {
      const any = (high * BigInt(random.int(0, 1 << 20))) >> 20n;
      return String(random.pick([low, high, 0n, 1n, any, any, low / 2n]));
    },
  };
}

/** Bytes that the charset may have; the server refuses those that are not well formed. */
function text(charset: string, units: readonly (readonly [number, number])[][]): Kind {
  return {
    type: `VARCHAR(40) CHARACTER SET ${charset}`,
    value: (random) => {
      const bytes: number[] = [];
      for (let at = random.int(0, 12); at > 0; at--) {
        for (const [low, high] of random.pick(units)) bytes.push(random.int(low, high));
      }
      return `_${charset} x'${Buffer.from(bytes).toString('hex')}'`;
    },
  };
}

const ASCII: readonly (readonly [number, number])[] = [[0, 127]];
const wide = (low: number, high: number): (readonly [number, number])[][] => [
  ASCII.slice(),
  [
    [low, high],
    [0x40, 0x7e],
  ],
  [
    [low, high],
    [0x80, 0xfe],
  ],
];
const BIG_ENDIAN: (readonly [number, number])[][] = [
  [
    [0, 0],
    [0, 255],
  ],
  [
    [0x20, 0xd7],
    [0, 255],
  ],
  [
    [0xe0, 0xff],
    [0, 255],
  ],
];

const TEXTS: Kind[] = [
  text('latin1', [[[0, 255]]]),
  text('cp1250', [[[0, 255]]]),
  text('cp1251', [[[0, 255]]]),
  text('koi8r', [[[0, 255]]]),
  text('greek', [[[0, 255]]]),
  text('hebrew', [[[0, 255]]]),
  text('tis620', [[[0, 255]]]),
  text('cp850', [[[0, 255]]]),
  text('macroman', [[[0, 255]]]),
  text('gbk', wide(0x81, 0xfe)),
  text('gb2312', [
    ASCII.slice(),
    [
      [0xa1, 0xf7],
      [0xa1, 0xfe],
    ],
  ]),
  text('big5', wide(0xa1, 0xf9)),
  text('sjis', wide(0x81, 0xfc)),
  text('cp932', [...wide(0x81, 0x9f), ...wide(0xe0, 0xfc), [[0xa1, 0xdf]]]),
  text('euckr', wide(0x81, 0xfe)),
  text('ujis', [
    ASCII.slice(),
    [
      [0xa1, 0xfe],
      [0xa1, 0xfe],
    ],
    [
      [0x8e, 0x8e],
      [0xa1, 0xdf],
    ],
    [
      [0x8f, 0x8f],
      [0xa1, 0xfe],
      [0xa1, 0xfe],
    ],
  ]),
  text('eucjpms', [
    ASCII.slice(),
    [
      [0xa1, 0xfe],
      [0xa1, 0xfe],
    ],
  ]),
  text('utf16', BIG_ENDIAN),
  text('ucs2', BIG_ENDIAN),
  text('utf32', [
    [
      [0, 0],
      [0, 0],
      [0x20, 0xd7],
      [0, 255],
    ],
    [
      [0, 0],
      [1, 16],
      [0, 255],
      [0, 255],
    ],
  ]),
];

const DATES = ["'0000-00-00'", "'9999-12-31'", "'1000-01-01'", "'2021-02-31'", "'2024-02-29'", "'2020-00-10'"];
const TIMES = ['00:00:00', '23:59:59.999999', '02:30:00.5', '01:59:59', '03:00:00'];
const JSONS = [
  `'{"a": [1, -2.5, 1e300, null, true, "", "€\\\\"\\\\\\\\"], "b": 18446744073709551615, "": {}}'`,
  `'[-0.0, 5.0, 5, 4294967295, 4294967296, -9223372036854775808, 9223372036854775807, 1e-300, 0.1]'`,
  `'"base64:type15:gP8="'`,
  "'null'",
  "'[]'",
  `CONCAT(REPEAT('[{"k": ', 45), '1.5', REPEAT('}]', 45))`,
  `CONCAT('[', REPEAT('{"id": 12345, "t": "x"},', 500), 'true]')`,
];
const MYSQL_JSONS = [
  "JSON_OBJECT('dec', CAST(5.5 AS DECIMAL(9,1)), 'u', CAST(3 AS UNSIGNED), 'd', DATE '2024-02-29', 't', TIME '-10:11:12.5')",
  "JSON_ARRAY(x'80ff27', b'101', CAST(7 AS DECIMAL(9,0)), JSON_OBJECT('k', x''))",
  'CAST(CAST(-0.50 AS DECIMAL(9,2)) AS JSON)',
  "JSON_ARRAY(TIMESTAMP '2020-01-02 03:04:05.678')",
];

const KINDS: Kind[] = [
  ...(['TINYINT', 'SMALLINT', 'MEDIUMINT', 'INT', 'BIGINT'] as const).flatMap((type, at) => {
    const bits = [8, 16, 24, 32, 64][at] ?? 64;
    return [integer(type, bits, false), integer(type, bits, true)];
  }),
  { type: 'INT(7) ZEROFILL', value: oneOf('0', '42', '4294967295') },
  {
    type: 'DECIMAL(65,30)',
    value: oneOf(
      `${'9'.repeat(35)}.${'9'.repeat(30)}`,
      `-${'9'.repeat(35)}.${'9'.repeat(30)}`,
      `0.${'0'.repeat(29)}1`,
      '0',
      '-1.5',
    ),
  },
  { type: 'DECIMAL(10,0) UNSIGNED', value: oneOf('0', '9999999999', '1') },
  {
    type: 'FLOAT',
    value: (random) =>
      random.pick([
        '3.4028235e38',
        '-3.4028235e38',
        '1.4e-45',
        '-0e0',
        '0.1',
        '16777217',
        String((random.next() - 0.5) * 1e6),
      ]),
  },
  {
    type: 'DOUBLE',
    value: (random) =>
      random.pick([
        '1.7976931348623157e308',
        '5e-324',
        '2.2250738585072014e-308',
        '-0e0',
        '0.1e0',
        '123456789012345678e0',
        `${random.next()}e0`,
        `${random.next()}e${random.int(-300, 300)}`,
      ]),
  },
  { type: 'BIT(1)', value: oneOf("b'0'", "b'1'") },
  {
    type: 'BIT(64)',
    value: (random) => random.pick(['0', '18446744073709551615', '9223372036854775808', hex(random, 8)]),
  },
  { type: 'BIT(13)', value: oneOf('0', '8191', '4096') },
  { type: 'DATE', value: (random) => random.pick(DATES) },
  { type: 'DATETIME', value: (random) => `CONCAT(${random.pick(DATES)}, ' ', '${random.pick(TIMES).slice(0, 8)}')` },
  { type: 'DATETIME(6)', value: (random) => `CONCAT(${random.pick(DATES)}, ' ', '${random.pick(TIMES)}')` },
  {
    type: 'TIMESTAMP(6) NULL',
    value: (random) =>
      random.pick([
        "'0000-00-00 00:00:00'",
        "'1970-01-02 00:00:01'",
        "'2038-01-18 03:14:07.999999'",
        "'2021-03-28 00:59:59.999999'",
        "'2021-03-28 01:30:00'",
        `FROM_UNIXTIME(${1635638400 + random.int(0, 14_400)}.${random.int(0, 999999)})`,
      ]),
  },
  {
    type: 'TIME(6)',
    value: oneOf(
      "'-838:59:59'",
      "'838:59:59'",
      "'-00:00:00.000001'",
      "'-12:34:56.654321'",
      "'00:00:00.5'",
      "'-100:00:00.1'",
    ),
  },
  { type: 'TIME', value: oneOf("'-838:59:59'", "'838:59:59'", "'-00:00:01'", "'0'") },
  { type: 'YEAR', value: oneOf('0', '1901', '2155', '2024') },
  { type: 'CHAR(20) CHARACTER SET utf8mb4', value: oneOf("'a '", "''", "'😀é\\\\'", "'it''s'", "'0'", '"a\\0b"') },
  { type: 'CHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin', value: oneOf("'A'", "'a'", "' x'") },
  { type: 'BINARY(8)', value: (random) => hex(random, random.int(0, 8)) },
  { type: 'VARBINARY(300)', value: (random) => hex(random, random.int(0, 300)) },
  { type: 'TINYBLOB', value: (random) => hex(random, random.int(0, 255)) },
  { type: 'BLOB', value: (random) => hex(random, random.int(0, 2000)) },
  { type: 'LONGBLOB', value: (random) => `REPEAT(${hex(random, 7)}, ${random.int(0, 20_000)})` },
  { type: 'MEDIUMTEXT CHARACTER SET utf8mb4', value: (random) => `REPEAT('ü"\\\\''😀', ${random.int(0, 9_000)})` },
  { type: 'TEXT CHARACTER SET latin1', value: (random) => `_latin1 ${hex(random, random.int(0, 600))}` },
  {
    type: String.raw`ENUM('', 'a', 'it''s', 'x,y', 'b\\', 'ü', '2', '1', ' lead') CHARACTER SET utf8mb4`,
    value: oneOf('1', '2', '3', '4', '5', '6', '7', '8', '9', '0'),
  },
  { type: "ENUM('ä', 'b') CHARACTER SET latin1", value: oneOf('1', '2') },
  {
    type: `SET(${Array.from({ length: 64 }, (_, index) => `'m${index}'`).join(', ')})`,
    value: (random) =>
      random.pick(['0', '18446744073709551615', '9223372036854775808', String(random.int(0, 2 ** 31))]),
  },
  { type: "SET('ё', 'it''s', '') CHARACTER SET utf8mb4", value: oneOf('0', '1', '2', '3') },
  // Of other documents MySQL prints another text than MariaDB keeps.
  { type: 'JSON', value: oneOf("'[]'", "'null'", `'"base64:type15:gP8="'`, `'{"a": [1, {"b": "ü"}]}'`) },
  { type: 'JSON', value: (random) => random.pick(JSONS), flavors: ['mariadb'] },
  { type: 'JSON', value: (random) => random.pick([...JSONS, ...MYSQL_JSONS, ...MYSQL_JSONS]), flavors: ['mysql'] },
  { type: 'POINT', value: (random) => `ST_GeomFromText('POINT(${random.next() * 90} ${-random.next() * 90})')` },
  {
    type: 'GEOMETRY',
    value: oneOf(
      "ST_GeomFromText('LINESTRING(0 0,1 1,2 2)')",
      "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')",
      "ST_GeomFromText('MULTIPOINT((0 0),(1 1))', 4326)",
    ),
  },
  { type: 'GEOMETRY SRID 4326', value: oneOf("ST_GeomFromText('POINT(10 20)', 4326)"), flavors: ['mysql'] },
  {
    type: 'VECTOR(3)',
    value: oneOf("STRING_TO_VECTOR('[1.5,-2,3e10]')", "STRING_TO_VECTOR('[0,-0,1e-40]')"),
    flavors: ['mysql'],
  },
  { type: 'UUID', value: oneOf('UUID()', "'00000000-0000-0000-0000-000000000000'"), flavors: ['mariadb'] },
  { type: 'INET6', value: oneOf("'::'", "'2001:db8::ff00:42:8329'", "'::ffff:1.2.3.4'"), flavors: ['mariadb'] },
  { type: 'INET4', value: oneOf("'0.0.0.0'", "'255.255.255.255'"), flavors: ['mariadb'] },
  { type: 'TEXT COMPRESSED', value: (random) => `REPEAT('it''s', ${random.int(0, 2000)})`, flavors: ['mariadb'] },
  ...TEXTS.map((kind): Kind => ({ ...kind, flavors: ['mysql', 'mariadb'] })),
];

/** A table: what makes it, and what fills it row by row. */
export interface RandomTable {
  name: string;
  create: string;
  rows: string[];
}

/** What a random table is to be for. */
export interface RandomOptions {
  /** Only types whose values mean the same on both servers. */
  common?: boolean;
}

/** A table of some of the types; a row whose values the server refuses may be left out. */
export function randomTable(
  random: Random,
  name: string,
  flavor: Flavor,
  { common = false }: RandomOptions = {},
): RandomTable {
  const possible = KINDS.filter(({ flavors }) => flavors === undefined || (!common && flavors.includes(flavor)));
  const kinds = random.some(possible, random.int(4, 14));
  const columns = kinds.map(({ type }, at) => {
    const invisible = at > 0 && random.chance(0.1) ? ' INVISIBLE' : '';
    return `c${at} ${type}${invisible}`;
  });
  const generated = [
    'g1 INT GENERATED ALWAYS AS (id * 2) STORED',
    // MariaDB's CHECKSUM TABLE tells equal tables apart when they have virtual columns.
    `g2 VARCHAR(20) GENERATED ALWAYS AS (CONCAT(id, "x")) ${flavor === 'mysql' ? 'VIRTUAL' : 'STORED'}`,
    ...(flavor === 'mysql' ? ["g3 JSON GENERATED ALWAYS AS (JSON_ARRAY(id, 'x')) VIRTUAL"] : []),
  ];
  if (random.chance(0.5)) columns.splice(random.int(0, columns.length), 0, random.pick(generated));
  const key = random.pick(['PRIMARY KEY', 'PRIMARY KEY', 'PRIMARY KEY', '']);
  const create = `CREATE TABLE ${name} (id INT ${key}, ${columns.join(', ')}) CHARACTER SET utf8mb4`;
  const names = kinds.map((_, at) => `c${at}`).join(', ');
  const rows = Array.from({ length: random.int(3, 25) }, (_, id) => {
    const values = kinds.map(({ value }) => (random.chance(0.12) ? 'NULL' : value(random)));
    return `INSERT INTO ${name} (id, ${names}) VALUES (${id}, ${values.join(', ')})`;
  });
  return { name, create, rows };
}
