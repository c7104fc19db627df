import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dropAtEnd, testServers, uniqueName } from '../../support/servers.js';
import { Mirror } from './mirror.js';
import { STATEMENT_GROUPS } from './statements/all.js';
import { textFor } from './statements/group.js';

/** Statements of the list that each server must take, so that the list cannot wither unnoticed. */
const LEAST_ACCEPTED = 700;

describe.each(['mysql', 'mariadb'] as const)('listed statements on %s', (flavor) => {
  let mirror: Mirror;
  let accepted = 0;
  const run = uniqueName('c_list');

  const server = flavor === 'mysql' ? testServers().mysqlUp : testServers().mariadbUp;

  beforeAll(async () => {
    mirror = await Mirror.open(server);
  });

  afterAll(async () => {
    await mirror.close();
  });

  test.each(STATEMENT_GROUPS.map((group, index) => ({ ...group, index })))('$name', async ({ statements, index }) => {
    const schema = `${run}_${index}`;
    const second = `${schema}_b`;
    for (const name of [schema, second]) dropAtEnd(server, name);
    await mirror.useFresh(schema);
    const failures: string[] = [];
    for (const listed of statements) {
      const sql = textFor(listed, flavor)?.replaceAll('{db2}', second).replaceAll('{db}', schema);
      if (sql === undefined) continue;
      let taken: boolean;
      try {
        taken = await mirror.execute(sql);
      } catch (error) {
        failures.push(`${sql}\n${String(error)}`);
        continue;
      }
      if (process.env['DM_SHOW_REFUSED'] !== undefined && !taken) console.log(`refused: ${sql}\n  ${mirror.refusal}`);
      if (!taken) continue;
      accepted++;
      const lines = await mirror.compare([schema, second]);
      if (lines.length > 0) failures.push([sql, ...lines].join('\n'));
    }
    failures.push(...(await mirror.compareTexts()));
    expect(failures.join('\n\n')).toBe('');
  });

  test('the servers take most of the list', () => {
    console.log(`${flavor}: ${accepted} listed statements compared`);
    expect(accepted).toBeGreaterThanOrEqual(LEAST_ACCEPTED);
  });
});
