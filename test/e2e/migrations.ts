import { expect } from 'vitest';
import type { Connection } from 'mysql2/promise';
import type { SubtaskView } from '../../cli/status-client.js';
import { compareDatabases, formatComparison } from '../support/compare.js';
import { connectTo, createDatabase, dropAtEnd, type ServerAddress, uniqueName } from '../support/servers.js';
import { type Endpoint, System, type TaskOptions, type WorkerProgram } from '../support/system.js';
import { createTables, Writer } from './workload.js';

export interface MigrationOptions {
  up: ServerAddress;
  down: ServerAddress;
  /** How the product reaches them, when that is not their own address (a proxy). */
  upBy?: Endpoint;
  downBy?: Endpoint;
  rows?: number;
  system?: System;
  task?: Partial<TaskOptions>;
}

/** A longest time from the end of a process to a unit at work in the next one. */
export const RECOVERY_MS = 20_000;

/** A migration of a database of its own, with what a test does to it. */
export class Migration {
  readonly task = uniqueName('g').slice(0, 12);
  readonly source: string;
  readonly system: System;
  readonly database: string;
  readonly worker: WorkerProgram;
  readonly upstream: Connection;
  private readonly options: MigrationOptions;

  private constructor(options: MigrationOptions, system: System, database: string, upstream: Connection) {
    this.options = options;
    this.system = system;
    this.database = database;
    this.source = `${this.task}-source`;
    this.worker = system.worker(`${this.task}-worker`);
    this.upstream = upstream;
  }

  /** Makes the tables upstream; nothing of the product runs yet but Temporal. */
  static async prepare(options: MigrationOptions): Promise<Migration> {
    const upstream = await connectTo(options.up);
    const database = await createDatabase(options.up, 'g_chaos');
    dropAtEnd(options.down, database);
    dropAtEnd(options.down, `meta_${database}`);
    await createTables(upstream, database, options.rows ?? 3_000);
    const system = options.system ?? (await System.start());
    return new Migration(options, system, database, upstream);
  }

  async createSource(): Promise<void> {
    const file = await this.system.writeSource(this.source, this.options.upBy ?? this.options.up);
    await this.system.dmctl('operate-source', 'create', file);
  }

  /** Starts the task; the worker may die of it, so the answer is not looked at. */
  async start(): Promise<void> {
    await this.system.runDmctl('start-task', await this.taskFile());
  }

  /** Starts the task, which must work. */
  async startWell(): Promise<void> {
    await this.system.dmctl('start-task', await this.taskFile());
  }

  until(condition: (view: SubtaskView) => boolean, timeoutMs = 90_000): Promise<SubtaskView> {
    return this.system.until(this.task, this.source, condition, timeoutMs);
  }

  untilSyncing(timeoutMs = 90_000): Promise<SubtaskView> {
    return this.until((view) => isAtWork(view) && view.state.unit === 'Sync', timeoutMs);
  }

  async writer(seed: number, pauseMs?: number): Promise<Writer> {
    return new Writer(await connectTo(this.options.up), this.database, seed, pauseMs);
  }

  /** Starts the worker again after its death, and waits until its unit is at work again. */
  async recover(diedAt: number): Promise<number> {
    await this.worker.start();
    await this.until((view) => isAtWork(view) && (view.running?.lastHeartbeat ?? 0) > diedAt, 60_000);
    const took = Date.now() - diedAt;
    expect(took).toBeLessThan(RECOVERY_MS);
    return took;
  }

  /** Both sides are equal once everything written so far has arrived. */
  async expectEqual(): Promise<void> {
    await this.system.untilCaughtUp(this.task, this.source, this.options.up, 120_000);
    // New connections: the test may have restarted either server.
    const [up, down] = await Promise.all([connectTo(this.options.up), connectTo(this.options.down)]);
    const comparison = await compareDatabases(up, down, [this.database]);
    expect(comparison.differences, formatComparison(comparison)).toEqual([]);
    expect(comparison.tables).toBeGreaterThanOrEqual(4);
  }

  private taskFile(): Promise<string> {
    return this.system.writeTask({
      name: this.task,
      sourceId: this.source,
      down: this.options.downBy ?? this.options.down,
      databases: [this.database],
      ...this.options.task,
      top: { 'meta-schema': `meta_${this.database}`, ...this.options.task?.top },
    });
  }
}

/** Whether a worker is running the subtask's unit right now, as far as Temporal knows. */
export function isAtWork(view: SubtaskView): boolean {
  return view.running?.state === 'started' && view.running.activity !== 'chooseUnit';
}
