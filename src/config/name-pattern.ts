import { compileListPattern } from '../filter/block-allow-list.js';
import { PatternError } from '../filter/pattern-error.js';

/**
 * Why a name pattern of `block-allow-list` cannot be used, `undefined` when it can. A pattern is a regular expression
 * after `~` (in the syntax without look-around and back-references that DM has), otherwise a wildcard pattern in which
 * `*` may only stand once, at the end.
 */
export function namePatternProblem(pattern: string): string | undefined {
  try {
    compileListPattern(pattern, true);
    return undefined;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}
