import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cacheDir, installOnce } from '../../../tools/parts/cache.js';

/** An id that no process has: beyond the largest that Linux gives. */
const DEAD_PID = 2 ** 22 + 1;

describe('cache of parts', () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dm-cache-test-'));
    vi.stubEnv('DM_CACHE_DIR', dir);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(dir, { recursive: true });
  });

  it('follows DM_CACHE_DIR, then XDG_CACHE_HOME', () => {
    expect(cacheDir()).toBe(dir);
    vi.stubEnv('DM_CACHE_DIR', '');
    vi.stubEnv('XDG_CACHE_HOME', '/x');
    expect(cacheDir()).toBe('/x/dm-temporal');
  });

  it('installs once, however many ask at the same time', async () => {
    let installs = 0;
    const install = async (work: string): Promise<void> => {
      installs += 1;
      await writeFile(join(work, 'file'), 'content');
      await sleep(300);
    };
    const paths = await Promise.all([1, 2, 3].map(() => installOnce('part', install)));
    expect(installs).toBe(1);
    expect(new Set(paths)).toEqual(new Set([join(dir, 'part')]));
    expect(await readFile(join(dir, 'part', 'file'), 'utf8')).toBe('content');
    expect(await readdir(dir)).toEqual(['part']);
  });

  it('shows nothing of an installation until it is complete, nor of one that failed', async () => {
    const failing = installOnce('part', async (work) => {
      await writeFile(join(work, 'half'), '');
      expect(existsSync(join(dir, 'part'))).toBe(false);
      throw new Error('download broke');
    });
    await expect(failing).rejects.toThrow('download broke');
    expect(await readdir(dir)).toEqual([]);
    await installOnce('part', (work) => writeFile(join(work, 'file'), ''));
    expect(await readdir(join(dir, 'part'))).toEqual(['file']);
  });

  it('takes over from a process that died while installing', async () => {
    await mkdir(join(dir, 'part.lock'));
    await writeFile(join(dir, 'part.lock', 'owner'), String(DEAD_PID));
    await mkdir(join(dir, `part.part-${DEAD_PID}`));
    await installOnce('part', (work) => writeFile(join(work, 'file'), ''));
    expect(await readdir(join(dir, 'part'))).toEqual(['file']);
    expect(await readdir(dir)).toEqual(['part']);
  });
});
