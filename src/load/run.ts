import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SubtaskConfig } from '../config/types.js';
import { METADATA_FILE } from '../dump/file-names.js';
import { readDumpMetadata } from '../dump/metadata.js';
import { dumpDirectory } from '../dump/run.js';
import { DmError, dmError } from '../errors/dm-error.js';
import { FenceLostError } from '../meta/fence.js';
import { metaTables } from '../meta/tables.js';
import { closeConnection } from '../mysql/connect.js';
import { databaseError, serverErrno } from '../mysql/errors.js';
import { isLostContact, type UnitContext, type UnitResult } from '../unit.js';
import { LoadCheckpoint, type LoadState } from './checkpoint.js';
import { cleanDumpDir } from './clean.js';
import { StopLoading } from './file-loader.js';
import { readInventory } from './inventory.js';
import { Loader } from './loader.js';
import type { LoadProgress } from './progress.js';
import { openSchemaConnection } from './session.js';
import { LoadTally } from './tally.js';

/** Time that transactions under way have to end in good order when the load is asked to end. */
const DRAIN_MS = 1_200;

/**
 * Loads the dump of a subtask into the downstream, going on where an earlier run ended: every statement of a data file is
 * committed together with the file's offset. Does nothing when the checkpoint says that all is loaded.
 *
 * @throws DmError 34xxx and 24xxx for files that are not as they should be, 11001 and 11123 for the metadata, 10001 to 10006 for
 * trouble with the downstream; FenceLostError when another worker has taken over
 */
export async function runLoad(
  config: SubtaskConfig,
  ctx: UnitContext<LoadProgress>,
  { dataDir }: { dataDir: string },
): Promise<UnitResult> {
  const dir = dumpDirectory(config, dataDir);
  const hard = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    if (isLostContact(ctx.signal)) hard.abort();
    else timer = setTimeout(() => hard.abort(), DRAIN_MS);
  };
  if (ctx.signal.aborted) return { finished: false };
  ctx.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const finished = await load(config, ctx, dir, hard.signal);
    if (finished && config.cleanDumpFile) await cleanDumpDir(dir, config.taskMode === 'full' ? 'all' : 'data');
    return { finished };
  } catch (error) {
    if (ctx.signal.aborted || error instanceof StopLoading) return { finished: false };
    throw loadError(error);
  } finally {
    clearTimeout(timer);
    ctx.signal.removeEventListener('abort', onAbort);
  }
}

/** How far the load of a subtask is, by the downstream's checkpoint; `none` also when there are no meta tables. */
export async function readLoadStage(config: SubtaskConfig, signal?: AbortSignal): Promise<LoadState['stage']> {
  const connection = await openSchemaConnection(config.to, signal ?? new AbortController().signal);
  try {
    const checkpoint = new LoadCheckpoint(metaTables(config.metaSchema, config.task), config.sourceId);
    return (await checkpoint.read(connection)).stage;
  } catch (error) {
    const errno = serverErrno(error);
    // No such table, no such database.
    if (errno === 1146 || errno === 1049) return 'none';
    throw databaseError(error, { scope: 'downstream', kind: 'query' });
  } finally {
    await closeConnection(connection);
  }
}

async function load(
  config: SubtaskConfig,
  ctx: UnitContext<LoadProgress>,
  dir: string,
  hardStop: AbortSignal,
): Promise<boolean> {
  const loader = new Loader(config, ctx, hardStop);
  try {
    const state = await loader.open();
    if (state.stage === 'finished' && (await isSameDump(dir, state.dumpId))) return true;
    const metadata = await readDumpMetadata(dir);
    const inventory = await readInventory(dir, loader.mapping);
    const tally = new LoadTally(metadata.start, (progress) => ctx.report(progress));
    tally.start();
    try {
      await loader.begin(inventory, await dumpIdOf(dir), state);
      const began = performance.now();
      const finished = await loader.load(tally);
      // DM's own words: scripts look for them to time a load (manual section 3.4).
      const cost = `${((performance.now() - began) / 1000).toFixed(3)}s`;
      if (finished) ctx.logger.info('all data files have been finished', { 'cost time': cost });
      return finished;
    } finally {
      tally.stop();
    }
  } finally {
    await loader.close();
  }
}

/**
 * Whether the dump on disk is the one that was loaded. Its files may be gone by now, cleaned up; a later dump, taken because
 * the position of the first was lost with its worker, has to be loaded in its place.
 */
async function isSameDump(dir: string, dumpId: number | undefined): Promise<boolean> {
  try {
    return (await dumpIdOf(dir)) === dumpId;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
}

/** A number that tells one dump from another. */
async function dumpIdOf(dir: string): Promise<number> {
  const text = await readFile(join(dir, METADATA_FILE));
  return createHash('sha256').update(text).digest().readUIntBE(0, 6) + 1;
}

function loadError(error: unknown): Error {
  if (error instanceof DmError || error instanceof FenceLostError) return error;
  if (serverErrno(error) === undefined && (error as NodeJS.ErrnoException).syscall === undefined) {
    return error instanceof Error && 'fatal' in error
      ? databaseError(error, { scope: 'downstream', kind: 'execute' })
      : (error as Error);
  }
  if ((error as NodeJS.ErrnoException).syscall === 'open' || (error as NodeJS.ErrnoException).syscall === 'read') {
    return dmError(34005, [(error as NodeJS.ErrnoException).path ?? ''], { cause: error });
  }
  // The driver keeps the text; statements with row values have been reported before, without them.
  const { sql = '' } = error as { sql?: string };
  return databaseError(error, { scope: 'downstream', kind: 'execute', sql });
}
