// Steps of a run: each says what it does, how long it took, and, when it fails, one sentence.
import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Exit code of what was ended from outside. */
const INTERRUPTED = 130;

/** A failure that needs no stack trace. */
export class StepError extends Error {}

const children = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // From a terminal the children got it as well; each ends what it started, then we end with their exit.
    if (signal !== 'SIGINT') for (const child of children) child.kill(signal);
    if (children.size === 0) process.exit(INTERRUPTED);
  });
}

/** Runs a program in the repository's folder; resolves with its exit code. Ends this process when it was interrupted. */
export async function run(command, args, options = {}) {
  const code = await new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: [options.interactive ? 'inherit' : 'ignore', 'inherit', 'inherit'],
      env: options.env ?? process.env,
      shell: options.shell ?? false,
    });
    children.add(child);
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => {
      children.delete(child);
      resolve(signal ? INTERRUPTED : exitCode);
    });
  });
  if (code === INTERRUPTED) process.exit(INTERRUPTED);
  return code;
}

/** Runs a program that has to work; its failure is the sentence. */
export async function mustRun(sentence, command, args, options) {
  if ((await run(command, args, options)) !== 0) throw new StepError(sentence);
}

const taken = [];

/** Does a part of the work, and says what and for how long. */
export async function step(name, work) {
  const start = performance.now();
  console.log(`==> ${name}`);
  try {
    return await work();
  } finally {
    const seconds = (performance.now() - start) / 1000;
    taken.push({ name, seconds });
    console.log(`    ${name}: ${seconds.toFixed(1)} s`);
  }
}

/** Lines that tell how long each step took. */
export function times() {
  return taken.map(({ name, seconds }) => `${seconds.toFixed(1).padStart(8)} s  ${name}`);
}
