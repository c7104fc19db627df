/**
 * Every named place where a test can make the product crash, fail or stall. A point's description says what has been
 * done when it is reached; what a restart must then find is the subject of the tests that name it.
 */
export const FAULT_POINTS = {
  'dump.before-snapshot': 'connections are open, no lock taken',
  'dump.locked': 'the upstream is locked, snapshots are open and the position is read',
  'dump.after-snapshot': 'position read, snapshots open, locks released',
  'dump.before-table': 'some tables are dumped, the next one is not begun',
  'dump.before-rename': 'a data file is written and synced under its temporary name',
  'dump.before-metadata': 'all data files are complete, `metadata` does not exist yet',
  'dump.after-metadata': 'the dump is complete, the unit has not returned',
  'load.before-schema': 'before a CREATE DATABASE or CREATE TABLE of the dump is executed',
  'load.before-commit': 'rows and checkpoint of a batch are sent, COMMIT is not',
  'load.after-commit': 'a batch is committed, memory does not know yet',
  'load.finished': 'every file is loaded, the start of replication is not stored yet',
  'sync.before-checkpoint-read': 'fence acquired, nothing read yet',
  'sync.before-batch': 'a batch is taken from its queue, nothing sent',
  'sync.before-commit': 'the statements of a batch are sent, COMMIT is not',
  'sync.after-commit': 'a batch is committed, memory does not know yet',
  'sync.before-flush': 'a checkpoint flush is due',
  'sync.flush-before-commit': 'the statements of a flush are sent, COMMIT is not',
  'sync.after-flush': 'a flush is committed, memory does not know yet',
  'ddl.before-old-flush': 'a DDL is next, rows before it are downstream, the checkpoint before it is not flushed',
  'ddl.before-track': 'checkpoint before the DDL flushed, the tracker knows the old structure',
  'ddl.before-execute': 'the intent to execute is stored, the DDL is not sent',
  'ddl.before-save': 'the DDL is executed downstream, nothing of it is saved',
  'ddl.before-new-flush': 'all statements of the event are executed and saved, the checkpoint behind it is not flushed',
} as const;

/** Name of a point in {@link FAULT_POINTS}. */
export type FaultPoint = keyof typeof FAULT_POINTS;
