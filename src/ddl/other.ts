import type { OtherKind } from './ast.js';

/** Kinds of statements by their first words, longest first within a word. `*` in front of the list is the default. */
const KINDS: ReadonlyMap<string, OtherKind> = new Map<string, OtherKind>([
  ['INSERT', 'dml'],
  ['REPLACE', 'dml'],
  ['UPDATE', 'dml'],
  ['DELETE', 'dml'],
  ['LOAD', 'dml'],
  ['IMPORT', 'dml'],
  ['CALL', 'dml'],
  ['DO', 'dml'],
  ['HANDLER', 'query'],
  ['SELECT', 'query'],
  ['VALUES', 'query'],
  ['TABLE', 'query'],
  ['WITH', 'query'],
  ['(', 'query'],
  ['SHOW', 'query'],
  ['EXPLAIN', 'query'],
  ['DESCRIBE', 'query'],
  ['DESC', 'query'],
  ['HELP', 'query'],
  ['BEGIN', 'transaction'],
  ['START', 'transaction'],
  ['COMMIT', 'transaction'],
  ['ROLLBACK', 'transaction'],
  ['SAVEPOINT', 'transaction'],
  ['RELEASE', 'transaction'],
  ['XA', 'transaction'],
  ['SET', 'session'],
  ['USE', 'session'],
  ['LOCK', 'session'],
  ['UNLOCK', 'session'],
  ['PREPARE', 'session'],
  ['EXECUTE', 'session'],
  ['DEALLOCATE', 'session'],
  ['KILL', 'session'],
  ['SIGNAL', 'session'],
  ['RESIGNAL', 'session'],
  ['GET', 'session'],
  ['ANALYZE', 'maintenance'],
  ['OPTIMIZE', 'maintenance'],
  ['REPAIR', 'maintenance'],
  ['CHECK', 'maintenance'],
  ['CHECKSUM', 'maintenance'],
  ['CACHE', 'maintenance'],
  ['FLUSH', 'maintenance'],
  ['RESET', 'maintenance'],
  ['PURGE', 'maintenance'],
  ['BINLOG', 'maintenance'],
  ['CHANGE', 'maintenance'],
  ['STOP', 'maintenance'],
  ['SHUTDOWN', 'maintenance'],
  ['RESTART', 'maintenance'],
  ['CLONE', 'maintenance'],
  ['GRANT', 'account'],
  ['REVOKE', 'account'],
  ['INSTALL', 'other-ddl'],
  ['UNINSTALL', 'other-ddl'],
]);

/** Kinds by the object that CREATE, ALTER, DROP and RENAME name. */
const OBJECT_KINDS: ReadonlyMap<string, OtherKind> = new Map<string, OtherKind>([
  ['TRIGGER', 'routine-ddl'],
  ['PROCEDURE', 'routine-ddl'],
  ['FUNCTION', 'routine-ddl'],
  ['EVENT', 'routine-ddl'],
  ['PACKAGE', 'routine-ddl'],
  ['LIBRARY', 'routine-ddl'],
  ['USER', 'account'],
  ['ROLE', 'account'],
  ['TABLESPACE', 'tablespace'],
  ['UNDO', 'tablespace'],
  ['LOGFILE', 'tablespace'],
  ['SERVER', 'other-ddl'],
  ['INSTANCE', 'other-ddl'],
  ['RESOURCE', 'other-ddl'],
  ['SPATIAL', 'other-ddl'],
  ['PLACEMENT', 'other-ddl'],
  ['BINDING', 'other-ddl'],
  ['GLOBAL', 'other-ddl'],
  ['SESSION', 'other-ddl'],
  ['STATISTICS', 'other-ddl'],
  ['PREPARE', 'session'],
]);

/** Kind of a statement that begins with the word. */
export function kindOfVerb(word: string): OtherKind {
  return KINDS.get(word) ?? 'unknown';
}

/** Kind of CREATE, ALTER, DROP or RENAME of an object; undefined when the word names no kind of object. */
export function kindOfObject(word: string): OtherKind | undefined {
  return OBJECT_KINDS.get(word);
}
