/**
 * A server process that never outlives us: it runs in a session of its own (Ctrl-C in the terminal reaches only us), and
 * a guardian shell kills it and removes its files when this process goes away, SIGKILL included.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Launcher } from '../parts/command.js';

/** Reads one line from its standard input; end of file means that the owner is gone. */
const GUARDIAN = 'read -r answer && exit 0; kill -9 "$1" 2>/dev/null; if [ -n "$2" ]; then sleep 1; rm -rf "$2"; fi';

export interface ChildOptions {
  /** File for standard output and error. */
  logFile: string;
  /** Directory that goes away with an owner that dies without stopping the server. */
  ownedDir?: string;
}

/** A running program. */
export class ServerChild {
  readonly pid: number;
  readonly exited: Promise<void>;
  private readonly child: ChildProcess;
  private readonly logFile: string;
  private running = true;
  private ending = '';

  private constructor(child: ChildProcess, guardian: ChildProcess, logFile: string) {
    this.child = child;
    this.logFile = logFile;
    this.pid = child.pid ?? 0;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.running = false;
        this.ending = `ended with ${signal ?? code}`;
        // The id may be given to another process from now on.
        guardian.stdin?.end('done\n');
        resolve();
      });
    });
  }

  /** Starts a program; throws when it cannot be executed. */
  static async start(launcher: Launcher, args: string[], options: ChildOptions): Promise<ServerChild> {
    const log = openSync(options.logFile, 'a');
    try {
      const child = spawn(launcher.command, [...launcher.args, ...args], {
        detached: true,
        stdio: ['ignore', log, log],
        env: { ...process.env, ...launcher.env },
      });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
      const guardian = spawn('sh', ['-c', GUARDIAN, 'guardian', String(child.pid), options.ownedDir ?? ''], {
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      guardian.stdin?.on('error', () => {});
      // Neither keeps our event loop alive: a script that forgets to stop its servers still ends.
      child.unref();
      guardian.unref();
      (guardian.stdin as { unref?: () => void } | null)?.unref?.();
      return new ServerChild(child, guardian, options.logFile);
    } finally {
      closeSync(log);
    }
  }

  isRunning(): boolean {
    return this.running;
  }

  /** `SIGKILL`, `SIGSTOP` and the like; nothing when it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.running) this.child.kill(signal);
  }

  /** SIGKILL, and waits for the end. */
  async kill(): Promise<void> {
    this.child.ref();
    this.signal('SIGKILL');
    await this.exited;
  }

  /** Asks it to end, kills it when it has not within the time, and waits. */
  async stop(graceMs: number): Promise<void> {
    this.child.ref();
    this.signal('SIGTERM');
    this.signal('SIGCONT');
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  /**
   * Waits until `probe` answers true. Throws with the last lines of the log when the program ends before, or when the
   * time is over.
   */
  async ready(probe: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      if (!this.running) throw new Error(`${this.ending} before it was ready: ${await this.logTail()}`);
      if (await probe()) return;
      if (Date.now() > deadline) throw new Error(`not ready after ${timeoutMs} ms: ${await this.logTail()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  private async logTail(): Promise<string> {
    const text = await readFile(this.logFile, 'utf8').catch(() => '');
    return text.trim().split('\n').slice(-8).join('\n');
  }
}
