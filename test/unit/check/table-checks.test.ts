import { expect, test } from 'vitest';
import type { TableFacts } from '../../../src/check/facts.js';
import { judgeTargetRows } from '../../../src/check/table-checks.js';

const facts = (name: string, target: string, hasKey: boolean): TableFacts => ({
  schema: 'shop',
  name,
  target: { schema: 'sh`op', table: target },
  engine: 'InnoDB',
  copied: true,
  replicated: true,
  hasKey,
  hasWholeKey: hasKey,
  foreignKeys: [],
  cascades: [],
  collations: [],
});

test('rows that are there already stop a copy, or are doubled where no key tells', () => {
  const { findings } = judgeTargetRows([
    facts('a', 'keyed', true),
    facts('b', 'bare', false),
    facts('c', 'merged', true),
    facts('d', 'merged', false),
    facts('e', 'merged', true),
  ]);
  const doubled = 'without a key, a row that is there will be there twice after the full copy';
  expect(findings.map(({ short_error }) => short_error)).toEqual([
    'table `sh``op`.`keyed` holds rows downstream already: the full copy stops at a key that is there',
    `table \`sh\`\`op\`.\`bare\` holds rows downstream already: ${doubled}`,
    `table \`sh\`\`op\`.\`merged\` holds rows downstream already: ${doubled}`,
  ]);
  expect(findings.every(({ severity }) => severity === 'warn')).toBe(true);
});
