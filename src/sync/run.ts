import type { StartMeta, SubtaskConfig } from '../config/types.js';
import type { TableMapping } from '../filter/router.js';
import { isLostContact, type UnitContext, type UnitResult } from '../unit.js';
import type { SyncProgress } from './progress.js';
import { SyncUnit } from './sync-unit.js';

/** How often a unit looks after itself, milliseconds. */
export interface Pace {
  /** Between two looks at whether something below is due. */
  tickMs: number;
  /** Least time between two reports of progress. */
  reportMs: number;
  /** Least time between two flushes of the checkpoint while nothing is under way. */
  idleFlushMs: number;
}

/** Options of {@link runSync}. */
export interface SyncOptions {
  /** The worker's data directory, where the dump is. */
  dataDir: string;
  /** Where the dump stands, for when its directory is gone. */
  dumpMeta?: StartMeta | undefined;
  mapping?: TableMapping;
  /** Default: 250, 500 and 1,000 ms. */
  pace?: Pace;
  /** Bytes of rows of prepared XA transactions that are held in memory. Default 8 MiB. */
  xaBytes?: number;
}

/**
 * Replicates from the subtask's checkpoint on, or from the end of its dump, or from the place in the task file, until asked
 * to end. Every change is applied exactly once, whatever happens to this process.
 *
 * @throws DmError with the place in the binlog where there is one; FenceLostError when another worker has taken over
 */
export async function runSync(
  config: SubtaskConfig,
  ctx: UnitContext<SyncProgress>,
  options: SyncOptions,
): Promise<UnitResult> {
  if (ctx.signal.aborted) return { finished: false };
  const unit = new SyncUnit(config, ctx, options);
  try {
    await unit.run();
  } catch (error) {
    if (!isLostContact(ctx.signal)) throw error;
  }
  return { finished: false };
}
