import { readFileSync } from 'node:fs';
import { parseGoDuration } from '../../src/config/go-duration.js';
import { suggest } from '../../src/config/suggest.js';
import { dmError } from '../../src/errors/dm-error.js';

/** Options that every command takes. */
export interface GlobalOptions {
  /** Addresses of Temporal's frontend, in the order to try them. */
  masterAddr?: string;
  namespace?: string;
  config?: string;
  rpcTimeout?: string;
  sslCa?: string;
  sslCert?: string;
  sslKey?: string;
  source?: string[];
}

const LONG_OPTIONS = [
  'master-addr',
  'namespace',
  'config',
  'rpc-timeout',
  'ssl-ca',
  'ssl-cert',
  'ssl-key',
  'encrypt',
  'decrypt',
  'version',
  'source',
  'help',
];

/** DM takes its long options with one dash as well, and prints `--V` in its help. */
export function normalizeArguments(argv: readonly string[]): string[] {
  const rest = argv.indexOf('--');
  const end = rest < 0 ? argv.length : rest;
  return argv.map((word, index) => {
    if (index >= end) return word;
    if (word === '--V') return '-V';
    const name = /^-([a-z][a-z-]+)(?==|$)/.exec(word)?.[1];
    return name !== undefined && LONG_OPTIONS.includes(name) ? `-${word}` : word;
  });
}

const FILE_KEYS = {
  'master-addr': 'masterAddr',
  'rpc-timeout': 'rpcTimeout',
  namespace: 'namespace',
  'ssl-ca': 'sslCa',
  'ssl-cert': 'sslCert',
  'ssl-key': 'sslKey',
} as const;

/**
 * The options in effect: those of the command line, then those of dmctl's own file, then the environment.
 *
 * @throws DmError 20002 for a bad file, 20009 for a bad value
 */
export function effectiveOptions(flags: GlobalOptions, env: NodeJS.ProcessEnv = process.env): GlobalOptions {
  const file = flags.config === undefined ? {} : readDmctlFile(flags.config);
  const options: GlobalOptions = { ...file, ...flags };
  // Temporal's own variable says the same and is the newer one.
  const old = env['DM_MASTER_ADDR'];
  if (options.masterAddr === undefined && (env['TEMPORAL_ADDRESS'] ?? '') === '' && old !== undefined && old !== '') {
    options.masterAddr = old;
  }
  if (options.rpcTimeout !== undefined) {
    const ms = parseGoDuration(options.rpcTimeout);
    if (ms === undefined || ms <= 0) {
      throw dmError(20009, [], {
        cause: `--rpc-timeout ${options.rpcTimeout} is not a duration`,
        workaround: 'Please write a time above 0 such as 10m, 30s or 1m30s.',
      });
    }
  }
  temporalAddresses(options);
  return options;
}

/** dmctl's own file: lines of `key = "value"`, comments after `#`. */
function readDmctlFile(path: string): GlobalOptions {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw dmError(20018, [path], { cause });
  }
  const options: GlobalOptions = {};
  text.split(/\r?\n/).forEach((line, index) => {
    if (/^\s*(#.*)?$/.test(line)) return;
    const match = /^\s*([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')\s*(#.*)?$/.exec(line);
    const where = `${path}, line ${index + 1}`;
    if (match === null) throw dmError(20002, [`${where}: expected a line of the form key = "value"`]);
    const [, key, double, single] = match;
    if (!Object.hasOwn(FILE_KEYS, key)) {
      throw dmError(20002, [`${where}, key "${key}": unknown key${suggest(key, Object.keys(FILE_KEYS))}`]);
    }
    options[FILE_KEYS[key as keyof typeof FILE_KEYS]] = double ?? single ?? '';
  });
  return options;
}

/**
 * The addresses of `--master-addr`; one empty text when it is not given, so that Temporal's own configuration decides.
 *
 * @throws DmError 20009 when one is not `host:port`
 */
export function temporalAddresses(options: GlobalOptions): string[] {
  const given = options.masterAddr ?? '';
  if (given === '') return [''];
  return given.split(',').map((item) => {
    const address = item
      .trim()
      .replace(/^https?:\/\//, '')
      .replace(/\/$/, '');
    if (/^(?:[^\s:/]*|\[[0-9a-fA-F:.]+\]):\d{1,5}$/.test(address)) return address.replace(/^:/, '127.0.0.1:');
    throw dmError(20009, [], {
      cause: `--master-addr ${item} is not an address`,
      workaround: 'Please write host:port of the Temporal frontend, e.g. 127.0.0.1:7233.',
    });
  });
}

/** Runs `work` with the options put into the variables that Temporal's configuration reads. */
export async function withTemporalEnvironment<T>(
  options: GlobalOptions,
  address: string,
  work: () => Promise<T>,
): Promise<T> {
  const values: Record<string, string | undefined> = {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: options.namespace,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: options.sslCa,
    TEMPORAL_TLS_CLIENT_CERT_PATH: options.sslCert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: options.sslKey,
  };
  const before = new Map<string, string | undefined>();
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === '') continue;
    before.set(name, process.env[name]);
    process.env[name] = value;
  }
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
