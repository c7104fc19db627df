import type { DumpConsistency } from './types.js';

/** What the `extra-args` of a dump say; only what is given is present. */
export interface ExtraArgs {
  threads?: number;
  chunkFilesize?: number;
  rows?: number;
  statementSize?: number;
  where?: string;
  consistency?: DumpConsistency;
  /** Arguments accepted for old files, without effect. */
  ignored: string[];
}

/** Reads `extra-args`; a problem comes back as text. */
export function parseExtraArgs(line: string): ExtraArgs | { problem: string } {
  const words = splitWords(line);
  if (words === undefined) return { problem: 'a quote is not closed' };
  const result: ExtraArgs = { ignored: [] };
  const seen: { noLocks: boolean; consistency?: string } = { noLocks: false };
  for (let index = 0; index < words.length; index++) {
    const { name, inline } = splitArgument(words[index]);
    const option = OPTIONS[name];
    if (option === undefined) return { problem: refusal(name) };
    let value = inline;
    if (option.takesValue && value === undefined) {
      index++;
      value = words[index];
      if (value === undefined) return { problem: `${name} needs a value` };
    }
    const problem = option.apply(result, seen, value ?? '');
    if (problem !== undefined) return { problem: `${name}: ${problem}` };
  }
  if (seen.noLocks && seen.consistency !== undefined && seen.consistency !== 'none') {
    return { problem: `--no-locks means --consistency none, which --consistency ${seen.consistency} contradicts` };
  }
  return result;
}

interface Option {
  takesValue: boolean;
  apply(result: ExtraArgs, seen: { noLocks: boolean; consistency?: string }, value: string): string | undefined;
}

const CONSISTENCIES: readonly string[] = ['auto', 'flush', 'lock', 'none'];

const threads: Option = numberOption((result, value) => (result.threads = value), 1);
const rows: Option = numberOption((result, value) => (result.rows = value), 0);
const statementSize: Option = numberOption((result, value) => (result.statementSize = value), 0);

const fileSize: Option = {
  takesValue: true,
  apply: (result, _seen, value) => {
    const bytes = parseFileSize(value);
    if (bytes === undefined) return `"${value}" is not a size`;
    result.chunkFilesize = bytes;
    return undefined;
  },
};

/** Switches that say what happens anyway; another value would have no effect, so it is refused. */
function alwaysOn(what: string): Option {
  return {
    takesValue: false,
    apply: (result, _seen, value) => {
      if (value !== '' && value !== 'true') return what;
      result.ignored.push(what);
      return undefined;
    },
  };
}

const noViews = alwaysOn('views are never dumped');

const OPTIONS: Record<string, Option | undefined> = Object.assign(Object.create(null) as object, {
  '--threads': threads,
  '-t': threads,
  '--filesize': fileSize,
  '-F': fileSize,
  '--rows': rows,
  '-r': rows,
  '--statement-size': statementSize,
  '-s': statementSize,
  '--where': {
    takesValue: true,
    apply: (result: ExtraArgs, _seen: unknown, value: string) => void (result.where = value),
  },
  '--consistency': {
    takesValue: true,
    apply: (result: ExtraArgs, seen: { consistency?: string }, value: string) => {
      if (value === 'snapshot')
        return '"snapshot" needs an upstream that keeps old versions; use auto, flush, lock or none';
      if (!CONSISTENCIES.includes(value)) return `"${value}" is none of ${CONSISTENCIES.join(', ')}`;
      seen.consistency = value;
      result.consistency = value as DumpConsistency;
      return undefined;
    },
  },
  '--no-locks': {
    takesValue: false,
    apply: (result: ExtraArgs, seen: { noLocks: boolean }, value: string) => {
      if (value !== '' && value !== 'true') return 'takes no value';
      seen.noLocks = true;
      result.consistency ??= 'none';
      return undefined;
    },
  },
  '-W': noViews,
  '--no-views': noViews,
  '--skip-tz-utc': alwaysOn('time zones are handled by the connections'),
  '--escape-backslash': alwaysOn('values are always escaped so that they load as they were'),
  '--transactional-consistency': alwaysOn('the snapshot is always transactional'),
});

/** Arguments of the dump tools that another key replaces. */
const REPLACED_BY: Record<string, string | undefined> = {
  '-B': '`block-allow-list`',
  '--database': '`block-allow-list`',
  '-T': '`block-allow-list`',
  '--tables-list': '`block-allow-list`',
  '-f': '`block-allow-list`',
  '--filter': '`block-allow-list`',
  '-x': '`block-allow-list`',
  '--regex': '`block-allow-list`',
  '--ca': "`from.security` of the source's file",
  '--cert': "`from.security` of the source's file",
  '--key': "`from.security` of the source's file",
};

function refusal(name: string): string {
  const instead = REPLACED_BY[name];
  const advice = instead === undefined ? 'has no meaning here, remove it' : `is not used here, use ${instead} instead`;
  return `argument "${name}" ${advice}`;
}

function numberOption(set: (result: ExtraArgs, value: number) => void, min: number): Option {
  return {
    takesValue: true,
    apply: (result, _seen, value) => {
      const number = Number(value);
      if (!/^\d+$/.test(value) || !Number.isSafeInteger(number)) return `"${value}" is not a whole number`;
      if (number < min) return `must not be less than ${min}`;
      set(result, number);
      return undefined;
    },
  };
}

/** `--name=value`, `-t4`, or the name alone. */
function splitArgument(word: string): { name: string; inline?: string } {
  const equals = word.indexOf('=');
  if (word.startsWith('--')) {
    return equals < 0 ? { name: word } : { name: word.slice(0, equals), inline: word.slice(equals + 1) };
  }
  if (/^-[A-Za-z]./.test(word)) return { name: word.slice(0, 2), inline: word.slice(2).replace(/^=/, '') };
  return { name: word };
}

/** Words parted by white space; quotes keep white space together. */
function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (const char of line) {
    if (quote !== '') {
      if (char === quote) quote = '';
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== '') return undefined;
  if (word !== undefined) words.push(word);
  return words;
}

const SIZE_UNITS: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** Bytes of a file size: a bare number means MB, units count in steps of 1024 (`64`, `256MiB`, `1g`, `512 KB`). */
export function parseFileSize(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*(?:([KMGT])?(i?B)?)?\s*$/i.exec(text);
  if (match === null) return undefined;
  const [, number, unit, suffix] = match;
  const factor = unit === undefined && suffix === undefined ? 2 ** 20 : SIZE_UNITS[(unit ?? '').toUpperCase()];
  const bytes = Math.floor(Number(number) * factor);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
