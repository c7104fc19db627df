import { expect, test } from 'vitest';
import { readStatement } from '../../../src/ddl/index.js';
import { defaultProfile } from '../../../src/schema/server-profile.js';
import { SchemaTracker } from '../../../src/schema/tracker.js';

async function track(flavor: 'mysql' | 'mariadb', ...statements: string[]) {
  const profile = defaultProfile(flavor, flavor === 'mysql' ? '9.7.0' : '10.11.0-MariaDB');
  const tracker = new SchemaTracker({ profile, store: { load: async () => undefined } });
  for (const sql of statements) await tracker.apply(readStatement(sql, { flavor, defaultSchema: 'd' }));
  const table = await tracker.get('d', 't');
  if (table === undefined) throw new Error('the table is not tracked');
  return table;
}

test('a foreign key index that was renamed in MariaDB stays beside one that begins with its column', async () => {
  const create = 'CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES t (id))';
  const names = async (...alters: string[]): Promise<string[]> =>
    (await track('mariadb', create, ...alters)).indexes.map(({ name }) => name);
  expect(await names('ALTER TABLE t ADD INDEX ab (a, b)')).toEqual(['PRIMARY', 'ab']);
  expect(await names('ALTER TABLE t RENAME INDEX f TO g', 'ALTER TABLE t ADD INDEX ab (a, b)')).toEqual([
    'PRIMARY',
    'g',
    'ab',
  ]);
});
