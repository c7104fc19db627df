import { z } from 'zod';

import { databaseSchema, eventFilterSchema, flag, key, required, text, UINT32_MAX, whole } from './schema-parts.js';

const purgeSchema = z.strictObject({
  interval: key(whole(), 'Seconds between two looks at the relay log directory.', { default: 3600 }),
  expires: key(whole(), 'Hours after which relay log files may go; 0 keeps them.', { default: 0 }),
  'remain-space': key(whole(), 'GB of free disk space below which relay log files may go.', { default: 15 }),
});

const checkerSchema = z.strictObject({
  'check-enable': key(flag(), 'Resume a task by itself after an error that may pass.', { default: true }),
  'backoff-rollback': key(text(), 'Healthy time after which the waiting time becomes shorter again.', {
    default: '5m0s',
  }),
  'backoff-max': key(text(), 'Longest wait between two automatic resumes, at least 1s.', { default: '5m0s' }),
  'backoff-min': key(text(), 'First wait before an automatic resume.', { default: '1s' }),
  'backoff-jitter': key(flag(), 'Vary the waiting times a little.', { default: true }),
  'backoff-factor': key(z.number(), 'Each wait is so many times the one before; more than 1.', { default: 2 }),
  'check-interval': key(text(), 'Time between two looks at the state of the task.', { default: '5s' }),
});

/** A source file (manual section 8.3.4). */
export const sourceFileSchema = required(
  z.strictObject({
    'source-id': key(text(), 'Name of the source, 1 to 32 characters. Required.'),
    from: key(databaseSchema, 'How to reach the upstream. Required.'),
    'enable-gtid': key(flag(), 'Follow the binlog by GTID; the upstream must have GTID on.', { default: false }),
    flavor: key(text(), 'Kind of server; found by asking it when absent.', { enum: ['mysql', 'mariadb'] }),
    'server-id': key(
      whole(1, UINT32_MAX),
      'Replica id under which the binlog is read. Absent, each task gets an id of its own; given, it serves one task at a time.',
    ),
    'case-sensitive': key(flag(), 'Whether names and patterns are matched with regard to case.', { default: false }),
    checker: key(checkerSchema, 'Automatic resume. Times are written as in Go: `5m0s`, `30s`.'),
    filters: key(z.array(eventFilterSchema), 'Binlog event filters of all tasks on the source.', { default: [] }),
    'enable-relay': key(flag(), 'Old way to keep a relay log.', { deprecated: true, default: false }),
    'relay-binlog-name': key(text(), 'Binlog file that the relay log starts with.', { default: '' }),
    'relay-binlog-gtid': key(text(), 'GTID set that the relay log starts with.', { default: '' }),
    'relay-dir': key(text(), 'Directory of the relay log.', { default: 'relay-dir' }),
    purge: key(purgeSchema, 'When relay log files are removed.'),
  }),
  'source-id',
  'from',
);

/** A source file as it is written, after the check of names and types. */
export type SourceFile = z.output<typeof sourceFileSchema>;
