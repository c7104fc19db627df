/**
 * What is certain about comparisons of text. Collations order and equate characters by tables of thousands of entries that
 * differ between servers and versions; here only what follows from the printable ASCII characters, from scripts whose
 * characters never equal ASCII ones, and from identity is decided. All else is `undefined`: a server's business.
 */
export interface TextRules {
  /** < 0, 0, > 0. */
  compare(a: string, b: string): number | undefined;
  equal(a: string, b: string): boolean | undefined;
  /** Characters that are equal when matched one by one (LIKE, REGEXP): folds a printable ASCII text. */
  fold: ((text: string) => string) | undefined;
  /** Whether every text is matched character by character by identity. */
  exact: boolean;
}

/** Printable ASCII. */
const ASCII = /^[\x20-\x7e]*$/;

/** Cyrillic, kana, ideographs of the basic plane, Hangul: no collation makes such a character equal to ASCII text. */
const FOREIGN = /[\u0410-\u044f\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]/;
const ASCII_OR_FOREIGN = /^[\x20-\x7e\u0410-\u044f\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]*$/;

/** Whether a text holds nothing but characters whose matching is certain under all known collations. */
export function isCertain(text: string): boolean {
  return ASCII_OR_FOREIGN.test(text);
}

export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

/** Order of printable ASCII in the Unicode collation algorithm; letters stand for both of their cases. */
const UCA_ORDER = ` _-,;:!?.'"()[]{}@*/\\&#%\`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz`;

const UCA_WEIGHT: readonly string[] = Array.from({ length: 127 }, (_, code) => {
  return String.fromCharCode(0x100 + UCA_ORDER.indexOf(String.fromCharCode(code).toLowerCase()));
});

/** Weights by the codes of upper-case letters: `general_ci` and its kin. */
const GENERAL =
  /^(?:utf8mb4|utf8mb3|utf8|ucs2|utf16|utf16le|utf32)_general_(?:nopad_)?ci$|^(?:latin1_swedish|ascii_general)_(?:nopad_)?ci$/;

/** Without tailoring for a language. */
const UCA =
  /^(?:utf8mb4|utf8mb3|utf8|ucs2|utf16|utf16le|utf32)_(?:unicode|unicode_520|uca1400|0900)_(?:nopad_)?(?:ai_ci|as_ci|ci)$/;

/** MySQL's 9.0.0 collations, MariaDB's `nopad` ones and `binary` do not ignore trailing blanks. */
const NO_PAD = /_0900_|nopad|^binary$/;

/** The rules of a collation; without its name only identity counts. */
export function textRules(collation: string | undefined): TextRules {
  if (collation === undefined) return IDENTITY;
  const trim = NO_PAD.test(collation) ? (text: string): string => text : trimBlanks;
  if (collation === 'binary' || collation.endsWith('_bin')) return binaryRules(!NO_PAD.test(collation));
  if (GENERAL.test(collation)) return asciiRules(trim, (text) => text.toUpperCase());
  if (UCA.test(collation)) return asciiRules(trim, ucaKey);
  return IDENTITY;
}

const IDENTITY: TextRules = {
  compare: (a, b) => (a === b ? 0 : undefined),
  equal: (a, b) => (a === b ? true : undefined),
  fold: undefined,
  exact: false,
};

function trimBlanks(text: string): string {
  return text.endsWith(' ') ? text.replace(/ +$/, '') : text;
}

function ucaKey(text: string): string {
  let key = '';
  for (let i = 0; i < text.length; i++) key += UCA_WEIGHT[text.charCodeAt(i)] ?? '';
  return key;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function asciiRules(trim: (text: string) => string, key: (text: string) => string): TextRules {
  const compare = (a: string, b: string): number | undefined => {
    if (a === b) return 0;
    if (!ASCII.test(a) || !ASCII.test(b)) return undefined;
    return order(key(trim(a)), key(trim(b)));
  };
  return {
    compare,
    equal: (a, b) => {
      if (a === b) return true;
      const left = ASCII.test(a);
      const right = ASCII.test(b);
      if (left && right) return trim(a).toLowerCase() === trim(b).toLowerCase();
      if ((left && FOREIGN.test(b)) || (right && FOREIGN.test(a))) return false;
      return undefined;
    },
    fold: (text) => text.toLowerCase(),
    exact: false,
  };
}

/** By code points, as the bytes of UTF-8 are ordered. */
function binaryRules(pad: boolean): TextRules {
  const compare = (a: string, b: string): number => {
    if (a === b) return 0;
    if (ASCII.test(a) && ASCII.test(b)) return pad ? order(trimBlanks(a), trimBlanks(b)) : order(a, b);
    return compareBytes(Buffer.from(a), Buffer.from(b), pad);
  };
  return { compare, equal: (a, b) => compare(a, b) === 0, fold: (text) => text, exact: true };
}

/** `pad`: the shorter one counts as filled up with blanks. */
export function compareBytes(a: Buffer, b: Buffer, pad: boolean): number {
  const length = Math.min(a.length, b.length);
  const start = a.compare(b, 0, length, 0, length);
  if (start !== 0 || a.length === b.length) return start;
  if (!pad) return a.length - b.length;
  const longer = a.length > b.length ? a : b;
  const sign = longer === a ? 1 : -1;
  for (let at = length; at < longer.length; at++) {
    const byte = longer[at] ?? 0x20;
    if (byte !== 0x20) return byte > 0x20 ? sign : -sign;
  }
  return 0;
}
