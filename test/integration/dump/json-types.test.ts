import type { RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { JSON_TYPES } from '../../support/json-types.js';
import { connectTo, createDatabase, testServers } from '../../support/servers.js';
import { copy, dataDirectory, runAll, subtask } from './support.js';

const NUMBERS = Array.from({ length: 3_000 }, (_, i) => `${i}.50`).join(', ');

const DOCUMENTS = [
  "JSON_OBJECT('dec', CAST(-1.10 AS DECIMAL(10,2)), 'day', DATE '2024-02-29', 'in \"here\"', JSON_ARRAY(TIME '-838:59:59', 5.0))",
  "JSON_ARRAY(1, 2.5e0, 'x', NULL, TRUE, JSON_OBJECT('', CAST('9999-12-31 23:59:59.9' AS DATETIME(1))))",
  "JSON_OBJECT('', JSON_OBJECT('a.b[0]', JSON_ARRAY(CAST(0.000 AS DECIMAL(4,3)), JSON_ARRAY(1, CAST(10 AS UNSIGNED)))))",
  "JSON_OBJECT('ключ\\n', CAST(1.10 AS DECIMAL(3,2)), 'it''s', 'a \\\\ b', 'same', '2024-02-29')",
  'CAST(CAST(0.000 AS DECIMAL(4,3)) AS JSON)',
  "CAST(CAST('0000-00-00' AS DATE) AS JSON)",
  'CAST(\'{"no": ["types", 1, -2, 3.5, {"a": null}], "date": "2020-01-01"}\' AS JSON)',
  "JSON_OBJECT('long', REPEAT('x', 700000), REPEAT('k', 90), CAST(1.20 AS DECIMAL(5,2)))",
  `JSON_ARRAY(${NUMBERS})`,
  'NULL',
  "CAST('null' AS JSON)",
  'JSON_ARRAY(-12345678901234567890123456789012345.123456789012345678901234567890)',
  // Those print and compare as values of other types do.
  'JSON_OBJECT("price", CAST(5.5 AS DECIMAL(9,1)), "other", 5.5e0)',
  'JSON_ARRAY(5.0, 5e0, -0.0e0, CAST(7 AS DECIMAL(9,0)), 7)',
  'JSON_OBJECT("n", CAST(10 AS UNSIGNED), "m", 10, "list", JSON_ARRAY(JSON_OBJECT("n", CAST(0 AS UNSIGNED))))',
  'JSON_ARRAY(4294967295, 4294967296, CAST(4294967296 AS UNSIGNED), 9223372036854775807, CAST(\'{"a": 5000000000}\' AS JSON), -5000000000)',
  'CAST(18446744073709551615 AS JSON)',
  'CAST(CAST(3 AS UNSIGNED) AS JSON)',
  "JSON_ARRAY('base64:type15:gP8=', x'80ff', JSON_OBJECT('base64:type254:gP8=', 'base64:type254:gP8='))",
  '(SELECT JSON_OBJECT("vb", vb, "bi", bi, "tb", tb, "b", b, "mb", mb, "lb", lb, "bt", bt, "e", e, "s", s, "ts", ts, "tz", tz) FROM bytes WHERE id = 1)',
  '(SELECT JSON_OBJECT("vb", vb, "bi", JSON_ARRAY(bi, JSON_OBJECT("", tb)), "b", b, "mb", mb, "lb", lb, "bt", bt, "e", e, "s", s, "ts", ts) FROM bytes WHERE id = 2)',
  '(SELECT CAST(bi AS JSON) FROM bytes WHERE id = 1)',
  '(SELECT JSON_EXTRACT(JSON_ARRAY(bi), "$[0]") FROM bytes WHERE id = 1)',
];

/** The deepest that a document may be is 100. */
const DEEP = `${"JSON_ARRAY(JSON_OBJECT('a', ".repeat(45)}CAST(1.5 AS DECIMAL(2,1))${'))'.repeat(45)}`;

const BYTES = [
  `CREATE TABLE bytes (id INT PRIMARY KEY, vb VARBINARY(300), bi BINARY(16), tb TINYBLOB, b BLOB, mb MEDIUMBLOB, lb LONGBLOB,
     bt BIT(64), e ENUM(x'80ff', 'a') CHARACTER SET binary, s SET('a', 'b') CHARACTER SET binary, ts TIMESTAMP(3) NULL,
     tz DATETIME)`,
  `INSERT INTO bytes VALUES (1, x'00ff2780', x'00112233445566778899aabbccddeeff', x'80ff', REPEAT(x'fe27', 200), x'', x'5c00',
     b'1111111111111111111111111111111111111111111111111111111111111110', 1, 'a,b', '2038-01-19 03:14:07.875', '2020-01-01'),
     (2, '', '', '', '', REPEAT('x', 70000), 'l', 1, 2, '', '2020-06-01 00:00:00', NULL)`,
];

test('values inside JSON documents keep their types where the text alone would lose them', async () => {
  const { mysqlUp, mysqlDown } = testServers();
  const database = await createDatabase(mysqlUp, 'f_json');
  const [up, down] = [await connectTo(mysqlUp, database), await connectTo(mysqlDown)];
  await up.query("SET NAMES utf8mb4, sql_mode = 'ALLOW_INVALID_DATES'");
  await runAll(up, [
    ...BYTES,
    'CREATE TABLE docs (id INT PRIMARY KEY AUTO_INCREMENT, doc JSON, `path` VARCHAR(9) DEFAULT "p", v INT DEFAULT 7, `j"`` n` JSON)',
    'CREATE TABLE names (`text` JSON, v JSON, p JSON, `type` JSON)',
    "INSERT INTO names VALUES (JSON_ARRAY(1.5), JSON_OBJECT('v', x'80'), JSON_ARRAY(JSON_OBJECT('text', 1.5)), CAST(5 AS JSON))",
    ...[...DOCUMENTS, DEEP].map(
      (document) => `INSERT INTO docs (doc, \`j"\`\` n\`) VALUES (${document}, JSON_ARRAY(1.10))`,
    ),
  ]);
  await copy(subtask(mysqlUp, mysqlDown, [database]), await dataDirectory());
  await down.query(`USE \`${database}\``);
  for (const side of [up, down]) await side.query('SET NAMES utf8mb4, sort_buffer_size = 67108864');
  const [above] = await up.query<RowDataPacket[]>(JSON_TYPES);
  const [below] = await down.query<RowDataPacket[]>(JSON_TYPES);
  expect(above.length).toBeGreaterThan(3_030);
  expect(below).toEqual(above);
  const types = new Set(above.map((row) => String(row['type'])));
  for (const type of [
    'DECIMAL',
    'DATE',
    'TIME',
    'DATETIME',
    'UNSIGNED INTEGER',
    'DOUBLE',
    'BLOB',
    'BIT',
    'TIMESTAMP',
  ]) {
    expect(types).toContain(type);
  }
  const others =
    'SELECT `path`, v, JSON_TYPE(JSON_EXTRACT(`j"`` n`, "$[0]")) AS type, COUNT(*) AS n FROM docs GROUP BY 1, 2, 3';
  const [rest] = await down.query(others);
  const [names] = await down.query(
    'SELECT JSON_TYPE(`text`->"$[0]") AS a, JSON_TYPE(v->"$.v") AS b, JSON_TYPE(p->"$[0].text") AS c, JSON_TYPE(`type`) AS d FROM names',
  );
  expect(names).toEqual([{ a: 'DECIMAL', b: 'BLOB', c: 'DECIMAL', d: 'INTEGER' }]);
  expect(rest).toEqual([{ path: 'p', v: 7, type: 'DECIMAL', n: String(DOCUMENTS.length + 1) }]);
});
