/** Command line of the demo. */
import { parseArgs } from 'node:util';
import type { ServerAddress } from '../servers/server-set.js';

export interface DemoOptions {
  /** A server of the user's; default: one that we start. */
  upstream?: Omit<ServerAddress, 'flavor'>;
  downstream?: Omit<ServerAddress, 'flavor'>;
  /** Leave everything running at the end, until Ctrl-C. */
  keep: boolean;
  help: boolean;
}

export const USAGE = `npm run demo -- [options]
  --upstream URL     mysql://user:password@host:port of a MySQL or MariaDB server of yours
  --downstream URL   mysql://user:password@host:port of a TiDB or MySQL server of yours
  --keep             leave everything running for a look, until Ctrl-C
TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and Temporal's other variables name a Temporal server of yours.`;

const DEFAULT_PORT = 3306;

/** Reads the command line. Throws one sentence about what is wrong with it. */
export function readDemoOptions(argv: string[]): DemoOptions {
  const { values } = parseArgs({
    args: argv,
    options: {
      upstream: { type: 'string' },
      downstream: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    upstream: values.upstream === undefined ? undefined : readUrl('--upstream', values.upstream),
    downstream: values.downstream === undefined ? undefined : readUrl('--downstream', values.downstream),
    keep: values.keep,
    help: values.help,
  };
}

function readUrl(option: string, text: string): Omit<ServerAddress, 'flavor'> {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // The text may hold a password: it is not repeated.
    throw new Error(`${option} is no URL of the form mysql://user:password@host:port.`);
  }
  if (url.protocol !== 'mysql:' || url.hostname === '') throw new Error(`${option} must begin with mysql://user@host.`);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    user: decodeURIComponent(url.username) || 'root',
    password: decodeURIComponent(url.password),
  };
}
