import type { Client } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { DmError, dmError, toDmError } from '../../src/errors/dm-error.js';
import { connectTemporal, TemporalUnreachableError, type TemporalAccess } from '../client.js';
import { Commands, NoAnswerError, NotFoundError } from '../commands-client.js';
import { formatForReading, formatJson } from '../output/json.js';
import { StatusClient } from '../status-client.js';
import { noWorker } from './no-worker.js';
import { Checks } from './checks-client.js';
import type { GlobalOptions } from './global-options.js';
import { temporalAddresses, withTemporalEnvironment } from './global-options.js';

/** Where a command writes. */
export interface Output {
  out(text: string): void;
  err(text: string): void;
  /** Width of the terminal; absent when the output is none. */
  columns?: number;
}

/** What commands work with. One for a whole interactive session. */
export interface Services {
  client: Client;
  commands: Commands;
  status: StatusClient;
  checks: Checks;
  address: string;
  namespace: string;
}

/** Surroundings of a command. */
export interface DmctlContext {
  output: Output;
  /** Connects on first use. */
  services(options: GlobalOptions): Promise<Services>;
  /** Fires when the user wants the running command to end. */
  signal: AbortSignal;
  /** Reads a file that the user named. Throws as `readFileSync` does. */
  readFile(path: string): string;
  writeFile(path: string, text: string): void;
  /** One line of a session, which owns standard input. */
  interactive?: boolean;
}

/** The command answered `"result": false`: printed already, and an error for the shell. */
export class NegativeAnswerError extends Error {
  override readonly name = 'NegativeAnswerError';
}

/** Wrong arguments: one sentence and the command's usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What answers have in common. A `result` of true at the top may stand above a source's false. */
export interface Answer {
  result: boolean;
  sources?: readonly { result?: boolean }[];
  tasks?: readonly { result?: boolean }[];
}

/**
 * Prints an answer as JSON; on a terminal with line breaks inside of texts as they are.
 *
 * @throws NegativeAnswerError when a `result` in it is false
 */
export function printAnswer(context: DmctlContext, answer: Answer): void {
  const { columns } = context.output;
  context.output.out(`${columns === undefined ? formatJson(answer) : formatForReading(answer)}\n`);
  const parts = [answer, ...(answer.sources ?? []), ...(answer.tasks ?? [])];
  if (parts.some(({ result }) => result === false)) throw new NegativeAnswerError();
}

/** Text of an error in an answer's `msg`. */
export function errorText(error: unknown): string {
  return describeError(error).toString();
}

const NAMESPACE_ADVICE =
  'Please give the namespace that the dm-workers use (`--namespace` or TEMPORAL_NAMESPACE), or make it: `temporal operator namespace create`.';

/** Any error that a command may meet, as DM's. */
export function describeError(error: unknown): DmError {
  if (error instanceof DmError) return error;
  if (error instanceof TemporalUnreachableError) return dmError(48001, [], { cause: error });
  if (error instanceof NoAnswerError) return noWorker(error);
  if (error instanceof NamespaceNotFoundError)
    return dmError(48001, [], { cause: error, workaround: NAMESPACE_ADVICE });
  return toDmError(error);
}

/** Whether an error says that the workflow asked for does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof NotFoundError;
}

const CONNECT_TIMEOUT_MS = 5_000;

/** A session's connection to Temporal: made on first use, made again for other options, closed at the end. */
export class Session {
  private access: TemporalAccess | undefined;
  private key = '';

  async services(options: GlobalOptions): Promise<Services> {
    const key = JSON.stringify(options);
    if (this.access === undefined || key !== this.key) {
      await this.close();
      this.access = await connectToAny(options);
      this.key = key;
    }
    const { client, address, namespace } = this.access;
    const commands = new Commands(client);
    const status = new StatusClient(client);
    return { client, commands, status, checks: new Checks(client, status), address, namespace };
  }

  async close(): Promise<void> {
    const access = this.access;
    this.access = undefined;
    await access?.close();
  }
}

/** Tries the addresses in their order. */
async function connectToAny(options: GlobalOptions): Promise<TemporalAccess> {
  const addresses = temporalAddresses(options);
  let failure: unknown;
  for (const address of addresses) {
    try {
      return await withTemporalEnvironment(options, address, () =>
        connectTemporal(Math.max(1_000, CONNECT_TIMEOUT_MS / addresses.length)),
      );
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}
