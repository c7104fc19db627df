import { compileListPattern } from '../filter/block-allow-list.js';
import { compileNamePattern } from '../filter/name-pattern.js';
import { PatternError } from '../filter/pattern-error.js';

/**
 * Why a name pattern of `block-allow-list` cannot be used, `undefined` when it can. A pattern is a regular expression
 * after `~` (in the syntax without look-around and back-references that DM has), otherwise a wildcard pattern in which
 * `*` may only stand once, at the end.
 */
export function namePatternProblem(pattern: string): string | undefined {
  return problemOf(() => compileListPattern(pattern, true));
}

/** Why a pattern of routes, filters and column mappings cannot be used: there, wildcards are all there is. */
export function wildcardProblem(pattern: string): string | undefined {
  return problemOf(() => compileNamePattern(pattern, true));
}

function problemOf(compile: () => unknown): string | undefined {
  try {
    compile();
    return undefined;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}
