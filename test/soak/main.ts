/** `npm run soak`: random writing, random structure changes, and everything that can die dies; both sides must be equal. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runRound, type RoundResult } from './round.js';
import { Servers } from './servers.js';
import { readSettings, type Settings } from './settings.js';

async function main(): Promise<boolean> {
  const settings = readSettings(process.argv.slice(2));
  const dir = await mkdtemp(join(tmpdir(), 'dm-soak-'));
  const ended = { value: false };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (ended.value = true));
  await using servers = new Servers();
  const since = performance.now();
  const minutes = (): number => (performance.now() - since) / 60_000;
  const totals = { rounds: 0, failed: 0, transactions: 0, lives: 0 };
  console.log(`soak: seeds from ${settings.seed}, files in ${dir}`);
  for (let n = 0; n < settings.rounds && minutes() < settings.minutes && !ended.value; n++) {
    const result = await oneRound(settings, servers, dir, n);
    totals.rounds++;
    totals.transactions += result.transactions;
    totals.lives += result.lives;
    if (result.failures.length === 0) continue;
    totals.failed++;
    if (!settings.keepGoing) await untilEnded(ended);
    if (!settings.keepGoing) break;
  }
  const { rounds, failed, transactions, lives } = totals;
  console.log(
    `${rounds} rounds in ${minutes().toFixed(1)} min, ${transactions} transactions, ${lives} processes, ${failed} failed`,
  );
  if (failed === 0) await rm(dir, { recursive: true, force: true });
  return failed === 0;
}

async function oneRound(settings: Settings, servers: Servers, dir: string, n: number): Promise<RoundResult> {
  const { seconds, chaos } = settings;
  const seed = settings.seed + n;
  // By the seed, so that a round is the same when it is run alone.
  const pair = settings.pairs[seed % settings.pairs.length] ?? (['mysql', 'mysql'] as const);
  const [up, down] = [await servers.upstream(pair[0]), await servers.downstream(pair[1])];
  const result = await runRound({ seed, pair, up, down, dir, seconds, chaos });
  const verdict = result.failures.length === 0 ? 'equal' : 'FAILED';
  const disturbances = [...result.disturbances].map(([name, count]) => `${count} ${name}`).join(', ');
  console.log(
    `seed ${seed} ${pair.join(' -> ')}: ${verdict}; ${result.transactions} transactions, ${result.structureChanges} structure changes, ` +
      `${result.refused} of ${result.statements} statements refused, ${result.lives} processes; ${disturbances}; slowest pause ${Math.round(result.slowestPause)} ms`,
  );
  for (const [text, count] of result.errors) console.log(`    ${count} x ${text.slice(0, 300)}`);
  if (result.failures.length > 0) {
    console.log(result.failures.map((line) => `  ! ${line}`).join('\n'));
    console.log(`  repeat: npm run soak -- --seed ${seed} --rounds 1 --pairs ${pair.join('-')} --seconds ${seconds}`);
    console.log(
      `  upstream ${up.host}:${up.port}, downstream ${down.host}:${down.port}, root, soak; ${join(dir, `seed-${seed}`)}`,
    );
  }
  return result;
}

/** Servers stay up for whoever looks at the difference. */
async function untilEnded(ended: { value: boolean }): Promise<void> {
  if (!process.stdin.isTTY) return;
  console.log('  both servers stay until Ctrl-C');
  while (!ended.value) await new Promise((resolve) => setTimeout(resolve, 200));
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
