/** The product's own programs, run as a user runs them. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../parts/cache.js';
import { ServerChild } from '../servers/child.js';

const READY_MS = 30_000;
const STOP_GRACE_MS = 12_000;

function program(name: string): string {
  return join(repositoryRoot(), 'dist', 'cli', `${name}.js`);
}

/** Answer of a dmctl command. */
export interface DmctlAnswer {
  result: boolean;
  msg: string;
  sources?: { result: boolean; msg: string; source: string; worker: string }[];
}

/** Runs dmctl. Throws its messages when it does not answer `"result": true`. */
export async function dmctl(args: string[], env: Record<string, string>): Promise<DmctlAnswer> {
  const { code, output, errors } = await runDmctl(args, env);
  const answer = readAnswer(output);
  if (code === 0 && answer?.result !== false) return answer ?? { result: true, msg: output.trim() };
  const failed = (answer?.sources ?? []).filter((s) => !s.result).map((s) => `${s.source}: ${s.msg}`);
  const text = [answer?.msg ?? output, ...failed, errors].filter((t) => t.trim() !== '').join('; ');
  throw new Error(`dmctl ${args.join(' ')} ended with ${code}: ${text.trim()}`);
}

/** What dmctl printed, and its exit code. */
export interface DmctlRun {
  code: number | null;
  output: string;
  errors: string;
}

/** Runs dmctl, whatever it answers. */
export async function runDmctl(args: string[], env: Record<string, string>): Promise<DmctlRun> {
  const child = spawn(process.execPath, [program('dmctl'), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (data) => (output += String(data)));
  child.stderr.on('data', (data) => (errors += String(data)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, output, errors };
}

function readAnswer(output: string): DmctlAnswer | undefined {
  try {
    return JSON.parse(output) as DmctlAnswer;
  } catch {
    return undefined;
  }
}

/** One dm-worker process after the other under one name and with one data directory. */
export class WorkerProgram {
  readonly logFile: string;
  private readonly args: string[];
  private readonly env: Record<string, string>;
  readonly name: string;
  private child: ServerChild | undefined;

  constructor(name: string, workDir: string, env: Record<string, string>, more: readonly string[] = []) {
    this.name = name;
    this.env = env;
    this.logFile = join(workDir, `${name}.log`);
    this.args = ['--name', name, '--data-dir', join(workDir, `${name}-data`), ...more];
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Starts a process and waits until it says that it is ready. `env` is added to the worker's own environment. */
  async start(env: Record<string, string> = {}): Promise<void> {
    const launcher = { command: process.execPath, args: [program('dm-worker')], env: { ...this.env, ...env } };
    const before = await this.readyLines();
    const child = await ServerChild.start(launcher, this.args, { logFile: this.logFile });
    this.child = child;
    await child.ready(async () => (await this.readyLines()) > before, READY_MS);
  }

  isRunning(): boolean {
    return this.child?.isRunning() ?? false;
  }

  /** Resolves when the process has ended, by itself or not. */
  async ended(): Promise<void> {
    await this.child?.exited;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.child?.kill();
  }

  /** SIGSTOP: the process stays, holds its connections, and does nothing. */
  freeze(): void {
    this.child?.signal('SIGSTOP');
  }

  /** SIGCONT. */
  resume(): void {
    this.child?.signal('SIGCONT');
  }

  /** SIGTERM, as a service manager does. */
  async stop(): Promise<void> {
    await this.child?.stop(STOP_GRACE_MS);
  }

  private async readyLines(): Promise<number> {
    const text = await readFile(this.logFile, 'utf8').catch(() => '');
    return text.split(`dm-worker "${this.name}" is ready`).length - 1;
  }
}
