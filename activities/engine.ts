import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { StartMeta, SubtaskConfig } from '../src/config/types.js';
import { METADATA_FILE } from '../src/dump/file-names.js';
import { readDumpMetadata, type DumpMetadata } from '../src/dump/metadata.js';
import { dumpDirectory, runDump } from '../src/dump/run.js';
import { readLoadStage, runLoad } from '../src/load/run.js';
import { hasSyncCheckpoint, removeMeta } from '../src/meta/task-meta.js';
import { runSync } from '../src/sync/run.js';
import type { SubtaskUnit } from '../workflows/activity-types.js';
import { DumpFilesLostError, type DumpOutcome, type Units } from './units.js';

/** The real units. */
export const engineUnits: Units = {
  chooseUnit,
  removeMeta,
  dump: async (config, context, dataDir) => {
    const { finished, metadata } = await runDump(config, context, { dataDir });
    const meta = metadata === undefined ? undefined : startOf(metadata);
    return { finished, ...(meta === undefined ? {} : { meta }) } satisfies DumpOutcome;
  },
  load: async (config, context, dataDir) => {
    // A complete load needs no files; they may have been cleaned up.
    const needsFiles = !(await hasDump(config, dataDir)) && (await readLoadStage(config)) !== 'finished';
    if (needsFiles) throw new DumpFilesLostError(`no complete dump of ${config.sourceId} on this worker`);
    const result = await runLoad(config, context, { dataDir });
    // What was loaded decides where replication begins, not what this or another worker dumped at some other time.
    const meta = result.finished && config.taskMode === 'all' ? await loadedDump(config, dataDir) : undefined;
    return { ...result, ...(meta === undefined ? {} : { meta }) } satisfies DumpOutcome;
  },
  sync: (config, context, dataDir, dumpMeta) => runSync(config, context, { dataDir, dumpMeta }),
};

/**
 * The last unit that has a checkpoint, as in DM. Dump files are on the disk of one worker: where they are missing and the load
 * is not complete, everything before replication begins anew.
 */
async function chooseUnit(
  config: SubtaskConfig,
  dataDir: string,
  dumpMeta: StartMeta | undefined,
): Promise<SubtaskUnit> {
  if (config.taskMode === 'incremental') return 'Sync';
  if (config.taskMode === 'all' && (await hasSyncCheckpoint(config))) return 'Sync';
  const stage = await readLoadStage(config);
  const dumped = await hasDump(config, dataDir);
  if (stage === 'finished') {
    if (dumped || config.taskMode === 'full') return 'Load';
    return dumpMeta === undefined ? 'Dump' : 'Sync';
  }
  // Without a load begun, a dump on disk may be one of an earlier life of the task: only its own one counts.
  return dumped && (stage === 'partial' || dumpMeta !== undefined) ? 'Load' : 'Dump';
}

async function hasDump(config: SubtaskConfig, dataDir: string): Promise<boolean> {
  try {
    await access(join(dumpDirectory(config, dataDir), METADATA_FILE));
    return true;
  } catch {
    return false;
  }
}

/** Place of the dump on this worker's disk; undefined where its files are gone, as after an earlier complete load. */
async function loadedDump(config: SubtaskConfig, dataDir: string): Promise<StartMeta | undefined> {
  if (!(await hasDump(config, dataDir))) return undefined;
  return startOf(await readDumpMetadata(dumpDirectory(config, dataDir)));
}

/**
 * The place to keep in the workflow, for when the dump's files are gone before replication has a checkpoint. A dump without
 * locks needs more than its place (the range to be replayed in safe mode): that one is taken anew instead.
 */
function startOf(metadata: DumpMetadata): StartMeta | undefined {
  if (metadata.exitSafe !== undefined) return undefined;
  const { name, pos, gtidSet } = metadata.start;
  return { binlogName: name, binlogPos: pos, binlogGtid: gtidSet };
}
