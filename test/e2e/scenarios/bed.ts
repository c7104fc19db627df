/** What the scenarios of the manual run on: private servers with the manual's names, one system, files as the manual prints them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { expect, vi } from 'vitest';
import type { DetailedStatus } from '../../../cli/output/status.js';
import { compareTables, formatComparison, type TablePair } from '../../support/compare.js';
import { connectTo, startPrivateServer, type DatabaseServer, type ServerAddress } from '../../support/servers.js';
import { System, type Endpoint, type WorkerProgram } from '../../support/system.js';
import type { DmctlAnswer } from '../../../tools/product/processes.js';
import { addressOf } from '../../../tools/servers/server-set.js';

/** A server, and a connection to it for the test's own statements. */
export interface Site {
  server: DatabaseServer;
  address: ServerAddress;
  db: Connection;
}

/** Longest time until something that was done upstream shows downstream. */
const ARRIVAL_MS = 60_000;

export class Bed {
  readonly system: System;
  readonly down: Site;
  private readonly ups: readonly Site[];

  private constructor(system: System, ups: readonly Site[], down: Site) {
    this.system = system;
    this.ups = ups;
    this.down = down;
  }

  /** Starts Temporal, a downstream and the upstreams of these flavors; all of it ends with the file. */
  static async start(...flavors: ('mysql' | 'mariadb')[]): Promise<Bed> {
    const [system, down, ...ups] = await Promise.all([
      System.start(),
      startSite('mysql'),
      ...flavors.map((flavor) => startSite(flavor)),
    ]);
    return new Bed(system, ups, down);
  }

  up(number = 0): Site {
    const site = this.ups[number];
    if (site === undefined) throw new Error(`there is no upstream ${number}`);
    return site;
  }

  async worker(name: string, ...more: string[]): Promise<WorkerProgram> {
    const worker = this.system.worker(name, ...more);
    await worker.start();
    return worker;
  }

  /** Writes a file as it stands; answers its path. */
  async file(name: string, text: string): Promise<string> {
    const path = join(this.system.workDir, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  /** The lines below `target-database:` of a task file. */
  target(more = ''): string {
    return endpointLines(this.down.address) + more;
  }

  /** A source file, `more` = further lines at its top level, `below` = in its `from`. */
  source(id: string, from: Endpoint, more = '', below = ''): Promise<string> {
    return this.file(`${id}.yaml`, `source-id: "${id}"\n${more}\nfrom:\n${endpointLines(from)}${below}`);
  }

  async createSource(id: string, from: Endpoint, more = ''): Promise<DmctlAnswer> {
    return this.system.dmctl('operate-source', 'create', await this.source(id, from, more));
  }

  /** Runs dmctl, which must refuse; answers what it said. */
  async refused(...args: string[]): Promise<string> {
    const { code, output, errors } = await this.system.runDmctl(...args);
    expect(code, output + errors).toBe(1);
    return output + errors;
  }

  /** Detailed status as `query-status <task>` prints it. */
  async queryStatus(task: string): Promise<DetailedStatus> {
    return JSON.parse((await this.system.runDmctl('query-status', task)).output) as DetailedStatus;
  }

  untilSyncing(task: string, source: string): Promise<unknown> {
    return this.system.until(
      task,
      source,
      ({ state, running }) => state.stage === 'Running' && state.unit === 'Sync' && running?.state === 'started',
    );
  }

  /** Waits until a subtask is paused by an error; answers the error's code and all of its text. */
  async untilFailed(task: string, source: string): Promise<{ code: number; text: string }> {
    const { state } = await this.system.until(task, source, ({ state: { stage } }) => stage === 'Paused');
    const [error] = state.result?.errors ?? [];
    return { code: error?.ErrCode ?? 0, text: JSON.stringify(error) };
  }

  /** Waits until everything that an upstream has written so far is downstream. */
  async caughtUp(task: string, source: string, up = 0): Promise<void> {
    await this.system.untilCaughtUp(task, source, this.up(up).address);
  }

  /** Expects tables to be the same on both sides: structure and rows. */
  async expectEqual(pairs: readonly (TablePair | string)[], up = 0): Promise<void> {
    const named = pairs.map((pair) => (typeof pair === 'string' ? sameName(pair) : pair));
    const comparison = await compareTables(this.up(up).db, this.down.db, named);
    expect(comparison.differences, formatComparison(comparison)).toEqual([]);
    expect(comparison.tables).toBe(pairs.length);
  }
}

/** Rows of a query as arrays, values as text. */
export async function rowsOf({ db }: Site, sql: string): Promise<(string | null)[][]> {
  const [rows] = await db.query<(RowDataPacket & (string | number | null)[])[]>({ sql, rowsAsArray: true });
  return rows.map((row) => row.map((value) => (value === null ? null : String(value))));
}

/** Runs statements one after the other. */
export async function run({ db }: Site, ...statements: string[]): Promise<void> {
  for (const sql of statements) await db.query(sql);
}

/** Waits until a query gives these rows. */
export async function eventually(site: Site, sql: string, expected: unknown[][]): Promise<void> {
  await vi.waitFor(async () => expect(await rowsOf(site, sql).catch(String)).toEqual(expected), {
    timeout: ARRIVAL_MS,
    interval: 100,
  });
}

/** The element of `sources[]` that a command answers for a source that did well. */
export function wellDone(source: string, worker: unknown = expect.any(String)): object {
  return { result: true, msg: '', source, worker };
}

async function startSite(flavor: 'mysql' | 'mariadb'): Promise<Site> {
  const server = await startPrivateServer({ flavor });
  return { server, address: addressOf(server), db: await connectTo(server) };
}

function endpointLines({ host, port, user, password }: Endpoint): string {
  return `  host: "${host}"\n  port: ${port}\n  user: "${user}"\n  password: "${password}"\n`;
}

function sameName(name: string): TablePair {
  const [schema = '', table = ''] = name.split('.');
  return { up: { schema, table }, down: { schema, table } };
}
