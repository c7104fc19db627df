/** Starting, stopping and killing a Temporal dev server with its Web UI on loopback. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { resolveTemporal } from '../parts/temporal.js';
import type { TemporalPart } from '../parts/temporal.js';
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.js';
import { ServerChild } from './child.js';
import { freePort } from './ports.js';

const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 10_000;

export interface TemporalServerOptions {
  port?: number;
  /** Port of the Web UI. */
  uiPort?: number;
  /** Where workflows are kept; default: a temporary file that goes with the server. */
  dbFile?: string;
  namespace?: string;
}

/** A Temporal server that we started. */
export interface TemporalServer {
  /** `host:port`, as TEMPORAL_ADDRESS takes it. */
  readonly address: string;
  readonly uiUrl: string;
  readonly namespace: string;
  readonly pid: number;
  stop(): Promise<void>;
  /** SIGKILL; workflows stay for `restart()`. */
  kill(): Promise<void>;
  /** Stops when running, then starts on the same ports with the same workflows. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void;
  /** SIGCONT. */
  resume(): void;
}

/** Starts a dev server and waits until its namespace answers. */
export async function startTemporal(options: TemporalServerOptions = {}): Promise<TemporalServer> {
  const part = await resolveTemporal();
  const workDir = await mkdtemp(join(tmpdir(), 'dm-temporal-'));
  const server = new LocalTemporal(part, options, workDir, {
    port: options.port ?? (await freePort()),
    ui: options.uiPort ?? (await freePort()),
    metrics: await freePort(),
    http: await freePort(),
  });
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    throw new Error('the Temporal dev server did not start', { cause: error });
  }
  return server;
}

interface Ports {
  port: number;
  ui: number;
  metrics: number;
  http: number;
}

class LocalTemporal implements TemporalServer {
  readonly address: string;
  readonly uiUrl: string;
  readonly namespace: string;
  private readonly part: TemporalPart;
  private readonly ports: Ports;
  private readonly workDir: string;
  private readonly dbFile: string;
  private child: ServerChild | undefined;

  constructor(part: TemporalPart, options: TemporalServerOptions, workDir: string, ports: Ports) {
    this.part = part;
    this.ports = ports;
    this.workDir = workDir;
    this.dbFile = options.dbFile ?? join(workDir, 'temporal.db');
    this.namespace = options.namespace ?? 'default';
    this.address = `127.0.0.1:${ports.port}`;
    this.uiUrl = `http://127.0.0.1:${ports.ui}`;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  async start(): Promise<void> {
    const { port, ui, metrics, http } = this.ports;
    const args = [
      'server',
      'start-dev',
      '--ip=127.0.0.1',
      '--ui-ip=127.0.0.1',
      `--port=${port}`,
      `--ui-port=${ui}`,
      `--metrics-port=${metrics}`,
      `--http-port=${http}`,
      `--namespace=${this.namespace}`,
      `--db-filename=${this.dbFile}`,
      '--log-level=error',
      '--color=never',
      ...Object.values(SEARCH_ATTRIBUTES).flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ];
    this.child = await ServerChild.start(this.part.server, args, {
      logFile: join(this.workDir, 'server.log'),
      ownedDir: this.workDir,
    });
    await this.child.ready(() => this.answers(), START_TIMEOUT_MS);
  }

  async stop(): Promise<void> {
    await this.child?.stop(STOP_GRACE_MS);
    await rm(this.workDir, { recursive: true, force: true });
  }

  async kill(): Promise<void> {
    await this.child?.kill();
  }

  async restart(): Promise<void> {
    await this.child?.stop(STOP_GRACE_MS);
    await this.start();
  }

  freeze(): void {
    this.child?.signal('SIGSTOP');
  }

  resume(): void {
    this.child?.signal('SIGCONT');
  }

  private async answers(): Promise<boolean> {
    try {
      const connection = await Connection.connect({ address: this.address, connectTimeout: 1_000 });
      try {
        await connection.workflowService.describeNamespace({ namespace: this.namespace });
        await connection.workflowService.listWorkflowExecutions({ namespace: this.namespace, pageSize: 1 });
        return true;
      } finally {
        await connection.close();
      }
    } catch {
      return false;
    }
  }
}
