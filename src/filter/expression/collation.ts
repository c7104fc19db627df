/**
 * What is certain about comparisons of text. Collations order and equate characters by tables of thousands of entries that
 * differ between servers and versions; here only what follows from the printable ASCII characters, from scripts whose
 * characters never equal ASCII ones, and from identity is decided. All else is `undefined`: a server's business.
 */
export interface TextRules {
  /** < 0, 0, > 0. */
  compare: (a: string, b: string) => number | undefined;
  equal: (a: string, b: string) => boolean | undefined;
  /** Characters that are equal when matched one by one (LIKE, REGEXP): folds a printable ASCII text. */
  fold: ((text: string) => string) | undefined;
  /** Whether every text is matched character by character by identity. */
  exact: boolean;
}

/** Printable ASCII. */
const ASCII = /^[\x20-\x7e]*$/;

/** Latin letters of all kinds, ASCII, punctuation, control characters. */
const LATIN = /^[\0-\u024f]*$/;

/** Letters that are one of ASCII with a mark; without it they count as that letter where accents do not matter. */
const MARKED_LATIN =
  /^[\x20-\x7e\u00c0-\u00c5\u00c7-\u00cf\u00d1-\u00d6\u00d9-\u00dd\u00e0-\u00e5\u00e7-\u00ef\u00f1-\u00f6\u00f9-\u00fd\u00ff]*$/;

/** Ideographs of the basic plane, which have no case, beside ASCII. */
const ASCII_OR_HAN = /^[\x20-\x7e\u3400-\u4dbf\u4e00-\u9fff]*$/;

/** Cyrillic, kana, ideographs, Hangul: no collation makes such a character equal to Latin text. */
const FOREIGN = /[\u0410-\u044f\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]/;
const ASCII_OR_FOREIGN =
  /^[\t\n\r\x20-\x7e\u0410-\u044f\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3]*$/;

/** Whether a text holds nothing but characters whose matching is certain under all known collations. */
export function isCertain(text: string): boolean {
  return ASCII_OR_FOREIGN.test(text);
}

export function isAscii(text: string): boolean {
  return ASCII.test(text);
}

/** Order of printable ASCII in the Unicode collation algorithm; letters stand for both of their cases. */
const UCA_ORDER = ` _-,;:!?.'"()[]{}@*/\\&#%\`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz`;

/** The same in the versions 4.0.0 and 5.2.0. */
const OLD_UCA_ORDER = ` \`^_-,;:!?.'"()[]{}@*/\\&#%+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz`;

const OLD_UCA = /_unicode_/;

/** Weights by the codes of upper-case letters: `general_ci` and its kin. */
const GENERAL =
  /^(?:utf8mb4|utf8mb3|utf8|ucs2|utf16|utf16le|utf32)_general_(?:nopad_)?ci$|^(?:latin1_swedish|ascii_general)_(?:nopad_)?ci$/;

/** Of these, those under which accents do not matter. */
const ACCENTLESS =
  /^utf8\w*_(?:general_ci|general_nopad_ci|unicode_ci|unicode_nopad_ci|unicode_520_ci|0900_ai_ci|uca1400_(?:nopad_)?ai_ci)$/;

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
  const plain = ACCENTLESS.test(collation) ? withoutMarks : asciiOnly;
  if (GENERAL.test(collation)) return asciiRules(trim, plain, (text) => text.toUpperCase());
  if (UCA.test(collation)) return asciiRules(trim, plain, OLD_UCA.test(collation) ? oldUcaKey : ucaKey);
  return IDENTITY;
}

/** The ASCII text that counts the same; undefined where there is none or it is not known. */
type Plain = (text: string) => string | undefined;

const asciiOnly: Plain = (text) => (ASCII.test(text) ? text : undefined);

const withoutMarks: Plain = (text) => {
  if (ASCII.test(text)) return text;
  return MARKED_LATIN.test(text) ? text.normalize('NFD').replaceAll(/[\u0300-\u036f]/g, '') : undefined;
};

const IDENTITY: TextRules = {
  compare: (a, b) => (a === b ? 0 : undefined),
  equal: (a, b) => (a === b ? true : undefined),
  fold: undefined,
  exact: false,
};

function trimBlanks(text: string): string {
  return text.endsWith(' ') ? text.replace(/ +$/, '') : text;
}

/** Turns a text into one whose characters are ordered by their codes. */
function keyOf(alphabet: string): (text: string) => string {
  const weights = Array.from({ length: 127 }, (_, code) => {
    return String.fromCharCode(0x100 + alphabet.indexOf(String.fromCharCode(code).toLowerCase()));
  });
  return (text) => {
    let key = '';
    for (let at = 0; at < text.length; at++) key += weights[text.charCodeAt(at)] ?? '';
    return key;
  };
}

const ucaKey = keyOf(UCA_ORDER);
const oldUcaKey = keyOf(OLD_UCA_ORDER);

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function asciiRules(trim: (text: string) => string, plain: Plain, key: (text: string) => string): TextRules {
  return {
    compare: (a, b) => {
      if (a === b) return 0;
      const left = plain(a);
      const right = plain(b);
      return left === undefined || right === undefined ? undefined : order(key(trim(left)), key(trim(right)));
    },
    equal: (a, b) => {
      if (a === b) return true;
      const left = plain(a);
      const right = plain(b);
      if (left !== undefined && right !== undefined) return trim(left).toLowerCase() === trim(right).toLowerCase();
      return equalBeyondAscii(trim(a), trim(b));
    },
    fold: (text) => text.toLowerCase(),
    exact: false,
  };
}

/** Of texts that are not both Latin. */
function equalBeyondAscii(a: string, b: string): boolean | undefined {
  if ((LATIN.test(a) && FOREIGN.test(b)) || (LATIN.test(b) && FOREIGN.test(a))) return false;
  return ASCII_OR_HAN.test(a) && ASCII_OR_HAN.test(b) ? a.toLowerCase() === b.toLowerCase() : undefined;
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
