import { describe, expect, it } from 'vitest';
import { hasReached } from '../../../tools/product/position.js';
import type { SyncProgress } from '../../../workflows/contract.js';

function progress(syncerBinlog: string, masterBinlog: string, synced: boolean): SyncProgress {
  return { unit: 'Sync', syncerBinlog, masterBinlog, synced } as SyncProgress;
}

describe('hasReached', () => {
  const target = { file: 'binlog.000009', pos: 500 };

  it.each([
    ['flushed at the target', '(binlog.000009, 500)', '(binlog.000009, 900)', false, true],
    ['flushed in a later file', '(binlog.000010, 4)', '(binlog.000010, 4)', false, true],
    ['flushed before the target', '(binlog.000009, 499)', '(binlog.000009, 900)', false, false],
    ['in the file before, behind a larger number', '(binlog.000008, 9999)', '(binlog.000009, 500)', false, false],
    ['synced with an upstream that had written the target', '(binlog.000009, 400)', '(binlog.000009, 500)', true, true],
    ['synced before the target was written', '(binlog.000009, 400)', '(binlog.000009, 400)', true, false],
    ['nothing flushed yet', '', '(binlog.000009, 500)', false, false],
  ])('%s', (_what, flushed, master, synced, expected) => {
    expect(hasReached(progress(flushed, master, synced), target)).toBe(expected);
  });

  it('is false while there is no replication', () => {
    expect(hasReached(undefined, target)).toBe(false);
  });
});
