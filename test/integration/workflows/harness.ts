import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { dataConverter } from '../../../activities/data-converter.js';
import { Commands } from '../../../cli/commands-client.js';
import { StatusClient, type SubtaskView } from '../../../cli/status-client.js';
import { installRuntime } from '../../../cli/worker/sdk-log.js';
import { WorkerProcess } from '../../../cli/worker/worker-process.js';
import { sealSecrets } from '../../../src/config/secret.js';
import type { SourceConfig, SubtaskConfig } from '../../../src/config/types.js';
import { createLogger, silentLogger } from '../../../src/log/logger.js';
import type { SourceInput, TaskInput } from '../../../workflows/contract.js';
import { replayHistories } from '../../support/replay.js';
import { testServers, uniqueName } from '../../support/servers.js';
import { workflowBundle } from './bundle.js';
import { type FakeDownstream, FakeUnits } from './fake-units.js';
import { recordHistories } from './record.js';

export interface Bed {
  client: Client;
  commands: Commands;
  status: StatusClient;
  namespace: string;
  address: string;
  /** Starts a dm-worker in this process whose units are fakes. */
  worker(name: string, downstream: FakeDownstream, maxSources?: number): Promise<WorkerProcess>;
}

export interface BedOptions {
  /** Where Temporal is, asked before the first test; default: the shared server. */
  address?: () => string;
  /** Most workflows that a worker keeps in memory; default: as in the product. With 0, every workflow task is a replay. */
  maxCachedWorkflows?: number;
}

/**
 * A namespace of its own on a Temporal server for the tests of one file: every cluster has the same workflow ids.
 * After each test, the histories of all its workflows must replay.
 */
export function testBed(options: BedOptions = {}): Bed {
  const bed = {} as Bed;
  const running = new Set<WorkerProcess>();
  const replayed = new Set<string>();
  const root = mkdtempSync(join(tmpdir(), 'dm-workflows-'));
  let connection: Connection;

  beforeAll(async () => {
    const logger = process.env['DM_TEST_LOG'] === '1' ? createLogger({ level: 'debug' }) : silentLogger;
    installRuntime(logger);
    bed.address = options.address?.() ?? testServers().temporal.address;
    bed.namespace = uniqueName('dm').replace('_', '-');
    connection = await Connection.connect({ address: bed.address });
    await createNamespace(connection, bed.namespace);
    process.env['TEMPORAL_ADDRESS'] = bed.address;
    process.env['TEMPORAL_NAMESPACE'] = bed.namespace;
    process.env['DM_SECRET_KEY'] = Buffer.alloc(32, 7).toString('base64');
    bed.client = new Client({ connection, namespace: bed.namespace, dataConverter: dataConverter() });
    bed.commands = new Commands(bed.client);
    bed.status = new StatusClient(bed.client);
    const bundle = await workflowBundle();
    const { maxCachedWorkflows } = options;
    const parts = {
      logger,
      workflowBundle: bundle,
      ...(maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows }),
    };
    bed.worker = async (name, downstream, maxSources = 16) => {
      const named = { name, addr: 'test', dataDir: join(root, name), maxSources, logLevel: 'info' as const };
      const worker = await WorkerProcess.start(named, { ...parts, units: new FakeUnits(downstream, name) });
      running.add(worker);
      return worker;
    };
  });

  afterEach(async ({ task }) => {
    await Promise.all([...running].map((worker) => worker.end()));
    running.clear();
    if (process.env['DM_RECORD_HISTORIES'] === '1') await recordHistories(bed.client, task.name);
    await terminateAll(bed.client);
    await replayHistories(bed.client, await workflowBundle(), replayed);
  });

  afterAll(async () => {
    await connection.close();
    rmSync(root, { recursive: true, force: true });
  });
  return bed;
}

async function createNamespace(connection: Connection, namespace: string): Promise<void> {
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  // The service's cache of namespaces is refreshed every few seconds.
  await eventually(async () => {
    await connection.operatorService.listSearchAttributes({ namespace });
    await connection.workflowService.listWorkflowExecutions({ namespace, pageSize: 1 });
  }, 30_000);
}

async function terminateAll(client: Client): Promise<void> {
  for await (const info of client.workflow.list({ query: `ExecutionStatus = 'Running'` })) {
    await client.workflow
      .getHandle(info.workflowId)
      .terminate('end of test')
      .catch(() => undefined);
  }
}

/** Repeats an assertion until it holds, or its last failure stands after `ms`. */
export async function eventually<T>(work: () => Promise<T> | T, ms = 10_000): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Waits until a subtask shows a stage and a unit. */
export function subtaskIs(bed: Bed, task: string, sourceId: string, stage: string, unit: string): Promise<SubtaskView> {
  return eventually(async () => {
    const view = await bed.status.subtask(task, sourceId);
    expect(view?.state).toMatchObject({ stage, unit });
    if (view === undefined) throw new Error('no subtask');
    return view;
  }, 25_000);
}

const DATABASE = { host: '127.0.0.1', port: 3306, user: 'u', password: 'secret' };
const CHECKER = {
  checkEnable: true,
  backoffRollbackMs: 300_000,
  backoffMaxMs: 300_000,
  backoffMinMs: 1_000,
  backoffFactor: 2,
  backoffJitter: true,
  checkIntervalMs: 1_000,
};

export function sourceInput(sourceId: string): SourceInput {
  const config: SourceConfig = {
    sourceId,
    enableGtid: false,
    flavor: 'mysql',
    serverId: 1,
    from: DATABASE,
    caseSensitive: false,
    checker: CHECKER,
  };
  return { sourceId, config: sealSecrets(config), configText: `source-id: ${sourceId}` };
}

export function taskInput(task: string, sources: string[], change: Partial<SubtaskConfig> = {}): TaskInput {
  const subtasks = sources.map((sourceId) => ({
    sourceId,
    config: sealSecrets<SubtaskConfig>({ ...subtaskConfig(task, sourceId), ...change }),
  }));
  return { task, subtasks, configText: `name: ${task}`, removeMeta: false };
}

function subtaskConfig(task: string, sourceId: string): SubtaskConfig {
  return {
    task,
    taskMode: 'all',
    sourceId,
    flavor: 'mysql',
    serverId: 1,
    enableGtid: false,
    metaSchema: 'dm_meta',
    timezone: '',
    caseSensitive: false,
    cleanDumpFile: true,
    ignoreCheckingItems: [],
    from: DATABASE,
    to: DATABASE,
    dump: { threads: 4, chunkFilesize: 64 << 20, statementSize: 1_000_000, consistency: 'auto' },
    load: { poolSize: 16, dir: './dumped_data.test' },
    sync: {
      workerCount: 16,
      batch: 100,
      safeMode: false,
      compact: false,
      multipleRows: false,
      queueSize: 1024,
      checkpointFlushIntervalMs: 30_000,
    },
    checker: CHECKER,
  };
}
