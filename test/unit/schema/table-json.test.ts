import { expect, test } from 'vitest';
import { tableFromJson, tableToJson } from '../../../src/schema/table-json.js';
import { mariadb, table } from './helpers.js';

const RICH = table(
  `CREATE TABLE t (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, a ENUM('x','it''s') DEFAULT 'x', b INT ZEROFILL INVISIBLE,
   c INT AS (b + 1) STORED, d DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3), e VARCHAR(9) NOT NULL COMMENT 'e',
   KEY k (e(3) DESC, b), UNIQUE KEY f ((b + 1)) INVISIBLE, FOREIGN KEY (b) REFERENCES p (x) ON DELETE CASCADE, CHECK (b > 0))
   COMMENT 'all' PARTITION BY HASH (id)`,
);

test('a structure read back is equal', () => {
  expect(tableFromJson(tableToJson(RICH), 'db', 't')).toEqual(RICH);
});

test('the text is compact and the same for equal structures', () => {
  const small = table('CREATE TABLE t (a INT)');
  expect(tableToJson(small)).toBe(
    '{"v":1,"schema":"db","name":"t","columns":[{"name":"a","type":"int","columnType":"int","default":{"kind":"null"}}],' +
      '"charset":"utf8mb4","collation":"utf8mb4_0900_ai_ci"}',
  );
  expect(tableToJson(structuredClone(RICH))).toBe(tableToJson(RICH));
});

test('MariaDB structures too', () => {
  const structure = table('CREATE TABLE t (j JSON, u UUID DEFAULT UUID(), KEY (u) IGNORED)', mariadb);
  expect(tableFromJson(tableToJson(structure), 'db', 't')).toEqual(structure);
});

test.each([
  '',
  'null',
  '[]',
  '{"v":2}',
  '{"v":1}',
  '{"v":1,"schema":"db","name":"t","charset":"x","collation":"x","columns":[]}',
  '{"v":1,"schema":"db","name":"t","charset":"x","collation":"x","columns":[{"name":"a"}]}',
  '{"v":1,"schema":"db","name":"t","charset":"x","collation":"x","columns":[{"name":"a","type":"int","columnType":"int"}],"indexes":[1]}',
  '{"v":1,"schema":"db","name":"t","charset":"x","collation":"x","columns":[{"name":"a","type":"int","columnType":"int"}],"indexes":5}',
  tableToJson(RICH).slice(0, -5),
])('44001: %s is not a structure', (text) => {
  expect(() => tableFromJson(text, 'db', 't')).toThrow(
    expect.objectContaining({ code: 44001, message: 'saved schema of `db`.`t` is not proper JSON' }),
  );
});
