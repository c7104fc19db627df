import type { Connection } from 'mysql2/promise';
import type { SubtaskConfig } from '../../../src/config/types.js';
import { runDump } from '../../../src/dump/run.js';
import { runLoad } from '../../../src/load/run.js';
import { compareDatabases, formatComparison } from '../../support/compare.js';
import { connectTo, createDatabase, type DatabaseServer } from '../../support/servers.js';
import { dataDirectory, subtask, unitContext } from '../dump/support.js';
import { RunningUnit } from '../sync/harness.js';
import { expect } from 'vitest';

/** A database of a test's own on two servers, and the migration of it. */
export class Migration {
  readonly up: Connection;
  readonly down: Connection;
  readonly database: string;
  readonly config: SubtaskConfig;
  private readonly dataDir: string;

  private constructor(up: Connection, down: Connection, database: string, config: SubtaskConfig, dataDir: string) {
    this.up = up;
    this.down = down;
    this.database = database;
    this.config = config;
    this.dataDir = dataDir;
  }

  static async prepare(
    upServer: DatabaseServer,
    downServer: DatabaseServer,
    changes: (config: SubtaskConfig) => Partial<SubtaskConfig> = () => ({}),
  ): Promise<Migration> {
    const database = await createDatabase(upServer, 's_sess');
    const base = subtask(upServer, downServer, [database], {
      taskMode: 'all',
      serverId: 1_000_000 + Math.floor(Math.random() * 1_000_000),
    });
    const config = { ...base, ...changes(base) };
    const up = await connectTo(upServer, database);
    return new Migration(up, await connectTo(downServer), database, config, await dataDirectory());
  }

  async copy(): Promise<void> {
    expect(await runDump(this.config, unitContext(), { dataDir: this.dataDir })).toMatchObject({ finished: true });
    expect(await runLoad(this.config, unitContext(), { dataDir: this.dataDir })).toEqual({ finished: true });
  }

  /** Replicates what the upstream has written since the copy and during `work`, then ends. */
  async follow(work: (unit: RunningUnit) => Promise<void> = async () => undefined): Promise<void> {
    const unit = new RunningUnit(this.config, this.dataDir);
    try {
      await work(unit);
      await unit.synced(this.up, 60_000);
    } finally {
      await unit.stop().catch(() => undefined);
    }
  }

  async expectEqual(): Promise<void> {
    const comparison = await compareDatabases(this.up, this.down, [this.database]);
    expect(comparison.differences, formatComparison(comparison)).toEqual([]);
    expect(comparison.tables).toBeGreaterThan(0);
  }
}
