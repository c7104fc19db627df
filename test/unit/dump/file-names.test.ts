import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  dataFileName,
  databaseFileName,
  decodeFileNamePart,
  encodeFileNamePart,
  isShortened,
  parseDumpFileName,
  tableFileName,
} from '../../../src/dump/file-names.js';

const ODD = [
  'sql',
  'a.sql',
  'my-schema',
  't-schema-create',
  'x-schema-view',
  'a/b',
  '%2E',
  ' ',
  'T',
  't',
  'a`b',
  '"q"',
  '..',
];
const identifier = fc.oneof(
  fc.constantFrom(...ODD),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 64 }),
  fc.string({ unit: fc.constantFrom('a', '.', '-', '%', 'schema', 'é', '漢'), minLength: 1, maxLength: 10 }),
);

test('a name reads back as it was', () => {
  fc.assert(
    fc.property(identifier, (name) => {
      const encoded = encodeFileNamePart(name);
      fc.pre(!isShortened(encoded));
      expect(decodeFileNamePart(encoded)).toBe(name);
      expect(encoded).not.toMatch(/[./\\:*?"<>| ]/);
    }),
  );
});

test('file names tell what a file is and whose, however odd the names', () => {
  fc.assert(
    fc.property(identifier, identifier, fc.nat(99_999), fc.nat(9_999), (schema, table, chunk, part) => {
      const longNames = { [encodeFileNamePart(schema)]: schema, [encodeFileNamePart(table)]: table };
      expect(parseDumpFileName(databaseFileName(schema), longNames)).toEqual({ kind: 'database', schema });
      expect(parseDumpFileName(tableFileName(schema, table), longNames)).toEqual({ kind: 'table', schema, table });
      const data = dataFileName(schema, table, chunk, part);
      expect(parseDumpFileName(data, longNames)).toEqual({ kind: 'data', schema, table });
      expect(Buffer.byteLength(`${data}.tmp`)).toBeLessThanOrEqual(255);
    }),
  );
});

test('names that differ only by case or in the cut part stay apart', () => {
  const long = '漢'.repeat(63);
  expect(encodeFileNamePart(`${long}a`)).not.toBe(encodeFileNamePart(`${long}b`));
  expect(encodeFileNamePart('T')).not.toBe(encodeFileNamePart('t'));
});

test('files of mydumper and dumpling are recognised, views and temporary files are not loaded', () => {
  expect(parseDumpFileName('db.t.sql')).toEqual({ kind: 'data', schema: 'db', table: 't' });
  expect(parseDumpFileName('db.t.00000.sql')).toEqual({ kind: 'data', schema: 'db', table: 't' });
  expect(parseDumpFileName('db.t.00000.00001.sql')).toEqual({ kind: 'data', schema: 'db', table: 't' });
  expect(parseDumpFileName('db.t.0000000010000.sql')).toEqual({ kind: 'data', schema: 'db', table: 't' });
  expect(parseDumpFileName('db.%2Dschema-schema.sql')).toEqual({ kind: 'table', schema: 'db', table: '-schema' });
  expect(parseDumpFileName('metadata')).toEqual({ kind: 'metadata' });
  for (const name of [
    'db.v-schema-view.sql',
    'db.t-schema-triggers.sql',
    'db-schema-post.sql',
    'db.t.0.sql.tmp',
    'x.json',
  ]) {
    expect(parseDumpFileName(name), name).toEqual({ kind: 'ignored' });
  }
});

test('a file that no table can be found for is not passed over', () => {
  expect(parseDumpFileName('db.t.000000000.sql.gz')).toEqual({ kind: 'unreadable' });
  expect(parseDumpFileName('a.b.c.sql')).toEqual({ kind: 'unreadable' });
  expect(parseDumpFileName('t.sql')).toEqual({ kind: 'unreadable' });
});
