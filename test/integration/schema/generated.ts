import { expect } from 'vitest';
import { tries } from '../../support/effort.js';
import { Mirror, type Address } from './mirror.js';
import { randomStatement } from './random-statement.js';
import { Random } from './random.js';

/** The same statements in every run; `DM_SEED=$RANDOM` looks for new ones. */
const DEFAULT_SEED = 20211130;
/** Accepted statements a flavor. */
const WANTED = tries(3_000);
/** Connections that work side by side, each in a database and with random numbers of its own. */
const LANES = 4;
/** Statements after which a lane starts anew with an empty database. */
const ROUND = 60;
/** Steps after which all tables are compared, not only those that the statement names. */
const WHOLE_EVERY = 12;
/** Differences after which a lane gives up: more would only hide the first. */
const MOST_FAILURES = 8;

interface LaneResult {
  accepted: number;
  refused: number;
  failures: string[];
}

/** Runs random statements on the server and on the tracker until enough were accepted; fails on any difference. */
export async function compareRandomStatements(flavor: 'mysql' | 'mariadb', address: Address): Promise<void> {
  const seed = Number(process.env['DM_SEED'] ?? DEFAULT_SEED);
  const lanes = await Promise.all(
    Array.from({ length: LANES }, (_, lane) => runLane(flavor, address, seed + lane * 7919, lane)),
  );
  const accepted = lanes.reduce((sum, lane) => sum + lane.accepted, 0);
  const refused = lanes.reduce((sum, lane) => sum + lane.refused, 0);
  console.log(`${flavor}: ${accepted} random statements compared (${refused} refused by the server), DM_SEED=${seed}`);
  const failures = lanes.flatMap((lane) => lane.failures);
  expect(failures.join('\n\n'), `repeat with DM_SEED=${seed}`).toBe('');
  expect(accepted).toBeGreaterThanOrEqual(WANTED);
}

async function runLane(flavor: 'mysql' | 'mariadb', address: Address, seed: number, lane: number): Promise<LaneResult> {
  const random = new Random(seed);
  const result: LaneResult = { accepted: 0, refused: 0, failures: [] };
  const mirror = await Mirror.open(address);
  const schema = `c_random_${process.pid}_${lane}`;
  try {
    const share = Math.ceil(WANTED / LANES);
    while (result.accepted < share && result.failures.length < MOST_FAILURES) {
      await mirror.useFresh(schema);
      await runRound(mirror, flavor, random, result);
    }
  } finally {
    await mirror.connection.query(`DROP DATABASE IF EXISTS \`${schema}\``);
    await mirror.close();
  }
  return result;
}

async function runRound(
  mirror: Mirror,
  flavor: 'mysql' | 'mariadb',
  random: Random,
  result: LaneResult,
): Promise<void> {
  const mode = random.pick(['', '', 'STRICT_TRANS_TABLES', 'DEFAULT', 'ANSI_QUOTES']);
  await mirror.execute(`SET SESSION sql_mode = ${mode === 'DEFAULT' ? 'DEFAULT' : `'${mode}'`}`);
  await mirror.execute(`SET SESSION explicit_defaults_for_timestamp = ${random.chance(0.7) ? 'ON' : 'OFF'}`);
  const history: string[] = [];
  for (let step = 0; step < ROUND; step++) {
    const tables = mirror.tables();
    const sql = randomStatement({ random, flavor, schema: mirror.schema, tables });
    let taken: boolean;
    try {
      taken = await mirror.execute(sql);
    } catch (error) {
      result.failures.push(`${sql}\n${String(error)}\nin a database made by\n${history.join(';\n')}`);
      return;
    }
    if (process.env['DM_SHOW_REFUSED'] !== undefined && !taken) console.log(`refused: ${sql}\n  ${mirror.refusal}`);
    if (!taken) {
      result.refused++;
      continue;
    }
    result.accepted++;
    history.push(sql);
    const whole = step % WHOLE_EVERY === 0 || step === ROUND - 1;
    const lines = whole ? await mirror.compare([mirror.schema]) : await mirror.compareTouched();
    if (lines.length > 0) {
      const made = process.env['DM_SHOW_HISTORY'] === undefined ? [] : ['in a database made by', history.join(';\n')];
      result.failures.push([sql, ...lines, ...made].join('\n'));
    }
    if (result.failures.length >= MOST_FAILURES) return;
  }
  result.failures.push(...(await mirror.compareTexts()));
}
