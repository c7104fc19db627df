/** Literals for columns, from small sets: rows shall meet each other's keys. */
import { isGenerated, type Column } from '../../src/schema/model.js';
import { quoteString } from '../../src/mysql/quote.js';
import type { Random } from '../integration/schema/random.js';

/** Texts that collations tell apart or not, and bytes that padding and escaping get wrong. */
const WORDS = ['', 'ab', 'AB', 'ab ', 'aB', 'a', 'straße', 'é', 'e', "o'k", 'a\\b', 'x', 'y', 'z', '0', '1', '17'];
const BYTES = ['', '00', '20', '6162', '616200', '616220', '4142', 'ff', '27', '5c', '0a'];
const DOCUMENTS = [
  '{}',
  '[]',
  'null',
  '{"a": 1, "b": [true, null, "x"]}',
  '{"b": [1.5, 2, "é"], "a": {"c": "it\'\'s"}}',
  '"text"',
  '12345678901234567890',
  '{"n": -0.25, "s": "\\\\"}',
];
const MOMENTS = [
  '2020-02-29 12:34:56.789012',
  '1999-12-31 23:59:59',
  '2024-03-31 01:30:00.5',
  '2024-10-27 02:30:00',
  '1971-01-01 00:00:01',
];

const INTEGER_BITS: Record<string, number> = { tinyint: 8, smallint: 16, mediumint: 24, int: 32, bigint: 64 };

/** Whether statements may give the column a value. */
export function isWritable(column: Column): boolean {
  return !isGenerated(column);
}

/** SQL of a value that the column takes, mostly. */
export function randomValue(column: Column, random: Random): string {
  if (column.nullable && random.chance(0.12)) return 'NULL';
  if (random.chance(0.02)) return 'DEFAULT';
  return valueOf(column, random);
}

function valueOf(column: Column, random: Random): string {
  const { type } = column;
  if (type in INTEGER_BITS) return integer(column, random);
  if (/text|char/.test(type) && !/binary/.test(type)) return text(column, random);
  if (/blob|binary/.test(type)) return bytes(column, random);
  switch (type) {
    case 'decimal':
      return String(random.int(column.unsigned ? 0 : -8, 8) / (column.decimals === 0 ? 1 : 4));
    case 'float':
    case 'double':
      return random.pick(['0', '1', '2.5', '0.1', '3.14159', '7', '1e3', column.unsigned ? '9' : '-2.25']);
    case 'bit':
      return `b'${random.int(0, 2 ** Math.min(column.length ?? 1, 5) - 1).toString(2)}'`;
    case 'enum':
      return String(random.int(1, Math.max(1, column.members?.length ?? 1)));
    case 'set':
      return String(random.int(0, 2 ** Math.min(column.members?.length ?? 1, 4) - 1));
    case 'json':
      return `'${random.pick(DOCUMENTS)}'`;
    case 'date':
      return `'${random.pick(MOMENTS).slice(0, 10)}'`;
    case 'datetime':
    case 'timestamp':
      return random.chance(0.1) ? 'NOW(6)' : `'${random.pick(MOMENTS)}'`;
    case 'time':
      return random.pick(["'10:11:12'", "'-05:06:07.89'", "'99:00:00'", "'00:00:00.000001'"]);
    case 'year':
      return random.pick(['2020', '1999', '2155', '1901']);
    case 'uuid':
      return `'123e4567-e89b-12d3-a456-42661417400${random.int(0, 9)}'`;
    case 'inet6':
      return `'fe80::${random.int(1, 9)}'`;
    case 'inet4':
      return `'10.0.0.${random.int(1, 20)}'`;
    case 'point':
    case 'geometry':
      return `ST_GeomFromText('POINT(${random.int(0, 9)} ${random.int(0, 9)})'${column.srid === undefined ? '' : `, ${column.srid}`})`;
    case 'vector':
      return `TO_VECTOR('[1, ${random.int(1, 9)}, 3]')`;
    default:
      return 'DEFAULT';
  }
}

function integer(column: Column, random: Random): string {
  const bits = BigInt(INTEGER_BITS[column.type] ?? 32);
  if (random.chance(0.03)) {
    const most = column.unsigned ? (1n << bits) - 1n : (1n << (bits - 1n)) - 1n;
    return String(random.chance(0.5) || column.unsigned ? most : -most - 1n);
  }
  return String(random.chance(0.7) ? random.int(0, 60) : random.int(0, 9_000));
}

function text(column: Column, random: Random): string {
  const length = column.length ?? 255;
  if (random.chance(0.03)) return `REPEAT('${random.pick(['q', 'Q', '\\\\', "''"])}', ${Math.min(length, 3_000)})`;
  const word = random.pick(WORDS) + (random.chance(0.6) ? String(random.int(0, 40)) : '');
  return quoteString(word.slice(0, length));
}

function bytes(column: Column, random: Random): string {
  const most = 2 * (column.length ?? 255);
  if (random.chance(0.02)) return `REPEAT(X'00ff', ${Math.min(Math.floor(most / 4), 40_000)})`;
  const hex = random.pick(BYTES) + (random.chance(0.5) ? random.int(16, 60).toString(16) : '');
  return `X'${hex.slice(0, most)}'`;
}

/** An expression over the number `n` of a numbers table, for statements that make many rows. */
export function serialValue(column: Column, random: Random): string {
  const { type } = column;
  const step = random.int(1, 5);
  if (type === 'tinyint' || type === 'year') return 'n % 100';
  if (type in INTEGER_BITS)
    return random.chance(0.8) ? `n * ${step} + ${random.int(0, 500)}` : `n % ${random.int(1, 500)}`;
  if (/char|text/.test(type) && !/binary/.test(type))
    return `CONCAT(${quoteString(random.pick(['w', 'W', 'é']))}, n * ${step})`;
  if (/blob|binary/.test(type)) return `CONCAT(n * ${step})`;
  if (/decimal|float|double/.test(type)) return 'n % 90';
  return valueOf(column, random);
}
