import { quoteIdent } from '../mysql/quote.js';
import type { Dialect, Span, Statement } from './ast.js';
import { T, tokenize } from './lexer.js';
import { unquoteIdent } from './literals.js';

/** Text to put in place of a span; an empty span inserts. */
export interface Edit extends Span {
  text: string;
}

/**
 * Text of a part of the statement after the edits, fit for a session of any server that has no NO_BACKSLASH_ESCAPES:
 * versioned comments that the upstream read as code are code, those that it did not read are gone (TiDB reads them all,
 * MySQL and MariaDB disagree), and quoting does not depend on ANSI_QUOTES.
 */
export function render(statement: Statement, part: Span, edits: readonly Edit[] = []): string {
  const all = [...edits, ...commentEdits(statement), ...statement.dropped.map((span) => ({ ...span, text: '' }))]
    .concat(quoteEdits(statement, part))
    .filter((edit) => edit.start >= part.start && edit.end <= part.end)
    .sort((a, b) => a.start - b.start || a.end - b.end);
  let text = '';
  let at = part.start;
  for (const edit of all) {
    // what lies inside a replaced span went with it
    if (edit.start < at) continue;
    text += statement.text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return (text + statement.text.slice(at, part.end)).trim();
}

/** Dialect that rendered text is in. */
export function renderedDialect(dialect: Dialect): Dialect {
  return { ...dialect, ansiQuotes: false, noBackslashEscapes: false };
}

/** A comment separates words, so a blank takes its place. */
function commentEdits(statement: Statement): Edit[] {
  return statement.comments.flatMap(({ open, close }) => {
    const edits = [{ start: open.start, end: open.end, text: ' ' }];
    if (close !== undefined) edits.push({ start: close.start, end: close.end, text: ' ' });
    return edits;
  });
}

function quoteEdits(statement: Statement, part: Span): Edit[] {
  const { text, dialect } = statement;
  const source = text.slice(part.start, part.end);
  if (!source.includes('"') && !(dialect.noBackslashEscapes && source.includes('\\'))) return [];
  const edits: Edit[] = [];
  for (const { kind, start, end } of tokenize(text, dialect)) {
    const raw = text.slice(start, end);
    if (kind === T.QuotedIdent && raw.startsWith('"')) edits.push({ start, end, text: quoteIdent(unquoteIdent(raw)) });
    if (kind === T.String || kind === T.NationalString) {
      const quoted = requote(raw, dialect.noBackslashEscapes);
      if (quoted !== raw) edits.push({ start, end, text: quoted });
    }
  }
  return edits;
}

/** The same text literal in single quotes with backslash escapes. */
function requote(raw: string, noBackslashEscapes: boolean): string {
  const national = raw.startsWith("'") || raw.startsWith('"') ? '' : raw.charAt(0);
  const quoted = raw.slice(national.length);
  const quote = quoted.charAt(0);
  const inner = quoted.slice(1, -1);
  const pattern = noBackslashEscapes ? /\\|""|''|'/g : /\\[\s\S]|""|''|'/g;
  const body = inner.replace(pattern, (match) => {
    if (match === '\\') return '\\\\';
    if (match === '""') return quote === '"' ? '"' : '""';
    if (match === "''") return quote === "'" ? "''" : "''''";
    return match === "'" ? "''" : match;
  });
  return `${national}'${body}'`;
}
