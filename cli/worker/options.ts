import { hostname } from 'node:os';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { LogLevel } from '../../src/log/logger.js';
import { readWorkerFile, type WorkerFile } from './config-file.js';
import { UsageError } from './usage-error.js';

/** What a dm-worker is told on its command line and in its file. */
export interface WorkerOptions {
  name: string;
  /** Shown by list-member. */
  addr: string;
  dataDir: string;
  maxSources: number;
  logLevel: LogLevel;
  /** Standard error when absent. */
  logFile?: string;
}

const DEFAULT_MAX_SOURCES = 16;
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

interface Flags {
  name?: string;
  dataDir?: string;
  config?: string;
  maxSources?: number;
  logLevel?: LogLevel;
  logFile?: string;
  workerAddr?: string;
  advertiseAddr?: string;
  join?: string;
}

/**
 * Reads the command line, and the file it names; a flag wins over the file.
 *
 * @throws UsageError with one sentence for the user
 */
export function readWorkerOptions(argv: readonly string[], version: string): WorkerOptions {
  const flags = parseFlags(argv, version);
  const file: WorkerFile = flags.config === undefined ? {} : readWorkerFile(flags.config);
  const addr = flags.advertiseAddr ?? file.advertiseAddr ?? flags.workerAddr ?? file.workerAddr;
  const name = flags.name ?? file.name ?? addr ?? hostname();
  if (!/^[^\s/\\]{1,200}$/.test(name))
    throw new UsageError(`the worker name "${name}" must have no spaces and no slashes`);
  const options: WorkerOptions = {
    name,
    addr: addr ?? hostname(),
    dataDir: flags.dataDir ?? file.dataDir ?? `${name}.data`,
    maxSources: flags.maxSources ?? DEFAULT_MAX_SOURCES,
    logLevel: flags.logLevel ?? file.logLevel ?? 'info',
  };
  const logFile = flags.logFile ?? file.logFile;
  if (logFile !== undefined) options.logFile = logFile;
  return options;
}

function parseFlags(argv: readonly string[], version: string): Flags {
  const program = new Command('dm-worker')
    .description('Hosts the workflows and moves the data of Data Migration on Temporal.')
    .option('--name <name>', 'human-readable name of this dm-worker (default: its address)')
    .option('--data-dir <directory>', 'directory for dump files (default: <name>.data)')
    .option('--config <file>', 'path of a dm-worker.toml')
    .option('--max-sources <number>', 'most sources to hold at a time', positiveInteger)
    .option('-L, --log-level <level>', 'log level: debug, info, warn, error', logLevel)
    .option('--log-file <file>', 'log file path (default: standard error)')
    .option('--worker-addr <address>', 'address of this dm-worker, shown by list-member')
    .option('--advertise-addr <address>', 'address to show instead of --worker-addr')
    .option('--join <addresses>', 'accepted for old scripts; Temporal is found by TEMPORAL_ADDRESS')
    .version(version, '-V, --version', 'print the version and exit')
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  try {
    program.parse(argv.map(doubleDash), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) throw new UsageError('', 0);
    throw new UsageError(error.message.replace(/^error: /, ''));
  }
  return program.opts<Flags>();
}

/** DM's processes take Go's `-config x` as well as `--config x`. */
function doubleDash(argument: string): string {
  return /^-[a-zA-Z][a-z-]+/.test(argument) ? `-${argument}` : argument;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('it must be a whole number above 0.');
  return value;
}

function logLevel(text: string): LogLevel {
  const level = LEVELS.find((known) => known === text);
  // DM's "fatal" is above all that is ever logged here.
  if (level === undefined && text !== 'fatal')
    throw new InvalidArgumentError(`it must be one of ${LEVELS.join(', ')}.`);
  return level ?? 'error';
}
