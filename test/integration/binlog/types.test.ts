import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Flavor } from '../../../src/config/types.js';
import { queryRows } from '../../../src/mysql/connect.js';
import { hexLiteral, quoteIdent, quoteString } from '../../../src/mysql/quote.js';
import { masterStatus } from '../../../src/mysql/server-info.js';
import type { CellValue, RowImage } from '../../../src/sync/events.js';
import { eventsUpToNow, openStream, rowsOf, upstreamOf, type Upstream } from './support.js';

/** A column's type and SQL expressions of values for it; NULL is added to each. */
interface TypeCase {
  type: string;
  values: string[];
  only?: Flavor;
  /** Not comparable with `<=>` by value. */
  byText?: boolean;
}

const integers = (type: string, min: string, max: string, unsignedMax: string): TypeCase[] => [
  { type, values: [min, max, '0', '-1', '1'] },
  { type: `${type} unsigned`, values: ['0', unsignedMax, '1'] },
];
const repeated = (character: string, count: number): string => `repeat(${quoteString(character)}, ${count})`;

const CASES: TypeCase[] = [
  ...integers('tinyint', '-128', '127', '255'),
  ...integers('smallint', '-32768', '32767', '65535'),
  ...integers('mediumint', '-8388608', '8388607', '16777215'),
  ...integers('int', '-2147483648', '2147483647', '4294967295'),
  ...integers('bigint', '-9223372036854775808', '9223372036854775807', '18446744073709551615'),
  {
    type: 'bigint',
    values: ['9007199254740991', '9007199254740992', '-9007199254740993', '-9007199254740992', '-4294967296'],
  },
  { type: 'tinyint(1)', values: ['0', '1', '2'] },
  { type: 'int(8) zerofill', values: ['42', '4294967295'] },
  { type: 'boolean', values: ['true', 'false'] },
  {
    type: 'float',
    values: [
      '0',
      '-0e0',
      '0.1',
      '1.5',
      '3.4028234e38',
      '-3.4028234e38',
      '1.17549435e-38',
      '1e-45',
      '16777217',
      '123456.7',
      '9.999999e9',
      '3.14159274',
    ],
  },
  { type: 'float(10,3)', values: ['1234567.891', '-0.001'] },
  {
    type: 'double',
    values: [
      '0',
      '-0e0',
      '0.1',
      '1.7976931348623157e308',
      '2.2250738585072014e-308',
      '5e-324',
      '1e15',
      '123456789012345680',
      '-1.5',
    ],
  },
  { type: 'double(20,4)', values: ['1234567890.1234', '-0.5'] },
  {
    type: 'decimal(65,30)',
    values: [
      quoteString('99999999999999999999999999999999999.999999999999999999999999999999'),
      quoteString('-99999999999999999999999999999999999.999999999999999999999999999999'),
      '0',
      '0.000000000000000000000000000001',
      '-0.1',
    ],
  },
  { type: 'decimal(65,0)', values: [quoteString('9'.repeat(65)), quoteString(`-${'9'.repeat(65)}`), '0'] },
  { type: 'decimal(30,30)', values: [quoteString(`0.${'9'.repeat(30)}`), quoteString(`-0.${'0'.repeat(29)}1`)] },
  { type: 'decimal(10,2) unsigned', values: ['99999999.99', '0.01'] },
  { type: 'decimal(18,9)', values: ['123456789.000000001', '-1.100000000', '1000000000 - 1'] },
  { type: 'decimal(5,3)', values: ['12.345', '-0.007', '-99.999'] },
  { type: 'bit(1)', values: ["b'0'", "b'1'"] },
  { type: 'bit(13)', values: ["b'1010101010101'", "b'1'"] },
  { type: 'bit(64)', values: ['0xFFFFFFFFFFFFFFFF', '0x8000000000000001', '0'] },
  {
    type: 'date',
    values: ["'0000-00-00'", "'1000-01-01'", "'9999-12-31'", "'2021-02-31'", "'2021-00-10'", "'0001-01-01'"],
  },
  { type: 'time', values: ["'-838:59:59'", "'838:59:59'", "'00:00:00'", "'-00:00:01'"] },
  { type: 'time(1)', values: ["'-00:00:00.1'", "'838:59:58.9'", "'-10:11:12.5'"] },
  { type: 'time(3)', values: ["'-00:00:01.500'", "'12:34:56.789'", "'-99:00:00.001'"] },
  {
    type: 'time(6)',
    values: [
      "'-838:59:58.999999'",
      "'-00:00:00.000001'",
      "'23:59:59.999999'",
      "'00:00:00.000000'",
      "'-01:00:00.000000'",
    ],
  },
  {
    type: 'datetime',
    values: [
      "'0000-00-00 00:00:00'",
      "'1000-01-01 00:00:00'",
      "'9999-12-31 23:59:59'",
      "'2021-02-31 25:00:00' - interval 0 day",
      "'2021-02-31 10:00:00'",
    ],
  },
  { type: 'datetime(2)', values: ["'2020-02-29 12:00:00.05'", "'2020-02-29 12:00:00.99'"] },
  { type: 'datetime(4)', values: ["'2020-02-29 12:00:00.0001'"] },
  {
    type: 'datetime(6)',
    values: ["'9999-12-31 23:59:59.999999'", "'0000-00-00 00:00:00.000000'", "'2020-12-31 00:00:00.000001'"],
  },
  {
    type: 'timestamp null',
    values: ["'0000-00-00 00:00:00'", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'", "'2024-02-29 23:59:59'"],
  },
  { type: 'timestamp(1) null', values: ["'2024-02-29 23:59:59.9'"] },
  { type: 'timestamp(3) null', values: ["'2024-02-29 23:59:59.123'"] },
  {
    type: 'timestamp(6) null',
    values: ["'2038-01-19 03:14:07.999999'", "'1970-01-01 00:00:01.000001'", "'0000-00-00 00:00:00.000000'"],
  },
  { type: 'year', values: ['1901', '2155', '0', '2024'] },
  { type: 'char(10) character set utf8mb4', values: ["''", "'a'", "'日本語🙂é'", "'trail  '"] },
  { type: 'char(255) character set utf8mb4', values: [repeated('🙂', 255), "'x'"] },
  { type: 'varchar(20) character set utf8mb4', values: ["''", "'trail  '", "'🙂\\0\\n\\\\'", "'\\'\"`'"] },
  { type: 'varchar(255) character set ascii', values: [repeated('a', 255)] },
  { type: 'varchar(256) character set ascii', values: [repeated('a', 256), "'b'"] },
  { type: 'varchar(16000) character set utf8mb4', values: [repeated('日', 16000)] },
  { type: 'varchar(30) character set utf8mb3', values: ["'日本'"] },
  { type: 'varchar(30) character set latin1', values: ["_latin1 x'80e9ff81'", "'plain'"] },
  { type: 'char(30) character set latin1', values: ["_latin1 x'80e9ff'"] },
  { type: 'text character set gbk', values: ["_gbk x'c4e3bac35c'", "'a'"] },
  { type: 'varchar(30) character set sjis', values: ["_sjis x'835c8341'", "'a'"] },
  { type: 'varchar(30) character set big5', values: ["_big5 x'a4e9a55c'"] },
  { type: 'varchar(30) character set ucs2', values: ["'日本'"] },
  { type: 'varchar(30) character set utf16', values: ["'日🙂'"] },
  { type: 'varchar(30) character set binary', values: ["x'00ff8000'"] },
  { type: 'tinytext', values: ["''", repeated('t', 255)] },
  { type: 'text', values: [repeated('é', 30000), "'a'"] },
  { type: 'mediumtext', values: [repeated('m', 100000), "''"] },
  { type: 'longtext', values: [repeated('日', 100000), "''"] },
  { type: 'binary(8)', values: ["x'00'", "x'0102000000000000'", "x'ffffffffffffffff'", "''"] },
  { type: 'varbinary(8)', values: ["x'0000'", "x'ff00'", "''"] },
  { type: 'varbinary(300)', values: ["x'0000'", repeated('v', 300)] },
  { type: 'tinyblob', values: ["x'00ff'"] },
  { type: 'blob', values: ["x'00ff'", "''", repeated('b', 65535)] },
  { type: 'mediumblob', values: [repeated('b', 200000)] },
  { type: 'longblob', values: ["x'00'", repeated('c', 300000)] },
  {
    type: "enum('a','b,c','it''s','','ü','x y')",
    values: ["'a'", "'b,c'", "'it\\'s'", "''", "'ü'", "'x y'", "'invalid'"],
  },
  { type: `enum(${Array.from({ length: 300 }, (_, index) => `'m${index}'`).join(',')})`, values: ["'m0'", "'m299'"] },
  { type: "set('a','b','it''s','ü')", values: ["''", "'a,ü'", "'it\\'s'", "'a,b,it\\'s,ü'"] },
  {
    type: `set(${Array.from({ length: 64 }, (_, index) => `'m${index}'`).join(',')})`,
    values: ["'m63'", "'m0,m31,m32,m63'", '0xFFFFFFFFFFFFFFFF'],
  },
  {
    type: 'geometry',
    values: [
      "ST_GeomFromText('POINT(1 2)')",
      "ST_GeomFromText('POLYGON((0 0,0 1,1 1,0 0))', 0)",
      "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')",
    ],
    byText: true,
  },
  { type: 'point', values: ["ST_GeomFromText('POINT(1.5 -2)')"], byText: true },
  { type: 'json', only: 'mysql', byText: true, values: jsonValues() },
  { type: 'json', only: 'mariadb', values: ['\'{"a": [1, 2.50, null]}\'', '\'"x"\''] },
  { type: 'vector(3)', only: 'mysql', values: ["to_vector('[1, 2.5, -3]')"], byText: true },
  {
    type: 'uuid',
    only: 'mariadb',
    values: [
      "'123e4567-e89b-12d3-a456-426614174000'",
      "'00000000-0000-0000-0000-000000000000'",
      "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
      'uuid()',
      "'6ccd780c-baba-4026-9564-5b8c656024db'",
      "'01890a5d-ac96-774b-bcce-b302099a8057'",
      "'00000000-0000-0000-8000-000000000000'",
    ],
  },
  {
    type: 'inet6',
    only: 'mariadb',
    values: [
      "'::'",
      "'::1'",
      "'2001:db8::ff00:42:8329'",
      "'::ffff:192.0.2.1'",
      "'::192.0.2.1'",
      "'fe80::'",
      "'1:0:0:2:0:0:0:3'",
      "'1:2:3:4:5:6:7:0'",
    ],
  },
  { type: 'inet4', only: 'mariadb', values: ["'0.0.0.0'", "'255.255.255.255'", "'10.0.0.0'"] },
  {
    type: 'varchar(2000) compressed character set utf8mb4',
    only: 'mariadb',
    values: [repeated('日本', 500), "'short'", "''"],
  },
  { type: 'blob compressed', only: 'mariadb', values: [repeated('b', 5000), "x'00'", "''"] },
  { type: 'text compressed', only: 'mariadb', values: [repeated('é', 5000), "''"] },
];

function jsonValues(): string[] {
  const documents = [
    'null',
    'true',
    'false',
    '0',
    '-1',
    '1.0',
    '1.5e300',
    '-0.0',
    '1e15',
    '123456789012345.0',
    '1e16',
    '1e-15',
    '1e-16',
    '1.25e-10',
    '32767',
    '-32768',
    '65535',
    '2147483648',
    '-9223372036854775808',
    '18446744073709551615',
    '9007199254740993',
    '""',
    '"é🙂\\u0001\\n\\"\\\\/\\b\\f"',
    '[]',
    '{}',
    '[[[[1]]]]',
    '{"a":{"b":[1,{"c":null}]}}',
    '{"bb":1,"a":2,"é":3,"":4}',
    '0.1',
    '3.141592653589793',
    '1e308',
    '5e-324',
    '100000000000000000000',
  ];
  return [
    ...documents.map((text) => quoteString(text)),
    `json_array(cast(1.50 as decimal(10,2)), cast('-123456789012345678901234567890.5' as decimal(40,5)), cast('2020-01-02' as date))`,
    `json_array(cast('10:11:12.5' as time(6)), cast('-838:59:59' as time), cast('2020-01-02 03:04:05.678901' as datetime(6)))`,
    `json_array(x'00ff', b'101', cast(repeat('x', 100) as binary), timestamp'2020-01-01 00:00:00')`,
    `json_object('big', repeat('x', 70000), 'n', 1)`,
    `(select json_arrayagg(v) from (with recursive s(v) as (select 100000 union all select v + 1 from s where v < 100900) select v from s) t)`,
    `(select json_objectagg(concat('k', v), v) from (with recursive s(v) as (select 1 union all select v + 1 from s where v < 900) select v from s) t)`,
    `cast(concat(repeat('[', 99), repeat(']', 99)) as json)`,
  ];
}

/** A decoded value as SQL for the copy. */
function literal(value: CellValue): string {
  if (value === null) return 'NULL';
  if (value === undefined) throw new Error('the image lacks a column');
  if (typeof value === 'string') return quoteString(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0e0' : String(value);
  if (typeof value === 'bigint') return String(value);
  if (Buffer.isBuffer(value)) return hexLiteral(value);
  return `_${value.charset} ${hexLiteral(value.bytes)}`;
}

const SESSION_MODE = "SET sql_mode='ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'";

/** Number of rows in which the copy differs from the original, as the server sees it. */
async function differences(
  upstream: Upstream,
  table: string,
  columns: { name: string; byText: boolean }[],
): Promise<number> {
  const conditions = columns.map(({ name, byText }) => {
    const column = quoteIdent(name);
    const text = `CAST(a.${column} AS BINARY) <=> CAST(b.${column} AS BINARY)`;
    return byText ? text : `(${text} AND a.${column} <=> b.${column})`;
  });
  const sql = `SELECT COUNT(*) AS n FROM ${table} a LEFT JOIN ${table}_copy b ON a.id = b.id WHERE b.id IS NULL OR NOT (${conditions.join(' AND ')})`;
  const [row] = await queryRows(upstream.connection, 'upstream', sql);
  return Number(row?.['n']);
}

async function copyRows(upstream: Upstream, table: string, images: RowImage[], jsonColumns: string[]): Promise<void> {
  await upstream.connection.query(`CREATE TABLE ${table}_copy AS SELECT * FROM ${table} WHERE false`);
  // As text, so that the server compares what we printed with what it prints and converts nothing.
  for (const name of jsonColumns) {
    await upstream.connection.query(`ALTER TABLE ${table}_copy MODIFY ${name} LONGTEXT CHARACTER SET utf8mb4`);
  }
  for (const image of images) {
    await upstream.connection.query(`INSERT INTO ${table}_copy VALUES (${image.map(literal).join(', ')})`);
  }
}

describe.each(['mysqlUp', 'mariadbUp'] as const)('values of %s', (which) => {
  const schema = `d_types_${which.toLowerCase()}`;
  let upstream: Upstream;
  let cases: TypeCase[];
  const images = new Map<string, RowImage[]>();
  const tableOf = (index: number): string => `${schema}.t${index}`;

  beforeAll(async () => {
    upstream = await upstreamOf(inject('servers')[which]);
    cases = CASES.filter(({ only }) => only === undefined || only === upstream.flavor);
    const { connection } = upstream;
    await connection.query(`DROP DATABASE IF EXISTS ${schema}`);
    await connection.query(`CREATE DATABASE ${schema} CHARACTER SET utf8mb4`);
    await connection.query(SESSION_MODE);
    for (const [index, { type }] of cases.entries()) {
      await connection.query(`CREATE TABLE ${tableOf(index)} (id INT PRIMARY KEY, c ${type})`);
    }
    const wide = cases.filter(({ type }) => !/16000|char\(255\)/.test(type));
    const columns = wide.map(({ type }, index) => `c${index} ${type}`);
    await connection.query(`CREATE TABLE ${schema}.wide (id INT PRIMARY KEY, ${columns.join(', ')})`);
    const start = await masterStatus(connection, upstream.flavor);
    for (const [index, { values }] of cases.entries()) {
      for (const [id, value] of [...values, 'NULL'].entries()) {
        await connection.query(`INSERT INTO ${tableOf(index)} VALUES (${id}, ${value})`);
      }
    }
    for (const pick of [0, 1]) {
      const values = wide.map((item) => item.values[pick % item.values.length]);
      await connection.query(`INSERT INTO ${schema}.wide VALUES (${pick}, ${values.join(', ')})`);
    }
    const events = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
    for (const event of events) {
      if (event.type !== 'rows') continue;
      const list = images.get(event.table) ?? [];
      for (const row of event.rows) if (row.kind === 'insert') list.push(row.after);
      images.set(event.table, list);
    }
  });

  afterAll(() => upstream.connection.query(`DROP DATABASE IF EXISTS ${schema}`));

  it('arrive equal to what the server holds, type by type', async () => {
    const wrong: string[] = [];
    for (const [index, { type, byText, values }] of cases.entries()) {
      const rows = images.get(`t${index}`) ?? [];
      try {
        expect(rows).toHaveLength(values.length + 1);
        await copyRows(upstream, tableOf(index), rows, type === 'json' && byText === true ? ['c'] : []);
        const count = await differences(upstream, tableOf(index), [{ name: 'c', byText: byText === true }]);
        if (count > 0) wrong.push(`${type.slice(0, 60)}: ${count} of ${rows.length} rows differ`);
      } catch (error) {
        wrong.push(`${type.slice(0, 60)}: ${String(error).slice(0, 300)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('arrive equal in one table of all types', async () => {
    const rows = images.get('wide') ?? [];
    expect(rows).toHaveLength(2);
    const wide = cases.filter(({ type }) => !/16000|char\(255\)/.test(type));
    const json = wide.flatMap(({ type, byText }, index) => (type === 'json' && byText === true ? [`c${index}`] : []));
    await copyRows(upstream, `${schema}.wide`, rows, json);
    const columns = wide.map(({ byText }, index) => ({ name: `c${index}`, byText: byText === true }));
    expect(await differences(upstream, `${schema}.wide`, columns)).toBe(0);
  });

  it('holds generated and invisible columns, and both images of updates', async () => {
    const { connection } = upstream;
    const table = `${schema}.gen`;
    await connection.query(
      `CREATE TABLE ${table} (id INT PRIMARY KEY, a INT, s INT AS (a * 2) STORED, v INT AS (a * 3) VIRTUAL, h VARCHAR(9) INVISIBLE DEFAULT 'h')`,
    );
    const start = await masterStatus(connection, upstream.flavor);
    await connection.query(`INSERT INTO ${table} (id, a) VALUES (1, 10), (2, NULL)`);
    await connection.query(`UPDATE ${table} SET a = 11, h = NULL WHERE id = 1`);
    await connection.query(`DELETE FROM ${table} WHERE id = 2`);
    const events = await eventsUpToNow(upstream, await openStream(upstream, start, schema));
    const changes = rowsOf(events, 'gen').flatMap((event) => event.rows);
    expect(changes).toEqual([
      { kind: 'insert', after: [1, 10, 20, 30, 'h'] },
      { kind: 'insert', after: [2, null, null, null, 'h'] },
      { kind: 'update', before: [1, 10, 20, 30, 'h'], after: [1, 11, 22, 33, null] },
      { kind: 'delete', before: [2, null, null, null, 'h'] },
    ]);
  });
});
