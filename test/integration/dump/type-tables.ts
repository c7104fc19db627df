/** Tables that hold every type at its limits: name to statements that make and fill the table. */

const ALL_BYTES = `0x${Buffer.from(Array.from({ length: 256 }, (_, index) => index)).toString('hex')}`;
const BIG_JSON = JSON.stringify({
  list: Array.from({ length: 3000 }, (_, index) => ({ index, text: 'ü"\\'.repeat(3) })),
});
const DEEP_JSON = `${'[{"a":'.repeat(15)}1${'}]'.repeat(15)}`;
const sql = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

const INTEGERS = [
  ['tinyint', '-128', '127', '255'],
  ['smallint', '-32768', '32767', '65535'],
  ['mediumint', '-8388608', '8388607', '16777215'],
  ['int', '-2147483648', '2147483647', '4294967295'],
  ['bigint', '-9223372036854775808', '9223372036854775807', '18446744073709551615'],
] as const;

/** On both servers. */
export const commonTables: Record<string, string[]> = {
  integers: [
    `CREATE TABLE integers (id INT PRIMARY KEY, ${INTEGERS.map(([t]) => `s_${t} ${t}, u_${t} ${t} unsigned, z_${t} ${t} zerofill`).join(', ')}, b BOOL)`,
    `INSERT INTO integers VALUES (1, ${INTEGERS.map(([, low]) => `${low}, 0, 0`).join(', ')}, 0)`,
    `INSERT INTO integers VALUES (2, ${INTEGERS.map(([, , high, top]) => `${high}, ${top}, ${top}`).join(', ')}, 1)`,
    `INSERT INTO integers (id) VALUES (3)`,
    `INSERT INTO integers VALUES (4, ${INTEGERS.map(() => '-1, 1, 42').join(', ')}, 127)`,
  ],
  decimals: [
    'CREATE TABLE decimals (id INT PRIMARY KEY, d DECIMAL(65,30), e DECIMAL(65,0), f DECIMAL(10,2) UNSIGNED ZEROFILL)',
    `INSERT INTO decimals VALUES (1, '${'9'.repeat(35)}.${'9'.repeat(30)}', '${'9'.repeat(65)}', 1.5),
      (2, '-${'9'.repeat(35)}.${'9'.repeat(30)}', '-${'9'.repeat(65)}', 0), (3, '0.${'0'.repeat(29)}1', 0, 99999999.99), (4, NULL, NULL, NULL)`,
  ],
  floats: [
    'CREATE TABLE floats (id INT PRIMARY KEY, f FLOAT, f2 FLOAT(7,2), d DOUBLE, d3 DOUBLE(20,3), u FLOAT UNSIGNED)',
    `INSERT INTO floats VALUES (1, 0.1, 1.23, 0.1, 1.5, 16777217), (2, 3.4028235e38, -99999.99, 1.7976931348623157e308, -1.001, 1),
      (3, -3.4028235e38, 0, -1.7976931348623157e308, 0, 0), (4, 1.17549435e-38, 0.01, 2.2250738585072014e-307, 123456789.123, 2),
      (5, 1.4e-45, 0, 5e-324, 0, 3.3), (6, '-0', 0, '-0', 0, 0), (7, 123456.789, 1, 123456789.12345679, 1, 7.7), (8, NULL, NULL, NULL, NULL, NULL)`,
  ],
  times: [
    'CREATE TABLE times (id INT PRIMARY KEY, d DATE, dt DATETIME(6), dt0 DATETIME, ts TIMESTAMP(6) NULL, ts0 TIMESTAMP NULL, t TIME(6), t0 TIME, y YEAR)',
    `INSERT INTO times VALUES
      (1, '0000-00-00', '0000-00-00 00:00:00', '0000-00-00', '0000-00-00', '0000-00-00', '-838:59:59', '838:59:59', 0),
      (2, '9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59', '2038-01-19 03:14:07.999999', '1970-01-01 00:00:01', '838:59:59', '-838:59:59', 2155),
      (3, '2021-02-31', '2021-02-31 10:00:00.000001', '2021-04-31', '2021-03-28 01:30:00', '2021-10-31 01:30:00', '-00:00:00.000001', '-00:00:01', 1901),
      (4, '2021-00-10', '2021-00-00 00:00:00.5', '2021-12-00', '1970-01-01 00:00:01.000001', NULL, '00:00:00', NULL, 1970),
      (5, '0001-01-01', '0001-01-01', '1000-01-01', NULL, NULL, NULL, NULL, NULL)`,
  ],
  bits: [
    'CREATE TABLE bits (id INT PRIMARY KEY, b1 BIT(1), b7 BIT(7), b9 BIT(9), b64 BIT(64))',
    `INSERT INTO bits VALUES (1, 1, 127, 511, 18446744073709551615), (2, 0, 0, 0, 0), (3, b'1', b'1', 0x0127, 0x275c), (4, NULL, NULL, NULL, NULL)`,
  ],
  texts: [
    `CREATE TABLE texts (id INT PRIMARY KEY, c CHAR(20) CHARACTER SET utf8mb4, v VARCHAR(300) CHARACTER SET utf8mb4, l VARCHAR(300) CHARACTER SET latin1,
      g TEXT CHARACTER SET gbk, s TEXT CHARACTER SET sjis, a VARCHAR(50) CHARACTER SET ascii, u VARCHAR(50) CHARACTER SET ucs2, w VARCHAR(50) CHARACTER SET utf16,
      tt TINYTEXT CHARACTER SET utf8mb4, mt MEDIUMTEXT CHARACTER SET utf8mb4, lt LONGTEXT CHARACTER SET utf8mb4, b VARCHAR(50) CHARACTER SET binary)`,
    String.raw`INSERT INTO texts VALUES (1, 'é😀 ', 'it''s "q" \\ \n\r\t\0\Z ; -- # /* x */ %_', 'é€ÿ', '汉字', 'テスト', '~', 'Ω漢', '😀', ';\n', 'x;', '\'', 0xff00)`,
    `INSERT INTO texts VALUES (2, '', '', '', '', '', '', '', '', '', '', '', '')`,
    `INSERT INTO texts (id) VALUES (3)`,
    `INSERT INTO texts (id, l) SELECT 4, CONVERT(${ALL_BYTES} USING latin1)`,
    `INSERT INTO texts (id, lt) VALUES (5, REPEAT('ab''\\\\cd😀', 200000))`,
  ],
  binaries: [
    'CREATE TABLE binaries (id INT PRIMARY KEY, b BINARY(8), v VARBINARY(300), t TINYBLOB, m MEDIUMBLOB, l LONGBLOB)',
    `INSERT INTO binaries VALUES (1, 0x0100, ${ALL_BYTES}, 0x27, ${ALL_BYTES}, REPEAT(${ALL_BYTES}, 5000)), (2, '', '', '', '', ''), (3, NULL, NULL, NULL, NULL, NULL), (4, 0x2020, 0x00, 0x5c, 0x27, 0x0a)`,
  ],
  members: [
    String.raw`CREATE TABLE members (id INT PRIMARY KEY, e ENUM('a','it''s','x,y','\\','üñ','2','1') CHARACTER SET utf8mb4, n ENUM('','x'), s SET('a','it''s','b c','ü','2') CHARACTER SET utf8mb4)`,
    String.raw`INSERT INTO members VALUES (1, 'a', '', ''), (2, 'it''s', 'x', 'a,it''s,b c,ü'), (3, 'x,y', '', 'ü'), (4, '\\', 'x', '2'), (5, 'üñ', NULL, NULL), (6, '2', 'x', 'a'), (7, '1', '', '2,a'), (8, NULL, NULL, NULL)`,
  ],
  json: [
    'CREATE TABLE json (id INT PRIMARY KEY, j JSON)',
    `INSERT INTO json VALUES (1, '{"a": [1, -2.5, 1e300, null, true, false, "", "€\\\\"\\\\\\\\/\\\\n"], "b": 18446744073709551615, "c": {"d": {}}}'),
      (2, '[]'), (3, '"text"'), (4, 'null'), (5, '-9223372036854775808'), (6, 'true'), (7, NULL), (8, '0.1'), (9, '{"": 0}')`,
    `INSERT INTO json VALUES (20, ${sql(BIG_JSON)}), (21, ${sql(DEEP_JSON)})`,
  ],
  generated: [
    'CREATE TABLE `generated` (id INT AUTO_INCREMENT PRIMARY KEY, v INT GENERATED ALWAYS AS (a + 1) VIRTUAL, a INT, s INT GENERATED ALWAYS AS (a * 2) STORED, d INT DEFAULT 7, KEY (s), UNIQUE KEY (v))',
    'INSERT INTO `generated` (id, a, d) VALUES (1, 1, 1), (2, 2, NULL), (0, 9, 9)',
  ],
};

/** Neighbours among the smallest numbers. */
const smallest = [
  'CREATE TABLE smallest (d DOUBLE PRIMARY KEY)',
  'INSERT INTO smallest VALUES (2.2250738585072014e-308), (2.225073858507201e-308), (5e-324)',
];

/** On MySQL only. */
export const mysqlTables: Record<string, string[]> = {
  smallest,
  invisible: [
    'CREATE TABLE invisible (id INT PRIMARY KEY, a INT INVISIBLE DEFAULT 5, b INT)',
    'INSERT INTO invisible (id, a, b) VALUES (1, 2, 3)',
  ],
  geometries: [
    'CREATE TABLE geometries (id INT PRIMARY KEY, p POINT, g GEOMETRY NOT NULL SRID 4326, m MULTIPOLYGON, c GEOMETRYCOLLECTION, SPATIAL KEY (g))',
    `INSERT INTO geometries VALUES (1, ST_GeomFromText('POINT(1 2)'), ST_GeomFromText('LINESTRING(0 0,1 1,2 2)', 4326), ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)))'), ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')),
      (2, NULL, ST_GeomFromText('POINT(10 20)', 4326), NULL, NULL)`,
  ],
  opaque: [
    'CREATE TABLE opaque (id INT PRIMARY KEY, j JSON)',
    `INSERT INTO opaque VALUES (1, JSON_OBJECT('date', DATE '2020-01-02', 'time', TIME '10:11:12.123456', 'datetime', TIMESTAMP '2020-01-02 03:04:05'))`,
  ],
  memberBytes: [
    "CREATE TABLE memberBytes (id INT PRIMARY KEY, e ENUM(x'80ff', 'a', x'27') CHARACTER SET binary, s SET('a', 'b''') CHARACTER SET binary)",
    'INSERT INTO memberBytes VALUES (1, 1, 3), (2, 2, 2), (3, 3, 0), (4, NULL, NULL)',
  ],
  vectors: [
    'CREATE TABLE vectors (id INT PRIMARY KEY, b BLOB, v VECTOR(3), t TEXT, l CHAR(3) CHARACTER SET latin1)',
    "INSERT INTO vectors VALUES (1, x'ff', STRING_TO_VECTOR('[1.5,-2,3e10]'), 'ü😀', 'ü'), (2, NULL, NULL, NULL, NULL)",
  ],
  shapesAndTexts: [
    'CREATE TABLE shapesAndTexts (id INT PRIMARY KEY, b BLOB, g GEOMETRY, j JSON, t TEXT, l CHAR(3) CHARACTER SET latin1, e ENUM("ä"), k VARCHAR(9) CHARACTER SET gbk)',
    "INSERT INTO shapesAndTexts VALUES (1, x'ff', ST_GeomFromText('POINT(1 2)'), '[]', 'ü😀', 'ü', 1, _gbk x'b0a1'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
  ],
};

/** On MariaDB only. */
export const mariadbTables: Record<string, string[]> = {
  smallest,
  invisible: [
    'CREATE TABLE invisible (id INT PRIMARY KEY, a INT INVISIBLE DEFAULT 5, b INT)',
    'INSERT INTO invisible (id, a, b) VALUES (1, 2, 3)',
  ],
  geometries: [
    'CREATE TABLE geometries (id INT PRIMARY KEY, p POINT, g GEOMETRY NOT NULL, SPATIAL KEY (g))',
    "INSERT INTO geometries VALUES (1, ST_GeomFromText('POINT(1 2)'), ST_GeomFromText('LINESTRING(0 0,1 1,2 2)')), (2, NULL, ST_GeomFromText('POINT(10 20)', 4326))",
  ],
  addresses: [
    'CREATE TABLE addresses (id UUID PRIMARY KEY, i INET6, j INET4)',
    "INSERT INTO addresses VALUES ('123e4567-e89b-12d3-a456-426655440000', '::1', '10.0.0.1'), ('00000000-0000-0000-0000-000000000000', NULL, NULL), ('ffffffff-ffff-ffff-ffff-ffffffffffff', '2001:db8::ff00:42:8329', '255.255.255.255')",
  ],
  compressed: [
    'CREATE TABLE compressed (id INT PRIMARY KEY, t TEXT COMPRESSED, b BLOB COMPRESSED)',
    "INSERT INTO compressed VALUES (1, REPEAT('it''s', 1000), REPEAT(0x00ff27, 1000))",
  ],
};
