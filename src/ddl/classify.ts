import type { Statement } from './ast.js';

/** DDL events that binlog event filters can name. */
export type DdlEventKind =
  | 'create database'
  | 'drop database'
  | 'create table'
  | 'create index'
  | 'drop table'
  | 'truncate table'
  | 'rename table'
  | 'drop index'
  | 'alter table';

const EVENT_KINDS: Partial<Record<Statement['kind'], DdlEventKind>> = {
  'create-database': 'create database',
  'drop-database': 'drop database',
  'create-table': 'create table',
  'create-index': 'create index',
  'drop-table': 'drop table',
  'truncate-table': 'truncate table',
  'rename-table': 'rename table',
  'drop-index': 'drop index',
  'alter-table': 'alter table',
};

/** Kind for event filters: by the statement's first words alone. Undefined for statements that no filter can name. */
export function eventKind(statement: Statement): DdlEventKind | undefined {
  return EVENT_KINDS[statement.kind];
}

/**
 * What DM 5.3 never replicates, as patterns at the start of the text; used as they stand for texts that cannot be read.
 * Leading comments and blanks are passed over first.
 */
const SKIPPED_TEXTS: readonly RegExp[] = [
  /^SAVEPOINT\b/i,
  /^FLUSH\b/i,
  /^(?:OPTIMIZE|ANALYZE|REPAIR)\s+(?:(?:NO_WRITE_TO_BINLOG|LOCAL)\s+)?TABLES?\b/i,
  /^DROP\s+(?:\/\*![0-9]*\s*)?TEMPORARY\s+(?:\*\/\s*)?TABLE\b/i,
  /^CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+(?:\s*@\s*\S+)?\s+)?TRIGGER\b/i,
  /^DROP\s+TRIGGER\b/i,
  /^CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+(?:\s*@\s*\S+)?\s+)?PROCEDURE\b/i,
  /^(?:ALTER|DROP)\s+PROCEDURE\b/i,
  /^(?:CREATE\s+(?:OR\s+REPLACE\s+)?|ALTER\s+)(?:ALGORITHM\s*=\s*\w+\s+)?(?:DEFINER\s*=\s*\S+(?:\s*@\s*\S+)?\s+)?(?:SQL\s+SECURITY\s+\w+\s+)?VIEW\b/i,
  /^DROP\s+VIEW\b/i,
  /^CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+(?:\s*@\s*\S+)?\s+)?(?:AGGREGATE\s+)?FUNCTION\b/i,
  /^(?:ALTER|DROP)\s+FUNCTION\b/i,
  /^(?:CREATE|ALTER|DROP)\s+(?:UNDO\s+)?TABLESPACE\b/i,
  /^(?:CREATE\s+(?:OR\s+REPLACE\s+)?|ALTER\s+)(?:DEFINER\s*=\s*\S+(?:\s*@\s*\S+)?\s+)?EVENT\b/i,
  /^DROP\s+EVENT\b/i,
  /^(?:GRANT|REVOKE)\b/i,
  /^(?:CREATE|ALTER|RENAME|DROP)\s+USER\b/i,
  /^SET\s+PASSWORD\b/i,
];

/** Whether the text is of the built-in skip list, by patterns alone. For texts that {@link isSkipped} cannot be asked about. */
export function isSkippedByText(sql: string): boolean {
  const text = stripLeading(sql);
  return SKIPPED_TEXTS.some((pattern) => pattern.test(text));
}

function stripLeading(sql: string): string {
  let text = sql;
  for (;;) {
    const next = text
      .replace(/^\s+/, '')
      .replace(/^\/\*(?!M?!)[\s\S]*?\*\//, '')
      .replace(/^\/\*M?!\d*/, '')
      .replace(/^(?:--\s[^\n]*|#[^\n]*)(?:\n|$)/, '');
    if (next === text) return text;
    text = next;
  }
}

/** Verbs of the skip list among statements that are known by their kind only. */
const SKIPPED_VERBS: ReadonlySet<string> = new Set([
  'savepoint',
  'flush',
  'grant',
  'revoke',
  ...['create', 'drop', 'alter'].flatMap((verb) =>
    ['trigger', 'procedure', 'function', 'event', 'tablespace', 'undo', 'user'].map((object) => `${verb} ${object}`),
  ),
  'rename user',
]);

/** Whether a statement that could be read is of the built-in skip list. */
export function isSkipped(statement: Statement): boolean {
  if (statement.kind === 'drop-table') return statement.temporary;
  if (statement.kind === 'other') return SKIPPED_VERBS.has(statement.verb) || isSkippedByText(statement.text);
  return VIEW_KINDS.has(statement.kind);
}

const VIEW_KINDS: ReadonlySet<Statement['kind']> = new Set(['create-view', 'alter-view', 'drop-view']);
