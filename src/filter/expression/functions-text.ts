import { isUtf8Charset } from '../../mysql/charset.js';
import { isAscii, textRules } from './collation.js';
import { commonCollation } from './compare.js';
import { asText } from './convert.js';
import type { FunctionCompiler } from './functions.js';
import { INTEGER, Strength, UNKNOWN, combine, map, type Node, type Scalar, type TextType } from './node.js';

/** A function of one text. */
function ofText(work: (text: string, type: TextType) => Scalar, result?: Node['type']): FunctionCompiler {
  return (args) => {
    const [arg] = args;
    if (arg === undefined || args.length !== 1) return UNKNOWN;
    const node = asText(arg);
    const { type } = node;
    if (type.is !== 'text') return node.type.is === 'null' ? node : UNKNOWN;
    return map(node, result ?? type, (value) => work(value as string, type));
  };
}

/** Arguments that are texts, under the collation they share; the others are integers. */
function texts(args: readonly Node[]): { nodes: Node[]; type: TextType } | undefined {
  const nodes = args.map(asText);
  const types = nodes.flatMap(({ type }): TextType[] => (type.is === 'text' ? [type] : []));
  if (types.length !== nodes.length) return undefined;
  // Functions do not settle on a collation as comparisons do.
  const columns = types.filter(({ strength }) => strength < Strength.literal);
  if (new Set(columns.map(({ collation }) => collation)).size > 1) return undefined;
  const type = commonCollation(nodes, ...types);
  return type === undefined ? undefined : { nodes, type };
}

const CONCAT: FunctionCompiler = (args) => {
  if (args.length === 0) return UNKNOWN;
  const all = texts(args);
  return all === undefined ? UNKNOWN : combine(all.nodes, all.type, (values) => (values as string[]).join(''));
};

/** A function of a text and of integers. */
function withIntegers(
  count: readonly number[],
  work: (text: string, numbers: readonly number[]) => Scalar,
): FunctionCompiler {
  return ([arg, ...rest]) => {
    const text = arg === undefined ? UNKNOWN : asText(arg);
    if (text.type.is !== 'text' || !count.includes(rest.length)) return UNKNOWN;
    if (rest.some(({ type }) => type.is !== 'integer')) return UNKNOWN;
    return combine([text, ...rest], text.type, ([value, ...numbers]) => {
      if (numbers.some((number) => typeof number !== 'number')) return undefined;
      return work(value as string, numbers as number[]);
    });
  };
}

/** Texts are cut by characters. */
function slice(text: string, start: number, end?: number): string {
  return isAscii(text) ? text.slice(start, end) : Array.from(text).slice(start, end).join('');
}

function characters(text: string): number {
  return isAscii(text) ? text.length : Array.from(text).length;
}

function substring(text: string, [position = 0, length = Number.MAX_SAFE_INTEGER]: readonly number[]): Scalar {
  const size = characters(text);
  if (position === 0 || length <= 0 || Math.abs(position) > size) return '';
  const start = position > 0 ? position - 1 : size + position;
  return slice(text, start, Math.min(size, start + length));
}

/** A text within another: only where characters match by identity or all is ASCII. */
const LOCATE: FunctionCompiler = (args) => {
  const [needle, text] = args;
  if (needle === undefined || text === undefined || args.length !== 2) return UNKNOWN;
  const both = texts([needle, text]);
  const rules = both === undefined ? undefined : textRules(both.type.collation);
  if (both === undefined || rules?.fold === undefined) return UNKNOWN;
  const { fold } = rules;
  return combine(both.nodes, INTEGER, ([a, b]) => {
    if (!isAscii(a as string) || !isAscii(b as string)) return undefined;
    return fold(b as string).indexOf(fold(a as string)) + 1;
  });
};

/** Place of a text among those that a text lists with commas; 0 = not there. */
const FIND_IN_SET: FunctionCompiler = (args) => {
  const both = args.length === 2 ? texts(args) : undefined;
  if (both === undefined) return UNKNOWN;
  const { fold } = textRules(both.type.collation);
  if (fold === undefined) return UNKNOWN;
  // Blanks at the end count here.
  return combine(both.nodes, INTEGER, ([text, list]) => {
    const needle = text as string;
    if (needle === '' || list === '' || needle.includes(',') || !isAscii(needle) || !isAscii(list as string))
      return undefined;
    return (
      fold(list as string)
        .split(',')
        .indexOf(fold(needle)) + 1
    );
  });
};

const REPLACE: FunctionCompiler = (args) => {
  const all = args.length === 3 ? texts(args) : undefined;
  if (all === undefined) return UNKNOWN;
  return combine(all.nodes, all.type, ([text, from, to]) => {
    return from === '' ? text : (text as string).replaceAll(from as string, () => to as string);
  });
};

/** Letters of ASCII only: what upper and lower case of others are is the charset's own. */
const cased =
  (turn: (text: string) => string) =>
  (text: string): Scalar =>
    isAscii(text) ? turn(text) : undefined;

const LENGTH = ofText((text, { charset }) => {
  if (charset === undefined || isUtf8Charset(charset) || isAscii(text)) return Buffer.byteLength(text);
  return undefined;
}, INTEGER);

const CHAR_LENGTH = ofText(characters, INTEGER);
const LOWER = ofText(cased((text) => text.toLowerCase()));
const UPPER = ofText(cased((text) => text.toUpperCase()));
const SUBSTRING = withIntegers([1, 2], substring);

/** LENGTH of bytes is their number. */
const lengthOfAny: FunctionCompiler = (args) => {
  const [arg] = args;
  if (arg?.type.is === 'bytes' && args.length === 1) return map(arg, INTEGER, (value) => (value as Buffer).length);
  return LENGTH(args);
};

export const TEXT_FUNCTIONS: Record<string, FunctionCompiler> = {
  CONCAT,
  LENGTH: lengthOfAny,
  OCTET_LENGTH: lengthOfAny,
  CHAR_LENGTH,
  CHARACTER_LENGTH: CHAR_LENGTH,
  LOWER,
  LCASE: LOWER,
  UPPER,
  UCASE: UPPER,
  LEFT: withIntegers([1], (text, [count = 0]) => (count <= 0 ? '' : slice(text, 0, count))),
  RIGHT: withIntegers([1], (text, [count = 0]) =>
    count <= 0 ? '' : slice(text, Math.max(0, characters(text) - count)),
  ),
  SUBSTRING,
  SUBSTR: SUBSTRING,
  MID: SUBSTRING,
  TRIM: ofText((text) => text.replace(/^ +| +$/g, '')),
  LTRIM: ofText((text) => text.replace(/^ +/, '')),
  RTRIM: ofText((text) => text.replace(/ +$/, '')),
  REVERSE: ofText((text) => Array.from(text).toReversed().join('')),
  LOCATE,
  INSTR: ([text, needle, ...more]) => (text && needle && more.length === 0 ? LOCATE([needle, text]) : UNKNOWN),
  REPLACE,
  FIND_IN_SET,
};
