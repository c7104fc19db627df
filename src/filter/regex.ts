import { RE2JS, RE2JSSyntaxException } from 're2js';
import { PatternError } from './pattern-error.js';

/** A compiled regular expression. */
export interface Regex {
  /** Whether the text holds a match anywhere. */
  test(text: string): boolean;
  /** The first match and its groups, a group that took no part as `undefined`; `undefined` without a match. */
  match(text: string): readonly (string | undefined)[] | undefined;
  /** Number of groups, the whole match not counted. */
  readonly groups: number;
}

export interface RegexOptions {
  /** Letters match in either case. Default false. */
  ignoreCase?: boolean;
}

/**
 * Compiles a regular expression in RE2's syntax, which is DM's: matching takes time linear in the text whatever the
 * pattern, and there is no look-around and no back-reference. A match may begin anywhere unless the pattern is anchored.
 *
 * @throws PatternError
 */
export function compileRegex(pattern: string, { ignoreCase = false }: RegexOptions = {}): Regex {
  const compiled = compile(pattern, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  return {
    groups: compiled.groupCount(),
    test: (text) => compiled.test(text),
    match: (text) => {
      const matcher = compiled.matcher(text);
      if (!matcher.find()) return undefined;
      return Array.from({ length: compiled.groupCount() + 1 }, (_, group) => matcher.group(group) ?? undefined);
    },
  };
}

function compile(pattern: string, flags: number): RE2JS {
  try {
    return RE2JS.compile(pattern, flags);
  } catch (error) {
    throw new PatternError(reason(error), { cause: error });
  }
}

function reason(error: unknown): string {
  if (!(error instanceof RE2JSSyntaxException)) return error instanceof Error ? error.message : String(error);
  const part = error.getPattern() ?? '';
  if (/^\(\?(?:[=!]|<[=!])/.test(part)) return 'look-around, e.g. `(?!...)`, is not supported';
  if (/^\\[1-9]/.test(part)) return 'back-references, e.g. `\\1`, are not supported';
  return part === '' ? error.getDescription() : `${error.getDescription()}: \`${part}\``;
}
