import type { RowDataPacket } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { textRules } from '../../../src/filter/expression/collation.js';
import { connectTo, testServers } from '../../support/servers.js';

/** Printable ASCII, pairs that a table of single characters does not show, and letters with marks. */
const TEXTS = [
  ...Array.from({ length: 0x5f }, (_, at) => String.fromCharCode(0x20 + at)),
  '',
  'ab',
  'aB',
  'a b',
  'a',
  'a ',
  'a_b',
  'a-b',
  'ab ',
  'abc',
  'a1',
  'a.',
  'Aa',
  'a`b',
  'a^',
  ...Array.from({ length: 0x40 }, (_, at) => String.fromCharCode(0xc0 + at)),
  '日',
  '日本',
  'Дом',
  'дом',
  'ミ',
  '한',
];

/** Texts that a charset can hold. */
const HOLDS: Record<string, RegExp> = { latin1: /^[ -ÿ]*$/, ascii: /^[ -~]*$/ };

const COMMON = [
  'utf8mb4_general_ci',
  'utf8mb4_unicode_ci',
  'utf8mb4_unicode_520_ci',
  'utf8mb4_bin',
  'utf8mb3_general_ci',
  'latin1_swedish_ci',
  'ascii_general_ci',
];

test.each([
  ...COMMON.map((collation) => ['mysqlUp', collation] as const),
  ...['utf8mb4_0900_ai_ci', 'utf8mb4_0900_as_ci', 'utf8mb4_0900_bin'].map(
    (collation) => ['mysqlUp', collation] as const,
  ),
  ...COMMON.map((collation) => ['mariadbUp', collation] as const),
  ...['utf8mb4_nopad_bin', 'utf8mb4_unicode_nopad_ci', 'utf8mb4_uca1400_ai_ci', 'utf8mb4_uca1400_as_ci'].map(
    (collation) => ['mariadbUp', collation] as const,
  ),
])('%s: what is decided of %s is what the server says', async (flavor, collation) => {
  const server = await connectTo(testServers()[flavor]);
  const charset = collation.slice(0, collation.indexOf('_'));
  const texts = TEXTS.filter((text) => HOLDS[charset]?.test(text) ?? true);
  const rows = texts.map(
    (text, n) => `SELECT ${n} AS n, CONVERT(_utf8mb4 x'${Buffer.from(text).toString('hex')}' USING ${charset}) AS c`,
  );
  const [found] = await server.query<RowDataPacket[]>(
    `SELECT n, DENSE_RANK() OVER (ORDER BY c COLLATE ${collation}) AS place FROM (${rows.join(' UNION ALL ')}) t`,
  );
  const places = new Map(found.map((row) => [Number(row['n']), Number(row['place'])]));
  const rules = textRules(collation);
  const wrong: string[] = [];
  let decided = 0;
  for (const [i, a] of texts.entries()) {
    for (const [j, b] of texts.entries()) {
      const order = Math.sign((places.get(i) ?? 0) - (places.get(j) ?? 0));
      const compared = rules.compare(a, b);
      const equal = rules.equal(a, b);
      if (compared !== undefined && Math.sign(compared) !== order)
        wrong.push(`compare ${a} ${b}: ${compared}, not ${order}`);
      if (equal !== undefined && equal !== (order === 0)) wrong.push(`equal ${a} ${b}: ${equal}`);
      if (equal !== undefined) decided++;
    }
  }
  expect(wrong).toEqual([]);
  expect(decided).toBeGreaterThan(texts.length ** 2 * 0.3);
});
