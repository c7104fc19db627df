/** Rows whose generated columns an upstream without strict mode has cut: they must arrive, and nothing else may be cut. */
import { describe, expect, test } from 'vitest';
import { connectTo, createDatabase, dropAtEnd, testServers } from '../../support/servers.js';
import { compareDatabases } from '../../support/compare.js';
import { copy, dataDirectory, runAll, subtask } from '../dump/support.js';
import { makeFixture, replicate, RunningUnit } from '../sync/harness.js';

const TABLE = `CREATE TABLE t (id INT PRIMARY KEY, a INT, v VARCHAR(20), g TINYINT GENERATED ALWAYS AS (a) STORED,
  h INT GENERATED ALWAYS AS (a + 1) VIRTUAL, w VARCHAR(3) GENERATED ALWAYS AS (v) STORED)`;
const ROWS = [
  "SET SESSION sql_mode = ''",
  "INSERT INTO t (id, a, v) VALUES (1, 1, 'x'), (2, 1000, 'y'), (3, 2147483647, 'z'), (4, 4, 'longer'), (5, 5, 'k')",
];

describe.each(['mysqlUp', 'mariadbUp'] as const)('%s', (upstream) => {
  test('rows are copied', async () => {
    const { [upstream]: server, mysqlDown } = testServers();
    const [up, down] = [await connectTo(server), await connectTo(mysqlDown)];
    const database = await createDatabase(server, 'k_cut');
    dropAtEnd(mysqlDown, database);
    await runAll(up, [`USE ${database}`, TABLE, ...ROWS]);
    await copy(subtask(server, mysqlDown, [database]), await dataDirectory());
    expect((await compareDatabases(up, down, [database])).differences).toEqual([]);
  });

  test('rows are replicated', async () => {
    const fixture = await makeFixture(upstream);
    await runAll(fixture.up, [
      TABLE,
      ...ROWS,
      "UPDATE t SET a = a - 1, v = CONCAT(v, 'tail')",
      'UPDATE t SET id = id + 10 WHERE id > 3',
      'DELETE FROM t WHERE id = 2',
    ]);
    await replicate(fixture);
  });
});

test('a value that is not generated is never cut', async () => {
  const fixture = await makeFixture('mysqlUp');
  const { up, down, database, config } = fixture;
  await up.query(TABLE);
  await replicate(fixture);
  await down.query(`ALTER TABLE \`${database}\`.t MODIFY v VARCHAR(5)`);
  await runAll(up, ["SET SESSION sql_mode = ''", "INSERT INTO t (id, a, v) VALUES (1, 1000, 'too long')"]);
  await expect(new RunningUnit(config).result).rejects.toMatchObject({
    rawCause: expect.stringMatching(/^Error (1265|1406): Data .* for column 'v' at row 1$/),
  });
  await down.query(`ALTER TABLE \`${database}\`.t MODIFY v VARCHAR(20)`);
  await replicate(fixture);
});
