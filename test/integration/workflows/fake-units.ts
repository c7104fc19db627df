import { DumpFilesLostError, type DumpOutcome, type Units } from '../../../activities/units.js';
import type { SubtaskConfig } from '../../../src/config/types.js';
import type { UnitContext, UnitResult } from '../../../src/unit.js';
import type { SubtaskUnit } from '../../../workflows/activity-types.js';
import type { LoadProgress, SyncProgress } from '../../../workflows/contract.js';

/** What the fakes of all workers share: the downstream. */
export class FakeDownstream {
  /** Unit the checkpoints would choose, by source. */
  begin = new Map<string, SubtaskUnit>();
  /** `worker:unit:source` of each start, in order. */
  readonly starts: string[] = [];
  /** `worker:unit:source` of each end in good order. */
  readonly drained: string[] = [];
  removedMeta = 0;
  /** Errors to throw at the next starts of a unit, by unit. */
  readonly failures: { unit: SubtaskUnit; error: Error }[] = [];
  /** Dumps on disk: `worker/source`. */
  readonly dumps = new Set<string>();
  drainMs = 20;
  /** Units that end by themselves at once. */
  finishing = new Set<SubtaskUnit>(['Dump', 'Load']);
}

/** Units without databases: they run until told to end, or end at once, or fail, as the test says. */
export class FakeUnits implements Units {
  private readonly downstream: FakeDownstream;
  private readonly worker: string;

  constructor(downstream: FakeDownstream, worker: string) {
    this.downstream = downstream;
    this.worker = worker;
  }

  async chooseUnit(config: SubtaskConfig): Promise<SubtaskUnit> {
    const unit = this.downstream.begin.get(config.sourceId) ?? (config.taskMode === 'incremental' ? 'Sync' : 'Dump');
    if (unit === 'Load' && !this.hasDump(config)) return 'Dump';
    return unit;
  }

  private hasDump(config: SubtaskConfig): boolean {
    return this.downstream.dumps.has(`${this.worker}/${config.sourceId}`);
  }

  async dump(config: SubtaskConfig, context: UnitContext<never>): Promise<DumpOutcome> {
    const result = await this.run('Dump', config, context, () => undefined);
    if (!result.finished) return result;
    this.downstream.dumps.add(`${this.worker}/${config.sourceId}`);
    this.downstream.begin.set(config.sourceId, 'Load');
    return { ...result, meta: { binlogName: 'bin.000001', binlogPos: 4 } };
  }

  async load(config: SubtaskConfig, context: UnitContext<LoadProgress>): Promise<UnitResult> {
    if (!this.hasDump(config)) throw new DumpFilesLostError('gone');
    const result = await this.run('Load', config, context, () => undefined);
    if (result.finished) this.downstream.begin.set(config.sourceId, 'Sync');
    return result;
  }

  async sync(config: SubtaskConfig, context: UnitContext<SyncProgress>): Promise<UnitResult> {
    let events = 0;
    return this.run('Sync', config, context, () => context.report(syncProgress(++events)));
  }

  async removeMeta(): Promise<void> {
    this.downstream.removedMeta += 1;
  }

  private async run(
    unit: SubtaskUnit,
    config: SubtaskConfig,
    context: UnitContext<never>,
    tick: () => void,
  ): Promise<UnitResult> {
    const { downstream } = this;
    downstream.starts.push(`${this.worker}:${unit}:${config.sourceId}`);
    if (config.to.password !== 'secret') throw new Error('the password arrived sealed');
    const index = downstream.failures.findIndex((failure) => failure.unit === unit);
    const failure = index < 0 ? undefined : downstream.failures.splice(index, 1)[0];
    if (failure !== undefined) {
      tick();
      throw failure.error;
    }
    if (downstream.finishing.has(unit)) return { finished: true };
    while (!context.signal.aborted) {
      tick();
      await sleep(20);
    }
    await sleep(downstream.drainMs);
    downstream.drained.push(`${this.worker}:${unit}:${config.sourceId}`);
    return { finished: false };
  }
}

function syncProgress(events: number): SyncProgress {
  return {
    unit: 'Sync',
    totalEvents: String(events),
    totalTps: '1',
    recentTps: '1',
    totalRows: '0',
    recentRps: '0',
    masterBinlog: '(bin.000001, 4)',
    masterBinlogGtid: '',
    syncerBinlog: '(bin.000001, 4)',
    syncerBinlogGtid: '',
    readerBinlog: '(bin.000001, 4)',
    synced: true,
    binlogType: 'remote',
    secondsBehindMaster: '0',
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
