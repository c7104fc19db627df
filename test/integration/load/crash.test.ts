import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import type { SubtaskConfig } from '../../../src/config/types.js';
import { dumpDirectory } from '../../../src/dump/run.js';
import { compareDatabases, formatComparison } from '../../support/compare.js';
import { connectTo, createDatabase, testServers } from '../../support/servers.js';
import { dataDirectory, fillNumbers, runAll, subtask } from '../dump/support.js';

const CHILD = resolve('dist/test/integration/load/child.js');
const ROWS = 20_000;
let database = '';

beforeAll(async () => {
  if (!existsSync(CHILD)) throw new Error(`${CHILD} is missing: run npm run build`);
  const { mysqlUp } = testServers();
  database = await createDatabase(mysqlUp, 'f_crash');
  const up = await connectTo(mysqlUp, database);
  await runAll(up, [
    'CREATE TABLE no_key (a INT, b VARCHAR(100))',
    'CREATE TABLE keyed (id INT PRIMARY KEY, v VARCHAR(300), KEY (v))',
    'CREATE TABLE two (id INT PRIMARY KEY, v VARCHAR(300))',
  ]);
  await fillNumbers(up, 'no_key', ROWS, { a: 'n % 10', b: "'the same'" });
  for (const table of ['keyed', 'two']) await fillNumbers(up, table, ROWS, { id: 'n', v: "REPEAT('v', 90)" });
});

/** Runs the child; gives the signal that ended it, or its exit code. */
function runChild(
  config: SubtaskConfig,
  dataDir: string,
  faults: string,
  killAfterMs?: number,
): Promise<string | number | null> {
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, [CHILD, JSON.stringify(config), dataDir], {
      env: { ...process.env, DM_FAULT: faults },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      done(signal ?? code);
    });
  });
}

/** A subtask of its own; earlier tests' rows are removed from the downstream. */
async function freshSubtask(): Promise<SubtaskConfig> {
  const { mysqlUp, mysqlDown } = testServers();
  await (await connectTo(mysqlDown)).query(`DROP DATABASE IF EXISTS \`${database}\``);
  const config = subtask(mysqlUp, mysqlDown, [database]);
  config.dump.statementSize = 50_000;
  config.dump.rows = 7_000;
  return config;
}

async function expectEqual(): Promise<void> {
  const { mysqlUp, mysqlDown } = testServers();
  const comparison = await compareDatabases(await connectTo(mysqlUp), await connectTo(mysqlDown), [database]);
  expect(formatComparison(comparison)).toBe(`3 tables, ${3 * ROWS} rows: equal`);
}

test.each([
  'dump.before-snapshot=crash',
  'dump.locked=crash',
  'dump.after-snapshot=crash',
  'dump.before-table=crash@2',
  'dump.before-rename=crash@3',
  'dump.before-metadata=crash',
  'dump.after-metadata=crash',
  'load.before-schema=crash@1',
  'load.before-schema=crash@4',
  'load.before-commit=crash@1',
  'load.before-commit=crash@40',
  'load.after-commit=crash@1',
  'load.after-commit=crash@40',
  'load.finished=crash',
])('after a kill at %s the next start completes the copy', async (faults) => {
  const config = await freshSubtask();
  const dataDir = await dataDirectory();
  expect(await runChild(config, dataDir, faults)).toBe('SIGKILL');
  expect(await runChild(config, dataDir, '')).toBe(0);
  await expectEqual();
});

test('killed again and again at any moment, the copy is right at the end', async () => {
  const config = await freshSubtask();
  const dataDir = await dataDirectory();
  let ended: string | number | null = 'SIGKILL';
  for (let round = 1; ended === 'SIGKILL'; round++)
    ended = await runChild(config, dataDir, '', 250 + ((round * 397) % 700) + round * 40);
  expect(ended).toBe(0);
  await expectEqual();
}, 300_000);

test('dump files that died with their disk: the new dump replaces what was loaded of the old one', async () => {
  const config = await freshSubtask();
  const dataDir = await dataDirectory();
  expect(await runChild(config, dataDir, 'load.after-commit=crash@20')).toBe('SIGKILL');
  expect((await readdir(dumpDirectory(config, dataDir))).length).toBeGreaterThan(5);
  await rm(dataDir, { recursive: true });
  await sleep(1_100);
  expect(await runChild(config, dataDir, '')).toBe(0);
  await expectEqual();
});
