import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { dumpDirectory, runDump } from '../../../src/dump/run.js';
import { readDumpMetadata } from '../../../src/dump/metadata.js';
import { runLoad } from '../../../src/load/run.js';
import { resolveMydumper } from '../../../tools/parts/load-tools.js';
import { run } from '../../../tools/parts/command.js';
import { compareDatabases, formatComparison } from '../../support/compare.js';
import { connectTo, createDatabase, testServers, type ServerAddress } from '../../support/servers.js';
import { dataDirectory, fillNumbers, runAll, subtask, unitContext } from '../dump/support.js';

/** A database with text that is hard to quote, two character sets, bytes, and a table large enough for several files. */
async function fill(server: ServerAddress): Promise<string> {
  const database = await createDatabase(server, 'f_interop');
  const up = await connectTo(server, database);
  await runAll(up, [
    'CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(100), l VARCHAR(20) CHARACTER SET latin1, b BLOB, d DECIMAL(20,5), ts TIMESTAMP NULL)',
    String.raw`INSERT INTO t VALUES (1, 'it''s "q" \\ ; \n \0 \Z 😀', 'é€', 0x00ff275c0a3b, 1.5, '2021-03-28 01:30:00'), (2, NULL, NULL, NULL, NULL, NULL), (3, '', '', '', 0, NULL)`,
    'CREATE TABLE no_rows (id INT)',
    'CREATE TABLE many (id INT PRIMARY KEY, v VARCHAR(100), KEY (v))',
  ]);
  await fillNumbers(up, 'many', 30_000, { id: 'n', v: "CONCAT('row ; ', n, '\\n')" });
  await up.query('ANALYZE TABLE many');
  return database;
}

const login = ({ host, port, user, password }: ServerAddress): string[] => [
  '-h',
  host,
  '-P',
  String(port),
  '-u',
  user,
  '-p',
  password,
];

test.each(['mysqlUp', 'mariadbUp'] as const)('what mydumper wrote of %s is loaded', async (name) => {
  const server = testServers()[name];
  const target = testServers().mysqlDown;
  const database = await fill(server);
  const { mydumper } = await resolveMydumper();
  const dataDir = await dataDirectory();
  const config = subtask(server, target, [database]);
  const dir = dumpDirectory(config, dataDir);
  await mkdir(dirname(dir), { recursive: true });
  await run(
    mydumper.command,
    [...mydumper.args, ...login(server), '-B', database, '-t', '2', '-r', '5000', '-o', `${dir}.tmp`],
    { env: mydumper.env },
  );
  await rename(`${dir}.tmp`, dir);
  // Releases of MySQL since 8.4 do not answer the statement by which this mydumper asks for the position.
  if (name === 'mysqlUp')
    await writeFile(join(dir, 'metadata'), 'SHOW MASTER STATUS:\n\tLog: binlog.000001\n\tPos: 4\n\tGTID:\n');
  else expect((await readDumpMetadata(dir)).start.pos).toBeGreaterThan(0);
  expect(await runLoad(config, unitContext(), { dataDir })).toEqual({ finished: true });
  const comparison = await compareDatabases(await connectTo(server), await connectTo(target), [database]);
  expect(formatComparison(comparison)).toBe('3 tables, 30003 rows: equal');
});

test('myloader loads what we write', async () => {
  const { mysqlUp, mysqlDown } = testServers();
  const database = await fill(mysqlUp);
  const { myloader } = await resolveMydumper();
  const dataDir = await dataDirectory();
  const config = subtask(mysqlUp, mysqlDown, [database]);
  config.dump.rows = 5000;
  expect(await runDump(config, unitContext(), { dataDir })).toMatchObject({ finished: true });
  const dir = dumpDirectory(config, dataDir);
  await run(myloader.command, [...myloader.args, ...login(mysqlDown), '-t', '2', '-d', dir], { env: myloader.env });
  const comparison = await compareDatabases(await connectTo(mysqlUp), await connectTo(mysqlDown), [database]);
  expect(formatComparison(comparison)).toBe('3 tables, 30003 rows: equal');
});
