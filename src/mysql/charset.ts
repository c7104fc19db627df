import { isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';

/** Charsets whose bytes are valid utf8mb4 as they are. */
export function isUtf8Charset(charset: string): boolean {
  return charset === 'utf8mb4' || charset === 'utf8mb3' || charset === 'utf8' || charset === 'ascii';
}

/** What the server calls latin1 is cp1252 whose five unassigned bytes are kept as the control characters of their number. */
const LATIN1_C1 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

/** The server's charset names where iconv-lite uses other ones. */
const ICONV_NAMES: Record<string, string> = {
  armscii8: 'armscii8',
  big5: 'big5',
  cp1250: 'cp1250',
  cp1251: 'cp1251',
  cp1256: 'cp1256',
  cp1257: 'cp1257',
  cp850: 'cp850',
  cp852: 'cp852',
  cp866: 'cp866',
  cp932: 'cp932',
  eucjpms: 'eucjp',
  euckr: 'euckr',
  gb18030: 'gb18030',
  gb2312: 'gb2312',
  gbk: 'gbk',
  greek: 'iso88597',
  hebrew: 'iso88598',
  koi8r: 'koi8r',
  koi8u: 'koi8u',
  latin2: 'iso88592',
  latin5: 'iso88599',
  latin7: 'iso885913',
  macce: 'maccenteuro',
  macroman: 'macroman',
  sjis: 'shiftjis',
  tis620: 'tis620',
  ucs2: 'utf16be',
  ujis: 'eucjp',
  utf16: 'utf16be',
  utf16le: 'utf16le',
  utf32: 'utf32be',
};

/**
 * Text of bytes in one of the server's charsets, for statements and names. Not for values that are to be copied: those
 * travel as bytes with the charset's name, since tables of client and server differ at the edges.
 * @throws Error when the charset is not known or the bytes are no text in it
 */
export function decodeText(bytes: Buffer, charset: string): string {
  if (isUtf8Charset(charset)) {
    if (!isUtf8(bytes)) throw new Error(`bytes are not valid ${charset}`);
    return bytes.toString('utf8');
  }
  if (charset === 'latin1') return decodeLatin1(bytes);
  if (charset === 'binary') return isUtf8(bytes) ? bytes.toString('utf8') : decodeLatin1(bytes);
  const name = ICONV_NAMES[charset];
  if (name === undefined) throw new Error(`charset ${charset} is not supported in statements`);
  const text = iconv.decode(bytes, name, { stripBOM: false });
  if (text.includes('\ufffd')) throw new Error(`bytes are not valid ${charset}`);
  return text;
}

function decodeLatin1(bytes: Buffer): string {
  // oxlint-disable-next-line no-control-regex -- exactly these characters differ from ISO 8859-1
  return bytes.toString('latin1').replace(/[\x80-\x9f]/g, (character) => LATIN1_C1[character.charCodeAt(0) - 0x80]);
}
