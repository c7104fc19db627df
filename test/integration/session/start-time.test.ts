import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { beforeAll, describe, expect, it } from 'vitest';
import { findStartTime } from '../../../src/binlog/start-time.js';
import { readStartTime } from '../../../src/config/start-time.js';
import type { SubtaskConfig } from '../../../src/config/types.js';
import { createLogger } from '../../../src/log/logger.js';
import { startAtTime } from '../../../src/sync/start/start-time.js';
import { connectTo, startPrivateServer, type DatabaseServer } from '../../support/servers.js';
import { dropAtEnd } from '../../support/servers.js';
import { subtask } from '../dump/support.js';
import { RunningUnit } from '../sync/harness.js';

const FLAVORS = ['mysql', 'mariadb'] as const;
/** Rows, each written in a second of its own. */
const ROWS = 6;
const logger = createLogger({ level: 'error' });
const signal = new AbortController().signal;

let servers: Record<(typeof FLAVORS)[number], DatabaseServer>;
let down: DatabaseServer;
/** By flavor: what the server's clock showed just before each row. */
const times: Record<string, string[]> = {};

beforeAll(async () => {
  const args = ['--default-time-zone=+05:30'];
  const [mysql, mariadb, target] = await Promise.all([
    startPrivateServer({ flavor: 'mysql', args }),
    startPrivateServer({ flavor: 'mariadb', args }),
    startPrivateServer({ flavor: 'mysql' }),
  ]);
  servers = { mysql, mariadb };
  down = target;
  await Promise.all(FLAVORS.map((flavor) => write(servers[flavor], flavor)));
});

async function write(server: DatabaseServer, flavor: string): Promise<void> {
  const db = await connectTo(server);
  await db.query('CREATE DATABASE st');
  await db.query('CREATE TABLE st.t (id INT PRIMARY KEY, v INT)');
  const seen: string[] = [];
  for (let id = 0; id < ROWS; id++) {
    await sleep(1_100);
    seen.push(await now(db));
    await db.query(`INSERT INTO st.t VALUES (${id}, 0)`);
    // Rows 0 and 1 are in the first file, 2 and 3 in the second, then one file is without rows.
    if (id % 2 === 1 && id < ROWS - 1) await db.query('FLUSH BINARY LOGS');
    if (id === 3) await db.query('FLUSH BINARY LOGS');
  }
  times[flavor] = seen;
}

async function now(db: Connection): Promise<string> {
  const [[row]] = await db.query<RowDataPacket[]>("SELECT DATE_FORMAT(NOW(), '%Y-%m-%d %H:%i:%s') AS t");
  return String(row?.['t']);
}

function config(flavor: 'mysql' | 'mariadb', enableGtid: boolean): SubtaskConfig {
  const task = subtask(servers[flavor], down, ['st'], {
    taskMode: 'incremental',
    enableGtid,
    serverId: 2_000_000 + Math.floor(Math.random() * 1_000_000),
  });
  dropAtEnd(down, 'st');
  return task;
}

async function ids(): Promise<string> {
  const db = await connectTo(down);
  const [[row]] = await db.query<RowDataPacket[]>('SELECT GROUP_CONCAT(id, v ORDER BY id) AS ids FROM st.t');
  return String(row?.['ids']);
}

/** Replicates all that the task has not, from its checkpoint or its start. */
async function follow(task: SubtaskConfig): Promise<void> {
  const unit = new RunningUnit(task);
  try {
    await unit.synced(await connectTo(servers[task.flavor]), 60_000);
  } finally {
    await unit.stop().catch(() => undefined);
  }
}

async function emptyTarget(): Promise<void> {
  const db = await connectTo(down);
  await db.query('CREATE DATABASE IF NOT EXISTS st');
  await db.query('CREATE TABLE IF NOT EXISTS st.t (id INT PRIMARY KEY, v INT)');
  await db.query('TRUNCATE TABLE st.t');
}

describe.each(FLAVORS)('a start time in the binlog of %s', (flavor) => {
  it.each([
    [0, false],
    [1, false],
    [2, true],
    [3, false],
    [4, true],
    [5, true],
  ])('is the place before the first row of that second or later: row %i, by GTID: %s', async (row, enableGtid) => {
    await emptyTarget();
    const task = config(flavor, enableGtid);
    const starts = await startAtTime([task], times[flavor]?.[row] ?? '', { worker: 'w', logger, signal });
    const start = starts['source-1'];
    expect(start?.binlogName).toMatch(/^binlog\.00000\d$/);
    await follow({ ...task, ...(start === undefined ? {} : { meta: start }) });
    const rest = Array.from({ length: ROWS - row }, (_, index) => `${row + index}0`);
    expect(await ids()).toBe(rest.join(','));
  });

  it('before all binlogs is the begin of the first, and behind the last change is too late', async () => {
    const { from: source, serverId } = config(flavor, false);
    const options = { source, flavor, serverId, useGtid: false, logger };
    const first = await findStartTime('2001-02-03 04:05:06', options);
    expect(first).toEqual({ name: 'binlog.000001', pos: 4, gtidSet: '' });
    const db = await connectTo(servers[flavor]);
    await sleep(1_100);
    for (const time of [await now(db), '2037-01-01 00:00:00']) {
      await expect(findStartTime(time, options)).rejects.toMatchObject({
        code: 20057,
        message: `start-time ${time} is too late, no binlog location matches it`,
      });
    }
  });

  it('moves a checkpoint back, and what was applied since is applied again without harm', async () => {
    await emptyTarget();
    const task = config(flavor, flavor === 'mysql');
    const context = { worker: 'w', logger, signal };
    const at = (row: number): Promise<unknown> => startAtTime([task], times[flavor]?.[row] ?? '', context);
    const starts = await startAtTime([task], times[flavor]?.[1] ?? '', context);
    await follow({ ...task, meta: starts['source-1'] ?? {} });
    expect(await ids()).toBe('10,20,30,40,50');
    const db = await connectTo(down);
    await db.query('DELETE FROM st.t WHERE id = 4');
    await at(3);
    await follow(task);
    expect(await ids()).toBe('10,20,30,40,50');
    // Forward: what lies between is left out.
    await db.query('TRUNCATE TABLE st.t');
    await at(2);
    await at(5);
    await follow(task);
    expect(await ids()).toBe('50');
  });
});

describe('the text of a start time', () => {
  it.each([
    ['2021-10-21 00:01:00', '2021-10-21 00:01:00'],
    ['2021-10-21T00:01:00', '2021-10-21 00:01:00'],
    [' 2021-10-21 00:01:00 ', '2021-10-21 00:01:00'],
  ])('%s is read', (text, time) => expect(readStartTime(text)).toBe(time));

  it.each(['', '2021-10-21', '2021-10-21 00:01', '2021-02-30 00:00:00', '2021-10-21 24:00:00', '1700000000'])(
    '%s is refused',
    (text) => {
      expect(() => readStartTime(text)).toThrow(expect.objectContaining({ code: 20003 }));
    },
  );
});
