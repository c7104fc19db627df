import { expect, test } from 'vitest';
import { createLogger } from '../../../src/log/logger.js';
import { SparingWarning } from '../../../src/log/sparing.js';

function linesOf(log: (logger: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = [];
  log(createLogger({ write: (line) => lines.push(line) }));
  return lines;
}

test('a value of megabytes is cut, and its length told', () => {
  const [line = ''] = linesOf((logger) => logger.info('executed a DDL', { sql: `CREATE ${'x'.repeat(3_000_000)}` }));
  expect(line.length).toBeLessThan(4_300);
  expect(line).toMatch(/x\.\.\. \(3000007 characters\)"\]\n$/);
});

test('sixteen connections that repeat for a minute are a few lines, the first one at once', () => {
  const lines = linesOf((logger) => {
    const repeated = new SparingWarning(logger, 'a batch is repeated');
    for (let now = 0; now < 60_000; now += 2_000) {
      for (let slot = 1; slot <= 16; slot++) repeated.tell({ slot }, now);
    }
  });
  expect(lines).toHaveLength(6);
  expect(lines[0]).toMatch(/\[WARN\] \["a batch is repeated"\] \[slot=1\] \[times=1\]/);
  expect(lines[1]).toContain('[times=80]');
});
