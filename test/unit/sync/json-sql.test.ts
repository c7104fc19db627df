import { expect, test } from 'vitest';
import { typedJsonSql } from '../../../src/sync/write/json-sql.js';
import type { TypedJson, TypedJsonValue } from '../../../src/sync/events.js';
import type { Target } from '../../../src/sync/target.js';

const MYSQL: Target = { isTiDB: false, charsets: new Set(), maxAllowedPacket: 1 << 26, hasJsonTable: true };
const OLD_MYSQL: Target = { ...MYSQL, hasJsonTable: false };
const TIDB: Target = { ...MYSQL, isTiDB: true, hasJsonTable: false };

function sql(target: Target, ...values: TypedJsonValue['value'][]): string {
  const typed = values.map((value, index) => ({ path: `$."a'b"[${index}]`, value }));
  const document: TypedJson = { charset: 'utf8mb4', bytes: Buffer.from(''), typed };
  return typedJsonSql(document, 'text', target);
}

const DECIMAL = { type: 'decimal', text: '1.10', precision: 4, scale: 2 } as const;

test('each value is put at its place with its type', () => {
  expect(sql(MYSQL, DECIMAL, { type: 'date', text: '2020-01-02' })).toBe(
    `JSON_REPLACE(text, '$."a\\'b"[0]', CAST('1.10' AS DECIMAL(4, 2)), '$."a\\'b"[1]', CAST('2020-01-02' AS DATE))`,
  );
  expect(sql(MYSQL, { type: 'opaque', wireType: 15, bytes: Buffer.from([1]) })).toContain(`, x'01')`);
  expect(sql(MYSQL, { type: 'opaque', wireType: 16, bytes: Buffer.from([1, 0]) })).toContain('(v BIT(16) ');
});

test('without JSON_TABLE a TIMESTAMP is the nearest there is, and bytes of some types stay text', () => {
  expect(sql(OLD_MYSQL, { type: 'timestamp', text: '2020-01-02 00:00:00.000000' })).toContain('AS DATETIME(6))');
  for (const wireType of [16, 252, 254, 249]) {
    expect(sql(OLD_MYSQL, { type: 'opaque', wireType, bytes: Buffer.from('a') })).toBe('text');
  }
});

test('TiDB gets what its documents can hold', () => {
  expect(sql(TIDB, DECIMAL, { type: 'opaque', wireType: 15, bytes: Buffer.from([1]) })).toBe('text');
  expect(sql(TIDB, { type: 'unsigned', text: '10' })).toBe(
    `JSON_REPLACE(text, '$."a\\'b"[0]', CAST('10' AS UNSIGNED))`,
  );
});
