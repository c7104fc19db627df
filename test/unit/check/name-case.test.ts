import { expect, test } from 'vitest';
import type { ServerFacts } from '../../../src/check/facts.js';
import { judgeNameCase } from '../../../src/check/server-checks.js';

/** Only the one variable is looked at. */
const server = (lowerCaseTableNames: number): ServerFacts => ({ info: { lowerCaseTableNames } }) as ServerFacts;

test.each([
  [0, 0, undefined],
  [0, 1, 'names that differ only by case become one there'],
  [0, 2, 'names that differ only by case become one there'],
  [1, 0, undefined],
  [1, 2, undefined],
  [2, 2, undefined],
  [2, 1, undefined],
  [2, 0, 'the full copy makes tables as they are spelled upstream'],
])('lower_case_table_names %i upstream and %i downstream', (up, down, warning) => {
  const text = JSON.stringify(judgeNameCase(server(up), server(down)));
  if (warning === undefined) expect(text).not.toContain('lower_case_table_names');
  else expect(text).toContain(warning);
});
