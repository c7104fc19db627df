// `npm run build`: compiles the tree into dist/ and bundles the workflows. With --if-needed only when a source has changed
// since the last build.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ROOT, StepError, mustRun } from './steps.mjs';

const COMPILED = ['src', 'workflows', 'activities', 'cli', 'tools', 'test'];
const LONGEST_BUILD_MS = 300_000;
const LOCK = join(ROOT, 'dist', '.building');
const STAMP = join(ROOT, 'dist', '.built-from');

/** Changes when any file that is compiled changes, comes or goes. */
function sourceState() {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', 'tsconfig.json', 'tools/bundle-workflows.mjs']) {
    hash.update(readFileSync(join(ROOT, file)));
  }
  const visit = (dir) => {
    for (const entry of readdirSync(join(ROOT, dir), { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = `${dir}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (entry.name.endsWith('.ts')) hash.update(path).update(readFileSync(join(ROOT, path)));
    }
  };
  for (const dir of COMPILED) visit(dir);
  return hash.digest('hex');
}

/** Whether dist/ holds what the sources give. */
export function isBuilt() {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === sourceState();
}

/** Whether the process that holds the lock is gone, or has had it for longer than any build takes. */
function isLeftBehind() {
  try {
    const holder = Number(readFileSync(LOCK, 'utf8'));
    if (Date.now() - statSync(LOCK).mtimeMs > LONGEST_BUILD_MS) return true;
    return holder > 0 && !process.kill(holder, 0);
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Does the work while no other process builds here: a file that is written while a process loads it breaks that process. */
async function alone(work) {
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isLeftBehind()) rmSync(LOCK, { force: true });
    else await sleep(200);
  }
  try {
    return await work();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

/**
 * Builds. With `ifNeeded` only when the sources have changed since the last build, by whomever. Throws a StepError when the
 * sources do not compile; what could be compiled is there then all the same.
 */
export async function build({ ifNeeded = false } = {}) {
  if (ifNeeded && isBuilt()) return;
  await alone(async () => {
    if (!ifNeeded || !isBuilt()) await compile();
  });
}

async function compile() {
  // Of before: what changes meanwhile is built the next time.
  const state = sourceState();
  rmSync(STAMP, { force: true });
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  await mustRun('The build failed: see the messages above.', process.execPath, [tsc, '-p', 'tsconfig.json']);
  await mustRun('The workflow bundle failed: see the messages above.', process.execPath, [
    'tools/bundle-workflows.mjs',
  ]);
  writeFileSync(STAMP, state);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await build({ ifNeeded: process.argv.includes('--if-needed') });
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
