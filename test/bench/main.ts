/** `npm run bench`: compares this product with mydumper and MySQL's replica, on one machine in one run, and prints a table. */
import { cpus, totalmem } from 'node:os';
import { benchCatchUp } from './catch-up.js';
import { benchDelay } from './delay.js';
import { benchFull } from './full.js';
import { benchMemory } from './memory.js';
import { formatReport, type ReportRow } from './report.js';
import { readSettings, type Part, type Settings } from './settings.js';

const BENCHES: Record<Part, (settings: Settings) => Promise<ReportRow[]>> = {
  full: benchFull,
  'catch-up': benchCatchUp,
  delay: benchDelay,
  memory: benchMemory,
};

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2));
  const rows: ReportRow[] = [];
  for (const part of settings.parts) {
    process.stderr.write(`==> ${part}\n`);
    rows.push(...(await BENCHES[part](settings)));
  }
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  process.stdout.write(`\n${machine}\n\n${formatReport(rows)}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
