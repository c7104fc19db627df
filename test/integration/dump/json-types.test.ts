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
];

test('values inside JSON documents keep their types where the text alone would lose them', async () => {
  const { mysqlUp, mysqlDown } = testServers();
  const database = await createDatabase(mysqlUp, 'f_json');
  const [up, down] = [await connectTo(mysqlUp, database), await connectTo(mysqlDown)];
  await up.query("SET NAMES utf8mb4, sql_mode = 'ALLOW_INVALID_DATES'");
  await runAll(up, [
    'CREATE TABLE docs (id INT PRIMARY KEY AUTO_INCREMENT, doc JSON, `path` VARCHAR(9) DEFAULT "p", v INT DEFAULT 7, `j"`` n` JSON)',
    ...DOCUMENTS.map((document) => `INSERT INTO docs (doc, \`j"\`\` n\`) VALUES (${document}, JSON_ARRAY(1.10))`),
  ]);
  await copy(subtask(mysqlUp, mysqlDown, [database]), await dataDirectory());
  await down.query(`USE \`${database}\``);
  for (const side of [up, down]) await side.query('SET NAMES utf8mb4, sort_buffer_size = 67108864');
  const [above] = await up.query<RowDataPacket[]>(JSON_TYPES);
  const [below] = await down.query<RowDataPacket[]>(JSON_TYPES);
  expect(above.length).toBeGreaterThan(3_030);
  expect(below).toEqual(above);
  const types = new Set(above.map((row) => String(row['type'])));
  for (const type of ['DECIMAL', 'DATE', 'TIME', 'DATETIME', 'UNSIGNED INTEGER', 'DOUBLE']) {
    expect(types).toContain(type);
  }
  const others =
    'SELECT `path`, v, JSON_TYPE(JSON_EXTRACT(`j"`` n`, "$[0]")) AS type, COUNT(*) AS n FROM docs GROUP BY 1, 2, 3';
  const [rest] = await down.query(others);
  expect(rest).toEqual([{ path: 'p', v: 7, type: 'DECIMAL', n: String(DOCUMENTS.length) }]);
});
