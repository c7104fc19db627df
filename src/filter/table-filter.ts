import { PatternError } from './pattern-error.js';
import { compileRegex, type Regex } from './regex.js';

/** Whether a table is meant. */
export type TableTest = (schema: string, table: string) => boolean;

/**
 * Compiles rules in the syntax of TiDB's table filter, which dumpling's `--filter` has: `schema.table` with the wildcards
 * `*`, `?`, `[a-z]` and `[!a-z]`, names in double quotes or backticks, `\` before a sign that shall stand for itself, a
 * regular expression between slashes, `!` before a rule that leaves tables out. The last rule that matches decides; a
 * table that none matches is left out. Case does not matter.
 *
 * @throws PatternError
 */
export function compileTableFilter(rules: readonly string[]): TableTest {
  const compiled = rules.map(compileRule);
  return (schema, table) => compiled.findLast((rule) => rule.matches(schema, table))?.keep ?? false;
}

interface Rule {
  keep: boolean;
  matches: TableTest;
}

function compileRule(text: string): Rule {
  const rule = text.trim();
  if (rule.startsWith('@')) throw new PatternError(`rules out of a file (${rule}) cannot be used; write them here`);
  const keep = !rule.startsWith('!');
  const reader = new NameReader(rule, keep ? 0 : 1);
  const schema = reader.read();
  if (!reader.skip('.')) throw new PatternError(`\`${rule}\` lacks a dot between database and table`);
  const table = reader.read();
  if (!reader.atEnd()) throw new PatternError(`\`${rule}\` goes on behind the table's name`);
  return { keep, matches: (schemaName, tableName) => schema.test(schemaName) && table.test(tableName) };
}

/** Reads the two names of a rule into regular expressions. */
class NameReader {
  readonly #text: string;
  #at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  skip(sign: string): boolean {
    if (!this.#text.startsWith(sign, this.#at)) return false;
    this.#at += sign.length;
    return true;
  }

  read(): Regex {
    if (this.skip('/')) return compileRegex(this.#untilSlash(), { ignoreCase: true });
    let source = '';
    while (!this.atEnd() && this.#text[this.#at] !== '.') source += this.#piece();
    if (source === '') throw new PatternError(`\`${this.#text}\` lacks a name`);
    return compileRegex(`^(?s:${source})$`, { ignoreCase: true });
  }

  #untilSlash(): string {
    const end = /^(?:[^\\/]|\\.)*(?=\/)/s.exec(this.#text.slice(this.#at))?.[0];
    if (end === undefined) throw new PatternError(`\`${this.#text}\` lacks the slash at the end of an expression`);
    this.#at += end.length + 1;
    return end.replaceAll('\\/', '/');
  }

  #piece(): string {
    const sign = this.#text[this.#at] ?? '';
    this.#at++;
    if (sign === '*') return '.*';
    if (sign === '?') return '.';
    if (sign === '[') return this.#set();
    if (sign === '"' || sign === '`') return escape(this.#quoted(sign));
    if (sign !== '\\') return escape(sign);
    const next = this.#text[this.#at];
    if (next === undefined) throw new PatternError(`\`${this.#text}\` ends with \`\\\``);
    this.#at++;
    return escape(next);
  }

  #set(): string {
    const inside = /^!?[^\]]+(?=\])/.exec(this.#text.slice(this.#at))?.[0];
    if (inside === undefined) throw new PatternError(`\`${this.#text}\` lacks the end of \`[\``);
    this.#at += inside.length + 1;
    const negated = inside.startsWith('!');
    const signs = (negated ? inside.slice(1) : inside).replaceAll(/[\\^[]/g, (sign) => `\\${sign}`);
    return `[${negated ? '^' : ''}${signs}]`;
  }

  #quoted(quote: string): string {
    let name = '';
    for (;;) {
      const end = this.#text.indexOf(quote, this.#at);
      if (end < 0) throw new PatternError(`a quote in \`${this.#text}\` is not closed`);
      name += this.#text.slice(this.#at, end);
      this.#at = end + 1;
      if (!this.skip(quote)) return name;
      name += quote;
    }
  }
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, (sign) => `\\${sign}`);
}
