import type { ColumnDefinition, IndexDefinition, Span, Statement, TableElement, TableOption } from './ast.js';
import { T, tokenize, type Token } from './lexer.js';
import type { Edit } from './render.js';

/**
 * What holds the values of MariaDB's own types elsewhere, in the form in which MariaDB prints them. The longest address of
 * an INET6 is eight groups of four digits.
 */
const TYPES: Record<string, string> = {
  uuid: 'CHAR(36) CHARACTER SET ascii COLLATE ascii_bin',
  inet4: 'VARCHAR(15) CHARACTER SET ascii COLLATE ascii_bin',
  inet6: 'VARCHAR(39) CHARACTER SET ascii COLLATE ascii_bin',
  xmltype: 'LONGTEXT',
};

/** Type of other servers for one of MariaDB alone; undefined for all others. */
export function typeOutsideMariadb(type: string): string | undefined {
  return Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
}

/**
 * Collation of other servers for one of MariaDB alone (`uca1400`, the default of MariaDB 11.5 and later, and `nopad`);
 * undefined for all others. It tells no two values alike that differ in MariaDB, but for the blanks at their ends.
 */
export function collationOutsideMariadb(collation: string): string | undefined {
  const uca = /^(\w+?)_uca1400_(?:\w+_)?(a[is])_(c[is])$/.exec(collation.toLowerCase());
  if (uca !== null) {
    const [, charset = '', accents = '', letters = ''] = uca;
    if (charset === 'utf8mb4') return `utf8mb4_0900_${letters === 'cs' ? 'as_cs' : `${accents}_ci`}`;
    return `${charset}_${accents === 'ai' && letters === 'ci' ? 'unicode_ci' : 'bin'}`;
  }
  return /_nopad_/i.test(collation) ? collation.toLowerCase().replace('_nopad_', '_') : undefined;
}

/** Options about storage that only MariaDB knows. */
export const MARIADB_STORAGE_OPTIONS: readonly string[] = [
  'PAGE_CHECKSUM',
  'TRANSACTIONAL',
  'PAGE_COMPRESSED',
  'PAGE_COMPRESSION_LEVEL',
  'ENCRYPTED',
  'ENCRYPTION_KEY_ID',
  'IETF_QUOTES',
  'SEQUENCE',
];

/** Options of tables that only MariaDB knows. */
const OPTIONS: ReadonlySet<string> = new Set(['WITH SYSTEM VERSIONING', ...MARIADB_STORAGE_OPTIONS]);

/**
 * Edits that make a statement of MariaDB one that MySQL and TiDB read: types and collations with others for the same values,
 * expressions as defaults between parentheses, and without IF EXISTS of columns and words about MariaDB's storage. What remains foreign is left for the downstream to
 * refuse: explicit periods, for one.
 *
 * @param charset - of the table or database that the statement is about, where the statement names none
 */
export function mariadbEdits(statement: Statement, charset = 'utf8mb4'): Edit[] {
  if (statement.dialect.flavor !== 'mariadb') return [];
  const edits: Edit[] = [];
  const words = new Words(statement);
  for (const element of elementsOf(statement)) {
    if (element.element === 'column') edits.push(...columnEdits(element, words));
    if (element.element === 'index') edits.push(...indexEdits(element, words));
  }
  for (const option of optionsOf(statement)) {
    if (!OPTIONS.has(option.name)) continue;
    edits.push({ start: option.start, end: behindComma(statement.text, option.end), text: '' });
  }
  return [...edits, ...existenceEdits(statement, words), ...collationEdits(statement, words, charset)];
}

/**
 * MySQL has no IF [NOT] EXISTS for columns and keys. Without it a change that is in effect already is refused by a number that
 * says so.
 */
function existenceEdits(statement: Statement, code: Words): Edit[] {
  if (statement.kind === 'create-index')
    return existenceIn({ start: statement.start, end: statement.table.start }, code);
  if (statement.kind === 'drop-index') return existenceIn({ start: statement.start, end: statement.name.start }, code);
  if (statement.kind !== 'alter-table') return [];
  const head = { start: statement.start, end: statement.table.start };
  return [head, ...statement.clauses].flatMap((span) => existenceIn(span, code));
}

function existenceIn(span: Span, code: Words): Edit[] {
  const words = code.within(span, /\bEXISTS\b/i);
  return words.flatMap((word, at) => {
    const last = words[at + 1]?.code === 'NOT' ? words[at + 2] : words[at + 1];
    return word.code === 'IF' && last?.code === 'EXISTS' ? [{ start: word.start, end: last.end, text: '' }] : [];
  });
}

const COLLATIONS = /uca1400_|_nopad_/i;

/** From MariaDB 10.10 a collation may be named without its character set, which is then that of its place. */
const SHORT = /^uca1400_/i;

function collationEdits(statement: Statement, code: Words, charset: string): Edit[] {
  const { start, end, text } = statement;
  if (!COLLATIONS.test(text)) return [];
  const words = code.all({ start, end });
  return words.flatMap((word, at) => {
    if (word.kind !== T.Word) return [];
    let name = text.slice(word.start, word.end);
    if (SHORT.test(name)) {
      const before = words[at - 1]?.code === '=' ? words[at - 2] : words[at - 1];
      if (before?.code !== 'COLLATE') return [];
      name = `${charsetAt(statement, word, words) ?? charset}_${name}`;
    }
    const other = collationOutsideMariadb(name);
    return other === undefined ? [] : [{ start: word.start, end: word.end, text: other }];
  });
}

/** Character set named in the same definition or clause as the word, or for the whole table. */
function charsetAt(statement: Statement, word: Span, words: readonly Token[]): string | undefined {
  const elements = elementsOf(statement);
  const clauses = statement.kind === 'alter-table' ? statement.clauses : [];
  const own = [...elements, ...clauses].find((place) => place.start <= word.start && word.end <= place.end);
  const inOwn = own && charsetIn(words.filter((token) => token.start >= own.start && token.end <= own.end));
  if (inOwn !== undefined || statement.kind === 'alter-table') return inOwn;
  return charsetIn(
    words.filter((token) => !elements.some(({ start, end }) => token.start >= start && token.end <= end)),
  );
}

function charsetIn(words: readonly Token[]): string | undefined {
  const at = words.findIndex(
    ({ code }, place) => code === 'CHARSET' || (code === 'SET' && isCharacter(words[place - 1])),
  );
  const value = at < 0 ? undefined : words[at + 1]?.code === '=' ? words[at + 2] : words[at + 1];
  return value?.code.toLowerCase();
}

function isCharacter(word: Token | undefined): boolean {
  return word?.code === 'CHARACTER' || word?.code === 'CHAR';
}

function elementsOf(statement: Statement): readonly TableElement[] {
  if (statement.kind === 'create-table') return statement.elements;
  if (statement.kind === 'create-index') return [statement.index];
  if (statement.kind !== 'alter-table') return [];
  return statement.clauses.flatMap((clause): TableElement[] => {
    if (clause.action === 'add') return clause.elements;
    return clause.action === 'modify-column' || clause.action === 'change-column' ? [clause.column] : [];
  });
}

function optionsOf(statement: Statement): readonly TableOption[] {
  return statement.kind === 'create-table' ? statement.options : [];
}

/** Options may stand between commas; one goes with its option. */
export function behindComma(text: string, end: number): number {
  const rest = /^\s*,/.exec(text.slice(end));
  return rest === null ? end : end + rest[0].length;
}

const LOB = /^(?:(?:tiny|medium|long)?(?:text|blob)|json|geometry|xmltype)$/;

const COLUMN_WORDS = /\b(?:COMPRESSED|REF_SYSTEM_ID|PERSISTENT|VERSIONING)\b/i;

function columnEdits(column: ColumnDefinition, code: Words): Edit[] {
  const edits: Edit[] = [];
  const { type, default: value } = column;
  const other = typeOutsideMariadb(type.name);
  if (other !== undefined) edits.push({ start: type.start, end: type.end, text: other });
  if (value !== undefined) {
    const bare = value.kind === 'expression' && !value.text.startsWith('(');
    const literal = value.kind !== 'expression' && value.kind !== 'null' && value.kind !== 'current-timestamp';
    if (bare || (literal && LOB.test(type.name))) edits.push(...parentheses(value));
  }
  const words = code.within({ start: column.name.end, end: column.end }, COLUMN_WORDS);
  for (const [at, word] of words.entries()) {
    const next = words[at + 1];
    if (word.code === 'COMPRESSED') edits.push({ start: word.start, end: valueEnd(words, at), text: '' });
    if (word.code === 'REF_SYSTEM_ID') edits.push({ start: word.start, end: valueEnd(words, at), text: '' });
    if (word.code === 'PERSISTENT') edits.push({ start: word.start, end: word.end, text: 'STORED' });
    const versioning = next?.code === 'SYSTEM' && words[at + 2]?.code === 'VERSIONING';
    if (versioning && /^WITH(?:OUT)?$/.test(word.code)) {
      edits.push({ start: word.start, end: words[at + 2]?.end ?? next.end, text: '' });
    }
  }
  return edits;
}

function parentheses({ start, end }: Span): Edit[] {
  return [
    { start, end: start, text: '(' },
    { start: end, end, text: ')' },
  ];
}

/** End of `WORD [=] value`, where there is such a value: `COMPRESSED=zlib`, `REF_SYSTEM_ID=4326`. */
function valueEnd(words: readonly Token[], at: number): number {
  const equals = words[at + 1]?.code === '=' ? words[at + 2] : undefined;
  return (equals ?? words[at])?.end ?? 0;
}

/** IGNORED is what others call INVISIBLE. */
function indexEdits(index: IndexDefinition, code: Words): Edit[] {
  if (index.invisible === undefined) return [];
  const last = index.parts.at(-1)?.end ?? index.start;
  const words = code.within({ start: last, end: index.end }, /\bIGNORED\b/i);
  return words.flatMap((word, at) => {
    if (word.code !== 'IGNORED') return [];
    const before = words[at - 1];
    return before?.code === 'NOT'
      ? [{ start: before.start, end: word.end, text: '' }]
      : [{ start: word.start, end: word.end, text: 'INVISIBLE' }];
  });
}

/** The tokens of a statement, cut once and only when a word is looked for that it may have. */
class Words {
  readonly #statement: Statement;
  #tokens: readonly Token[] | undefined;

  constructor(statement: Statement) {
    this.#statement = statement;
  }

  /** Tokens in the span that are code. */
  all({ start, end }: Span): Token[] {
    const { text, dialect } = this.#statement;
    this.#tokens ??= tokenize(text, dialect).filter(isCode);
    return this.#tokens.filter((token) => token.start >= start && token.end <= end);
  }

  /** Tokens in the span that are code, outside of parentheses that open in it; none where the pattern does not match. */
  within(span: Span, pattern: RegExp): Token[] {
    if (!pattern.test(this.#statement.text.slice(span.start, span.end))) return [];
    const words: Token[] = [];
    let depth = 0;
    for (const token of this.all(span)) {
      if (token.code === '(') depth++;
      else if (token.code === ')') depth--;
      else if (depth <= 0) words.push(token);
    }
    return words;
  }
}

function isCode({ kind }: Token): boolean {
  return kind !== T.Blank && kind !== T.Comment && kind !== T.VersionOpen && kind !== T.VersionClose;
}
