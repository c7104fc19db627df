/**
 * Why a name pattern of `block-allow-list` cannot be used, `undefined` when it can. A pattern is a regular expression
 * after `~` (in the syntax without look-around and back-references that DM has), otherwise a wildcard pattern in which
 * `*` may only stand once, at the end.
 */
export function namePatternProblem(pattern: string): string | undefined {
  return pattern.startsWith('~') ? regexProblem(pattern.slice(1)) : wildcardProblem(pattern);
}

function wildcardProblem(pattern: string): string | undefined {
  if (pattern === '') return 'the pattern is empty';
  const star = pattern.indexOf('*');
  return star >= 0 && star < pattern.length - 1 ? '`*` may only be the last character' : undefined;
}

function regexProblem(expression: string): string | undefined {
  const plain = expression.replace(/^\(\?[imsU]+\)/, '');
  if (/(?<!\\)\(\?(?:[=!]|<[=!])/.test(plain)) return 'look-around, e.g. `(?!...)`, is not supported';
  if (/(?<!\\)(?:\\\\)*\\[1-9]/.test(plain)) return 'back-references, e.g. `\\1`, are not supported';
  // The unicode mode of JavaScript refuses needless escapes that DM's syntax allows: they are judged without it.
  return compileProblem(plain, 'u') === undefined ? undefined : compileProblem(plain, '');
}

function compileProblem(expression: string, flags: string): string | undefined {
  try {
    return new RegExp(toJsSyntax(expression), flags) instanceof RegExp ? undefined : '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Rewrites the spellings that differ: `(?P<name>`, `\A`, `\z`. */
function toJsSyntax(expression: string): string {
  return expression.replaceAll('(?P<', '(?<').replaceAll('\\A', '^').replaceAll('\\z', '$');
}
