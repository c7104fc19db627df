import { PatternError } from './pattern-error.js';

/** Whether a name matches a pattern. */
export type NameMatcher = (name: string) => boolean;

/** Whether one character matches the part of a pattern that stands for one character. */
type CharacterTest = (character: string) => boolean;

/**
 * Compiles a wildcard pattern of routes, filters and lists (manual sections 1.3.1.1 to 1.3.1.3), which is matched against
 * the whole name: `*` is any run of characters and may only end the pattern, `?` one character, `[a-c]` one of a set,
 * `[!a-c]` one of none of a set. A `[` that is never closed, or closed at once, stands for itself.
 *
 * @throws PatternError
 */
export function compileNamePattern(pattern: string, caseSensitive: boolean): NameMatcher {
  if (pattern === '') throw new PatternError('the pattern is empty');
  const characters = Array.from(pattern);
  const star = characters.indexOf('*');
  if (star >= 0 && star < characters.length - 1) throw new PatternError('`*` may only be the last character');
  const fixed = star < 0 ? characters : characters.slice(0, star);
  const fold = caseSensitive ? (text: string) => text : (text: string) => text.toLowerCase();
  if (!fixed.some((character) => character === '?' || character === '[')) {
    const text = fold(fixed.join(''));
    return star < 0 ? (name) => fold(name) === text : (name) => fold(name).startsWith(text);
  }
  const tests = characterTests(fixed, caseSensitive);
  return (name) => {
    const letters = Array.from(name);
    if (star < 0 ? letters.length !== tests.length : letters.length < tests.length) return false;
    return tests.every((test, at) => test(letters[at] ?? ''));
  };
}

function characterTests(characters: readonly string[], caseSensitive: boolean): CharacterTest[] {
  const tests: CharacterTest[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    const close = character === '[' ? characters.indexOf(']', at + 1) : -1;
    if (close > at + 1) {
      tests.push(setTest(characters.slice(at + 1, close), caseSensitive));
      at = close;
    } else if (character === '?') tests.push(() => true);
    else if (caseSensitive) tests.push((letter) => letter === character);
    else tests.push((letter) => letter.toLowerCase() === character.toLowerCase());
  }
  return tests;
}

function setTest(inside: readonly string[], caseSensitive: boolean): CharacterTest {
  const negated = inside[0] === '!' && inside.length > 1;
  const ranges = readRanges(negated ? inside.slice(1) : inside);
  const inRanges = (letter: string): boolean => {
    const code = letter.codePointAt(0) ?? -1;
    return ranges.some(([from, to]) => code >= from && code <= to);
  };
  const cases = caseSensitive
    ? []
    : [(letter: string) => letter.toLowerCase(), (letter: string) => letter.toUpperCase()];
  return (letter) => negated !== (inRanges(letter) || cases.some((change) => inRanges(change(letter))));
}

/** `a-c` is a range of characters; a dash at either end stands for itself. */
function readRanges(inside: readonly string[]): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  for (let at = 0; at < inside.length; at++) {
    const from = inside[at] ?? '';
    const isRange = inside[at + 1] === '-' && at + 2 < inside.length;
    const to = isRange ? (inside[at + 2] ?? '') : from;
    const range: [number, number] = [from.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0];
    if (range[0] > range[1]) throw new PatternError(`the range \`${from}-${to}\` is the wrong way round`);
    ranges.push(range);
    if (isRange) at += 2;
  }
  return ranges;
}
