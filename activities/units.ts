import type { StartMeta, SubtaskConfig } from '../src/config/types.js';
import type { UnitContext, UnitResult } from '../src/unit.js';
import type { SubtaskUnit } from '../workflows/activity-types.js';
import type { DumpProgress, LoadProgress, SyncProgress } from '../workflows/contract.js';

/** A complete dump says where its snapshot stands. */
export interface DumpOutcome extends UnitResult {
  meta?: StartMeta;
}

/** The dump that the load needs is not where it was: it has to be taken again. */
export class DumpFilesLostError extends Error {
  override readonly name = 'DumpFilesLostError';
}

/** What activities need of the engine. `engine.ts` binds it to src; tests of workflows put small stand-ins here. */
export interface Units {
  /** Which unit a subtask has to begin with, from the downstream's checkpoints and the files below `dataDir`. */
  chooseUnit(config: SubtaskConfig, dataDir: string, dumpMeta: StartMeta | undefined): Promise<SubtaskUnit>;
  /** Begins from nothing: removes what an interrupted dump or load has left. */
  dump(config: SubtaskConfig, context: UnitContext<DumpProgress>, dataDir: string): Promise<DumpOutcome>;
  /**
   * Answers with the place of the dump that it loaded.
   *
   * @throws DumpFilesLostError when the dump is not on this worker's disk
   */
  load(config: SubtaskConfig, context: UnitContext<LoadProgress>, dataDir: string): Promise<DumpOutcome>;
  sync(
    config: SubtaskConfig,
    context: UnitContext<SyncProgress>,
    dataDir: string,
    dumpMeta: StartMeta | undefined,
  ): Promise<UnitResult>;
  removeMeta(config: SubtaskConfig): Promise<void>;
}
