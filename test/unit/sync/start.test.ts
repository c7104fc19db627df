import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { SubtaskConfig } from '../../../src/config/types.js';
import { dumpDirectory } from '../../../src/dump/run.js';
import { freshStart } from '../../../src/sync/start/start.js';

const GTIDS = '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-23';
const dirs: string[] = [];

afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true });
});

/** A worker's data directory with the dump of a task in it. */
async function workerWithDump(config: SubtaskConfig, pos: number): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'dm-start-'));
  dirs.push(dataDir);
  const dir = dumpDirectory(config, dataDir);
  await mkdir(dir, { recursive: true });
  const text = `Started dump at: 2021-11-30 12:00:00\nSHOW MASTER STATUS:\n\tLog: bin.000007\n\tPos: ${pos}\n\tGTID:${GTIDS}\n\nFinished dump at: 2021-11-30 12:00:01\n`;
  await writeFile(join(dir, 'metadata'), text);
  return dataDir;
}

const config = { task: 't', taskMode: 'all', sourceId: 's1', load: { poolSize: 1, dir: './dump.t' } } as SubtaskConfig;
const meta = { binlogName: 'bin.000007', binlogPos: 500, binlogGtid: GTIDS };

test('replication begins where the dump on this worker ends, with its structures', async () => {
  const dataDir = await workerWithDump(config, 500);
  const start = await freshStart(config, dataDir, meta);
  expect(start.location).toEqual({ name: 'bin.000007', pos: 500, gtidSet: GTIDS });
  expect(start.dumpDir).toBe(dumpDirectory(config, dataDir));
});

test('a dump that is not the one that was loaded does not decide where replication begins', async () => {
  const dataDir = await workerWithDump(config, 900);
  const start = await freshStart(config, dataDir, meta);
  expect(start).toMatchObject({ location: { pos: 500 }, dumpDir: undefined });
});

test('without the place of the loaded dump and without its files there is no start', async () => {
  await expect(freshStart(config, join(tmpdir(), 'dm-no-such-directory'), undefined)).rejects.toMatchObject({
    code: 11001,
  });
});
