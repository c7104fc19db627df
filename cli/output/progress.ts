import type { Progress } from '../../workflows/contract.js';
import { percent, type SubtaskSnapshot } from './status.js';

/** What was seen of a subtask at a moment, to tell rates from. */
export interface Sample {
  /** Milliseconds. */
  at: number;
  rows: bigint;
  bytes: bigint;
}

/** The numbers behind a progress line. */
export interface Gauge {
  /** 0 to 1; absent while the whole is unknown, and in replication, which has no end. */
  part?: number;
  rows: bigint;
  bytes: bigint;
  totalBytes?: bigint;
}

/** Reads the numbers of a unit's progress. */
export function gauge(progress: Progress | undefined): Gauge {
  if (progress === undefined || progress.unit === 'Check') return { rows: 0n, bytes: 0n };
  if (progress.unit === 'Sync') return { rows: BigInt(progress.totalRows), bytes: 0n };
  const rows = BigInt(progress.finishedRows);
  const bytes = BigInt(progress.finishedBytes);
  if (progress.unit === 'Dump') {
    const expected = BigInt(progress.estimateTotalRows);
    const tables = progress.totalTables === 0 ? 0 : progress.completedTables / progress.totalTables;
    // The number of rows is the server's guess: the bar may reach its end only when the tables are done.
    const byRows = expected === 0n ? tables : Math.min(Number(rows) / Number(expected), tables === 1 ? 1 : 0.99);
    return { part: byRows, rows, bytes };
  }
  const totalBytes = BigInt(progress.totalBytes);
  return { part: totalBytes === 0n ? 0 : Number(bytes) / Number(totalBytes), rows, bytes, totalBytes };
}

/** One line for a subtask; `before` is the sample to tell rates from. */
export function progressLine(subtask: SubtaskSnapshot, before: Sample | undefined, now: number): string {
  const { state, progress } = subtask;
  const own = progress?.unit === state.unit ? progress : undefined;
  const numbers = gauge(own);
  const seconds = before === undefined ? 0 : (now - before.at) / 1000;
  const perSecond = (value: bigint, old: bigint): number =>
    seconds > 0 ? Math.max(0, Number(value - old)) / seconds : 0;
  const rowRate = before === undefined ? 0 : perSecond(numbers.rows, before.rows);
  const byteRate = before === undefined ? 0 : perSecond(numbers.bytes, before.bytes);
  const head = `${subtask.task}/${subtask.sourceId}  ${state.unit.padEnd(5)} ${state.stage.padEnd(8)}`;
  const body =
    own?.unit === 'Sync' ? syncText(own, rowRate) : copyText(numbers, rowRate, byteRate, state.stage === 'Finished');
  return [head, body, trouble(subtask)].filter((text) => text !== '').join('  ');
}

function copyText(numbers: Gauge, rowRate: number, byteRate: number, finished: boolean): string {
  const part = finished ? 1 : numbers.part;
  const parts: string[] = [];
  if (part !== undefined)
    parts.push(`${bar(part)} ${percent(BigInt(Math.round(part * 1e6)), 1_000_000n, finished).padStart(8)}`);
  if (numbers.rows > 0n) parts.push(`${count(Number(numbers.rows))} rows`);
  if (rowRate > 0) parts.push(`${count(rowRate)} rows/s`);
  if (numbers.bytes > 0n) {
    const total = numbers.totalBytes === undefined ? '' : ` of ${byteText(Number(numbers.totalBytes))}`;
    parts.push(`${byteText(Number(numbers.bytes))}${total}`);
  }
  if (byteRate > 0) parts.push(`${byteText(byteRate)}/s`);
  const left = remainingSeconds(numbers, rowRate, byteRate);
  if (left !== undefined && !finished) parts.push(`ETA ${clock(left)}`);
  return parts.join('  ');
}

function remainingSeconds(numbers: Gauge, rowRate: number, byteRate: number): number | undefined {
  if (numbers.totalBytes !== undefined) {
    return byteRate > 0 ? Number(numbers.totalBytes - numbers.bytes) / byteRate : undefined;
  }
  const { part } = numbers;
  if (part === undefined || part === 0 || rowRate === 0) return undefined;
  return (Number(numbers.rows) * (1 - part)) / part / rowRate;
}

function syncText(sync: Extract<Progress, { unit: 'Sync' }>, rowRate: number): string {
  const lag = sync.synced ? 'synced' : `lag ${sync.secondsBehindMaster} s`;
  return `${count(Number(sync.totalRows))} rows  ${count(rowRate)} rows/s  ${lag}  at ${sync.syncerBinlog} of ${sync.masterBinlog}`;
}

function trouble(subtask: SubtaskSnapshot): string {
  if (!subtask.answered) return 'no dm-worker answers';
  const [error] = subtask.state.result?.errors ?? [];
  if (error !== undefined) return `error ${error.ErrCode}: ${error.Message} ${error.RawCause}`.trimEnd();
  const { retrying } = subtask;
  if (retrying === undefined || subtask.state.stage !== 'Running') return '';
  return `attempt ${retrying.attempt}: ${retrying.error?.RawCause || retrying.error?.Message || 'waiting for a worker'}`;
}

const BAR_WIDTH = 24;

/** `[######------------------]`. */
export function bar(part: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, part)) * BAR_WIDTH);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]`;
}

/** `987`, `12.3k`, `4.5M`. */
export function count(value: number): string {
  if (value < 10_000) return String(Math.round(value));
  if (value < 10_000_000) return `${(value / 1000).toFixed(1)}k`;
  return `${(value / 1e6).toFixed(1)}M`;
}

/** `640 B`, `12.5 KiB`, `3.1 GiB`. */
export function byteText(value: number): string {
  if (value < 1024) return `${Math.round(value)} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let scaled = value / 1024;
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${scaled.toFixed(1)} ${units[unit]}`;
}

/** `00:01:05`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}
