import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import type { LogLevel } from '../../src/log/logger.js';
import { UsageError } from './usage-error.js';

/** What a dm-worker.toml says (manual section 8.3.3). */
export interface WorkerFile {
  name?: string;
  dataDir?: string;
  workerAddr?: string;
  advertiseAddr?: string;
  logLevel?: LogLevel;
  logFile?: string;
}

const SCHEMA = z.strictObject({
  name: z.string().min(1).optional(),
  'data-dir': z.string().min(1).optional(),
  'worker-addr': z.string().optional(),
  'advertise-addr': z.string().optional(),
  'log-level': z.enum(['debug', 'info', 'warn', 'error', 'fatal']).optional(),
  'log-file': z.string().optional(),
  // Where dm-master is, and for how long a lease holds, is Temporal's matter now; old files keep working.
  join: z.string().optional(),
  'keepalive-ttl': z.int().optional(),
  'relay-keepalive-ttl': z.int().optional(),
});

/** Keys whose silent loss would change who can listen in or connect. */
const REFUSED = new Map(
  ['ssl-ca', 'ssl-cert', 'ssl-key', 'cert-allowed-cn'].map((key) => [
    key,
    'a dm-worker has no port of its own; TLS towards Temporal is set with TEMPORAL_TLS_* variables',
  ]),
);

/**
 * Reads a dm-worker.toml.
 *
 * @throws UsageError naming file, line and key
 */
export function readWorkerFile(path: string): WorkerFile {
  const text = readText(path);
  let table: Record<string, unknown>;
  try {
    table = parse(text);
  } catch (error) {
    if (error instanceof TomlError) throw new UsageError(`${path}:${error.line}: ${firstLine(error.message)}`);
    throw error;
  }
  for (const [key, why] of REFUSED) if (key in table) throw new UsageError(`${at(path, text, key)}: ${why}`);
  const result = SCHEMA.safeParse(table);
  if (!result.success) throw new UsageError(describe(path, text, result.error.issues));
  const { name, 'data-dir': dataDir, 'worker-addr': workerAddr, 'advertise-addr': advertiseAddr } = result.data;
  const { 'log-level': logLevel, 'log-file': logFile } = result.data;
  return {
    ...(name === undefined ? {} : { name }),
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(isGiven(workerAddr) ? { workerAddr } : {}),
    ...(isGiven(advertiseAddr) ? { advertiseAddr } : {}),
    ...(logLevel === undefined ? {} : { logLevel: logLevel === 'fatal' ? 'error' : logLevel }),
    ...(isGiven(logFile) ? { logFile } : {}),
  };
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function describe(path: string, text: string, issues: readonly z.core.$ZodIssue[]): string {
  const issue = issues[0];
  if (issue === undefined) return `${path}: not a valid dm-worker configuration`;
  const key = issue.code === 'unrecognized_keys' ? (issue.keys[0] ?? '') : String(issue.path[0] ?? '');
  const why = issue.code === 'unrecognized_keys' ? 'unknown key' : issue.message;
  return `${at(path, text, key)}: ${why}`;
}

/** `file:line: key`, the line being the first that sets the key. */
function at(path: string, text: string, key: string): string {
  const lines = text.split('\n');
  const line = lines.findIndex((content) => content.trim().replaceAll(/["']/g, '').startsWith(key));
  return line < 0 ? `${path}: ${key}` : `${path}:${line + 1}: ${key}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
