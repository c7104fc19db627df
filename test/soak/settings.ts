/** What can be chosen on the command line of the soak. */
import { parseArgs } from 'node:util';
import type { Flavor } from '../../src/config/types.js';

/** An upstream's and a downstream's flavor. */
export type Pair = readonly [up: Flavor, down: Flavor];

export interface Settings {
  /** Of the first round; each following one adds 1. */
  seed: number;
  /** Rounds to run; Infinity = until the time is over. */
  rounds: number;
  /** Minutes after which no round is begun any more. */
  minutes: number;
  /** Seconds of writing before each comparison. */
  seconds: number;
  /** Servers to go through, one pair a round. */
  pairs: Pair[];
  /** Whether processes, connections and servers are disturbed. */
  chaos: boolean;
  /** Goes on after a difference, with its databases kept. */
  keepGoing: boolean;
}

const PAIRS: Record<string, Pair> = {
  'mysql-mysql': ['mysql', 'mysql'],
  'mariadb-mysql': ['mariadb', 'mysql'],
  'mariadb-mariadb': ['mariadb', 'mariadb'],
  'mysql-mariadb': ['mysql', 'mariadb'],
};

const USAGE = `usage: npm run soak -- [--seed N] [--rounds N] [--minutes N] [--seconds N] [--pairs ${Object.keys(PAIRS).join(',')}] [--calm] [--keep-going]`;

/** Reads the arguments. @throws Error that says how to call */
export function readSettings(args: string[]): Settings {
  const text = { type: 'string' as const };
  const flag = { type: 'boolean' as const, default: false };
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: { seed: text, rounds: text, minutes: text, seconds: text, pairs: text, calm: flag, 'keep-going': flag },
    }));
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
  const positive = (given: string | undefined, byDefault: number): number => {
    const value = given === undefined ? byDefault : Number(given);
    if (!(value > 0)) throw new Error(`not a positive number: ${given}\n${USAGE}`);
    return value;
  };
  const pairs = (values.pairs ?? Object.keys(PAIRS).join(',')).split(',').map((name) => {
    const pair = PAIRS[name];
    if (pair === undefined) throw new Error(`no pair "${name}"\n${USAGE}`);
    return pair;
  });
  const isLimited = values.rounds !== undefined || values.minutes !== undefined;
  return {
    seed: positive(values.seed, Math.floor(Date.now() / 1000) % 1_000_000_000),
    rounds: positive(values.rounds, Infinity),
    minutes: positive(values.minutes, isLimited ? Infinity : 10),
    seconds: positive(values.seconds, 12),
    pairs,
    chaos: !values.calm,
    keepGoing: values['keep-going'],
  };
}
