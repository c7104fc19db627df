import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeDataDir } from '../../../cli/worker/data-dir.js';

let root: string;
let path: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dm-data-dir-'));
  path = join(root, 'a', 'b');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const lock = (): string => join(path, 'dm-worker.lock');

/** Makes the directory look as a process with this number and start has left it. */
function leftBy(pid: number, started: string): void {
  rmSync(lock(), { force: true });
  takeDataDir(path, 'w1', 'first');
  const holder = JSON.parse(readFileSync(lock(), 'utf8')) as object;
  writeFileSync(lock(), JSON.stringify({ ...holder, pid, started }));
}

describe('a data directory', () => {
  it('is made, and free again after its release', () => {
    takeDataDir(path, 'w1', 'first').release();
    expect(existsSync(lock())).toBe(false);
    expect(takeDataDir(path, 'w1', 'second')).not.toHaveProperty('predecessor');
  });

  it('tells who of the same name died with it', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    leftBy(pid, '1');
    expect(takeDataDir(path, 'w1', 'second').predecessor).toBe('first');
    leftBy(pid, '1');
    expect(takeDataDir(path, 'w2', 'second')).not.toHaveProperty('predecessor');
  });

  it('is refused while its process lives, but not when only its number lives on', () => {
    const stat = readFileSync(`/proc/${process.ppid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    leftBy(process.ppid, started);
    expect(() => takeDataDir(path, 'w1', 'second')).toThrow(/is in use by dm-worker w1 \(process \d+\)/);
    leftBy(process.ppid, '1');
    expect(takeDataDir(path, 'w1', 'second').predecessor).toBe('first');
  });

  it('may have vanished, or hold half a lock, without harm', () => {
    const first = takeDataDir(path, 'w1', 'first');
    rmSync(root, { recursive: true });
    expect(() => first.release()).not.toThrow();
    takeDataDir(path, 'w1', 'second');
    writeFileSync(lock(), '{"pid":1');
    expect(takeDataDir(path, 'w1', 'third')).not.toHaveProperty('predecessor');
  });
});
