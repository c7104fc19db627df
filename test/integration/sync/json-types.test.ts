import type { RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { JSON_TYPES } from '../../support/json-types.js';
import { makeFixture, replicate } from './harness.js';

test('values inside JSON documents keep their types', async () => {
  const fixture = await makeFixture('mysqlUp');
  const { up, down, database } = fixture;
  await up.query('CREATE TABLE docs (id INT PRIMARY KEY AUTO_INCREMENT, doc JSON)');
  await up.query('CREATE TABLE keyless (n INT, doc JSON)');
  await up.query(
    `CREATE TABLE v (b BLOB, vb VARBINARY(20), bi BINARY(4), bt BIT(13), mb MEDIUMBLOB, lb LONGBLOB, ts TIMESTAMP(3) NULL,
       d DATE, ti TIME(2), dt DATETIME(1), dc DECIMAL(65,30), u BIGINT UNSIGNED, y YEAR, bh BINARY(16), tb TINYBLOB,
       e ENUM(x'80ff') CHARACTER SET binary, b64 BIT(64))`,
  );
  await up.query(
    `INSERT INTO v VALUES (x'00ff', x'80', 'abcd', b'1000000000001', x'', 'l', '2038-01-01 00:00:00.125', '2024-02-29',
       '-838:59:59', '9999-12-31 23:59:59.9', '-12345678901234567890123456789012345.123456789012345678901234567890',
       9223372036854775807, 2024, x'00112233445566778899aabbccddee00', x'80ff', 1,
       b'1111111111111111111111111111111111111111111111111111111111111110')`,
  );
  const all =
    "'b', b, 'vb', vb, 'bi', bi, 'bt', bt, 'mb', mb, 'lb', lb, 'ts', ts, 'd', d, 'ti', ti, 'dt', dt, 'dc', dc, 'u', u, 'y', y, 'bh', bh, 'tb', tb, 'e', e, 'b64', b64";
  await up.query("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'");
  const documents = [
    `SELECT JSON_OBJECT(${all}) FROM v`,
    `SELECT JSON_ARRAY(1, 'x', NULL, TRUE, JSON_OBJECT('in "here"', JSON_ARRAY(dc, d, JSON_OBJECT('', ti, 'a.b[0]', u)))) FROM v`,
    "SELECT JSON_ARRAY('base64:type15:gP8=', x'80ff', JSON_OBJECT('base64:type254:gP8=', 'base64:type254:gP8='), bh, tb) FROM v",
    "SELECT JSON_OBJECT('ключ\\n', CAST(1.10 AS DECIMAL(3,2)), 'plain', 1.5, 'same', '2024-02-29')",
    'SELECT CAST(CAST(0.000 AS DECIMAL(4,3)) AS JSON)',
    "SELECT CAST(CAST('0000-00-00' AS DATE) AS JSON)",
    'SELECT JSON_ARRAY(CAST(10 AS UNSIGNED), 10, CAST(70000 AS UNSIGNED), 5000000000, CAST(5000000000 AS UNSIGNED), 18446744073709551615)',
    `SELECT CAST('{"no": ["types", 1, -2, 3.5, {"a": null}], "date": "2020-01-01"}' AS JSON)`,
    `SELECT JSON_OBJECT('long', REPEAT('x', 70000), 'typed', CAST(1.20 AS DECIMAL(5,2)))`,
  ];
  for (const document of documents) await up.query(`INSERT INTO docs (doc) ${document}`);
  await up.query('INSERT INTO keyless SELECT id, doc FROM docs UNION ALL SELECT id, doc FROM docs');
  const numbers = Array.from({ length: 3_000 }, (_, i) => `${i}.50`).join(', ');
  await up.query(`INSERT INTO docs (doc) SELECT JSON_ARRAY(${numbers})`);
  await replicate(fixture);

  await up.query("UPDATE docs SET doc = JSON_SET(doc, '$.added', CAST('2020-01-01' AS DATE)) WHERE id IN (1, 3)");
  await up.query(
    'UPDATE keyless SET doc = JSON_ARRAY(doc, CAST(1.0 AS DECIMAL(3,1))), n = n + 100 WHERE n IN (1, 2, 4)',
  );
  await up.query('DELETE FROM keyless WHERE n IN (3, 5, 6) LIMIT 4');
  await replicate(fixture);

  await down.query(`USE \`${database}\``);
  const [[above], [below]] = await Promise.all([
    up.query<RowDataPacket[]>(JSON_TYPES),
    down.query<RowDataPacket[]>(JSON_TYPES),
  ]);
  expect(above.length).toBeGreaterThan(3_050);
  expect(below).toEqual(above);
  const types = new Set(above.map((row) => String(row['type'])));
  for (const type of [
    'DECIMAL',
    'DATE',
    'TIME',
    'DATETIME',
    'TIMESTAMP',
    'UNSIGNED INTEGER',
    'BLOB',
    'BIT',
    'DOUBLE',
  ]) {
    expect(types).toContain(type);
  }
});

/** Changes that the server logs as differences: they leave most of a big document as it is. */
const CHANGES = [
  "JSON_SET(doc, '$.a', n)",
  'JSON_SET(doc, \'$."a b".list[1]\', n)',
  "JSON_REPLACE(doc, '$.a', CAST(n AS DECIMAL(10, 3)), '$.\"a b\".when', CAST('2020-01-01 10:00:00' AS DATETIME))",
  "JSON_REMOVE(doc, '$.a')",
  'JSON_REMOVE(doc, \'$."a b".list[0]\')',
  "JSON_SET(doc, CONCAT('$.new', n), JSON_ARRAY(n, NULL, 'x\"y'))",
  "JSON_SET(doc, '$.deep.deeper', JSON_OBJECT('z', n, 'yy', 1.5), '$.deep.z', 'é')",
  "JSON_REPLACE(doc, '$.deep.deeper.z', 'longer than it was before')",
  'doc',
];

test('partial updates of JSON documents make the same documents', async () => {
  const fixture = await makeFixture('mysqlUp');
  const { up, down, database } = fixture;
  await up.query('CREATE TABLE docs (id INT PRIMARY KEY, n INT, other JSON, doc JSON)');
  const filler = "'filler', REPEAT('x', 2000), 'dec', CAST(1.50 AS DECIMAL(4,2))";
  for (let id = 1; id <= 4; id++) {
    await up.query(
      `INSERT INTO docs VALUES (${id}, 0, IF(${id} = 2, NULL, JSON_ARRAY(${id})), JSON_OBJECT('a', 1, 'deep', JSON_OBJECT(),
         'a b', JSON_OBJECT('list', JSON_ARRAY(1, 2, 3, 4, 5, 6), 'when', NULL), ${filler}))`,
    );
  }
  await up.query("SET SESSION binlog_row_value_options = 'PARTIAL_JSON'");
  for (let round = 0; round < 80; round++) {
    const change = CHANGES[round % CHANGES.length];
    const other = round % 5 === 0 ? ", other = JSON_SET(COALESCE(other, '[]'), '$[0]', n)" : '';
    await up.query(`UPDATE docs SET n = ${round}, doc = ${change}${other} WHERE id > ${round % 4}`);
  }
  await replicate(fixture);
  await down.query(`USE \`${database}\``);
  const [[above], [below]] = await Promise.all([
    up.query<RowDataPacket[]>(JSON_TYPES),
    down.query<RowDataPacket[]>(JSON_TYPES),
  ]);
  expect(below).toEqual(above);
});
