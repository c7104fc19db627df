import { expect, test } from 'vitest';
import { createLogger } from '../../../src/log/logger.js';
import { MissedRows } from '../../../src/sync/missed-rows.js';
import { newCounters } from '../../../src/sync/progress.js';

test('rows that are not found are told of at once, then from time to time, and all are counted', () => {
  const lines: string[] = [];
  const counters = newCounters();
  const missed = new MissedRows(counters, createLogger({ write: (line) => lines.push(line.replace(/^.*?\["/, '')) }));
  for (let now = 0; now < 20_000; now += 100) missed.report('`db`.`t`', 2, now);
  missed.report('`db`.`other`', 1, 20_000);
  expect(counters.missedRows).toBe(401);
  expect(lines).toHaveLength(3);
  expect(lines[0]).toContain('[rows=2] [total=2]');
  expect(lines[1]).toContain('[rows=200] [total=202]');
  expect(lines[2]).toContain('[rows=1] [total=401]');
});
