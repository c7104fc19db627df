/** Rules must not change what exactly once means: rows that are left out have their numbers like others. */
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { beforeAll, expect, test } from 'vitest';
import type { SubtaskConfig } from '../../../src/config/types.js';
import { dropAtEnd, testServers, uniqueName } from '../../support/servers.js';
import { build, ChildUnit } from './child-unit.js';
import { makeFixture, RunningUnit } from './harness.js';

beforeAll(build);

async function rows(connection: Connection, sql: string): Promise<unknown[][]> {
  const [found] = await connection.query<RowDataPacket[]>(sql);
  return found.map((row) => Object.values(row) as unknown[]);
}

test('merged tables without keys, filters and killed processes: every row once', async () => {
  const target = uniqueName('o_to');
  dropAtEnd(testServers().mysqlDown, target);
  const fixture = await makeFixture('mysqlUp');
  const { up, down, database } = fixture;
  const config: SubtaskConfig = {
    ...fixture.config,
    routes: [
      { name: 'tables', schemaPattern: database, tablePattern: 't_*', targetSchema: target, targetTable: 't' },
      { name: 'schemas', schemaPattern: database, targetSchema: target },
    ],
    filters: [
      {
        name: 'keeps',
        schemaPattern: database,
        tablePattern: 't_2',
        events: ['delete'],
        sqlPattern: [],
        action: 'Ignore',
        caseSensitive: false,
      },
    ],
    expressionFilters: [{ name: 'odd', schema: database, table: 't_3', insertValueExpr: 'v % 2 = 1' }],
    sync: { ...fixture.config.sync, batch: 20 },
  };
  for (const n of [1, 2, 3]) await up.query(`CREATE TABLE t_${n} (v INT, w VARCHAR(10))`);
  // Many equal rows: one too many or too few shows in their number alone.
  for (let i = 0; i < 90; i++) {
    const n = (i % 3) + 1;
    const values = Array.from({ length: 20 }, (_, k) => `(${k % 4}, '${n === 3 ? 'y' : 'x'}')`).join(', ');
    await up.query(`INSERT INTO t_${n} VALUES ${values}`);
    await up.query(`DELETE FROM t_${n} WHERE v = ${i % 4} LIMIT 2`);
  }
  for (const fault of [
    'sync.after-commit=crash@9',
    'sync.before-commit=crash@7',
    'sync.after-commit=crash@11',
    'sync.before-commit=crash@5',
    'sync.flush-before-commit=crash@2',
  ]) {
    const child = new ChildUnit(config, fault);
    expect((await child.end).signal, `${fault}: ${child.stderr}`).toBe('SIGKILL');
  }
  const unit = new RunningUnit(config);
  try {
    await unit.synced(up);
  } finally {
    await unit.stop().catch(() => undefined);
  }
  const expected = `SELECT v, CAST(SUM(n) AS SIGNED) AS n FROM (
      SELECT v, COUNT(*) AS n FROM \`${database}\`.t_1 GROUP BY v UNION ALL
      SELECT v, 20 * 30 / 4 FROM \`${database}\`.t_2 GROUP BY v UNION ALL
      SELECT v, COUNT(*) FROM \`${database}\`.t_3 WHERE v % 2 = 0 GROUP BY v
    ) AS parts GROUP BY v ORDER BY v`;
  const merged = `SELECT v, COUNT(*) AS n FROM \`${target}\`.t GROUP BY v ORDER BY v`;
  expect((await rows(down, merged)).map(String)).toEqual((await rows(up, expected)).map(String));
});
