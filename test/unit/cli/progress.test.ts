import { describe, expect, it } from 'vitest';
import { bar, byteText, clock, count, gauge, progressLine } from '../../../cli/output/progress.js';
import { StatusScreen } from '../../../cli/output/watch.js';
import type { SubtaskSnapshot } from '../../../cli/output/status.js';
import type { Progress, SubtaskState } from '../../../workflows/contract.js';

function snapshot(unit: SubtaskState['unit'], progress: Progress, more: Partial<SubtaskState> = {}): SubtaskSnapshot {
  const state = { stage: 'Running', unit, worker: 'w', result: null, expectedStage: 'Running', attempt: 1, ...more };
  return { task: 't', sourceId: 's', answered: true, state: state as SubtaskState, progress };
}

const load = (finishedBytes: string, finishedRows: string): Progress => ({
  unit: 'Load',
  finishedBytes,
  totalBytes: '4194304',
  finishedRows,
  bps: '0',
  metaBinlog: '',
  metaBinlogGTID: '',
});

const dump = (finishedRows: string, estimateTotalRows: string, completedTables: number): Progress => ({
  unit: 'Dump',
  totalTables: 2,
  completedTables,
  finishedBytes: '2048',
  finishedRows,
  estimateTotalRows,
  bps: '0',
});

const sync = (totalRows: string, synced: boolean): Progress => ({
  unit: 'Sync',
  totalEvents: '1',
  totalTps: '1',
  recentTps: '1',
  totalRows,
  recentRps: '1',
  masterBinlog: '(b.000002, 99)',
  masterBinlogGtid: '',
  syncerBinlog: '(b.000001, 4)',
  syncerBinlogGtid: '',
  readerBinlog: '',
  synced,
  binlogType: 'remote',
  secondsBehindMaster: '7',
});

describe('a progress line', () => {
  it('of a load: part, rows, bytes, rates and the time left', () => {
    const before = { at: 1000, rows: 10_000n, bytes: 1_048_576n };
    expect(progressLine(snapshot('Load', load('2097152', '30000')), before, 3000)).toBe(
      't/s  Load  Running   [############------------]  50.00 %  30.0k rows  10.0k rows/s  2.0 MiB of 4.0 MiB  512.0 KiB/s  ETA 00:00:04',
    );
  });

  it('of a dump never claims the end before the tables are done', () => {
    expect(gauge(dump('50', '100', 0)).part).toBe(0.5);
    expect(gauge(dump('500', '100', 1)).part).toBe(0.99);
    expect(gauge(dump('500', '100', 2)).part).toBe(1);
    expect(gauge(dump('0', '0', 1)).part).toBe(0.5);
  });

  it('of a replication: rate and lag', () => {
    const before = { at: 0, rows: 0n, bytes: 0n };
    expect(progressLine(snapshot('Sync', sync('5000', false)), before, 1000)).toBe(
      't/s  Sync  Running   5000 rows  5000 rows/s  lag 7 s  at (b.000001, 4) of (b.000002, 99)',
    );
    expect(progressLine(snapshot('Sync', sync('5000', true)), before, 1000)).toContain('  synced  ');
  });

  it('of trouble: the error, the attempt, the silence', () => {
    const error = { ErrCode: 10006, Message: 'execute', RawCause: 'Error 1062', Workaround: '' };
    const result = {
      isCanceled: false,
      errors: [{ ...error, ErrClass: '', ErrScope: '', ErrLevel: '' }],
      detail: null,
    };
    expect(progressLine(snapshot('Load', load('0', '0'), { stage: 'Paused', result }), undefined, 0)).toContain(
      'error 10006: execute Error 1062',
    );
    const trying = { ...snapshot('Load', load('0', '0')), retrying: { attempt: 4 } };
    expect(progressLine(trying, undefined, 0)).toContain('attempt 4: waiting for a worker');
    expect(progressLine({ ...trying, answered: false }, undefined, 0)).toContain('no dm-worker answers');
  });
});

describe('numbers for people', () => {
  it('are short', () => {
    expect([0, 999, 9999, 12_345, 12_345_678].map(count)).toEqual(['0', '999', '9999', '12.3k', '12.3M']);
    expect([0, 1023, 1024, 1.5 * 2 ** 30, 2 ** 50].map(byteText)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '1.5 GiB',
      '1024.0 TiB',
    ]);
    expect([0, 65, 3661, 360_000].map(clock)).toEqual(['00:00:00', '00:01:05', '01:01:01', '100:00:00']);
    expect([bar(-1), bar(0.5), bar(2)].map((text) => text.split('#').length - 1)).toEqual([0, 12, 24]);
  });
});

describe('the screen', () => {
  it('prints new lines where there is no terminal, and nothing twice', () => {
    const printed: string[] = [];
    const screen = new StatusScreen({ out: (text) => printed.push(text) });
    screen.draw([], 0);
    screen.draw([], 1);
    screen.draw([snapshot('Load', load('1', '1'), { stage: 'Paused' })], 2);
    expect(printed).toEqual(['no task\n', expect.stringContaining('t/s  Load')]);
    expect(printed.join('')).not.toContain('\u001b');
  });

  it('draws over itself on a terminal and keeps to its width', () => {
    const printed: string[] = [];
    const screen = new StatusScreen({ out: (text) => printed.push(text), columns: 40 });
    screen.draw([snapshot('Load', load('1', '1')), snapshot('Sync', sync('1', false))], 0);
    screen.draw([snapshot('Load', load('2', '2'))], 1000);
    expect(printed[0]).not.toContain('\u001b[2A');
    expect(printed[1]).toContain('\u001b[2A');
    const lines = printed.join('').split('\u001b[2K').slice(1);
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line.split('\n')[0].length).toBeLessThan(40);
  });
});
