/** Full copy of sysbench rows: dump and load against mydumper and myloader, both with their default number of threads. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../tools/parts/command.js';
import { resolveMydumper } from '../../tools/parts/load-tools.js';
import { assertSame, Bench, median, say, subtask, sysbench } from './environment.js';
import { seconds, type ReportRow } from './report.js';
import type { Settings } from './settings.js';
import { UnitProcess } from './unit-process.js';

const DATABASE = 'sbtest';
/** Rows of one of mydumper's chunks: without cutting tables it would read a single one with a single thread. */
const MYDUMPER_ROWS = '100000';

export async function benchFull(settings: Settings): Promise<ReportRow[]> {
  await using bench = new Bench();
  const [up, down] = await Promise.all([bench.server(), bench.server()]);
  const [source, target] = [await bench.connect(up), await bench.connect(down)];
  const dir = await bench.directory();
  await source.query(`CREATE DATABASE ${DATABASE}`);
  await sysbench(up, 'oltp_write_only', ['--tables=1', `--table-size=${settings.rows}`], 'prepare');
  const { mydumper, myloader } = await resolveMydumper();
  const login = (server: typeof up): string[] => [
    '-h',
    server.host,
    '-P',
    String(server.port),
    '-u',
    server.user,
    '-p',
    server.password,
  ];
  const env = (tool: typeof mydumper) => (tool.env === undefined ? {} : { env: tool.env });

  const reference = async (): Promise<[number, number]> => {
    const files = join(dir, 'mydumper');
    await rm(files, { recursive: true, force: true });
    const start = performance.now();
    await run(
      mydumper.command,
      [...mydumper.args, ...login(up), '-B', DATABASE, '-t', '4', '-r', MYDUMPER_ROWS, '-o', files],
      env(mydumper),
    );
    const between = performance.now();
    await run(myloader.command, [...myloader.args, ...login(down), '-t', '4', '-d', files], env(myloader));
    return [between - start, performance.now() - between];
  };
  const ours = async (): Promise<[number, number]> => {
    const units = new UnitProcess({
      config: { ...subtask(up, down, DATABASE), taskMode: 'full' },
      dataDir: dir,
      units: ['dump', 'load'],
    });
    const reports = await units.finished();
    return [reports[0]?.ms ?? Number.NaN, reports[1]?.ms ?? Number.NaN];
  };

  const times = { ours: [] as [number, number][], reference: [] as [number, number][] };
  for (let round = 0; round < settings.rounds; round++) {
    // Taking turns, so that what disturbs one side now disturbs the other a moment later.
    for (const side of round % 2 === 0 ? (['reference', 'ours'] as const) : (['ours', 'reference'] as const)) {
      await target.query(`DROP DATABASE IF EXISTS ${DATABASE}`);
      await target.query('DROP DATABASE IF EXISTS dm_meta');
      const result = side === 'ours' ? await ours() : await reference();
      times[side].push(result);
      say(`${side}: dump ${seconds(result[0])}, load ${seconds(result[1])}`);
      await assertSame(source, target, DATABASE);
    }
  }
  const total = (side: keyof typeof times): number => median(times[side].map(([dump, load]) => dump + load));
  const part = (side: keyof typeof times, index: 0 | 1): number => median(times[side].map((pair) => pair[index]));
  const ratio = total('ours') / total('reference');
  return [
    {
      what: `full copy of ${settings.rows} rows, against mydumper + myloader`,
      ours: `${seconds(total('ours'))} (${seconds(part('ours', 0))} + ${seconds(part('ours', 1))})`,
      reference: `${seconds(total('reference'))} (${seconds(part('reference', 0))} + ${seconds(part('reference', 1))})`,
      result: `${ratio.toFixed(2)} times the time`,
      target: '<= 1.2',
      reached: ratio <= 1.2,
    },
  ];
}
