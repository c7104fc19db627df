import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StartMeta, SubtaskConfig } from '../../config/types.js';
import { readStatement } from '../../ddl/index.js';
import { readDumpMetadata } from '../../dump/metadata.js';
import { dumpDirectory } from '../../dump/run.js';
import { DmError, dmError } from '../../errors/dm-error.js';
import { readInventory } from '../../load/inventory.js';
import type { SchemaTracker } from '../../schema/tracker.js';
import type { BinlogLocation } from '../events.js';

/** Where a subtask without a checkpoint begins. */
export interface FreshStart {
  location: BinlogLocation;
  /** The dump was taken without locks: its rows may show changes up to here. */
  safeModeExit: BinlogLocation | undefined;
  /** Directory of the dump, when its structures are to be taken over. */
  dumpDir: string | undefined;
}

/**
 * Finds the start of a subtask that has no checkpoint: behind its dump, or where the task file says.
 *
 * @param dumpMeta - what the dump unit returned, for when its directory is gone
 * @throws DmError 20022 when neither says it; 11001, 11123 when the dump's metadata cannot be read
 */
export async function freshStart(
  config: SubtaskConfig,
  dataDir: string,
  dumpMeta: StartMeta | undefined,
): Promise<FreshStart> {
  if (config.taskMode !== 'incremental') {
    const dumpDir = dumpDirectory(config, dataDir);
    try {
      const { start, exitSafe } = await readDumpMetadata(dumpDir);
      // A dump that lies here may be another than the one that was loaded, when workers changed in between.
      if (dumpMeta === undefined || isAt(start, dumpMeta)) return { location: start, safeModeExit: exitSafe, dumpDir };
    } catch (error) {
      if (dumpMeta === undefined) throw error;
    }
  }
  const meta = config.taskMode === 'incremental' ? (config.meta ?? dumpMeta) : dumpMeta;
  const location = meta === undefined ? undefined : locationOf(meta);
  if (location === undefined) throw dmError(20022, [config.sourceId]);
  return { location, safeModeExit: undefined, dumpDir: undefined };
}

function isAt({ name, pos, gtidSet }: BinlogLocation, meta: StartMeta): boolean {
  return name === meta.binlogName && pos === meta.binlogPos && gtidSet === (meta.binlogGtid ?? '');
}

function locationOf(meta: StartMeta): BinlogLocation | undefined {
  const { binlogName = '', binlogPos = 4, binlogGtid = '' } = meta;
  if (binlogName === '' && binlogGtid === '') return undefined;
  return { name: binlogName, pos: binlogName === '' ? 0 : binlogPos, gtidSet: binlogGtid };
}

/**
 * Gives the tracker the structures of a dump: what the tables looked like at the place where replication starts, however
 * they have changed since, upstream or down.
 */
export async function trackDump(dumpDir: string, config: SubtaskConfig, tracker: SchemaTracker): Promise<void> {
  const { tables } = await readInventory(dumpDir);
  for (const table of tables) {
    const text = await readFile(join(dumpDir, table.file), 'utf8');
    const create = createStatement(text, config, table.schema);
    if (create === undefined) throw dmError(34007, [text.slice(0, 200), table.schema, table.name]);
    await tracker.apply(create);
  }
}

/** The CREATE TABLE among the comments and SET statements that dumps begin with. */
function createStatement(
  text: string,
  config: SubtaskConfig,
  schema: string,
): ReturnType<typeof readStatement> | undefined {
  const start = /^\s*CREATE\s+TABLE\b/im.exec(text)?.index;
  if (start === undefined) return undefined;
  try {
    const statement = readStatement(text.slice(start), { flavor: config.flavor, defaultSchema: schema });
    return statement.kind === 'create-table' ? statement : undefined;
  } catch (error) {
    if (error instanceof DmError) return undefined;
    throw error;
  }
}
