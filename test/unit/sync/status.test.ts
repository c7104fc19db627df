import { describe, expect, test } from 'vitest';
import { newCounters } from '../../../src/sync/progress.js';
import { StatusReporter, type StatusSource } from '../../../src/sync/status.js';

const T0 = 1_700_000_000;
const END = { name: 'binlog.000001', pos: 1000, gtidSet: '' };

function source(at: number, more: Partial<StatusSource> = {}): StatusSource {
  return {
    counters: newCounters(),
    flushed: END,
    last: END,
    reader: END,
    inTransaction: false,
    pendingRows: 0,
    oldestPending: undefined,
    flushIsDue: false,
    applying: undefined,
    lastRead: T0,
    upstream: END,
    upstreamAskedAt: at * 1000,
    clockOffset: 0,
    ...more,
  };
}

function reporter(): { at: (now: number, more?: Partial<StatusSource>) => { lag: number; synced: boolean } } {
  const status = new StatusReporter('mysql', false, T0 * 1000);
  return {
    at: (now, more) => {
      const { secondsBehindMaster, synced } = status.progress(source(now, more), now * 1000);
      return { lag: Number(secondsBehindMaster), synced };
    },
  };
}

const AHEAD = { upstream: { ...END, pos: 2000 } };

describe('seconds behind', () => {
  test('0 while everything is read and applied, however long ago the last change was', () => {
    expect(reporter().at(T0 + 5_000)).toEqual({ lag: 0, synced: true });
  });

  test('the age of the oldest change that waits, and of the statement being executed', () => {
    const { at } = reporter();
    expect(at(T0 + 100, { pendingRows: 1, oldestPending: T0 + 93 })).toEqual({ lag: 7, synced: false });
    expect(at(T0 + 100, { applying: T0 + 40 })).toEqual({ lag: 60, synced: false });
    expect(at(T0 + 100, { applying: T0 + 40, clockOffset: 10 })).toEqual({ lag: 70, synced: false });
  });

  test('in old binlogs the age of what is being read', () => {
    expect(reporter().at(T0 + 1, { ...AHEAD, lastRead: T0 - 86_400 })).toEqual({ lag: 86_401, synced: false });
  });

  test('the time since everything was read while the reader does not come on', () => {
    const { at } = reporter();
    expect(at(T0 + 1_000)).toEqual({ lag: 0, synced: true });
    expect(at(T0 + 1_002, AHEAD)).toEqual({ lag: 2, synced: false });
    expect(at(T0 + 1_060, AHEAD)).toEqual({ lag: 60, synced: false });
    expect(at(T0 + 1_060, { ...AHEAD, lastRead: T0 + 1_055 })).toEqual({ lag: 5, synced: false });
  });

  test('the time since the last answer while the upstream gives none', () => {
    const { at } = reporter();
    expect(at(T0 + 1_000).lag).toBe(0);
    expect(at(T0 + 1_005, { upstreamAskedAt: (T0 + 1_000) * 1000 }).lag).toBe(0);
    expect(at(T0 + 1_030, { upstreamAskedAt: (T0 + 1_000) * 1000 })).toEqual({ lag: 30, synced: false });
  });

  test('the time since the start while nothing was read and nothing is known', () => {
    const { at } = reporter();
    expect(at(T0 + 3, { upstream: undefined, upstreamAskedAt: 0, lastRead: undefined })).toEqual({
      lag: 3,
      synced: false,
    });
  });
});

describe('the end of the upstream', () => {
  const G = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
  const shown = (useGtid: boolean, more: Partial<StatusSource>): string[] => {
    const progress = new StatusReporter('mysql', useGtid, T0 * 1000).progress(source(T0, more), T0 * 1000);
    return [progress.masterBinlog, progress.masterBinlogGtid, progress.syncerBinlog];
  };
  const upstream = { name: 'binlog.000009', pos: 900, gtidSet: `${G}:1-10` };

  test('is what the upstream answered', () => {
    const flushed = { name: 'binlog.000009', pos: 500, gtidSet: `${G}:1-8` };
    for (const useGtid of [false, true]) {
      expect(shown(useGtid, { upstream, flushed })).toEqual([
        '(binlog.000009, 900)',
        `${G}:1-10`,
        '(binlog.000009, 500)',
      ]);
    }
  });

  test('is never before what was stored since it answered', () => {
    const flushed = { name: 'binlog.000010', pos: 300, gtidSet: `${G}:1-12` };
    for (const useGtid of [false, true]) {
      expect(shown(useGtid, { upstream, flushed })).toEqual([
        '(binlog.000010, 300)',
        `${G}:1-12`,
        '(binlog.000010, 300)',
      ]);
    }
    expect(shown(false, { upstream, flushed: { ...flushed, gtidSet: '' } })[1]).toBe(`${G}:1-10`);
  });

  test('with GTIDs is told by them: another server of the group has other files', () => {
    const flushed = { name: 'a-bin.000002', pos: 300, gtidSet: `${G}:1-12` };
    expect(shown(true, { upstream, flushed })[1]).toBe(`${G}:1-12`);
    const behind = { name: 'z-bin.000002', pos: 300, gtidSet: `${G}:1-9` };
    expect(shown(true, { upstream, flushed: behind })[0]).toBe('(binlog.000009, 900)');
  });
});
