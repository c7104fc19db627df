/** Catching up with small transactions: the sync unit against MySQL's own replica with 8 parallel appliers. */
import type { Connection } from 'mysql2/promise';
import type { DatabaseServer } from '../../tools/servers/database-server.js';
import { assertSame, Bench, median, processorTime, say, subtask, sysbench, waitForTable } from './environment.js';
import { seconds, type ReportRow } from './report.js';
import type { Settings } from './settings.js';
import { UnitProcess } from './unit-process.js';

const DATABASE = 'sbtest';
const APPLIERS = 8;
const TABLES = ['--tables=4', '--table-size=25000'];

interface Side {
  ms: number;
  /** Processor time of the server that is written to, and of our process. */
  serverMs: number;
  unitMs: number;
  peakMiB: number;
}

export async function benchCatchUp(settings: Settings): Promise<ReportRow[]> {
  const ours: Side[] = [];
  const replica: Side[] = [];
  for (let round = 0; round < settings.rounds; round++) {
    const result = await oneRound(settings, round % 2 === 0);
    ours.push(result.ours);
    replica.push(result.replica);
    for (const [name, side] of Object.entries(result)) {
      const parts = side.unitMs > 0 ? ` = unit ${seconds(side.unitMs)} + server ${seconds(side.serverMs)}` : '';
      say(`${name}: ${seconds(side.ms)}, processor time ${seconds(cpuMs(side))}${parts}`);
    }
  }
  const [mine, theirs] = [median(ours.map((side) => side.ms)), median(replica.map((side) => side.ms))];
  const ratio = theirs / mine;
  const [myCpu, theirCpu] = [median(ours.map(cpuMs)), median(replica.map(cpuMs))];
  say(`processor time: ${(theirCpu / myCpu).toFixed(2)} times less`);
  return [
    {
      what: `catching up with ${settings.transactions} transactions, against a replica with ${APPLIERS} appliers`,
      ours: `${seconds(mine)}, ${median(ours.map((side) => side.peakMiB)).toFixed(0)} MiB`,
      reference: seconds(theirs),
      result: `${ratio.toFixed(2)} times as fast`,
      target: '>= 2.5',
      reached: ratio >= 2.5,
    },
  ];
}

function cpuMs({ serverMs, unitMs }: Side): number {
  return serverMs + unitMs;
}

async function oneRound(settings: Settings, replicaFirst: boolean): Promise<{ ours: Side; replica: Side }> {
  await using bench = new Bench();
  const [up, down, native] = await Promise.all([
    bench.server(),
    bench.server(),
    bench.server([`--replica-parallel-workers=${APPLIERS}`, '--skip-replica-start']),
  ]);
  const [source, target, follower] = [await bench.connect(up), await bench.connect(down), await bench.connect(native)];
  const dataDir = await bench.directory();
  await source.query(`CREATE DATABASE ${DATABASE}`);
  await sysbench(up, 'oltp_write_only', [...TABLES, '--threads=4'], 'prepare');
  const config = subtask(up, down, DATABASE);
  config.sync.workerCount = settings.workerCount;
  config.sync.batch = settings.batch;
  config.sync.compact = true;
  config.sync.multipleRows = true;
  await new UnitProcess({ config, dataDir, units: ['dump', 'load'] }).finished();
  await follow(follower, up, source);
  await sysbench(
    up,
    'oltp_write_only',
    [...TABLES, '--threads=8', `--events=${settings.transactions}`, '--time=0'],
    'run',
  );
  await source.query(`CREATE TABLE ${DATABASE}.finished (id INT PRIMARY KEY)`);

  let replica: Side = { ms: 0, serverMs: 0, unitMs: 0, peakMiB: 0 };
  const measureReplica = async (): Promise<void> => {
    const [since, used] = [performance.now(), await processorTime(native.pid)];
    await follower.query('START REPLICA');
    await waitForTable(follower, `${DATABASE}.finished`, () => undefined);
    const ms = performance.now() - since;
    replica = { ...replica, ms, serverMs: (await processorTime(native.pid)) - used };
    await follower.query('STOP REPLICA');
  };
  if (replicaFirst) await measureReplica();
  const usedBefore = await processorTime(down.pid);
  const ours = await measureSync(target, { config, dataDir, units: ['sync'] });
  ours.serverMs = (await processorTime(down.pid)) - usedBefore;
  if (!replicaFirst) await measureReplica();
  await assertSame(source, target, DATABASE);
  await assertSame(source, follower, DATABASE);
  return { ours, replica };
}

/** Starts the sync unit and waits for the table that the upstream made last. Starting the process counts. */
async function measureSync(target: Connection, work: ConstructorParameters<typeof UnitProcess>[0]): Promise<Side> {
  const since = performance.now();
  const units = new UnitProcess(work);
  await waitForTable(target, `${DATABASE}.finished`, () => {
    const failed = units.reports.find((report) => report.error !== undefined);
    if (failed !== undefined) throw new Error(failed.error);
  });
  const ms = performance.now() - since;
  const [report] = await units.stop();
  return { ms, serverMs: 0, unitMs: report?.cpuMs ?? 0, peakMiB: report?.peakMiB ?? 0 };
}

/** Makes a server a replica that has everything so far and applies no more. */
async function follow(follower: Connection, up: DatabaseServer, source: Connection): Promise<void> {
  await follower.query(
    `CHANGE REPLICATION SOURCE TO SOURCE_HOST='${up.host}', SOURCE_PORT=${up.port}, SOURCE_USER='${up.user}', SOURCE_PASSWORD='${up.password}', SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1`,
  );
  await source.query(`CREATE TABLE ${DATABASE}.prepared (id INT PRIMARY KEY)`);
  await follower.query('START REPLICA');
  await waitForTable(follower, `${DATABASE}.prepared`, () => undefined);
  await follower.query('STOP REPLICA');
}
