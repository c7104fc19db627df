/**
 * Cache of real parts (database servers, Temporal) outside the repository. A part is either complete or absent: it is
 * built in a directory of its own and renamed into place.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Longest wait for another process that installs the same part. */
const INSTALL_WAIT_MS = 20 * 60_000;
/** A lock whose owner never wrote its id is abandoned after this long. */
const OWNERLESS_LOCK_MS = 10_000;

/** A part that cannot be had here; the message is one sentence that says how to get it. */
export class MissingPartError extends Error {
  override name = 'MissingPartError';
}

/** The end of an error's text, for use within a sentence; programs print their reason last. */
export function lastLine(error: unknown): string {
  const text = String(error instanceof Error ? error.message : error);
  return text.trim().split('\n').at(-1)?.slice(0, 160) ?? '';
}

/** `$DM_CACHE_DIR`, else `$XDG_CACHE_HOME/dm-temporal`, else `~/.cache/dm-temporal`. */
export function cacheDir(): string {
  const { DM_CACHE_DIR, XDG_CACHE_HOME } = process.env;
  if (DM_CACHE_DIR) return DM_CACHE_DIR;
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'dm-temporal');
}

/** Root of the repository, found upwards from this file, compiled or not. */
export function repositoryRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'package.json'))) {
    const parent = dirname(dir);
    if (parent === dir) throw new Error('package.json not found above the tools folder');
    dir = parent;
  }
  return dir;
}

/** One line about a part, on standard error so that programs can use standard output. */
export function announce(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Directory `<cache>/<name>`, made by `install` when it is not there. Safe between processes: one installs, the others
 * wait for it.
 *
 * @param install fills the empty directory it is given; when it throws, nothing stays behind
 */
export async function installOnce(name: string, install: (dir: string) => Promise<void>): Promise<string> {
  const target = join(cacheDir(), name);
  if (existsSync(target)) return target;
  await mkdir(dirname(target), { recursive: true });
  const release = await acquireLock(`${target}.lock`);
  try {
    if (existsSync(target)) return target;
    const work = `${target}.part-${process.pid}`;
    await removeAbandoned(target);
    await mkdir(work, { recursive: true });
    try {
      await install(work);
      await rename(work, target);
    } catch (error) {
      await rm(work, { recursive: true, force: true });
      throw error;
    }
    return target;
  } finally {
    await release();
  }
}

/** Removes what installations left that died; the lock is ours, so none is under way. */
async function removeAbandoned(target: string): Promise<void> {
  for (const name of await readdir(dirname(target))) {
    if (name.startsWith(`${basename(target)}.part-`)) await rm(join(dirname(target), name), { recursive: true });
  }
}

/**
 * Takes the lock directory, waiting for a living owner. Should two processes take over one abandoned lock at the same
 * instant, the work is done twice and the later rename fails; never is a half-made part visible.
 */
async function acquireLock(lock: string): Promise<() => Promise<void>> {
  const deadline = Date.now() + INSTALL_WAIT_MS;
  for (;;) {
    try {
      await mkdir(lock);
      await writeFile(join(lock, 'owner'), String(process.pid));
      return () => rm(lock, { recursive: true, force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await isAbandoned(lock)) {
      const aside = `${lock}.${process.pid}`;
      await rename(lock, aside).catch(() => {});
      await rm(aside, { recursive: true, force: true });
    } else {
      if (Date.now() > deadline) throw new MissingPartError(`Another process holds ${lock}; remove it if none runs.`);
      await sleep(200);
    }
  }
}

async function isAbandoned(lock: string): Promise<boolean> {
  try {
    const pid = Number(await readFile(join(lock, 'owner'), 'utf8'));
    if (pid > 0) return !isAlive(pid);
  } catch {
    // The owner writes its id right after making the directory.
  }
  const age = await stat(lock).then(
    (s) => Date.now() - s.mtimeMs,
    () => 0,
  );
  return age > OWNERLESS_LOCK_MS;
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
