import { expect, test } from 'vitest';
import { readStatement, type Statement } from '../../../src/ddl/index.js';
import type { ForeignKey } from '../../../src/schema/model.js';
import { withRealConstraints } from '../../../src/sync/ddl/online-constraints.js';
import { column, index, table } from './support.js';

function read(sql: string): Statement {
  return readStatement(sql, { flavor: 'mysql', serverVersion: 80036, defaultSchema: 'db' });
}

function settled(sql: string, ...names: string[]): string {
  const keys = names.map((name): ForeignKey => ({
    name,
    columns: ['p'],
    refSchema: 'db',
    refTable: 'p',
    refColumns: ['id'],
  }));
  return withRealConstraints(read(sql), table('t', [column('p', 'int')], [index('UNIQUE', 'p')], keys)).text;
}

test.each([
  ['ALTER TABLE t DROP FOREIGN KEY _f', ['f'], 'ALTER TABLE t DROP FOREIGN KEY `f`'],
  ['ALTER TABLE t DROP FOREIGN KEY f', ['_f'], 'ALTER TABLE t DROP FOREIGN KEY `_f`'],
  ['ALTER TABLE t DROP CONSTRAINT `__F`, ADD c INT', ['x', 'f'], 'ALTER TABLE t DROP CONSTRAINT `f`, ADD c INT'],
  [
    'ALTER TABLE t DROP FOREIGN KEY _a, DROP FOREIGN KEY _b',
    ['b', 'a'],
    'ALTER TABLE t DROP FOREIGN KEY `a`, DROP FOREIGN KEY `b`',
  ],
])('%s with %j', (sql, names, expected) => {
  expect(settled(sql, ...names)).toBe(expected);
});

test.each([
  ['ALTER TABLE t DROP FOREIGN KEY _f', ['_f', 'f']],
  ['ALTER TABLE t DROP FOREIGN KEY _f', ['__f', 'f']],
  ['ALTER TABLE t DROP FOREIGN KEY _f', ['g']],
  ['ALTER TABLE t DROP CONSTRAINT k_p', ['_k_p']],
  ['DROP TABLE _f', ['f']],
])('%s with %j stays', (sql, names) => {
  expect(settled(sql, ...names)).toBe(sql);
});
