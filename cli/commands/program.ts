import { readFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { Command, CommanderError } from 'commander';
import { parseGoDuration } from '../../src/config/go-duration.js';
import { suggest } from '../../src/config/suggest.js';
import { decryptPassword, encryptPassword } from '../../src/config/password.js';
import { dmError } from '../../src/errors/dm-error.js';
import type { DmctlContext } from './context.js';
import { NegativeAnswerError, UsageError, errorText } from './context.js';
import type { GlobalOptions } from './global-options.js';
import { normalizeArguments } from './global-options.js';
import { ddlCommand } from './ddl-inspect.js';
import { checkConfig, getTaskTemplate } from './check-config.js';
import { formatHelp } from './help.js';
import { getConfig, listMember, type MemberFlags } from './members.js';
import { operateSource } from './operate-source.js';
import { operateTask, type TaskOperation } from './operate-task.js';
import { queryStatus } from './query-status.js';
import { checkTask, startTask, type StartFlags } from './start-task.js';

/** dmctl's command line. `context` is where it reads, writes and connects. */
export function createProgram(context: DmctlContext): Command {
  const program = new Command('dmctl')
    .description('DM control')
    .usage('[command]')
    .option('--master-addr <address>', 'Address of the Temporal frontend, also by TEMPORAL_ADDRESS.')
    .option('--namespace <name>', 'Namespace of Temporal, also by TEMPORAL_NAMESPACE.')
    .option('--config <file>', 'Path to configuration file.')
    .option('--rpc-timeout <duration>', 'RPC timeout, default is 10m.')
    .option('--ssl-ca <file>', 'Path of file that contains list of trusted SSL CAs for connection.')
    .option('--ssl-cert <file>', 'Path of file that contains X509 certificate in PEM format for connection.')
    .option('--ssl-key <file>', 'Path of file that contains X509 key in PEM format for connection.')
    .option('--encrypt <text>', 'Encrypts plaintext to ciphertext.')
    .option('--decrypt <text>', 'Decrypts ciphertext to plaintext.')
    .option('-s, --source <strings>', 'MySQL Source ID.', collect)
    .option('-V, --version', 'Prints version and exit.')
    .helpOption('-h, --help', 'help for dmctl')
    .helpCommand('help [command]', 'Help about any command')
    .configureHelp({ formatHelp, showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => context.output.out(text),
      writeErr: (text) => context.output.err(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'Error: ')),
    })
    .exitOverride();
  addTaskCommands(program, context);
  addStatusCommands(program, context);
  addSourceCommands(program, context);
  addPasswordCommands(program, context);
  // It reads standard input, which an interactive session needs itself.
  if (context.interactive !== true) mountDdl(program);
  program.allowExcessArguments().action(() => rootAction(program));
  return program;
}

function collect(value: string, before: string[] | undefined): string[] {
  const items = value.split(',').map((item) => item.trim());
  return [...(before ?? []), ...items.filter((item) => item !== '')];
}

/** Commands of DM whose work is not done here yet: who types one should not look for a typing error. */
const COMMANDS_TO_COME: ReadonlySet<string> = new Set([
  'handle-error',
  'operate-schema',
  'show-ddl-locks',
  'unlock-ddl-lock',
  'transfer-source',
  'start-relay',
  'stop-relay',
  'pause-relay',
  'resume-relay',
  'purge-relay',
  'offline-member',
  'operate-leader',
  'config',
]);

/** Without a command only the special options mean something. */
function rootAction(program: Command): void {
  const [typed] = program.args;
  if (typed !== undefined) {
    const known = program.commands.map((command) => command.name());
    if (COMMANDS_TO_COME.has(typed)) {
      program.error(`error: command "${typed}" of DM is not available in this version; see docs/compatibility.md`);
    }
    program.error(`error: unknown command "${typed}" for "dmctl"${suggest(typed, known)}`);
  }
  program.outputHelp();
}

function addCommand(program: Command, name: string, usage: string, description: string, hidden = false): Command {
  return program
    .command(name, { hidden })
    .description(description)
    .usage(usage)
    .helpOption('-h, --help', `help for ${name}`)
    .configureHelp({ formatHelp, showGlobalOptions: true })
    .exitOverride();
}

function addTaskCommands(program: Command, context: DmctlContext): void {
  const global = (): GlobalOptions => program.opts<GlobalOptions>();
  addCommand(
    program,
    'check-task',
    '<config-file> [--error count] [--warn count]',
    'Checks the configuration file of the task.',
  )
    .argument('<config-file>')
    .option('-e, --error <count>', 'max count of errors to display', '10')
    .option('-w, --warn <count>', 'max count of warns to display', '10')
    .action((file: string, flags: { error: string; warn: string }) => checkTask(context, global(), file, flags));
  addCommand(
    program,
    'check-config',
    '<config-file> [--source-file file ...] [--start-time time]',
    'Checks the configuration file of the task offline, prints what each source gets.',
  )
    .argument('<config-file>')
    .option('--source-file <files>', 'configuration files of the sources of the task', collect)
    .option('--start-time <time>', 'where the task will be started: `meta` may be left out')
    .action((file: string, flags: { sourceFile?: string[]; startTime?: string }) => checkConfig(context, file, flags));
  addCommand(program, 'get-task-template', '', 'Prints a commented configuration file of a task.').action(() =>
    getTaskTemplate(context),
  );
  addCommand(
    program,
    'start-task',
    '[-s source ...] [--remove-meta] [--start-time time] <config-file>',
    'Starts a task as defined in the configuration file.',
  )
    .argument('<config-file>')
    .option('--remove-meta', "whether to remove task's metadata")
    .option('--start-time <time>', "where binlog replication starts, e.g. '2021-10-21 00:01:00' or 2021-10-21T00:01:00")
    .action((file: string, flags: StartFlags) => startTask(context, global(), file, flags));
  for (const [name, op, description] of TASK_OPERATIONS) {
    addCommand(program, name, '[-s source ...] [task-name | task-file]', description)
      .argument('[task]')
      .option('--batch-size <count>', 'tasks at a time when all tasks of a source are meant', '5')
      .action((task: string | undefined, flags: { batchSize: string }) =>
        operateTask(context, global(), op, task, flags),
      );
  }
}

const TASK_OPERATIONS: readonly (readonly [string, TaskOperation, string])[] = [
  ['pause-task', 'Pause', 'Pauses a specified running task.'],
  ['resume-task', 'Resume', 'Resumes a specified paused task.'],
  ['stop-task', 'Stop', 'Stops a specified task.'],
];

function addStatusCommands(program: Command, context: DmctlContext): void {
  const global = (): GlobalOptions => program.opts<GlobalOptions>();
  addCommand(program, 'query-status', '[-s source ...] [task-name | task-file] [--more]', 'Queries task status.')
    .argument('[task]')
    .option('--more', 'whether to print the detailed task information')
    .option('--watch', 'show progress until the task has finished, or an error stops it')
    .option('--interval <seconds>', 'seconds between two looks with --watch', '1')
    .action((task: string | undefined, flags: { more?: boolean; watch?: boolean; interval: string }) =>
      queryStatus(context, global(), task, flags),
    );
  addCommand(
    program,
    'list-member',
    '[--leader] [--master] [--worker] [--name master-name/worker-name ...]',
    'Lists member information.',
  )
    .option('-l, --leader', 'to list leader information')
    .option('-m, --master', 'to list master information')
    .option('-w, --worker', 'to list worker information')
    .option('-n, --name <strings>', 'specify member names in choosing type', collect)
    .action((flags: MemberFlags) => listMember(context, global(), flags));
  addCommand(
    program,
    'get-config',
    '<task | master | worker | source> <name> [--file filename]',
    'Gets the configuration.',
  )
    .argument('<type>')
    .argument('<name>')
    .option('-f, --file <filename>', 'write config to file')
    .action((type: string, name: string, flags: { file?: string }) => getConfig(context, global(), type, name, flags));
  // DM's old name of `get-config task`.
  addCommand(program, 'get-task-config', '<task-name> [--file filename]', 'Gets the configuration of a task.', true)
    .argument('<task-name>')
    .option('-f, --file <filename>', 'write config to file')
    .action((task: string, flags: { file?: string }) => getConfig(context, global(), 'task', task, flags));
}

function addSourceCommands(program: Command, context: DmctlContext): void {
  addCommand(
    program,
    'operate-source',
    '<operate-type> [config-file ...] [--print-sample-config]',
    '`create`/`update`/`stop`/`show` upstream MySQL/MariaDB source.',
  )
    .argument('[operate-type]')
    .argument('[config-file...]')
    .option('-p, --print-sample-config', 'print sample config file of source')
    .action((type: string | undefined, files: string[], flags: { printSampleConfig?: boolean }) =>
      operateSource(context, program.opts<GlobalOptions>(), type, files, flags),
    );
}

function mountDdl(program: Command): void {
  const ddl = ddlCommand().copyInheritedSettings(program);
  for (const child of ddl.commands) child.copyInheritedSettings(program);
  program.addCommand(ddl);
}

function addPasswordCommands(program: Command, context: DmctlContext): void {
  addCommand(program, 'encrypt', '<plain-text>', 'Encrypts plain text to cipher text.')
    .argument('<plain-text>')
    .action((plain: string) => context.output.out(`${encryptPassword(plain)}\n`));
  addCommand(program, 'decrypt', '<cipher-text>', 'Decrypts cipher text to plain text.')
    .argument('<cipher-text>')
    .action((cipher: string) => context.output.out(`${decryptPassword(cipher)}\n`));
}

/** The version of this package. */
export function releaseVersion(): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
      const { name, version } = manifest as { name?: string; version?: string };
      if (name === 'dm-temporal' && version !== undefined) return version;
    } catch {
      // Compiled files stand one directory deeper than their sources.
    }
  }
  return 'unknown';
}

/** What `-V` prints. */
export function versionText(): string {
  return `Release Version: v${releaseVersion()}\nNode Version: ${process.version} ${platform()}/${arch()}\n`;
}

/** How a command line ended. */
export interface Outcome {
  exitCode: number;
}

/** Runs one command line: prints what it has to say and tells the exit code. Never throws. */
export async function runCommandLine(context: DmctlContext, argv: readonly string[]): Promise<Outcome> {
  const words = normalizeArguments(argv);
  try {
    if (await runSpecial(context, words)) return { exitCode: 0 };
    const limit = new TimeLimit(words.includes('--watch'));
    const limited: DmctlContext = {
      ...context,
      services: (options) => {
        limit.begin(options.rpcTimeout);
        return context.services(options);
      },
    };
    await limit.within(createProgram(limited).parseAsync([...words], { from: 'user' }));
    return { exitCode: 0 };
  } catch (error) {
    return { exitCode: report(context, error) };
  }
}

/** `--rpc-timeout`: how long a command may take once it has begun to ask. Watching has no end of its own. */
class TimeLimit {
  private readonly endless: boolean;
  private readonly expired: Promise<never>;
  private expire: (error: Error) => void = () => undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(endless: boolean) {
    this.endless = endless;
    this.expired = new Promise((_resolve, reject) => {
      this.expire = reject;
    });
  }

  begin(duration: string | undefined): void {
    const ms = this.endless || duration === undefined ? undefined : parseGoDuration(duration);
    if (ms === undefined || this.timer !== undefined) return;
    this.timer = setTimeout(() => this.expire(dmError(38033, [`within ${duration}`])), ms);
  }

  async within(work: Promise<unknown>): Promise<void> {
    // Whichever comes second has nobody to tell any more.
    this.expired.catch(() => undefined);
    work.catch(() => undefined);
    try {
      await Promise.race([work, this.expired]);
    } finally {
      clearTimeout(this.timer);
    }
  }
}

/** `-V`, `--encrypt`, `--decrypt`: done before anything else, whatever stands beside them. */
async function runSpecial(context: DmctlContext, words: readonly string[]): Promise<boolean> {
  const value = (name: string): string | undefined => {
    const inline = words.find((word) => word.startsWith(`--${name}=`));
    if (inline !== undefined) return inline.slice(name.length + 3);
    const at = words.indexOf(`--${name}`);
    return at < 0 ? undefined : words[at + 1];
  };
  if (words.includes('-V') || words.includes('--version')) {
    context.output.out(versionText());
    return true;
  }
  const [plain, cipher] = [value('encrypt'), value('decrypt')];
  if (plain !== undefined) context.output.out(`${encryptPassword(plain)}\n`);
  else if (cipher !== undefined) context.output.out(`${decryptPassword(cipher)}\n`);
  return plain !== undefined || cipher !== undefined;
}

function report(context: DmctlContext, error: unknown): number {
  if (error instanceof NegativeAnswerError) return 1;
  if (error instanceof CommanderError) return error.exitCode;
  if (error instanceof UsageError) {
    context.output.err(`Error: ${error.message}. Use \`dmctl <command> --help\` to see more help messages\n`);
    return 1;
  }
  context.output.err(`Error: ${errorText(error)}\n`);
  return 1;
}
