import { expect, test } from 'vitest';
import { judgeStructures } from '../../../src/check/structure-checks.js';
import { checkTable, downstreamOf } from '../../../src/schema/downstream-diff.js';
import { table } from '../schema/helpers.js';

test('what TiDB refuses and does otherwise is a warning with a way out', () => {
  const structure = table('CREATE TABLE t (id INT PRIMARY KEY, p POINT, s TEXT, FULLTEXT KEY f (s))');
  const { findings } = judgeStructures(checkTable(structure, downstreamOf('8.0.11-TiDB-v7.5.1')));
  const texts = findings.filter(({ short_error }) => !short_error.includes('collation'));
  expect(texts.map(({ severity, short_error }) => `${severity}: ${short_error}`)).toEqual([
    'warn: the downstream will refuse table `db`.`t`: TiDB does not have the type point of column `p`',
    'warn: table `db`.`t`: TiDB reads the full-text index `f` and does not create it',
  ]);
  expect(texts.every(({ instruction }) => (instruction ?? '') !== '')).toBe(true);
});
