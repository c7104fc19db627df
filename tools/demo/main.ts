/**
 * `npm run demo`: a shop in business is migrated, fully and then live, while its tables change, the task is paused and the
 * worker is killed. In the end the servers compare every row. Exit code 1 when anything differs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectTemporal } from '../../cli/client.js';
import { StatusClient } from '../../cli/status-client.js';
import { compareDatabases, formatComparison } from '../compare/compare.js';
import { hasReached, upstreamPosition } from '../product/position.js';
import type { Position } from '../product/position.js';
import { WorkerProgram, dmctl } from '../product/processes.js';
import { connect, startEnvironment } from './environment.js';
import type { Environment } from './environment.js';
import { META, SOURCE, TASK, writeFiles } from './files.js';
import { USAGE, readDemoOptions } from './options.js';
import type { DemoOptions } from './options.js';
import { Screen, count, seconds } from './screen.js';
import { SHOP, createShop, shopExists } from './shop.js';
import { Watcher } from './watch.js';
import { Workload } from './workload.js';

const LOADERS = 3;
const WRITERS = 4;
const FULL_COPY_LIMIT_MS = 120_000;
const COMMAND_LIMIT_MS = 30_000;
const CATCH_UP_LIMIT_MS = 120_000;
/** How long the shop is in business at each scene of the live part. */
const SCENE_MS = 4_000;

/** What must be undone at the end, in reverse order, whatever happens. */
type Cleanups = (() => Promise<void>)[];

async function demo(options: DemoOptions, screen: Screen, cleanups: Cleanups): Promise<boolean> {
  const environment = await screen.step('Temporal with its Web UI, an upstream and a downstream', () =>
    startEnvironment(options),
  );
  cleanups.push(() => environment.stop());
  // Our own client finds Temporal in the same way as dmctl does.
  Object.assign(process.env, environment.env);
  screen.say(`        Web UI: ${environment.webUi}`);

  await screen.step('an online shop of ten tables', (detail) => fillUpstream(environment, detail, cleanups));

  const worker = new WorkerProgram('demo-worker', environment.workDir, environment.env);
  cleanups.push(() => worker.stop());
  await screen.step('dm-worker', () => worker.start());

  const workload = await startWorkload(environment, cleanups);
  screen.say(`${screen.mark()} customers are buying: ${WRITERS} connections write to the upstream from now on`);

  const command = async (...args: string[]): Promise<void> => {
    const shown = args.map((a) => a.replace(`${environment.workDir}/`, '')).join(' ');
    await screen.step(`$ dmctl ${shown}`, () => dmctl(args, environment.env));
  };
  const encrypt = async (password: string): Promise<string> =>
    password === '' ? '' : (await dmctl(['encrypt', password], environment.env)).msg;
  const files = await writeFiles(environment, encrypt);
  await command('operate-source', 'create', files.source);
  if (!environment.own.temporal)
    cleanups.push(async () => void (await dmctl(['operate-source', 'stop', SOURCE], environment.env)));
  await command('check-task', files.task);
  // An earlier demo that was killed may have left checkpoints.
  await command('start-task', files.task, '--remove-meta');
  if (!environment.own.temporal) cleanups.push(async () => void (await dmctl(['stop-task', TASK], environment.env)));

  const access = await connectTemporal();
  cleanups.push(() => access.close());
  const watcher = new Watcher(new StatusClient(access.client), TASK, SOURCE, screen);
  const full = await watcher.until('the full copy', (v) => v.state.unit === 'Sync', FULL_COPY_LIMIT_MS);
  screen.say(`${screen.mark()} full copy done in ${seconds(full)}; replicating what was written since`);

  await scenes(screen, watcher, workload, worker, command);

  await screen.step('the shop closes', () => workload.stop());
  const end = await endOfBinlog(environment);
  const caughtUp = await watcher.until('catching up', (v) => hasReached(v.progress, end), CATCH_UP_LIMIT_MS);
  const { transactions, rows, tableChanges } = workload.totals;
  screen.say(`${screen.mark()} caught up ${seconds(caughtUp)} after the last write`);

  const same = await compare(environment, screen);
  screen.say(
    `${screen.mark()} written meanwhile: ${count(transactions)} transactions, ${count(rows)} rows, ${tableChanges} table changes`,
  );
  screen.say(`        Web UI: ${environment.webUi}`);
  if (options.keep) await lookAround(environment, screen, worker);
  return same;
}

/** Live replication: table changes, a pause, the death of the worker. */
async function scenes(
  screen: Screen,
  watcher: Watcher,
  workload: Workload,
  worker: WorkerProgram,
  command: (...args: string[]) => Promise<void>,
): Promise<void> {
  const changeTable = async (): Promise<void> => {
    const sql = await workload.changeTable();
    if (sql) screen.say(`${screen.mark()} upstream: ${sql}`);
  };
  const running = (limit: number): Promise<number> =>
    watcher.until('running again', (v) => v.state.stage === 'Running' && v.running?.state === 'started', limit);

  for (let i = 0; i < 2; i++) {
    await changeTable();
    await watcher.during(SCENE_MS / 2);
  }
  await command('pause-task', TASK);
  await watcher.until('Paused', (v) => v.state.stage === 'Paused', COMMAND_LIMIT_MS);
  await changeTable();
  await watcher.during(SCENE_MS / 2);
  await command('resume-task', TASK);
  await running(COMMAND_LIMIT_MS);
  await changeTable();
  await watcher.during(SCENE_MS);

  const victim = worker.pid;
  await worker.kill();
  const died = performance.now();
  screen.say(`${screen.mark()} kill -9 ${victim}: the worker is dead, in the middle of its work`);
  await changeTable();
  await sleep(1_000);
  await screen.step('a new dm-worker process', () => worker.start());
  // The heartbeat of the dead one shows until the new one has sent its own.
  const startedAt = Date.now();
  await watcher.until(
    'the task is back',
    (v) => v.running?.state === 'started' && (v.running.lastHeartbeat ?? 0) > startedAt,
    COMMAND_LIMIT_MS * 2,
  );
  screen.say(`${screen.mark()} the task is running again, ${seconds(performance.now() - died)} after the kill`);
  for (let i = 0; i < 3; i++) {
    await changeTable();
    await watcher.during(SCENE_MS / 2);
  }
}

async function fillUpstream(
  environment: Environment,
  detail: (text: string) => void,
  cleanups: Cleanups,
): Promise<void> {
  const connections = await Promise.all(Array.from({ length: LOADERS }, () => connect(environment.up)));
  const down = await connect(environment.down);
  try {
    const [first] = connections;
    if (!first) throw new Error('no connection');
    for (const [connection, side] of [
      [first, 'upstream'],
      [down, 'downstream'],
    ] as const) {
      if (await shopExists(connection)) {
        throw new Error(
          `The ${side} has a database ${SHOP} already; drop it first, the demo touches no data of yours.`,
        );
      }
    }
    if (!environment.own.up) cleanups.push(() => dropAt(environment.up, [SHOP]));
    if (!environment.own.down) cleanups.push(() => dropAt(environment.down, [SHOP, META]));
    await createShop(connections, (rows) => detail(`${count(rows)} rows`));
  } finally {
    for (const connection of [...connections, down]) connection.destroy();
  }
}

async function dropAt(server: Environment['up'], databases: string[]): Promise<void> {
  const connection = await connect(server);
  try {
    for (const name of databases) await connection.query(`DROP DATABASE IF EXISTS ${name}`);
  } finally {
    connection.destroy();
  }
}

async function startWorkload(environment: Environment, cleanups: Cleanups): Promise<Workload> {
  const connections = await Promise.all(Array.from({ length: WRITERS + 1 }, () => connect(environment.up)));
  cleanups.push(async () => connections.forEach((c) => c.destroy()));
  const workload = new Workload(connections);
  await workload.start();
  return workload;
}

async function endOfBinlog(environment: Environment): Promise<Position> {
  const connection = await connect(environment.up);
  try {
    return await upstreamPosition(connection);
  } finally {
    connection.destroy();
  }
}

async function compare(environment: Environment, screen: Screen): Promise<boolean> {
  const [up, down] = await Promise.all([connect(environment.up), connect(environment.down)]);
  try {
    const result = await screen.step('both servers compute checksums of every row', () =>
      compareDatabases(up, down, [SHOP]),
    );
    const same = result.differences.length === 0;
    screen.say(`${screen.mark()} ${same ? 'EQUAL' : 'DIFFERENT'}: ${formatComparison(result)}`);
    return same;
  } finally {
    up.destroy();
    down.destroy();
  }
}

async function lookAround(environment: Environment, screen: Screen, worker: WorkerProgram): Promise<void> {
  const { up, down, env } = environment;
  screen.say('        Everything keeps running until Ctrl-C. In another terminal:');
  for (const [name, value] of Object.entries(env)) screen.say(`          export ${name}=${value}`);
  screen.say(`          npx dmctl query-status ${TASK}`);
  screen.say(
    `        upstream ${up.host}:${up.port}, downstream ${down.host}:${down.port}, files in ${environment.workDir}`,
  );
  screen.say(`        log of the worker: ${worker.logFile}`);
  await new Promise(() => setInterval(() => {}, 60_000));
}

async function cleanUp(cleanups: Cleanups): Promise<void> {
  for (const cleanup of cleanups.splice(0).toReversed()) {
    await cleanup().catch((error: unknown) => console.error(`clean-up: ${messageOf(error)}`));
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
}

const screen = new Screen();
const cleanups: Cleanups = [];
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    interrupted = true;
    screen.say('        ending ...');
    void cleanUp(cleanups).then(() => process.exit(130));
  });
}
try {
  const options = readDemoOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else if (!(await demo(options, screen, cleanups))) process.exitCode = 1;
} catch (error) {
  // What fails because everything is being stopped is no news; the signal's handler ends the process.
  if (interrupted) await new Promise(() => {});
  screen.say(`The demo failed. ${messageOf(error)}`);
  process.exitCode = 1;
}
await cleanUp(cleanups);
process.exit();
