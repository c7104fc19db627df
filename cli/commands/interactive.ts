import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { DmctlContext } from './context.js';
import { complete, type CompletionNames } from './completion.js';
import type { GlobalOptions } from './global-options.js';
import { effectiveOptions } from './global-options.js';
import { runCommandLine, versionText } from './program.js';

const PROMPT = '» ';
const HISTORY_LINES = 1_000;
/** How long names for completion are good. */
const NAMES_AGE_MS = 5_000;

/** What the loop needs of the terminal. */
export interface Terminal {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
  isTty: boolean;
}

/**
 * Reads commands until `exit`, ^C on an empty line, ^D or the end of the input. A command that fails does not end it.
 *
 * @param baseArguments global options that dmctl was started with; they hold for every command
 * @param makeContext the surroundings of one command, which ^C ends
 */
export async function runInteractive(
  terminal: Terminal,
  baseArguments: readonly string[],
  global: GlobalOptions,
  makeContext: (signal: AbortSignal) => DmctlContext,
): Promise<void> {
  const history = new History(process.env['DMCTL_HISTORY'] ?? defaultHistoryPath());
  const names = new NameCache(makeContext(new AbortController().signal), global);
  const lines = createInterface({
    input: terminal.input,
    output: terminal.output,
    prompt: PROMPT,
    terminal: terminal.isTty,
    history: terminal.isTty ? history.load() : [],
    historySize: HISTORY_LINES,
    removeHistoryDuplicates: true,
    completer: async (line: string) => complete(line, await names.get()),
  });
  let running: AbortController | undefined;
  lines.on('SIGINT', () => {
    if (running === undefined) lines.close();
    else running.abort();
  });
  terminal.output.write(`Welcome to dmctl\n${versionText()}\n`);
  lines.prompt();
  for await (const line of lines) {
    const text = line.trim();
    if (text === 'exit' || text === 'quit') break;
    if (text !== '') {
      history.add(text);
      running = new AbortController();
      await runLine(makeContext(running.signal), text, baseArguments);
      running = undefined;
    }
    lines.prompt();
  }
  lines.close();
}

async function runLine(context: DmctlContext, text: string, baseArguments: readonly string[]): Promise<void> {
  const words = text.split(/\s+/);
  let said = false;
  const watching: DmctlContext = {
    ...context,
    interactive: true,
    output: {
      ...context.output,
      out: (t) => ((said ||= t !== ''), context.output.out(t)),
      err: (t) => context.output.err(t),
    },
  };
  const { exitCode } = await runCommandLine(watching, [...baseArguments, ...words]);
  // An answer with `"result": false` speaks for itself.
  if (exitCode !== 0 && !said) context.output.err(`fail to run: [${words.join(' ')}]\n`);
}

/** Names of tasks and sources for completion, asked for again after a while. */
class NameCache {
  private readonly context: DmctlContext;
  private readonly global: GlobalOptions;
  private names: CompletionNames = { tasks: [], sources: [] };
  private at = 0;

  constructor(context: DmctlContext, global: GlobalOptions) {
    this.context = context;
    this.global = global;
  }

  /** Never fails: without an answer the names known so far have to do. */
  async get(): Promise<CompletionNames> {
    try {
      if (Date.now() - this.at > NAMES_AGE_MS) await this.refresh();
    } catch {
      this.at = Date.now();
    }
    return this.names;
  }

  private async refresh(): Promise<void> {
    const { status } = await this.context.services(effectiveOptions(this.global));
    const [tasks, sources] = await Promise.all([status.listTasks(), status.listSources()]);
    this.names = { tasks, sources };
    this.at = Date.now();
  }
}

function defaultHistoryPath(): string {
  const base = process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state');
  return join(base, 'dm-temporal', 'dmctl_history');
}

/** Lines typed before, in a file that only its owner reads. A history that cannot be kept is no reason to fail. */
class History {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Newest first, as readline wants it. */
  load(): string[] {
    try {
      const lines = readFileSync(this.path, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
      const kept = lines.slice(-HISTORY_LINES);
      if (kept.length < lines.length) writeFileSync(this.path, `${kept.join('\n')}\n`, { mode: 0o600 });
      return kept.toReversed();
    } catch {
      return [];
    }
  }

  add(line: string): void {
    // Passwords do not belong into a file.
    if (/(^|\s)-{0,2}(en|de)crypt\b/i.test(line)) return;
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      appendFileSync(this.path, `${line}\n`, { mode: 0o600 });
    } catch {
      // See the class.
    }
  }
}
