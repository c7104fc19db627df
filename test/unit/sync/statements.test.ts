import { describe, expect, test } from 'vitest';
import type { CellValue } from '../../../src/sync/events.js';
import { literalWriter } from '../../../src/sync/write/literal.js';
import { bigStatements, mergedStatements, plainStatements } from '../../../src/sync/write/statements.js';
import { column, index, insert, job, MERGING, MYSQL, planOf, remove, table, text, TIDB, update } from './support.js';

describe('literals', () => {
  const mysql = (type: string, value: CellValue, more = {}): string =>
    literalWriter(column('c', type, more), MYSQL)(value);

  test.each<[string, CellValue, object, string]>([
    ['bigint', 18446744073709551615n, {}, '18446744073709551615'],
    ['decimal', '-0.10', {}, '-0.10'],
    ['double', -0, {}, '-0e0'],
    ['double', 5e-324, {}, '5e-324'],
    ['float', 0.1, {}, '0.10000000149011612'],
    ['bit', 5n, {}, '5'],
    ['enum', 2, { members: ['a', "b'c"] }, String.raw`'b\'c'`],
    ['enum', 0, { members: ['a'] }, '0'],
    ['set', 5n, { members: ['a', 'b', 'c'] }, "'a,c'"],
    ['json', '', {}, "'null'"],
    ['blob', Buffer.from([0, 255]), {}, "x'00ff'"],
    ['text', { charset: 'gbk', bytes: Buffer.from([0xba, 0xba]) }, {}, "_gbk x'baba'"],
    ['datetime', '0000-00-00 00:00:00', {}, "'0000-00-00 00:00:00'"],
    ['int', null, {}, 'NULL'],
  ])('%s %s', (type, value, more, expected) => {
    expect(mysql(type, value, more)).toBe(expected);
  });

  test('text is converted for TiDB, which reads latin1 as UTF-8', () => {
    const write = literalWriter(column('c', 'text'), TIDB);
    expect(write({ charset: 'latin1', bytes: Buffer.from([0xe9, 0x80, 0x81]) })).toBe("'é€\u0081'");
    expect(write({ charset: 'gbk', bytes: Buffer.from([0xba, 0xba]) })).toBe("'汉'");
    expect(literalWriter(column('c', 'enum', { members: ['a'] }), TIDB)(0)).toBe("''");
  });
});

describe('statements of a batch', () => {
  const pk = [column('id', 'int', { nullable: false }), column('a', 'int')];
  const plan = planOf(table('t', pk, [index('PRIMARY', 'id')]));
  const sql = (jobs: ReturnType<typeof job>[], merging = MERGING): string[] =>
    mergedStatements(jobs, merging).map((statement) => statement.sql);

  test('the changes of a key become one; a row that comes and goes is not sent', () => {
    const jobs = [
      job(1, plan, insert([1, 1])),
      job(2, plan, update([1, 1], [1, 2])),
      job(3, plan, insert([2, 1])),
      job(4, plan, remove([2, 1])),
      job(5, plan, remove([3, 1])),
      job(6, plan, update([4, 1], [5, 1])),
      job(7, plan, update([6, 1], [6, 9])),
      job(8, plan, update([6, 9], [6, 1])),
    ];
    expect(sql(jobs)).toEqual([
      'DELETE FROM `db`.`t` WHERE `id` = 4',
      'SELECT 9223372036854775807 + (ROW_COUNT() <> 1) AS found',
      'DELETE FROM `db`.`t` WHERE `id` = 3',
      'INSERT INTO `db`.`t` (`id`, `a`) VALUES (1,2),(5,1)',
      'UPDATE `db`.`t` SET `id` = 6, `a` = 1 WHERE `id` = 6',
    ]);
  });

  test('compact and multiple-rows are switched off apart', () => {
    const jobs = [insert([1, 1]), update([1, 1], [1, 2]), insert([2, 1])].map((each, i) => job(i + 1, plan, each));
    expect(sql(jobs, { compact: true, multipleRows: false })).toEqual([
      'INSERT INTO `db`.`t` (`id`, `a`) VALUES (1,2)',
      'INSERT INTO `db`.`t` (`id`, `a`) VALUES (2,1)',
    ]);
    expect(sql(jobs, { compact: false, multipleRows: true })).toEqual([
      'INSERT INTO `db`.`t` (`id`, `a`) VALUES (1,1)',
      'UPDATE `db`.`t` SET `id` = 1, `a` = 2 WHERE `id` = 1',
      'INSERT INTO `db`.`t` (`id`, `a`) VALUES (2,1)',
    ]);
    expect(sql(jobs.toReversed().slice(2), { compact: false, multipleRows: false })).toEqual([
      'INSERT INTO `db`.`t` (`id`, `a`) VALUES (1,1)',
    ]);
    const inserts = [jobs[0], jobs[2]].flatMap((each) => each ?? []);
    expect(sql(inserts, { compact: false, multipleRows: true })).toEqual([
      'INSERT INTO `db`.`t` (`id`, `a`) VALUES (1,1),(2,1)',
    ]);
    expect(sql(inserts, { compact: false, multipleRows: false })).toHaveLength(2);
  });

  test('several updates are an upsert that is followed by its proof', () => {
    expect(sql([job(1, plan, update([1, 1], [1, 2])), job(2, plan, update([2, 1], [2, 2]))])).toEqual([
      'INSERT INTO `db`.`t` (`id`, `a`) VALUES (1,2),(2,2) ON DUPLICATE KEY UPDATE `a` = VALUES(`a`)',
      'SELECT 9223372036854775807 + (ROW_COUNT() <> 4) AS found',
    ]);
  });

  test('rows that are removed and inserted again are updates where the downstream has no columns of its own', () => {
    const changes = [
      update([1, 1], [1, 2]),
      remove([2, 1]),
      insert([2, 2]),
      remove([3, 1]),
      insert([3, 1]), // an upsert would not count it
    ];
    const head = 'INTO `db`.`t` (`id`, `a`) VALUES';
    expect(sql(changes.map((change, i) => job(i + 1, plan, change)))).toEqual([
      `REPLACE ${head} (3,1)`,
      `INSERT ${head} (1,2),(2,2) ON DUPLICATE KEY UPDATE \`a\` = VALUES(\`a\`)`,
      'SELECT 9223372036854775807 + (ROW_COUNT() <> 4) AS found',
    ]);
    const source = table('t', pk, [index('PRIMARY', 'id')]);
    const wider = planOf(source, { structure: { ...source, columns: [...pk, column('own', 'int')] } });
    expect(sql(changes.map((change, i) => job(i + 1, wider, change)))).toEqual([
      `REPLACE ${head} (2,2),(3,1)`,
      'UPDATE `db`.`t` SET `id` = 1, `a` = 2 WHERE `id` = 1',
    ]);
  });

  test('safe mode: what is gone in the end is deleted in any case', () => {
    const safe = { safe: true };
    const jobs = [
      job(1, plan, insert([1, 1]), safe),
      job(2, plan, remove([1, 1]), safe),
      job(3, plan, update([2, 1], [3, 1]), safe),
      job(4, plan, remove([3, 1]), safe),
      job(5, plan, insert([4, 1]), safe),
    ];
    expect(sql(jobs)).toEqual([
      'DELETE FROM `db`.`t` WHERE `id` IN (1,2,3)',
      'REPLACE INTO `db`.`t` (`id`, `a`) VALUES (4,1)',
    ]);
  });

  test('with a second unique key, or downstream triggers, the order stays', () => {
    const two = table('two', pk, [index('PRIMARY', 'id'), index('UNIQUE', 'a')]);
    const triggered = planOf(table('t', pk, [index('PRIMARY', 'id')]), { hasTriggers: true });
    for (const ordered of [planOf(two), triggered]) {
      const name = ordered.target;
      const jobs = [
        job(1, ordered, update([1, 1], [1, 2])),
        job(2, ordered, insert([2, 1])),
        job(3, ordered, insert([3, 3])),
        job(4, ordered, remove([2, 1])),
      ];
      expect(sql(jobs)).toEqual([
        `UPDATE ${name} SET \`id\` = 1, \`a\` = 2 WHERE \`id\` = 1`,
        `INSERT INTO ${name} (\`id\`, \`a\`) VALUES (2,1),(3,3)`,
        `DELETE FROM ${name} WHERE \`id\` = 2`,
      ]);
    }
  });

  test('a row without a usable key is found by all of its columns, exactly, once', () => {
    const keyless = planOf(table('k', [column('a', 'int'), text('v'), column('f', 'float')], []));
    expect(plainStatements(job(1, keyless, remove([null, 'x', 0.1]))).map((s) => s.sql)).toEqual([
      "DELETE FROM `db`.`k` WHERE `a` IS NULL AND `v` = 'x' AND CAST(`v` AS BINARY) = " +
        "CAST(CONVERT('x' USING utf8mb4) AS BINARY) AND `f` = 0.10000000149011612 LIMIT 1",
    ]);
  });

  test('a nullable unique key finds the row only when it is not NULL', () => {
    const nullable = planOf(table('n', [column('a', 'int'), column('b', 'int')], [index('UNIQUE', 'a')]));
    expect(plainStatements(job(1, nullable, remove([5, 1])))[0]?.sql).toBe('DELETE FROM `db`.`n` WHERE `a` = 5');
    expect(plainStatements(job(1, nullable, remove([null, 1])))[0]?.sql).toBe(
      'DELETE FROM `db`.`n` WHERE `a` IS NULL AND `b` = 1 LIMIT 1',
    );
  });

  test("keys are the downstream's, names are matched whatever their order, and what is generated there is not written", () => {
    const source = table(
      't',
      [column('id', 'int', { nullable: false }), text('code'), column('g', 'int')],
      [index('PRIMARY', 'id')],
    );
    const structure = table(
      't',
      [
        column('G', 'int', { generated: { kind: 'STORED', expression: '1' } }),
        text('code', 'utf8mb4_bin', { nullable: false }),
        column('extra', 'int'),
        column('id', 'int'),
      ],
      [index('PRIMARY', 'code')],
    );
    const mapped = planOf(
      { ...source, columns: source.columns.map((c) => ({ ...c, nullable: false })) },
      { structure },
    );
    expect(plainStatements(job(1, mapped, update([1, 'a', 7], [1, 'b', 7])))[0]?.sql).toBe(
      "UPDATE `db`.`t` SET `id` = 1, `code` = 'b' WHERE `code` = 'a'",
    );
  });

  test('big values of a row are parameters, an unchanged one is not sent', () => {
    const wide = planOf(
      table(
        'w',
        [column('id', 'int', { nullable: false }), column('b', 'longblob'), column('c', 'longblob')],
        [index('PRIMARY', 'id')],
      ),
    );
    const big = Buffer.alloc(2_000_000, 1);
    const [statement] = bigStatements(job(1, wide, update([1, big, null], [1, Buffer.from(big), big])));
    expect(statement?.sql).toBe('UPDATE `db`.`w` SET `c` = ? WHERE `id` = 1');
    expect(statement?.parameters).toHaveLength(1);
    expect(statement?.parameters?.[0]).toBe(big);
  });
});
