import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dialectOf, type ReadOptions } from '../../../src/ddl/dialect.js';
import { T, tokenize } from '../../../src/ddl/lexer.js';

const kindNames = Object.fromEntries(Object.entries(T).map(([name, kind]) => [kind, name]));

/** `Kind:text` of all tokens but blanks and the end. */
function tokens(text: string, options: ReadOptions = { flavor: 'mysql' }): string[] {
  return tokenize(text, dialectOf(options))
    .filter((token) => token.kind !== T.Blank && token.kind !== T.End)
    .map((token) => `${kindNames[token.kind]}:${text.slice(token.start, token.end)}`);
}

const dialects: ReadOptions[] = (['mysql', 'mariadb', 'tidb'] as const).flatMap((flavor) =>
  ['', 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'].flatMap((sqlMode) => [
    { flavor, sqlMode },
    { flavor, sqlMode, serverVersion: 50544 },
  ]),
);

const fragment = fc.constantFrom(
  ...`' " \` \\ /* */ /*! /*!50100 /*!999999 /*M! /*M!100100 /*T! /*T![x] -- # ; . 1 1e5 0x1F 0b01 x'4D' b'1' N'x'`.split(
    ' ',
  ),
  '-- ',
  '\n',
  ' ',
  '_utf8',
  '@a',
  '@@b',
  'CREATE',
  'é',
  '\0',
  '(',
);

/** What is wrong with the tokens of a text; undefined when nothing is. */
function flaw(text: string, options: ReadOptions): string | undefined {
  const list = tokenize(text, dialectOf(options));
  if (list.map((token) => text.slice(token.start, token.end)).join('') !== text) return 'not the text';
  let at = 0;
  for (const { kind, start, end } of list) {
    if (start !== at) return `a gap at ${at}`;
    if (end === start && kind !== T.End) return `an empty token at ${at}`;
    at = end;
  }
  return at === text.length && list.at(-1)?.kind === T.End ? undefined : 'no end';
}

function expectLossless(text: string): void {
  expect(dialects.map((options) => flaw(text, options)).filter(Boolean)).toEqual([]);
}

describe('tokens are lossless', () => {
  it('for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), expectLossless), { numRuns: 300 });
  });

  it('for any sequence of pieces of SQL', () => {
    const text = fc.array(fragment, { maxLength: 25 }).map((pieces) => pieces.join(''));
    fc.assert(fc.property(text, expectLossless), { numRuns: 1000 });
  });

  it('for any bytes read as Latin-1', () => {
    const text = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
    fc.assert(fc.property(text, expectLossless), { numRuns: 300 });
  });
});

describe('quoting', () => {
  it('takes double quotes by sql_mode', () => {
    expect(tokens('"a""b"')).toEqual(['String:"a""b"']);
    expect(tokens('"a""b"', { flavor: 'mysql', sqlMode: 'ANSI_QUOTES' })).toEqual(['QuotedIdent:"a""b"']);
    expect(tokens('"a"', { flavor: 'mysql', sqlMode: 4n })).toEqual(['QuotedIdent:"a"']);
  });

  it('takes backslashes by sql_mode', () => {
    expect(tokens(String.raw`'a\'b'`)).toEqual([String.raw`String:'a\'b'`]);
    expect(tokens(String.raw`'a\' b`, { flavor: 'mysql', sqlMode: 1n << 20n })).toEqual([
      String.raw`String:'a\'`,
      'Word:b',
    ]);
  });

  it('never takes a backslash as escape in names', () => {
    expect(tokens('`a\\` b')).toEqual(['QuotedIdent:`a\\`', 'Word:b']);
    expect(tokens('`a``b`.`c`')).toEqual(['QuotedIdent:`a``b`', 'Symbol:.', 'QuotedIdent:`c`']);
  });

  it('knows national, hex and bit literals, but not names that look like them', () => {
    expect(tokens("N'a' x'4D' 0x4d b'01' 0b1")).toEqual([
      "NationalString:N'a'",
      "Hex:x'4D'",
      'Hex:0x4d',
      "Bit:b'01'",
      'Bit:0b1',
    ]);
    expect(tokens('x.x 0x4g 0b2 1a 1e5 1e5x 12')).toEqual([
      'Word:x',
      'Symbol:.',
      'Word:x',
      'Word:0x4g',
      'Word:0b2',
      'Word:1a',
      'Number:1e5',
      'Word:1e5x',
      'Number:12',
    ]);
  });

  it('reads digits behind a dot as a name', () => {
    expect(tokens('db.1e5')).toEqual(['Word:db', 'Symbol:.', 'Word:1e5']);
    expect(tokens('(.5)')).toEqual(['Symbol:(', 'Number:.5', 'Symbol:)']);
    expect(tokens('1.5e-3')).toEqual(['Number:1.5e-3']);
  });
});

describe('comments', () => {
  it('knows all plain forms', () => {
    expect(tokens('a /* b */ c -- d\ne # f\ng --h')).toEqual([
      'Word:a',
      'Comment:/* b */',
      'Word:c',
      'Comment:-- d\n',
      'Word:e',
      'Comment:# f\n',
      'Word:g',
      'Symbol:-',
      'Symbol:-',
      'Word:h',
    ]);
  });

  it('reads versioned comments by version', () => {
    const old: ReadOptions = { flavor: 'mysql', serverVersion: 50744 };
    expect(tokens('/*! a */')).toEqual(['VersionOpen:/*!', 'Word:a', 'VersionClose:*/']);
    expect(tokens('/*!50100 a */', old)).toEqual(['VersionOpen:/*!50100', 'Word:a', 'VersionClose:*/']);
    expect(tokens('/*!80000 a */', old)).toEqual(['Comment:/*!80000 a */']);
    expect(tokens('/*!080000 a */', old)).toEqual(['Comment:/*!080000 a */']);
    expect(tokens('/*!80000 a */')).toEqual(['VersionOpen:/*!80000', 'Word:a', 'VersionClose:*/']);
  });

  it('skips nested comments in a versioned one that is not read', () => {
    expect(tokens('/*!99999 a /* b */ c */ d', { flavor: 'mysql', serverVersion: 80036 })).toEqual([
      'Comment:/*!99999 a /* b */ c */',
      'Word:d',
    ]);
  });

  it('keeps plain comments inside code of a versioned one', () => {
    expect(tokens('/*!50100 a /* b */ c */')).toEqual([
      'VersionOpen:/*!50100',
      'Word:a',
      'Comment:/* b */',
      'Word:c',
      'VersionClose:*/',
    ]);
  });

  it('reads MariaDB markers in MariaDB, which passes over what MySQL 5.7 and later mean', () => {
    const mariadb: ReadOptions = { flavor: 'mariadb', serverVersion: 101106 };
    expect(tokens('/*M!100100 a */', mariadb)).toEqual(['VersionOpen:/*M!100100', 'Word:a', 'VersionClose:*/']);
    expect(tokens('/*M!110800 a */', mariadb)).toEqual(['Comment:/*M!110800 a */']);
    expect(tokens('/*!50701 a */', mariadb)).toEqual(['Comment:/*!50701 a */']);
    expect(tokens('/*!50699 a */', mariadb)).toEqual(['VersionOpen:/*!50699', 'Word:a', 'VersionClose:*/']);
    expect(tokens('/*!100100 a */', mariadb)).toEqual(['VersionOpen:/*!100100', 'Word:a', 'VersionClose:*/']);
    expect(tokens('/*M! a */')).toEqual(['Comment:/*M! a */']);
  });

  it('reads TiDB markers in TiDB', () => {
    const tidb: ReadOptions = { flavor: 'tidb' };
    expect(tokens('/*T! a */', tidb)).toEqual(['VersionOpen:/*T!', 'Word:a', 'VersionClose:*/']);
    expect(tokens('/*T![auto_rand] a */', tidb)).toEqual(['VersionOpen:/*T![auto_rand]', 'Word:a', 'VersionClose:*/']);
    expect(tokens('/*T! a */')).toEqual(['Comment:/*T! a */']);
  });
});

describe('what does not end', () => {
  it.each(["'a", '"a', '`a', '/* a', '/*! a', "x'4", "N'a", '/*!99999 a', "@'a"])(
    '%s is one token to the end',
    (text) => {
      const list = tokens(`b ${text}`, { flavor: 'mysql', serverVersion: 80036 });
      expect(list).toEqual(['Word:b', `Unterminated:${text}`]);
    },
  );
});
