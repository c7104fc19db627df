import { decodeText } from '../../mysql/charset.js';
import type { Column } from '../../schema/model.js';
import type { CellValue } from '../events.js';

/**
 * Text (or number) of a key column's value such that two values that any server may call equal have the same text. The opposite need
 * not hold: a shared text only costs parallelism. `undefined` = no such text can be told; the row must then wait for all
 * others of its table. Never called with NULL.
 */
export type KeyTextWriter = (value: CellValue) => string | number | undefined;

/** Collations under which distinct ASCII characters are equal only if they differ in case. */
const PLAIN_COLLATION =
  /^(?:(?:utf8|utf8mb3|utf8mb4|ucs2|utf16|utf16le|utf32|uca1400)_(?:(?:general|unicode|unicode_520|nopad|general_nopad|unicode_nopad|unicode_520_nopad|general_mysql500|0900_ai|0900_as|ai|as|nopad_ai|nopad_as|tolower|general_0900_as)_)?(?:ci|cs|nopad_ci|bin|nopad_bin|0900_bin|as_ci|as_cs|ai_ci|ai_cs)|utf8mb4_(?:zh|ja|ko)_0900_as_(?:cs|cs_ks)|latin1_(?:swedish|general)_(?:ci|cs|nopad_ci)|ascii_general_(?:ci|nopad_ci)|(?:gbk|big5)_chinese_(?:ci|nopad_ci)|gb18030_chinese_ci|gb2312_chinese_(?:ci|nopad_ci)|(?:sjis|cp932|ujis|eucjpms)_japanese_(?:ci|nopad_ci)|euckr_korean_(?:ci|nopad_ci)|cp1251_general_(?:ci|cs))$/;

/**
 * The writer for one part of a unique key.
 *
 * @param column - structure of the value
 * @param collations - collations under which uniqueness may be judged: the upstream's and the downstream's
 * @param prefix - length of a prefix index part: characters of text, bytes of binary columns
 */
export function keyTextWriter(column: Column, collations: readonly string[], prefix?: number): KeyTextWriter {
  const binary = collations.every((name) => name === 'binary' || name.endsWith('_bin'));
  const plain = collations.every((name) => PLAIN_COLLATION.test(name) || name.endsWith('_bin'));
  const fold = binary ? trimBlanks : plain ? foldAscii : foldTailored;
  return (value) => {
    if (typeof value === 'number') return column.type === 'float' ? Math.fround(value) : value;
    if (typeof value === 'bigint') return value.toString();
    if (typeof value === 'string') return isText(column) ? textKey(value, fold, binary, prefix) : value;
    if (value === null || value === undefined) return undefined;
    if (Buffer.isBuffer(value)) return (prefix === undefined ? value : value.subarray(0, prefix)).toString('latin1');
    return textKey(decodeText(value.bytes, value.charset), fold, binary, prefix);
  };
}

const TEXT_TYPES = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext']);

function isText(column: Column): boolean {
  return TEXT_TYPES.has(column.type);
}

/** Printable ASCII; CJK ideographs, which have a weight of their own in every collation. */
const SIMPLE = /^[\x20-\x7e\u3400-\u4dbf\u4e00-\u9fff]*$/;

function textKey(
  value: string,
  fold: (text: string) => string,
  binary: boolean,
  prefix: number | undefined,
): string | undefined {
  const text = prefix === undefined ? value : cutCharacters(value, prefix);
  // Accents, expansions, ignorable and supplementary characters: what equals what is each collation's own business.
  if (!binary && !SIMPLE.test(text)) return undefined;
  return fold(text);
}

function cutCharacters(text: string, length: number): string {
  if (text.length <= length) return text;
  return Array.from(text.slice(0, length * 2))
    .slice(0, length)
    .join('');
}

/** PAD SPACE collations ignore trailing blanks. */
function trimBlanks(text: string): string {
  return text.endsWith(' ') ? text.replace(/ +$/, '') : text;
}

function foldAscii(text: string): string {
  return trimBlanks(text).toLowerCase();
}

/** Languages in which j and y may equal i, and u or w equal v. */
function foldTailored(text: string): string {
  return foldAscii(text).replaceAll(/[jy]/g, 'i').replaceAll(/[uw]/g, 'v');
}
