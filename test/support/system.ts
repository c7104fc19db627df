/**
 * The whole product under test: a Temporal server of the file's own, dm-worker and dmctl as processes. Databases are the
 * shared ones, private ones, or addresses of a proxy.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { stringify } from 'yaml';
import { StatusClient } from '../../cli/status-client.js';
import type { SubtaskView } from '../../cli/status-client.js';
import { installRuntime } from '../../cli/worker/sdk-log.js';
import { silentLogger } from '../../src/log/logger.js';
import { hasReached, upstreamPosition } from '../../tools/product/position.js';
import { WorkerProgram, dmctl, runDmctl } from '../../tools/product/processes.js';
import type { DmctlAnswer, DmctlRun } from '../../tools/product/processes.js';
import { repositoryRoot } from '../../tools/parts/cache.js';
import { replayHistories } from './replay.js';
import { connectTo, onFileEnd, startPrivateTemporal } from './servers.js';
import type { ServerAddress, TemporalServer } from './servers.js';

export { WorkerProgram } from '../../tools/product/processes.js';

/** Each look costs a query that a worker has to answer: more of them slow down what they look at. */
const POLL_MS = 200;

/** A server as source and task files name it. */
export type Endpoint = Pick<ServerAddress, 'host' | 'port' | 'user' | 'password'>;

export interface TaskOptions {
  name: string;
  sourceId: string;
  down: Endpoint;
  /** `do-dbs` of the block-allow list. */
  databases: string[];
  mode?: 'full' | 'incremental' | 'all';
  /** Further keys of the task file, and of its dump, load and sync parts. */
  top?: Record<string, unknown>;
  dump?: Record<string, unknown>;
  load?: Record<string, unknown>;
  sync?: Record<string, unknown>;
  /** Further keys of the one entry of `mysql-instances`. */
  instance?: Record<string, unknown>;
}

/** The SDK has one runtime a process. */
let runtimeInstalled = false;

export class System {
  readonly temporal: TemporalServer;
  readonly workDir: string;
  /** Environment of dmctl and dm-worker. */
  readonly env: Record<string, string>;
  readonly status: StatusClient;
  private readonly client: Client;

  private constructor(temporal: TemporalServer, workDir: string, env: Record<string, string>, client: Client) {
    this.temporal = temporal;
    this.workDir = workDir;
    this.env = env;
    this.client = client;
    this.status = new StatusClient(client);
  }

  /** Starts Temporal; workers are the test's affair. All of it ends with the file. */
  static async start(): Promise<System> {
    const workDir = await mkdtemp(join(tmpdir(), 'dm-system-'));
    onFileEnd(() => rm(workDir, { recursive: true, force: true }));
    const temporal = await startPrivateTemporal();
    const connection = Connection.lazy({ address: temporal.address });
    onFileEnd(() => connection.close());
    const env = {
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      TEMPORAL_CONFIG_FILE: join(workDir, 'none.toml'),
      DM_SECRET_KEY: randomBytes(32).toString('base64'),
    };
    return new System(temporal, workDir, env, new Client({ connection, namespace: temporal.namespace }));
  }

  /** A dm-worker, not started yet; ends with the file. */
  worker(name: string, ...more: string[]): WorkerProgram {
    const worker = new WorkerProgram(name, this.workDir, this.env, more);
    onFileEnd(async () => {
      worker.resume();
      await worker.kill();
    });
    return worker;
  }

  /** Runs dmctl. Throws its messages unless it answers `"result": true`. */
  dmctl(...args: string[]): Promise<DmctlAnswer> {
    return dmctl(args, this.env);
  }

  /** Runs dmctl, whatever it answers. */
  runDmctl(...args: string[]): Promise<DmctlRun> {
    return runDmctl(args, this.env);
  }

  /** Writes a source file; answers its path. */
  async writeSource(sourceId: string, up: Endpoint, more: Record<string, unknown> = {}): Promise<string> {
    return this.write(`${sourceId}.yaml`, { 'source-id': sourceId, from: endpoint(up), ...more });
  }

  /** Writes a task file; answers its path. */
  async writeTask(task: TaskOptions): Promise<string> {
    return this.write(`task-${task.name}.yaml`, {
      name: task.name,
      'task-mode': task.mode ?? 'all',
      'target-database': endpoint(task.down),
      'mysql-instances': [
        {
          'source-id': task.sourceId,
          'block-allow-list': 'allowed',
          'mydumper-config-name': 'dump',
          'loader-config-name': 'load',
          'syncer-config-name': 'sync',
          ...task.instance,
        },
      ],
      'block-allow-list': { allowed: { 'do-dbs': task.databases } },
      mydumpers: { dump: { threads: 2, ...task.dump } },
      loaders: { load: { 'pool-size': 4, ...task.load } },
      syncers: { sync: { 'worker-count': 4, 'checkpoint-flush-interval': 1, ...task.sync } },
      ...task.top,
    });
  }

  /** Waits for a state of a subtask. Throws with its last state and error when the time is over. */
  async until(
    task: string,
    sourceId: string,
    condition: (view: SubtaskView) => boolean,
    timeoutMs = 60_000,
  ): Promise<SubtaskView> {
    const deadline = Date.now() + timeoutMs;
    let last: SubtaskView | undefined;
    for (;;) {
      // Reading fails while Temporal restarts.
      last = (await this.status.subtask(task, sourceId).catch(() => undefined)) ?? last;
      if (last && condition(last)) return last;
      if (Date.now() > deadline)
        throw new Error(`not after ${timeoutMs} ms; last state: ${JSON.stringify(last, null, 1)}`);
      await sleep(POLL_MS);
    }
  }

  /** Waits until everything that the upstream has written so far is downstream and behind the checkpoint. */
  async untilCaughtUp(task: string, sourceId: string, up: ServerAddress, timeoutMs = 120_000): Promise<SubtaskView> {
    const target = await upstreamPosition(await connectTo(up));
    return this.until(task, sourceId, (view) => hasReached(view.progress, target), timeoutMs);
  }

  /** Replays all that workflows have done so far, with the build under test. Throws naming those that cannot be replayed. */
  async replayWorkflows(): Promise<number> {
    if (!runtimeInstalled) installRuntime(silentLogger);
    runtimeInstalled = true;
    return replayHistories(this.client, { codePath: join(repositoryRoot(), 'dist', 'workflow-bundle.cjs') });
  }

  private async write(name: string, content: object): Promise<string> {
    const path = join(this.workDir, name);
    await writeFile(path, stringify(content), { mode: 0o600 });
    return path;
  }
}

function endpoint(server: Endpoint): Record<string, unknown> {
  const { host, port, user, password } = server;
  return { host, port, user, password };
}
