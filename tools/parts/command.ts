/** Running other programs to their end, and finding them on PATH. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** How to start a program: `command` with `args` before the caller's own. */
export interface Launcher {
  command: string;
  args: string[];
  env?: Record<string, string>;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Text for standard input; none by default. */
  input?: string;
  /** Ends the program after this long. */
  timeoutMs?: number;
}

export interface RunResult {
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. Throws with the last lines of its output when it does not end with 0. */
export function run(command: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (b: Buffer) => out.push(b));
    child.stderr?.on('data', (b: Buffer) => err.push(b));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const stdout = Buffer.concat(out).toString();
      const stderr = Buffer.concat(err).toString();
      if (code === 0) return resolve({ stdout, stderr });
      const tail = `${stderr}\n${stdout}`.trim().split('\n').slice(-8).join('\n');
      reject(new Error(`${command} ended with ${signal ?? code}: ${tail}`));
    });
    // A program that ends without reading its input is judged by its exit code, not by the broken pipe.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input);
  });
}

/** Path of an executable on PATH or in further directories, or undefined. */
export async function findOnPath(name: string, further: string[] = []): Promise<string | undefined> {
  for (const dir of [...(process.env.PATH ?? '').split(delimiter), ...further]) {
    if (dir === '') continue;
    const path = join(dir, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
