import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDumpFileName } from '../dump/file-names.js';

/**
 * Removes a dump: `data` takes the rows and keeps `metadata` and the structures, which replication needs until its first
 * checkpoint; `all` takes the directory. What is gone already is no error.
 */
export async function cleanDumpDir(dir: string, what: 'data' | 'all'): Promise<void> {
  if (what === 'all') {
    await rm(dir, { recursive: true, force: true });
    return;
  }
  let names: string[] = [];
  try {
    names = await readdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  for (const name of names) if (parseDumpFileName(name).kind === 'data') await rm(join(dir, name), { force: true });
}
