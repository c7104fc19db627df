import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compareDatabases, formatComparison } from '../../support/compare.js';
import { connectTo, createDatabase, testServers, uniqueName } from '../../support/servers.js';
import { copy, dataDirectory, fillNumbers, runAll, subtask } from './support.js';

test('odd names of databases, tables and columns arrive as they are', async () => {
  const { mysqlUp, mysqlDown } = testServers();
  const database = uniqueName('f odd`.%"/-schema');
  const config = subtask(mysqlUp, mysqlDown, [database]);
  const up = await connectTo(mysqlUp);
  const quote = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
  const names = [
    'sql',
    'a.sql',
    'my-schema',
    't-schema-create',
    'select',
    'a b',
    'a`b',
    '"q"',
    "it's",
    'x/y',
    '%41',
    'T',
    't',
    'ü'.repeat(64),
    '漢'.repeat(48),
    'v-schema-view',
  ];
  try {
    await up.query(`CREATE DATABASE ${quote(database)}`);
    await up.query(`USE ${quote(database)}`);
    for (const [index, name] of names.entries()) {
      await up.query(
        `CREATE TABLE ${quote(name)} (${quote(name)} INT PRIMARY KEY, \`a.b\` TEXT, \`where\` INT, KEY ${quote(name)} (\`where\`))`,
      );
      await up.query(`INSERT INTO ${quote(name)} VALUES (${index}, 'x', 1), (${index + 100}, NULL, NULL)`);
    }
    await up.query('CREATE VIEW a_view AS SELECT 1');
    await copy(config, await dataDirectory());
    const comparison = await compareDatabases(up, await connectTo(mysqlDown), [database]);
    expect(formatComparison(comparison)).toBe(`${names.length} tables, ${names.length * 2} rows: equal`);
  } finally {
    await up.query(`DROP DATABASE IF EXISTS ${quote(database)}`);
  }
});

test.each(['mysqlUp', 'mariadbUp'] as const)(
  'keys of every kind, and none: all rows of %s arrive once',
  async (name) => {
    const server = testServers()[name];
    const target = testServers().mysqlDown;
    const database = await createDatabase(server, 'f_keys');
    const up = await connectTo(server, database);
    const tables = {
      no_key: 'id INT, v VARCHAR(20)',
      nullable_unique: 'id INT NULL, v VARCHAR(20), UNIQUE KEY (id)',
      composite: 'id INT, v VARCHAR(20), PRIMARY KEY (v, id)',
      composite_number: 'id BIGINT UNSIGNED, v VARCHAR(20), PRIMARY KEY (id, v)',
      text_key: 'id INT, v VARCHAR(20) PRIMARY KEY',
      prefix_key: 'id INT, v TEXT, UNIQUE KEY (v(4), id)',
      ordinary_key: 'id INT, v VARCHAR(20), KEY (id)',
      negative: 'id BIGINT PRIMARY KEY, v VARCHAR(20)',
    };
    for (const [table, columns] of Object.entries(tables)) {
      // Of a table of few pages, MySQL's guess from samples may be a tenth of its rows.
      await up.query(`CREATE TABLE ${table} (${columns}) STATS_SAMPLE_PAGES = 1000`);
      const id =
        table === 'nullable_unique' ? 'NULLIF(n, 5)' : table === 'negative' ? '(n - 1500) * 3000000000000000' : 'n';
      await fillNumbers(up, table, 3000, { id, v: "CONCAT('it''s ', n)" });
    }
    await up.query("INSERT INTO nullable_unique VALUES (NULL, 'a'), (NULL, 'a'), (NULL, NULL)");
    await up.query("INSERT INTO no_key VALUES (1, 'it''s 1'), (NULL, NULL), (NULL, NULL)");
    await up.query("INSERT INTO ordinary_key VALUES (NULL, 'x'), (7, 'y')");
    await up.query(`ANALYZE TABLE ${Object.keys(tables).join(', ')}`);
    const config = subtask(server, target, [database]);
    config.dump.rows = 500;
    const { dir, dumped, loaded } = await copy(config, await dataDirectory());
    const comparison = await compareDatabases(up, await connectTo(target), [database]);
    expect(formatComparison(comparison)).toBe(`8 tables, ${8 * 3000 + 8} rows: equal`);
    const files = await readdir(dir);
    for (const table of ['nullable_unique', 'composite_number', 'ordinary_key', 'negative']) {
      expect(files.filter((file) => file.startsWith(`${database}.${table}.`)).length, table).toBeGreaterThan(1);
    }
    expect(dumped).toMatchObject({ totalTables: 8, completedTables: 8, finishedRows: String(8 * 3000 + 8) });
    expect(loaded).toMatchObject({
      finishedRows: dumped.finishedRows,
      finishedBytes: dumped.finishedBytes,
      totalBytes: dumped.finishedBytes,
    });
  },
);

test('1,000 columns and 1,000 tables', async () => {
  const { mysqlUp, mysqlDown } = testServers();
  const database = await createDatabase(mysqlUp, 'f_many');
  const up = await connectTo(mysqlUp, database);
  const columns = Array.from({ length: 1000 }, (_, index) => `c${index}`);
  await up.query(
    `CREATE TABLE wide (${columns.map((column, index) => `${column} ${index % 3 === 0 ? 'INT' : 'VARCHAR(5)'}`).join(', ')}) CHARSET latin1`,
  );
  await up.query(
    `INSERT INTO wide VALUES (${columns.map((_, index) => (index % 3 === 0 ? index : "'a;'")).join(', ')}), (${columns.map(() => 'NULL').join(', ')})`,
  );
  for (let index = 0; index < 999; index++) await up.query(`CREATE TABLE t${index} (id INT PRIMARY KEY, v INT)`);
  for (let index = 0; index < 999; index += 7) await up.query(`INSERT INTO t${index} VALUES (1, ${index})`);
  const config = subtask(mysqlUp, mysqlDown, [database]);
  const since = Date.now();
  const { dumped } = await copy(config, await dataDirectory());
  expect(dumped.totalTables).toBe(1000);
  expect(Date.now() - since).toBeLessThan(90_000);
  const comparison = await compareDatabases(up, await connectTo(mysqlDown), [database]);
  expect(formatComparison(comparison)).toBe('1000 tables, 145 rows: equal');
}, 300_000);

test('sizes of files and statements are kept', async () => {
  const { mysqlUp, mysqlDown } = testServers();
  const database = await createDatabase(mysqlUp, 'f_sizes');
  const up = await connectTo(mysqlUp, database);
  await up.query('CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(200))');
  await fillNumbers(up, 't', 50_000, { id: 'n', v: "REPEAT('x', 150)" });
  await up.query('ANALYZE TABLE t');
  const config = subtask(mysqlUp, mysqlDown, [database]);
  config.dump.chunkFilesize = 1024 * 1024;
  config.dump.statementSize = 100_000;
  const { dir } = await copy(config, await dataDirectory());
  const files = (await readdir(dir)).filter((file) => /\.t\.\d+\.sql$/.test(file));
  expect(files.length).toBeGreaterThanOrEqual(8);
  for (const file of files) {
    const text = await readFile(join(dir, file), 'utf8');
    expect(text.length).toBeLessThan(1.3 * 1024 * 1024);
    for (const statement of text.split(';\n')) expect(statement.length).toBeLessThanOrEqual(100_010);
  }
  const comparison = await compareDatabases(up, await connectTo(mysqlDown), [database]);
  expect(formatComparison(comparison)).toBe('1 tables, 50000 rows: equal');
});

test('foreign keys, keys after the rows, filters and conditions', async () => {
  const { mysqlUp, mysqlDown } = testServers();
  const database = await createDatabase(mysqlUp, 'f_rules');
  const up = await connectTo(mysqlUp, database);
  await runAll(up, [
    'CREATE TABLE parent (id INT PRIMARY KEY, code INT, UNIQUE KEY code_key (code))',
    'CREATE TABLE child (id INT PRIMARY KEY, parent_code INT, CONSTRAINT to_parent FOREIGN KEY (parent_code) REFERENCES parent (code) ON DELETE CASCADE)',
    'CREATE TABLE big (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(400), w INT, KEY v_key (v(20)), KEY w_key (w, v(10)), UNIQUE KEY u (w))',
    'CREATE TABLE left_out (id INT PRIMARY KEY)',
    'INSERT INTO parent VALUES (1, 10), (2, 20)',
    'INSERT INTO child VALUES (1, 10), (2, 20), (3, NULL)',
    'INSERT INTO left_out VALUES (1)',
  ]);
  await fillNumbers(up, 'big', 60_000, { id: 'n', v: "REPEAT('v', 330)", w: 'n' });
  const config = subtask(mysqlUp, mysqlDown, [database]);
  config.blockAllowList = { doDbs: [database], ignoreTables: [{ dbName: database, tblName: 'left_*' }] };
  config.dump.where = 'id <> 7 # a comment of the user';
  await copy(config, await dataDirectory());
  const down = await connectTo(mysqlDown, database);
  await runAll(up, ['DROP TABLE left_out', 'DELETE FROM big WHERE id = 7']);
  expect(formatComparison(await compareDatabases(up, down, [database]))).toMatch(/: equal$/);
  for (const table of ['parent', 'child', 'big']) {
    const [[before], [after]] = await Promise.all([
      up.query(`SHOW CREATE TABLE ${table}`),
      down.query(`SHOW CREATE TABLE ${table}`),
    ]);
    const keys = (rows: unknown): string[] =>
      ((rows as { 'Create Table': string }[])[0]?.['Create Table'] ?? '')
        .split('\n')
        .map((line) => line.replace(/,$/, ''))
        .filter((line) => /KEY/.test(line))
        .sort();
    expect(keys(after), table).toEqual(keys(before));
  }
});

test('an empty selection is a dump as well', async () => {
  const { mysqlUp, mysqlDown } = testServers();
  const config = subtask(mysqlUp, mysqlDown, [uniqueName('f_absent')]);
  const { loaded } = await copy(config, await dataDirectory());
  expect(loaded).toMatchObject({ finishedBytes: '0', totalBytes: '0', bps: '0' });
});
