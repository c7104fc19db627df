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

test('a TIMESTAMP that no column could have, as other time zones write it, stays a date with time', () => {
  expect(sql(MYSQL, { type: 'timestamp', text: '2038-01-19 03:14:07.500000' })).toContain('TIMESTAMP(6)');
  for (const text of ['2038-01-19 04:00:00.000000', '1970-01-01 00:00:00.000000', '0000-00-00 00:00:00.000000']) {
    expect(sql(MYSQL, { type: 'timestamp', text })).toContain(`CAST('${text}' AS DATETIME(6))`);
  }
});

test('what a server has no expression for is told', () => {
  const told: string[] = [];
  const target = (base: Target): Target => ({ ...base, onJsonAsText: (type) => void told.push(type) });
  sql(target(TIDB), DECIMAL, { type: 'opaque', wireType: 252, bytes: Buffer.from('a') });
  sql(target(MYSQL), DECIMAL, { type: 'opaque', wireType: 254, bytes: Buffer.alloc(255, 0xff) });
  expect(told).toEqual(['decimal', 'binary (252)']);
  sql(target(MYSQL), { type: 'opaque', wireType: 254, bytes: Buffer.alloc(256) });
  expect(told.slice(2)).toEqual(['binary (254)']);
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
