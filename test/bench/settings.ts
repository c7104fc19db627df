/** What can be chosen on the command line of the benchmarks, and the parts they have. */
import { parseArgs } from 'node:util';

export const PARTS = ['full', 'catch-up', 'delay', 'memory'] as const;
export type Part = (typeof PARTS)[number];

export interface Settings {
  parts: Part[];
  /** Rows of the full copy. */
  rows: number;
  /** Transactions to catch up with. */
  transactions: number;
  /** Seconds of steady load. */
  seconds: number;
  /** Transactions a second of the steady load. */
  rate: number;
  /** How often a comparison is repeated; the medians count. */
  rounds: number;
  /** `worker-count` and `batch` of the sync unit while it catches up. */
  workerCount: number;
  batch: number;
  /** Rows of the transaction whose memory is measured. */
  bigRows: number;
}

const USAGE = `usage: npm run bench -- [${PARTS.join('] [')}] [--rows N] [--transactions N] [--rate N] [--seconds N] [--rounds N] [--worker-count N] [--batch N] [--big-rows N]`;

/** Reads the arguments. @throws Error that says how to call */
export function readSettings(args: string[]): Settings {
  const number = { type: 'string' as const };
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        rows: number,
        transactions: number,
        seconds: number,
        rate: number,
        rounds: number,
        'big-rows': number,
        'worker-count': number,
        batch: number,
      },
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
  const { values, positionals } = parsed;
  const unknown = positionals.find((name) => !(PARTS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`no part "${unknown}"\n${USAGE}`);
  const count = (text: string | undefined, byDefault: number): number => {
    const value = Number(text ?? byDefault);
    if (!Number.isInteger(value) || value <= 0) throw new Error(`not a positive number: ${text}\n${USAGE}`);
    return value;
  };
  return {
    parts: positionals.length === 0 ? [...PARTS] : (positionals as Part[]),
    rows: count(values.rows, 1_000_000),
    transactions: count(values.transactions, 60_000),
    seconds: count(values.seconds, 30),
    rate: count(values.rate, 500),
    rounds: count(values.rounds, 3),
    workerCount: count(values['worker-count'], 8),
    batch: count(values.batch, 500),
    bigRows: count(values['big-rows'], 1_000_000),
  };
}
