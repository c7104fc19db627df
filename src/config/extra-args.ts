import { compileTableFilter } from '../filter/table-filter.js';
import { patternProblem } from './pattern-problems.js';
import type { DumpConsistency } from './types.js';

/** What the `extra-args` of a dump say; only what is given is present. */
export interface ExtraArgs {
  threads?: number;
  chunkFilesize?: number;
  rows?: number;
  statementSize?: number;
  where?: string;
  consistency?: DumpConsistency;
  databases?: string[];
  tables?: { schema: string; table: string }[];
  tableFilter?: string[];
  /** Remarks on arguments without effect. */
  ignored: string[];
}

/**
 * Reads `extra-args`, the arguments of dumpling that DM knows; a problem comes back as text. Arguments that are not known
 * are passed over with a remark, as in DM.
 */
export function parseExtraArgs(line: string): ExtraArgs | { problem: string } {
  const words = splitWords(withoutOuterQuotes(line));
  if (words === undefined) return { problem: 'a quote is not closed' };
  const result: ExtraArgs = { ignored: [] };
  const seen: { noLocks: boolean; consistency?: string } = { noLocks: false };
  for (let index = 0; index < words.length; index++) {
    const { name, inline } = splitArgument(words[index]);
    const option = OPTIONS[name];
    if (option === undefined) {
      if (REFUSED[name] !== undefined) return { problem: `argument "${name}" ${REFUSED[name]}` };
      result.ignored.push(`"${words[index]}" is not known`);
      continue;
    }
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
  if (result.tables !== undefined && result.tableFilter !== undefined) {
    return { problem: '--tables-list and --filter exclude each other' };
  }
  // DM's default of --filter says nothing.
  if (result.tableFilter?.join() === '*.*') delete result.tableFilter;
  return result;
}

/** DM takes one pair of quotes around the whole text away. */
function withoutOuterQuotes(line: string): string {
  const match = /^\s*(["'])(.*)\1\s*$/s.exec(line);
  return match === null || match[2].includes(match[1]) ? line : match[2];
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

const databases: Option = {
  takesValue: true,
  apply: (result, _seen, value) => {
    result.databases = [...(result.databases ?? []), ...listItems(value)];
    return undefined;
  },
};

const tablesList: Option = {
  takesValue: true,
  apply: (result, _seen, value) => {
    for (const item of listItems(value)) {
      const dot = item.indexOf('.');
      if (dot < 1 || dot === item.length - 1) return `"${item}" is not of the form database.table`;
      result.tables = [...(result.tables ?? []), { schema: item.slice(0, dot), table: item.slice(dot + 1) }];
    }
    return undefined;
  },
};

const filter: Option = {
  takesValue: true,
  apply: (result, _seen, value) => {
    result.tableFilter = [...(result.tableFilter ?? []), ...listItems(value)];
    return patternProblem(() => compileTableFilter(result.tableFilter ?? []));
  },
};

function listItems(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
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
  '-B': databases,
  '--database': databases,
  '-T': tablesList,
  '--tables-list': tablesList,
  '-f': filter,
  '--filter': filter,
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

/** Arguments of dumpling that cannot be followed: what would be copied, or from where, depends on them. */
const REFUSED: Record<string, string | undefined> = Object.assign(Object.create(null) as object, {
  '--snapshot': 'needs an upstream that keeps old versions, remove it',
  '--ca': "is not used here, use `from.security` of the source's file instead",
  '--cert': "is not used here, use `from.security` of the source's file instead",
  '--key': "is not used here, use `from.security` of the source's file instead",
});

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
