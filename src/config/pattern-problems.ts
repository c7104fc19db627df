import { compileListPattern } from '../filter/block-allow-list.js';
import { compileNamePattern } from '../filter/name-pattern.js';
import { PatternError } from '../filter/pattern-error.js';
import { compileRegex } from '../filter/regex.js';

/**
 * Why a name pattern of `block-allow-list` cannot be used, `undefined` when it can: a regular expression after `~`,
 * otherwise a wildcard pattern.
 */
export function namePatternProblem(pattern: string): string | undefined {
  return patternProblem(() => compileListPattern(pattern, true));
}

/** Why a wildcard pattern of `routes`, `filters` and `column-mappings` cannot be used. */
export function wildcardProblem(pattern: string): string | undefined {
  return patternProblem(() => compileNamePattern(pattern, true));
}

/** Why a regular expression cannot be used; with `groups`, also when it has another number of groups. */
export function regexProblem(expression: string, groups?: number): string | undefined {
  let found = 0;
  const problem = patternProblem(() => (found = compileRegex(expression).groups));
  if (problem !== undefined || groups === undefined || found === groups) return problem;
  return `it must have exactly ${groups === 1 ? 'one group' : `${groups} groups`}, not ${found}`;
}

/** Why something that is made of patterns cannot be compiled. */
export function patternProblem(compile: () => unknown): string | undefined {
  try {
    compile();
    return undefined;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}
