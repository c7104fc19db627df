import { describe, expect, it } from 'vitest';
import { hexLiteral, quoteColumns, quoteIdent, quoteString, quoteTable } from '../../../src/mysql/quote.js';

describe('quoting', () => {
  it.each([
    ['a', '`a`'],
    ['a`b', '`a``b`'],
    ['``', '``````'],
    ['päivä 日本', '`päivä 日本`'],
    ['a.b', '`a.b`'],
    ["it's", "`it's`"],
  ])('quotes the name %s', (name, quoted) => {
    expect(quoteIdent(name)).toBe(quoted);
  });

  it('quotes tables and column lists', () => {
    expect(quoteTable('s`', 't.x')).toBe('`s```.`t.x`');
    expect(quoteColumns(['a', 'b`'])).toBe('`a`, `b```');
  });

  it.each([
    ['', "''"],
    ['plain ünï 🙂', "'plain ünï 🙂'"],
    ["a'b", "'a\\'b'"],
    ['a\\b', "'a\\\\b'"],
    ['\0\n\r\x1a', "'\\0\\n\\r\\Z'"],
    ['"', "'\"'"],
    ["\\'", "'\\\\\\''"],
  ])('quotes the text %j', (text, quoted) => {
    expect(quoteString(text)).toBe(quoted);
  });

  it('leaves backslashes alone where they are ordinary characters', () => {
    expect(quoteString("a\\b'c\n", { noBackslashEscapes: true })).toBe("'a\\b''c\n'");
  });

  it('writes bytes as hexadecimal literals', () => {
    expect(hexLiteral(Buffer.from([0, 255, 39]))).toBe("x'00ff27'");
    expect(hexLiteral(new Uint8Array([1, 2, 3]).subarray(1))).toBe("x'0203'");
    expect(hexLiteral(Buffer.alloc(0))).toBe("x''");
  });
});
