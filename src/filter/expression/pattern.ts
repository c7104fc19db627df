import { RE2JS } from 're2js';
import { isCertain, textRules } from './collation.js';
import { asText } from './convert.js';
import { commonCollation } from './compare.js';
import { INTEGER, UNKNOWN, map, valueOf, type Node } from './node.js';

/** `text LIKE pattern ESCAPE escape` of a constant pattern. */
export function like(text: Node, pattern: Node, escape: Node | undefined): Node {
  const character = escape === undefined ? '\\' : valueOf(escape);
  if (pattern.literal !== true || typeof character !== 'string' || Array.from(character).length > 1) return UNKNOWN;
  const wanted = valueOf(pattern);
  if (wanted === null) return pattern;
  const rules = matching(text, pattern);
  if (rules === undefined || typeof wanted !== 'string') return UNKNOWN;
  if (!rules.exact && !isCertain(wanted)) return UNKNOWN;
  const matches = likeMatcher(rules.fold(wanted), rules.fold(character));
  return matched(rules.text, rules.exact, (value) => matches(rules.fold(value)));
}

interface Matching {
  text: Node;
  fold: (text: string) => string;
  exact: boolean;
}

/** How the characters of two texts are matched; undefined where the collation is not known here. */
function matching(text: Node, pattern: Node): Matching | undefined {
  const left = asText(text);
  if (left.type.is !== 'text' || pattern.type.is !== 'text') return undefined;
  // Numbers take the collation of the session.
  if (left.type.strength === 5) return undefined;
  const common = commonCollation([left, pattern], left.type, pattern.type);
  if (common === undefined) return undefined;
  const { fold, exact } = textRules(common.collation);
  return fold === undefined ? undefined : { text: left, fold, exact };
}

function matched(text: Node, exact: boolean, test: (value: string) => boolean): Node {
  const node = map(text, INTEGER, (value) => {
    if (!exact && !isCertain(value as string)) return undefined;
    return test(value as string) ? 1 : 0;
  });
  return { ...node, truth: true };
}

/** Any text, one character, or this one. */
type Piece = 'any' | 'one' | string[];

function likeMatcher(pattern: string, escape: string): (text: string) => boolean {
  const pieces: Piece[] = [];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    let character = characters[at] ?? '';
    const following = characters[at + 1];
    if (character === escape && following !== undefined) {
      character = following;
      at++;
    } else if (character === '%' || character === '_') {
      if (character === '_') pieces.push('one');
      else if (pieces.at(-1) !== 'any') pieces.push('any');
      continue;
    }
    const last = pieces.at(-1);
    if (Array.isArray(last)) last.push(character);
    else pieces.push([character]);
  }
  return (text) => likeMatches(Array.from(text), pieces);
}

/** Only the last "any" needs to be tried again: a match found for the pieces before it is as good as any other. */
function likeMatches(text: readonly string[], pieces: readonly Piece[]): boolean {
  let at = 0;
  let piece = 0;
  let retryAt = -1;
  let retryPiece = -1;
  for (;;) {
    const current = pieces[piece];
    if (current === undefined && at === text.length) return true;
    if (current === 'any') {
      retryPiece = ++piece;
      retryAt = at;
      continue;
    }
    const length = current === undefined ? -1 : pieceLength(current, text, at);
    if (length >= 0) {
      at += length;
      piece++;
      continue;
    }
    if (retryPiece < 0 || ++retryAt > text.length) return false;
    at = retryAt;
    piece = retryPiece;
  }
}

/** Characters that a piece takes at a place; -1 = it does not fit. */
function pieceLength(piece: 'one' | string[], text: readonly string[], at: number): number {
  if (piece === 'one') return at < text.length ? 1 : -1;
  for (const [offset, character] of piece.entries()) if (text[at + offset] !== character) return -1;
  return piece.length;
}

/** What all regular expression engines (ICU, PCRE, RE2) read alike on a text of one line. */
const COMMON_REGEX =
  /^(?:[A-Za-z0-9 _,:;@#%&=<>!"'~/`-]|\\[.^$*+?()[\]{}|\\]|\.|[\^$|]|\((?!\?)|\)|(?<=[\w\s\].)])[*+?]|(?<=[\w.\])])\{\d{1,2}(?:,\d{0,2})?\}|\[\^?(?:[A-Za-z0-9]-[A-Za-z0-9]|[A-Za-z0-9 _.,@])+\])*$/;

/** `text REGEXP pattern` of a constant pattern of the common kind. */
export function regexp(text: Node, pattern: Node): Node {
  if (pattern.literal !== true) return UNKNOWN;
  const wanted = valueOf(pattern);
  if (wanted === null) return pattern;
  const rules = matching(text, pattern);
  if (rules === undefined || typeof wanted !== 'string' || !COMMON_REGEX.test(wanted) || wanted === '') return UNKNOWN;
  const engine = engineOf(wanted, rules.exact);
  if (engine === undefined) return UNKNOWN;
  // The exact rules pass any text on; what a dot and $ mean at a line's end is each engine's own.
  return matched(rules.text, false, (value) => engine.matcher(value).find());
}

function engineOf(pattern: string, caseSensitive: boolean): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern, caseSensitive ? 0 : RE2JS.CASE_INSENSITIVE);
  } catch {
    // Not a regular expression here: the server says what it is there.
    return undefined;
  }
}
