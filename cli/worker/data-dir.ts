import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from './usage-error.js';

const LOCK_FILE = 'dm-worker.lock';

/** Who uses a data directory. */
interface Holder {
  pid: number;
  /** When that process started, in the kernel's ticks, so that a reused process id is not taken for it. */
  started: string;
  name: string;
  incarnation: string;
}

/** A data directory that this process alone uses. */
export interface DataDir {
  path: string;
  /** Incarnation of the dead process of the same name that used it last. */
  predecessor?: string;
  release(): void;
}

/**
 * Makes the data directory and takes it for this process. Two workers on one directory would delete each other's dump files.
 *
 * @throws UsageError when it cannot be written, or another live dm-worker uses it
 */
export function takeDataDir(directory: string, name: string, incarnation: string): DataDir {
  const path = resolve(directory);
  const lock = join(path, LOCK_FILE);
  let former: Holder | undefined;
  try {
    mkdirSync(path, { recursive: true });
    former = readHolder(lock);
    if (former !== undefined && isAlive(former)) {
      throw new UsageError(
        `the data directory ${path} is in use by dm-worker ${former.name} (process ${former.pid})`,
        1,
      );
    }
    const holder: Holder = { pid: process.pid, started: startTime(process.pid), name, incarnation };
    writeFileSync(lock, JSON.stringify(holder));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new UsageError(`cannot write to the data directory ${path}: ${cause}`, 1);
  }
  const result: DataDir = { path, release: () => rmSync(lock, { force: true }) };
  if (former?.name === name) result.predecessor = former.incarnation;
  return result;
}

function readHolder(lock: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(lock, 'utf8')) as Holder;
  } catch (error) {
    // Absent, or half written by a process that died right then.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isAlive(holder: Holder): boolean {
  // In a container every process has the same number: a lock of our own number is from before.
  if (holder.pid === process.pid) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return startTime(holder.pid) === holder.started;
}

/** Field 22 of /proc/<pid>/stat; empty where there is no such file. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
