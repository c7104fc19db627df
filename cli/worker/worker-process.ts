import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { dataConverter } from '../../activities/data-converter.js';
import { createActivities } from '../../activities/index.js';
import type { Units } from '../../activities/units.js';
import type { Logger } from '../../src/log/logger.js';
import { SHARED_TASK_QUEUE, workerTaskQueue } from '../../workflows/contract.js';
import { temporalSettings, unreachable } from '../client.js';
import { Commands } from '../commands-client.js';
import { type DataDir, takeDataDir } from './data-dir.js';
import type { WorkerOptions } from './options.js';
import { Registration } from './registration.js';
import { ensureSearchAttributes } from './search-attributes.js';

const CONNECT_TIMEOUT_MS = 8_000;
/** Parts of the 10 s that an end in good order may take: farewell, units by themselves, units when told, all else. */
const FAREWELL_MS = 2_000;
const DRAIN_GRACE_MS = 2_500;
const DRAIN_FORCE_MS = 6_000;
const SETTLE_MS = 500;

/** The bundle that `npm run build` makes of the workflows. */
export const WORKFLOW_BUNDLE = fileURLToPath(new URL('../../workflow-bundle.cjs', import.meta.url));

/** What a test may replace. */
export interface WorkerParts {
  units: Units;
  logger: Logger;
  workflowBundle?: WorkflowBundleOption;
  /** Most workflows to keep in memory. With 0, each workflow task replays its workflow from the beginning. */
  maxCachedWorkflows?: number;
}

/** One dm-worker: its connection, its two pollers, its place in the cluster. */
export class WorkerProcess {
  private readonly options: WorkerOptions;
  private readonly parts: WorkerParts;
  private readonly dataDir: DataDir;
  private readonly connection: NativeConnection;
  private readonly registration: Registration;
  private readonly shared: Worker;
  private readonly own: Worker;
  private runs: { shared: Promise<void>; own: Promise<void> } | undefined;
  private ending: Promise<void> | undefined;

  private constructor(
    options: WorkerOptions,
    parts: WorkerParts,
    dataDir: DataDir,
    connection: NativeConnection,
    registration: Registration,
    workers: { shared: Worker; own: Worker },
  ) {
    this.options = options;
    this.parts = parts;
    this.dataDir = dataDir;
    this.connection = connection;
    this.registration = registration;
    this.shared = workers.shared;
    this.own = workers.own;
  }

  /**
   * Starts a worker; it is ready when this returns.
   *
   * @throws UsageError, TemporalUnreachableError with one sentence for the user
   */
  static async start(options: WorkerOptions, parts: WorkerParts): Promise<WorkerProcess> {
    const incarnation = randomUUID();
    const dataDir = takeDataDir(options.dataDir, options.name, incarnation);
    let connection: NativeConnection | undefined;
    try {
      const { namespace, address, connectionOptions } = temporalSettings();
      connection = await connect(address, connectionOptions);
      await ensureSearchAttributes(connection, namespace);
      const client = new Client({ connection, namespace, dataConverter: dataConverter() });
      const { name, addr, maxSources } = options;
      const order = { name, addr, maxSources, incarnation };
      const { predecessor } = dataDir;
      const registration = new Registration(
        new Commands(client),
        predecessor === undefined ? order : { ...order, replaces: predecessor },
        parts.logger,
      );
      const workers = await createWorkers(options, parts, {
        connection,
        namespace,
        dataDir,
        incarnation,
        registration,
      });
      const self = new WorkerProcess(options, parts, dataDir, connection, registration, workers);
      await self.begin();
      return self;
    } catch (error) {
      await connection?.close().catch(() => undefined);
      dataDir.release();
      throw error;
    }
  }

  /** Resolves when the worker has ended in good order; rejects when a poller failed. */
  async ended(): Promise<void> {
    if (this.runs === undefined) return;
    await Promise.all([this.runs.shared, this.runs.own]);
    await this.ending;
  }

  /** Ends in good order: sources are handed over, units flush what they hold, then the pollers stop. */
  end(): Promise<void> {
    this.ending ??= this.shutDown();
    return this.ending;
  }

  /**
   * The shared queue first: this may be the only process that can run the cluster's workflow, which answers the registration.
   * The worker's own queue only after it: a second worker of the same name must not take a unit.
   */
  private async begin(): Promise<void> {
    const shared = this.shared.run();
    shared.catch(() => undefined);
    try {
      await Promise.race([this.registration.begin(), shared]);
    } catch (error) {
      await stopWorker(this.shared, shared);
      throw error;
    }
    const own = this.own.run();
    own.catch(() => undefined);
    this.runs = { shared, own };
  }

  private async shutDown(): Promise<void> {
    const { logger } = this.parts;
    logger.info('ending', { worker: this.options.name });
    // The cluster moves our sources: the workflows then ask the units to end, and start them elsewhere.
    await this.registration.end(FAREWELL_MS);
    if (this.runs !== undefined) {
      await stopWorker(this.own, this.runs.own);
      // The last results have just been taken in; a workflow task that reaches a poller as it stops is lost for some seconds.
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      await stopWorker(this.shared, this.runs.shared);
    }
    await this.connection.close().catch(() => undefined);
    this.dataDir.release();
    logger.info('ended', { worker: this.options.name });
  }
}

async function stopWorker(worker: Worker, run: Promise<void>): Promise<void> {
  if (worker.getState() === 'RUNNING') worker.shutdown();
  await run.catch(() => undefined);
}

async function connect(
  address: string,
  options: ReturnType<typeof temporalSettings>['connectionOptions'],
): Promise<NativeConnection> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${CONNECT_TIMEOUT_MS / 1000} s`)), CONNECT_TIMEOUT_MS);
  });
  try {
    return await Promise.race([NativeConnection.connect(options), tooLate]);
  } catch (error) {
    throw unreachable(address, error);
  } finally {
    clearTimeout(timer);
  }
}

interface Surroundings {
  connection: NativeConnection;
  namespace: string;
  dataDir: DataDir;
  incarnation: string;
  registration: Registration;
}

async function createWorkers(
  options: WorkerOptions,
  parts: WorkerParts,
  around: Surroundings,
): Promise<{ shared: Worker; own: Worker }> {
  const { connection, namespace, dataDir, incarnation, registration } = around;
  const activities = createActivities({
    units: parts.units,
    worker: options.name,
    incarnation,
    dataDir: dataDir.path,
    logger: parts.logger,
    farewell: registration.farewell,
    onPresence: (online) => registration.onPresence(online),
    // Only the tests of the fence switch the watchdog off, to see what stands behind it.
    watchdog: process.env['DM_WATCHDOG'] !== 'off',
  });
  const common = {
    connection,
    namespace,
    activities,
    dataConverter: dataConverter(),
    identity: `${options.name}@${options.addr}`,
    maxHeartbeatThrottleInterval: 2_000,
    defaultHeartbeatThrottleInterval: 2_000,
  };
  const shared = await Worker.create({
    ...common,
    taskQueue: SHARED_TASK_QUEUE,
    workflowBundle: parts.workflowBundle ?? { codePath: WORKFLOW_BUNDLE },
    reuseV8Context: true,
    ...(parts.maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows: parts.maxCachedWorkflows }),
    // How long a workflow waits for the process that has it in memory when that one has died.
    stickyQueueScheduleToStartTimeout: 1_000,
    maxConcurrentActivityTaskExecutions: 20,
    shutdownGraceTime: 500,
    shutdownForceTime: 1_500,
  });
  const own = await Worker.create({
    ...common,
    taskQueue: workerTaskQueue(options.name),
    // A unit is one activity of months, and a source may serve many tasks.
    maxConcurrentActivityTaskExecutions: 1_000,
    shutdownGraceTime: DRAIN_GRACE_MS,
    shutdownForceTime: DRAIN_FORCE_MS,
  });
  return { shared, own };
}
