import type { Flavor } from '../config/types.js';

/** What the type rules need to know of a character set. */
interface CharsetFacts {
  /** Collation of columns that name only the charset. */
  defaultCollation: string;
  /** Most bytes of one character. */
  maxBytes: number;
}

const CHARSETS: Record<string, CharsetFacts> = {
  armscii8: { defaultCollation: 'armscii8_general_ci', maxBytes: 1 },
  ascii: { defaultCollation: 'ascii_general_ci', maxBytes: 1 },
  big5: { defaultCollation: 'big5_chinese_ci', maxBytes: 2 },
  binary: { defaultCollation: 'binary', maxBytes: 1 },
  cp1250: { defaultCollation: 'cp1250_general_ci', maxBytes: 1 },
  cp1251: { defaultCollation: 'cp1251_general_ci', maxBytes: 1 },
  cp1256: { defaultCollation: 'cp1256_general_ci', maxBytes: 1 },
  cp1257: { defaultCollation: 'cp1257_general_ci', maxBytes: 1 },
  cp850: { defaultCollation: 'cp850_general_ci', maxBytes: 1 },
  cp852: { defaultCollation: 'cp852_general_ci', maxBytes: 1 },
  cp866: { defaultCollation: 'cp866_general_ci', maxBytes: 1 },
  cp932: { defaultCollation: 'cp932_japanese_ci', maxBytes: 2 },
  dec8: { defaultCollation: 'dec8_swedish_ci', maxBytes: 1 },
  eucjpms: { defaultCollation: 'eucjpms_japanese_ci', maxBytes: 3 },
  euckr: { defaultCollation: 'euckr_korean_ci', maxBytes: 2 },
  gb18030: { defaultCollation: 'gb18030_chinese_ci', maxBytes: 4 },
  gb2312: { defaultCollation: 'gb2312_chinese_ci', maxBytes: 2 },
  gbk: { defaultCollation: 'gbk_chinese_ci', maxBytes: 2 },
  geostd8: { defaultCollation: 'geostd8_general_ci', maxBytes: 1 },
  greek: { defaultCollation: 'greek_general_ci', maxBytes: 1 },
  hebrew: { defaultCollation: 'hebrew_general_ci', maxBytes: 1 },
  hp8: { defaultCollation: 'hp8_english_ci', maxBytes: 1 },
  keybcs2: { defaultCollation: 'keybcs2_general_ci', maxBytes: 1 },
  koi8r: { defaultCollation: 'koi8r_general_ci', maxBytes: 1 },
  koi8u: { defaultCollation: 'koi8u_general_ci', maxBytes: 1 },
  latin1: { defaultCollation: 'latin1_swedish_ci', maxBytes: 1 },
  latin2: { defaultCollation: 'latin2_general_ci', maxBytes: 1 },
  latin5: { defaultCollation: 'latin5_turkish_ci', maxBytes: 1 },
  latin7: { defaultCollation: 'latin7_general_ci', maxBytes: 1 },
  macce: { defaultCollation: 'macce_general_ci', maxBytes: 1 },
  macroman: { defaultCollation: 'macroman_general_ci', maxBytes: 1 },
  sjis: { defaultCollation: 'sjis_japanese_ci', maxBytes: 2 },
  swe7: { defaultCollation: 'swe7_swedish_ci', maxBytes: 1 },
  tis620: { defaultCollation: 'tis620_thai_ci', maxBytes: 1 },
  ucs2: { defaultCollation: 'ucs2_general_ci', maxBytes: 2 },
  ujis: { defaultCollation: 'ujis_japanese_ci', maxBytes: 3 },
  utf16: { defaultCollation: 'utf16_general_ci', maxBytes: 4 },
  utf16le: { defaultCollation: 'utf16le_general_ci', maxBytes: 4 },
  utf32: { defaultCollation: 'utf32_general_ci', maxBytes: 4 },
  utf8mb3: { defaultCollation: 'utf8mb3_general_ci', maxBytes: 3 },
  utf8mb4: { defaultCollation: 'utf8mb4_general_ci', maxBytes: 4 },
};

/**
 * The name under which we keep a charset: lower case, `utf8` as `utf8mb3` (what both flavors mean by it; MariaDB can be
 * told otherwise by `old_mode`, but writes what it means into its binlog's structures).
 */
export function canonicalCharset(name: string): string {
  const lower = name.toLowerCase();
  return lower === 'utf8' ? 'utf8mb3' : lower;
}

/** The name under which we keep a collation: lower case, `utf8_...` as `utf8mb3_...`. */
export function canonicalCollation(name: string): string {
  const lower = name.toLowerCase();
  return lower.startsWith('utf8_') ? `utf8mb3_${lower.slice('utf8_'.length)}` : lower;
}

/** Whether the server family knows the charset. */
export function isCharset(name: string): boolean {
  return Object.hasOwn(CHARSETS, canonicalCharset(name));
}

/** Most bytes of one character in the charset; 4 when it is unknown. */
export function maxBytesOf(charset: string): number {
  return CHARSETS[charset]?.maxBytes ?? 4;
}

/**
 * Charset that a collation belongs to. MariaDB's collations without a charset in their name (`uca1400_ai_ci`) give
 * undefined: they take the charset of their place.
 */
export function charsetOfCollation(collation: string): string | undefined {
  const name = canonicalCollation(collation);
  if (name === 'binary') return 'binary';
  const charset = name.slice(0, Math.max(0, name.indexOf('_')));
  return Object.hasOwn(CHARSETS, charset) ? charset : undefined;
}

/** Compiled-in default collation of a charset, by flavor and version number (80013 form). */
export function builtInDefaultCollation(charset: string, flavor: Flavor, versionNumber: number): string {
  const facts = CHARSETS[charset];
  if (facts === undefined) return `${charset}_general_ci`;
  if (charset === 'utf8mb4' && flavor === 'mysql' && versionNumber >= 80001) return 'utf8mb4_0900_ai_ci';
  return facts.defaultCollation;
}

/** The `_bin` collation of a charset (what the attribute BINARY means). */
export function binaryCollation(charset: string): string {
  return charset === 'binary' ? 'binary' : `${charset}_bin`;
}
